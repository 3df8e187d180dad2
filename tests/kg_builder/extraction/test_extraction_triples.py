from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from kg_builder.errors import DataError
from tests.kg_builder.conftest import Run, reasons, record, triples

Write = Callable[[str, str | bytes], Path]


def test_order_and_repetition_are_kept_and_strange_heads_dropped(write: Write, run: Run) -> None:
    write("index.txt", "2\t0\n9\t1\n")
    write("names.dat", "id\tname\n2\tBjörk\n9\tCan\n")
    write(
        "kg.txt", "1\tmusic.origin\t5\n0\tmusic.genre\t6\n1\tmusic.origin\t5\n7\tx.y\t1\n5\tz\t1\n"
    )
    found = run(
        kind="structured",
        tables={
            "kg": {
                "reads": "triples",
                "path": "kg.txt",
                "namespace": "freebase",
                "items": {
                    "path": "index.txt",
                    "type": "Artist",
                    "labels": {"path": "names.dat", "id": "id", "name": "name"},
                },
            }
        },
    )
    assert triples(found) == [
        ("src/items/9", "freebase:music.origin", "src/entities/5"),
        ("src/items/2", "freebase:music.genre", "src/entities/6"),
        ("src/items/9", "freebase:music.origin", "src/entities/5"),
        ("src/entities/5", "freebase:z", "src/items/9"),
    ]
    assert reasons(found) == ["head is neither an item nor an earlier tail"]
    assert found.rejects["evidence"][0] == "kg.txt#line=4"
    assert record(found, "src/items/2")["name"] == "Björk"
    assert list(found.records["record"])[:2] == ["src/items/2", "src/items/9"]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("folder", "type_", "statements", "relations"),
    [
        ("lastfm", "Artist", 15_518, 60),
        ("movielens-1m", "Movie", 20_195, 7),
        ("book-crossing", "Book", 19_793, 10),
    ],
)
def test_the_published_graphs_have_their_published_sizes(
    real_data: Path, run: Run, folder: str, type_: str, statements: int, relations: int
) -> None:
    found = run(
        root=real_data / folder / "stock-kg",
        kind="structured",
        tables={
            "kg": {
                "reads": "triples",
                "path": "kg.txt",
                "namespace": "freebase",
                "items": {"path": "item_index2entity_id.txt", "type": type_},
            }
        },
    )
    assert len(found.statements) == statements
    assert found.statements["predicate"].nunique() == relations
    if folder == "lastfm":
        assert len(found.records) == 9_366
        assert found.rejects.empty


NT = (
    "<http://dbpedia.org/resource/Bj%C3%B6rk> <http://dbpedia.org/ontology/genre> "
    "<http://dbpedia.org/resource/Art_pop> .\n"
    "<http://dbpedia.org/resource/Bj%C3%B6rk> <http://www.w3.org/2000/01/rdf-schema#label> "
    '"Björk"@en .\n'
    "<http://dbpedia.org/resource/Bj%C3%B6rk> <http://www.w3.org/2000/01/rdf-schema#label> "
    '"Бьорк"@ru .\n'
    "<http://dbpedia.org/resource/Bj%C3%B6rk> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
    "<http://dbpedia.org/ontology/MusicalArtist> .\n"
    "<http://dbpedia.org/resource/Bj%C3%B6rk> <http://dbpedia.org/ontology/birthDate> "
    '"1965-11-21"^^<http://www.w3.org/2001/XMLSchema#date> .\n'
    "<http://dbpedia.org/resource/Bj%C3%B6rk> <http://dbpedia.org/ontology/height> "
    '"1.63" .\n'
    "<http://dbpedia.org/resource/Debut> <http://dbpedia.org/ontology/artist> "
    "<http://dbpedia.org/resource/Bj%C3%B6rk> .\n"
)


@pytest.mark.parametrize("packed", [False, True])
def test_rdf_is_read_through_the_data_model(write: Write, run: Run, packed: bool) -> None:
    name = "g.nt.gz" if packed else "g.nt"
    write(name, gzip.compress(NT.encode()) if packed else NT)
    found = run(kind="structured", tables={"g": {"reads": "rdf", "path": name}})
    björk = record(found, "src/dbpedia:Björk")
    assert (björk["name"], björk["type"]) == ("Björk", "SoloArtist")
    assert list(björk["aliases"]) == ["Бьорк"]
    assert list(björk["external_ids"]) == ["dbpedia:Björk"]
    assert triples(found) == [
        ("src/dbpedia:Björk", "genre", "src/dbpedia:Art_pop"),
        ("src/dbpedia:Björk", "beginDate", "1965-11-21"),
        ("src/dbpedia:Debut", "performer", "src/dbpedia:Björk"),
    ]
    assert record(found, "src/dbpedia:Art_pop")["name"] == "Art pop"
    assert record(found, "src/dbpedia:Art_pop")["type"] == "Genre"
    assert found.counts["unknown field: dbo:height"] == 1


def test_broken_rdf_and_unknown_endings_are_errors(write: Write, run: Run) -> None:
    write("g.nt", "<a> <b\n")
    with pytest.raises(DataError, match="broken RDF"):
        run(kind="structured", tables={"g": {"reads": "rdf", "path": "g.nt"}})
    write("g.what", NT)
    with pytest.raises(DataError, match="not that of an RDF format"):
        run(kind="structured", tables={"g": {"reads": "rdf", "path": "g.what"}})
