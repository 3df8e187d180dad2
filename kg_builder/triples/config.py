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
        description="how ids are given: by the entities' names, or as they first appear in the "
        "source (which keeps the numbering of a published index)",
    )
    heads: Literal["items", "all"] = Field(
        "items",
        description="'items' writes every triple with an item as head, turning it round where "
        "needed, and leaves out those without an item (the public MKR program looks each head up "
        "among the items); 'all' keeps every triple between entities",
    )
    exclude: tuple[str, ...] = Field(
        (), description="predicates that stay in the Turtle but not in kg_final.txt"
    )
    min_confidence: float = Field(
        0.0, ge=0, le=1, description="statements below it stay out of kg_final.txt"
    )


class RatingsConfig(BaseModel):
    """Settings of the labelled rows in `ratings_final.txt`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: Literal["interacted", "all"] | ItemList = Field(
        "interacted",
        description="which entities are items: those with a positive interaction, all of the item "
        "class, or those that a file lists (`path`, `column`, `records`), in its order",
    )
    item_type: str | None = Field(
        None,
        description="class of the items, its subclasses included: by default Artist for items = "
        '"all", and any class for those that are interacted with',
    )
    negatives: int = Field(
        1, ge=0, description="unobserved items drawn per positive, without replacement"
    )

    @model_validator(mode="after")
    def _a_list_needs_no_class(self) -> Self:
        if isinstance(self.items, ItemList) and self.item_type is not None:
            raise ValueError("'item_type' says nothing where a file lists the items: leave it out")
        return self
