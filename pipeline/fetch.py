"""Download a data set's raw files, verify their checksums and unpack the archives.

Beside each file lies a receipt, `NAME.fetch.json`: where it came from, its SHA-256 and its length,
and those of everything unpacked from it. A later run compares the files with it, so that nothing
is brought twice and no damage goes unnoticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.archives import unpack
from pipeline.download_config import Download, FetchError
from pipeline.transfer import TIMEOUT, Report, Transfer, discard
from safe_io.atomic import write_atomically

__all__ = ["Download", "FetchError", "FetchProgress", "Fetched", "Outcome", "fetch"]

CHUNK = 1 << 20

FetchProgress = Callable[[str, int, int | None], None]
"""Called with the file's path below the data folder, its bytes so far, and their total or None."""


class Outcome(StrEnum):
    """What became of one download."""

    FETCHED = "fetched"
    PRESENT = "present"
    UNVERIFIED = "present, not verified: there is no checksum to compare it with"


class Fetched(BaseModel):
    """One file that is in place."""

    model_config = ConfigDict(frozen=True)

    path: Path
    outcome: Outcome
    size: int
    sha256: str
    unpacked: tuple[Path, ...] = ()


class _Sum(BaseModel):
    """Length in bytes and SHA-256 of a file."""

    model_config = ConfigDict(frozen=True)

    size: int
    sha256: str


class _Receipt(_Sum):
    """What a fetch left in the data folder."""

    url: str
    unpacked: dict[str, _Sum] = {}


def fetch(
    downloads: Iterable[Download],
    folder: Path,
    progress: FetchProgress | None = None,
    *,
    force: bool = False,
    transfer: Transfer | None = None,
) -> list[Fetched]:
    """Make sure that every download lies in `folder`, whole and unchanged.

    Args:
        downloads: what the recipe names.
        folder: the raw data folder; it is created where it is missing.
        progress: called with how far each file is.
        force: bring every file again, whatever is there.
        transfer: how to talk to servers; by default a client of its own.

    Returns:
        one entry for each download, in their order.

    Raises:
        FetchError: a server refuses or stays silent, a file is not the one expected, or an archive
            does not hold what it should. What was brought before stays.
    """
    if transfer is None:
        with httpx.Client(follow_redirects=True, timeout=TIMEOUT) as client:
            return fetch(downloads, folder, progress, force=force, transfer=Transfer(client=client))
    return [_fetch_one(download, folder, progress, force, transfer) for download in downloads]


def _fetch_one(
    download: Download,
    folder: Path,
    progress: FetchProgress | None,
    force: bool,
    transfer: Transfer,
) -> Fetched:
    path = folder / download.path

    def report(done: int, total: int | None) -> None:
        if progress is not None:
            progress(download.path, done, total)

    receipt = None if force else _read_receipt(path)
    if receipt is not None:
        _finish_interrupted(path, receipt)
    if force or not path.exists():
        receipt, outcome = _bring(download, path, report, transfer), Outcome.FETCHED
    else:
        outcome = Outcome.PRESENT if _expected(download, receipt) else Outcome.UNVERIFIED
        found = _checked(path, download, receipt, report)
        if receipt is None or receipt.sha256 != found.sha256:
            receipt = _Receipt(url=str(download.url), **found.model_dump())
    receipt = _unpack_missing(download, folder, path, receipt, force)
    if outcome is not Outcome.UNVERIFIED:
        _write_receipt(path, receipt)
    return Fetched(
        path=path,
        outcome=outcome,
        size=receipt.size,
        sha256=receipt.sha256,
        unpacked=tuple(folder / target for target in download.unpack.values()),
    )


def _bring(download: Download, path: Path, report: Report, transfer: Transfer) -> _Receipt:
    """Download to a temporary name, compare, and only then give the file its own name."""
    part = _part(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.exists()
    transfer.get(str(download.url), part, report)
    found = _sum(part)
    if resumed and _difference(found, download.sha256, download.size):
        # The part of an earlier run may have been of another version: once more from the start.
        discard(part)
        transfer.get(str(download.url), part, report)
        found = _sum(part)
    if difference := _difference(found, download.sha256, download.size):
        discard(part)
        raise FetchError(
            f"the file that {download.url} offers is not the one expected: {difference}",
            where=download.path,
            remedy="try again; if it stays so, the publisher has changed the file: look at it, "
            "then fix `sha256` and `size` in the recipe",
        )
    receipt = _Receipt(url=str(download.url), **found.model_dump())
    # Before the file: one without a receipt would be taken for the user's own, and never verified.
    _write_receipt(path, receipt)
    part.replace(path)
    return receipt


def _finish_interrupted(path: Path, receipt: _Receipt) -> None:
    """Give a download its name that was whole, and receipted, when its fetch was killed."""
    part = _part(path)
    # The size first: an unfinished download may be large, and is not to be read at every fetch.
    if not part.exists() or part.stat().st_size != receipt.size:
        return
    if _sum(part).sha256 == receipt.sha256:
        part.replace(path)


def _expected(download: Download, receipt: _Receipt | None) -> str | None:
    """The checksum that the file must have: the recipe's, else the one seen when it came."""
    return download.sha256 or (receipt.sha256 if receipt else None)


def _checked(path: Path, download: Download, receipt: _Receipt | None, report: Report) -> _Sum:
    """The sum of a file that is there, which must be the one expected."""
    found = _sum(path, report)
    if difference := _difference(found, _expected(download, receipt), download.size):
        raise FetchError(
            f"the file has changed since it was fetched, or is not the one expected: {difference}",
            where=str(path),
            remedy="fetch it again with --force, or move it away if you want to keep it",
        )
    return found


def _unpack_missing(
    download: Download, folder: Path, archive: Path, receipt: _Receipt, force: bool
) -> _Receipt:
    """Unpack the members that are not there; compare those that are with the receipt."""
    sums = dict(receipt.unpacked)  # another recipe may have unpacked other members
    wanted: dict[str, str] = {}
    for member, name in download.unpack.items():
        target, unpacked_as = folder / name, receipt.unpacked.get(name)
        if force or unpacked_as is None or not target.exists():
            wanted[member] = name
            continue
        _refuse_replacing(target, unpacked_as)
    if wanted:
        staged = {member: _part(folder / name) for member, name in wanted.items()}
        try:
            unpack(archive, staged, largest=download.largest_member)
            for member, name in wanted.items():
                sums[name] = _sum(staged[member])
                if not force and (folder / name).exists():
                    _refuse_replacing(folder / name, sums[name])
                staged[member].replace(folder / name)
        finally:
            for part in staged.values():
                part.unlink(missing_ok=True)
    return receipt.model_copy(update={"unpacked": dict(sorted(sums.items()))})


def _refuse_replacing(target: Path, expected: _Sum) -> None:
    """An unpacked file that somebody has changed is theirs: say so, and leave it."""
    if difference := _difference(_sum(target), expected.sha256, expected.size):
        raise FetchError(
            f"the file differs from the one in the archive: {difference}",
            where=str(target),
            remedy="unpack it again with --force, or move it away if you want to keep it",
        )


def _difference(found: _Sum, sha256: str | None, size: int | None) -> str:
    """How a file differs from what was expected; empty if it does not."""
    if size is not None and found.size != size:
        return f"expected {size:,} bytes, got {found.size:,}"
    if sha256 is not None and found.sha256 != sha256:
        return f"expected SHA-256 {sha256}, got {found.sha256}"
    return ""


def _sum(path: Path, report: Report | None = None) -> _Sum:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if report is not None:
                report(done, total)
    return _Sum(size=done, sha256=digest.hexdigest())


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _receipt_path(path: Path) -> Path:
    return path.with_name(path.name + ".fetch.json")


def _read_receipt(path: Path) -> _Receipt | None:
    try:
        return _Receipt.model_validate_json(_receipt_path(path).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as fault:
        raise FetchError(
            "this receipt of an earlier download cannot be read",
            where=str(_receipt_path(path)),
            remedy="remove it, or fetch again with --force",
        ) from fault


def _write_receipt(path: Path, receipt: _Receipt) -> None:
    write_atomically(_receipt_path(path), receipt.model_dump_json(indent=2) + "\n")
