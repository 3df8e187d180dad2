"""Templates: one environment, with the words and addresses that all pages use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from recommender.data.statements import curie
from recommender.explanation.relations import fill, wording_of
from service.negotiation import preferred
from service.problems import problem_fields

__all__ = ["STATIC", "error_page", "fragment_only", "render", "wants_page"]

_HERE: Final = Path(__file__).resolve().parent.parent
STATIC: Final = _HERE / "static"
_EVIDENCE: Final = re.compile(r"(?P<file>[^#]+)#(?P<rest>.*)", re.DOTALL)


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page, or a part of one."""
    shelf = request.app.state.shelf
    text = _ENVIRONMENT.get_template(template).render(
        path=request.url.path,
        snapshot=shelf.snapshot,
        newer=bool(shelf.problem),
        **values,
    )
    return HTMLResponse(text, status, headers={"vary": "accept, hx-request"})


def fragment_only(request: Request) -> bool:
    """Whether HTMX asks for the part of the page that changes."""
    return request.headers.get("hx-request") == "true"


def wants_page(request: Request) -> bool:
    """Whether an error should be a page: a browser asks, and not for the API."""
    if request.url.path.startswith("/api/"):
        return False
    if fragment_only(request):
        return True
    accept = request.headers.get("accept", "")
    return preferred(accept, ["application/json", "text/html"]) == "text/html"


def error_page(request: Request, status: int, detail: str) -> Response:
    """An error for people; within a page only the message."""
    values = problem_fields(status, detail)
    if fragment_only(request):
        return render(request, "parts/error.html", 200, **values)  # HTMX shows no other status
    return render(request, "error.html", status, **values)


def _entity_url(id_: str) -> str:
    return "/entities/" + quote(id_, safe=":")


def _walk_url(id_: str) -> str:
    return "/walk/" + quote(id_, safe=":")


def _id_of(iri: str) -> str:
    return curie(iri) if iri else ""


def _place(evidence: str) -> str:
    """`lastfm/tags.dat#line=2;votes=10` → *lastfm/tags.dat, line 2, votes 10*."""
    found = _EVIDENCE.fullmatch(evidence)
    if not found:
        return evidence
    parts = (part.replace("=", " ", 1) for part in found["rest"].split(";") if part)
    return ", ".join([found["file"], *parts])


def _sentence(head: str, relation: str, tail: str) -> str:
    return f"{head} {fill(wording_of(relation).link, tail)}"


def _kind(name: str) -> str:
    """A class name as words: `RecordLabel` → *record label*."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _hue(kind: str) -> int:
    """One of twelve colours for a class of things, always the same."""
    return sum(map(ord, kind)) % 12


_ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_ENVIRONMENT.filters |= {
    "entity_url": _entity_url,
    "walk_url": _walk_url,
    "id_of": _id_of,
    "place": _place,
    "kind": _kind,
    "hue": _hue,
    "query": urlencode,
    "thousands": lambda number: f"{number:,}",
}
_ENVIRONMENT.globals |= {"sentence": _sentence}
