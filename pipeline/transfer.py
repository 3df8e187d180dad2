"""Download one file over HTTP: streamed, with retries, resuming a partial download.

What has arrived lies in `NAME.part`, and `NAME.part.json` says which version of the file it is a
part of, so that a later run goes on where this one stopped. Only a whole file gets its own name.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx

from pipeline.download_config import FetchError
from safe_io.atomic import write_atomically
from safe_io.deadline import closed_after

__all__ = ["Report", "Transfer", "silent"]

Report = Callable[[int, int | None], None]
"""Told the bytes that are there so far and their total (`None` while it is unknown)."""

TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_DIGITS = 18
_SLOWEST = 100
"""Bytes a second: a server that sends less brings nothing."""
TIMEOUT = httpx.Timeout(50.0, connect=30.0)


def silent(done: int, total: int | None) -> None:
    """Tell nobody."""


class _TransientError(Exception):
    """The transfer stopped for a reason that may have gone in a moment."""

    def __init__(self, reason: str, wait: float | None = None, *, too_slow: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.too_slow = wait, too_slow


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Downloads of one client; each call of `get` brings one file.

    Args:
        client: it follows redirects and has its own time limits.
        attempts: how often in a row a transfer may fail without bringing anything new.
        pause: seconds before the second attempt; doubled before each further one.
        patience: seconds that may pass, attempts and pauses together, without anything new.
        sleep: waits; replaced in tests.
    """

    client: httpx.Client
    attempts: int = 5
    pause: float = 1.0
    patience: float = 50.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def get(self, url: str, part: Path, report: Report = silent) -> None:
        """Bring the whole of `url` into `part`, going on from what is there.

        Raises:
            FetchError: the server refuses, the disk is full, or the attempts or the patience are
                used up.
        """
        failures, reached = 0, part.stat().st_size if part.exists() else 0
        left = self.patience
        while True:
            began = time.monotonic()
            try:
                self._once(url, part, report, left)
            except _TransientError as fault:
                size = part.stat().st_size if part.exists() else 0
                left -= time.monotonic() - began
                if size > reached and not fault.too_slow:
                    failures, left = 0, self.patience
                failures, reached = failures + 1, max(reached, size)
                wait = fault.wait or self.pause * 2 ** (failures - 1)
                left -= wait
                if failures >= self.attempts or left <= 0:
                    times = f", {failures} times in a row" if failures > 1 else ""
                    asked = f"; it asks for a pause of {fault.wait:,.0f} s" if fault.wait else ""
                    raise FetchError(
                        f"{fault}{times}{asked}",
                        where=url,
                        remedy="run the same command again later: it goes on where it stopped",
                    ) from fault
                self.sleep(wait)
            else:
                version_of(part).unlink(missing_ok=True)
                return

    def _once(self, url: str, part: Path, report: Report, patience: float) -> None:
        """One request; it ends with the whole file in `part`, or raises."""
        headers = {"Accept-Encoding": "identity"} | _resume_headers(url, part)
        limits = httpx.Timeout(patience, connect=min(patience, 30.0))
        asked = self.client.stream("GET", url, headers=headers, timeout=limits)
        with _network_faults(url), _answered(self.client, asked, patience) as response:
            status = response.status_code
            if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and "Range" in headers:
                if _announced_total(response) == part.stat().st_size:
                    return  # everything had arrived before the last run was stopped
                discard(part)
                raise _TransientError("the file on the server has changed its length")
            _refuse_failure(response, url)
            start = 0
            if status == HTTPStatus.PARTIAL_CONTENT:
                start = part.stat().st_size
                if _announced_start(response) != start:
                    discard(part)
                    raise _TransientError("the server sent another part than the one asked for")
            total = _total(response, start)
            _refuse_full_disk(part, None if total is None else total - start)
            if start == 0:
                _remember_version(url, part, response)
            with part.open("ab" if start else "wb") as file:
                done = start
                report(done, total)
                since, due = time.monotonic(), start
                for chunk in response.iter_bytes():
                    file.write(chunk)
                    done += len(chunk)
                    report(done, total)
                    if (now := time.monotonic()) - since >= patience:
                        if done - due < _SLOWEST * (now - since):
                            raise _TransientError(
                                f"{done - due:,} bytes came in {now - since:.0f} s", too_slow=True
                            )
                        since, due = now, done
            if total is not None and done != total:
                raise _TransientError(f"the connection ended after {done:,} of {total:,} bytes")


def version_of(part: Path) -> Path:
    """Path of the note beside `part` with the address and version of the file."""
    return part.with_name(part.name + ".json")


def discard(part: Path) -> None:
    """Forget what has arrived so far."""
    part.unlink(missing_ok=True)
    version_of(part).unlink(missing_ok=True)


def _remember_version(url: str, part: Path, response: httpx.Response) -> None:
    etag = response.headers.get("ETag", "")
    # A weak ETag does not promise the same bytes, and a range of a compressed body counts other
    # bytes than the file's: neither may join two parts.
    validator = (
        etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
    )
    if not _plain(response):
        validator = None
    part.unlink(missing_ok=True)
    write_atomically(version_of(part), json.dumps({"url": url, "validator": validator}))


def _resume_headers(url: str, part: Path) -> dict[str, str]:
    """Ask for the rest of `part`, provided that the file on the server is still the same."""
    try:
        version = json.loads(version_of(part).read_bytes())
        size = part.stat().st_size
    except (FileNotFoundError, ValueError):
        return {}
    match version:
        case {"url": of, "validator": str(validator)} if size and of == url and validator:
            return {"Range": f"bytes={size}-", "If-Range": validator}
    return {}


def _refuse_failure(response: httpx.Response, url: str) -> None:
    if response.is_success:
        return
    status = f"the server answered {response.status_code} {response.reason_phrase}".rstrip()
    if response.status_code in TRANSIENT:
        after = _number(response.headers.get("Retry-After", ""))
        raise _TransientError(status, wait=after)
    raise FetchError(
        status,
        where=url,
        remedy="see whether the publisher has moved the file; fix `url` in the recipe, or put "
        "the file into the data folder by hand",
    )


def _refuse_full_disk(part: Path, needed: int | None) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed is not None and needed > free:
        raise FetchError(
            f"{needed:,} bytes are to come, and the disk has {free:,} left",
            where=str(part.parent),
            remedy="make room, or name another folder with --raw",
        )


@contextlib.contextmanager
def _answered(
    client: httpx.Client,
    asked: contextlib.AbstractContextManager[httpx.Response],
    patience: float,
) -> Iterator[httpx.Response]:
    """The response, once its head has come, which may take so long and no longer."""
    with contextlib.ExitStack() as stack:
        with closed_after(client, patience) as expired:
            try:
                response = stack.enter_context(asked)
            except (httpx.TransportError, RuntimeError) as fault:
                if expired.is_set():
                    raise httpx.ReadTimeout("no whole answer came in time") from fault
                raise
        yield response


@contextlib.contextmanager
def _network_faults(url: str) -> Iterator[None]:
    """Tell faults that may pass (a cut, a time-out) from those that will not."""
    try:
        yield
    except httpx.UnsupportedProtocol as fault:
        raise FetchError(
            "only http and https are supported", where=url, remedy="fix `url` in the recipe"
        ) from fault
    except httpx.TooManyRedirects as fault:
        raise FetchError(
            "the server redirects in a circle", where=url, remedy="fix `url` in the recipe"
        ) from fault
    except httpx.TimeoutException as fault:
        raise _TransientError(
            f"the server does not answer ({str(fault) or type(fault).__name__})"
        ) from fault
    except (httpx.TransportError, httpx.DecodingError) as fault:
        raise _TransientError(
            f"the connection failed ({str(fault) or type(fault).__name__})"
        ) from fault


def _announced_start(response: httpx.Response) -> int | None:
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return _number(match[1]) if match else None


def _announced_total(response: httpx.Response) -> int | None:
    match = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    return _number(match[1]) if match else None


def _total(response: httpx.Response, start: int) -> int | None:
    if (total := _announced_total(response)) is not None:
        return total
    length = _number(response.headers.get("Content-Length", ""))
    # A compressed body has another length than the file.
    return start + length if length is not None and _plain(response) else None


def _number(text: str) -> int | None:
    """A header's number; servers send other digits ("²") and digits without end, too."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _plain(response: httpx.Response) -> bool:
    return bool(response.headers.get("Content-Encoding", "identity") == "identity")
