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
        str, Field(description="Characters stripped from both ends of the cell, such as '{}'.")
    ] = ""
    pattern: Annotated[
        str | None,
        Field(description="Regular expression; its first group (or the whole match) is the value."),
    ] = None
    values: Annotated[
        dict[str, str], Field(description="Replacements for whole values, such as codes.")
    ] = {}
    ref: Annotated[str | None, Field(description="Table of this source whose id the value is.")] = (
        None
    )
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
        Field(description="Unit of a bare number: of a duration, or of a date counted from 1970."),
    ] = None
    decimal: Annotated[
        DecimalSign | None,
        Field(description="Decimal separator; by default the table's."),
    ] = None
    day_first: Annotated[
        bool | None,
        Field(description="Whether 03/04/1999 is in April; by default as in the table."),
    ] = None
    real_names: Annotated[
        tuple[str, ...],
        Field(
            description="Real names in this column that look like placeholders ('None', "
            "'Various', 'Independent'), in addition to the table's."
        ),
    ] = ()
    period: Annotated[
        Literal["begin", "end"] | None,
        Field(description="End of a period ('1965–1970', '1985/..') to use as the value."),
    ] = None
    inverse: Annotated[
        bool, Field(description="The cell's entity is the subject and the row's entity the object.")
    ] = False
    confidence: Annotated[
        float, Field(gt=0, le=1, description="Confidence of the column's statements.")
    ] = 1.0


class TypeColumn(BaseModel):
    """The class of a row's entity, read from a column."""

    model_config = _STRICT

    column: Annotated[str, Field(description="Column with the class.")]
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

    reads: Annotated[Literal["records"], Field(description="Meaning of a row.")] = "records"
    type: Annotated[str | TypeColumn, Field(description="Class of the row's entity.")]
    id: Annotated[
        str | None,
        Field(description="Column with the publisher's id; by default the line number."),
    ] = None
    name: Annotated[
        str | tuple[str, ...],
        Field(
            description="Column with the name; of several the first non-empty one. Or a text with "
            "columns in braces, such as '{first} {last}'."
        ),
    ]
    name_pattern: Annotated[
        str | None,
        Field(
            description="Regular expression; its first group (or the whole match) in the cell is "
            "the name, as with 'Watched (.+)'. A cell without a match holds none."
        ),
    ] = None
    split: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Separator of several entities in one row, whose id, name and "
            "external_ids cells have a value for each. Lists in JSON or Python notation "
            "need none.",
        ),
    ] = None
    aliases: Annotated[
        tuple[str, ...], Field(description="Columns with aliases of the entity.")
    ] = ()
    aliases_split: Annotated[
        str | None, Field(min_length=1, description="Separator of several aliases in a cell.")
    ] = None
    external_ids: Annotated[
        dict[str, str],
        Field(
            default_factory=dict,
            description="Column → prefix of the database of its id (musicbrainz, wikidata, "
            "...) or of the kind of id (discogs-master); an empty prefix if the cell is a full "
            "IRI. An id of another kind of thing than the row's is a reject.",
        ),
    ]
    columns: Annotated[
        dict[str, ColumnMap | tuple[ColumnMap, ...]],
        Field(
            default_factory=dict,
            description="Column → its statements about the entity; a list for several.",
        ),
    ]
    constants: Annotated[
        tuple[Constant, ...], Field(description="Constant statements about every row's entity.")
    ] = ()
    scope: Annotated[
        str | None,
        Field(
            description="Middle part of the record keys `<source>/<scope>/<id>`; by default "
            "the table's name, and empty in a source with one table."
        ),
    ] = None
    only_if_used: Annotated[
        bool,
        Field(description="Drop (and count) entities that no statement of the source mentions."),
    ] = False


class End(BaseModel):
    """One end of a link: a row of another table by its id, or an entity by its name."""

    model_config = _STRICT

    column: Annotated[str, Field(description="Column with the id or the name.")]
    ref: Annotated[str | None, Field(description="Table of this source with the id.")] = None
    type: Annotated[
        str | TypeColumn | None, Field(description="Class of an entity given by its name.")
    ] = None


class LinkTable(RowsConfig):
    """A table whose rows link two entities: `subject –predicate→ object`.

    With `distinct` the rows of a pair are votes, one per distinct value of that column; pairs with
    fewer than `min_count` votes are left out (and counted), and the confidence is `1 - 1 / (1 +
    votes)`.
    """

    reads: Annotated[Literal["links"], Field(description="Meaning of a row.")]
    subject: Annotated[End, Field(description="Column of the subject.")]
    predicate: Annotated[str, Field(description="Predicate of the data model.")]
    object: Annotated[End, Field(description="Column of the object.")]
    user: Annotated[
        str | None,
        Field(
            description="Column with the user whose action a row is, such as giving a tag: the "
            "rows of held-out pairs can then be excluded (--without-pairs)."
        ),
    ] = None
    distinct: Annotated[
        str | None, Field(description="Column whose distinct values count as votes.")
    ] = None
    min_count: Annotated[
        int, Field(ge=1, description="Minimum number of votes of a statement.")
    ] = 1
    min_uses: Annotated[
        int,
        Field(
            ge=1,
            description="Minimum number of distinct subjects linked to an object in this "
            "table; rarer objects, such as one listener's private tags, are dropped (and "
            "counted).",
        ),
    ] = 1
    min_share: Annotated[
        float,
        Field(
            ge=0,
            le=1,
            description="Minimum share of the votes of the subject's strongest object: a "
            "single vote is significant if there is no other, but not next to sixty.",
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
    labels: Annotated[
        ItemLabels | None, Field(description="Table with the names of the raw items.")
    ] = None


class ItemLabels(RowsConfig):
    """A table with the names of raw items."""

    id: Annotated[str, Field(description="Column with the raw item id.")]
    name: Annotated[str, Field(description="Column with the name.")]


class TripleTable(RowsConfig):
    """A file of `head relation tail` rows; order and repeated triples are kept.

    With an item index, a triple whose head is neither an item nor the tail of an earlier triple is
    a reject, as in the public programs that read such files.
    """

    reads: Annotated[Literal["triples"], Field(description="Meaning of a row.")]
    names: Annotated[tuple[str, ...], Field(description="Column names.")] = (
        "head",
        "relation",
        "tail",
    )
    header: Annotated[bool, Field(description="Whether the first row names the columns.")] = False
    namespace: Annotated[
        str, Field(description="Prefix put before the relation names, such as 'freebase'.")
    ]
    entity_type: Annotated[str, Field(description="Class of entities that are not items.")] = (
        "Entity"
    )
    items: Annotated[ItemIndex | None, Field(description="Index of the items among the heads.")] = (
        None
    )


class RdfTable(BaseModel):
    """An RDF file: N-Triples, N-Quads, Turtle, TriG or RDF/XML, optionally packed."""

    model_config = _STRICT

    reads: Annotated[Literal["rdf"], Field(description="Content of the file.")]
    path: Annotated[str, Field(description="File in the raw folder.")]
    entity_type: Annotated[
        str, Field(description="Class of a resource not determined by a type or predicate.")
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
        Field(description="Languages of names, in order of preference; others become aliases."),
    ] = ("en",)
    confidence: Annotated[float, Field(gt=0, le=1, description="Confidence of a triple.")] = 1.0


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

    kind: Annotated[Literal["structured"], Field(description="Kind of source.")]
    name: Annotated[
        str,
        Field(pattern=r"^[\w.-]+$", description="Name of the source; prefix of its record keys."),
    ]
    tables: Annotated[
        dict[str, SourceTable], Field(min_length=1, description="The source's tables by name.")
    ]
    chunk_rows: Annotated[int, Field(ge=1, description="Rows held in memory at a time.")] = 10_000


ItemIndex.model_rebuild()
