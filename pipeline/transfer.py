"""Download one file over HTTP: streamed, with retries, resuming a partial download.

Partial data are in `NAME.part`, and `NAME.part.json` identifies the file's version, so that a later
run resumes the download. Only a complete file gets its final name.
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
"""Callback with the bytes received so far and their total (`None` if unknown)."""

TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_DIGITS = 18
_SLOWEST = 100
"""Minimum bytes per second; a slower server counts as stalled."""
TIMEOUT = httpx.Timeout(50.0, connect=30.0)


def silent(done: int, total: int | None) -> None:
    """Do nothing."""


class _TransientError(Exception):
    """The transfer failed for a possibly transient reason."""

    def __init__(self, reason: str, wait: float | None = None, *, too_slow: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.too_slow = wait, too_slow


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """HTTP downloads with a client; each call of `get` downloads one file.

    Args:
        client: HTTP client; must follow redirects and have timeouts.
        attempts: maximum consecutive failures without new data.
        pause: seconds before the second attempt; doubled before each further one.
        patience: maximum seconds without new data, attempts and pauses together.
        sleep: wait function; replaced in tests.
    """

    client: httpx.Client
    attempts: int = 5
    pause: float = 1.0
    patience: float = 50.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def get(self, url: str, part: Path, report: Report = silent) -> None:
        """Download `url` into `part`, resuming from existing data.

        Raises:
            FetchError: the server refuses, the disk is full, or attempts or patience are exhausted.
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
                        remedy="run the same command again later: it resumes where it stopped",
                    ) from fault
                self.sleep(wait)
            else:
                version_of(part).unlink(missing_ok=True)
                return

    def _once(self, url: str, part: Path, report: Report, patience: float) -> None:
        """Make one request; returns with the complete file in `part`, or raises."""
        headers = {"Accept-Encoding": "identity"} | _resume_headers(url, part)
        limits = httpx.Timeout(patience, connect=min(patience, 30.0))
        asked = self.client.stream("GET", url, headers=headers, timeout=limits)
        with _network_faults(url), _answered(self.client, asked, patience) as response:
            status = response.status_code
            if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and "Range" in headers:
                if _announced_total(response) == part.stat().st_size:
                    return  # complete before the last run was stopped
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
    """Path of the metadata beside `part` with the address and version of the file."""
    return part.with_name(part.name + ".json")


def discard(part: Path) -> None:
    """Discard the partial data."""
    part.unlink(missing_ok=True)
    version_of(part).unlink(missing_ok=True)


def _remember_version(url: str, part: Path, response: httpx.Response) -> None:
    etag = response.headers.get("ETag", "")
    # A weak ETag does not guarantee the same bytes, and a range of a compressed body refers to the
    # compressed bytes: neither allows resuming.
    validator = (
        etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")
    )
    if not _plain(response):
        validator = None
    part.unlink(missing_ok=True)
    write_atomically(version_of(part), json.dumps({"url": url, "validator": validator}))


def _resume_headers(url: str, part: Path) -> dict[str, str]:
    """Request the remainder of `part`, if the file on the server is unchanged."""
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
    """Await the response's header, with a time limit."""
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
    """Distinguish transient faults (a cut connection, a timeout) from permanent ones."""
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
    # The length of a compressed body differs from the file's.
    return start + length if length is not None and _plain(response) else None


def _number(text: str) -> int | None:
    """Parse a number in a header; servers may send invalid ("²") or endless digits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _plain(response: httpx.Response) -> bool:
    return bool(response.headers.get("Content-Encoding", "identity") == "identity")
