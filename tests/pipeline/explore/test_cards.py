from __future__ import annotations

import json
from collections import Counter

import pandas as pd
import pytest

from pipeline.explore import UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.mark.parametrize(
    "name", ["Portishead", "PORTISHEAD ", "portis-head", "artist:Portishead",
             "https://w3id.org/musickg/artist/Portishead"]
)  # fmt: skip
def test_a_thing_is_found_by_any_spelling_and_id(graph, name):
    assert graph.show(name).id == "artist:Portishead"


def test_a_card_holds_every_fact_with_every_source(graph, built):
    card = graph.show("Portishead", most=1000)
    statements = pd.read_parquet(built / "statements.parquet")
    own = statements[(statements["subject"] == card.id) | (statements["object"] == card.id)]
    shown = Counter(
        (
            *((card.id, f.predicate, f.value) if f.direction == "out" else
              (f.value, f.predicate, card.id)),
            s.source,
            s.method,
            s.evidence,
        )
        for f in card.facts
        for s in f.sources
    )  # fmt: skip
    columns = ["subject", "predicate", "object", "source", "method", "evidence"]
    wanted = Counter(own[columns].itertuples(index=False, name=None))
    wanted = Counter(
        {
            (card.id, p, s, *rest) if p in {"similarTo", "associatedWith"} and o == card.id
            else (s, p, o, *rest): n
            for (s, p, o, *rest), n in wanted.items()
        }
    )  # fmt: skip
    assert shown == wanted
    assert sum(card.totals.values()) == len(card.facts)


def test_a_card_says_what_it_leaves_out(graph):
    card = graph.show("trip hop", most=1)
    (group,) = [g for g in card.grouped() if g[0] == ("genre", "in")]
    assert (len(group[1]), group[2]) == (1, 2)
    assert group[1][0].thing.label == "Portishead"  # the best connected first


def test_a_card_names_its_records_and_classes(graph):
    card = graph.show("Massive Attack")
    assert card.classes == ("Band", "Artist", "Agent", "Entity")
    assert {record.evidence for record in card.records} == {
        "tiny/bands.csv#line=3",
        "tiny/magazine.tsv#line=3",
    }
    assert json.loads(json.dumps(card.as_dict()))["id"] == "artist:Massive_Attack"


@pytest.mark.parametrize(
    ("text", "first"),
    [("portis", "Portishead"), ("Masive Atack", "Massive Attack"), ("slayr", "Slayer"),
     ("gibbons", "Beth Gibbons"), ("TRIP-HOP", "trip hop")],
)  # fmt: skip
def test_a_search_forgives_spelling(graph, text, first):
    assert graph.search(text)[0].label == first


@pytest.mark.parametrize("text", ["", "?", "zzzzqqq", "'; drop table fact; --", '" OR "a'])
def test_a_search_for_nothing_finds_nothing(graph, text):
    assert graph.search(text) == []


def test_a_search_keeps_to_a_class(graph):
    assert {hit.type for hit in graph.search("t", limit=50, type_="Genre")} <= {"Genre"}


def test_an_unknown_name_suggests_a_known_one(graph):
    with pytest.raises(UnknownNameError, match="did you mean Portishead") as fault:
        graph.show("Portshead")
    assert fault.value.near[0].id == "artist:Portishead"


def test_evidence_leads_to_the_row_and_to_the_element(graph):
    card = graph.show("Portishead")
    places = graph.places(s.evidence for f in card.facts for s in f.sources if not s.inferred)
    texts = {p.evidence: p.text for p in places.values()}
    assert texts["tiny/bands.csv#line=2"] == (
        "id: 1, name: Portishead, genres: trip hop;electronic, city: Bristol, year: 1991"
    )
    assert texts["tiny/portishead.html#/0/genre/1"] == "genre: experimental rock"
    assert all(quote.file is not None and quote.text for quote in places.values())


def test_an_inferred_fact_rests_on_stated_ones(graph):
    card = graph.show("Portishead")
    (decade,) = [fact for fact in card.facts if fact.predicate == "decade"]
    why = graph.why("Portishead", decade)
    assert (why.predicate, why.value, decade.inferred) == ("decade", "decade:1990s", True)
    assert [(p.subject, p.predicate, p.value) for p in why.premises] == [
        ("artist:Portishead", "beginDate", "1991")
    ]
    assert not why.premises[0].sources[0].inferred


def test_neighbours_are_the_other_ends_of_all_facts(graph):
    frame = graph.neighbours("Bristol")
    found = set(frame[["predicate", "direction", "label"]].itertuples(index=False, name=None))
    assert {("origin", "in", "Portishead"), ("origin", "in", "Massive Attack")} <= found
