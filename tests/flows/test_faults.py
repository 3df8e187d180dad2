"""Transient failures are retried; user errors are not, and give one line."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import pytest
from prefect.states import Failed

from flows import command
from flows.faults import FlowError, is_transient, one_line_failure
from kg_builder.errors import DataError
from recommender.errors import RunError


@pytest.mark.parametrize(
    ("fault", "worth_another_attempt"),
    [
        (ConnectionResetError("reset by peer"), True),
        (TimeoutError("timed out"), True),
        (OSError(errno.EIO, "input/output error"), True),
        (FileNotFoundError(errno.ENOENT, "no such file"), False),
        (PermissionError(errno.EACCES, "permission denied"), False),
        (DataError("column 'name' is missing", where="artists.dat:1"), False),
        (FlowError("no such task runner"), False),
        (ValueError("a bug"), False),
    ],
)
def test_what_is_retried(fault: Exception, worth_another_attempt: bool) -> None:
    assert is_transient(None, None, Failed(data=fault)) is worth_another_attempt


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (
            DataError("no such file", where="raw/x.dat", remedy="name another folder"),
            "raw/x.dat: no such file (name another folder)",
        ),
        (
            RunError("models/x: no run there;\n  train one first"),
            "models/x: no run there; train one first",
        ),
    ],
)
def test_a_users_mistake_ends_in_one_line(fault: Exception, line: str) -> None:
    @one_line_failure
    def stage(number: int) -> int:
        raise fault

    state = stage(1)

    assert state.is_failed()
    assert state.message == line
    assert str(pickle.loads(pickle.dumps(state.data))) == line  # task runners in other processes


def test_bugs_keep_their_traceback_and_results_pass() -> None:
    @one_line_failure
    def stage(number: int) -> float:
        return 1 / number

    assert stage(4) == 0.25
    with pytest.raises(ZeroDivisionError):
        stage(0)


def test_a_server_without_room_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Home:
        def value(self) -> Path:
            return tmp_path / "file" / "home"

    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(command, "PREFECT_HOME", Home())
    with pytest.raises(OSError, match="file"):
        command._check_room()
    (tmp_path / "file").unlink()
    command._check_room()
    assert list((tmp_path / "file" / "home").iterdir()) == []
