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
async def healthz() -> dict[str, str]:
    """200 while the process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=None)
async def readyz(request: Request) -> Response:
    """200 once a build is loaded; what is being served, and why a newer one is not."""
    shelf = shelf_of(request)
    snapshot = shelf.snapshot
    if snapshot is None:
        return problem(503, "nothing is loaded yet; ask again in a moment")
    content: dict[str, Any] = {
        "status": "ready",
        "data": snapshot.data.name,
        "runs": list(snapshot.runs),
        "graph": snapshot.explorer is not None,
    }
    if shelf.problem:
        content["newer"] = "a newer build or run is not served; the service's log says why"
    return JSONResponse(content)


@router.get("/metrics", response_model=None)
async def metrics(request: Request) -> Response:
    """Counters in Prometheus' format."""
    text, media_type = request.app.state.metrics.text()
    return Response(text, headers={"content-type": media_type})
