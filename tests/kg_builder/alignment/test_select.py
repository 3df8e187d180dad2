"""Selection of an entity's candidate: thresholds, rivals, one-to-one links."""

from __future__ import annotations

import json
import math
from itertools import permutations

import pytest

from kg_builder.alignment.candidates import Candidate, OwnEntity
from kg_builder.alignment.config import AlignmentConfig
from kg_builder.alignment.dump_contents import Thing
from kg_builder.alignment.score import ScoredCandidate
from kg_builder.alignment.select import Decision, candidates_json, second_spelling, select_links


def ours(curie="artist:A", name="A", *, native=True, popularity=0):
    return OwnEntity(curie, "Artist", name, (), (), "", False, native, popularity)


def candidate(thing, total, entity=0, *, how="equal", context=0.0, kind=1.0):
    """A candidate whose log-odds add up to `total`."""
    return ScoredCandidate(
        Candidate(entity, thing, how, thing), total - kind - context, kind, context, 0
    )


def share(*weights):
    """Log-odds that give candidates these shares, the last one that of 'none of them'."""
    return [math.log(weight / weights[-1]) for weight in weights[:-1]]


def settings(match, unsure=None, namesake=None, second=None):
    return AlignmentConfig(
        match=match,
        unsure=match if unsure is None else unsure,
        namesake=match if namesake is None else namesake,
        second_spelling=1 if second is None else second,
    )


def only(decisions):
    (decision,) = decisions
    return decision


def test_a_share_is_computed_against_the_rivals_and_none_of_them():
    totals = share(5, 3, 2)
    found = only(select_links([ours()], [candidate("x", totals[1]), candidate("y", totals[0])],
                        AlignmentConfig()))  # fmt: skip
    assert [thing for thing, _ in found.ranked] == ["y", "x"]
    assert [p for _, p in found.ranked] == pytest.approx([0.5, 0.3])


def test_a_single_bad_candidate_has_little_of_it():
    found = only(select_links([ours()], [candidate("x", math.log(1 / 9))], AlignmentConfig()))
    assert found.ranked[0][1] == pytest.approx(0.1)


def test_candidates_beyond_any_doubt_do_not_overflow():
    found = only(
        select_links([ours()], [candidate("x", 2000), candidate("y", 1999)], settings(0.7))
    )
    assert [p for _, p in found.ranked] == pytest.approx([1 / (1 + 1 / math.e), 1 / (1 + math.e)])
    assert found.thing == "x"


# A single candidate at log-odds 0 has a probability of exactly one half.
@pytest.mark.parametrize(
    ("config", "decision"),
    [
        (settings(0.5), "match"),
        (settings(0.501, 0.5), "unsure"),
        (settings(0.501, 0.501), "no_match"),
        (settings(0.5, namesake=0.9), "match"),
    ],
)
def test_thresholds_of_a_single_candidate(config, decision):
    found = only(select_links([ours()], [candidate("x", 0.0)], config))
    expected = ("x", 0.5) if decision == "match" else ("", 0.0)
    assert (found.decision, found.thing, found.score) == (decision, *expected)
    assert (found.method, found.name_match, found.also) == ("equal", "equal", "")
    assert found.linked == found.thing


@pytest.mark.parametrize(
    ("shares", "decision"),
    [((80, 9, 11), "match"), ((80, 11, 9), "unsure"), ((85, 11, 4), "match")],
)
def test_a_rival_of_a_tenth_raises_the_threshold(shares, decision):
    one, other = share(*shares)
    found = select_links([ours()], [candidate("x", one), candidate("y", other)], AlignmentConfig())
    assert only(found).decision == decision


def test_a_tenth_itself_makes_a_rival():
    nine = [candidate(f"t{n}", 0.0) for n in range(9)]  # nine candidates and none: a tenth each
    assert only(select_links([ours()], nine, settings(0.1))).decision == "match"
    assert only(select_links([ours()], nine, settings(0.1, namesake=0.11))).decision == "unsure"


def test_the_third_candidate_is_no_rival_if_the_second_is_none():
    totals = share(82, 9, 8.9, 0.1)
    found = select_links([ours()], [candidate(f"t{n}", t) for n, t in enumerate(totals)],
                   AlignmentConfig())  # fmt: skip
    assert only(found).decision == "match"


@pytest.mark.parametrize(
    ("verdict", "decision", "p"),
    [("same", "match", 1.0), ("different", "no_match", 0.0), ("unsure", "unsure", 0.5)],
)
def test_a_person_overrules_the_score(verdict, decision, p):
    judgements = {("artist:A", "x"): verdict, ("artist:B", "x"): "same"}
    found = only(select_links([ours()], [candidate("x", 0.0)], AlignmentConfig(), judgements))
    assert (found.decision, found.ranked) == (decision, (("x", p),))


def contest(*pairs, config=None):
    """Position of the entity that gets the entry for which all compete."""
    entities = [entity for entity, _ in pairs]
    scored = [item for _, items in pairs for item in items]
    decisions = select_links(entities, scored, config or settings(0.5))
    (winner,) = [decision.entity for decision in decisions if decision.thing == "x"]
    return winner


def test_an_entity_of_our_sources_goes_before_one_that_a_database_brought():
    brought, native = ours("artist:A", native=False), ours("artist:B")
    assert contest((brought, [candidate("x", 5, 0)]), (native, [candidate("x", 1, 1)])) == 1


def test_a_name_goes_before_an_alias():
    first, second = ours("artist:A"), ours("artist:B")
    by_alias = candidate("x", 5, 0, how="alias")
    assert contest((first, [by_alias]), (second, [candidate("x", 1, 1, how="variant")])) == 1


def test_our_own_entity_goes_first_even_by_an_alias():
    brought, native = ours("artist:A", native=False), ours("artist:B")
    by_alias = candidate("x", 1, 1, how="alias")
    assert contest((brought, [candidate("x", 5, 0)]), (native, [by_alias])) == 1


def test_the_better_fitting_entity_gets_the_thing():
    pairs = [(ours("artist:A"), [candidate("x", 1, 0)]), (ours("artist:B"), [candidate("x", 2, 1)])]
    assert contest(*pairs) == 1


@pytest.mark.parametrize(("rival", "winner"), [(-3.0, 1), (2.0, 0)])
def test_a_rival_weakens_the_claim_to_a_thing(rival, winner):
    first, second = ours("artist:A"), ours("artist:B")
    rivals = [candidate("x", 4.7, 1), candidate("rival", rival, 1)]
    assert contest((first, [candidate("x", 4.6, 0)]), (second, rivals)) == winner


@pytest.mark.parametrize(("total", "winner"), [(0.6, 0), (0.8, 1)])
def test_ten_times_the_interactions_are_worth_0_69_nats_of_a_claim(total, winner):
    known, unknown = ours("artist:A", popularity=9), ours("artist:B")
    pairs = [(known, [candidate("x", 0.0, 0)]), (unknown, [candidate("x", total, 1)])]
    assert contest(*pairs) == winner


def test_a_context_that_contradicts_is_taken_out_of_a_claim_one_that_fits_stays():
    fitting = candidate("x", 1.0, 0, context=1.0)
    assert contest((ours("artist:A"), [fitting]), (ours("artist:B"), [candidate("x", 1.5, 1)])) == 1
    contradicted = candidate("x", 1.0, 1, context=-0.5)
    silent = candidate("x", 1.2, 0)
    assert contest((ours("artist:A"), [silent]), (ours("artist:B"), [contradicted])) == 1


def test_of_equals_the_first_by_the_alphabet_is_taken():
    pairs = [(ours("artist:B"), [candidate("x", 3, 0)]), (ours("artist:A"), [candidate("x", 3, 1)])]
    assert contest(*pairs) == 1
    for things in permutations("zxy"):
        found = only(
            select_links([ours()], [candidate(thing, 0.0) for thing in things], settings(0.2))
        )
        assert [thing for thing, _ in found.ranked] == ["x", "y", "z"]
        assert found.thing == "x"


def test_who_loses_the_best_thing_takes_the_second_if_it_is_good_enough():
    entities = [ours("artist:A"), ours("artist:B")]
    scored = [candidate("x", 5, 0), candidate("x", 2, 1), candidate("y", 1.9, 1, how="variant")]
    first, second = select_links(entities, scored, settings(0.4))
    assert (first.thing, second.thing, second.method, second.name_match) == (
        "x",
        "y",
        "variant",
        "variant",
    )
    assert second.score == dict(second.ranked)["y"]
    first, second = select_links(entities, scored, settings(0.48))
    assert (second.thing, second.decision) == ("", "no_match")


def test_who_loses_its_only_thing_is_linked_to_none():
    entities = [ours("artist:A", "The Lodger"), ours("artist:B", "Lodger")]
    scored = [candidate("x", 5, 0), candidate("x", 4, 1, kind=0.0)]
    first, second = select_links(entities, scored, AlignmentConfig())
    assert (first.thing, first.decision, first.method) == ("x", "match", "equal")
    assert (second.thing, second.also, second.score) == ("", "", 0.0)
    assert (second.decision, second.method) == ("no_match", "taken by another entity")
    assert (second.name_match, second.linked) == ("equal", "")


@pytest.mark.parametrize(("second", "linked"), [(0.5, "x"), (0.501, "")])
def test_a_second_spelling_is_linked_from_its_own_threshold_on(second, linked):
    entities = [ours("artist:A", "Sigur Rós"), ours("artist:B", "Sigur Ros")]
    scored = [candidate("x", 5, 0), candidate("x", 0.0, 1)]
    found = select_links(entities, scored, settings(0.5, second=second))[1]
    assert (found.thing, found.also, found.linked) == ("", linked, linked)
    if linked:
        assert (found.score, found.decision, found.method) == (0.5, "match", "second spelling")
    else:
        assert (found.score, found.decision) == (0.0, "no_match")


def test_decisions_come_in_the_order_of_the_entities_with_their_reasons():
    entities = [ours("artist:C"), ours("artist:B"), ours("artist:A")]
    scored = [
        ScoredCandidate(Candidate(2, "y", "near", "Y"), -4.0, 2.5, 1.234, -0.4),
        candidate("x", 5, 0, how="identical"),
    ]
    first, last = select_links(entities, scored, AlignmentConfig())
    assert (first.entity, last.entity) == (0, 2)
    assert (first.method, last.method, last.name_match) == ("identical", "near", "near")
    assert last.reasons == {"y": {"name": -4.0, "kind": 2.5, "context": 1.23, "fame": -0.4}}
    assert select_links(entities, [], AlignmentConfig()) == []


SECOND_SPELLINGS = [
    # (our name, its owner's name, how they met, context, is it the same one)
    ("Sigur Ros", "Sigur Rós", "equal", -1.9, True),  # folded they are the same
    ("Sigur Ros", "Sigur Rós", "equal", -2.0, False),
    ("Sigur Ros", "Sigur Rós", "near", 0.0, True),
    ("Bjork", "Björk", "equal", -1.9, True),  # of one word, too
    ("Jon Kennedy", "Joan Kennedy", "near", 3.0, False),
    ("Sigur Ros Band", "Sigur Ros", "near", 1.1, True),  # a word more, and a fitting context
    ("Sigur Ros Band", "Sigur Ros", "near", 1.0, False),
    ("Jackson Michael", "Michael Jackson", "near", 1.5, False),  # the same words are none more
    ("Diddy", "Sean Combs", "alias", 1.6, True),  # an alias of one word needs the context
    ("Diddy", "Sean Combs", "alias", 1.5, False),
    ("Puff Daddy", "Sean Combs", "alias", 0.0, True),
    ("Puff Daddy", "Sean Combs", "alias", -0.1, False),
    ("Prince (The Artist)", "Prince", "reading", 0.0, True),
    ("Prince (The Artist)", "Prince", "reading", -0.1, False),
    ("The Lodger", "Lodger", "equal", 0.51, True),  # what is said of it fits the thing
    ("The Lodger", "Lodger", "equal", 0.5, False),
    ("Panic at the Disco", "Panic! At the Disco", "equal", -1.1, True),  # over two words
    ("Panic at the Disco", "Panic! At the Disco", "equal", -1.2, False),
    ("Panic at Disco", "Panic! At Disco", "equal", -1.1, True),
    ("Mister X", "Mister-x", "equal", -1.1, True),
    ("Attack Attack", "Attack! Attack!", "equal", 0.0, False),  # two words, another sign
    ("Attack Attack!", "Attack-Attack!", "equal", -1.1, True),  # two words, the same signs
    ("Attack Attack!", "Attack-Attack!", "equal", -1.5, True),  # one key, of two words
    ("Attack Attack?", "Attack-Attack!", "equal", 0.0, False),
    ("Attack Attack", "Attack-Attack", "equal", -2.0, False),
    ("Soundgarden", "Sound-garden", "variant", -1.1, True),  # a long word
    ("Soundgarden", "Soundgarden!", "variant", 0.0, False),
    ("Tenletters", "Ten letters", "variant", -1.1, True),
    ("Ninechars", "Nine chars", "variant", 0.4, False),  # not long enough: the key must agree
    ("Lodger", "Lodges", "variant", 0.4, False),
    ("A-Teens", "A Teens", "variant", -1.1, True),
    ("AC-DC", "ACDC", "variant", -1.1, True),
    ("Lodger!", "Lodger", "variant", 0.0, True),  # a short word with the same key and article
    ("Lodger!", "Lodger", "variant", -0.1, False),
    ("The Lodger", "Lodger", "variant", 0.0, False),
    ("Lodger", "The Lodger", "equal", 0.0, True),  # the thing has the same article as the entity
    ("Lodger", "The Lodger", "identical", 0.0, True),
    ("Lodger", "The Lodger", "equal", -0.1, False),
    ("The Lodger!", "The Lodger", "variant", 0.0, True),
    ("Abba!", "Abba", "variant", 0.0, True),
    ("Abb!", "Abb", "variant", 0.0, False),  # three letters are any band's
]  # fmt: skip


def is_second(entity, owner, item, probability=0.95):
    return second_spelling(entity, owner, item, probability, AlignmentConfig())


@pytest.mark.parametrize(("name", "owner", "how", "context", "same"), SECOND_SPELLINGS)
def test_what_is_a_second_spelling(name, owner, how, context, same):
    item = candidate("x", 3, how=how, context=context)
    assert is_second(ours(name=name), ours(name=owner), item) is same


def test_a_second_spelling_is_our_own_and_of_the_right_kind():
    name, owner = "Sigur Ros", ours(name="Sigur Rós")
    assert is_second(ours(name=name), owner, candidate("x", 3, kind=0.01))
    assert not is_second(ours(name=name), owner, candidate("x", 3, kind=0.0))
    assert not is_second(ours(name=name, native=False), owner, candidate("x", 3))


RARE_SPELLINGS = [
    # (name, its interactions, owner of the thing, its interactions, how they meet, probability)
    ("The Ramones", 2, "Ramones", 104, "equal", 0.99, True),
    ("The Ramones", 52, "Ramones", 104, "equal", 0.99, False),
    ("The Lodger", 2, "Lodger", 1, "equal", 0.99, False),
    ("A.F.I.", 1, "AFI", 48, "variant", 0.83, True),
    ("A.F.I.", 10, "AFI", 48, "variant", 0.83, False),
    ("Micheal Jackson", 1, "Michael Jackson", 300, "near", 0.6, True),
    ("Micheal Jackson", 100, "Michael Jackson", 300, "near", 0.9, False),
    ("Gaga", 1, "Lady Gaga", 600, "alias", 0.88, True),
    ("Gaga", 60, "Lady Gaga", 600, "alias", 0.88, False),
    ("Gaga", 1, "Lady Gaga", 600, "alias", 0.3, False),  # rarity alone is no evidence
]


@pytest.mark.parametrize(("name", "few", "owner", "many", "how", "p", "same"), RARE_SPELLINGS)
def test_a_name_far_rarer_than_one_like_it_is_that_one_misspelled(
    name, few, owner, many, how, p, same
):
    entity, popular = ours(name=name, popularity=few), ours(name=owner, popularity=many)
    assert is_second(entity, popular, candidate("x", 3, how=how), p) is same


RARE_WITH_CONTEXT = [
    # (name, its interactions, owner, its interactions, how they meet, context, same)
    ("The Ramones", 2, "Ramones", 104, "variant", 0.0, True),
    ("The Ramones", 2, "Ramones", 104, "variant", -0.5, False),  # what is said of it does not fit
    ("The Ramones", 20, "Ramones", 104, "variant", 0.5, False),  # it fits, but is not rare
    ("The Abba", 2, "Abba", 104, "variant", 0.0, True),
    ("The Abb", 2, "Abb", 104, "variant", 0.0, False),  # three letters are any band's
    ("Micheal Jackson", 1, "Michael Jackson", 20, "near", 0.5, True),  # 21 / 2 times rarer
    ("Micheal Jackson", 1, "Michael Jackson", 18, "near", 0.5, False),
]


@pytest.mark.parametrize(
    ("name", "few", "owner", "many", "how", "context", "same"), RARE_WITH_CONTEXT
)
def test_a_rare_name_needs_a_context_that_fits_too(name, few, owner, many, how, context, same):
    entity, popular = ours(name=name, popularity=few), ours(name=owner, popularity=many)
    assert is_second(entity, popular, candidate("x", 3, how=how, context=context)) is same


def test_a_star_keeps_its_link():
    """The star wins although badly fitting tags lower its score and the other has no tags."""
    star = ours("artist:star", "Beyoncé", popularity=397)
    other = ours("artist:other", "Beyoncé (Live@Edmonton)", popularity=1)
    found = select_links(
        [other, star],
        [
            candidate("x", 5.4, 0, how="reading"),
            candidate("x", 4.8, 1, how="identical", context=-1.15),
        ],
        AlignmentConfig(),
    )
    assert [(d.method, d.thing, d.also) for d in found] == [
        ("second spelling", "", "x"),
        ("identical", "x", ""),
    ]


def test_of_two_rows_of_one_name_the_popular_one_is_linked_first():
    rows = [ours("artist:a", "Katy Perry", popularity=1), ours("artist:b", "Katy Perry")]
    candidates = [candidate("x", 5.0, position, how="identical") for position in (0, 1)]
    first, second = select_links(rows, candidates, AlignmentConfig())
    assert (first.thing, second.also) == ("x", "x")
    first, second = select_links(rows[::-1], candidates, AlignmentConfig())
    assert (first.also, second.thing) == ("x", "x")


def test_candidates_are_kept_for_a_person_to_look_at():
    things = {
        "dbpedia:Iris": Thing("dbpedia:Iris", "Íris", "American band", description="a duo"),
        "dbpedia:Iris_2": Thing("dbpedia:Iris_2", "Iris"),
    }
    ranked = (("dbpedia:Iris", 0.51234567), ("dbpedia:Iris_2", 0.25), ("dbpedia:Iris_3", 0.1))
    reasons = {"dbpedia:Iris": {"name": 2.2}}
    decision = Decision(0, "", 0.0, "unsure", "equal", "equal", ranked, reasons=reasons)
    kept = candidates_json(decision, things, keep=2)
    assert "Íris" in kept
    assert json.loads(kept) == [
        {
            "id": "dbpedia:Iris",
            "name": "Íris (American band)",
            "score": 0.512346,
            "reasons": {"name": 2.2},
            "description": "a duo",
        },
        {"id": "dbpedia:Iris_2", "name": "Iris", "score": 0.25},
    ]
    assert candidates_json(decision, things, keep=0) == "[]"
