from __future__ import annotations

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.ontology import curie, expand, local_name


@pytest.mark.parametrize(
    "name",
    ["artist:Radiohead", "freebase:m.0123", "dbpedia:AC/DC", "mkg:genre", "genre:Trip-hop"],
)
def test_curies_survive_the_way_there_and_back(name):
    assert curie(expand(name)) == name


def test_a_bare_name_belongs_to_the_ontology():
    assert expand("genre") == "https://w3id.org/musickg/ontology#genre"


@given(st.text(max_size=40))
def test_any_name_gives_a_valid_iri(name):
    pyoxigraph.NamedNode(expand("artist:" + local_name(name)))
    pyoxigraph.NamedNode(expand("dbpedia:" + name))


@pytest.mark.parametrize("name", ["dbpedia:##", "freebase:m.0#a#b", "dbpedia:a#b"])
def test_an_iri_has_one_fragment_at_most(name):
    assert pyoxigraph.NamedNode(expand(name)).value.count("#") == 1


def test_readable_names_keep_their_letters():
    assert local_name("Guns N' Roses") == "Guns_N_Roses"
    assert local_name("Sigur Rós") == "Sigur_Rós"
    assert local_name("Simon & Garfunkel") == "Simon_and_Garfunkel"
