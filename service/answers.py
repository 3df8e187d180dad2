"""Pydantic types of the API's requests and responses; FastAPI validates and documents the types."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from recommender.lists.criteria import criteria

__all__ = [
    "MOST_FILTERS",
    "MOST_LIKES",
    "MOST_LISTED",
    "Item",
    "ListSettings",
    "Listener",
    "Model",
    "Path",
    "Problem",
    "RecommendRequest",
    "RecommendationList",
    "Recommended",
    "Similar",
    "SimilarItems",
    "Weights",
    "Why",
]

MOST_LISTED = 100
MOST_LIKES = 100
MOST_FILTERS = 10
_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Reasons = Literal["none", "text", "paths"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class Problem(_Answer):
    """An error (RFC 9457, `application/problem+json`)."""

    title: str = Field(description="type of error")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="the problem, its location, and a remedy")


class Item(_Answer):
    """An item of the catalogue."""

    id: str = Field(description="its entity, as in `/api/entities/{id}`")
    name: str
    by: str = Field(default="", description="performers of a work, or authors of a book")
    raw_id: str = Field(description="the publisher's id, for `id:RAW_ID` among likes")


class Recommended(Item):
    """A recommended item."""

    rank: int
    iri: str
    score: float = Field(description="the model's raw score; higher is better")
    probability: float = Field(description="the score as a value between 0 and 1")
    reason: str | None = Field(default=None, description="one sentence; null if not asked for")
    paths: list[Path] | None = Field(default=None, description="null if not asked for")


class Path(_Answer):
    """A path in the graph from a history item to the recommended one."""

    kind: str = Field(description="link, shared, through, makers or path, the strongest first")
    weight: float = Field(description="weight of the fact about the item")
    basis: str = Field(description="origin of the weight: the model, or the fact's rarity")
    start: dict[str, Any]
    end: dict[str, Any]
    steps: list[dict[str, Any]] = Field(
        description="triples with their sources; `along`: whether the path runs head to tail"
    )


class RecommendationList(_Answer):
    """A ranked list."""

    user: str | None = Field(description="the publisher's id; null for a newcomer")
    model: str
    run: str
    history: list[Item] = Field(description="training positives of a user; likes of a newcomer")
    held_out: int = Field(default=0, description="further likes, held out to measure quality")
    ambiguous: dict[str, list[Item]] = Field(
        default_factory=dict, description="likes that match several items; the first is used"
    )
    filters: list[str] = Field(default_factory=list)
    items: list[Recommended]


class Why(_Answer):
    """Why one item was recommended."""

    item: Item
    reason: str
    paths: list[Path]
    sources_known: bool = Field(description="false if the folder has no statements.parquet")


class Similar(Item):
    """A neighbour of an item."""

    similarity: float = Field(
        description="graph: cosine of the facts, weighted by tf-idf; model: its raw score"
    )


class SimilarItems(_Answer):
    """Similar items of an item."""

    item: Item
    by: Literal["graph", "model"]
    model: str | None
    items: list[Similar]


class Listener(_Answer):
    """A user of the interactions."""

    user: str
    plays: int = Field(description="training positives")
    some: list[str] = Field(description="names of a few of them")


class Model(_Answer):
    """A served run."""

    run: str
    model: str
    default: bool
    newcomers: bool = Field(description="whether it recommends from likes (fold-in)")
    metrics: dict[str, float] = Field(description="on the test rows")


_WEIGHTS: dict[str, Any] = {
    name: (float, Field(default=0.0, ge=c.least, le=c.most, description=f"weight: {c.summary}"))
    for name, c in criteria().items()
}
Weights = create_model(
    "Weights",
    __doc__="Weights of the re-ranking criteria (`recommender.lists.criteria`), a field for each.",
    **_WEIGHTS,
)


class ListSettings(Weights):
    """Settings of a list: filters and re-ranking."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str | None = Field(
        default=None, max_length=200, description="run or model; by default the newest run"
    )
    top: int = Field(default=10, ge=1, le=MOST_LISTED)
    only: tuple[_Text, ...] = Field(
        default=(),
        max_length=MOST_FILTERS,
        description="`genre=jazz`; all must hold. A song without a genre has its performer's",
    )
    exclude: tuple[_Text, ...] = Field(
        default=(), max_length=MOST_FILTERS, description="`genre=metal`, or an item's name"
    )
    country: tuple[_Text, ...] = Field(
        default=(), max_length=MOST_FILTERS, description="a country's name or ISO 3166 code"
    )
    allow_played: bool = Field(default=False, description="include items already liked")
    reasons: _Reasons = Field(
        default="text", description="`text`: one sentence; `paths`: the facts and sources too"
    )

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each re-ranking criterion by name."""
        return {name: getattr(self, name) for name in criteria()}


class RecommendRequest(ListSettings):
    """A user of the data, or the likes of a new user."""

    user: str | None = Field(default=None, max_length=200, description="the publisher's id")
    likes: tuple[_Text, ...] = Field(
        default=(),
        max_length=MOST_LIKES,
        description="names in any spelling, `id:RAW_ID`, or ids such as `artist:Radiohead`",
    )
