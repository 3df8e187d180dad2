"""Interrupted, refused and oddly answered transfers: results and requests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from pipeline.fetch import Download, FetchError, Outcome, fetch
from pipeline.transfer import Transfer

BODY = bytes(range(256)) * 8192  # what the publisher offers
BODY_SHA = hashlib.sha256(BODY).hexdigest()


def test_cut_connections_are_resumed_where_they_stopped(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.cut_after = [700_000, 500_000]

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    starts = [request.get("Range") for request in publisher.requests]
    assert starts[0] is None
    assert [int(asked[6:-1]) for asked in starts[1:] if asked] == [700_000, 1_200_000]


def test_a_later_run_goes_on_where_a_stopped_one_was(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.cut_after = [900_000, 0, 0]
    with pytest.raises(FetchError, match="resumes where it stopped"):
        fetch([publisher.download()], tmp_path, transfer=transfer)
    assert not (tmp_path / "raw/file.bin").exists()

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert publisher.requests[-1]["Range"] == "bytes=900000-"
    assert fetched.path.read_bytes() == BODY


def test_a_part_that_was_complete_needs_no_more_bytes(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/file.bin.part").write_bytes(BODY)
    version = {"url": publisher.url, "validator": publisher.etag}
    (tmp_path / "raw/file.bin.part.json").write_text(json.dumps(version))

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    assert len(publisher.requests) == 1


def test_a_server_that_ignores_ranges_sends_the_file_from_the_start(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.ranges = False
    publisher.cut_after = [600_000]

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    assert publisher.requests[1]["Range"] == "bytes=600000-"


def test_a_file_that_changed_on_the_server_is_not_glued_to_its_old_part(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.cut_after = [900_000, 0, 0]
    with pytest.raises(FetchError):
        fetch([publisher.download()], tmp_path, transfer=transfer)
    publisher.body, publisher.etag = BODY[::-1], '"v2"'

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY[::-1]


def test_without_a_validator_nothing_is_joined(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.etag = 'W/"weak"'
    publisher.cut_after = [900_000]

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    assert all("Range" not in request for request in publisher.requests)


def test_a_stale_part_that_spoils_the_checksum_is_thrown_away(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/file.bin.part").write_bytes(b"z" * 1000)
    version = {"url": publisher.url, "validator": publisher.etag}
    (tmp_path / "raw/file.bin.part.json").write_text(json.dumps(version))

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY


def test_a_busy_server_is_asked_again_after_the_time_it_names(
    publisher, transfer: Transfer, tmp_path: Path, waits: list[float]
) -> None:
    publisher.failures, publisher.retry_after = [503, 429], "7"

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert fetched.outcome is Outcome.FETCHED
    assert waits == [7.0, 7.0]


def test_pauses_grow_and_end(
    publisher, transfer: Transfer, tmp_path: Path, waits: list[float]
) -> None:
    publisher.failures = [500] * 10

    with pytest.raises(FetchError, match="500 Internal Server Error, 3 times in a row"):
        fetch([publisher.download()], tmp_path, transfer=transfer)

    assert waits == [1.0, 2.0]


def test_a_missing_file_is_not_asked_for_twice(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="404 Not Found") as error:
        fetch([publisher.download(url=publisher.url + "x")], tmp_path, transfer=transfer)

    assert len(publisher.requests) == 1
    assert "fix `url`" in str(error.value)
    assert "\n" not in str(error.value)


def test_nobody_answers(transfer: Transfer, publisher, tmp_path: Path) -> None:
    closed = Download.model_validate({"url": "http://127.0.0.1:9/file", "path": "file.bin"})

    with pytest.raises(FetchError, match=r"http://127\.0\.0\.1:9/file: the connection failed"):
        fetch([closed], tmp_path, transfer=transfer)
