"""The command `python -m service`: serve a build, with its explorer pages and its API."""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from kg_builder.errors import DataError
from recommender.cli import DEFAULT_DATA
from recommender.errors import ConfigError, RecommenderError
from safe_io.guard import exit_status
from service.demo import prepared_sample
from service.metrics import MULTIPROCESS
from service.settings import LOG_FORMAT, Settings
from service.supervisor import Supervisor

__all__ = ["main"]

_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_TOKEN: Final = "MUSIC_KG_TOKEN"


def serve(
    data: Annotated[Path, typer.Option(help="processed folder")] = DEFAULT_DATA,
    run: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="run folder; may be repeated; the newest by default"),
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port; 0 takes a free one")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="number of server processes")] = 1,
    token_file: Annotated[
        Path | None,
        typer.Option(help=f"file with a token that requests must carry (or ${_TOKEN})"),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="build and train the sample if needed, and open it")
    ] = False,
    browser: Annotated[
        bool | None,
        typer.Option("--open/--no-open", help="open the first page", show_default="with --demo"),
    ] = None,
) -> None:
    """Serve a build: pages to look around in, recommendations and SPARQL over HTTP."""
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    if demo:
        data = prepared_sample()
    settings = Settings(data=data, runs=tuple(run or ()), token=_token(token_file))
    if not data.is_dir():
        raise ConfigError(
            f"{data}: no such data folder; build it with `python -m pipeline build`, name another "
            "with --data, or try --demo"
        )
    if host not in _LOCAL and settings.token is None:
        typer.echo(
            f"warning: {host} may be reached from other machines, and there is no login: everybody "
            "who reaches it reads everything, listeners' ids too; give --token-file",
            err=True,
        )
    listener = _listener(host, port)
    if demo if browser is None else browser:
        shown = "127.0.0.1" if host == "0.0.0.0" else host
        _open_later(f"http://{shown}:{listener.getsockname()[1]}/")
    with _shared_counters(workers):
        Supervisor(settings, listener, workers).run()


def _listener(host: str, port: int) -> socket.socket:
    """The bound socket; who connects before a process serves waits."""
    config = uvicorn.Config("service.app:create_app", host=host, port=port, log_level="info")
    listener = config.bind_socket()
    # asyncio sets this for sockets of its own making; without it some answers wait 40 ms for an
    # acknowledgement. Connections inherit it.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.listen(config.backlog)
    return listener


@contextmanager
def _shared_counters(workers: int) -> Iterator[None]:
    """A folder in which several processes keep their counters."""
    if workers == 1 or MULTIPROCESS in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="music-kg-metrics-") as folder:
        os.environ[MULTIPROCESS] = folder
        yield


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(_TOKEN) or None
    token = file.read_text(encoding="utf-8").strip()
    if not token or not token.isascii():
        raise ConfigError(f"{file}: holds no token; write one line of ASCII letters and digits")
    return token


def _open_later(address: str) -> None:
    """Open a browser, if any, after the service has had time to start."""
    import threading
    import webbrowser

    timer = threading.Timer(3.0, webbrowser.open, [address])
    timer.daemon = True
    timer.start()


def main() -> int:
    """Run the command; user errors are one line and exit status 2."""
    return exit_status(lambda: typer.run(serve), faults=[RecommenderError, DataError])


if __name__ == "__main__":
    sys.exit(main())
