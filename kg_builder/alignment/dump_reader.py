"""Interface of a dump reader: its recipe settings, and `gather` for candidates and facts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kg_builder.alignment.dump_contents import Gathered, Wanted
from kg_builder.databases import DATABASES
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent


class DumpReader(BaseModel, ABC):
    """A dump of a database, declared in a recipe under `[[databases]]`.

    Each subclass has a `format`, the `dump_format` of a database in `kg_builder.databases`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    name: str = Field(description="Name of the database: target of links, source of statements.")
    path: Path = Field(
        description="The dump, plain or compressed (gzip, bzip2, xz); relative to the raw folder."
    )
    trust: float = Field(0.9, gt=0, le=1, description="Confidence of its statements.")
    predicates: tuple[str, ...] | None = Field(
        None,
        description="Predicates of the data model to import; by default all that the data "
        "model maps from this database.",
    )

    @property
    def prefix(self) -> str:
        """Prefix of the ids of its entries."""
        return next(n for n, database in DATABASES.items() if database.dump_format == self.format)

    @abstractmethod
    def gather(
        self,
        path: Path,
        wanted: Wanted,
        schema: Schema,
        *,
        second_hop: frozenset[str] = frozenset(),
        progress: Progress = silent,
    ) -> Gathered:
        """Read the dump and keep the entries with one of our names or ids, and their facts.

        Args:
            path: the dump.
            wanted: keys of our names, and external ids of our entities.
            schema: the data model; facts that it does not map are left out.
            second_hop: predicates whose facts are also kept for the objects of facts.
            progress: called with the number of lines read so far.

        Raises:
            DataError: there is no such file.
        """
