"""Recommendations, their reasons, similar items, listeners and models over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from recommender.errors import ConfigError
from recommender.explanation import Reason
from service.access import CurrentSnapshot
from service.answers import (
    MOST_LISTED,
    Item,
    Listener,
    ListSettings,
    Model,
    Path,
    RecommendationList,
    Recommended,
    RecommendRequest,
    Similar,
    SimilarItems,
    Why,
)
from service.explorer import Explorer
from service.person import Person
from service.served_run import MOST_ANSWERS, Found, ServedRun
from service.snapshot import Snapshot

__all__ = ["answer_ahead", "item_of", "listed", "person_of", "router", "why"]

router = APIRouter(prefix="/api", tags=["recommendations"])

_Name = Annotated[str, Query(min_length=1, max_length=200)]


class UserListSettings(ListSettings):
    """Query parameters: the user, and the options of the list."""

    user: str = Field(min_length=1, max_length=200, description="the publisher's id")


@router.get("/recommend", response_model=RecommendationList)
def recommend(snapshot: CurrentSnapshot, asked: Annotated[UserListSettings, Query()]) -> Response:
    """The best items for a user of the data."""
    return _json(_answered(snapshot.run(asked.run), asked))


@router.post("/recommend", response_model=RecommendationList)
def recommend_to(snapshot: CurrentSnapshot, asked: RecommendRequest) -> Response:
    """The best items for a user, or for a new user with some likes (fold-in)."""
    run = snapshot.run(asked.run, newcomer=bool(asked.likes))
    return _json(_written(listed(run, person_of(run, asked.user, asked.likes), asked)))


def answer_ahead(snapshot: Snapshot) -> None:
    """Precompute the responses to users who set no option, as many as the cache holds."""
    if snapshot.runs:
        run = snapshot.run(None)
        for user in range(min(run.n_users, MOST_ANSWERS)):
            _answered(run, UserListSettings(user=run.catalogue.user_raw_id(user)))


def _answered(run: ServedRun, asked: UserListSettings) -> bytes:
    return run.answered(asked, lambda: _written(listed(run, run.user(asked.user), asked)))


def _written(answer: RecommendationList) -> bytes:
    return answer.model_dump_json().encode()


def _json(body: bytes) -> Response:
    """A raw JSON body, as FastAPI would validate and convert Pydantic's output again."""
    return Response(body, media_type="application/json")


@router.get("/why")
def why_user(
    snapshot: CurrentSnapshot,
    item: _Name,
    user: _Name | None = None,
    like: Annotated[list[str] | None, Query(max_length=100)] = None,
    run: _Name | None = None,
) -> Why:
    """Why an item is recommended to a user, or to a new user with these likes, with all sources."""
    served = snapshot.run(run, newcomer=bool(like))
    return why(served, person_of(served, user, tuple(like or ())), item, snapshot.explorer)


@router.get("/items/{item:path}/similar")
def similar(
    snapshot: CurrentSnapshot,
    item: str,
    by: Literal["graph", "model"] = "graph",
    top: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 10,
    run: _Name | None = None,
) -> SimilarItems:
    """Neighbours of an item.

    By the graph: the items with the most similar facts. By the model: the top of its list for a new
    user with only this like.
    """
    served = snapshot.run(run, newcomer=by == "model")
    number = served.item(item)
    near = (served.similar_by_graph if by == "graph" else served.similar_by_model)(number, top)
    return SimilarItems(
        item=item_of(served, number),
        by=by,
        model=served.model_name if by == "model" else None,
        items=[
            Similar(**item_of(served, other).model_dump(), similarity=round(value, 6))
            for other, value in near
        ],
    )


@router.get("/users")
def users(
    snapshot: CurrentSnapshot,
    q: Annotated[str, Query(max_length=200)] = "",
    top: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 10,
) -> list[Listener]:
    """Users whose id begins with a text."""
    run = snapshot.run(None)
    found = []
    for user in run.listeners(q, top):
        history = run.history_of(user)
        some = [run.catalogue.item_title(i) for i in history[:5].tolist()]
        found.append(Listener(user=run.catalogue.user_raw_id(user), plays=len(history), some=some))
    return found


@router.get("/models")
def models(snapshot: CurrentSnapshot) -> list[Model]:
    """The served runs, the default first."""
    return served_models(snapshot)


def served_models(snapshot: Snapshot) -> list[Model]:
    """The served runs, for pages."""
    return [
        Model(
            run=run.name,
            model=run.model_name,
            default=index == 0,
            newcomers=run.newcomers,
            metrics=run.metrics,
        )
        for index, run in enumerate(snapshot.runs.values())
    ]


def person_of(run: ServedRun, user: str | None, likes: tuple[str, ...]) -> Person:
    """Resolve a user, or a new user.

    Raises:
        ConfigError: neither or both, or unknown likes.
        DataError: an unknown user.
    """
    if (user is not None) == bool(likes):
        raise ConfigError("give either a user or likes of a new user")
    return run.newcomer(likes) if user is None else run.user(user)


def listed(run: ServedRun, person: Person, settings: ListSettings) -> RecommendationList:
    """Convert a list to the API's response."""
    found = run.recommend(person, settings)
    return RecommendationList(
        user=person.raw_id,
        model=run.model_name,
        run=run.name,
        history=[item_of(run, item) for item in person.history],
        held_out=person.held_out,
        ambiguous={
            text: [item_of(run, item) for item in items] for text, items in person.ambiguous.items()
        },
        filters=found.filters,
        items=_places(run, person, found, settings),
    )


def _places(
    run: ServedRun, person: Person, found: Found, settings: ListSettings
) -> list[Recommended]:
    texts: list[str | None] = [None] * len(found.items)
    paths: list[list[Path] | None] = [None] * len(found.items)
    if settings.reasons == "paths":
        reasons = run.reasons.of(person, found.items)
        texts = [run.reasons.word(reason) for reason in reasons]
        paths = list(_paths(run, found.items, reasons))
    elif settings.reasons == "text":
        texts = list(run.reasons.sentences(person, found.items))
    return [
        Recommended(
            rank=rank,
            id=run.item_id(item),
            name=run.catalogue.item_name(item),
            by=run.catalogue.item_by(item),
            raw_id=run.catalogue.item_raw_id(item),
            iri=run.catalogue.entity_iri(item),
            score=round(found.scores[rank - 1], 6),
            probability=round(found.probabilities[rank - 1], 6),
            reason=texts[rank - 1],
            paths=paths[rank - 1],
        )
        for rank, item in enumerate(found.items, start=1)
    ]


def why(run: ServedRun, person: Person, item: str, explorer: Explorer | None = None) -> Why:
    """The reason for one item with its paths and sources.

    Args:
        run: the run.
        person: the person of the recommendation.
        item: its id or name.
        explorer: quotes also from pages, dumps and spreadsheets; by default only lines of text are
            quoted.
    """
    number = run.item(item)
    (reason,) = run.reasons.of(person, [number])
    (paths,) = _paths(run, [number], [reason])
    if explorer is not None:
        _quote(paths, explorer)
    return Why(
        item=item_of(run, number),
        reason=run.reasons.word(reason),
        paths=paths,
        sources_known=run.reasons.sources_known,
    )


def _quote(paths: list[Path], explorer: Explorer) -> None:
    """Add the text of locations that only the readers of the graph's sources can open."""
    sources = [
        source for path in paths for step in path.steps for source in step.get("sources", ())
    ]
    sources += [premise for source in sources for premise in source.get("premises", ())]
    silent = [s for s in sources if not s.get("text") and not s.get("inferred")]
    texts = explorer.texts(source["place"] for source in silent)
    for source in silent:
        if text := texts.get(source["place"]):
            source["text"] = text


def _paths(run: ServedRun, items: list[int], reasons: list[Reason | None]) -> Iterator[list[Path]]:
    for paths in run.reasons.paths(items, reasons):
        yield [
            Path(
                kind=path["kind"],
                weight=path["weight"],
                basis=path["basis"],
                start=path["from"],
                end=path["to"],
                steps=path["steps"],
            )
            for path in paths
        ]


def item_of(run: ServedRun, item: int) -> Item:
    """Convert an item to the API's form."""
    names = run.catalogue
    return Item(
        id=run.item_id(item),
        name=names.item_name(item),
        by=names.item_by(item),
        raw_id=names.item_raw_id(item),
    )
