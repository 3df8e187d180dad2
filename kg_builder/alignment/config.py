"""Settings of alignment: link thresholds, classes to link, hops to import, database dumps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kg_builder.alignment.dbpedia import DbpediaNt
from kg_builder.alignment.freebase import FreebaseRdf
from kg_builder.alignment.musicbrainz_dump import MusicBrainzJson
from kg_builder.alignment.wikidata import WikidataJson

ThirdParty = Annotated[
    FreebaseRdf | DbpediaNt | WikidataJson | MusicBrainzJson, Field(discriminator="format")
]
"""A third-party database; `format` is the discriminator."""


class AlignmentConfig(BaseModel):
    """Settings of entity linking to third-party databases, and of the facts imported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: float = Field(0.75, ge=0, le=1, description="Minimum probability of a link.")
    unsure: float = Field(
        0.35,
        ge=0,
        le=1,
        description="Minimum probability at which candidates are kept for human judgement.",
    )
    namesake: float = Field(
        0.84,
        ge=0,
        le=1,
        description="Minimum probability of a link if another candidate has at least a tenth "
        "of it, such as one of two bands of the same name.",
    )
    second_spelling: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Minimum probability for linking a second spelling of a linked name.",
    )
    types: tuple[str, ...] = Field(
        ("Agent", "Genre", "Tag", "Instrument", "Place", "Role", "Award", "Language", "Work"),
        description="Classes to align, including their subclasses.",
    )
    genre_uses: int = Field(
        2,
        ge=1,
        description="Minimum number of entities with a genre for a tag of the same "
        "name to be merged into it.",
    )
    hops: int = Field(
        2,
        ge=1,
        le=2,
        description="1: facts about linked entities; 2: also the `second_hop` facts about "
        "their objects.",
    )
    second_hop: tuple[str, ...] = Field(
        ("subgenreOf", "locatedIn", "country", "parentLabel"),
        description="Predicates imported in the second hop.",
    )
    joint_credits: bool = Field(
        True, description="Attribute 'X feat. Y' to X and to Y if both are known."
    )
    judgements: Path | None = Field(
        None, description="TSV of human decisions: entity, external id, same|different|unsure."
    )
    candidates_kept: int = Field(5, ge=0, description="Alternatives kept per entity in the links.")

    @model_validator(mode="after")
    def _bands(self) -> AlignmentConfig:
        if self.unsure > self.match:
            raise ValueError(f"'unsure' ({self.unsure}) lies above 'match' ({self.match})")
        return self
