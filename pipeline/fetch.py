"""Download a data set's raw files, verify their checksums and unpack the archives.

Beside each file there is a receipt, `NAME.fetch.json`, with its URL, SHA-256 and length, and those
of everything unpacked from it. A later run verifies the files against it, so that nothing is
downloaded twice and damage is detected.
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
"""Callback with the file's path below the data folder, bytes so far, and total or None."""


class Outcome(StrEnum):
    """Outcome of a download."""

    FETCHED = "fetched"
    PRESENT = "present"
    UNVERIFIED = "present, not verified: there is no checksum to compare it with"


class Fetched(BaseModel):
    """A file that is in place."""

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
    """Receipt of a download in the data folder."""

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
    """Ensure that every download is in `folder`, complete and unchanged.

    Args:
        downloads: the recipe's downloads.
        folder: the raw data folder, created if missing.
        progress: called with the progress of each file.
        force: download every file again.
        transfer: the HTTP transfer; by default a new client.

    Returns:
        One entry per download, in order.

    Raises:
        FetchError: a server refuses or does not respond, a file is not the expected one, or an
            archive lacks a member. Earlier downloads are kept.
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
    """Download to a temporary name, verify, then rename to the final name."""
    part = _part(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.exists()
    transfer.get(str(download.url), part, report)
    found = _sum(part)
    if resumed and _difference(found, download.sha256, download.size):
        # The partial file of an earlier run may be of another version: restart once.
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
    # The receipt first: a file without one would be taken for the user's and never verified.
    _write_receipt(path, receipt)
    part.replace(path)
    return receipt


def _finish_interrupted(path: Path, receipt: _Receipt) -> None:
    """Complete a download that was killed between writing its receipt and the rename."""
    part = _part(path)
    # The size first: an unfinished download may be large, and must not be hashed every time.
    if not part.exists() or part.stat().st_size != receipt.size:
        return
    if _sum(part).sha256 == receipt.sha256:
        part.replace(path)


def _expected(download: Download, receipt: _Receipt | None) -> str | None:
    """The file's expected checksum: the recipe's, else the receipt's."""
    return download.sha256 or (receipt.sha256 if receipt else None)


def _checked(path: Path, download: Download, receipt: _Receipt | None, report: Report) -> _Sum:
    """Verify an existing file; returns its checksum."""
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
    """Unpack missing members, and verify existing ones against the receipt."""
    sums = dict(receipt.unpacked)  # another recipe may have unpacked different members
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
    """Raise an error instead of overwriting an unpacked file that the user changed."""
    if difference := _difference(_sum(target), expected.sha256, expected.size):
        raise FetchError(
            f"the file differs from the one in the archive: {difference}",
            where=str(target),
            remedy="unpack it again with --force, or move it away if you want to keep it",
        )


def _difference(found: _Sum, sha256: str | None, size: int | None) -> str:
    """Describe how a file differs from the expected one; '' if it does not."""
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
