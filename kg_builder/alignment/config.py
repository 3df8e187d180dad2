"""Settings of the alignment stage, and of each third-party database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Database(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the database: target of links, source of statements.")
    path: Path = Field(description="The dump, plain or gzip; relative to the raw folder.")
    trust: float = Field(0.9, gt=0, le=1, description="Confidence of a statement it brings.")
    predicates: tuple[str, ...] | None = Field(
        None,
        description="Predicates of the data model to bring; without it all that the data model"
        " maps from this database.",
    )


class FreebaseRdf(_Database):
    """The line layout of the Freebase RDF dump: four columns with tabs between."""

    format: Literal["freebase-rdf"] = "freebase-rdf"
    languages: tuple[str, ...] = Field(
        ("en",), description="Languages of names; every language counts as an alias of a match."
    )
    max_namesakes: int = Field(
        10,
        ge=1,
        description="Things kept per name, those with the most facts that the data model maps;"
        " the others are counted as rejected.",
    )


class DbpediaNt(_Database):
    """N-Triples of DBpedia; names are read from the IRIs where there are no labels."""

    format: Literal["dbpedia-nt"] = "dbpedia-nt"
    namespace: str = Field(
        "http://dbpedia.org/resource/", description="What the IRIs of its things start with."
    )


ThirdParty = Annotated[FreebaseRdf | DbpediaNt, Field(discriminator="format")]
"""A third-party database, told apart by its `format`."""


class AlignmentConfig(BaseModel):
    """How entities are linked to third-party databases, and what is brought from there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: float = Field(0.75, ge=0, le=1, description="Probability from which on to link.")
    unsure: float = Field(
        0.35, ge=0, le=1, description="From here to `match` the candidates are kept for a person."
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
