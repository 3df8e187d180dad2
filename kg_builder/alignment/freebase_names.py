"""First pass over a Freebase dump: find link candidates by name, and ids whose names to read.

It also collects the ids whose names the second pass must read: objects of the candidates' facts,
objects behind mediators (nameless nodes of compound facts), and those of the second hop.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from kg_builder.alignment.dump_contents import Wanted, forget_names, keys_of
from kg_builder.alignment.dump_lines import TOO_MANY, Faults, literal
from kg_builder.alignment.dump_names import Namesakes, Spellings
from kg_builder.alignment.freebase_blocks import Block, Hashes, Marks, Places, Sieve, hash_ids
from kg_builder.databases import FREEBASE
from kg_builder.ontology import Schema

NAME: Final = "type.object.name"
ALIAS: Final = "common.topic.alias"
_OWN: Final = f"{FREEBASE.name}:"
_DIRECT, _FIRST, _BEHIND, _INVERSE, _HOP, _INVERSE_HOP = (1 << bit for bit in range(6))


@dataclass(frozen=True)
class Mapping:
    """Mapping of Freebase predicates to the data model, without their common namespace.

    Attributes:
        direct: predicate → (predicate of the model, whether subject and object are swapped).
        first: first halves of compound predicates `a..b`.
        joined: (first half, second half) → compound predicate.
        classes: Freebase type → class of the model.
        further: predicates of the second hop.
    """

    direct: dict[str, tuple[str, bool]]
    first: frozenset[str]
    joined: dict[tuple[str, str], str]
    classes: dict[str, str]
    further: frozenset[str]

    @classmethod
    def of(
        cls, schema: Schema, wanted: tuple[str, ...] | None, second_hop: frozenset[str]
    ) -> Mapping:
        """Build the mapping from the data model, restricted to some of its predicates if given."""
        namespace = FREEBASE.namespace
        cut = len(namespace)
        direct = {
            iri[cut:]: target
            for iri, target in schema.predicate_of.items()
            if iri.startswith(namespace) and (wanted is None or target[0] in wanted)
        }
        halves = {name: tuple(name.split("..", 1)) for name in direct if ".." in name}
        return cls(
            direct=direct,
            first=frozenset(pair[0] for pair in halves.values()),
            joined={(pair[0], pair[1]): name for name, pair in halves.items()},
            classes={
                iri[cut:]: name
                for iri, name in schema.class_of.items()
                if iri.startswith(namespace)
            },
            further=frozenset(n for n, (local, _) in direct.items() if local in second_hop),
        )


@dataclass(slots=True)
class Bearer:
    """An entry with one of our names.

    Attributes:
        term: whether the name is only that of a vocabulary term, whose facts are not needed.
        mediators: (id of a nameless node, first half of the compound predicate).
    """

    term: bool = True
    mediators: set[tuple[bytes, str]] = field(default_factory=set)


class FirstPass:
    """Find the candidates from the blocks of a dump."""

    def __init__(
        self,
        wanted: Wanted,
        mapping: Mapping,
        faults: Faults,
        *,
        file: str,
        languages: Sequence[str],
        max_namesakes: int,
    ) -> None:
        self._file, self._faults = file, faults
        self._wanted, self._mapping = wanted, mapping
        self._spellings = Spellings(wanted.keys)
        self._endings = (b'"', *(f'"@{code}'.encode() for code in languages))
        self.languages = frozenset((*languages, ""))
        self._names = hash_ids([NAME, ALIAS])
        self._candidates = Sieve()
        self._behind, self._inverse, self._hops, self._inverse_hops, self._facts = (
            _Pairs() for _ in range(5)
        )
        direct, further = mapping.direct, mapping.further
        self._roles = Sieve(bits=16)
        self._roles.add(direct, _DIRECT)
        self._roles.add(mapping.first, _FIRST)
        self._roles.add({half for _, half in mapping.joined}, _BEHIND)
        self._roles.add([name for name, (_, inverse) in direct.items() if inverse], _INVERSE)
        self._roles.add([name for name in further if not direct[name][1]], _HOP)
        self._roles.add([name for name in further if direct[name][1]], _INVERSE_HOP)
        self._namesakes = Namesakes[bytes](max_namesakes)
        self.bearers: dict[bytes, Bearer] = {}
        for external_id in sorted(one for one in wanted.ids if one.startswith(_OWN)):
            key = external_id.removeprefix(_OWN)
            self.bearers[key.encode()] = Bearer(term=False)
            self._namesakes.keep(key.encode())
            self._candidates.add([key])

    def take(self, block: Block) -> None:
        """Process the names in a block."""
        roles = self._roles.bits(block.predicates)
        found: dict[int, set[str]] = {}
        for index, keys in self._named(block):
            found.setdefault(block.run(index)[0], set()).update(keys)
        for start, own in sorted(found.items()):
            facts = roles[slice(*block.run(start))] & (_DIRECT | _FIRST)
            self._bearer(block, start, own, int(np.count_nonzero(facts)))
        of_candidates = self._candidates.bits(block.subjects) != 0
        for index in np.flatnonzero(of_candidates & ((roles & _FIRST) != 0)).tolist():
            self._mediator(block, index)
        for pairs, bit, inverse in (
            (self._behind, _BEHIND, False),
            (self._hops, _HOP, False),
            (self._inverse_hops, _INVERSE_HOP, True),
            (self._inverse, _INVERSE, True),
        ):
            pairs.add(block, np.flatnonzero(roles & bit), inverse=inverse)
        # a subject whose names are in another block may still become a candidate
        heads = block.runs[:-1]
        has_name = np.logical_or.reduceat(block.predicates == self._names[0], heads)
        apart = np.repeat(~has_name, np.diff(block.runs))
        self._facts.add(block, np.flatnonzero((apart | of_candidates) & ((roles & _DIRECT) != 0)))
        forget_names(20_000)

    def to_be_named(self) -> set[int]:
        """Hashes of the entries, besides candidates, whose names the second pass must read.

        Call once, after the last block.
        """
        own = _hashes_of(key for key, bearer in self.bearers.items() if not bearer.term)
        others = self._facts.beyond(own) | self._facts.beyond(own, inverse=True)
        mediators = {key for bearer in self.bearers.values() for key, _ in bearer.mediators}
        others.update(self._behind.beyond(_hashes_of(mediators)))
        candidates = _hashes_of(self.bearers)
        others.update(self._inverse.beyond(candidates))
        reached = others.union(candidates)
        for pairs in (self._hops, self._inverse_hops):
            others.update(pairs.beyond(reached))
        for pairs in (self._facts, self._behind, self._inverse, self._hops, self._inverse_hops):
            pairs.close()
        return others

    def _named(self, block: Block) -> Iterator[tuple[int, list[str]]]:
        """Lines with one of our names, and the matching keys."""
        marks = block.predicates == self._names[0]
        marks |= block.predicates == self._names[1]
        marks &= block.objects_end_with(self._endings)
        lines = np.flatnonzero(marks)
        starts, ends = (block.two[lines] + 1).tolist(), block.three[lines].tolist()
        quoted = [block.data[start:end] for start, end in zip(starts, ends, strict=True)]
        names = [one[1 : one.rfind(b'"')] for one in quoted]
        for number in self._spellings.perhaps_ours(names):
            index, shown = int(lines[number]), quoted[number]
            if block.predicate(index) not in {NAME.encode(), ALIAS.encode()}:
                continue
            try:
                value = literal(shown.decode("utf-8"))
            except UnicodeDecodeError:
                self._faults.add(
                    "line is not UTF-8", f"{self._file}#line={block.numbers[index]}", repr(shown)
                )
                continue
            if value is None or value[1] not in self.languages:
                continue
            keys = [key for key in keys_of(value[0]) if key in self._wanted.keys]
            if keys and block.subject(index):
                yield index, keys

    def _bearer(self, block: Block, start: int, keys: set[str], facts: int) -> None:
        subject = block.subject(start)
        if subject is None:
            return
        self._candidates.add_hashes(block.subjects[start : start + 1])
        bearer = self.bearers.setdefault(subject, Bearer())
        bearer.term = bearer.term and all(key.startswith("~") for key in keys)
        for gone, key in self._namesakes.enter(subject, facts, keys):
            del self.bearers[gone]
            shown = gone.decode("utf-8", "replace")
            self._faults.add(TOO_MANY, self._file, f"{shown} {key}")

    def _mediator(self, block: Block, index: int) -> None:
        bearer = self.bearers.get(block.subject(index) or b"")
        predicate, target = (block.predicate(index) or b"").decode(), block.object(index)
        if bearer and not bearer.term and predicate in self._mapping.first:
            bearer.mediators.add((target[1:-1], predicate))


class _Pairs:
    """Pairs of subject and object hashes of some predicates, kept in a temporary file.

    The object of a candidate's fact may occur long before the candidate, and the number of such
    facts is unbounded, so they are not kept in memory.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` does

    def add(self, block: Block, lines: Places, *, inverse: bool = False) -> None:
        """Add the subjects and objects of some lines, swapped if inverse."""
        if len(lines):
            pairs = block.subjects[lines], block.objects_at(lines)
            self._file.write(np.stack(pairs[::-1] if inverse else pairs, axis=1).tobytes())

    def beyond(self, ones: Iterable[int], *, inverse: bool = False) -> set[int]:
        """The second (or first) hashes of the pairs whose first (or second) is among these."""
        wanted = np.array(sorted(ones), dtype=np.uint64)
        found: set[int] = set()
        self._file.seek(0)
        while len(wanted) and (raw := self._file.read(1 << 22)):
            pairs = np.frombuffer(raw, dtype=np.uint64).reshape(-1, 2)
            found.update(pairs[_among(pairs[:, int(inverse)], wanted), int(not inverse)].tolist())
        return found

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


def _among(hashes: Hashes, wanted: Hashes) -> Marks:
    places = np.searchsorted(wanted, hashes)
    places[places == len(wanted)] = 0
    return np.asarray(wanted[places] == hashes)


def _hashes_of(ids: Iterable[bytes]) -> list[int]:
    names = sorted(name.decode("utf-8", "replace") for name in ids)
    return [int(one) for one in hash_ids(names)]
