"""Downloaded, kept, refused and unpacked files, with their receipts."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

import pipeline.fetch
from pipeline.fetch import Download, FetchError, Outcome, fetch
from pipeline.transfer import Transfer

BODY = bytes(range(256)) * 8192  # what the publisher offers
BODY_SHA = hashlib.sha256(BODY).hexdigest()


def test_a_file_arrives_whole_with_a_receipt_and_progress(
    publisher, transfer: Transfer, tmp_path: Path
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
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)

    [again] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert again.outcome is Outcome.PRESENT
    assert len(publisher.requests) == 1


def test_force_asks_again(publisher, transfer: Transfer, tmp_path: Path) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)
    publisher.body = b"a new edition"

    [again] = fetch([publisher.download()], tmp_path, force=True, transfer=transfer)

    assert again.outcome is Outcome.FETCHED
    assert again.path.read_bytes() == b"a new edition"


@pytest.mark.parametrize("content", [b'{"url": "\xb5"}', b"[]", b""])
def test_a_damaged_receipt_is_named(publisher, transfer, tmp_path: Path, content: bytes) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)
    (tmp_path / "raw/file.bin.fetch.json").write_bytes(content)
    with pytest.raises(FetchError, match=r"cannot be read.*--force"):
        fetch([publisher.download()], tmp_path, transfer=transfer)
    fetch([publisher.download()], tmp_path, transfer=transfer, force=True)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("moment", ["before the receipt", "before the file"])
def test_a_fetch_killed_at_its_end_is_verified_by_the_next(
    publisher, transfer: Transfer, tmp_path: Path, monkeypatch, force: bool, moment: str
) -> None:
    if force:  # another edition is there
        fetch([publisher.download()], tmp_path, transfer=transfer)
        publisher.body, publisher.etag = b"a new edition", '"v2"'

    rename = Path.replace

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    def killed_at_the_file(path: Path, target: Path) -> Path:
        return killed() if path.suffix == ".part" else rename(path, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        if moment == "before the file":
            patched.setattr(Path, "replace", killed_at_the_file)
        else:
            patched.setattr("pipeline.fetch._write_receipt", killed)
        fetch([publisher.download()], tmp_path, force=force, transfer=transfer)

    again = force and moment == "before the receipt"
    [fetched] = fetch([publisher.download()], tmp_path, force=again, transfer=transfer)

    assert fetched.outcome is not Outcome.UNVERIFIED
    assert fetched.path.read_bytes() == publisher.body
    receipt = json.loads((tmp_path / "raw/file.bin.fetch.json").read_text())
    assert receipt["sha256"] == hashlib.sha256(publisher.body).hexdigest()
    assert not (tmp_path / "raw/file.bin.part").exists()


def test_an_unfinished_download_beside_a_file_is_not_read_through(
    publisher, transfer: Transfer, tmp_path: Path, monkeypatch
) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)
    part = tmp_path / "raw/file.bin.part"  # as an interrupted --force leaves it
    part.write_bytes(b"the beginning of a new edition")
    read: list[Path] = []
    checksum = pipeline.fetch._sum
    monkeypatch.setattr(
        pipeline.fetch, "_sum", lambda path, *rest: read.append(path) or checksum(path, *rest)
    )

    [again] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert again.outcome is Outcome.PRESENT
    assert again.path.read_bytes() == BODY
    assert read == [again.path]
    assert part.exists()


def test_a_file_put_there_by_hand_is_kept_and_called_unverified(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/file.bin").write_bytes(b"mine")

    [kept] = fetch([publisher.download()], tmp_path, transfer=transfer)

    assert kept.outcome is Outcome.UNVERIFIED
    assert kept.path.read_bytes() == b"mine"
    assert not publisher.requests


def test_a_file_changed_since_it_was_fetched_is_reported_and_left_alone(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    fetch([publisher.download()], tmp_path, transfer=transfer)
    (tmp_path / "raw/file.bin").write_bytes(b"x" * len(BODY))

    with pytest.raises(FetchError, match="has changed") as error:
        fetch([publisher.download()], tmp_path, transfer=transfer)

    assert BODY_SHA in str(error.value)
    assert "--force" in str(error.value)
    assert (tmp_path / "raw/file.bin").read_bytes() == b"x" * len(BODY)


def test_a_wrong_checksum_says_what_was_expected_and_what_came(
    publisher, transfer: Transfer, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="not the one expected") as error:
        fetch([publisher.download(sha256="0" * 64)], tmp_path, transfer=transfer)

    assert "0" * 64 in str(error.value)
    assert BODY_SHA in str(error.value)
    assert not list((tmp_path / "raw").iterdir())


def test_a_wrong_length_is_a_fault_too(publisher, transfer: Transfer, tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="expected 5 bytes, got 2,097,152"):
        fetch([publisher.download(size=5)], tmp_path, transfer=transfer)


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def archive(publisher) -> Download:
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
    archive: Download, publisher, transfer: Transfer, tmp_path: Path
) -> None:
    fetch([archive], tmp_path, transfer=transfer)
    (tmp_path / "set/ratings.dat").unlink()

    fetch([archive], tmp_path, transfer=transfer)

    assert (tmp_path / "set/ratings.dat").read_bytes() == b"1\t1\t5\n"
    assert len(publisher.requests) == 1


def test_two_recipes_can_share_an_archive(
    archive: Download, publisher, transfer: Transfer, tmp_path: Path
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


def test_an_unreadable_receipt_is_reported_and_ignored_with_force(
    publisher, transfer: Transfer, tmp_path: Path
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
