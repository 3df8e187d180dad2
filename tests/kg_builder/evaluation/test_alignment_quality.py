from __future__ import annotations

import gzip

import pytest

from kg_builder.evaluation.alignment import Found, judge, measure, name_consistent, worst
from kg_builder.evaluation.alignment_gold import present


def found(name, *ids, decision="match", score=0.9, candidates=()):
    return Found(name, frozenset(ids), decision, score if ids else 0.0, dict(candidates))


FOUND = {
    "1": found("Muse", "Muse_(band)"),
    "2": found("Blondie", "Debbie_Harry", score=0.99),
    "3": found("Iris", decision="unsure", candidates={"Iris_(band)": 0.5}),
    "4": found("Low", decision="no_match", candidates={"Low_(band)": 0.2}),
    "5": found("Can", decision="no_match"),
    "6": found("Gone", decision="no_match"),
    "7": found("Nobody", decision="no_match"),
    "8": found("Nothing", "Nothing_(band)"),
}
GOLD = {
    "1": frozenset({"Muse_(band)", "Muse"}),
    "2": frozenset({"Blondie_(band)"}),
    "3": frozenset({"Iris_(band)"}),
    "4": frozenset({"Low_(band)"}),
    "5": frozenset({"Can_(band)"}),
    "6": frozenset({"Gone_(band)"}),
    "7": frozenset(),
    "8": frozenset(),
    "99": frozenset({"X"}),
}


def test_every_decision_has_its_outcome():
    there = {"Muse", "Blondie_(band)", "Iris_(band)", "Low_(band)", "Can_(band)"}
    judged = judge(GOLD, FOUND, present=there)
    assert {row.raw_id: row.outcome for row in judged} == {
        "1": "right link",
        "2": "wrong link",
        "3": "missed: left to a person",
        "4": "missed: below the threshold",
        "5": "missed: no candidate",
        "6": "missed: not in the database",
        "7": "rightly not linked",
        "8": "linked, but is not there",
    }
    assert [row.raw_id for row in judged if not row.reachable] == ["6", "7", "8"]


def test_a_thing_that_another_item_got_is_no_matter_of_the_threshold():
    found = {"1": Found("Muse", frozenset(), "no_match", 0.0, {"Muse": 0.99}, taken=True)}
    assert [row.outcome for row in judge(GOLD, found)] == ["missed: taken by another item"]


def test_scores_count_links_and_what_should_be_linked():
    measured = measure(judge(GOLD, FOUND))
    assert (measured.gold, measured.linked, measured.right) == (6, 3, 1)
    assert measured.score.precision == pytest.approx(1 / 3)
    assert measured.score.recall == pytest.approx(1 / 6)
    assert measured.precision_interval[0] <= 1 / 3 <= measured.precision_interval[1]


def test_intervals_narrow_with_more_rows():
    def width(copies):
        gold = {f"{raw}-{i}": keys for raw, keys in GOLD.items() for i in range(copies)}
        own = {f"{raw}-{i}": row for raw, row in FOUND.items() for i in range(copies)}
        low, high = measure(judge(gold, own)).recall_interval
        return high - low

    assert width(100) < width(10) < width(1)


def test_nothing_to_judge_is_no_error():
    measured = measure([])
    assert (measured.gold, measured.score.f1) == (0, 1.0)


def test_sure_links_that_are_wrong_are_read_first():
    order = [row.raw_id for row in worst(judge(GOLD, FOUND))]
    assert order[:4] == ["2", "8", "3", "4"]
    assert set(order) == {"2", "3", "4", "5", "6", "8"}


def test_names_are_compared_without_spelling_and_qualifier():
    judged = {row.raw_id: row for row in judge(GOLD, FOUND)}
    assert name_consistent(judged["1"], {})
    named = judge({"1": frozenset({"m.1"})}, {"1": found("björk!")})[0]
    assert name_consistent(named, {"m.1": "Bjork"})
    assert not name_consistent(named, {"m.1": "The Sugarcubes"})


def test_ids_of_a_dump_are_found_in_every_place_with_their_names(tmp_path):
    ns = "http://rdf.freebase.com/ns/"
    lines = (
        f'<{ns}m.1>\t<{ns}type.object.name>\t"The \\"One\\""@en\t.\n'
        f"<{ns}m.1>\t<{ns}music.artist.genre>\t<{ns}m.2>\t.\n"
    )
    (tmp_path / "fb.gz").write_bytes(gzip.compress(lines.encode()))
    wanted = {"m.1", "m.2", "m.3"}
    assert present(tmp_path / "fb.gz", "freebase", wanted) == {"m.1": 'The "One"', "m.2": ""}
    db = "<http://dbpedia.org/resource/Yeah%3F> <http://x/p> <http://dbpedia.org/resource/B> .\n"
    (tmp_path / "db.nt").write_text(db)
    assert set(present(tmp_path / "db.nt", "dbpedia", {"Yeah?", "B", "C"})) == {"Yeah?", "B"}
