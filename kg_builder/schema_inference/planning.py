"""Guess how several files relate: tables of entities, interaction logs, and their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kg_builder.extraction.collector import plain_id
from kg_builder.packed_files import without_packing
from kg_builder.schema_inference.acts import add_acts, add_own_acts, unread_times, worth
from kg_builder.schema_inference.columns import (
    Guess,
    guesses,
    is_day,
    is_text,
    mostly,
    only_music,
    subject_of,
)
from kg_builder.schema_inference.facts import FactRows, add_facts, fact_rows
from kg_builder.schema_inference.log_columns import is_events, tell_logs, user_of
from kg_builder.schema_inference.plan import Plan, Texts, table_key
from kg_builder.schema_inference.references import (
    ID_ROLES,
    add_albums,
    leave_out_repeated,
    link_nameless,
    refer,
    with_editions,
)
from kg_builder.schema_inference.samples import Sample, is_number, without_placeholders
from kg_builder.schema_inference.things import (
    EXTERNAL_ROLES,
    Mapped,
    Things,
    add_columns,
    is_date,
    is_duration,
    is_end,
    is_web_address,
    kinds_of,
    main_subject,
    things_table,
)
from kg_builder.schema_inference.words import CLASSES, WORKS, plain_words

_USER_RELATIONS: Final = ("gender", "age", "occupation", "country", "language")
_TEXTS: Final = (
    "text texts body content article biography bio profile description summary abstract review "
    "story essay texte texto testo tekst"
)
_BESIDE_TEXTS: Final = frozenset(
    {"", "id", "other", "homepage", "address", "image", "date", "time", "last time"}
)
"""Roles of columns that tell of a text, not of its subject."""


_PROPERTIES: Final[dict[str, tuple[str, str, Callable[[str], bool] | None]]] = {
    "begin": ("a date of birth or founding", "dates", is_date),
    "end": ("a date of death or dissolution", "dates", is_end),
    "released": ("a release date", "dates", is_date),
    "published": ("a release date", "dates", is_date),
    "date": ("a date", "dates", is_date),
    "duration": ("a duration", "durations", is_duration),
    "tracknumber": ("a track number", "whole numbers", str.isdigit),
    "homepage": ("a web page", "web addresses", is_web_address),
    "image": ("an image", "web addresses", is_web_address),
    "address": ("an address", "addresses of things in public databases", None),
    "type": ("a kind", "", None),
    "medium": ("a medium", "", None),
    "catalog": ("a catalogue number", "", None),
    "alias": ("another name", "", None),
    "description": ("a description", "", None),
    "mbid": ("MusicBrainz ids", "", None),
    "wikidata": ("Wikidata ids", "", None),
    "discogs": ("Discogs ids", "", None),
    "dbpedia": ("DBpedia ids", "", None),
    "spotify": ("Spotify ids", "", None),
    "freebase": ("Freebase ids", "", None),
    "isrc": ("ISRCs", "", None),
    "iswc": ("ISWCs", "", None),
    "upc": ("barcodes", "", None),
    "isni": ("ISNIs", "", None),
    "isbn": ("ISBNs", "", None),
    "played": ("the time that was listened to", "", None),
    "last time": ("the time of the last play", "", None),
    "gender": ("a gender", "", None),
    "age": ("an age", "", None),
    "occupation": ("an occupation", "", None),
    "first name": ("first names", "", None),
    "last name": ("last names", "", None),
    "code": ("codes", "", None),
}
"""Properties by roles of columns: what they are, what form values have, and a test of it."""


def make_plan(samples: list[Sample]) -> Plan:
    """Guess the role of every file and column; unused ones are listed in `left_out`."""
    plan = Plan()
    samples = list(map(only_music, samples))
    found = {sample.key: guesses(sample) for sample in samples}
    tell_logs(samples, found)
    events = [s for s in samples if is_events(found[s.key])]
    if any(user_of(found[sample.key]) is not None for sample in events):
        events = [s for s in events if user_of(found[s.key]) is not None]
    people = [s for s in samples if s not in events and user_of(found[s.key]) is not None]
    rest = [s for s in samples if s not in events and s not in people]
    facts: list[tuple[Sample, FactRows]] = []
    for sample in rest:
        texts = texts_of(sample, found[sample.key])
        if texts is not None:
            plan.texts.append(texts)
        if not sample.about and (rows := fact_rows(sample, found[sample.key])):
            facts.append((sample, rows))
        elif texts is None or not texts.is_all:
            found[sample.key] = with_editions(sample, found[sample.key])
            _add_things(plan, sample, found[sample.key])
    for table in [one for one in plan.tables if one.about == "release"]:
        add_albums(plan, table, found[table.sample.key])
    for sample, rows in facts:
        add_facts(plan, sample, rows)
    link_nameless(plan, found)
    _key_by_names(plan, samples)
    for table in [one for one in plan.tables if not one.is_fact]:
        refer(plan, table, found[table.sample.key])
    for table in plan.tables:
        leave_out_repeated(plan, table, found[table.sample.key])
    events.sort(key=lambda one: -worth(found[one.key]))
    for sample in events:
        add_acts(plan, sample, found[sample.key])
    if not plan.acts:
        add_own_acts(plan, found)
    for sample in people:
        _add_users(plan, sample, found[sample.key])
    for table in plan.tables:
        add_columns(table, found[table.sample.key])
    _note_the_rest(plan, samples, found)
    _note_unread(plan, samples)
    _note_names(plan)
    return plan


# ------------------------------------------------------------------------------ things


def _add_things(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    about, why = main_subject(sample, found)
    if sample.about not in {"", about}:
        about, why = sample.about, "the lists that the rows are in, or have"
    if any(one.about == "release" for one in found):
        about, why = "release", "ids of the editions of albums"
    table = things_table(table_key(plan, about), sample, found, about, why) if about else None
    if table is not None:
        plan.tables.append(table)


def _key_by_names(plan: Plan, samples: list[Sample]) -> None:
    """Make names ids of rows without ids to which rows within them refer."""
    for table in plan.tables:
        outer = table.sample
        if table.id is None and not table.is_fact and outer.columns[table.name].is_unique and any(
            sample.path == outer.path and sample.above == table.about
            and any(name.lstrip("./") == table.name for name in sample.columns if name[0] == ".")
            for sample in samples
        ):  # fmt: skip
            table.id = table.name


# ------------------------------------------------------------------------------ texts


def texts_of(sample: Sample, found: list[Guess]) -> Texts | None:
    """The texts about things that a file's rows hold; `None` if they hold none.

    Only JSON lines are read so. A description beside other facts is one of these facts.
    """
    is_lines = without_packing(sample.path.lower()).endswith((".jsonl", ".ndjson"))
    if not is_lines or "rows" in sample.layout:
        return None
    named = [g for g in found if g.role in {"", "name"} and g.about in {"", "artist", *WORKS}]
    title = next((g for g in named if g.role == "name"), None) or next(
        (g for g in named if g.about), None
    )
    text = next(
        (
            g
            for g in found
            if g is not title and is_text(g) and {*plain_words(g.name)} & {*_TEXTS.split()}
        ),
        None,
    )
    if title is None or text is None:
        return None
    id_ = next((g for g in found if (g.about, g.role) == ("", "id") and g.column.is_unique), title)
    kinds: dict[str, Any] = next((k for g in found if g.role == "type" and (k := kinds_of(g))), {})
    about = title.about or subject_of(sample.stem)
    type_ = CLASSES[about] if about in WORKS else kinds
    used = {
        title.name,
        text.name,
        id_.name,
        *([type_["column"]] if type_ is kinds and kinds else []),
    }
    is_all = all(
        g.name in used or (g.about in {"", "language"} and g.role in _BESIDE_TEXTS)
        for g in found
        if g.column.values
    )
    if text.role == "description" and not is_all:
        return None
    names = {"id": id_.name, "title": title.name, "text": text.name}
    keys = {
        "kind": "unstructured",
        "path": sample.path,
        **{key: name for key, name in names.items() if key != name},
        **({"topic_type": type_} if type_ else {}),
    }
    why = f"texts in {text.name!r}, each about what {title.name!r} names"
    return Texts(sample, keys, why, frozenset(used), is_all)


# ------------------------------------------------------------------------------ users, the rest


def _add_users(plan: Plan, sample: Sample, found: list[Guess]) -> None:
    user = user_of(found)
    if user is None:
        return
    columns = []
    for one in found:
        role = one.role if one.role in _USER_RELATIONS else one.about
        if one is user or not one.column.values:
            continue
        if one.about == "friend" and one.role in {"", "id"}:
            keys: dict[str, Any] = {"relation": "friend", "user": True, "undirected": True}
            columns.append(Mapped(one.name, keys, one.why))
        elif role in _USER_RELATIONS:
            columns.append(Mapped(one.name, {"relation": role}, one.why))
    if columns and plan.acts:
        plan.users.append((sample, user.name, columns))


def _used(plan: Plan, sample: Sample) -> set[str]:
    used: set[str] = set()
    for table in plan.tables:
        if table.sample is sample:
            used |= {table.name, *table.aliases, *table.external} | {m.name for m in table.columns}
            used |= {table.id} if table.id else set()
            used |= {table.kinds["column"]} if table.kinds else set()
            used |= {condition["column"] for condition in table.where}
            used |= {
                m.settings[key]
                for m in table.columns
                for key in ("labels", "before")
                if key in m.settings
            }
    for acts in plan.acts[:1]:
        if acts.sample is sample:
            used |= {v for v in acts.settings.values() if isinstance(v, str)}
            used |= {condition["column"] for condition in acts.settings.get("where", ())}
    for texts in plan.texts:
        used |= texts.columns if texts.sample is sample else set()
    for one, keys, _ in plan.links:
        if one is sample:
            used |= {condition["column"] for condition in keys.get("where", ())}
            used |= {keys["subject"]["column"], keys["object"]["column"], keys.get("user", "")}
    for one, user, columns in plan.users:
        if one is sample:
            used |= {user} | {m.name for m in columns}
    return used


def _note_unread(plan: Plan, samples: list[Sample]) -> None:
    """List files (or tables of a database) of which the recipe reads nothing."""
    used = [one.sample for one in plan.tables] + [one.sample for one in plan.acts[:1]]
    used += [one.sample for one in plan.texts]
    used += [sample for sample, *_ in (*plan.links, *plan.users)]
    read = {sample.shown for sample in used}
    other_acts = {one.sample.shown for one in plan.acts[1:]}
    for what in dict.fromkeys(sample.shown for sample in samples):
        if what in other_acts:
            plan.unread.append(
                (what, "a recipe reads one table of interactions; this one is left out")
            )
        elif what not in read:
            plan.unread.append((what, "the recipe uses none of its columns, and says why"))


def _note_names(plan: Plan) -> None:
    """Warn of ids with several names, with the places of the first one."""
    for table in plan.tables:
        if table.is_derived or table.is_fact or table.is_of_log or table.id in {None, table.name}:
            continue
        named: dict[str, dict[str, int]] = {}
        columns = (table.sample.columns[str(table.id)], table.sample.columns[table.name])
        rows = zip(*(column.cells for column in columns), strict=True)
        for number, (id_, name) in enumerate(rows):
            if isinstance(id_, str) and isinstance(name, str) and name:
                named.setdefault(plain_id(id_), {}).setdefault(name, number)
        several = {id_: names for id_, names in named.items() if len(names) > 1}
        if several:
            id_, names = next(iter(several.items()))
            shown = " and ".join(_placed(table.sample, *one) for one in [*names.items()][:2])
            share = f"several names for {len(several):,} of {len(named):,} ids in {table.id!r}"
            text = f"{share}: {id_[:30]!r} is {shown}"
            plan.warnings.append((table.sample.shown, text))


def _placed(sample: Sample, name: str, number: int) -> str:
    place = f" in {sample.places[number]}" if sample.places else ""
    return f"{name[:30]!r}{place}"


def _note_the_rest(plan: Plan, samples: list[Sample], found: Mapping[str, list[Guess]]) -> None:
    for sample in samples:
        used = _used(plan, sample)
        tables = [t for t in plan.tables if t.sample is sample]
        facts = [t for t in tables if t.is_fact]
        no_place = f"the data model's {facts[0].type} has no place for it" if facts else ""
        reasons = {name: why for t in reversed(tables) for name, why in t.left_out.items()}
        for one in found[sample.key]:
            if one.name not in used:
                empty = not one.column.values
                if one.role == "time" and any(acts.sample is sample for acts in plan.acts[:1]):
                    reasons.setdefault(one.name, _why_no_time(sample, one))
                why = reasons.get(one.name) or (no_place if no_place and not empty else "")
                plan.left_out.append((sample, one.name, why or _why_not(one, tables[:1])))
        if sample.further:
            why = f"of {len(sample.columns) + sample.further:,} columns, the others are looked at"
            plan.left_out.append((sample, f"the last {sample.further:,}", why))


def _why_no_time(sample: Sample, one: Guess) -> str:
    bad = unread_times(sample, one)
    if not bad:
        return "further times of the same interactions"
    share = f"{len(bad):,} of {len(one.column.values):,}"
    return f"times, of which {share}, such as {bad[0][:30]!r}, cannot be read"


def _why_not(one: Guess, tables: list[Things]) -> str:
    """Why a column is not used, in a file from which tables are read or not."""
    if not one.column.values:
        return "empty in the rows looked at"
    values = without_placeholders(one.column.values)
    if not values:
        return f"only {one.column.values[0][:30]!r} and the like, which stand for nothing"
    if one.role == "other":
        return "a measure or a remark that the data model has no predicate for"
    if one.role in {"plays", "rating", "liked", "time"}:
        return "about listening, not about the thing"
    if one.about == "user" and one.why == "its name":
        return "about listeners, of whom no interactions are read from this file"
    if one.about in CLASSES:
        return _why_not_entities(one, values, tables)
    if one.role not in {"", "id", "name"} and one.why == "its name":
        return _why_not_property(one, values, tables)
    if is_text(one):
        return "texts of sentences: a source of kind unstructured reads them from JSON lines"
    kind = "dates" if mostly(one.column, is_day) else "texts"
    kind = "numbers" if mostly(one.column, is_number) and kind == "texts" else kind
    return f"{kind} such as {values[0][:30]!r}, whose meaning the name does not tell"


def _why_not_property(one: Guess, values: list[str], tables: list[Things]) -> str:
    what, form, is_one = _PROPERTIES.get(one.role, (f"{one.role!r}", "", None))
    suggests = f"its name suggests {what}"
    if not tables:
        return f"{suggests}, but no table is read from this file"
    others = [value for value in values if is_one is not None and not is_one(value)]
    if others and not mostly(one.column, is_one):
        share = f"{len(others):,} of {len(values):,} values"
        return f"{suggests}, but {share}, such as {others[0][:30]!r}, are no {form}"
    return f"{suggests}, which {tables[0].called}s have no place for in the data model"


def _why_not_entities(one: Guess, values: list[str], tables: list[Things]) -> str:
    called = one.about + "s"
    if not tables:
        return f"about {called}, but no table is read from this file"
    rows = tables[0].called + "s"
    if called == rows and one.role in {*ID_ROLES, *EXTERNAL_ROLES}:
        return f"another id of the {rows}"
    if one.role in ID_ROLES:
        return f"ids of {called}, which no table has"
    if one.role not in {"", "name"}:
        return f"about {called}; the rows are {rows}"
    if mostly(one.column, is_number):
        return f"numbers such as {values[0][:30]!r}, no names of {called}"
    if called == rows:
        return f"another name of the {rows}"
    return f"names of {called}, to which the data model has no predicate from {rows}"
