"""Load-test a running service at a fixed request rate: latencies, CPU time and memory.

    python -m service --data data/processed/lastfm &
    python benchmarks/serving.py --data data/processed/lastfm --kind recommend --rate 200

Open loop: requests are sent on schedule, regardless of whether earlier ones were answered, so that
an overloaded service becomes visible. CPU time is that of the service, from `/metrics`, and more
reliable than latencies on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

KINDS = ("health", "recommend", "recommend-without-reasons", "newcomer", "card")
_LIKES = 5


class Requests:
    """Random requests of one kind, seeded."""

    def __init__(self, data: Path, kind: str, run: str, seed: int) -> None:
        self._random, self._kind, self._run = random.Random(seed), kind, run
        self._users = _column(data / "users.tsv", "raw_id")
        self._items = _column(data / "items.tsv", "raw_id")
        self._iris = _column(data / "items.tsv", "iri")

    def next(self) -> bytes:
        """One request as raw bytes."""
        choose = self._random.choice
        run = f"&run={quote(self._run)}" if self._run else ""
        match self._kind:
            case "health":
                return _get("/healthz")
            case "recommend":
                return _get(f"/api/recommend?user={quote(choose(self._users))}{run}")
            case "recommend-without-reasons":
                user = quote(choose(self._users))
                return _get(f"/api/recommend?user={user}{run}&reasons=none")
            case "card":
                kind, name = choose(self._iris).split("/")[-2:]
                return _get(f"/api/entities/{quote(f'{kind}:{name}', safe=':')}")
        likes = [f"id:{choose(self._items).split('|')[0]}" for _ in range(_LIKES)]
        asked = {"likes": likes} | ({"run": self._run} if self._run else {})
        body = json.dumps(asked).encode()
        head = "POST /api/recommend HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json"
        return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: benchmark\r\n\r\n".encode()


def _column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row[name] for row in rows]


class Load:
    """Sends requests over persistent connections, and records latencies."""

    def __init__(self, host: str, port: int, make: Callable[[], bytes]) -> None:
        self._host, self._port, self._make = host, port, make
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seconds: list[float] = []
        self.failed = 0

    async def run(self, rate: float, count: int) -> None:
        """Send `count` requests, `rate` per second."""
        started = time.perf_counter()
        sent = []
        for number in range(count):
            wait = started + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            sent.append(asyncio.create_task(self._one()))
        await asyncio.gather(*sent)

    async def _one(self) -> None:
        started = time.perf_counter()
        try:
            status = (await self._exchange(self._make()))[0]
            self.failed += status != 200
        except (OSError, asyncio.IncompleteReadError):
            self.failed += 1
        self.seconds.append(time.perf_counter() - started)

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        while True:
            kept = bool(self._idle)
            connection = (
                self._idle.pop() if kept else await asyncio.open_connection(self._host, self._port)
            )
            reader, writer = connection
            writer.write(request)
            try:
                start = await reader.readuntil(b"\r\n\r\n")
                break
            except (ConnectionError, asyncio.IncompleteReadError):
                # The service closes idle connections; retry on a new one.
                if not kept:
                    raise
        head = start.decode("latin-1").lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        body = await reader.readexactly(length)
        self._idle.append(connection)
        return int(head.split(" ", 2)[1]), body

    async def process(self) -> tuple[float, float]:
        """CPU seconds and MB of the service's process."""
        _, body = await self._exchange(_get("/metrics"))
        lines = dict(
            line.rsplit(" ", 1) for line in body.decode().splitlines() if not line.startswith("#")
        )
        cpu, memory = "process_cpu_seconds_total", "process_resident_memory_bytes"
        return float(lines[cpu]), float(lines[memory]) / 1e6


async def measure(arguments: argparse.Namespace) -> None:
    """Send the requests and print one line."""
    address = urlsplit(arguments.url)
    requests = Requests(arguments.data, arguments.kind, arguments.run, arguments.seed)
    load = Load(address.hostname or "127.0.0.1", address.port or 80, requests.next)
    count = int(arguments.rate * arguments.seconds)
    cpu, memory = await load.process()
    await load.run(arguments.rate, count)
    cpu_after, memory_after = await load.process()
    ordered = sorted(load.seconds)
    p50, p95, p99 = (1000 * ordered[int(count * share)] for share in (0.5, 0.95, 0.99))
    print(
        f"{arguments.kind}: {count} requests, {arguments.rate:g}/s, {load.failed} failed; "
        f"CPU {1000 * (cpu_after - cpu) / count:.2f} ms each; latency p50 {p50:.1f} ms, "
        f"p95 {p95:.1f} ms, p99 {p99:.1f} ms; memory {memory:.0f} → {memory_after:.0f} MB"
    )


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(description="Load of a running service.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--data", type=Path, required=True, help="the folder that it serves")
    parser.add_argument("--kind", choices=KINDS, default="recommend")
    parser.add_argument("--run", default="", help="run or model to ask for")
    parser.add_argument("--rate", type=float, default=200, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
