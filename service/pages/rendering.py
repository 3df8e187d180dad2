"""Render Jinja templates in one environment, with shared wording and URLs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kg_builder.ontology import load_schema
from pipeline.explore import Hit
from recommender.data.statements import curie
from recommender.explanation.relations import fill, plain_name, wording_of
from service.negotiation import preferred
from service.problems import problem_fields

__all__ = ["STATIC", "error_page", "fragment_only", "render", "wants_page"]

_HERE: Final = Path(__file__).resolve().parent.parent
STATIC: Final = _HERE / "static"
_EVIDENCE: Final = re.compile(r"(?P<file>[^#]+)#(?P<rest>.*)", re.DOTALL)

#: Colours by class; classes shown together have different colours.
HUES: Final = {
    "Artist": 0, "SoloArtist": 0, "Band": 1, "Person": 3, "Album": 8, "Track": 4, "Genre": 5,
    "RecordLabel": 6, "Place": 7, "City": 7, "Country": 11, "Decade": 2, "Award": 9, "Tag": 10,
    "Instrument": 4, "Event": 9, "Work": 8,
}  # fmt: skip


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Render a page, or a part of one."""
    shelf = request.app.state.shelf
    text = _ENVIRONMENT.get_template(template).render(
        path=request.url.path,
        snapshot=shelf.snapshot,
        newer=bool(shelf.problem),
        **values,
    )
    return HTMLResponse(text, status, headers={"vary": "accept, hx-request"})


def fragment_only(request: Request) -> bool:
    """Whether HTMX requests only a fragment of the page; for the back button it is the page."""
    restored = request.headers.get("hx-history-restore-request") == "true"
    return request.headers.get("hx-request") == "true" and not restored


def wants_page(request: Request) -> bool:
    """Whether an error should be a page: for browsers outside the API."""
    if request.url.path.startswith("/api/"):
        return False
    if fragment_only(request):
        return True
    accept = request.headers.get("accept", "")
    return preferred(accept, ["application/json", "text/html"]) == "text/html"


def error_page(request: Request, status: int, detail: str, near: Sequence[Hit] = ()) -> Response:
    """Render an error as a page, with links to entities of similar names; for a fragment only the
    message."""
    problem = problem_fields(status, detail)
    if fragment_only(request):
        return render(request, "parts/error.html", problem=problem)  # HTMX: status 200
    return render(request, "error.html", status, problem=problem, near=near)


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
    link = wording_of(relation).link
    if link.startswith("is linked by"):  # no better wording: a date, a description
        return f"{head}: {plain_name(relation)} {tail}"
    return f"{head} {fill(link, tail)}"


def _kind(name: str) -> str:
    """Split a class name into words: `RecordLabel` → *record label*."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def hue(kind: str) -> int:
    """The colour of a class, one of twelve; for a recipe's classes by a hash of the name."""
    return HUES.get(kind, sum(map(ord, kind)) % 12)


def heading(predicate: str, direction: str, label: str) -> str:
    """Heading of a group of facts: *genre*; seen from the other end *follower*, *work*."""
    if direction == "out":
        return label
    if predicate in (of_facts := _kinds_of_facts()):
        return of_facts[predicate]
    other = wording_of(predicate).inverse
    return f"{label} of" if other.endswith("(inverse)") else other


@cache
def _kinds_of_facts() -> dict[str, str]:
    """Predicates from a membership or honour to its ends → the heading at these ends."""
    return {
        name: f"{class_.label}s"
        for class_ in load_schema().classes.values()
        for name in (class_.subject_by, class_.object_by)
        if name and name != class_.reifies
    }


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text)


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
    "hue": hue,
    "heading": heading,
    "slug": _slug,
    "query": urlencode,
    "thousands": lambda number: f"{number:,}",
}
_ENVIRONMENT.globals |= {"sentence": _sentence, "hues": HUES}
