"""Read and write link files (KB4Rec, RecBole): pairs of a data set's item id and a database id.

KB4Rec (Zhao et al., Data Intelligence 1, 2019) publishes lines of an item's id, a tab and a
Freebase id; RecBole's `.link` files are the same with a heading. Both can be imported, as links
that override those of alignment, and exported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from kg_builder.databases import DATABASES, AlignedDatabase, identify
from kg_builder.errors import DataError

Format = Literal["kb4rec", "recbole"]
FORMATS: Final = ("kb4rec", "recbole")
HEADING: Final = "item_id:token\tentity_id:token"


class LinkFile(BaseModel):
    """Recipe settings of a file of links made elsewhere; they override those of alignment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(description="Link file of KB4Rec or RecBole; relative to the raw folder.")
    database: AlignedDatabase = Field(
        "freebase", description="Database of the ids in the second column."
    )
    records: str | None = Field(
        None,
        description="Prefix of the record keys, such as 'lastfm/artists', if the first column "
        "contains ids of records; by default it contains ids of items with interactions.",
    )


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A line of a link file: `raw` is the publisher's id, `external` a CURIE."""

    raw: str
    external: str
    evidence: str


@dataclass(slots=True)
class SuppliedLinks:
    """Links made elsewhere, resolved to entities.

    Attributes:
        links: entity CURIE → CURIE in the database.
        rejects: (reason, evidence, detail) of unused lines.
    """

    links: dict[str, str] = field(default_factory=dict)
    rejects: list[tuple[str, str, str]] = field(default_factory=list)


def read_links(path: Path, database: AlignedDatabase = "freebase") -> list[LinkLine]:
    """Read the lines of a link file; a RecBole heading is skipped.

    Raises:
        DataError: the file is missing, or a line does not hold two ids.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (FileNotFoundError, IsADirectoryError):
        raise DataError("no such link file", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8: {fault.reason}", where=str(path)) from None
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (number == 1 and ":token" in line):
            continue
        raw, _, key = line.strip().partition("\t") if "\t" in line else line.strip().rpartition(" ")
        raw, external = raw.strip(), identify(key, database)
        if not raw or external is None or " " in key.strip():
            raise DataError(
                f"not a link: {line!r}",
                where=f"{path}:{number}",
                remedy=f"an item's id, a tab, an id of {database} such as "
                f"{DATABASES[database].example}",
            )
        found.append(LinkLine(raw, external, f"{path.name}#line={number}"))
    return found


def supplied_links(
    lines: Iterable[LinkLine], entities: Mapping[str, Sequence[str]]
) -> SuppliedLinks:
    """Resolve the lines of link files to entities.

    Args:
        lines: in file order; of contradictory lines the first counts.
        entities: the publisher's id → CURIEs of its entities.
    """
    found = SuppliedLinks()
    owner: dict[str, str] = {}
    for line in lines:
        owners = entities.get(line.raw, ())
        if not owners:
            found.rejects.append(("a given link is of no item", line.evidence, line.raw))
        for entity in owners:
            earlier, taken = found.links.get(entity), owner.get(line.external)
            if earlier is not None and earlier != line.external:
                detail = f"{entity}: {line.external}, earlier {earlier}"
            elif taken is not None and taken != entity:
                detail = f"{line.external}: {entity}, earlier {taken}"
            else:
                found.links[entity] = line.external
                owner[line.external] = entity
                continue
            found.rejects.append(("given links contradict each other", line.evidence, detail))
    return found


def format_links(pairs: Iterable[tuple[str, str]], style: Format) -> str:
    """Format pairs of a publisher's id and a database id (without prefix) as a link file."""
    lines = [f"{raw}\t{key}" for raw, key in pairs]
    return "\n".join([HEADING, *lines] if style == "recbole" else lines) + "\n"
