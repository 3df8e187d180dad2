"""Tables, interactions and records out of nested JSON, keyed objects and several files."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from pydantic import ValidationError

from kg_builder.errors import DataError
from kg_builder.extraction import (
    RowsConfig,
    SemiStructuredSource,
    StructuredSource,
    extract,
    read_rows,
)
from kg_builder.extraction.interactions import InteractionTable, read_interactions
from kg_builder.ontology import load_schema


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def rows(folder, **table):
    table = {"records": "s", "path": "x.json", **table}
    read = read_interactions(
        InteractionTable.model_validate(table), folder, record_keys=table.pop("record_keys", None)
    )
    frame = read.interactions
    return [tuple(row) for row in frame[["user", "item", "weight", "liked"]].to_numpy().tolist()]


@pytest.mark.parametrize(
    ("content", "table", "expected"),
    [
        (
            {"u1": {"s1": 5, "s2": 1}},
            {"rows": "*.*", "user": "@key1", "item": "@key", "weight": "@value", "threshold": 2},
            [("u1", "s/s1", 5.0, True), ("u1", "s/s2", 1.0, False)],
        ),
        (
            {"u1": ["s1", "s2"], "u2": []},
            {"rows": "*", "user": "@key", "item": "@value"},
            [("u1", "s/s1", 1.0, True), ("u1", "s/s2", 1.0, True)],
        ),
        (
            {"username": "x", "payload": {"listens": [{"track": {"id": "s1"}}]}},
            {"rows": "payload.listens", "user": "../../username", "item": "track.id"},
            [("x", "s/s1", 1.0, True)],
        ),
        (
            [{"ms": 9, "artists": [{"id": "a"}, {"id": "b"}]}],
            {"user": {"value": "me"}, "item": "artists.id", "weight": "ms"},
            [("me", "s/a", 9.0, True), ("me", "s/b", 9.0, True)],
        ),
        (
            [{"url": "https://x.org/user/7?p", "id": "a"}, {"url": "/user/8", "id": "a"}],
            {"user": {"column": "url", "pattern": r"user/(\d+)"}, "item": "id"},
            [("7", "s/a", 1.0, True), ("8", "s/a", 1.0, True)],
        ),
        (
            '{"u": "x", "id": "a"}\n{"u": "x", "id": "a"}\n{"u": "x", "id": "b"}\n',
            {"user": "u", "item": "id", "weight": "@count", "threshold": 2},
            [("x", "s/a", 2.0, True), ("x", "s/a", 2.0, True), ("x", "s/b", 1.0, False)],
        ),
    ],
)
def test_interactions_of_every_shape(tmp_path, content, table, expected):
    write(tmp_path, "x.json", content)
    assert rows(tmp_path, **table) == expected


def test_several_files_are_one_and_may_name_the_user(tmp_path):
    write(tmp_path, "h/ann/plays.csv", "id\na\n")
    write(tmp_path, "h/bob/plays.csv", "id\na\nb\n")
    table = {"path": "h/*/plays.csv", "user": {"pattern": "h/(.*)/plays"}, "item": "id"}
    read = read_interactions(InteractionTable.model_validate({**table, "records": "s"}), tmp_path)
    assert list(read.interactions["user"]) == ["ann", "bob", "bob"]
    assert list(read.interactions["evidence"]) == [
        "h/ann/plays.csv#line=2",
        "h/bob/plays.csv#line=2",
        "h/bob/plays.csv#line=3",
    ]


@pytest.mark.parametrize(
    ("name", "content", "table", "words"),
    [
        ("i.csv", "u,i,w\n1,5,x\n", {"weight": "w"}, ["line=2", "'x'", "'w'", "no number"]),
        ("i.csv", "u,i\n1,5\n", {"records": "d/artists"}, ["line=2", "'d/artists/5'", '"d"']),
        ("i.csv", "u,i\n1,15\n", {"records": "d"}, ["'d/15'", "look like d/5"]),
        ("i.csv", "u,i\n1,5,3\n", {}, ["line=2", "wrong number of cells"]),
        ("i.csv", "u,i\n", {}, ["there is no row"]),
        ("i.txt", "u,i\n1,5\n", {}, ["no column", "separator"]),
        ("i.csv", '[{"u": 1, "i": 5}]', {}, ["format"]),
        ("i.jsonl", '[{"u": 1, "i": 5}]', {}, ["a JSON array", 'format = "json"']),
        ("i.jsonl", '[\n {"u": 1, "i": 5}\n]', {}, ["a JSON array", 'format = "json"']),
        ("i.json", '{"plays": [{"u": 1, "i": 5}]}', {}, ["no column", "rows = 'plays'"]),
        ("i.json", '{"plays": [{"u": 1}]}', {"rows": "play"}, ["no records at 'play'", "'plays'"]),
        ("i.json", '{"plays": [}', {}, ["line=1", "broken JSON"]),
        ("i.csv", "u,i\n1,5\n", {"user": {"pattern": "z(.*)"}}, ["'z(.*)' finds no user"]),
    ],
)
def test_a_file_without_a_usable_row_is_refused_with_the_cause(
    tmp_path, name, content, table, words
):
    write(tmp_path, name, content)
    whole = {"path": name, "user": "u", "item": "i", "records": "d", **table}
    with pytest.raises(DataError) as refused:
        read_interactions(
            InteractionTable.model_validate(whole), tmp_path, record_keys=frozenset({"d/5", "d/6"})
        )
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize("value", [None, [], {"end": None}, [{"end": None}]])
def test_a_path_that_is_empty_in_every_row_is_a_column_without_values(tmp_path, value):
    write(tmp_path, "x.jsonl", json.dumps({"id": "1", "span": value}) + "\n")
    write(tmp_path, "x.json", [{"id": "1", "span": value}])
    for name in ("x.jsonl", "x.json"):
        frame = read_rows(RowsConfig(path=name), tmp_path, columns=["id", "span.end"]).frame()
        assert frame["span.end"].isna().all()
        with pytest.raises(DataError, match=r"no column 'spam\.end'"):
            read_rows(RowsConfig(path=name), tmp_path, columns=["id", "spam.end"]).frame()


@pytest.mark.parametrize(
    "table",
    [
        {"path": "a.csv", "rows": "x"},
        {"path": "a.jsonl", "separator": ";"},
        {"path": "a.json", "skip_rows": 1},
        {"path": "a.csv", "sheet": 2},
        {"path": "a.parquet", "names": ("x",)},
    ],
)
def test_a_key_that_the_layout_has_no_use_for_is_refused(table):
    with pytest.raises(ValidationError, match="is for"):
        RowsConfig.model_validate(table)


def source(**keys):
    base = {"kind": "semi-structured", "name": "s", "path": "x.json", "format": "json"}
    return SemiStructuredSource.model_validate({**base, **keys})


@pytest.mark.parametrize(
    "keys",
    [
        {"threads": 2},
        {"language": "fr"},
        {"type": "Band"},
        {"format": "html", "mapping": {"type": "Artist", "name": "n"}},
    ],
)
def test_a_key_of_another_adapter_is_refused(keys):
    with pytest.raises(ValidationError, match="is for format"):
        source(**keys)


def test_the_json_adapter_reads_types_labels_and_keyed_objects(tmp_path):
    things = {
        "a1": {
            "n": "The Examples",
            "kind": "GROUP",
            "genres": [{"iri": "http://www.wikidata.org/entity/Q1", "label": "rock music"}],
        },
        "a2": {"n": "Ann", "kind": "person", "genres": []},
        "a3": {"n": "Robot", "kind": "machine"},
    }
    write(tmp_path, "x.json", {"artists": things})
    mapping = {
        "records": "artists.*",
        "id": "@key",
        "name": "n",
        "type": {"column": "kind", "values": {"group": "Band", "person": "SoloArtist"}},
        "paths": {
            "genres.iri": {"predicate": "genre", "iri": True, "labels": "genres.label"},
            "bio": {"predicate": "description"},
        },
    }
    read = extract(source(mapping=mapping), tmp_path, schema=load_schema())
    found = read.records.set_index("record")[["type", "name"]].T.to_dict("list")
    assert found == {
        "s/a1": ["Band", "The Examples"],
        "s/a2": ["SoloArtist", "Ann"],
        "s/wikidata:Q1": ["Genre", "rock music"],
    }
    assert list(read.rejects["reason"]) == ["unknown type"]
    assert read.counts["documents without the field bio"] == 1


@pytest.mark.parametrize(
    ("of_source", "of_path", "expected"),
    [
        ({}, {}, 1.0),
        ({"confidence": 0.4}, {}, 0.4),
        ({"confidence": 0.4}, {"confidence": 0.9}, 0.9),
    ],
)
def test_a_path_is_as_sure_as_its_source_unless_it_says_more(
    tmp_path, of_source, of_path, expected
):
    write(tmp_path, "x.json", [{"n": "Ann", "g": "rock"}])
    mapping = {"name": "n", "type": "Artist", "paths": {"g": {"predicate": "genre", **of_path}}}
    read = extract(source(mapping=mapping, **of_source), tmp_path, schema=load_schema())
    assert list(read.statements["confidence"]) == [expected]


def test_the_json_adapter_reads_json_lines_and_refers_to_another_source(tmp_path):
    lines = ['{"t": {"id": "r1", "n": "First", "by": ["a1", "a2"]}}', "{", '{"t": null}']
    write(tmp_path, "x.jsonl", "\n".join(lines))
    mapping = {
        "records": "t",
        "id": "id",
        "name": "n",
        "type": "Album",
        "paths": {"by": {"predicate": "performer", "ref": "artists"}},
    }
    read = extract(source(path="x.jsonl", mapping=mapping), tmp_path, schema=load_schema())
    facts = read.statements[["subject", "predicate", "object", "evidence"]].to_numpy().tolist()
    assert facts == [
        ["s/r1", "performer", "artists/a1", "x.jsonl#line=1/t/by/0"],
        ["s/r1", "performer", "artists/a2", "x.jsonl#line=1/t/by/1"],
    ]
    assert list(read.rejects["evidence"]) == ["x.jsonl#line=2"]


def test_a_line_that_cannot_be_read_keeps_its_number_beside_rows_with_pointers(tmp_path):
    write(tmp_path, "x.jsonl", '{"plays": [{"a": 1}, {"a": 2}]}\n{broken\n{"plays": [{"a": 3}]}\n')
    reader = read_rows(RowsConfig(path="x.jsonl", rows="plays"), tmp_path)
    places = [reader.evidence(number) for chunk in reader for number in chunk.places]
    assert places == ["x.jsonl#line=1/plays/0", "x.jsonl#line=1/plays/1", "x.jsonl#line=3/plays/0"]
    assert [reject.evidence for reject in reader.rejects] == ["x.jsonl#line=2"]
    assert reader.counts == {"rows read": 4, "rows used": 3, "rows rejected": 1}


RELATIONS = [
    {"type": "official homepage", "url": {"resource": "https://ann.example"}},
    {"type": "social network", "url": {"resource": "https://social.example/ann"}},
    {"type": "Member of band", "artist": {"name": "The Samples", "tags": ["x.y"]}},
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("relations[type=official homepage].url.resource", "https://ann.example"),
        ("relations[url.resource=https://social.example/ann].type", "social network"),
        ("relations[type=member of band].artist.name", "The Samples"),
        ("relations[type=member of band].artist[tags=x.y].name", "The Samples"),
        ("relations[type=discography].url.resource", None),
        ("relations[*].artist.name", ("", "", "The Samples")),
    ],
)
@pytest.mark.parametrize("format", ["json", "csv", "parquet"])
def test_a_condition_on_the_elements_of_a_list(tmp_path, format, path, expected):
    if format == "json":
        write(tmp_path, "x.json", [{"name": "Ann", "relations": RELATIONS}])
    elif format == "csv":
        frame = pd.DataFrame({"name": ["Ann"], "relations": [json.dumps(RELATIONS)]})
        frame.to_csv(tmp_path / "x.csv", index=False)
    else:
        pd.DataFrame({"name": ["Ann"], "relations": [RELATIONS]}).to_parquet(tmp_path / "x.parquet")
    reader = read_rows(RowsConfig(path=f"x.{format}"), tmp_path, columns=["name", path])
    assert [cell for chunk in reader for cell in chunk.columns[path]] == [expected]
    assert reader.rejects == []


def test_rows_under_a_condition(tmp_path):
    write(tmp_path, "x.json", {"sections": [{"k": "a", "rows": [1]}, {"k": "b", "rows": [2, 3]}]})
    table = RowsConfig(path="x.json", rows="sections[k=b].rows")
    reader = read_rows(table, tmp_path, columns=["@value", "../k"])
    found = [tuple(row) for chunk in reader for row in zip(*chunk.columns.values(), strict=True)]
    assert found == [("2", "b"), ("3", "b")]
    assert reader.evidence(1) == "x.json#/sections/1/rows/0"


def test_interactions_with_lists_of_items_written_as_text(tmp_path):
    write(tmp_path, "x.csv", "user,items\nann,\"['s1', 's2']\"\nbob,[]\ncy,s1\n")
    table = InteractionTable.model_validate(
        {"path": "x.csv", "user": "user", "item": "items", "records": "s"}
    )
    found = read_interactions(table, tmp_path)
    pairs = found.interactions[["user", "item"]].to_numpy().tolist()
    assert pairs == [["ann", "s/s1"], ["ann", "s/s2"], ["cy", "s/s1"]]
    assert found.rejects["reason"].tolist() == ["empty user or item"]


ALBUMS = [
    {"t": "Leaf", "by": [{"first": "Ann", "last": "Example"}, {"last": "Samples"}]},
    {"t": "Sea", "by": []},
]


def test_names_in_two_fields(tmp_path):
    write(tmp_path, "x.json", ALBUMS)
    keys = {"predicate": "performer", "type": "Artist", "before": "by.first"}
    mapping = {"name": "t", "type": "Album", "paths": {"by.last": keys}}
    read = extract(source(mapping=mapping), tmp_path, schema=load_schema())
    names = dict(zip(read.records["record"], read.records["name"], strict=True))
    assert [names[one] for one in read.statements["object"]] == ["Ann Example", "Samples"]


def test_names_in_two_columns(tmp_path):
    write(tmp_path, "x.csv", "t,last,first\nLeaf,Example,Ann\nSea,Samples,\nSky,,Bob\n")
    keys = {"predicate": "performer", "type": "Artist", "before": "first"}
    table = {"path": "x.csv", "type": "Album", "name": "t", "columns": {"last": keys}}
    tables = StructuredSource.model_validate(
        {"kind": "structured", "name": "s", "tables": {"t": table}}
    )
    read = extract(tables, tmp_path, schema=load_schema())
    names = dict(zip(read.records["record"], read.records["name"], strict=True))
    assert [names[one] for one in read.statements["object"]] == ["Ann Example", "Samples"]


# ------------------------------------------------------------------ results of SPARQL queries

WD = "http://www.wikidata.org/entity/"
IN_TSV = f"""?band\t?bandLabel\t?since\t?genre\t?genreLabel
<{WD}Q901>\t"The \\"Leaves\\""@en\t"1985-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>\t<{WD}Q1>\t"rock"@en
<{WD}Q902>\t'Ben'\t1999\t_:b1\t
_:b2\t"Cy"\t\t\t
"""
IN_CSV = f"""band,bandLabel,since,genre,genreLabel
{WD}Q901,"The ""Leaves""\",1985-01-01T00:00:00Z,{WD}Q1,rock
{WD}Q902,Ben,1999,http://www.wikidata.org/.well-known/genid/abc,
_:b2,Cy,,,
"""


def term(value, kind="literal", **more):
    return {"type": kind, "value": value, **more}


IN_JSON = {
    "head": {"vars": ["band", "bandLabel", "since", "genre", "genreLabel"]},
    "results": {
        "bindings": [
            {
                "band": term(f"{WD}Q901", "uri"),
                "bandLabel": term('The "Leaves"', **{"xml:lang": "en"}),
                "since": term("1985-01-01T00:00:00Z", datatype="xsd:dateTime"),
                "genre": term(f"{WD}Q1", "uri"),
                "genreLabel": term("rock"),
            },
            {
                "band": term(f"{WD}Q902", "uri"),
                "bandLabel": term("Ben"),
                "since": term("1999", "typed-literal"),
                "genre": term("t1", "bnode"),
            },
            {"band": term("b2", "bnode"), "bandLabel": term("Cy")},
        ]
    },
}


@pytest.mark.parametrize(
    ("file", "content", "end"),
    [
        ("r.tsv", IN_TSV, ""),
        ("q.tsv", IN_TSV, ""),
        ("r.csv", IN_CSV, ""),
        ("r.json", IN_JSON, ".value"),
    ],
)
def test_results_of_sparql_give_the_same_in_every_format(tmp_path, file, content, end):
    write(tmp_path, file, content)
    mark = "?" if file == "q.tsv" else ""
    label = f"{mark}genreLabel{end}"
    table = {
        "path": file,
        "rows": "results.bindings" if end else "",
        "type": "Band",
        "id": f"{mark}band{end}",
        "name": f"{mark}bandLabel{end}",
        "columns": {
            f"{mark}since{end}": {"predicate": "beginDate"},
            f"{mark}genre{end}": {"predicate": "genre", "iri": True, "labels": label},
        },
    }
    source = StructuredSource(kind="structured", name="s", tables={"t": table})
    found = extract(source, tmp_path, schema=load_schema())
    names = dict(zip(found.records["record"], found.records["name"], strict=True))
    assert names == {
        "s/wikidata:Q901": 'The "Leaves"',
        "s/wikidata:Q902": "Ben",
        "s/_:b2": "Cy",
        "s/wikidata:Q1": "rock",
    }
    statements = found.statements[["subject", "predicate", "object"]].to_numpy().tolist()
    assert sorted(map(tuple, statements)) == [
        ("s/wikidata:Q901", "beginDate", "1985-01-01"),
        ("s/wikidata:Q901", "genre", "s/wikidata:Q1"),
        ("s/wikidata:Q902", "beginDate", "1999"),
    ]
    assert found.rejects["reason"].tolist() == ["thing without a name"]
