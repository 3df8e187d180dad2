"""Settings of stage 6: how `kg_final.txt` (triples) and `ratings_final.txt` are made."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kg_builder.triples.listed_items import ItemList


class TriplesConfig(BaseModel):
    """Settings of the integer triples in `kg_final.txt`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order: Literal["name", "source"] = Field(
        "name",
        description="order of ids: by the entities' names, or by first occurrence in the "
        "source (which keeps the numbering of a published index)",
    )
    heads: Literal["items", "all"] = Field(
        "items",
        description="'items' writes every triple with an item, inverted if needed so that the "
        "item is the head, and drops those without one (the public MKR program looks up "
        "each head among the items); 'all' keeps every triple between entities",
    )
    exclude: tuple[str, ...] = Field(
        (), description="predicates kept in the Turtle but not in kg_final.txt"
    )
    min_confidence: float = Field(
        0.0, ge=0, le=1, description="statements below it are not written to kg_final.txt"
    )


class RatingsConfig(BaseModel):
    """Settings of the labelled rows in `ratings_final.txt`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: Literal["interacted", "all"] | ItemList = Field(
        "interacted",
        description="which entities are items: those with a positive interaction, all of the "
        "item class, or those listed in a file (`path`, `column`, `records`), in its order",
    )
    item_type: str | None = Field(
        None,
        description="class of the items, including its subclasses: by default Artist for items "
        '= "all", and any class for "interacted"',
    )
    negatives: int = Field(
        1, ge=0, description="unobserved items sampled per positive, without replacement"
    )

    @model_validator(mode="after")
    def _a_list_needs_no_class(self) -> Self:
        if isinstance(self.items, ItemList) and self.item_type is not None:
            raise ValueError("'item_type' has no effect if a file lists the items: remove it")
        return self
