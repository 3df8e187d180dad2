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

    match: float = Field(0.75, ge=0, le=1, description="Probability from which on to link.")
    unsure: float = Field(
        0.35, ge=0, le=1, description="From here to `match` the candidates are kept for a person."
    )
    namesake: float = Field(
        0.84,
        ge=0,
        le=1,
        description="The same where another candidate has a tenth of the probability: of two"
        " bands of one name the likelier one is taken only with good reason.",
    )
    second_spelling: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Probability from which on a second spelling of a linked name is linked, too.",
    )
    types: tuple[str, ...] = Field(
        ("Agent", "Genre", "Tag", "Instrument", "Place", "Role", "Award", "Language", "Work"),
        description="Classes to align, subclasses included.",
    )
    genre_uses: int = Field(
        2, ge=1, description="So many things must bear a genre before a tag of its name joins it."
    )
    hops: int = Field(
        2,
        ge=1,
        le=2,
        description="1: facts about linked entities. 2: also those below about their objects.",
    )
    second_hop: tuple[str, ...] = Field(
        ("subgenreOf", "locatedIn", "country", "parentLabel"),
        description="Predicates brought in the second hop.",
    )
    joint_credits: bool = Field(
        True, description="Whether 'X feat. Y' is credited to X and to Y where both are known."
    )
    judgements: Path | None = Field(
        None, description="TSV of a person's decisions: entity, external id, same|different|unsure."
    )
    candidates_kept: int = Field(5, ge=0, description="Alternatives kept per entity in the links.")

    @model_validator(mode="after")
    def _bands(self) -> AlignmentConfig:
        if self.unsure > self.match:
            raise ValueError(f"'unsure' ({self.unsure}) lies above 'match' ({self.match})")
        return self
