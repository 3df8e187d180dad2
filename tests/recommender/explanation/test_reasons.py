"""Reasons: found if the graph has them, correctly worded, never invented."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg_builder.ontology import load_schema
from recommender.data import Catalogue, Interactions, KnowledgeGraph, TrainingSplit
from recommender.explanation import Evidence, Explainer, Narrator, Reason, Step, Vocabulary
from recommender.explanation.names import Names
from recommender.explanation.relations import plain_name, wording_of
from recommender.models.base import TripleContributions

ITEMS = (
    "Portishead", "Tricky", "Massive Attack", "Slowdive", "Beak>", "Neneh Cherry", "Aphex Twin",
    "Autechre", "Burial", "Abba", "Can", "Low", "Wire", "Suede", "Pulp", "Blur",
)  # fmt: skip
OTHERS = ("trip hop", "Virgin", "shoegaze", "Geoff Barrow", "techno", "IDM", "")
RELATIONS = (
    "genre",
    "recordLabel",
    "similarTo",
    "hasMember",
    "memberOf",
    "music.artist.origin",
    "subgenreOf",
)
ENTITY = {name: n for n, name in enumerate((*ITEMS, *OTHERS))}
RELATION = {name: n for n, name in enumerate(RELATIONS)}
N_ITEMS = len(ITEMS)

TRIPLES = (
    ("Portishead", "genre", "trip hop"),
    ("Tricky", "genre", "trip hop"),
    ("Massive Attack", "genre", "trip hop"),
    ("Portishead", "recordLabel", "Virgin"),
    ("Tricky", "recordLabel", "Virgin"),
    ("Massive Attack", "recordLabel", "Virgin"),
    ("Slowdive", "genre", "shoegaze"),
    ("Massive Attack", "genre", "shoegaze"),
    ("Portishead", "hasMember", "Geoff Barrow"),
    ("Geoff Barrow", "memberOf", "Beak>"),
    ("Neneh Cherry", "similarTo", "Tricky"),
    ("Aphex Twin", "genre", "IDM"),
    ("Autechre", "genre", "techno"),
    ("IDM", "subgenreOf", "techno"),
    ("Can", "music.artist.origin", ""),
    ("Low", "music.artist.origin", ""),
)


def make_train(histories: dict[int, list[str]], triples=TRIPLES) -> TrainingSplit:
    pairs = [(user, ENTITY[name]) for user, names in histories.items() for name in names]
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    columns = np.array([(ENTITY[h], RELATION[r], ENTITY[t]) for h, r, t in triples], dtype=np.int64)
    head, relation, tail = columns.reshape(-1, 3).T
    graph = KnowledgeGraph(head, relation, tail, len(ENTITY), len(RELATION))
    labels = np.ones(len(users), dtype=np.int64)
    return TrainingSplit(Interactions(users, items, labels), graph, 1 + max(histories), N_ITEMS)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    def write(name, header, rows):
        text = "\n".join([header, *("\t".join(map(str, row)) for row in rows)])
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")

    kinds = ["Artist"] * N_ITEMS + ["Thing"] * len(OTHERS)
    rows = [(n, f"x:{n}", name, kinds[n]) for name, n in ENTITY.items()]
    write("entities.tsv", "id\tiri\tname\ttype", rows)
    write("items.tsv", "id\tiri\tname\traw_id", [(n, f"x:{n}", i, n) for n, i in enumerate(ITEMS)])
    write("relations.tsv", "id\tiri\tname", [(n, r, r) for n, r in enumerate(RELATIONS)])
    return Catalogue(tmp_path)


def reason_for(item: str, histories: dict[int, list[str]], user: int = 0) -> Reason:
    ((reason,),) = Explainer(make_train(histories)).explain([user], [[ENTITY[item]]])
    return reason


def reason_text(item: str, histories: dict[int, list[str]], catalogue: Catalogue) -> str:
    return Narrator(catalogue).tell(reason_for(item, histories))


def test_shared_entities_with_the_artists_that_share_all_of_them(catalogue):
    text = reason_text("Massive Attack", {0: ["Portishead", "Tricky", "Abba"]}, catalogue)
    assert text == "plays trip hop and is on Virgin, like Portishead and Tricky in your library"


def test_a_second_argument_about_other_artists(catalogue):
    text = reason_text("Massive Attack", {0: ["Portishead", "Tricky", "Slowdive"]}, catalogue)
    assert text == (
        "plays trip hop and is on Virgin, like Portishead and Tricky in your library; "
        "also plays shoegaze, like Slowdive"
    )


def test_direct_links_in_both_directions(catalogue):
    assert (
        reason_text("Neneh Cherry", {0: ["Tricky"]}, catalogue)
        == "is similar to Tricky in your library"
    )
    reason = reason_for("Tricky", {0: ["Neneh Cherry"]})
    assert reason.kind == "link"
    assert reason.evidence[0].steps == (Step(RELATION["similarTo"], False, ENTITY["Neneh Cherry"]),)


def test_links_are_sentences_in_both_directions(catalogue):
    triples = [("Beak>", "hasMember", "Tricky")]
    for item, other, text in (
        ("Beak>", "Tricky", "has Tricky in your library among its members"),
        ("Tricky", "Beak>", "is a member of Beak> in your library"),
    ):
        train = make_train({0: [other]}, triples)
        ((reason,),) = Explainer(train).explain([0], [[ENTITY[item]]])
        assert Narrator(catalogue).tell(reason) == text


def test_one_entity_by_different_relations(catalogue):
    text = reason_text("Beak>", {0: ["Portishead"]}, catalogue)
    assert text == "has Geoff Barrow among its members, like Portishead in your library"


def test_equal_wordings_are_merged(tmp_path):
    (tmp_path / "entities.tsv").write_text(
        "id\tiri\tname\ttype\n1\tx:1\tRush\tBand\n2\tx:2\tToronto\tPlace\n3\tx:3\tCanada\tCountry\n"
    )
    (tmp_path / "relations.tsv").write_text("id\tiri\tname\n0\tx\torigin\n1\tx\tcountry\n")
    steps = (Step(0, True, 2), Step(1, True, 3))
    reason = Reason((Evidence("shared", (1,), steps),))
    text = Narrator(Catalogue(tmp_path)).tell(reason)
    assert text == "comes from Toronto and Canada, like Rush in your library"


def test_two_linked_entities(catalogue):
    text = reason_text("Aphex Twin", {0: ["Autechre"]}, catalogue)
    assert text == "plays IDM, which is a kind of techno; Autechre in your library plays techno"


def test_an_entity_without_a_name_is_not_named(catalogue):
    assert (
        reason_text("Can", {0: ["Low"]}, catalogue)
        == "comes from the same place as Low in your library"
    )


def test_unnamed_entities_are_counted_by_kind(tmp_path):
    (tmp_path / "relations.tsv").write_text(
        "id\tiri\tname\n0\tx\tfilm.film.genre\n1\tx\tfilm.film.director\n2\tx\tfilm.actor.film\n"
    )
    steps = [Step(r, True, e) for r, e in ((0, 91), (1, 92), (0, 93))]
    films = Evidence("shared", (3,), (Step(2, True, 94),))
    text = Narrator(Catalogue(tmp_path)).tell(
        Reason((Evidence("shared", (1, 2), tuple(steps)), films))
    )
    assert text == (
        "has 2 genres and 1 director in common with item 1 and item 2 in your history; "
        "also appears in the same film as item 3"
    )


def test_other_listeners_where_the_graph_is_silent(catalogue):
    histories = {0: ["Burial"], 1: ["Burial", "Abba"], 2: ["Burial", "Abba"], 3: ["Burial"]}
    text = reason_text("Abba", histories, catalogue)
    assert (
        text == "2 of the 3 other listeners of Burial in your library play it too"
    )  # the user is not counted
    assert reason_text("Abba", {0: ["Burial"], 1: ["Burial", "Abba"]}, catalogue) == (
        "the only other listener of Burial in your library plays it too"
    )


def test_other_listeners_beside_a_weak_path(catalogue):
    text = reason_text("Aphex Twin", {0: ["Autechre"], 1: ["Autechre", "Aphex Twin"]}, catalogue)
    assert text == (
        "plays IDM, which is a kind of techno; Autechre in your library plays techno; "
        "the only other listener of Autechre plays it too"
    )


def test_the_model_alone_where_nothing_speaks_for_it(catalogue):
    assert reason_text("Abba", {0: ["Burial"], 1: ["Tricky", "Abba"]}, catalogue).startswith(
        "the model's score alone"
    )
    assert reason_for("Abba", {0: [], 1: ["Abba"]}).kind == "model"  # a user without a history


def test_what_most_of_the_catalogue_has_is_no_reason():
    everything = [(name, "genre", "techno") for name in ITEMS[: N_ITEMS // 2 + 1]]
    train = make_train({0: ["Portishead"]}, everything)
    ((reason,),) = Explainer(train).explain([0], [[ENTITY["Tricky"]]])
    assert reason.kind == "model"


def test_the_rarer_entity_is_named_first():
    triples = [(name, "genre", "techno") for name in ITEMS[:8]]
    triples += [(name, "recordLabel", "Virgin") for name in ITEMS[:2]]
    ((reason,),) = Explainer(make_train({0: ["Portishead"]}, triples)).explain([0], [[1]])
    assert reason.evidence[0].steps[0].entity == ENTITY["Virgin"]


def test_places_without_an_item_have_no_reason():
    reasons = Explainer(make_train({0: ["Tricky"]})).explain([0, 0], [[0, -1], [-1, -1]])
    assert [[r is None for r in row] for row in reasons] == [[False, True], [True, True]]


names = st.sampled_from(list(ENTITY))
worlds = st.tuples(
    st.lists(st.tuples(names, st.sampled_from(RELATIONS), names), min_size=1, max_size=60),
    st.dictionaries(
        st.integers(0, 5), st.lists(st.sampled_from(ITEMS), max_size=6, unique=True), min_size=1
    ),
)


@given(worlds)
@settings(max_examples=150, deadline=None)
def test_every_claim_is_true_of_the_graph_and_the_histories(world):
    triples, histories = world
    train = make_train(histories, triples)
    known = {(ENTITY[h], RELATION[r], ENTITY[t]) for h, r, t in triples}
    played = {u: {ENTITY[n] for n in histories.get(u, [])} for u in range(train.n_users)}
    lists = [[i for i in range(N_ITEMS) if i not in played[u]] for u in range(train.n_users)]
    width = max(map(len, lists))
    padded = np.array([row + [-1] * (width - len(row)) for row in lists])

    def holds(item: int, step: Step) -> bool:
        triple = (item, step.relation, step.entity)
        return (triple if step.forward else triple[::-1]) in known

    reasons = Explainer(train).explain(range(train.n_users), padded)
    for user, items in enumerate(lists):
        for item, reason in zip(items, reasons[user], strict=False):
            for argument in reason.evidence:
                _check(argument, item, user, played, holds)
            _check_triples(reason, item, train.graph)


def _check_triples(reason: Reason, item, graph):
    for step in (step for argument in reason.evidence for step in argument.steps):
        for triple in step.triples:
            ends = {int(graph.head[triple]), int(graph.tail[triple])}
            assert ends == {item, step.entity}
            assert graph.relation[triple] == step.relation


def _check(argument: Evidence, item, user, played, holds):
    assert set(argument.items) <= played[user]
    assert len(set(argument.items)) == len(argument.items)
    assert all(holds(item, step) for step in argument.steps)
    match argument.kind:
        case "link":
            assert [step.entity for step in argument.steps] == list(argument.items)
        case "shared":
            assert all(holds(other, step) for other in argument.items for step in argument.steps)
        case "through":
            assert argument.steps[0].entity == argument.ends[0].entity
            assert all(holds(other, argument.ends[0]) for other in argument.items)
        case "path":
            near, far = argument.steps[0].entity, argument.ends[0].entity
            assert holds(near, argument.middle[0])
            assert argument.middle[0].entity == far
            assert all(holds(other, argument.ends[0]) for other in argument.items)
        case "listeners":
            others = [p for u, p in played.items() if u != user and argument.items[0] in p]
            assert argument.audience == len(others)
            assert argument.together == sum(item in p for p in others) > 0
        case "model":
            assert not argument.items
            assert not any(item in p and p & played[user] for u, p in played.items() if u != user)


@pytest.mark.parametrize(
    ("relation", "name", "noun"),
    [
        ("recordLabel", "record label", "label"),
        ("http://dbpedia.org/ontology/recordLabel", "record label", "label"),
        ("record_label", "record label", "label"),
        ("music.artist.origin", "origin", "place of origin"),
        ("people.person.place_of_birth", "place of birth", "birthplace"),
        ("http://rdf.freebase.com/ns/film.director.film", "film", "film"),
        ("film.distributor.film", "film", "film"),
        ("mo:similar_to", "similar to", "similar artist"),
        ("award.award_winner..award.award_honor.honored_for", "honored for", "honored for"),
        ("composer of", "composer of", "composition"),
        ("inverse of credited to", "inverse of credited to", "joint credit"),
        ("member of", "member of", "band"),
        ("UKChart", "uk chart", "uk chart"),
        ("7", "7", "7"),
    ],
)
def test_relations_are_spoken_in_plain_words(relation, name, noun):
    assert plain_name(relation) == name
    assert wording_of(relation).noun == noun


def explain(item, history, triples, catalogue, contributions=None) -> Reason:
    train = make_train({0: history}, triples)
    vocabulary = Vocabulary.of(catalogue, len(RELATIONS))
    ((reason,),) = Explainer(train, vocabulary, contributions).explain([0], [[ENTITY[item]]])
    return reason


def test_what_two_relations_say_alike_is_one_fact(catalogue):
    triples = [
        ("Beak>", "hasMember", "Geoff Barrow"),
        ("Geoff Barrow", "memberOf", "Portishead"),
        ("Portishead", "hasMember", "Geoff Barrow"),
    ]
    reason = explain("Portishead", ["Beak>"], triples, catalogue)
    assert Narrator(catalogue).tell(reason) == (
        "has Geoff Barrow among its members, like Beak> in your library"
    )
    assert reason.triples == (1, 2)  # deleting the fact takes both away


def test_a_symmetric_relation_has_no_direction(catalogue):
    triples = [("Tricky", "similarTo", "Burial"), ("Burial", "similarTo", "Portishead")]
    reason = explain("Portishead", ["Tricky"], triples, catalogue)
    assert reason.kind == "shared"
    assert Narrator(catalogue).tell(reason) == ("is similar to Burial, like Tricky in your library")


def test_what_has_no_name_loses_against_what_has_one(catalogue):
    shared = [(name, "music.artist.origin", "") for name in ("Can", "Low")]
    common = [(name, "genre", "techno") for name in (*ITEMS[:4], "Can", "Low")]
    reason = explain("Can", ["Low"], shared + common, catalogue)
    assert Narrator(catalogue).tell(reason) == "plays techno, like Low in your library"


def test_two_entities_of_one_name_are_one_argument(tmp_path):
    (tmp_path / "entities.tsv").write_text(
        "id\tiri\tname\ttype\n"
        "2\tx:2\tTrip-Hop\tGenre\n3\tx:3\ttrip hop\tTag\n"
        "4\tx:4\t90s\tTag\n5\tx:5\t1990s\tDecade\n6\tx:6\tseen live\tTag\n"
    )
    (tmp_path / "relations.tsv").write_text("id\tiri\tname\n0\tx\tgenre\n1\tx\ttag\n2\tx\tdecade\n")
    pairs = [(0, 2), (1, 3), (1, 4), (2, 5), (1, 6)]
    triples = np.array([(item, r, e) for item in (0, 1) for r, e in pairs])
    graph = KnowledgeGraph(*triples.T.copy(), 9, 3)
    train = TrainingSplit(
        Interactions(np.array([0]), np.array([0]), np.array([1])), graph, 1, n_items=8
    )
    catalogue = Catalogue(tmp_path)
    ((reason,),) = Explainer(train, Vocabulary.of(catalogue, 3)).explain([0], [[1]])
    entities = [step.entity for step in reason.evidence[0].steps]
    assert entities[0] == 2
    assert entities[1] in (4, 5)
    assert len(reason.evidence) == 1  # neither the tag nor "seen live" again


def test_the_model_decides_what_is_named_where_it_can(catalogue):
    triples = [("Portishead", "recordLabel", "Virgin"), ("Tricky", "recordLabel", "Virgin")]
    triples += [(name, "genre", "techno") for name in ITEMS[:6]]
    triples += [(name, "genre", "shoegaze") for name in ITEMS[:4]]

    def contributions(users, items):  # all from techno; something against it from the label
        row_of = {(h, t): n for n, (h, _, t) in enumerate(triples)}
        named = [row_of["Tricky", "techno"], row_of["Tricky", "Virgin"]]
        return TripleContributions(np.array([0, 0]), np.array(named), np.array([2.5, -1.0]))

    plain = explain("Tricky", ["Portishead"], triples, catalogue).evidence[0]
    assert plain.basis == "rarity"
    assert plain.steps[0].entity == ENTITY["shoegaze"]
    owed = explain("Tricky", ["Portishead"], triples, catalogue, contributions).evidence
    assert [[step.entity for step in argument.steps] for argument in owed] == [[ENTITY["techno"]]]
    assert (owed[0].basis, owed[0].weight) == ("model", 2.5)


def test_a_model_that_cannot_tell_changes_nothing(catalogue):
    explanations = [
        explain("Massive Attack", ["Tricky"], TRIPLES, catalogue, contributions)
        for contributions in (None, lambda users, items: None)
    ]
    assert explanations[0] == explanations[1]


def test_a_path_may_lead_over_a_third_artist(catalogue):
    triples = [("Suede", "similarTo", "Pulp"), ("Pulp", "genre", "techno")]
    triples += [("Blur", "genre", "techno")]
    reason = explain("Suede", ["Blur"], triples, catalogue)
    assert Narrator(catalogue).tell(reason) == (
        "is similar to Pulp, who plays techno, like Blur in your library"
    )


@given(st.text(min_size=1))
def test_any_relation_name_has_words(relation):
    words = wording_of(relation)
    assert words.noun
    assert words.link


def test_at_most_two_artists_are_named(catalogue):
    many = ["Portishead", "Tricky", "Slowdive", "Burial", "Can"]
    triples = [(name, "genre", "techno") for name in [*many, "Wire"]]
    ((reason,),) = Explainer(make_train({0: many}, triples)).explain([0], [[ENTITY["Wire"]]])
    text = Narrator(catalogue).tell(reason)
    assert re.fullmatch(r"plays techno, like \w+, \w+ and 3 more in your library", text)


def test_other_kinds_of_items_have_other_words(tmp_path):
    (tmp_path / "entities.tsv").write_text(
        "id\tiri\tname\ttype\n0\tx:0\tDune\tBook\n1\tx:1\tSolaris\t\n"
        "2\tx:2\tPleq & Segue\tCollaboration\n"
    )
    narrator = Narrator(Catalogue(tmp_path))
    step = (Step(0, True, 9),)
    book = narrator.tell(Reason((Evidence("shared", (0,), step),)))
    assert book == "has the same relation 0 as Dune, which you read"
    other = narrator.tell(Reason((Evidence("shared", (1,), step),)))
    assert other.endswith("as Solaris in your history")
    joint = narrator.tell(Reason((Evidence("shared", (2,), step),)))
    assert joint.endswith("as Pleq & Segue in your library")


@pytest.mark.parametrize(
    ("relation", "name", "kind", "sentence"),
    [
        ("country", "United Kingdom", "Country", "comes from the United Kingdom"),
        ("country", "Iceland", "Country", "comes from Iceland"),
        ("tag", "dreamy", "Tag", "is tagged “dreamy”"),
        ("award", "Brit Award", "Award", "won the Brit Award"),
        ("award", "Blues Hall of Fame", "Award", "was inducted into the Blues Hall of Fame"),
        ("performed", "8 Mile", "Movie", "appears in “8 Mile”"),
        ("performed", "Respect", "Song", "performed “Respect”"),
        ("composer of", "Psycho", "Movie", "composed the music of “Psycho”"),
        ("role", "actor", "Role", "works as an actor"),
        ("decade", "1980s", "Decade", "belongs to the 1980s"),
        ("instrument", "cello", "Instrument", "features cello"),
        ("member of", "112", "Band", "is a member of 112"),
        ("film.film.genre", "Noir", "Genre", "belongs to the genre Noir"),
        ("film.director.film", "Jaws", "Movie", "directed “Jaws”"),
        ("film.film.director", "9", "Entity", "has the same director"),
    ],
)
def test_facts_are_plain_english(tmp_path, relation, name, kind, sentence):
    (tmp_path / "relations.tsv").write_text(f"id\tiri\tname\n0\tx\t{relation}\n")
    (tmp_path / "entities.tsv").write_text(f"id\tiri\tname\ttype\n9\tx:9\t{name}\t{kind}\n")
    assert Narrator(Catalogue(tmp_path)).fact(Step(0, True, 9)) == sentence


def test_an_entity_without_a_name_gets_an_alias_or_the_name_in_its_iri(tmp_path):
    (tmp_path / "entities.tsv").write_text(
        "id\tiri\tname\ttype\n"
        "7\thttps://w3id.org/musickg/entity/7\t7\tEntity\n"
        "8\thttps://w3id.org/musickg/place/New_York\tm.02_286\tPlace\n"
        "9\thttps://w3id.org/musickg/entity/9\t9\tEntity\n"
        "10\thttps://w3id.org/musickg/artist/112\t112\tBand\n"
    )
    (tmp_path / "aliases.tsv").write_text("id\talias\n7\tm.07\n7\tBristol\n")
    names = Names(Catalogue(tmp_path))
    assert [names.name(e) for e in (7, 8, 9, 10)] == ["Bristol", "New York", "", "112"]
    assert names.named(np.array([9, 7, 9])).tolist() == [False, True, False]


def tagged(folder: Path, votes: dict[str, list[int]]) -> str:
    """The reason for item 1 given item 0, both with all these tags.

    Args:
        votes: for each tag the votes of its statements, about whatever.
    """
    rows = [f"{n}\thttps://w3id.org/musickg/artist/a{n}\tArtist {n}\tArtist" for n in range(8)]
    rows += [
        f"{n}\thttps://w3id.org/musickg/tag/{tag}\t{tag.replace('_', ' ')}\tTag"
        for n, tag in enumerate(votes, start=8)
    ]
    (folder / "entities.tsv").write_text("\n".join(["id\tiri\tname\ttype", *rows]) + "\n")
    (folder / "relations.tsv").write_text("id\tiri\tname\n0\tx\ttag\n")
    tag_votes = [(f"tag:{tag}", n) for tag, counts in votes.items() for n in counts]
    evidence = [f"tags.dat#line={line};votes={n}" for line, (_, n) in enumerate(tag_votes, start=2)]
    texts = (pa.array(column, pa.string()) for column in ([tag for tag, _ in tag_votes], evidence))
    table = pa.table(dict(zip(("object", "evidence"), texts, strict=True)))
    pq.write_table(table, folder / "statements.parquet")
    triples = np.array([(item, 0, 8 + n) for item in (0, 1) for n in range(len(votes))])
    train = TrainingSplit(
        Interactions(np.array([0]), np.array([0]), np.array([1])),
        KnowledgeGraph(*triples.T.copy(), 8 + len(votes), 1),
        1,
        n_items=8,
    )
    catalogue = Catalogue(folder)
    ((reason,),) = Explainer(train, Vocabulary.of(catalogue, 1)).explain([0], [[1]])
    return Narrator(catalogue).tell(reason)


def test_a_tag_on_which_no_two_people_agree_is_no_reason(tmp_path):
    votes = {"marisa_mix": [1, 1, 1], "dreamy": [1, 3], "albums_i_own": [2], "special": [1]}
    assert tagged(tmp_path, votes) == "is tagged “dreamy”, like Artist 0 in your library"


def test_tags_without_vote_counts_are_reported(tmp_path):
    text = tagged(tmp_path, {"dreamy": [], "moody": [], "seen_live": []})
    assert text == "is tagged “dreamy” and “moody”, like Artist 0 in your library"


@pytest.mark.parametrize(
    ("first", "second"), [("thrash_metal", "metal"), ("contemporary_R&B", "rnb")]
)
def test_what_a_chosen_fact_implies_is_not_repeated(tmp_path, first, second):
    text = tagged(tmp_path, {first: [9], second: [9]})
    assert text == f"is tagged “{first.replace('_', ' ')}”, like Artist 0 in your library"


def test_what_most_are_known_to_have_is_no_reason():
    """Of 30 artists with stated instruments 20 sing; 70 others have none stated."""

    def reason(singers: range, others: range) -> Reason | None:
        holds = [(n, 0, 100) for n in singers] + [(n, 0, 101) for n in others]
        train = TrainingSplit(
            Interactions(np.array([0]), np.array([0]), np.array([1])),
            KnowledgeGraph(*np.array(holds).T.copy(), 102, 1),
            1,
            n_items=100,
        )
        ((found,),) = Explainer(train).explain([0], [[1]])
        return found

    most = reason(range(20), range(14, 30))
    assert most is not None and most.kind == "model"
    half = reason(range(12), range(8, 30))
    assert half is not None and half.kind == "shared"


def test_every_relation_of_the_data_model_has_its_own_words() -> None:
    predicates = load_schema().predicates
    unworded = [
        name
        for name, predicate in predicates.items()
        if predicate.datatype is None and "is linked by" in wording_of(name).link
    ]
    assert unworded == []


def test_works_are_named_with_their_performers_once(tmp_path):
    header = "id\tiri\tname\ttype\n"
    rows = "0\tx\tA\tSong\n1\tx\tB\tSong\n2\tx\tC\tSong\n3\tx\tCan\tBand\n4\tx\trock\tGenre\n"
    (tmp_path / "entities.tsv").write_text(header + rows)
    by = "0\tx\tA\ta\tCan\n1\tx\tB\tb\tCan\n2\tx\tC\tc\tNeu!\n"
    (tmp_path / "items.tsv").write_text("id\tiri\tname\traw_id\tby\n" + by)
    (tmp_path / "relations.tsv").write_text("id\tiri\tname\n0\tx\tperformer\n1\tx\tgenre\n")
    tell = Narrator(Catalogue(tmp_path)).tell
    genre, performer = Step(1, True, 4), Step(0, True, 3)
    both = tell(Reason((Evidence("shared", (0, 1), (genre,)),)))
    assert both == "belongs to the genre rock, like A and B by Can in your library"
    other = tell(Reason((Evidence("shared", (0, 2, 1), (genre,)),)))
    assert other == "belongs to the genre rock, like A by Can, C by Neu! and 1 more in your library"
    assert tell(Reason((Evidence("shared", (0,), (performer,)),))) == (
        "was performed by Can, like A in your library"
    )
    heard = Evidence("listeners", (2,), together=2, audience=9)
    assert (
        tell(Reason((heard,)))
        == "2 of the 9 other listeners of C by Neu! in your library play it too"
    )
