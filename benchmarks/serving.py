"""Load-test a running service at a fixed request rate: latencies, CPU time and memory.

    python -m service --data data/processed/lastfm &
    python benchmarks/serving.py --data data/processed/lastfm --kind recommend --rate 200

Open loop: a request is sent when its time has come, whether or not earlier ones are answered, so
that a service that falls behind shows it. CPU time is the service's own, from `/metrics`, and says
more than latencies on a machine that does other things as well. `--windows 5` shows each five
seconds by themselves; `--new-run DIR` makes a run look new in the middle, so that it is taken up.
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
_CPU, _MEMORY = "process_cpu_seconds_total", "process_resident_memory_bytes"
_START = "process_start_time_seconds"


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
        self.seconds: list[float] = []  # in the order in which they were sent
        self.failed = 0

    async def run(self, rate: float, count: int) -> None:
        """Send `count` requests, `rate` per second."""
        started = time.perf_counter()
        self.seconds = [0.0] * count
        sent = []
        for number in range(count):
            wait = started + number / rate - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            sent.append(asyncio.create_task(self._one(number)))
        await asyncio.gather(*sent)

    async def _one(self, number: int) -> None:
        started = time.perf_counter()
        try:
            status = (await self._exchange(self._make()))[0]
            self.failed += status != 200
        except (OSError, asyncio.IncompleteReadError):
            self.failed += 1
        self.seconds[number] = time.perf_counter() - started

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

    async def process(self) -> dict[str, float]:
        """Start, CPU seconds and memory of the process that answers, in bytes."""
        _, body = await self._exchange(_get("/metrics"))
        lines = dict(
            line.rsplit(" ", 1) for line in body.decode().splitlines() if line.startswith("process")
        )
        return {name: float(value) for name, value in lines.items()}


async def measure(arguments: argparse.Namespace) -> None:
    """Send the requests and print one line, and one for each window."""
    address = urlsplit(arguments.url)
    requests = Requests(arguments.data, arguments.kind, arguments.run, arguments.seed)
    load = Load(address.hostname or "127.0.0.1", address.port or 80, requests.next)
    count = int(arguments.rate * arguments.seconds)
    before = await load.process()
    if arguments.new_run is not None:
        touch = (arguments.new_run / "metrics.json").touch
        asyncio.get_running_loop().call_later(arguments.seconds / 5, touch)
    await load.run(arguments.rate, count)
    after = await load.process()
    spent = after[_CPU] - before[_CPU]
    another = after[_START] != before[_START]
    memory = [process[_MEMORY] / 1e6 for process in (before, after)]
    print(
        f"{arguments.kind}: {count} requests, {arguments.rate:g}/s, {load.failed} failed; "
        f"CPU {'?' if another else f'{1000 * spent / count:.2f}'} ms each; "
        f"{_latencies(load.seconds)}; memory {memory[0]:.0f} → {memory[1]:.0f} MB"
    )
    for first in range(0, count, int(arguments.windows * arguments.rate) or count):
        window = load.seconds[first : first + int(arguments.windows * arguments.rate)]
        if window:
            print(f"  from {first / arguments.rate:.0f} s: {_latencies(window)}")


def _latencies(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p95, p99 = (1000 * ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99))
    return f"latency p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms"


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(description="Load test of a running service.")
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--data", type=Path, required=True, help="folder that it serves")
    parser.add_argument("--kind", choices=KINDS, default="recommend")
    parser.add_argument("--run", default="", help="run or model to request")
    parser.add_argument("--rate", type=float, default=200, help="requests per second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--windows", type=float, default=0, help="duration of each load in seconds")
    parser.add_argument("--new-run", type=Path, help="run folder that is touched to look new")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
