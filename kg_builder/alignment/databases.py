"""Settings of each third-party database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Database(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the database: target of links, source of statements.")
    path: Path = Field(
        description="The dump, plain or packed (gzip, bzip2, xz); relative to the raw folder."
    )
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


class WikidataJson(_Database):
    """The JSON dump of Wikidata, an array with one entity per line."""

    format: Literal["wikidata-json"] = "wikidata-json"
    languages: tuple[str, ...] = Field(
        ("en", "mul"), min_length=1, description="Languages of names, the preferred one first."
    )
    wiki: str = Field("enwiki", description="The Wikipedia whose page titles DBpedia's names are.")
    max_namesakes: int = Field(
        10, ge=1, description="Items kept per name, those with the most properties."
    )


class MusicBrainzJson(_Database):
    """A JSON dump of MusicBrainz' artists: `artist.tar.xz`, or its file `mbdump/artist`."""

    format: Literal["musicbrainz-json"] = "musicbrainz-json"
    max_namesakes: int = Field(
        10, ge=1, description="Artists kept per name, those with the most relations."
    )


ThirdParty = Annotated[
    FreebaseRdf | DbpediaNt | WikidataJson | MusicBrainzJson, Field(discriminator="format")
]
"""A third-party database, told apart by its `format`."""
