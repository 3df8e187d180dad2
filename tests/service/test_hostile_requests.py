"""Hostile clients: no 500, nothing leaked, limits kept, markup escaped, strict security policy."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from service.app import create_app
from service.guard import Guard
from service.metrics import Metrics
from service.protocol import protocol
from service.settings import Settings
from service.snapshot import Shelf
from tests.service.conftest import NASTY

PAGES = (
    "/", "/search?q=port", "/search?q=", "/search?q=zzzzzz", "/entities/artist:Portishead",
    "/entities/genre:trip_hop?all=true", "/walk/artist:Portishead", "/bench", "/bench?user=u0",
    "/bench?user=nobody", "/bench?who=likes&likes=Lamb,Tricky&second=graph&first=factors",
    "/why?user=u0&item=artist:Lamb&run=graph", "/why?likes=Lamb&item=Tricky", "/quality", "/docs",
    "/sparql", "/sparql?query=SELECT+nonsense", "/nowhere", "/suggest?q=por",
    "/bench/listeners?user=u",
)  # fmt: skip
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_no_script_or_style_of_their_own(client: TestClient, page: str) -> None:
    answer = client.get(page, headers=BROWSER)
    assert answer.status_code in (200, 400, 404, 422), answer.text
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for name in ("x-content-type-options", "x-frame-options", "referrer-policy"):
        assert answer.headers[name]
    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", answer.text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", answer.text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//(?!w3id|dbpedia)", answer.text)


def test_names_with_markup_are_text_on_every_page(client: TestClient) -> None:
    card = client.get("/api/search", params={"q": NASTY}).json()[0]
    assert card["label"] == NASTY
    pages = [
        f"/entities/{card['id']}", f"/walk/{card['id']}", "/search?q=script", "/suggest?q=script",
        "/entities/genre:trip_hop", f"/why?likes=Lamb&item={card['id']}", "/bench?user=u0&top=50",
        "/bench?who=likes&likes=id:8", f"/search?q={NASTY}", f"/bench?user={NASTY}",
        f"/entities/{NASTY}",
        "/sparql?query=SELECT ?l { ?s a mkg:Band ; rdfs:label ?l }",
        f"/sparql?query={NASTY}",
    ]  # fmt: skip
    for page in pages:
        text = client.get(page, headers=BROWSER).text
        assert "<script>alert" not in text, page
    assert "&lt;script&gt;" in client.get(pages[0], headers=BROWSER).text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2f..%2fpyproject.toml",
        "/static//etc/passwd",
        "/api/entities/..%2f..%2f..%2fetc%2fpasswd",
        "/entities/../../../etc/passwd",
        "/api/entities/file:///etc/passwd",
        "/resource/..%2f..%2f/etc/passwd",
        "/api/items/..%2f..%2fkg.ttl/similar",
    ],
)
def test_no_path_leads_to_a_file(client: TestClient, data: Path, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (303, 404, 422)
    assert "root:" not in answer.text
    assert "class Settings" not in answer.text
    assert str(data) not in answer.text


def test_large_bodies_are_refused_whether_announced_or_not(client: TestClient) -> None:
    assert client.post("/api/recommend", content=b"x" * 30_000).status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 1000

    answer = client.post("/api/recommend", content=parts())
    assert answer.status_code == 413
    assert "20,000 bytes" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"likes": 1}', b'{"likes": [""]}', b'{"top": 1e99}',
             b'{"user": "\\ud800"}', b"[" * 5000, b'{"diversity": NaN, "user": "u0"}']
)  # fmt: skip
def test_bad_bodies_are_the_client_s_fault(client: TestClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post("/api/recommend", content=body, headers=headers)
    assert answer.status_code in (400, 404, 422)
    assert answer.json()["detail"]


def test_names_of_every_kind_are_answered(client: TestClient) -> None:
    for text in ("\x00", "%00", "a" * 200, "🎸", "\u202e", "'; drop table fact; --", "%", '"', "*"):
        for path in ("/api/search", "/suggest", "/search"):
            assert client.get(path, params={"q": text}).status_code in (200, 422), text
        answer = client.get("/api/recommend", params={"user": text})
        assert answer.status_code in (404, 422), text


def test_a_token_opens_and_nothing_else_does(settings: Settings, client: TestClient) -> None:
    shelf = client.app.state.shelf
    app = create_app(settings.model_copy(update={"token": "secret"}), _Borrowed(shelf))
    with TestClient(app) as guarded:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "secret"}):
            answer = guarded.get("/api/models", headers=headers)
            assert answer.status_code == 401
            assert "Bearer" in answer.headers["www-authenticate"]
        assert guarded.get("/api/models", auth=("me", "wrong")).status_code == 401
        assert guarded.get("/static/page.js").status_code == 401
        given = {"authorization": "Bearer secret"}
        assert guarded.get("/api/models", headers=given).status_code == 200
        assert guarded.get("/", auth=("me", "secret")).status_code == 200
        assert guarded.get("/healthz").status_code == 200


class _Borrowed(Shelf):
    """Another application's snapshot, which is not closed with this one."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__(shelf._settings)
        self.snapshot = shelf.snapshot

    def close(self) -> None:
        """The owner does it."""


@pytest.mark.parametrize("path", ["/api/search?q={}", "/api/entities/{}", "/suggest?q={}"])
@pytest.mark.parametrize("name", ["\0abc", '"abc', "por\0tishead", "* OR abc", "\U0010ffff" * 3])
def test_what_ends_a_query_elsewhere_is_a_name_like_others(
    client: TestClient, path: str, name: str
) -> None:
    assert client.get(path.format(quote(name))).status_code in (200, 404)


def test_a_made_up_path_or_method_makes_no_new_counter(client: TestClient) -> None:
    for n in range(5):
        client.get(f"/made-up-{n}")
        client.request(f"VERB{n}", "/healthz")
    text = client.get("/metrics").text
    assert "made-up" not in text and "VERB" not in text
    assert 'route="/healthz"' in text


@pytest.fixture
def slow_server(settings: Settings, client: TestClient) -> Iterator[tuple[str, int]]:
    """A real server with little patience."""
    impatient = settings.model_copy(update={"body_seconds": 0.5})
    app = create_app(impatient, _Borrowed(client.app.state.shelf))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = listener.getsockname()
        config = uvicorn.Config(app, http=protocol(0.5), ws="none", log_level="critical")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield address
        server.should_exit = True
        thread.join()


def test_clients_that_dawdle_are_let_go(slow_server: tuple[str, int]) -> None:
    with socket.create_connection(slow_server, timeout=60) as headers_only:
        headers_only.sendall(b"GET / HT")
        assert headers_only.recv(1000) == b""
    with socket.create_connection(slow_server, timeout=60) as half_a_body:
        half_a_body.sendall(
            b"POST /api/recommend HTTP/1.1\r\nHost: x\r\ncontent-length: 100\r\n\r\n{"
        )
        assert half_a_body.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_client_that_does_not_receive_its_answer_is_let_go() -> None:
    """Once the time for an answer is over; what is left of it does not stay in memory."""

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})

    limits = Settings(data=Path(), request_seconds=0.3)
    app = Starlette()  # what the guard looks at
    app.state.draining = False

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        await Guard(endless, limits, Metrics())({**scope, "app": app}, receive, send)

    async def asked() -> int:
        config = uvicorn.Config(
            guarded, http=protocol(0.3), ws="none", lifespan="off", log_level="critical"
        )
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.create_task(server.serve([listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            with socket.create_connection(listener.getsockname()) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                while not server.server_state.connections:
                    await asyncio.sleep(0.01)
                deadline = time.monotonic() + 30
                while server.server_state.connections and time.monotonic() < deadline:
                    await asyncio.sleep(0.05)
                left = len(server.server_state.connections)
            server.should_exit = server.force_exit = True
            await serving
        return left

    assert asyncio.run(asked()) == 0
