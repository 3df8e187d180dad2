from __future__ import annotations

import json

import numpy as np
import pytest

from kg_builder.fusion.disambiguation import (
    DisambiguationConfig,
    Mention,
    Ranker,
    TextMentions,
    disambiguate,
    distant_examples,
    entity_graph,
    train,
)
from kg_builder.fusion.disambiguation.ranker import PRIOR, fit
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS

SCHEMA = load_schema()
CONFIG = DisambiguationConfig()

# entity, class, name, aliases, facts as predicate=object (an entity if it is listed itself)
THINGS = """
artist:Genesis | Band | Genesis | | genre=genre:progressive_rock hasMember=artist:Phil_Collins origin=place:Godalming
artist:Genesis_(Colombia) | Band | Genesis | Génesis | genre=genre:folk_rock origin=place:Bogotá
album:Genesis | Album | Genesis | | performer=artist:Busta_Rhymes recordLabel=label:J_Records
artist:Nirvana | Band | Nirvana | | genre=genre:grunge hasMember=artist:Kurt_Cobain hasMember=artist:Dave_Grohl origin=place:Aberdeen recordLabel=label:Sub_Pop
artist:Nirvana_(UK) | Band | Nirvana | | genre=genre:psychedelic_pop hasMember=artist:Patrick_Campbell-Lyons origin=place:London
artist:Bush | Band | Bush | | hasMember=artist:Gavin_Rossdale origin=place:London genre=genre:post-grunge
artist:Kate_Bush | SoloArtist | Kate Bush | | genre=genre:art_pop
artist:The_The | Band | The The | | hasMember=artist:Matt_Johnson origin=place:London
artist:Chk_Chk_Chk | Band | !!! | Chk Chk Chk | origin=place:Sacramento genre=genre:dance-punk
artist:Air | Band | Air | | origin=place:Versailles genre=genre:downtempo hasMember=artist:Nicolas_Godin
artist:America | Band | America | | origin=place:London genre=genre:folk_rock hasMember=artist:Dewey_Bunnell
place:America | Place | America | |
place:Aberdeen | Place | Aberdeen | | locatedIn=place:America
place:Sacramento | Place | Sacramento | | locatedIn=place:America
artist:Live | Band | Live | | origin=place:York hasMember=artist:Ed_Kowalczyk genre=genre:alternative_rock
album:Live | Album | Live | | performer=artist:Fela_Kuti
artist:Phil_Collins | SoloArtist | Phil Collins | | genre=genre:pop
artist:Busta_Rhymes | SoloArtist | Busta Rhymes | | genre=genre:hip_hop
artist:Kurt_Cobain | Person | Kurt Cobain | |
artist:Dave_Grohl | Person | Dave Grohl | |
artist:Patrick_Campbell-Lyons | Person | Patrick Campbell-Lyons | |
artist:Gavin_Rossdale | Person | Gavin Rossdale | |
artist:Matt_Johnson | Person | Matt Johnson | |
artist:Nicolas_Godin | Person | Nicolas Godin | |
artist:Dewey_Bunnell | Person | Dewey Bunnell | |
artist:Ed_Kowalczyk | Person | Ed Kowalczyk | |
artist:Fela_Kuti | SoloArtist | Fela Kuti | | genre=genre:afrobeat
"""  # noqa: E501


def graph_of(lines):
    rows, facts = {}, []
    for line in lines.strip().splitlines():
        curie, type_, name, aliases, stated = (cell.strip() for cell in line.split("|"))
        rows[curie] = (type_, name, [a for a in [aliases] if a])
        facts += [(curie, *fact.split("=")) for fact in stated.split()]
    classes = {"genre": "Genre", "place": "Place", "label": "RecordLabel"}
    for _, _, target in facts:
        prefix, _, local = target.partition(":")
        rows.setdefault(target, (classes.get(prefix, "Artist"), local.replace("_", " "), []))
    entities = ENTITIES.frame(
        {
            "entity": curie,
            "type": type_,
            "name": name,
            "aliases": aliases,
            "external_ids": [],
            "attributes": json.dumps({}),
            "records": 1,
        }
        for curie, (type_, name, aliases) in rows.items()
    )
    statements = STATEMENTS.frame(
        {
            "subject": subject,
            "predicate": predicate,
            "object": target,
            "object_kind": "entity",
            "source": "a",
            "method": "mapping",
            "confidence": 0.9,
            "evidence": "a.csv#line=1",
            "inferred": False,
        }
        for subject, predicate, target in facts
    )
    return entity_graph(entities, statements, SCHEMA)


GRAPH = graph_of(THINGS)


def decide(name, sentence, type_="", others=(), graph=GRAPH, **more):
    mentions = [Mention("m", name, type_, sentence), *(Mention(o, o, "", sentence) for o in others)]
    return disambiguate(
        [TextMentions(sentence, tuple(mentions))], graph, CONFIG, schema=SCHEMA, **more
    )[0]


@pytest.mark.parametrize(
    ("name", "sentence", "type_", "others", "entity"),
    [
        ("Genesis", "Phil Collins sang with Genesis, a progressive rock band.", "Band",
         ("Phil Collins",), "artist:Genesis"),
        ("Genesis", "In Bogotá the folk rock group Genesis was formed.", "Band", ("Bogotá",),
         "artist:Genesis_(Colombia)"),
        ("Genesis", "Busta Rhymes released the album Genesis on J Records.", "Album",
         ("Busta Rhymes",), "album:Genesis"),
        ("Génesis", "Génesis were a folk rock band from Bogotá.", "Band", (),
         "artist:Genesis_(Colombia)"),
        ("Nirvana", "Kurt Cobain and Dave Grohl of Nirvana signed to Sub Pop.", "Band",
         ("Kurt Cobain", "Dave Grohl"), "artist:Nirvana"),
        ("Nirvana", "Nirvana, the London psychedelic pop duo of Patrick Campbell-Lyons", "Band",
         ("Patrick Campbell-Lyons",), "artist:Nirvana_(UK)"),
        ("Bush", "Gavin Rossdale founded the band Bush in London.", "Band", ("Gavin Rossdale",),
         "artist:Bush"),
        ("The The", "Matt Johnson is the only constant member of The The.", "Band",
         ("Matt Johnson",), "artist:The_The"),
        ("!!!", "The dance-punk band !!! was founded in Sacramento.", "Band", (),
         "artist:Chk_Chk_Chk"),
        ("Air", "The French duo Air, with Nicolas Godin, come from Versailles.", "Band",
         ("Nicolas Godin",), "artist:Air"),
        ("America", "America, the folk rock band of Dewey Bunnell, reunited.", "",
         ("Dewey Bunnell",), "artist:America"),
        ("America", "They lived in America and moved along the east coast.", "", (),
         "place:America"),
        ("Live", "Ed Kowalczyk fronted Live, an alternative rock band from York.", "Band",
         ("Ed Kowalczyk",), "artist:Live"),
        ("Live", "Fela Kuti released the live album Live.", "Album", ("Fela Kuti",),
         "album:Live"),
    ],
)  # fmt: skip
def test_namesakes_are_distinguished_by_their_context(name, sentence, type_, others, entity):
    found = decide(name, sentence, type_, others)
    assert (found.decision, found.entity) == ("match", entity)


@pytest.mark.parametrize(
    ("name", "sentence", "type_"),
    [
        ("Bush", "Bush was the president who lived in the capital.", "Place"),
        ("Live", "The song Live was written by nobody we know.", "Song"),
        ("Air", "The village of Air lies near the coast.", "Place"),
        ("Portishead", "Portishead are a band from Bristol.", "Band"),
        ("???", "The band ??? is unknown.", "Band"),
    ],
)
def test_a_name_that_nothing_fits_is_none_of_them(name, sentence, type_):
    found = decide(name, sentence, type_)
    assert found.entity is None
    assert found.decision == "no_match"
    assert found.nil > 0.6


def test_every_candidate_is_kept_with_its_probability_and_its_reasons():
    found = decide("Nirvana", "Nirvana played.", "Band")
    assert {c.entity for c in found.choices} == {"artist:Nirvana", "artist:Nirvana_(UK)"}
    assert sum(c.probability for c in found.choices) + found.nil == pytest.approx(1)
    chances = [c.probability for c in found.choices]
    assert chances == sorted(chances, reverse=True)
    odds = np.log(found.choices[0].probability / found.nil)
    assert sum(weight for _, weight in found.choices[0].contributions) == pytest.approx(odds)


def test_without_context_namesakes_are_left_to_a_person():
    twins = graph_of(
        "artist:Twin | Band | Twin | | origin=place:Rome\n"
        "artist:Twin_2 | Band | Twin | | origin=place:Oslo"
    )
    found = decide("Twin", "Twin.", "Band", graph=twins)
    assert (found.decision, found.entity) == ("unsure", None)
    assert len(found.choices) == 2


@pytest.mark.parametrize("name", ["Génesis", "Bush", "Portishead"])
def test_a_decision_carries_its_mention_the_entities_names_and_the_share_of_none(name):
    mentions = (Mention("a", name, "Band"), Mention("b", "Kate Bush"))
    found, other = disambiguate([TextMentions("", mentions)], GRAPH, CONFIG, schema=SCHEMA)
    assert (found.mention, other.mention) == mentions
    assert [c.name for c in found.choices] == [
        GRAPH.name[GRAPH.position[c.entity]] for c in found.choices
    ]
    for decision in (found, other):
        assert sum(c.probability for c in decision.choices) + decision.nil == pytest.approx(1)


def with_thresholds(mention, **thresholds):
    config = DisambiguationConfig(**thresholds)
    return disambiguate([TextMentions("", (mention,))], GRAPH, config, schema=SCHEMA)[0]


def test_a_probability_at_the_threshold_is_a_match():
    mention = Mention("m", "Chk Chk Chk", "Band")
    chance = with_thresholds(mention).choices[0].probability
    assert with_thresholds(mention, match=chance).entity == "artist:Chk_Chk_Chk"
    missed = with_thresholds(mention, match=np.nextafter(chance, 1), unsure=0)
    assert (missed.decision, missed.entity) == ("unsure", None)


def test_a_mention_is_unsure_where_an_entity_is_likely_or_none_of_them_unlikely():
    mention = Mention("m", "Bush", "Place")
    found = with_thresholds(mention)
    chance, nil = found.choices[0].probability, found.nil
    assert chance < 0.4 and nil == pytest.approx(1 - chance)
    for threshold, decision in [
        (chance, "unsure"),  # the entity is likely enough
        (np.nextafter(chance, 1), "no_match"),
        (nil, "no_match"),
        (np.nextafter(nil, 1), "unsure"),  # that it is none of them is too unlikely
    ]:
        found = with_thresholds(mention, match=1, unsure=threshold)
        assert (found.decision, found.entity) == (decision, None), threshold
    nobody = with_thresholds(Mention("m", "Portishead"), match=1, unsure=1)
    assert (nobody.decision, nobody.choices) == ("no_match", ())


def test_the_candidates_with_the_most_facts_are_compared():
    config = DisambiguationConfig(candidates=1)
    text = TextMentions("", (Mention("m", "Nirvana"),))
    (found,) = disambiguate([text], GRAPH, config, schema=SCHEMA)
    assert [c.entity for c in found.choices] == ["artist:Nirvana"]


def coherence(mentions, anchors=()):
    """Coherence of the first mention's best entity with the other entities of the text."""
    text = TextMentions("", tuple(Mention(name, name) for name in mentions), anchors)
    found = disambiguate([text], GRAPH, CONFIG, schema=SCHEMA)[0]
    return found.choices[0].entity, dict(found.choices[0].contributions)["coherence"]


def test_an_anchor_speaks_for_its_neighbours():
    third = PRIOR["coherence"] / 3  # the feature is a mean over three companions
    assert coherence(["Nirvana"]) == ("artist:Nirvana", 0)
    assert coherence(["Nirvana"], ("label:Sub_Pop",)) == ("artist:Nirvana", pytest.approx(third))
    anchors = ("label:of_another_graph", "artist:Patrick_Campbell-Lyons")
    assert coherence(["Nirvana"], anchors) == ("artist:Nirvana_(UK)", pytest.approx(third))


def test_a_companion_speaks_for_its_neighbours_by_the_probability_of_its_entity():
    names = ["Nirvana", "Patrick Campbell-Lyons"]
    text = TextMentions("", tuple(Mention(name, name) for name in names))
    alone = Ranker(np.array([0.0 if name == "coherence" else PRIOR[name] for name in PRIOR]))
    guess = disambiguate([text], GRAPH, CONFIG, schema=SCHEMA, ranker=alone)[1].choices[0]
    assert 0.1 < guess.probability < 0.9
    gain = PRIOR["coherence"] / 3 * guess.probability
    assert coherence(names) == ("artist:Nirvana_(UK)", pytest.approx(gain))


def test_a_person_can_forbid_an_entity_for_one_mention():
    mentions = tuple(Mention(key, "Nirvana", "Band") for key in "ab")
    found, other = disambiguate(
        [TextMentions("", mentions)],
        GRAPH,
        CONFIG,
        schema=SCHEMA,
        forbidden=lambda key, entity: (key, entity) == ("a", "artist:Nirvana"),
    )
    assert [c.entity for c in found.choices] == ["artist:Nirvana_(UK)"]
    assert {c.entity for c in other.choices} == {"artist:Nirvana", "artist:Nirvana_(UK)"}


def texts_about(graph):
    """A text per band and member, in which every name has one bearer."""
    found = []
    for index, name in enumerate(graph.name):
        near = sorted(graph.neighbours[index])
        if not near or len(graph.candidates(name, 9)) != 1:
            continue
        sentence = f"{name} has to do with " + " and ".join(graph.name[n] for n in near)
        names = [name, *(graph.name[n] for n in near)]
        mentions = tuple(Mention(f"{index}/{n}", n, "", sentence) for n in names)
        found.append(TextMentions(sentence, mentions))
    return found


def test_weights_are_learnt_from_unambiguous_mentions_and_stay_the_same_for_a_seed():
    texts = texts_about(GRAPH)
    first = train(texts, GRAPH, CONFIG, schema=SCHEMA, seed=3)
    again = train(texts, GRAPH, CONFIG, schema=SCHEMA, seed=3)
    assert first.examples >= 3 * CONFIG.least_examples
    assert np.array_equal(first.weights, again.weights)
    examples = distant_examples(texts, GRAPH, CONFIG, schema=SCHEMA, seed=4)

    def right(ranker):
        hits = 0
        for rows, gold, _ in examples:
            chances, nil = ranker.probabilities(rows)
            hits += int(np.argmax(np.r_[chances, nil])) == (gold if gold >= 0 else len(rows))
        return hits / len(examples)

    assert right(first) > 0.7


def test_with_too_little_to_learn_from_the_weights_known_beforehand_stand():
    ranker = train(texts_about(GRAPH)[:1], GRAPH, CONFIG, schema=SCHEMA)
    assert ranker.examples == 0
    assert dict(zip(PRIOR, ranker.weights, strict=True)) == PRIOR
    assert np.allclose(fit([]).weights, Ranker().weights)
