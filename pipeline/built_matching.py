"""Repeat the entity resolution of a built data set from its tables, to explain decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from kg_builder.errors import DataError
from kg_builder.fusion import Matching, match_records
from kg_builder.fusion.disambiguation.linking import METHOD, without_mentions
from kg_builder.fusion.fuse import natural
from kg_builder.fusion.normalize import name_key
from kg_builder.fusion.own_mentions import with_performers_of_albums
from kg_builder.ontology import Schema
from kg_builder.tables import LINKS, RECORDS, STATEMENTS
from pipeline.artefacts import read_table
from pipeline.judgement_files import judged
from pipeline.recipe import Recipe


@dataclass(frozen=True)
class Built:
    """The tables of a built data set on which decisions about records are based."""

    recipe: Recipe
    schema: Schema
    records: pd.DataFrame
    statements: pd.DataFrame
    links: pd.DataFrame

    def matching(self, aside: Sequence[tuple[str, str]] = ()) -> Matching:
        """Repeat the build's matching; the same tables and settings give the same decisions."""
        records = without_mentions(self.records, self.links)
        return match_records(
            with_performers_of_albums(records, self.statements, self.schema),
            judged(self.recipe),
            schema=self.schema,
            traits=self.recipe.traits,
            statements=self.statements,
            aside=aside,
        )

    def mention(self, record: str) -> Mapping[str, Any] | None:
        """The link of a mention decided by context (in its first text), if any."""
        own = self.links["subject"].str.partition("@")[0] == record
        decided = self.links[own & (self.links["method"] == METHOD)]
        first = decided.head(1).to_dict("records")
        return {str(name): value for name, value in first[0].items()} if first else None

    def entity(self, record: str) -> str:
        """The entity that a record belongs to."""
        own = self.links[(self.links["kind"] == "record") & (self.links["subject"] == record)]
        if len(own):
            return str(own["object"].iloc[0])
        mention = self.mention(record)
        return str(mention["object"]) if mention else ""

    def keys_of(self, text: str) -> list[str]:
        """Look up records: one by its key, or all of an entity or a name.

        The primary source's come first, then records before bare mentions.

        Raises:
            DataError: there is no such record.
        """
        keys, names = self.records["record"].tolist(), self.records["name"].tolist()
        if text in set(keys):
            return [text]
        of_entity = self.links.loc[self.links["object"] == text, "subject"].tolist()
        wanted = name_key(text)
        found = sorted(set(of_entity) & set(keys)) or [
            key
            for key, name, aliases in zip(
                keys, names, self.records["aliases"].tolist(), strict=True
            )
            if wanted in {name_key(name), *map(name_key, aliases)}
        ]
        if not found:
            raise DataError(
                f"no record has the key or the name {text!r}",
                where=f"data set {self.recipe.name}",
                remedy="keys look like <source>/<id>: see the column 'record' of records.parquet",
            )
        attributes = dict(zip(keys, self.records["attributes"].tolist(), strict=True))
        sources = dict(zip(keys, self.records["source"].tolist(), strict=True))
        primary = {name for name, traits in self.recipe.traits.items() if traits.primary}
        return sorted(
            found, key=lambda k: (sources[k] not in primary, attributes[k] == "{}", natural(k))
        )

    def pair(self, left: str, right: str) -> tuple[str, str]:
        """Look up a pair of records; of namesakes, two in different entities if possible.

        Raises:
            DataError: one is unknown, or both are the same record.
        """
        ones, others = self.keys_of(left), self.keys_of(right)
        pairs = [(one, other) for one in ones for other in others if one != other]
        if not pairs:
            raise DataError(
                f"{left!r} and {right!r} are one record, {ones[0]!r}",
                remedy="give two record keys, as in records.parquet",
            )
        if set(ones) & set(others):  # one name: why were its records not merged?
            apart = [pair for pair in pairs if self.entity(pair[0]) != self.entity(pair[1])]
            return (apart or pairs)[0]
        return pairs[0]


def load_built(recipe: Recipe, schema: Schema, out: Path) -> Built:
    """Read the tables of a processed folder.

    Raises:
        DataError: the data set has not been built there.
    """
    names = ("records.parquet", "stages/extraction/statements.parquet", "links.parquet")
    for name in names:
        if not (out / name).is_file():
            raise DataError(
                f"no {name}: the data set has not been built",
                where=str(out),
                remedy=f"python -m pipeline build --dataset {recipe.origin}",
            )
    records = read_table(RECORDS, out / names[0])
    named = (records["name"].str.strip() != "").fillna(False)
    return Built(
        recipe,
        schema,
        records[named].reset_index(drop=True),
        read_table(STATEMENTS, out / names[1]),
        read_table(LINKS, out / names[2]),
    )
