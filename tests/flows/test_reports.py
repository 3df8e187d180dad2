"""Tables and log lines in Prefect's UI."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from flows.environment import DEFAULTS, prepare
from flows.faults import FlowError
from flows.reports import LoggedProgress, artifact_key, table
from flows.runners import check_cluster, task_runner
from flows.settings import FlowSettings, Runner


def test_a_table_aligns_numbers_and_keeps_bars_inside_cells() -> None:
    assert table(["name", "count"], [["a|b", 1234], ["two\nlines", 5]]).splitlines() == [
        "| name | count |",
        "| --- | ---: |",
        "| a\\|b | 1,234 |",
        "| two lines | 5 |",
    ]


def test_cells_are_written_for_people() -> None:
    rows = [["skipped", True], ["seconds", 0.123456], ["rows", 1_500_000], ["many", 12345.6]]

    cells = [line.split("|")[2].strip() for line in table(["", ""], rows).splitlines()[2:]]

    assert cells == ["yes", "0.1235", "1,500,000", "12,346"]


@pytest.mark.parametrize(
    ("text", "key"), [("sample-triples", "sample-triples"), ("My Recipe_2/é", "my-recipe-2")]
)
def test_keys_have_the_letters_that_prefect_allows(text: str, key: str) -> None:
    assert artifact_key(text) == key


def test_progress_is_logged_seldom(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([0.0, 1.0, 9.0, 11.0, 12.0, 30.0])
    logger = logging.getLogger("test-progress")
    with caplog.at_level(logging.INFO, "test-progress"):
        progress = LoggedProgress(logger, "fusion", interval=10, clock=lambda: next(times))
        for done in (10, 90, 110, 120):
            progress(done, 200)
        progress(1500)

    assert [record.getMessage() for record in caplog.records] == [
        "fusion: 110 of 200 (55%)",
        "fusion: 1,500",
    ]


@pytest.mark.parametrize(
    ("runner", "kind"),
    [(Runner.THREADS, ThreadPoolTaskRunner), (Runner.PROCESSES, ProcessPoolTaskRunner)],
)
def test_task_runners_by_name(runner: Runner, kind: type[TaskRunner[Any]]) -> None:
    assert type(task_runner(runner)) is kind


def test_a_task_runner_that_is_not_installed_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "prefect_dask", None)

    with pytest.raises(FlowError, match=r"pip install 'music-kg-recommender\[dask\]'"):
        task_runner(Runner.DASK)


def test_an_address_is_that_of_a_cluster() -> None:
    with pytest.raises(FlowError, match="only dask and ray have clusters"):
        task_runner(Runner.PROCESSES, "tcp://10.0.0.1:8786")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("tcp://127.0.0.1:1", "no cluster answers there"),
        ("tcp://127.0.0.1", "tcp://host:port"),
        ("127.0.0.1:x", "tcp://host:port"),
        ("", "tcp://host:port"),
    ],
)
def test_a_cluster_that_is_not_there_is_not_waited_for(address: str, message: str) -> None:
    with pytest.raises(FlowError, match=message):
        check_cluster(address)


def test_a_cluster_that_is_there_passes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSIC_KG_TASK_RUNNER", "processes")
    monkeypatch.setenv("MUSIC_KG_RETRIES", "0")

    assert FlowSettings().task_runner is Runner.PROCESSES
    assert FlowSettings().retries == 0


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FlowSettings.model_fields:
        monkeypatch.delenv(f"MUSIC_KG_{name.upper()}", raising=False)
    unset = FlowSettings()
    for name in FlowSettings.model_fields:
        monkeypatch.setenv(f"MUSIC_KG_{name.upper()}", "")
    assert FlowSettings() == unset


def test_defaults_give_way_to_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DEFAULTS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DO_NOT_TRACK", "0")

    prepare()

    assert os.environ["DO_NOT_TRACK"] == "0"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


def test_the_package_itself_does_not_import_prefect() -> None:
    code = "import sys, flows; sys.exit('prefect' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
