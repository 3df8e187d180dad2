"""A local publisher's server with configurable faults."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from pipeline.download_config import Download
from pipeline.transfer import Transfer


@dataclass
class Publisher:
    """A server of one file with configurable faults and a log of its requests."""

    body: bytes = bytes(range(256)) * 8192  # 2 MiB
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
                """Log nothing."""

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
    """Seconds that the transfer would have waited."""
    return []


@pytest.fixture
def transfer(waits: list[float]) -> Iterator[Transfer]:
    with httpx.Client(trust_env=False, timeout=10) as client:
        yield Transfer(client=client, attempts=3, sleep=waits.append)
