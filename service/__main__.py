"""The command `python -m service`: serve a build, with its explorer pages and its API."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import uvicorn

from kg_builder.errors import DataError
from recommender.cli import DEFAULT_DATA
from recommender.errors import ConfigError, RecommenderError
from safe_io.guard import exit_status
from service.metrics import MULTIPROCESS
from service.protocol import protocol
from service.settings import Settings

__all__ = ["main"]

_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_TOKEN: Final = "MUSIC_KG_TOKEN"
_KEEP_ALIVE: Final = 5  # seconds until an idle connection is closed
_CONNECTIONS: Final = 1024  # maximum connections; more get 503


def serve(
    data: Annotated[Path, typer.Option(help="processed folder")] = DEFAULT_DATA,
    run: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="run folder; may be repeated; the newest by default"),
    ] = None,
    host: Annotated[str, typer.Option(help="address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="port; 0 takes a free one")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes that answer")] = 1,
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
    """Serve a build over HTTP: explorer pages, recommendations and SPARQL."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if demo:
        from service.demo import prepare_sample  # needs the packages that build graphs

        data = prepare_sample()
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
    settings.hand_over()
    if workers > 1 and MULTIPROCESS not in os.environ:
        os.environ[MULTIPROCESS] = tempfile.mkdtemp(prefix="music-kg-metrics-")
    if demo if browser is None else browser:
        _open_later(f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/")
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "http": protocol(settings.body_seconds),
        "ws": "none",
        "access_log": False,
        "server_header": False,
        "date_header": True,
        "timeout_keep_alive": _KEEP_ALIVE,
        "timeout_graceful_shutdown": 10,
        "limit_concurrency": _CONNECTIONS,
        "log_level": "info",
    }
    if workers > 1:
        uvicorn.run("service.app:from_environment", factory=True, workers=workers, **options)
    else:
        _run_here(settings, options)


def _run_here(settings: Settings, options: dict[str, Any]) -> None:
    """Serve in this process; exits if loading fails.

    Raises:
        RecommenderError, DataError: there is nothing to serve.
    """
    from service.app import create_app  # wrong options: no torch loaded

    faults: list[Exception] = []

    def failed(fault: Exception) -> None:
        faults.append(fault)
        server.should_exit = True

    server = uvicorn.Server(uvicorn.Config(create_app(settings, failed=failed), **options))
    with suppress(KeyboardInterrupt):  # already handled
        server.run()
    if faults:
        raise faults[0]


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
