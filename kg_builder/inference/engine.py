"""Forward chaining (semi-naive) over statements: apply all rules until nothing new follows.

A rule is a query of DuckDB, which joins its premises in bounded memory. Evaluation is semi-naive:
from the second round on, at least one premise must be new, so no derivation is made twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

import duckdb
import pyarrow as pa

from kg_builder.inference.rules import FUNCTIONS, Atom, NamedThing, Rule
from kg_builder.ontology import Schema, local_name
from kg_builder.partitions import changes
from kg_builder.progress import Progress, silent
from kg_builder.sql import literal, literals

_KEY: Final = ["subject", "predicate", "object"]
_BATCH: Final = 100_000
_NAMED: Final = pa.schema({"value": pa.string(), "entity": pa.string()})
_TABLES: Final = """
CREATE TABLE fact (subject VARCHAR, predicate VARCHAR, object VARCHAR, object_kind VARCHAR,
                   confidence DOUBLE, round INTEGER);
CREATE TABLE found (subject VARCHAR, predicate VARCHAR, object VARCHAR, object_kind VARCHAR,
                    confidence DOUBLE, rule VARCHAR, premises VARCHAR, round INTEGER)
"""
_STATED: Final = """
INSERT INTO fact SELECT subject, predicate, object, object_kind, confidence, 0 FROM stated
WHERE predicate IN ({predicates})
"""
_TURNED: Final = """
INSERT INTO fact SELECT object, {canonical}, subject, 'entity', confidence, 0 FROM stated
WHERE predicate = {predicate} AND object_kind = 'entity'
"""
_FRESH: Final = "SELECT DISTINCT predicate FROM fact WHERE round = $round"
_NEW: Final = """
INSERT INTO fact SELECT subject, predicate, object, min(object_kind), max(confidence), round
FROM found WHERE round = $round GROUP BY subject, predicate, object, round
"""
_USED: Final = """
SELECT name FROM names WHERE name IN (SELECT object FROM found WHERE rule IN ({rules}))
OR name IN (SELECT subject FROM found WHERE rule IN ({rules}))
"""
_SORTED: Final = """
SELECT subject, predicate, object, object_kind, 'inference' AS source, 'rule:' || rule AS method,
       confidence, premises AS evidence, true AS inferred
FROM found
ORDER BY subject, predicate, object, confidence DESC, rule, premises, object_kind
"""


def closure(
    base: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    schema: Schema,
    *,
    progress: Progress = silent,
) -> dict[str, NamedThing]:
    """Compute the facts entailed by the rules (the closure); `derived` yields them.

    Facts and rules are read in their canonical direction: `X hasMember Y` is `Y memberOf X`.

    Args:
        base: has the tables `stated` (subject, predicate, object, object_kind, confidence; a
            triple may be repeated) and `thing` (entity, type).
        rules: the rules to apply.
        schema: the data model; symmetric predicates are written once, smaller name first.
        progress: called after each round with the number of facts derived so far.

    Returns:
        The entities created by functions.
    """
    rules = [_canonical(rule, schema) for rule in rules]
    atoms = [atom for rule in rules for atom in (*rule.facts, *rule.unless, rule.conclusion)]
    used = {atom.predicate for atom in atoms}
    base.execute(_TABLES)
    base.execute(_STATED.format(predicates=literals(sorted(used))))
    for name, canonical in schema.canonical.items():
        if canonical in used:
            of = {"predicate": literal(name), "canonical": literal(canonical)}
            base.execute(_TURNED.format(**of))
    created: dict[str, NamedThing] = {}
    total = 0
    for number in count():  # ends: rules name no new things, and functions only finitely many
        fresh = {name for (name,) in base.execute(_FRESH, {"round": number}).fetchall()}
        for rule in rules:
            query = _Query(rule, schema, base, created)
            if number == 0:
                query.run(round_=0)
            elif rule.recursive:
                for position, atom in enumerate(rule.facts):
                    if atom.predicate in fresh:
                        query.run(round_=number, new=position)
        new = base.execute(_NEW, {"round": number + 1}).fetchall()[0][0]
        if not new:
            break
        progress(total := total + new)
    base.register("names", pa.table({"name": [*created]}, pa.schema({"name": pa.string()})))
    functions = literals(rule.name for rule in rules if rule.function)
    mentioned = {name for (name,) in base.execute(_USED.format(rules=functions)).fetchall()}
    base.unregister("names")
    return {name: thing for name, thing in created.items() if name in mentioned}


def derived(base: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    """The new facts as `tables.STATEMENTS`, sorted by triple; the evidence is the derivation.

    Of several derivations, the most confident counts, then the first by rule and premises.
    """
    reader = base.cursor().sql(_SORTED).to_arrow_reader(_BATCH)
    last = reader.schema.empty_table()
    for batch in reader:
        rows = pa.concat_tables([last, pa.Table.from_batches([batch])])
        chosen = rows.filter(pa.array(changes(rows.select(_KEY))))
        yield chosen.slice(len(last))
        last = chosen.slice(len(chosen) - 1)


class _Query:
    """The query of one rule's conclusions.

    Args:
        rule: the rule.
        schema: the data model.
        base: the database.
        created: the entities created by functions are added.
    """

    def __init__(
        self,
        rule: Rule,
        schema: Schema,
        base: duckdb.DuckDBPyConnection,
        created: dict[str, NamedThing],
    ) -> None:
        self._rule, self._schema, self._base, self._created = rule, schema, base, created
        self._columns: dict[str, str] = {}
        self._conditions: list[str] = []
        for number, atom in enumerate(rule.facts):
            self._conditions += self._matching(atom, f"f{number}", self._columns)
        for atom in rule.unless:
            if atom.predicate == "a":
                self._conditions.append(f"NOT {self._of_class(atom)}")
                continue
            against = self._matching(atom, "u", dict(self._columns))
            self._conditions.append(_no_fact("u", [*against, "u.round = 0"]))
        for number, atom in enumerate(rule.facts):
            if atom.object == rule.earliest:
                of_subject = f"e.subject = f{number}.subject AND e.object < f{number}.object"
                same = f"e.predicate = {literal(atom.predicate)}"
                self._conditions.append(_no_fact("e", [same, of_subject, "e.round = 0"]))
        self._conditions += map(self._of_class, rule.classes)

    def run(self, *, round_: int, new: int | None = None) -> None:
        """Add the conclusions to the table `found`.

        Args:
            round_: number of the round whose facts are new.
            new: position of the premise that must be new; None if all facts are.
        """
        rule = self._rule
        tables = [f"fact f{number}" for number in range(len(rule.facts))]
        conditions = [*self._conditions]
        if new is not None:
            conditions.append(f"f{new}.round = {round_}")
        subject, object_ = (
            self._columns[term] if term.startswith("?") else literal(term)
            for term in (rule.conclusion.subject, rule.conclusion.object)
        )
        kind = literal("entity")
        if rule.function is not None:
            tables.append("named")
            conditions.append(f"named.value = {object_}")
            object_ = "named.entity"
            self._name(rule.function)
        elif object_.endswith(".object"):
            kind = f"{object_}_kind"
        predicate = self._schema.predicate(rule.conclusion.predicate)
        if predicate.symmetric:
            subject, object_ = f"least({subject}, {object_})", f"greatest({subject}, {object_})"
        columns = (f"k.{name}" for name in _KEY)
        triple = (subject, literal(predicate.name), object_)
        known = [f"{one} = {other}" for one, other in zip(columns, triple, strict=True)]
        facts = range(len(rule.facts))
        factors = [f"'{rule.confidence!r}'::DOUBLE", *(f"f{n}.confidence" for n in facts)]
        confidence = " * ".join(factors)
        conditions += [
            f"{subject} <> {object_}",
            _no_fact("k", [*known, f"k.confidence >= {confidence}"]),
        ]
        premises = (f"concat_ws(' ', f{n}.subject, f{n}.predicate, f{n}.object)" for n in facts)
        self._base.execute(
            f"INSERT INTO found SELECT {', '.join(triple)}, {kind}, {confidence}, "
            f"{literal(rule.name)}, concat_ws('; ', {', '.join(premises)}), {round_ + 1} "
            f"FROM {', '.join(tables)} "
            f"WHERE {' AND '.join(conditions)}"
        )

    def _matching(self, atom: Atom, fact: str, columns: dict[str, str]) -> list[str]:
        """Conditions for a fact to match an atom; columns of unbound variables are added."""
        conditions = [f"{fact}.predicate = {literal(atom.predicate)}"]
        for term, column in ((atom.subject, f"{fact}.subject"), (atom.object, f"{fact}.object")):
            wanted = columns.setdefault(term, column) if term.startswith("?") else literal(term)
            if wanted != column:
                conditions.append(f"{column} = {wanted}")
        return conditions

    def _of_class(self, atom: Atom) -> str:
        """Condition for a premise that tests a class."""
        classes = self._schema.classes
        below = literals(name for name in classes if self._schema.is_a(name, atom.object))
        entity = self._columns[atom.subject]
        return f"({entity} IN (SELECT entity FROM thing WHERE type IN ({below})))"

    def _name(self, function: str) -> None:
        """Fill the table `named` with the function's entity of each value of the object."""
        fact, column = self._columns[self._rule.conclusion.object].split(".")
        predicate = self._rule.facts[int(fact[1:])].predicate
        query = f"SELECT DISTINCT {column} FROM fact WHERE predicate = {literal(predicate)}"
        names: dict[str, str] = {}
        for (value,) in self._base.execute(query).fetchall():
            if (thing := FUNCTIONS[function](value)) is not None:
                names[value] = f"{self._schema.prefix(thing.type)}:{local_name(thing.name)}"
                self._created[names[value]] = thing
        self._base.register("named", pa.table([[*names], [*names.values()]], _NAMED))


def _canonical(rule: Rule, schema: Schema) -> Rule:
    """The rule with canonical predicates, as the facts have them."""

    def turned(atom: Atom) -> Atom:
        canonical = schema.canonical.get(atom.predicate)
        return atom if canonical is None else Atom(atom.object, canonical, atom.subject)

    return replace(
        rule,
        premises=tuple(map(turned, rule.premises)),
        unless=tuple(map(turned, rule.unless)),
        conclusion=turned(rule.conclusion),
    )


def _no_fact(name: str, conditions: Sequence[str]) -> str:
    return f"NOT EXISTS (SELECT 1 FROM fact {name} WHERE {' AND '.join(conditions)})"
