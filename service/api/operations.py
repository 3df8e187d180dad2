"""Endpoints for operators: liveness, readiness, metrics, and a check for a newer run."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from service.access import shelf_of
from service.problems import problem

__all__ = ["router"]

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz(request: Request) -> dict[str, str]:
    """200 while the process responds; `starting` until a snapshot is loaded, then `ok`."""
    return {"status": "starting" if shelf_of(request).snapshot is None else "ok"}


@router.get("/readyz", response_model=None)
async def readyz(request: Request) -> Response:
    """200 once answers are fast; shows what is served, and why a newer build is not."""
    shelf = shelf_of(request)
    snapshot = shelf.snapshot
    if snapshot is None:
        return problem(503, "starting: the graph is being loaded; try again in a moment")
    if not snapshot.is_ready:
        return problem(503, "preparing: requests are answered, but slowly; try again in a moment")
    content: dict[str, Any] = {
        "status": "ready",
        "data": snapshot.data.name,
        "runs": list(snapshot.runs),
        "graph": snapshot.explorer is not None,
    }
    if shelf.problem:
        content["newer"] = "a newer build or run is not served; see the service's log"
    return JSONResponse(content)


@router.get("/metrics", response_model=None)
async def metrics(request: Request) -> Response:
    """Counters in Prometheus' format."""
    found, snapshot = request.app.state.metrics, shelf_of(request).snapshot
    found.serving(0 if snapshot is None else len(snapshot.runs))
    text, media_type = found.text()
    return Response(text, headers={"content-type": media_type})
