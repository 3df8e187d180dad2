"""Contributions of name, class and context to a candidate's log-odds, number by number."""

from __future__ import annotations

import math

import pytest

from kg_builder.alignment import score
from kg_builder.alignment.candidates import Candidate, OwnEntity
from kg_builder.alignment.context import BagSimilarity, SimilarityLogOdds, shuffled
from kg_builder.alignment.dump_contents import Gathered, Thing
from kg_builder.alignment.dump_lines import Faults
from kg_builder.alignment.score import (
    CandidateScorer,
    ScoredCandidate,
    kind_log_odds,
    name_log_odds,
    origin_log_odds,
    qualifier_log_odds,
)
from kg_builder.ontology import load_schema

SCHEMA = load_schema()


def ours(name="Deep Purple", type_="Artist", *, qualifier="", term=False):
    return OwnEntity(f"artist:{name}", type_, name, (), (), qualifier, term, True)


def met(how, name="Deep Purple", entity=0, thing="x"):
    return Candidate(entity, thing, how, name)


def named(entity, how, *, name=None, thing=None, qualifier=""):
    """The weight of a name; by default the entry's name is the one it was found by."""
    name = entity.name if name is None else name
    return name_log_odds(entity, Thing("x", thing or name, qualifier), met(how, name))


# 'Deep Purple': two words (0.9), ten letters (0.4), and no namesake on the other side (0.6).
@pytest.mark.parametrize(
    ("how", "base"),
    [
        ("identical", 2.2),
        ("equal", 1.6),
        ("term", 1.6),
        ("variant", -0.2),
        ("reading", 0.0),
        ("respelled", 0.0),
        ("near", -4.0),
    ],
)
def test_the_more_exact_the_name_the_more_it_says(how, base):
    assert named(ours(), how) == pytest.approx(base + 0.9 + 0.4 + 0.6)


@pytest.mark.parametrize(
    ("name", "words", "letters"),
    [
        ("U", 0.0, -0.4),  # as little as two letters
        ("U2", 0.0, -0.4),
        ("Abb", 0.0, -0.3),
        ("Muse", 0.0, -0.2),
        ("Radioh", 0.0, 0.0),
        ("Radiohead", 0.0, 0.3),
        ("Soundgarden", 0.0, 0.4),  # as much as ten letters
        ("Soundgardeners", 0.0, 0.4),
        ("Muse X", 0.9, -0.1),
        ("A Tribe Called Quest", 1.4, 0.4),
        ("To To To", 1.4, 0.0),
        ("To To To To", 1.4, 0.2),
    ],
)
def test_long_names_of_several_words_are_rare(name, words, letters):
    assert named(ours(name), "identical") == pytest.approx(2.2 + words + letters + 0.6)


def test_an_id_that_a_source_states_needs_no_name():
    assert named(ours("U2", qualifier="UK"), "stated", thing="Something Else") == 9.0


@pytest.mark.parametrize(
    ("own", "theirs", "difference"),
    [
        ("", "", 0.6),
        ("", "band", -0.4),
        ("", "rock band", -0.8),
        ("band", "band", -0.4),
        ("UK", "British band", -0.8),  # the same country
        ("rock band", "American band", -0.8),  # a word in common
        ("UK", "American band", -1.8),
        ("UK", "", -0.4),
    ],
)
def test_a_qualifier_says_that_there_are_namesakes(own, theirs, difference):
    bare = 2.2 + 0.9 + 0.4
    found = named(ours(qualifier=own), "identical", qualifier=theirs)
    assert found == pytest.approx(bare + difference)


@pytest.mark.parametrize(
    ("own", "theirs", "how", "doubt"),
    [
        ("Muse", "Muse", "identical", 0.0),
        ("Âme", "Âme", "identical", 0.0),
        ("Muse", "Muse", "equal", 0.5),
        ("Muse", "Mu-se", "variant", 1.2),
        ("Âme", "Ame", "variant", 1.5),
        ("Ame", "Âme", "variant", 1.5),
        ("Âme", "Ame", "equal", 0.8),
        ("Ame", "Âme", "equal", 0.0),  # our source has lost the accent
        ("Âme", "Ämé", "equal", 0.5),
    ],
)
def test_a_single_word_in_another_spelling_is_easily_anothers_name(own, theirs, how, doubt):
    base = {"identical": 2.2, "equal": 1.6, "variant": -0.2}[how]
    letters = 0.1 * (len(own) - 6)
    assert named(ours(own), how, name=theirs) == pytest.approx(base + letters + 0.6 - doubt)


def test_two_words_in_another_spelling_are_not():
    assert named(ours("Deep Pürple"), "equal") == named(ours("Deep Purple"), "equal")


@pytest.mark.parametrize(
    ("own", "alias", "main", "added"),
    [
        ("Herb Alpert & Lani Hall", "Herb Alpert & Lani Hall", "Herb Alpert", -6.0),
        ("Herb Alpert & Lani Hall", "Herb Alpert & Lani Hall", "Herb & Lani", 0.8),
        ("Kino Band", "Kino Band", "Кино", 1.0),  # a transcription
        ("Кино", "Кино", "Kino", 1.0),
        ("Puff Daddy", "Puff Daddy", "Daddy Combs", 0.8),  # another spelling of the main name
        ("Diddy", "Diddy", "P. Diddy", 0.8),
        ("Diddy", "Diddy", "Diddy", 0.0),
        ("Blondie", "Blondie", "Debbie Harry", -1.5),  # a nickname
        ("Puff Daddy", "Puff Daddy", "Sean Combs", -0.8),
    ],
)
def test_an_alias_counts_by_what_it_shares_with_the_main_name(own, alias, main, added):
    key = own.casefold().replace("&", "and")
    words = {1: 0.0, 2: 0.9}.get(len(key.split()), 1.4)
    letters = 0.1 * max(-4, min(4, len(key.replace(" ", "")) - 6))
    found = named(ours(own, qualifier="UK"), "alias", name=alias, thing=main, qualifier="band")
    assert found == pytest.approx(-1.6 + words + letters + added)


def kind(evidence, *, type_="Artist", name="Deep Purple", how="equal", qualifier=""):
    thing = Thing("x", name, qualifier)
    return kind_log_odds(ours(name, type_), thing, met(how, name), evidence, SCHEMA)


def odds(pro, contra):
    """1.6 times the log-odds of the smoothed share, half of it independent of the evidence."""
    amount = 0.5 + 0.5 * min(1.0, (pro + contra) / 4)
    return 1.6 * math.log((pro + 0.25) / (contra + 0.25)) * amount


@pytest.mark.parametrize(
    ("evidence", "pro", "contra"),
    [
        ({"Band": 0.5}, 0.5, 0),
        ({"Band": 1.0}, 1, 0),
        ({"Band": 2.0, "Place": 2.0}, 2, 2),
        ({"Band": 1.0, "Place": 3.0}, 1, 3),
        ({"Band": 3.0, "Foreign": 8.0}, 3, 8),
        ({"Band": 4.0, "Foreign": 3.0}, 4, 3),
        ({"Band": 1.5, "Agent": 9.0}, 1.5, 0),  # a class above all says nothing
    ],
)
def test_evidence_for_and_against_the_kind(evidence, pro, contra):
    assert kind(evidence) == pytest.approx(odds(pro, contra))


def test_the_right_kind_alone_is_not_enough():
    assert odds(6, 0) > 2.5
    assert kind({"Band": 6.0}) == 2.5
    assert kind({"Place": 6.0, "Foreign": 0.1}, type_="Place") == 2.5


@pytest.mark.parametrize(
    ("evidence", "weight"),
    [({}, -5.0), ({"Place": 1.0}, -5.0), ({"Place": 1.1}, -7.0), ({"Foreign": 3.0}, -7.0)],
)
def test_a_thing_that_nothing_calls_of_the_kind(evidence, weight):
    assert kind(evidence) == weight


def test_an_editors_word_for_another_kind_overrules_all_evidence():
    assert kind({"Band": 6.0}, qualifier="album") == -7.0
    assert kind({"Band": 6.0}, qualifier="rock band") == 2.5
    assert kind({"Band": 6.0}, qualifier="1994") == 2.5


def test_an_id_that_a_source_states_needs_no_kind():
    assert kind({"Place": 9.0}, how="stated", qualifier="album") == 0.0


def test_a_tag_is_looked_for_as_a_genre():
    assert kind({"Genre": 1.0}, type_="Tag") == pytest.approx(odds(1, 0))
    assert kind({"Band": 2.0}, type_="Tag") == -7.0


@pytest.mark.parametrize(
    ("name", "how", "evidence", "less"),
    [
        ("Debbie Harry", "equal", {"Person": 3.0}, 0.5),
        ("Govinda", "equal", {"Person": 3.0}, 5.0),
        ("Debbie Harry", "alias", {"Person": 3.0}, 5.0),
        ("Govinda", "equal", {"Person": 2.0, "SoloArtist": 0.5}, 0.0),
    ],
)
def test_of_a_person_whom_nothing_calls_a_musician_only_a_full_name_is_believed(
    name, how, evidence, less
):
    """That somebody is a person counts half: most artists are."""
    pro = evidence["Person"] / 2 + evidence.get("SoloArtist", 0)
    assert kind(evidence, name=name, how=how) == pytest.approx(odds(pro, 0) - less)


def test_who_need_not_be_a_musician_loses_nothing_by_it():
    assert kind({"Person": 1.0}, type_="Person", name="Govinda") == pytest.approx(odds(1, 0))


@pytest.mark.parametrize(
    ("own", "theirs", "deep", "weight"),
    [
        ({"usa"}, {"usa", "sweden"}, False, 0.8),
        ({"usa"}, {"sweden"}, True, -1.5),
        ({"usa"}, set(), True, 0.0),
        (set(), {"sweden"}, True, -0.4),
        (set(), {"sweden"}, False, 0.0),
        (set(), set(), True, 0.0),
    ],
)
def test_countries_that_both_sides_name(own, theirs, deep, weight):
    assert origin_log_odds(frozenset(own), frozenset(theirs), deep=deep) == weight


@pytest.mark.parametrize(
    ("own", "theirs", "weight"),
    [({"usa"}, {"sweden"}, -1.5), ({"usa"}, {"usa"}, 0), (set(), {"usa"}, 0), ({"usa"}, set(), 0)],
)
def test_a_country_in_a_qualifier_is_there_because_of_a_namesake_elsewhere(own, theirs, weight):
    assert qualifier_log_odds(frozenset(own), frozenset(theirs)) == weight


def test_a_candidates_score_is_the_sum_of_its_reasons():
    found = ScoredCandidate(met("equal"), 1.111, -0.222, 0.4444, 0.05)
    assert found.total == pytest.approx(1.111 - 0.222 + 0.4444 + 0.05)
    assert found.reasons == {"name": 1.11, "kind": -0.22, "context": 0.44, "fame": 0.05}


# --- all candidates together ----------------------------------------------------------------------

BAND = {"classes": {"Band"}}
STRANGE = dict.fromkeys(("polka", "samba", "tango"), 1.0)  # another entity's words
OTHER = OwnEntity("artist:other", "Artist", "Other", (), (), "", False, True)


def scored(pairs, own=(), theirs=(), entities=None):
    """`weigh` for (how, thing) pairs about entities in order, with their bags.

    The names are of four letters: no candidate is clear, so that the weights of the context are
    those of the prior.
    """
    entities = entities or [ours(f"Mus{n}") for n in range(len(pairs))]
    things = {thing.id: thing for _, thing in pairs}
    gathered = Gathered(things, set(things), [], 0, Faults())
    candidates = [met(how, entities[n].name, n, thing.id) for n, (how, thing) in enumerate(pairs)]
    bags = {entity.curie: bag for entity, bag in zip(entities, own, strict=False)}
    bags["artist:other"] = STRANGE
    others = {thing.id: bag for (_, thing), bag in zip(pairs, theirs, strict=False)}
    return CandidateScorer([*entities, OTHER], candidates, gathered, bags, SCHEMA).score(
        others
    ), bags


def words(*groups):
    return {word: 1.0 for group in groups for word in group.split()}


SIX = "rock punk blues jazz folk soul"
PRIOR = SimilarityLogOdds.learn([], [])


@pytest.mark.parametrize(
    ("degree", "fame"),
    [(0, -0.4), (6, 0.2 * (math.log(7) - 2)), (400, 0.2 * (math.log(401) - 2)),
     (90_000, 0.2 * (math.log(401) - 2))],
)  # fmt: skip
def test_the_better_known_of_namesakes_is_meant(degree, fame):
    thing = Thing("x", "Mus0", classes={"Band"})
    thing.roles["s:music.artist.genre"] = degree
    ((found,), _) = scored([("identical", thing)])
    assert found.fame == pytest.approx(fame)


def test_each_candidate_has_its_own_name_kind_and_thing():
    pairs = [
        ("identical", Thing("x", "Mus0", **BAND)),
        ("alias", Thing("y", "Debbie Harry", classes={"Place"})),
    ]
    (first, second), _ = scored(pairs)
    assert (first.candidate.thing, second.candidate.thing) == ("x", "y")
    assert (first.kind, second.kind) == (min(2.5, odds(3, 0)), -7.0)
    assert first.name == named(ours("Mus0"), "identical")
    assert second.name == named(ours("Mus1"), "alias", thing="Debbie Harry")
    assert (first.context, second.context) == (0.0, 0.0)  # nothing is said of them


def test_the_kind_is_read_from_the_places_that_a_thing_has_in_facts():
    thing = Thing("x", "Mus0")
    thing.roles["t:book.book"] = 1  # a type that only the data model says what it is
    ((found,), _) = scored([("identical", thing)], entities=[ours("Mus0", "Book")])
    assert found.kind == pytest.approx(odds(1, 0))


@pytest.mark.parametrize(
    ("own", "theirs", "depth"),
    [
        (SIX, SIX, 1.0),
        (f"{SIX} ska dub", SIX, 1.0),
        ("rock punk blues", SIX, 0.5),
        (SIX, "rock xxx yyy zzz", 1 / 3),  # words that we do not know are no sample
        (SIX, "rock punk", 2 / 3),
        ("rock punk blues", "rock", 0.5 / 3),
    ],
)
def test_context_counts_by_its_similarity_and_by_how_many_words_there_are(own, theirs, depth):
    thing = Thing("x", "Mus0", **BAND)
    ((found,), bags) = scored([("identical", thing)], [words(own)], [words(theirs)])
    similarity = BagSimilarity(bags.values()).similarity(words(own), words(theirs))
    assert similarity > 0
    assert found.context == pytest.approx(PRIOR.of(similarity) * depth)


def test_a_thing_without_statements_has_no_context():
    thing = Thing("x", "Mus0", **BAND)
    assert scored([("identical", thing)], [words(SIX)], [{}])[0][0].context == 0.0
    assert scored([("identical", thing)], [{}], [words(SIX)])[0][0].context == 0.0


@pytest.mark.parametrize(
    ("own", "own_qualifier", "theirs", "their_qualifier", "weight"),
    [
        ("swedish", "", "swedish", "", 0.8),
        ("swedish", "", "american", "", -1.5),
        ("", "UK", "american", "", -1.5),
        ("", "UK", "british", "", 0.8),
        ("swedish", "", "", "American band", -1.5),
        ("", "UK", "", "American band", 0.0),  # the name has counted this already
        ("", "", "american", "", 0.0),
    ],
)
def test_countries_are_read_from_words_and_qualifiers(
    own, own_qualifier, theirs, their_qualifier, weight
):
    entity = ours("Mus0", qualifier=own_qualifier)
    thing = Thing("x", "Mus0", their_qualifier, **BAND)
    ((found,), bags) = scored([("identical", thing)], [words(own)], [words(theirs)], [entity])
    if own and theirs:
        similarity = BagSimilarity(bags.values()).similarity(words(own), words(theirs))
        known = 1 / 3 if own == theirs else 0
        weight += PRIOR.of(similarity) / 6 * known
    assert found.context == pytest.approx(weight)


@pytest.mark.parametrize(("count", "weight"), [(11, 0.0), (12, -0.4)])
def test_a_missing_country_counts_for_an_entity_with_many_statements(count, weight):
    """No words in common, so their similarity contributes nothing."""
    own = {f"word{n}": 1.0 for n in range(count)}
    thing = Thing("x", "Mus0", **BAND)
    ((found,), _) = scored([("identical", thing)], [own], [words("american")])
    assert found.context == pytest.approx(weight)


@pytest.mark.parametrize("how", ["identical", "equal", "variant", "reading", "near", "alias"])
def test_a_loose_name_suffers_more_from_a_context_that_contradicts(how):
    factor = 1.5 if how in ("variant", "near", "alias") else 1.0
    thing = Thing("x", "Mus0", "American band", **BAND)
    ((found,), _) = scored([(how, thing)], [words("swedish")], [{}])
    assert found.context == pytest.approx(-1.5 * factor)
    thing = Thing("x", "Mus0", **BAND)
    ((found,), _) = scored([(how, thing)], [words(f"{SIX} swedish")], [words(f"{SIX} swedish")])
    assert found.context == pytest.approx(PRIOR.of(1.0) + 0.8)
    ((found,), _) = scored([(how, thing)], [words("swedish")], [words("swedish")])
    assert found.context == pytest.approx(PRIOR.of(1.0) / 18 + 0.8)  # which is less than 1


def test_terms_of_a_vocabulary_have_no_context():
    entity = ours("rock", "Genre", term=True)
    thing = Thing("x", "rock", classes={"Genre"})
    ((found,), _) = scored(
        [("term", thing)], [words("swedish")], [words("american")], entities=[entity]
    )
    assert found.context == 0.0


def learnt_from(monkeypatch, entities, pairs, *, own=True, theirs=True):
    """The pairs used to estimate the weights of the context: (entity, how, thing) in order."""
    seen = []
    monkeypatch.setattr(score, "shuffled", lambda clear, seed: seen.extend(clear) or [])
    things = {thing.id: thing for _, _, thing in pairs}
    candidates = [met(how, thing.name, n, thing.id) for n, how, thing in pairs]
    bags = {entity.curie: words(SIX) for entity in entities} if own else {}
    others = dict.fromkeys(things, words(SIX)) if theirs else {}
    gathered = Gathered(things, set(things), [], 0, Faults())
    CandidateScorer(entities, candidates, gathered, bags, SCHEMA).score(others)
    return [thing for _, thing in seen]


def test_context_is_learnt_from_pairs_that_the_name_makes_clear(monkeypatch):
    """'Deep Purple' and a band of that name, of which there is one."""
    entities, band = [ours()], Thing("x", "Deep Purple", **BAND)

    def learnt(*pairs, **bags):
        return learnt_from(monkeypatch, entities, pairs, **bags)

    assert learnt((0, "identical", band)) == ["x"]
    assert learnt((0, "identical", band), own=False) == []
    assert learnt((0, "identical", band), theirs=False) == []
    assert learnt((0, "variant", band)) == []  # 1.7 for the name
    near, place = Thing("y", "Deep Purpl", **BAND), Thing("z", "Deep Purple", classes={"Place"})
    assert learnt((0, "identical", band), (0, "near", near)) == ["x"]  # no namesake,
    assert learnt((0, "identical", band), (0, "equal", place)) == ["x"]  # nor this
    assert learnt((0, "identical", band), (0, "alias", near)) == []
    assert learnt((0, "identical", band), (0, "equal", near)) == []


@pytest.mark.parametrize(("name", "clear"), [("Queens", True), ("Queen", False)])
def test_a_name_is_clear_from_a_weight_of_2_8_on(monkeypatch, name, clear):
    """A single word of six letters is: 2.2 and 0.6; one of five weighs 2.7."""
    pairs = [(0, "identical", Thing("x", name, **BAND))]
    assert learnt_from(monkeypatch, [ours(name)], pairs) == ["x"] * clear


def test_a_pair_is_clear_from_some_evidence_for_its_kind_on(monkeypatch):
    """Three for a band and two for a place weigh 0.6."""
    thing = Thing("x", "Deep Purple", description="city in France", **BAND)
    assert 0.5 < odds(3, 2) < 0.6
    assert learnt_from(monkeypatch, [ours()], [(0, "identical", thing)]) == ["x"]


def test_a_thing_of_hardly_the_kind_is_no_namesake(monkeypatch):
    """Three for a band and six for others weigh less than -1."""
    other = Thing("y", "Deep Purple", classes={"Band", "Place", "Genre"})
    assert -1.1 < odds(3, 6) < -1
    pairs = [(0, "identical", Thing("x", "Deep Purple", **BAND)), (0, "equal", other)]
    assert learnt_from(monkeypatch, [ours()], pairs) == ["x"]


def test_a_pair_is_not_clear_whose_kind_is_in_doubt(monkeypatch):
    doubtful = Thing("x", "Deep Purple", classes={"Band", "Place"})
    assert learnt_from(monkeypatch, [ours()], [(0, "identical", doubtful)]) == []
    other = Thing("y", "Deep Purple", classes={"Band"})
    both = [(0, "identical", other), (0, "equal", doubtful)]  # it may be the one that is meant
    assert learnt_from(monkeypatch, [ours()], both) == []


def test_terms_teach_nothing_about_context(monkeypatch):
    entity = ours("deep house", "Genre", term=True)
    pairs = [(0, "term", Thing("x", "deep house", classes={"Genre"}))]
    assert learnt_from(monkeypatch, [entity], pairs) == []


def test_the_weight_of_an_overlap_is_learnt_from_the_clear_pairs():
    """Thirty bands share a word in five with their things: here that says much."""
    entities = [ours(f"Deep Purple {n}") for n in range(30)]
    things = {f"t{n}": Thing(f"t{n}", f"Deep Purple {n}", **BAND) for n in range(30)}
    own = {entity.curie: {f"w{n}x{i}": 1.0 for i in range(6)} for n, entity in enumerate(entities)}
    theirs = {
        f"t{n}": {f"w{n}x0": 1.0, **{f"w{(n + i) % 30}x{i}": 1.0 for i in range(1, 5)}}
        for n in range(30)
    }
    candidates = [met("identical", e.name, n, f"t{n}") for n, e in enumerate(entities)]
    gathered = Gathered(things, set(things), [], 0, Faults())
    found = CandidateScorer(entities, candidates, gathered, own, SCHEMA).score(theirs)

    clear = [(entity.curie, f"t{n}") for n, entity in enumerate(entities)]
    weigher = BagSimilarity(own.values())
    right, wrong = (
        [weigher.similarity(own[one], theirs[other]) for one, other in pairs]
        for pairs in (clear, shuffled(clear, seed=0))
    )
    learnt = SimilarityLogOdds.learn(right, wrong)
    assert [item.context for item in found] == [learnt.of(similarity) for similarity in right]
    assert all(learnt.of(similarity) > PRIOR.of(similarity) for similarity in right)
