"""Routes of the HTML pages about the graph: search, entity cards, neighbourhoods."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, Query, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from kg_builder.errors import DataError
from service.access import CurrentExplorer, CurrentSnapshot
from service.pages import bench
from service.pages.rendering import STATIC, render

__all__ = ["add_to"]

router = APIRouter(include_in_schema=False)

_SUGGESTIONS: Final = 8
_HITS: Final = 30
_FACTS: Final = 8  # facts per predicate on a card; more on request
_ALL_FACTS: Final = 200
_NEIGHBOURS: Final = 12
_Text = Annotated[str, Query(max_length=200)]


@router.get("/")
def home(request: Request, snapshot: CurrentSnapshot) -> Response:
    """The start page: contents and entry points."""
    known = []
    if snapshot.runs:
        known = snapshot.run(None).most_played(12)
    return render(request, "home.html", known=known)


@router.get("/search")
def search(request: Request, explorer: CurrentExplorer, q: _Text = "") -> Response:
    """The search page."""
    hits = explorer.search(q.strip(), _HITS) if q.strip() else []
    return render(request, "search.html", q=q, hits=hits)


@router.get("/suggest")
def suggest(request: Request, explorer: CurrentExplorer, q: _Text = "") -> Response:
    """Suggestions below a search field while typing."""
    hits = explorer.search(q.strip(), _SUGGESTIONS) if q.strip() else []
    return render(request, "parts/suggestions.html", hits=hits, q=q)


@router.get("/entities/{id:path}/fact")
def fact(
    request: Request,
    explorer: CurrentExplorer,
    id: str,
    predicate: _Text,
    direction: Annotated[str, Query(pattern="^(in|out)$")],
    value: Annotated[str, Query(max_length=2000)],
) -> Response:
    """The sources of a fact, with the row or sentence."""
    card = explorer.card(id, _ALL_FACTS)
    for known in card.facts:
        if (known.predicate, known.direction, known.value) == (predicate, direction, value):
            sources = explorer.sources(card, known, premises=True)
            return render(request, "parts/sources.html", sources=sources)
    raise DataError("no such fact", where=card.label, remedy="load the card again")


@router.get("/entities/{id:path}", name="entity_page")
def entity(
    request: Request,
    snapshot: CurrentSnapshot,
    explorer: CurrentExplorer,
    id: str,
    all: bool = False,
) -> Response:
    """The card of an entity."""
    card = explorer.card(id, _ALL_FACTS if all else _FACTS)
    item = None
    if snapshot.runs:
        item = snapshot.run(None).number_of(card.id)
    return render(
        request, "entity.html", card=card, is_item=item is not None, all=all, limit=_ALL_FACTS
    )


@router.get("/walk/{id:path}")
def walk(request: Request, explorer: CurrentExplorer, id: str) -> Response:
    """The neighbourhood of an entity, as a drawing and a list."""
    card = explorer.card(id, _NEIGHBOURS)
    return render(request, "walk.html", card=card, most=_NEIGHBOURS)


@router.get("/quality")
def quality(request: Request, snapshot: CurrentSnapshot) -> Response:
    """The quality report of the build."""
    return render(request, "quality.html", report=snapshot.quality)


@router.get("/docs")
def docs(request: Request) -> Response:
    """The interactive API documentation."""
    return render(request, "docs.html")


def add_to(app: FastAPI) -> None:
    """Add the pages and their static files."""
    app.include_router(router)
    app.include_router(bench.router)
    app.mount("/static", _Static(directory=STATIC), name="static")


class _Static(StaticFiles):
    """Static files, cached by browsers for an hour."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        found = await super().get_response(path, scope)
        found.headers["cache-control"] = "public, max-age=3600"
        return found
