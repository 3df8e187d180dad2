from __future__ import annotations

import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.tables import USER_FACTS
from kg_builder.triples import number_users, users_turtle


def facts(*rows):
    """(user, relation, object, type, undirected)"""
    return USER_FACTS.frame(
        {
            "user": user,
            "relation": relation,
            "object": thing,
            "type": type_,
            "undirected": undirected,
            "evidence": f"people.csv#line={line}",
        }
        for line, (user, relation, thing, type_, undirected) in enumerate(rows, start=2)
    )


def friend(one, other):
    return (one, "friend", other, "User", True)


def follows(one, other):
    return (one, "follows", other, "User", False)


def job(user, name):
    return (user, "occupation", name, "occupation", False)


USERS = ["cat", "ann", "bob"]


def test_users_keep_their_ids_and_values_come_after_them():
    numbering = number_users(facts(job("bob", "writer"), job("cat", "artist")), USERS)
    assert numbering.triples.tolist() == [[0, 0, 3], [2, 0, 4]]
    assert numbering.entities["name"].tolist() == ["cat", "ann", "bob", "artist", "writer"]
    assert numbering.entities["type"].tolist() == ["User"] * 3 + ["occupation"] * 2
    assert numbering.counts["users with a triple"] == 2
    assert numbering.counts["values"] == 2


def test_a_friendship_is_written_once_and_a_directed_relation_as_stated():
    numbering = number_users(
        facts(friend("ann", "cat"), friend("cat", "ann"), follows("bob", "ann")), USERS
    )
    assert numbering.triples.tolist() == [[0, 0, 1], [2, 1, 1]]
    assert numbering.relations["direction"].tolist() == ["undirected", "directed"]
    assert numbering.counts["repeated facts"] == 1
    assert numbering.counts["friend: triples"] == 1


def test_people_who_are_no_users_are_rejected_with_their_row():
    numbering = number_users(
        facts(friend("ann", "zoe"), job("zoe", "writer"), friend("ann", "ann")), USERS
    )
    assert len(numbering.triples) == 0
    rejected = zip(
        numbering.rejects["reason"],
        numbering.rejects["evidence"],
        numbering.rejects["detail"],
        strict=True,
    )
    assert list(rejected) == [
        ("no user of the ratings", "people.csv#line=2", "ann friend zoe"),
        ("no user of the ratings", "people.csv#line=3", "zoe occupation writer"),
        ("a user with himself", "people.csv#line=4", "ann friend ann"),
    ]
    assert len(numbering.entities) == len(USERS), "a value of nobody is no entity"


@given(st.lists(st.tuples(st.sampled_from("abcdz"), st.sampled_from("abcdz")), max_size=20))
def test_the_order_of_the_rows_changes_nothing(pairs):
    rows = [friend(*pair) for pair in pairs] + [job("a", "x"), job("b", "y")]
    one, other = (
        number_users(facts(*order), list("abcd")) for order in (rows, rows[:-2][::-1] + rows[-2:])
    )
    assert one.triples.tolist() == other.triples.tolist()
    friends = {tuple(sorted(pair)) for pair in pairs if len(set(pair)) == 2 and "z" not in pair}
    assert one.counts["triples"] == len(friends) + 2


def test_the_turtle_says_the_same_in_readable_iris():
    numbering = number_users(
        facts(friend("ann", "cat"), job("ann", "K-12 student"), job("cat", "R.E.M. & co.")),
        USERS,
    )
    graph = rdflib.Graph()
    graph.parse(data=b"".join(users_turtle(numbering, title="Three people")), format="turtle")
    names = {str(node): str(name) for node, name in graph.subject_objects(rdflib.RDFS.label)}
    base = "https://w3id.org/musickg/"
    found = {
        (str(s).removeprefix(base), names[str(p)], names.get(str(o), str(o).removeprefix(base)))
        for s, p, o in graph
        if str(p).startswith(f"{base}user-relation/")
    }
    assert found == {
        ("user/cat", "friend", "user/ann"),
        ("user/ann", "occupation", "K-12 student"),
        ("user/cat", "occupation", "R.E.M. & co."),
    }
    assert f"{base}user-value/occupation.K-12_student" in names
    friendly = rdflib.URIRef(f"{base}user-relation/friend")
    assert (friendly, rdflib.RDF.type, rdflib.OWL.SymmetricProperty) in graph


def test_different_values_have_different_iris():
    names = ["a b", "a_b", "a%20b", "a.b", "a/b", "ä b", ""]
    numbering = number_users(facts(*(job("ann", name or "-") for name in names)), USERS)
    assert numbering.entities["iri"].is_unique
