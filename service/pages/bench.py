"""Page that compares two models' lists for a listener, with settings and explanation drawings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import ConfigDict, Field, ValidationError, model_validator
from starlette.responses import Response

from recommender.errors import RecommenderError
from recommender.lists.criteria import criteria
from service.access import CurrentSnapshot
from service.answers import Item, ListSettings, RecommendationList, Weights
from service.api.recommendations import item_of, listed, served_models, why
from service.pages.drawing import draw, sources_of
from service.pages.rendering import fragment_only, render
from service.person import Person
from service.problems import public_text
from service.reasons import ALREADY_PLAYED
from service.served_run import ServedRun
from service.snapshot import Snapshot

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_LISTENERS: Final = 8


class Asked(Weights):
    """The form's fields as sent by a browser; empty ones are unset."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    who: Annotated[str, Field(pattern="^(listener|likes)$")] = "listener"
    user: str = Field(default="", max_length=200)
    likes: str = Field(default="", max_length=2000)
    first: str = Field(default="", max_length=200)
    second: str = Field(default="", max_length=200)
    only: str = Field(default="", max_length=200)
    exclude: str = Field(default="", max_length=200)
    country: str = Field(default="", max_length=200)
    top: int = Field(default=10, ge=1, le=50)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_default(cls, fields: Any) -> Any:
        return {name: value for name, value in dict(fields).items() if value != ""}

    @property
    def is_empty(self) -> bool:
        """Whether no person is given yet."""
        return not (self.user if self.who == "listener" else self.likes).strip()

    def settings(self) -> ListSettings:
        """The fields as settings of a list."""
        return ListSettings(
            top=self.top,
            only=_texts(self.only),
            exclude=_texts(self.exclude),
            country=_texts(self.country),
            **{name: getattr(self, name) for name in criteria()},
        )


@dataclass(frozen=True)
class Column:
    """One model's list, or the error."""

    run: ServedRun
    found: RecommendationList | None
    error: str
    ambiguous: dict[str, list[Item]]


@router.get("/bench")
def bench(
    request: Request, snapshot: CurrentSnapshot, asked: Annotated[Asked, Query()]
) -> Response:
    """Lists of one or two models for a listener, or for a new user with some likes."""
    columns = []
    named = [name for name in dict.fromkeys((asked.first, asked.second)) if name]
    served = [name for name in named if snapshot.serves(name)]
    if not asked.is_empty and snapshot.runs:
        columns = [_column(snapshot, name, asked) for name in served or [""]]
    ranks = [
        {} if c.found is None else {place.id: place.rank for place in c.found.items}
        for c in columns
    ]
    template = "parts/lists.html" if fragment_only(request) else "bench.html"
    models = served_models(snapshot)
    return render(
        request, template, asked=asked, columns=columns, ranks=ranks, models=models,
        gone=[name for name in named if name not in served], examples=_examples(snapshot),
        criteria=criteria().values(),
    )  # fmt: skip


@router.get("/bench/listeners")
def listeners(
    request: Request,
    snapshot: CurrentSnapshot,
    user: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Completion options of the field for a listener's id."""
    run = snapshot.run(None)
    found = [
        (run.catalogue.user_raw_id(n), len(run.history_of(n)))
        for n in run.listeners(user.strip(), _LISTENERS)
    ]
    return render(request, "parts/listeners.html", found=found)


@router.get("/why")
def why_page(
    request: Request,
    snapshot: CurrentSnapshot,
    item: Annotated[str, Query(min_length=1, max_length=200)],
    user: Annotated[str, Query(max_length=200)] = "",
    likes: Annotated[str, Query(max_length=2000)] = "",
    run: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Page on why an item is recommended: the paths as a drawing, and every fact's sources."""
    served = snapshot.run(run or None, newcomer=not user.strip())
    person = _person(served, user.strip(), likes)
    found = why(served, person, item, snapshot.explorer)
    template = "parts/why.html" if fragment_only(request) else "why.html"
    return render(
        request,
        template,
        why=found,
        is_played=found.reason == ALREADY_PLAYED,
        across=draw(found.paths),
        down=draw(found.paths, down=True),
        facts=sources_of(found.paths),
        person=person,
        history=[item_of(served, n) for n in person.history[:12]],
        more=max(len(person.history) - 12, 0),
        run=served,
    )


def _column(snapshot: Snapshot, name: str, asked: Asked) -> Column:
    run = snapshot.run(name or None, newcomer=asked.who == "likes")
    try:
        person = _person(
            run,
            asked.user.strip() if asked.who == "listener" else "",
            asked.likes if asked.who == "likes" else "",
        )
        found = listed(run, person, asked.settings())
    except (RecommenderError, ValidationError) as fault:
        return Column(run, None, public_text(str(fault), snapshot.data), {})
    return Column(run, found, "", found.ambiguous)


def _person(run: ServedRun, user: str, likes: str) -> Person:
    return run.user(user) if user else run.newcomer_of_text(likes)


def _examples(snapshot: Snapshot) -> list[str]:
    """Listeners with histories of medium length, as first examples."""
    if not snapshot.runs:
        return []
    run = snapshot.run(None)
    return [run.catalogue.user_raw_id(n) for n in range(min(4, run.n_users))]


def _texts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
