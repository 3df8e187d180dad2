"""Recipe settings of a structured source: declarative mapping of its tables to the data model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from kg_builder.extraction.tabular.config import RowsConfig
from kg_builder.extraction.values.numbers import DecimalSign

_STRICT = ConfigDict(frozen=True, extra="forbid")


class ColumnMap(BaseModel):
    """Mapping of one column to statements about the row's entity.

    The object of a relation is given by name (`type` is its class), by id of another table's row
    (`ref`), or by IRI (`iri`, with the name from `labels`).
    """

    model_config = _STRICT

    predicate: Annotated[str, Field(description="Predicate of the data model.")]
    type: Annotated[
        str | None,
        Field(description="Class of the object; by default the predicate's only range."),
    ] = None
    split: Annotated[
        str | None,
        Field(min_length=1, description="Separator of several values in one cell, such as ';'."),
    ] = None
    strip: Annotated[
        str, Field(description="Characters cut from both ends of the cell, such as '{}'.")
    ] = ""
    pattern: Annotated[
        str | None,
        Field(description="Regular expression; its first group (or all it matches) is the value."),
    ] = None
    values: Annotated[
        dict[str, str], Field(description="Replacements for whole values, such as codes.")
    ] = {}
    ref: Annotated[
        str | None, Field(description="Table of this source that the value is an id of.")
    ] = None
    iri: Annotated[bool, Field(description="The value is the object's IRI.")] = False
    labels: Annotated[
        str | None,
        Field(description="Column with the objects' names, in the same order as the values."),
    ] = None
    before: Annotated[
        str | None,
        Field(
            description="Column whose text stands before the value, such as the first names "
            "beside last names."
        ),
    ] = None
    unit: Annotated[
        Literal["seconds", "milliseconds", "minutes"] | None,
        Field(
            description="Unit of a bare number in a duration, or in a date, where it counts from "
            "1970."
        ),
    ] = None
    decimal: Annotated[
        DecimalSign | None,
        Field(description="Sign before the fraction of a number; by default the table's."),
    ] = None
    day_first: Annotated[
        bool | None,
        Field(description="Whether 03/04/1999 is a day in April; by default as in the table."),
    ] = None
    real_names: Annotated[
        tuple[str, ...],
        Field(
            description="Names that look like none ('None', 'Various', 'Independent') and are real "
            "in this column, besides those of the table."
        ),
    ] = ()
    period: Annotated[
        Literal["begin", "end"] | None,
        Field(
            description="The cell is a period ('1965–1970', '1985/..'), of which one end counts."
        ),
    ] = None
    inverse: Annotated[
        bool, Field(description="The cell's thing is the subject and the row's thing the object.")
    ] = False
    confidence: Annotated[
        float, Field(gt=0, le=1, description="Probability that the column says so.")
    ] = 1.0


class TypeColumn(BaseModel):
    """The class of a row's entity, read from a column."""

    model_config = _STRICT

    column: Annotated[str, Field(description="Column that tells the class.")]
    values: Annotated[
        dict[str, str], Field(description="Value of the cell (any case) → class of the data model.")
    ]
    default: Annotated[
        str | None,
        Field(description="Class for other values; without it such a row is a reject."),
    ] = None

    def of(self, text: str) -> str | None:
        """The class for a cell; None if the recipe does not map it."""
        by_text = {value.casefold(): name for value, name in self.values.items()}
        return by_text.get(text.strip().casefold(), self.default)


class Constant(BaseModel):
    """A constant statement about every row's entity."""

    model_config = _STRICT

    predicate: Annotated[str, Field(description="Predicate of the data model.")]
    value: Annotated[str, Field(description="Name of the object, or the literal.")]
    type: Annotated[
        str | None, Field(description="Class of the object; by default the predicate's range.")
    ] = None


class RecordTable(RowsConfig):
    """A table of entities.

    Rows with the same id describe the same entity; a row with lists of ids and names describes
    several.
    """

    reads: Annotated[Literal["records"], Field(description="What a row is.")] = "records"
    type: Annotated[str | TypeColumn, Field(description="Class of the row's thing.")]
    id: Annotated[
        str | None,
        Field(description="Column with the publisher's id; without one the line number serves."),
    ] = None
    name: Annotated[
        str | tuple[str, ...],
        Field(description="Column with the name; of several the first that is filled."),
    ]
    split: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Separator of several things in one row, whose cells of id, name and "
            "external_ids hold a value for each. Lists in JSON or Python notation need none.",
        ),
    ] = None
    aliases: Annotated[
        tuple[str, ...], Field(description="Columns with other names of the thing.")
    ] = ()
    aliases_split: Annotated[
        str | None, Field(min_length=1, description="Separator of several aliases in a cell.")
    ] = None
    external_ids: Annotated[
        dict[str, str],
        Field(
            default_factory=dict,
            description="Column → prefix of the database whose id it holds (musicbrainz, wikidata, "
            "...); an empty prefix where the cell is a whole IRI.",
        ),
    ]
    columns: Annotated[
        dict[str, ColumnMap | tuple[ColumnMap, ...]],
        Field(
            default_factory=dict,
            description="Column → what it says; a list where it says several things.",
        ),
    ]
    constants: Annotated[
        tuple[Constant, ...], Field(description="Statements made of every row's thing.")
    ] = ()
    scope: Annotated[
        str | None,
        Field(
            description="Middle part of the record keys `<source>/<scope>/<id>`; by default the "
            "table's name, and nothing in a source with one table."
        ),
    ] = None
    only_if_used: Annotated[
        bool,
        Field(description="Leave out (and count) things that no statement of the source mentions."),
    ] = False


class End(BaseModel):
    """One end of a link: a row of another table by its id, or an entity by its name."""

    model_config = _STRICT

    column: Annotated[str, Field(description="Column with the id or the name.")]
    ref: Annotated[str | None, Field(description="Table of this source that holds the id.")] = None
    type: Annotated[
        str | None, Field(description="Class of a thing that is given by its name.")
    ] = None


class LinkTable(RowsConfig):
    """A table whose rows link two entities: `subject –predicate→ object`.

    With `distinct` the rows of a pair are votes, one per distinct value of that column; pairs with
    fewer than `min_count` votes are left out (and counted), and the confidence is `1 - 1 / (1 +
    votes)`.
    """

    reads: Annotated[Literal["links"], Field(description="What a row is.")]
    subject: Annotated[End, Field(description="Column of the subject.")]
    predicate: Annotated[str, Field(description="Predicate of the data model.")]
    object: Annotated[End, Field(description="Column of the object.")]
    user: Annotated[
        str | None,
        Field(
            description="Column with the user whose act a row is, such as giving a tag: the rows "
            "of pairs that are held out for testing can then be left out (--without-pairs)."
        ),
    ] = None
    distinct: Annotated[
        str | None, Field(description="Column whose different values count as votes.")
    ] = None
    min_count: Annotated[
        int, Field(ge=1, description="Votes that a pair needs to become a statement.")
    ] = 1
    min_uses: Annotated[
        int,
        Field(
            ge=1,
            description="Different subjects that an object must be linked to, in this table; "
            "rarer objects, such as one listener's private tags, are left out (and counted).",
        ),
    ] = 1
    min_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Least part of the votes of the subject's strongest pair: one vote says "
            "much where nobody else voted, and nothing beside sixty.",
        ),
    ] = 0.0

    @property
    def counts_votes(self) -> bool:
        """Whether rows are votes for their pair rather than statements."""
        return (
            self.distinct is not None
            or self.min_count > 1
            or self.min_uses > 1
            or self.min_share > 0
        )


class ItemIndex(RowsConfig):
    """Index from raw items to heads of a triple file: two columns, raw id and entity id."""

    names: Annotated[tuple[str, ...], Field(description="Column names.")] = ("item", "entity")
    header: Annotated[bool, Field(description="Whether the first row names the columns.")] = False
    type: Annotated[str, Field(description="Class of the items.")]
    labels: Annotated[ItemLabels | None, Field(description="Table that names the raw items.")] = (
        None
    )


class ItemLabels(RowsConfig):
    """A table with the names of raw items."""

    id: Annotated[str, Field(description="Column with the raw item id.")]
    name: Annotated[str, Field(description="Column with the name.")]


class TripleTable(RowsConfig):
    """A file of `head relation tail` rows; order and repeated triples are kept.

    With an item index, a triple whose head is neither an item nor the tail of an earlier triple is
    a reject, as in the public programs that read such files.
    """

    reads: Annotated[Literal["triples"], Field(description="What a row is.")]
    names: Annotated[tuple[str, ...], Field(description="Column names.")] = (
        "head",
        "relation",
        "tail",
    )
    header: Annotated[bool, Field(description="Whether the first row names the columns.")] = False
    namespace: Annotated[
        str, Field(description="Prefix put before the relation names, such as 'freebase'.")
    ]
    entity_type: Annotated[str, Field(description="Class of what is no item.")] = "Entity"
    items: Annotated[ItemIndex | None, Field(description="Index of the items among the heads.")] = (
        None
    )


class RdfTable(BaseModel):
    """An RDF file: N-Triples, N-Quads, Turtle, TriG or RDF/XML, optionally packed."""

    model_config = _STRICT

    reads: Annotated[Literal["rdf"], Field(description="What the file holds.")]
    path: Annotated[str, Field(description="File below the raw folder.")]
    entity_type: Annotated[
        str, Field(description="Class of a resource that neither a type nor a predicate tells.")
    ] = "Entity"
    type: Annotated[
        TypeColumn | None,
        Field(
            description="The property that tells a resource's class, over what rdf:type says: its "
            "address, or with a known prefix (mo:release_type). Values are texts, or the last part "
            "of addresses."
        ),
    ] = None
    languages: Annotated[
        tuple[str, ...],
        Field(description="Languages of names, best first; others become aliases."),
    ] = ("en",)
    confidence: Annotated[
        float, Field(gt=0, le=1, description="Probability that a triple is meant so.")
    ] = 1.0


def _reads(value: Any) -> str:
    found = value.get("reads") if isinstance(value, dict) else getattr(value, "reads", None)
    return "records" if found is None else str(found)


SourceTable = Annotated[
    Annotated[RecordTable, Tag("records")]
    | Annotated[LinkTable, Tag("links")]
    | Annotated[TripleTable, Tag("triples")]
    | Annotated[RdfTable, Tag("rdf")],
    Discriminator(_reads),
]


class StructuredSource(BaseModel):
    """A publisher's tables, which may refer to each other by id."""

    model_config = _STRICT

    kind: Annotated[Literal["structured"], Field(description="How far the source is structured.")]
    name: Annotated[
        str, Field(pattern=r"^[\w.-]+$", description="Name of the source; begins every record key.")
    ]
    tables: Annotated[
        dict[str, SourceTable], Field(min_length=1, description="The source's tables by name.")
    ]
    chunk_rows: Annotated[int, Field(ge=1, description="Rows held in memory at a time.")] = 10_000


ItemIndex.model_rebuild()
