"""Entities over HTTP: search, cards with evidence, neighbourhoods, Turtle and JSON-LD."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from pipeline.explore import Card, Fact
from service.access import CurrentExplorer
from service.explorer import RDF_FORMATS, Explorer
from service.negotiation import preferred
from service.problems import problem

__all__ = ["MOST_FACTS", "Entity", "described", "router"]

router = APIRouter(tags=["entities"])

MOST_FACTS = 100
_JSON = "application/json"
_SUFFIXES = {"ttl": "text/turtle", "jsonld": "application/ld+json", "nt": "application/n-triples"}


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Hit(_Answer):
    """An entity found by a search."""

    id: str
    label: str
    type: str
    name: str = Field(description="the matching name or alias")
    degree: int = Field(description="number of distinct facts about the entity")
    score: float = Field(description="similarity to the query, up to 100")


class Source(_Answer):
    """A source of a fact, with its location."""

    source: str
    method: str
    confidence: float
    place: str
    inferred: bool
    text: str = Field(default="", description="the source row or sentence, if requested")


class Thing(_Answer):
    """An entity's id, label and type."""

    id: str
    label: str
    type: str


class EntityFact(_Answer):
    """A fact with its sources."""

    predicate: str
    label: str
    direction: str = Field(description="out: the entity is the subject; in: it is the object")
    text: str = Field(description="readable form of the value")
    kind: str = Field(description="`entity`, or the datatype of a literal")
    thing: Thing | None
    confidence: float
    inferred: bool
    sources: list[Source]


class Lost(_Answer):
    """A value dropped by cleaning, with the reason."""

    predicate: str
    value: str
    source: str
    reason: str


class Entity(_Answer):
    """The card of an entity."""

    id: str
    iri: str
    label: str
    type: str
    classes: list[str]
    aliases: list[str]
    external_ids: dict[str, str] = Field(description="id in another database → address")
    degree: int
    facts: list[EntityFact]
    totals: list[dict[str, Any]] = Field(
        description="number of distinct facts per predicate and direction"
    )
    dropped: list[Lost]
    same_name: list[Thing] = Field(description="other entities with the requested name")


class Neighbours(_Answer):
    """An entity with its neighbours."""

    nodes: list[Thing]
    edges: list[dict[str, Any]]
    more: int = Field(description="number of omitted neighbours")


@router.get("/api/search")
def search(
    explorer: CurrentExplorer,
    q: Annotated[str, Query(min_length=1, max_length=200)],
    type: Annotated[str | None, Query(max_length=100)] = None,
    top: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[Hit]:
    """Find entities whose name or alias equals, begins with, contains or resembles the text."""
    return [Hit(**hit.__dict__) for hit in explorer.search(q, top, type)]


@router.get("/api/entities/{id:path}/neighbours")
def neighbours(
    explorer: CurrentExplorer,
    id: str,
    most: Annotated[int, Query(ge=1, le=MOST_FACTS)] = 8,
) -> Neighbours:
    """An entity with its best connected neighbours, at most `most` per predicate and direction."""
    found = explorer.neighbourhood(id, most)
    return Neighbours(
        nodes=[Thing(**node) for node in found.nodes], edges=found.edges, more=found.more
    )


@router.get(
    "/api/entities/{id:path}",
    response_model=Entity,
    responses={200: {"content": {name: {} for name in RDF_FORMATS}}},
)
def entity(
    request: Request,
    explorer: CurrentExplorer,
    id: str,
    most: Annotated[int, Query(ge=1, le=MOST_FACTS)] = 10,
    quotes: Annotated[bool, Query(description="include the source rows and sentences")] = False,
    format: Annotated[str | None, Query(pattern="^(json|ttl|jsonld|nt)$")] = None,
) -> Any:
    """The card of an entity by id (`artist:Radiohead`), IRI or name; as JSON, Turtle or JSON-LD."""
    offered = [_JSON, *RDF_FORMATS]
    media_type = (
        preferred(request.headers.get("accept", ""), offered)
        if format is None
        else _SUFFIXES.get(format, _JSON)
    )
    if media_type is None:
        return problem(406, f"an entity can be had as {', '.join(offered)}")
    card = explorer.card(id, most if media_type == _JSON else 1)
    if media_type != _JSON:
        text = explorer.rdf(card.iri, media_type)
        return Response(text, media_type=media_type, headers={"vary": "accept"})
    body = described(explorer, card, quotes=quotes).model_dump_json()
    return Response(body, media_type=_JSON)  # FastAPI would validate and convert it again


@router.get("/resource/{kind}/{name:path}", response_model=None)
def resource(request: Request, kind: str, name: str) -> Response:
    """The linked-data address of an entity: redirects to its page or its data (303)."""
    wanted = preferred(request.headers.get("accept", ""), ["text/html", _JSON, *RDF_FORMATS])
    page = wanted == "text/html"
    where = request.url_for("entity_page" if page else "entity", id=f"{kind}:{name}")
    return RedirectResponse(where.path, status_code=303, headers={"vary": "accept"})


def described(explorer: Explorer, card: Card, *, quotes: bool) -> Entity:
    """Convert a card to the API's response."""
    return Entity(
        id=card.id,
        iri=card.iri,
        label=card.label,
        type=card.type,
        classes=list(card.classes),
        aliases=list(card.aliases),
        external_ids=dict(card.external_ids),
        degree=card.degree,
        facts=[_fact(explorer, card, fact, quotes) for fact in card.facts],
        totals=[
            {"predicate": predicate, "direction": direction, "facts": count}
            for (predicate, direction), count in card.totals.items()
        ],
        dropped=[
            Lost(predicate=v.predicate, value=v.value, source=v.source, reason=v.reason)
            for v in card.lost
        ],
        same_name=[Thing(id=h.id, label=h.label, type=h.type) for h in card.same_name],
    )


def _fact(explorer: Explorer, card: Card, fact: Fact, quotes: bool) -> EntityFact:
    sources = explorer.sources(card, fact, quoted=5 if quotes else 0)
    thing = fact.thing
    return EntityFact(
        predicate=fact.predicate,
        label=fact.label,
        direction=fact.direction,
        text=fact.text,
        kind=fact.kind,
        thing=None if thing is None else Thing(id=thing.id, label=thing.label, type=thing.type),
        confidence=round(fact.confidence, 4),
        inferred=fact.inferred,
        sources=[Source(**source) for source in sources],
    )
