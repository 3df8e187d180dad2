"""User errors of all commands."""

from __future__ import annotations

import json

import pytest
import torch

from recommender import cli
from recommender.cli import main_guard, make_folder
from recommender.errors import ConfigError


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("error: ")
    return error


def test_a_path_that_cannot_be_written_is_named(tmp_path, capsys):
    def write(_: list[str] | None) -> int:
        (tmp_path / "report").write_text("x")
        (tmp_path / "report").replace(tmp_path / "folder")
        return 0

    (tmp_path / "folder").mkdir()
    assert main_guard(write) == 2
    assert f"{tmp_path / 'folder'}: " in one_line(capsys)


def test_a_fault_that_no_path_explains_is_not_hidden():
    def fail(_: list[str] | None) -> int:
        raise OSError("the loop is broken")

    with pytest.raises(OSError, match="the loop"):
        main_guard(fail)
    with pytest.raises(RuntimeError, match="shapes"):
        main_guard(lambda _: (_ for _ in ()).throw(RuntimeError("shapes differ")))


def test_missing_memory_is_reported_in_one_line(capsys):
    assert main_guard(lambda _: len(torch.empty(2**55))) == 2
    assert "out of memory" in one_line(capsys)


def test_a_folder_is_made_or_refused(tmp_path):
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file: .*; name a folder that can be written to"):
        make_folder(tmp_path / "file")


@pytest.mark.parametrize("fault", [ConfigError("wrong"), OSError(28, "No space left", "x")])
@pytest.mark.parametrize(("rank", "waits"), [("0", []), ("1", [cli._PATIENCE])])
def test_under_torchrun_others_leave_the_report_to_the_first_process(
    fault, rank, waits, tmp_path, monkeypatch, capsys
):
    slept = []
    monkeypatch.setattr(cli.time, "sleep", slept.append)
    for name, value in (
        ("LOCAL_RANK", rank),
        ("LOCAL_WORLD_SIZE", "2"),
        ("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json")),
    ):
        monkeypatch.setenv(name, value)

    def main(argv):
        raise fault

    assert cli.main_guard(main) == 2
    assert slept == waits
    told = json.loads((tmp_path / "error.json").read_text())["message"]["message"]
    assert capsys.readouterr().err == f"{told}\n"
