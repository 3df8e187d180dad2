"""Shapes checked by SPARQL, compared with pySHACL on the same invalid graph."""

from __future__ import annotations

import pyshacl
import pytest
import rdflib
from rdflib.namespace import RDF, SH

from kg_builder.errors import DataError
from kg_builder.evaluation.shapes import SHAPES_TTL, validate
from kg_builder.ontology.schema import MUSIC_TTL

GRAPH = """
@prefix mkg: <https://w3id.org/musickg/ontology#> . @prefix a: <https://w3id.org/musickg/artist/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
a:fine a mkg:Band ; rdfs:label "Fine" ; mkg:beginDate "1990"^^xsd:gYear ; mkg:genre a:g ;
    owl:sameAs <http://dbpedia.org/resource/Fine> .
a:g a mkg:Genre ; rdfs:label "genre" .
a:nameless a mkg:SoloArtist .
a:twice a mkg:Album ; rdfs:label "one" , "two" ; mkg:performer a:g , a:fine .
a:dated a mkg:Band ; rdfs:label "Dated" ; mkg:beginDate "1990"^^xsd:gYear , "1991"^^xsd:gYear ;
    mkg:endDate "2001" ; owl:sameAs "elsewhere" ; mkg:origin a:g ; mkg:recordLabel "a word" .
a:empty a mkg:Place ; rdfs:label "" .
a:member a mkg:Person ; rdfs:label "M" ; mkg:memberOf a:fine .
a:wrong a mkg:SoloArtist ; rdfs:label "W" ; mkg:memberOf a:g .
"""


@pytest.fixture
def graph(tmp_path):
    path = tmp_path / "kg.ttl"
    path.write_text(GRAPH)
    return path


def test_the_violations_are_those_of_pyshacl(graph):
    _, report, _ = pyshacl.validate(
        str(graph), shacl_graph=str(SHAPES_TTL), ont_graph=str(MUSIC_TTL)
    )
    theirs = {
        (
            str(report.value(node, SH.focusNode)),
            str(report.value(node, SH.resultPath)),
            str(report.value(node, SH.value) or ""),
            str(report.value(node, SH.sourceConstraintComponent)).casefold(),
        )
        for node in report.subjects(RDF.type, SH.ValidationResult)
    }
    ours = {
        (v.focus, v.path, v.value, f"{SH}{v.constraint}ConstraintComponent".casefold())
        for v in validate(graph)
    }
    assert len(ours) >= 10
    assert ours == theirs


def test_a_constraint_that_is_not_checked_is_an_error(graph, tmp_path):
    shapes = tmp_path / "shapes.ttl"
    model = rdflib.Graph().parse(SHAPES_TTL)
    (one, *_) = model.objects(None, SH.property)
    model.add((one, SH.pattern, rdflib.Literal("^x")))
    model.serialize(shapes, format="turtle")
    with pytest.raises(DataError, match="sh:pattern is not supported here"):
        validate(graph, shapes=shapes)


@pytest.mark.parametrize(("text", "words"), [(None, "no such graph"), ("no turtle", "not Turtle")])
def test_what_is_no_graph_is_named(tmp_path, text, words):
    path = tmp_path / "x.ttl"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=words):
        validate(path)
