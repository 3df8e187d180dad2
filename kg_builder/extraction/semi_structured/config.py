"""Recipe settings of a semi-structured source: files, format (which adapter reads), JSON paths."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kg_builder.extraction.structured.config import ColumnMap, TypeColumn

_STRICT = ConfigDict(frozen=True, extra="forbid")


class JsonMap(BaseModel):
    """Mapping of nested JSON by paths such as `artist.names[*].value`."""

    model_config = _STRICT

    records: Annotated[
        str,
        Field(
            description="Path of the objects that describe one thing each; '' is the root, '*' "
            "stands for every key of an object. Below such an object, '../x' is x of the object "
            "around it and '@key' its key."
        ),
    ] = ""
    type: Annotated[str | TypeColumn, Field(description="Class of the things.")]
    id: Annotated[str | None, Field(description="Path of the publisher's id.")] = None
    name: Annotated[str, Field(description="Path of the name.")]
    aliases: Annotated[tuple[str, ...], Field(description="Paths of other names.")] = ()
    external_ids: Annotated[
        dict[str, str], Field(description="Path → prefix of the database whose id it holds.")
    ] = {}
    real_names: Annotated[
        tuple[str, ...],
        Field(description="Names that look like none, such as 'None' or 'Various', and are real."),
    ] = ()
    paths: Annotated[
        dict[str, ColumnMap | tuple[ColumnMap, ...]],
        Field(description="Path below the object → what it says."),
    ] = {}


class SemiStructuredSource(BaseModel):
    """Files of one publisher, read by the adapter of their format."""

    model_config = _STRICT

    kind: Annotated[
        Literal["semi-structured"], Field(description="How far the source is structured.")
    ]
    name: Annotated[
        str, Field(pattern=r"^[\w.-]+$", description="Name of the source; begins every record key.")
    ]
    path: Annotated[
        str,
        Field(description="File or pattern below the raw folder: 'pages/*.html', 'dump.xml.gz'."),
    ]
    format: Annotated[
        str,
        Field(
            description="Name of the adapter, such as html, json-ld or discogs (a wrong one lists "
            "all); 'auto' looks at the ending and the first bytes of each file."
        ),
    ] = "auto"
    type: Annotated[
        str, Field(description="Class of a page's topic where the page does not tell it.")
    ] = "Artist"
    language: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z-]*$",
            description="Edition of Wikipedia that wikitext is from; only links within the English "
            "one (en) become dbpedia: ids.",
        ),
    ] = "en"
    mapping: Annotated[
        JsonMap | None,
        Field(
            description="Paths, for the json and xml adapters; the `ref` of one names another "
            "source (or this one) whose ids the values are."
        ),
    ] = None
    confidence: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description="Probability that a field says so; paths of a mapping that have none of "
            "their own take it where it is given, and 1 where it is not.",
        ),
    ] = 0.95
    threads: Annotated[
        int,
        Field(
            ge=0,
            description="Threads that take a Discogs dump apart, beside the one that reads it; 0: "
            "one per core, at most 4. The result is the same.",
        ),
    ] = 0
    max_bytes: Annotated[
        int,
        Field(ge=1024, description="Largest file read whole (pages, articles, JSON), in bytes."),
    ] = 32 * 1024 * 1024

    @model_validator(mode="after")
    def _no_key_is_ignored(self) -> Self:
        readers = {
            "mapping": {"json", "xml"},
            "threads": {"discogs"},
            "type": {"html", "wikitext"},
            "language": {"wikitext"},
        }
        for key, formats in readers.items():
            if key in self.model_fields_set and self.format not in {"auto", *formats}:
                raise ValueError(
                    f"{key!r} is for format = {' or '.join(sorted(formats))}, not {self.format!r}"
                )
        return self
