"""Read Wikidata's JSON dump in two passes: candidates with claims, then names of the objects.

The first pass finds the items with one of our names or of our entities' ids, and reads their
claims; the second reads the names of the objects of these claims, and claims of other items about
ours. Lines are filtered as bytes; only possibly relevant ones are parsed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from kg_builder.alignment.dump_contents import Fact, Gathered, Thing, Wanted, forget_names, keys_of
from kg_builder.alignment.dump_lines import NO_ENTITY, TOO_MANY, Faults, lines, title
from kg_builder.alignment.dump_names import Namesakes, Spellings
from kg_builder.alignment.dump_reader import DumpReader
from kg_builder.alignment.wikidata_items import TABLE, Item, mapped_predicates, parse
from kg_builder.ontology import Schema
from kg_builder.progress import Progress, silent

_REMEMBERED: Final = re.compile(
    rb'"id":\s*"(?:%s)"'
    % b"|".join(
        item.encode() for name in TABLE["remembered"]["classes"] for item in TABLE["classes"][name]
    )
)
_ID: Final = re.compile(rb'"id":\s*"(Q\d+)"')
_NAME: Final = re.compile(rb'"language":\s*"([^"]+)",\s*"value":\s*"((?:[^"\\]|\\.)*)"')
_PAGE_OR_ID: Final = re.compile(rb'"(?:title|value)":\s*"((?:[^"\\]|\\.)*)"')


class WikidataJson(DumpReader):
    """The JSON dump of Wikidata, an array with one entity per line."""

    format: Literal["wikidata-json"] = "wikidata-json"
    languages: tuple[str, ...] = Field(
        ("en", "mul"), min_length=1, description="Languages of names, the preferred one first."
    )
    wiki: str = Field("enwiki", description="The Wikipedia whose page titles are DBpedia's names.")
    max_namesakes: int = Field(
        10, ge=1, description="Items kept per name, those with the most properties."
    )

    def gather(
        self,
        path: Path,
        wanted: Wanted,
        schema: Schema,
        *,
        second_hop: frozenset[str] = frozenset(),
        progress: Progress = silent,
    ) -> Gathered:
        """Read the dump in two passes; see `gather_wikidata`."""
        return gather_wikidata(self, path, wanted, schema, second_hop=second_hop, progress=progress)


def gather_wikidata(
    database: WikidataJson,
    path: Path,
    wanted: Wanted,
    schema: Schema,
    *,
    second_hop: frozenset[str] = frozenset(),
    progress: Progress = silent,
) -> Gathered:
    """Read a dump in two passes; keep the items with one of our names or ids, and their facts.

    In the second hop, names of genres, labels, instruments and countries are always known, those of
    other items only if they are also objects in the first hop.

    Raises:
        DataError: there is no such file.
    """
    reader = _Reader(database, path.name, wanted, schema, second_hop)
    number = 0
    for number, line in lines(path, reader.faults):
        reader.first(number, line)
        if number % 10_000 == 0:
            progress(number)
    reader.between()
    for again, line in lines(path, Faults()):  # faults were already counted in the first pass
        reader.second(again, line)
        if again % 10_000 == 0:
            progress(number + again, 2 * number)
    return reader.gathered(number)


class _Reader:
    def __init__(
        self,
        database: WikidataJson,
        file: str,
        wanted: Wanted,
        schema: Schema,
        second_hop: frozenset[str],
    ) -> None:
        self._database, self._file, self._wanted, self._schema = database, file, wanted, schema
        self._languages = frozenset(code.encode() for code in database.languages)
        self._spellings = Spellings(wanted.keys)
        self._own = frozenset(
            one.partition(":")[2].encode() for one in wanted.ids if one.startswith("wikidata:")
        )
        self._foreign = frozenset(text for one in wanted.ids for text in _as_written(one))
        self._second_hop = second_hop
        self._predicates = mapped_predicates(schema, database.predicates)
        self._namesakes = Namesakes[str](database.max_namesakes)
        self._names: dict[str, str] = {}
        self._facts: dict[str, list[Fact]] = {}
        self._later: list[Fact] = []
        self._needed: frozenset[bytes] = frozenset()
        self._ours: frozenset[bytes] = frozenset()
        self.things: dict[str, Thing] = {}
        self.candidates: set[str] = set()
        self.faults = Faults()

    def first(self, number: int, line: bytes) -> None:
        """First pass: keep an item if one of its names or ids is ours."""
        remembered = _REMEMBERED.search(line) is not None
        if not remembered and not self._may_be_ours(line):
            self._is_whole(number, line)
            return
        item = self._item(number, line, self.faults)
        if item is None or not item.names or item.is_page:
            return
        if remembered:
            self._names[item.id] = item.names[0]
        forget_names(20_000)
        keys = {key for name in item.names for key in keys_of(name) if key in self._wanted.keys}
        if not self._wanted.ids.isdisjoint((item.id, *item.same_as)):
            self._namesakes.keep(item.id)
        for gone, name in self._namesakes.enter(item.id, len(item.claims), keys):
            self.things.pop(gone, None)
            self._facts.pop(gone, None)
            self.faults.add(TOO_MANY, self._file, f"{gone} {name}")
        if item.id in self._namesakes:
            self.things[item.id] = item.thing()
            self._facts[item.id] = list(item.facts(number, self._schema, self._predicates))

    def between(self) -> None:
        """Between the passes: determine the candidates, and the items whose names are needed."""
        self.candidates = set(self.things)
        self._ours = _keys(self.candidates)
        sides = {
            one
            for facts in self._facts.values()
            for fact in facts
            for one in (fact.subject, *(() if fact.literal else (fact.object,)))
        }
        self._needed = _keys(sides - self.candidates)

    def second(self, number: int, line: bytes) -> None:
        """Second pass: name the objects of facts; keep other items' facts about candidates."""
        mentioned = set(_ID.findall(line))
        if mentioned.isdisjoint(self._needed) and mentioned.isdisjoint(self._ours):
            return
        item = self._item(number, line, Faults())
        if item is None or item.id in self.candidates or item.is_page:
            return
        facts = list(item.facts(number, self._schema, self._predicates))
        about_ours = [
            fact
            for fact in facts
            if not fact.literal and not self.candidates.isdisjoint((fact.subject, fact.object))
        ]
        if about_ours or item.key.encode() in self._needed:
            self.things[item.id] = item.thing()
            self._facts[item.id] = about_ours
            self._later += [f for f in facts if f.predicate in self._second_hop]

    def gathered(self, number: int) -> Gathered:
        """The entries and facts found; facts whose object has no name are left out."""
        facts = [fact for key in self._facts for fact in self._facts[key]]
        of_first_hop = {(fact.subject, fact.predicate, fact.object) for fact in facts}
        facts += [f for f in self._later if (f.subject, f.predicate, f.object) not in of_first_hop]
        facts = [
            fact
            for fact in facts
            if self._has_name(fact.subject) and (fact.literal or self._has_name(fact.object))
        ]
        for fact in facts:
            if not fact.literal:
                self.things[fact.object].roles[f"o:{fact.foreign}"] += 1
        return Gathered(self.things, self.candidates, facts, number, self.faults)

    def _has_name(self, key: str) -> bool:
        if key not in self.things and key in self._names:
            self.things[key] = Thing(key, self._names[key])
        return key in self.things and bool(self.things[key].name)

    def _may_be_ours(self, line: bytes) -> bool:
        found = _ID.search(line)
        if found and found[1] in self._own:
            return True
        names = [name for code, name in _NAME.findall(line) if code in self._languages]
        if self._spellings.perhaps_ours(names):
            return True
        return bool(self._foreign) and not self._foreign.isdisjoint(_PAGE_OR_ID.findall(line))

    def _item(self, number: int, line: bytes, faults: Faults) -> Item | None:
        try:
            document = parse(line)
            if document is None:
                return None
            return Item(document, self._database.languages, self._database.wiki)
        except (ValueError, KeyError, TypeError, AttributeError):
            shown = line[:200].decode("utf-8", "replace")
            faults.add(NO_ENTITY, f"{self._file}#line={number}", shown)
            return None

    def _is_whole(self, number: int, line: bytes) -> None:
        """Check a line without parsing it; count it as a fault if it is not a JSON object."""
        text = line.strip().rstrip(b",")
        if text not in {b"", b"[", b"]"} and not (text.startswith(b"{") and text.endswith(b"}")):
            shown = line[:200].decode("utf-8", "replace")
            self.faults.add(NO_ENTITY, f"{self._file}#line={number}", shown)


def _keys(ids: set[str]) -> frozenset[bytes]:
    return frozenset(one.partition(":")[2].encode() for one in ids)


def _as_written(external: str) -> set[bytes]:
    """Spellings in the dump of an id of another database: `/m/0c_jw`, a page's title, ..."""
    prefix, _, key = external.partition(":")
    if prefix == "freebase":
        key = "/" + key.replace(".", "/")
    elif prefix == "dbpedia":
        key = title(key)
    escaped = json.dumps(key)[1:-1]
    raw = json.dumps(key, ensure_ascii=False)[1:-1]
    return {text.encode() for text in (escaped, escaped.replace("/", r"\/"), raw)}
