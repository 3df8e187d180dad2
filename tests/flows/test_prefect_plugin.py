"""The hook that completes a bare deployment name, and only that."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.names import DEPLOYMENTS
from flows.prefect_plugin import completed, is_prefect_command, setup_environment


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("deployment run build-kg", "deployment run build-kg/build-kg"),
        ("deployments run train", "deployments run train/train"),
        ("deployment run --watch recommend", "deployment run --watch recommend/recommend"),
        (
            "deployment run build-kg --param dataset=lastfm",
            "deployment run build-kg/build-kg --param dataset=lastfm",
        ),
        (
            "deployment run -p dataset=train --tag train build-kg",
            "deployment run -p dataset=train --tag train build-kg/build-kg",
        ),
        (
            "--profile local deployment run --params={} build-kg",
            "--profile local deployment run --params={} build-kg/build-kg",
        ),
        (
            "-p local --no-prompt deployment run train",
            "-p local --no-prompt deployment run train/train",
        ),
    ],
)
def test_a_bare_name_is_completed(typed: str, meant: str) -> None:
    assert completed(typed.split()) == meant.split()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "version",
        "deployment",
        "deployment run",
        "deployment run build-kg/build-kg",
        "deployment run build-kg/other",
        "deployment run somebody-elses",
        "deployment run --id train",
        "deployment run somebody/elses --tag train",
        "deployment inspect build-kg",
        "deployment delete train",
        "flow-run ls --flow-name train",
        "server start",
        "--profile deployment run build-kg",
    ],
)
def test_every_other_command_stays_as_it_is(typed: str) -> None:
    assert completed(typed.split()) == typed.split()


words = st.sampled_from(
    [*sorted(DEPLOYMENTS), "deployment", "run", "--watch", "--param", "-p", "x=1", "a/b", "--", "-"]
)


@given(st.lists(words, max_size=8))
def test_at_most_one_word_changes_and_doing_it_twice_changes_nothing(typed: list[str]) -> None:
    once = completed(typed)

    assert completed(once) == once
    assert len(once) == len(typed)
    changed = [(old, new) for old, new in zip(typed, once, strict=True) if old != new]
    assert changed in ([], *([(name, f"{name}/{name}")] for name in DEPLOYMENTS))


@pytest.mark.parametrize(
    ("argv", "original", "expected"),
    [
        (["/usr/bin/prefect", "version"], ["/usr/bin/prefect", "version"], True),
        (["C:/env/Scripts/prefect.exe"], [], True),
        (["-m", "version"], ["python", "-X", "dev", "-m", "prefect", "version"], True),
        (["/env/prefect/__main__.py", "version"], [], True),
        (["-m", "run"], ["python", "-m", "flows.serve", "run"], False),
        (["my_script.py", "deployment", "run", "train"], [], False),
        (["/env/bin/pytest"], [], False),
        ([""], [], False),
        ([], [], False),
    ],
)
def test_only_prefects_own_command_line_is_looked_at(
    argv: list[str], original: list[str], expected: bool
) -> None:
    assert is_prefect_command(argv, original) is expected


def test_the_hook_rewrites_the_command_line_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/prefect", "deployment", "run", "build-kg"])
    setup_environment(ctx=None)
    assert sys.argv == ["/usr/bin/prefect", "deployment", "run", "build-kg/build-kg"]

    script = ["script.py", "deployment", "run", "build-kg"]
    monkeypatch.setattr(sys, "argv", list(script))
    setup_environment(ctx=None)
    assert sys.argv == script


def test_prefect_finds_the_hook() -> None:
    hooks = [entry for entry in entry_points(group="prefect.plugins") if entry.name == "music_kg"]

    assert [hook.load() for hook in hooks] == [sys.modules["flows.prefect_plugin"]]
