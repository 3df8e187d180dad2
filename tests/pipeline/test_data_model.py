from __future__ import annotations

from pathlib import Path

import rdflib
from rdflib.namespace import OWL, RDFS

from kg_builder.ontology import load_schema
from kg_builder.ontology.iris import ONTOLOGY
from kg_builder.ontology.schema import MUSIC_TTL
from pipeline.data_model import PAGE, page

ROOT = Path(__file__).parents[2]


def test_the_page_is_drawn_from_the_data_model_as_it_is():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), "python -m pipeline data-model"


def test_the_diagram_has_every_class_and_every_relation():
    drawn, schema = page().split("```")[1], load_schema()
    for name in schema.classes:
        assert name in drawn
    for name, item in schema.predicates.items():
        if item.canonical:
            assert f" {name}" in drawn


def test_what_is_aligned_is_also_read():
    """Readers must accept equivalent classes and properties of other models."""
    graph, schema = rdflib.Graph().parse(MUSIC_TTL), load_schema()
    for link, known in (
        (OWL.equivalentClass, {iri: [name] for iri, name in schema.class_of.items()}),
        (OWL.equivalentProperty, {iri: list(to) for iri, to in schema.predicate_of.items()}),
    ):
        pairs = [(str(s), str(o)) for s, o in graph.subject_objects(link)]
        assert len(pairs) > 20
        for own, other in pairs:
            assert own.removeprefix(ONTOLOGY) in known.get(other, []), (own, other)


def test_every_vocabulary_is_aligned_with():
    graph = rdflib.Graph().parse(MUSIC_TTL)
    linked = " ".join(
        str(o)
        for link in (OWL.equivalentClass, RDFS.subClassOf, OWL.equivalentProperty)
        for o in graph.objects(None, link)
    )
    for vocabulary in ("purl.org/ontology/mo", "schema.org", "dbpedia.org", "wikidata.org"):
        assert vocabulary in linked
