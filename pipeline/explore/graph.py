"""Open a built graph for SPARQL queries and entity cards: `Graph.open("data/processed/lastfm")`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from kg_builder.errors import DataError
from kg_builder.ontology import PREFIXES, curie
from pipeline.explore.cards import Card, Fact, Hit
from pipeline.explore.fact_reader import FactReader
from pipeline.explore.premises import Why, why
from pipeline.explore.sparql import MEMORY, Queries, QueryResult
from pipeline.explore.store import store_folder

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.explore.places import Place, Places

__all__ = ["Graph", "UnknownNameError"]

_PREFIX: Final = re.compile(r"@prefix ([\w-]*):\s+<([^>]+)> \.")
_COMMON: Final = ("rdf", "rdfs", "owl", "xsd", "skos", "mkg")


class UnknownNameError(DataError):
    """No entity has the requested name.

    Attributes:
        near: entities with similar names, the most similar first.
    """

    def __init__(self, name: str, near: list[Hit], where: Path) -> None:
        self.near = near
        listed = " or ".join(dict.fromkeys(hit.label for hit in near))
        remedy = f"did you mean {listed}?" if near else "names are in entities.tsv and aliases.tsv"
        super().__init__(f"{name!r} is not in the graph", where=str(where), remedy=remedy)


class Graph:
    """Read-only access to a build; thread-safe, cheap to open.

    Its indexes (an Oxigraph store for SPARQL, an SQLite index of facts) are created on first use
    and kept beside the build.

    Args:
        folder: a processed folder.
        cache: folder of the indexes; by default `.index` in the folder, or below the user's cache
            if that is not writable.
        workers: number of query processes that are kept running.
        memory: memory limit of a query, in bytes.
    """

    def __init__(
        self, folder: Path, *, cache: Path | None = None, workers: int = 2, memory: int = MEMORY
    ) -> None:
        self.folder, self._cache = folder, cache
        self._workers, self._memory = workers, memory

    @classmethod
    def open(cls, folder: str | Path, *, cache: str | Path | None = None) -> Self:
        """Open the build in a processed folder.

        Raises:
            DataError: there is no build.
        """
        path = Path(folder)
        if not (path / "kg.ttl").is_file():
            raise DataError(
                "no built graph here",
                where=str(path),
                remedy="build it first: python -m pipeline build",
            )
        return cls(path, cache=Path(cache) if cache is not None else None)

    def query(self, sparql: str, *, timeout: float = 10.0, limit: int = 10_000) -> QueryResult:
        """Answer a SPARQL query; the prefixes of `kg.ttl` need not be declared.

        Args:
            sparql: SELECT, ASK, CONSTRUCT or DESCRIBE.
            timeout: time limit in seconds.
            limit: maximum number of rows (triples); `truncated` is set if there were more.

        Raises:
            DataError: the query is invalid, calls another server, or needs too much memory.
            QueryTimeoutError: the time limit was exceeded.
        """
        return self._queries.ask(sparql, timeout=timeout, limit=limit)

    def search(self, text: str, *, limit: int = 10, type_: str | None = None) -> list[Hit]:
        """Find entities whose name or alias equals, begins with, contains or resembles a text."""
        from pipeline.explore import names  # lazy import: not needed for queries

        return names.search(self._facts, text, limit=limit, type_=type_)

    def show(self, name: str, *, most: int = 10) -> Card:
        """The card of an entity.

        Args:
            name: its name or alias, ignoring case and punctuation, its CURIE or its IRI. Of several
                with the same name the best connected is shown; the others are in `same_name`.
            most: maximum facts per predicate and direction; `totals` counts all.

        Raises:
            UnknownNameError: no entity has the name.
        """
        number = self._facts.number(name) or self._facts.number(curie(name))
        others: tuple[Hit, ...] = ()
        if number is None:
            from pipeline.explore import names

            hits = names.exact(self._facts, name)
            if not hits:
                raise UnknownNameError(name, self.search(name, limit=3), self.folder)
            number = self._facts.number(hits[0].id)
            others = tuple(hits[1:])
        assert number is not None
        card = self._facts.card(number, most)
        return Card(**{**card.__dict__, "same_name": others}) if others else card

    def neighbours(self, name: str) -> pd.DataFrame:
        """All entities related to an entity: predicate, direction, id, label, type, confidence.

        Raises:
            UnknownNameError: no entity has the name.
        """
        import pandas as pd

        number = self._facts.number(self.show(name, most=1).id)
        assert number is not None
        rows = [
            (fact.predicate, fact.direction, *fact.thing.__dict__.values(), fact.confidence)
            for fact in self._facts.facts(number)
            if fact.thing is not None
        ]
        columns = ["predicate", "direction", "id", "label", "type", "confidence"]
        return pd.DataFrame(rows, columns=columns)

    def why(self, name: str, fact: Fact) -> Why:
        """A fact of a card with its derivation: premises of inferred facts, down to the sources."""
        return why(self._facts, self.show(name, most=1).id, fact)

    def places(self, evidence: Iterable[str]) -> dict[str, Place]:
        """Read the raw data at the locations given in evidence."""
        return self._places.read(evidence)

    def close(self) -> None:
        """Stop the processes and close the files."""
        for part in ("_queries", "_facts"):
            if part in self.__dict__:
                self.__dict__.pop(part).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """The prefixes of `kg.ttl`, and common ones."""
        found = {name: PREFIXES[name] for name in _COMMON}
        with (self.folder / "kg.ttl").open(encoding="utf-8") as lines:
            for line in lines:
                if declared := _PREFIX.match(line):
                    found[declared[1]] = declared[2]
                elif line.strip() and not line.startswith("#"):
                    break
        return found

    @cached_property
    def _queries(self) -> Queries:
        store = store_folder(self.folder, cache=self._cache)
        return Queries(store, self.prefixes, workers=self._workers, memory=self._memory)

    @cached_property
    def _places(self) -> Places:
        from pipeline.explore.places import Places  # lazy import: it loads all file readers

        return Places(self.folder)

    @cached_property
    def _facts(self) -> FactReader:
        from pipeline.explore.index import fact_index

        return FactReader(fact_index(self.folder, cache=self._cache))
