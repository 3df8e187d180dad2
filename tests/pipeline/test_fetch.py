"""Downloads against a publisher on this machine that can misbehave in every way asked for."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from pipeline.fetch import Download, FetchError, Outcome, fetch
from pipeline.transfer import Transfer

BODY = bytes(range(256)) * 8192  # 2 MiB
BODY_SHA = hashlib.sha256(BODY).hexdigest()


@dataclass
class Publisher:
    """A server of one file whose faults can be set, and that remembers what it was asked."""

    body: bytes = BODY
    etag: str | None = '"v1"'
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)  # bytes sent before a cut, per request
    failures: list[int] = field(default_factory=list)  # statuses to answer with first
    retry_after: str | None = None
    requests: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def handler(publisher) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                publisher.requests.append(dict(self.headers))
                if self.path != "/file":
                    return self.send_error(404)
                if publisher.failures:
                    self.send_response(publisher.failures.pop(0))
                    if publisher.retry_after:
                        self.send_header("Retry-After", publisher.retry_after)
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                self.answer()

            def answer(self) -> None:
                start, size = self.asked_start(), len(publisher.body)
                if start is not None and start >= size:
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{size}")
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                self.send_response(200 if start is None else 206)
                if start is not None:
                    self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
                if publisher.etag:
                    self.send_header("ETag", publisher.etag)
                rest = publisher.body[start or 0 :]
                self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                if publisher.cut_after:
                    self.wfile.write(rest[: publisher.cut_after.pop(0)])
                    self.close_connection = True
                else:
                    self.wfile.write(rest)

            def asked_start(self) -> int | None:
                asked = self.headers.get("Range")
                if not asked or not publisher.ranges:
                    return None
                if self.headers.get("If-Range", publisher.etag) != publisher.etag:
                    return None
                return int(asked.removeprefix("bytes=").removesuffix("-"))

            def log_message(self, *arguments: object) -> None:
                """Stay quiet."""

        return Handler

    def download(self, **settings: object) -> Download:
        return Download.model_validate({"url": self.url, "path": "raw/file.bin"} | settings)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher()
    server = ThreadingHTTPServer(("127.0.0.1", 0), publisher.handler())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    publisher.url = f"http://127.0.0.1:{server.server_port}/file"
    yield publisher
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def waits() -> list[float]:
    """The seconds that the transfer would have waited."""
    return []


@pytest.fixture
def transfer(waits: list[float]) -> Iterator[Transfer]:
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield Transfer(client=client, attempts=3, sleep=waits.append)


def test_a_file_arrives_whole_with_a_receipt_and_progress(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int | None]] = []

    [fetched] = fetch(
        [publisher.download(sha256=BODY_SHA)],
        tmp_path,
        lambda path, done, total: seen.append((path, done, total)),
        transfer=transfer,
    )

    assert fetched.path.read_bytes() == BODY
    assert (fetched.outcome, fetched.sha256, fetched.size) == (
        Outcome.FETCHED,
        BODY_SHA,
        len(BODY),
    )
    assert seen[0] == ("raw/file.bin", 0, len(BODY))
    assert seen[-1] == ("raw/file.bin", len(BODY), len(BODY))
    receipt = json.loads((tmp_path / "raw/file.bin.fetch.json").read_text())
    assert receipt["sha256"] == BODY_SHA
    assert receipt["url"] == publisher.url
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == [
        "file.bin",
        "file.bin.fetch.json",
    ]


def test_what_is_there_and_right_is_not_asked_for_again(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)

    [again] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert again.outcome is Outcome.PRESENT
    assert len(publisher.requests) == 1


def test_force_asks_again(publisher: Publisher, transfer: Transfer, tmp_path: Path) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)
    publisher.body = b"a new edition"

    [again] = fetch([publisher.download()], tmp_path, force=True, transfer=transfer)

    assert again.outcome is Outcome.FETCHED
    assert again.path.read_bytes() == b"a new edition"


def test_a_file_put_there_by_hand_is_kept_and_called_unverified(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/file.bin").write_bytes(b"mine")

    [kept] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert kept.outcome is Outcome.UNVERIFIED
    assert kept.path.read_bytes() == b"mine"
    assert not publisher.requests


def test_a_file_changed_since_it_was_fetched_is_told_of_and_left_alone(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)
    (tmp_path / "raw/file.bin").write_bytes(b"x" * len(BODY))

    with pytest.raises(FetchError, match="has changed") as error:
        fetch([publisher.download()], tmp_path, transfer=transfer)

    assert BODY_SHA in str(error.value)
    assert "--force" in str(error.value)
    assert (tmp_path / "raw/file.bin").read_bytes() == b"x" * len(BODY)


def test_cut_connections_are_resumed_where_they_stopped(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.cut_after = [700_000, 500_000]

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    starts = [request.get("Range") for request in publisher.requests]
    assert starts[0] is None
    assert [int(asked[6:-1]) for asked in starts[1:] if asked] == [700_000, 1_200_000]


def test_a_later_run_goes_on_where_a_stopped_one_was(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.cut_after = [900_000, 0, 0]
    with pytest.raises(FetchError, match="goes on where it stopped"):
        fetch([publisher.download()], tmp_path, transfer=transfer)
    assert not (tmp_path / "raw/file.bin").exists()

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert publisher.requests[-1]["Range"] == "bytes=900000-"
    assert fetched.path.read_bytes() == BODY


def test_a_part_that_was_complete_needs_no_more_bytes(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/file.bin.part").write_bytes(BODY)
    version = {"url": publisher.url, "validator": publisher.etag}
    (tmp_path / "raw/file.bin.part.json").write_text(json.dumps(version))

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    assert len(publisher.requests) == 1


def test_a_server_that_ignores_ranges_sends_the_file_from_the_start(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.ranges = False
    publisher.cut_after = [600_000]

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    assert publisher.requests[1]["Range"] == "bytes=600000-"


def test_a_file_that_changed_on_the_server_is_not_glued_to_its_old_part(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.cut_after = [900_000, 0, 0]
    with pytest.raises(FetchError):
        fetch([publisher.download()], tmp_path, transfer=transfer)
    publisher.body, publisher.etag = BODY[::-1], '"v2"'

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY[::-1]


def test_without_a_validator_nothing_is_joined(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    publisher.etag = 'W/"weak"'
    publisher.cut_after = [900_000]

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY
    assert all("Range" not in request for request in publisher.requests)


def test_a_stale_part_that_spoils_the_checksum_is_thrown_away(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/file.bin.part").write_bytes(b"z" * 1000)
    version = {"url": publisher.url, "validator": publisher.etag}
    (tmp_path / "raw/file.bin.part.json").write_text(json.dumps(version))

    [fetched] = fetch([publisher.download(sha256=BODY_SHA)], tmp_path, transfer=transfer)

    assert fetched.path.read_bytes() == BODY


def test_a_busy_server_is_asked_again_after_the_time_it_names(
    publisher: Publisher, transfer: Transfer, tmp_path: Path, waits: list[float]
) -> None:
    publisher.failures, publisher.retry_after = [503, 429], "7"

    [fetched] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert fetched.outcome is Outcome.FETCHED
    assert waits == [7.0, 7.0]


def test_pauses_grow_and_end(
    publisher: Publisher, transfer: Transfer, tmp_path: Path, waits: list[float]
) -> None:
    publisher.failures = [500] * 10

    with pytest.raises(FetchError, match="500 Internal Server Error, 3 times in a row"):
        fetch([publisher.download()], tmp_path, transfer=transfer)

    assert waits == [1.0, 2.0]


def test_a_missing_file_is_not_asked_for_twice(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="404 Not Found") as error:
        fetch([publisher.download(url=publisher.url + "x")], tmp_path, transfer=transfer)

    assert len(publisher.requests) == 1
    assert "mend `url`" in str(error.value)
    assert "\n" not in str(error.value)


def test_nobody_answers(transfer: Transfer, publisher: Publisher, tmp_path: Path) -> None:
    closed = Download.model_validate({"url": "http://127.0.0.1:9/file", "path": "file.bin"})

    with pytest.raises(FetchError, match=r"http://127\.0\.0\.1:9/file: the connection failed"):
        fetch([closed], tmp_path, transfer=transfer)


def test_a_wrong_checksum_says_what_was_expected_and_what_came(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="not the one expected") as error:
        fetch([publisher.download(sha256="0" * 64)], tmp_path, transfer=transfer)

    assert "0" * 64 in str(error.value)
    assert BODY_SHA in str(error.value)
    assert not list((tmp_path / "raw").iterdir())


def test_a_wrong_length_is_a_fault_too(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="expected 5 bytes, got 2,097,152"):
        fetch([publisher.download(size=5)], tmp_path, transfer=transfer)


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def archive(publisher: Publisher) -> Download:
    publisher.body = zipped(artists=b"1\tNina Simone\n", ratings=b"1\t1\t5\n")
    return publisher.download(
        path="set.zip", unpack={"artists": "set/artists.dat", "ratings": "set/ratings.dat"}
    )


def test_members_are_unpacked_where_the_recipe_says(
    archive: Download, transfer: Transfer, tmp_path: Path
) -> None:
    [fetched] = fetch([archive], tmp_path, transfer=transfer)

    assert fetched.unpacked == (tmp_path / "set/artists.dat", tmp_path / "set/ratings.dat")
    assert fetched.unpacked[0].read_bytes() == b"1\tNina Simone\n"
    receipt = json.loads((tmp_path / "set.zip.fetch.json").read_text())
    assert receipt["unpacked"]["set/ratings.dat"]["size"] == 6


def test_a_member_that_was_lost_is_unpacked_again_without_the_network(
    archive: Download, publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    fetch([archive], tmp_path, transfer=transfer)
    (tmp_path / "set/ratings.dat").unlink()

    fetch([archive], tmp_path, transfer=transfer)

    assert (tmp_path / "set/ratings.dat").read_bytes() == b"1\t1\t5\n"
    assert len(publisher.requests) == 1


def test_two_recipes_can_share_an_archive(
    archive: Download, publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    half = archive.model_copy(update={"unpack": {"artists": "set/artists.dat"}})
    for recipe in (half, archive, half):
        fetch([recipe], tmp_path, transfer=transfer)

    receipt = json.loads((tmp_path / "set.zip.fetch.json").read_text())
    assert sorted(receipt["unpacked"]) == ["set/artists.dat", "set/ratings.dat"]
    assert len(publisher.requests) == 1


@pytest.mark.parametrize("before", [True, False], ids=["changed-after", "there-before"])
def test_a_member_that_somebody_changed_is_theirs(
    archive: Download, transfer: Transfer, tmp_path: Path, before: bool
) -> None:
    if before:
        fetch([archive], tmp_path, transfer=transfer)
    (tmp_path / "set").mkdir(exist_ok=True)
    (tmp_path / "set/artists.dat").write_bytes(b"mine")

    with pytest.raises(FetchError, match="differs from the one in the archive"):
        fetch([archive], tmp_path, transfer=transfer)
    assert (tmp_path / "set/artists.dat").read_bytes() == b"mine"

    fetch([archive], tmp_path, force=True, transfer=transfer)
    assert (tmp_path / "set/artists.dat").read_bytes() == b"1\tNina Simone\n"
    assert not list(tmp_path.rglob("*.part"))


def test_an_unreadable_receipt_is_told_of_and_force_gets_over_it(
    publisher: Publisher, transfer: Transfer, tmp_path: Path
) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)
    (tmp_path / "raw/file.bin.fetch.json").write_text("{")

    with pytest.raises(FetchError, match=r"file\.bin\.fetch\.json: this receipt"):
        fetch([publisher.download()], tmp_path, transfer=transfer)
    fetch([publisher.download()], tmp_path, force=True, transfer=transfer)


@pytest.mark.parametrize("path", ["../up", "/root", "a/../../b", "c:\\x", "~/x", "", "."])
def test_a_recipe_cannot_write_outside_the_data_folder(path: str) -> None:
    with pytest.raises(ValidationError, match="relative path below the data folder"):
        Download.model_validate({"url": "http://example.org/f", "path": path})
    with pytest.raises(ValidationError, match="relative path below the data folder"):
        Download.model_validate(
            {"url": "http://example.org/f", "path": "f.zip", "unpack": {"member": path}}
        )
