"""Create the FastAPI application: routes, error handlers, limits, start and stop."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio.to_thread
import torch
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from kg_builder.errors import DataError as GraphError
from pipeline.explore import Hit, UnknownNameError
from recommender.errors import DataError, RecommenderError
from service import pages
from service.access import NotReadyError, settings_of
from service.answers import Problem
from service.api import entities, operations, recommendations, sparql
from service.explorer import BusyError
from service.guard import Guard
from service.metrics import Metrics
from service.problems import problem, public_text
from service.settings import Settings
from service.snapshot import Shelf

__all__ = ["create_app"]

LOG = logging.getLogger("service")
_THREADS: Final = 8
_SWITCH_SECONDS: Final = 0.0005
"""How long a request waits, at each of its steps, for a thread that works in advance: a tenth of
Python's default"""
_SHOWN_ERRORS: Final = 3
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": text}
    for status, text in (
        (400, "a query that is not answered here"),
        (401, "a token is needed"),
        (404, "nothing has that name"),
        (408, "the body took too long"),
        (413, "the body is too large"),
        (422, "a value that is unknown or out of range"),
        (503, "busy, or nothing is loaded yet"),
    )
}


def create_app(
    settings: Settings,
    shelf: Shelf | None = None,
    failed: Callable[[Exception], None] | None = None,
) -> FastAPI:
    """Create the application.

    Args:
        settings: the served build and runs, and the limits.
        shelf: holds the snapshot; by default one that loads it at startup.
        failed: if given, startup does not wait for loading; called with the error if loading fails.
    """
    served = Shelf(settings) if shelf is None else shelf
    metrics = Metrics()

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        torch.set_num_threads(1)  # requests are the parallel unit
        sys.setswitchinterval(_SWITCH_SECONDS)
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        if served.snapshot is None and failed is not None:
            served.open_later(failed)
        elif served.snapshot is None:
            await anyio.to_thread.run_sync(served.open)
        served.watch()
        yield
        served.close()

    app = FastAPI(
        title="Music knowledge graph and explained recommendations",
        version="1",
        description="Recommendations with reasons, and the graph behind them, from one build.",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        responses=_ERRORS,
    )
    app.state.settings, app.state.shelf, app.state.metrics = settings, served, metrics
    app.state.draining = False
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    for router in (recommendations.router, entities.router, sparql.router, operations.router):
        app.include_router(router)
    pages.add_to(app)
    _add_errors(app)
    return app


def _add_errors(app: FastAPI) -> None:
    def answer(request: Request, status: int, detail: str, near: Sequence[Hit] = ()) -> Response:
        detail = public_text(detail, settings_of(request).data)
        if pages.wants_page(request):
            return pages.error_page(request, status, detail, near)
        return problem(status, detail)

    def invalid(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, RequestValidationError)
        found = [
            f"{'.'.join(str(part) for part in error['loc'][1:]) or 'body'}: {error['msg']}"
            for error in fault.errors()[:_SHOWN_ERRORS]
        ]
        return answer(request, 422, "; ".join(found))

    def unknown(request: Request, fault: Exception) -> Response:
        if isinstance(fault, UnknownNameError) and pages.wants_page(request):
            return answer(request, 404, f"{fault.what}.", fault.near)
        return answer(request, 404, str(fault))

    def refused(request: Request, fault: Exception) -> Response:
        return answer(request, 422, str(fault))

    def bad_query(request: Request, fault: Exception) -> Response:
        return answer(request, 400, str(fault))

    def not_now(request: Request, fault: Exception) -> Response:
        busy = isinstance(fault, BusyError)
        text = "too many queries at once" if busy else "starting: the graph is being loaded"
        found = answer(request, 503, f"{text}; try again in a moment")
        found.headers["retry-after"] = "5"
        if not busy and pages.wants_page(request):
            found.headers["refresh"] = "2"  # browsers ignore Retry-After
        return found

    def of_status(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)
        found = answer(request, fault.status_code, fault.detail or "")
        found.headers.update(fault.headers or {})
        return found

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(UnknownNameError, unknown)
    app.add_exception_handler(DataError, unknown)
    app.add_exception_handler(RecommenderError, refused)
    app.add_exception_handler(GraphError, bad_query)
    app.add_exception_handler(NotReadyError, not_now)
    app.add_exception_handler(BusyError, not_now)
    app.add_exception_handler(HTTPException, of_status)
