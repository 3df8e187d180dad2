"""Real-world table cells: escapes, lists, joint credits, placeholders, float ids."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from kg_builder.credits import MAY_BE_JOINT, credited
from kg_builder.errors import DataError
from kg_builder.extraction import Extraction, SourceConfig, extract
from kg_builder.extraction.interactions import InteractionTable, read_interactions
from kg_builder.extraction.tabular.list_cells import list_in, structure_in, values_in
from kg_builder.extraction.values import clean_text, is_placeholder
from kg_builder.ontology import load_schema

SCHEMA = load_schema()


def built(folder: Path, **tables: dict[str, Any]) -> Extraction:
    source = {"kind": "structured", "name": "src", "tables": tables}
    return extract(TypeAdapter(SourceConfig).validate_python(source), folder, schema=SCHEMA)


def table(folder: Path, content: str, file: str = "a.csv", **settings: Any) -> Extraction:
    (folder / file).write_text(content, encoding="utf-8")
    defaults: dict[str, Any] = {"path": file, "type": "Artist", "id": "id", "name": "name"}
    return built(folder, things=defaults | settings)


def named(found: Extraction) -> dict[str, tuple[str, ...]]:
    """External ids of each record by its name."""
    return {
        row["name"]: tuple(row["external_ids"]) for row in found.records.to_dict(orient="records")
    }


def stated(found: Extraction, predicate: str) -> set[tuple[str, str]]:
    names = dict(zip(found.records["record"], found.records["name"], strict=True))
    rows = found.statements[found.statements["predicate"] == predicate]
    return {
        (names[one], names.get(other, other))
        for one, other in zip(rows["subject"], rows["object"], strict=True)
    }


def rejected(found: Extraction) -> list[tuple[str, str]]:
    return list(zip(found.rejects["reason"], found.rejects["detail"], strict=True))


# ------------------------------------------------------------------------------------ escapes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R&amp;amp;B", "R&B"),
        ("Sigur%20R%C3%B3s", "Sigur Rós"),
        ("AC%2FDC", "AC/DC"),
        ("100% pure", "100% pure"),
        ("50%50", "50%50"),
        ("100%DAda", "100%DAda"),
        ("Beyonc\\u00e9", "Beyoncé"),
        ("Cr\\xe8me", "Crème"),
        ("Cr\\xc3\\xa8me", "Crème"),
        ("\\ud83d\\ude00", "😀"),
        ("https://a.example/Ann%20Example", "https://a.example/Ann%20Example"),
        ("C:\\users", "C:\\users"),
    ],
)
def test_escapes_are_undone(text: str, expected: str) -> None:
    assert clean_text(text) == expected


@given(st.text("%25C3A9\\ux0e&amp; ", max_size=20))
def test_undoing_escapes_of_percent_and_backslash_ends(text: str) -> None:
    once = clean_text(text)
    assert len(once) <= len(text) + 2


@pytest.mark.parametrize("sign", [";", "|", "/"])
def test_cells_are_decoded_before_they_are_split(tmp_path: Path, sign: str) -> None:
    content = f"id,name,genres,also\n1,Ann,R&amp;B{sign}Drum &#38; Bass,A&amp;B{sign}C\n"
    found = table(
        tmp_path,
        content,
        columns={"genres": {"predicate": "genre", "split": sign}},
        aliases=["also"],
        aliases_split=sign,
    )
    assert stated(found, "genre") == {("Ann", "R&B"), ("Ann", "Drum & Bass")}
    assert list(found.records["aliases"][0]) == ["A&B", "C"]


def test_an_address_keeps_its_percent_signs(tmp_path: Path) -> None:
    found = table(
        tmp_path,
        "id,name,url\n1,Ann,https://a.example/?q=a%20b&amp;c=d\n",
        columns={"url": {"predicate": "homepage"}},
    )
    assert found.statements["object"].tolist() == ["https://a.example/?q=a%20b&c=d"]


# -------------------------------------------------------------------------------------- lists


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("['Ann', \"Destiny's Sample\"]", ("Ann", "Destiny's Sample")),
        ('["Ann","B\\u00f6b"]', ("Ann", "Böb")),
        ("['Ann Example' 'Bob Sample']", ("Ann Example", "Bob Sample")),
        ("array(['Ann', 'Bob'], dtype=object)", ("Ann", "Bob")),
        ("('Ann',)", ("Ann",)),
        ("{'Ann', 'Bob'}", ("Ann", "Bob")),
        ("[21, 5]", ("21", "5")),
        ("['Ann', None, nan]", ("Ann", "", "")),
        ("['It\\'s', 'b']", ("It's", "b")),
        ("[]", ()),
        ("[nan]", ("",)),
        ("[['Ann'], ['Bob', 'Cy']]", ("Ann", "Bob", "Cy")),
        ("[('Ann',)]", ("Ann",)),
        ("[['Ann'], 'Bob']", None),
        ("[[1, 2]]", None),
        ("[unknown]", None),
        ("( )", None),
        ("(Live)", None),
        ("['open, 'b']", None),
        ("[1, 2", None),
    ],
)
def test_lists_in_the_notation_of_programs(text: str, expected: tuple[str, ...] | None) -> None:
    assert list_in(text) == expected


def test_a_title_in_brackets_is_no_list() -> None:
    assert list_in("[1999]", numbers=False) is None
    assert values_in("[1999]", numbers=False) == ("[1999]",)


@given(st.lists(st.text(max_size=6).map(str.strip), min_size=1, max_size=4))
def test_what_json_and_python_write_is_read_back(values: list[str]) -> None:
    assert list_in(json.dumps(values)) == tuple(values)
    assert list_in(repr(values)) == tuple(values)


@given(st.text("[](){}'\",\\ a1", max_size=30), st.sampled_from(("quoted", "several", "any")))
def test_no_text_breaks_the_reader_of_lists(text: str, words: Any) -> None:
    found = list_in(text, words=words)
    assert found is None or sum(map(len, found)) <= len(text)
    structure_in(text)


@pytest.mark.parametrize(
    ("text", "several", "either"),
    [
        ("[rock, pop]", ("rock", "pop"), ("rock", "pop")),
        ('{rock,"hip hop",NULL}', ("rock", "hip hop", ""), ("rock", "hip hop", "")),
        ("[rock 'n' roll, r'n'b]", ("rock 'n' roll", "r'n'b"), ("rock 'n' roll", "r'n'b")),
        ("['a b', c]", ("a b", "c"), ("a b", "c")),
        ("[80s, 90s]", ("80s", "90s"), ("80s", "90s")),
        ("{rock}", ("rock",), ("rock",)),
        ("[rock]", None, ("rock",)),
        ("{a: 1, b: 2}", None, None),
        ("{550e8400-e29b-41d4-a716-446655440000}", None, None),
        ("[a, [b]]", None, None),
        ("[a,,b]", None, None),
        ("(a, b)", None, None),
    ],
)
def test_lists_of_words_without_quotes(text: str, several: Any, either: Any) -> None:
    assert list_in(text) is None
    assert list_in(text, words="several") == several
    assert list_in(text, words="any") == either


@pytest.mark.parametrize("cell", ["[rock, pop]", "{rock,pop}", "rock | pop", "['rock', pop]"])
def test_genres_without_quotes_are_several(tmp_path: Path, cell: str) -> None:
    text = f"id;name;g;a;d\n1;One;{cell};[Ann, Bob];[a, b]\n2;Two;[rock];[spunge];x\n"
    text += "3;[A, B];pop;[Earth, Wind & Fire];y\n"
    found = table(
        tmp_path,
        text,
        separator=";",
        type="Song",
        columns={
            "g": {"predicate": "genre"},
            "a": {"predicate": "performer", "type": "Artist"},
            "d": {"predicate": "description"},
        },
    )
    assert stated(found, "genre") == {
        ("One", "rock"), ("One", "pop"), ("Two", "rock"), ("[A, B]", "pop")
    }  # fmt: skip
    assert stated(found, "performer") == {
        ("One", "Ann"), ("One", "Bob"), ("Two", "[spunge]"), ("[A, B]", "Earth, Wind & Fire")
    }  # fmt: skip
    assert "[a, b]" in set(found.statements["object"])


def test_objects_in_a_cell_are_no_names(tmp_path: Path) -> None:
    rows = "id;name;a\n1;One;[{'name': 'Ann'}]\n2;Two;{\"name\": \"Bob\"}\n3;Three;{Cy}\n"
    mapping = {"predicate": "performer", "type": "Artist"}
    found = table(tmp_path, rows, separator=";", type="Song", quote="", columns={"a": mapping})
    assert stated(found, "performer") == {("Three", "Cy")}
    assert {reason for reason, _ in rejected(found)} == {"an object: map a path below the column"}
    mapped = table(
        tmp_path, rows, separator=";", type="Song", quote="", columns={"a.name": mapping}
    )
    assert stated(mapped, "performer") == {("One", "Ann"), ("Two", "Bob")}


def test_interactions_with_lists_of_ids_without_quotes(tmp_path: Path) -> None:
    (tmp_path / "i.csv").write_text("u;a\n1;{a1,a2}\n2;[a1, a3]\n", encoding="utf-8")
    plays = InteractionTable(path="i.csv", separator=";", user="u", item="a", records="s")
    assert read_interactions(plays, tmp_path).interactions["item"].tolist() == [
        "s/a1", "s/a2", "s/a1", "s/a3"
    ]  # fmt: skip


def test_interactions_outside_the_filter_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"u{n},s1,{1000 * n}\n" for n in range(1, 101))
    (tmp_path / "i.csv").write_text(f"user,song,ms\n{rows}", encoding="utf-8")
    filters = ({"column": "ms", "min": 30000},)
    plays = InteractionTable(path="i.csv", user="user", item="song", records="s", where=filters)
    assert read_interactions(plays, tmp_path).counts == {
        "interaction rows read": 100,
        "interaction rows outside the filter": 29,
        "interaction rows used": 71,
        "interaction rows rejected": 0,
    }


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_elements_of_a_list_are_not_split_again(tmp_path: Path, name: str) -> None:
    rows = [("id", "name", "artists"), ("1", "One", "['Earth, Wind & Trial', 'R&amp;B Kid']")]
    sign = "\t" if name.endswith("tsv") else "|"
    found = table(
        tmp_path,
        "\n".join(sign.join(row) for row in rows) + "\n",
        name,
        type="Song",
        separator=sign,
        columns={
            "artists": {"predicate": "performer", "type": "Artist", "split": ", ", "strip": "[]"}
        },
    )
    assert stated(found, "performer") == {("One", "Earth, Wind & Trial"), ("One", "R&B Kid")}


def test_a_path_goes_below_a_column_that_holds_json_or_python(tmp_path: Path) -> None:
    found = table(
        tmp_path,
        "id|name|genres\n1|Ann|[{'id': 3, 'title': 'Rock'}, {'id': 4, 'title': 'Pop'}]\n"
        '2|Bob|[{"id": 3, "title": "Jazz"}]\n3|Cy|Folk\n',
        separator="|",
        quote="",
        columns={"genres.title": {"predicate": "genre"}},
    )
    assert stated(found, "genre") == {("Ann", "Rock"), ("Ann", "Pop"), ("Bob", "Jazz")}
    assert rejected(found) == [("not a list or object", "genres.title=Folk")]


MBIDS = [f"{letter * 8}-aaaa-4aaa-8aaa-{letter * 12}" for letter in "abc"]


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (json.dumps({"id": MBIDS[:2], "name": ["Ann", "Bob"], "g": "rock"}), {}),
        (
            f"id;name;g\n{json.dumps(MBIDS[:2])};['Ann', 'Bob'];rock\n",
            {"path": "a.csv", "separator": ";", "quote": ""},
        ),
        (
            f"id,name,g\n{MBIDS[0]} / {MBIDS[1]},Ann / Bob,rock\n",
            {"path": "a.csv", "split": "/"},
        ),
    ],
)
def test_an_artist_for_each_element_of_id_and_name(
    tmp_path: Path, content: str, settings: dict[str, Any]
) -> None:
    found = table(
        tmp_path,
        content,
        settings.pop("path", "a.jsonl"),
        external_ids={"id": "musicbrainz"},
        columns={"g": {"predicate": "genre"}},
        **settings,
    )
    assert {name: ids for name, ids in named(found).items() if name != "rock"} == {
        "Ann": (f"musicbrainz:{MBIDS[0]}",),
        "Bob": (f"musicbrainz:{MBIDS[1]}",),
    }
    assert stated(found, "genre") == {("Ann", "rock"), ("Bob", "rock")}


def test_lists_through_nested_records_stay_in_step(tmp_path: Path) -> None:
    artists = [{"name": "Ann"}, {"mbid": MBIDS[1], "name": "Bob", "country": "IS"}]
    found = table(
        tmp_path,
        json.dumps({"artists": artists}),
        "a.jsonl",
        id="artists.mbid",
        name="artists.name",
        external_ids={"artists.mbid": "musicbrainz"},
        columns={"artists.country": {"predicate": "country"}},
    )
    assert named(found) == {"Bob": (f"musicbrainz:{MBIDS[1]}",), "Iceland": ()}
    assert rejected(found) == [("empty id", "Ann")]


def test_several_ids_and_one_name_are_nobodys(tmp_path: Path) -> None:
    found = table(tmp_path, json.dumps({"id": MBIDS[:2], "name": "Ann feat. Bob"}), "a.jsonl")
    assert rejected(found) == [("lists of different lengths", "id holds 2 values and name 1")]
    assert not len(found.records)


def test_one_thing_has_one_id_of_a_database(tmp_path: Path) -> None:
    row = {"id": "1", "name": "Ann", "mbid": MBIDS[:2]}
    found = table(tmp_path, json.dumps(row), "a.jsonl", external_ids={"mbid": "musicbrainz"})
    assert named(found) == {"Ann": ()}
    assert [reason for reason, _ in rejected(found)] == ["not a known external id"]


def test_a_list_of_another_length_is_not_shared_out(tmp_path: Path) -> None:
    row = {"id": ["1", "2"], "name": ["Ann", "Bob"], "g": ["a", "b", "c"]}
    found = table(tmp_path, json.dumps(row), "a.jsonl", columns={"g": {"predicate": "genre"}})
    assert stated(found, "genre") == set()
    assert rejected(found) == [("lists of different lengths", "g holds 3 values for 2 things")]


def test_both_ends_of_a_link_may_be_lists(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,Ann\n2,Bob\n3,Cy\n", encoding="utf-8")
    (tmp_path / "l.jsonl").write_text('{"one": 1.0, "others": ["2", 3]}\n', encoding="utf-8")
    found = built(
        tmp_path,
        artists={"path": "a.csv", "type": "Artist", "id": "id", "name": "name"},
        links={
            "reads": "links",
            "path": "l.jsonl",
            "predicate": "similarTo",
            "subject": {"column": "one", "ref": "artists"},
            "object": {"column": "others", "ref": "artists"},
        },
    )
    assert stated(found, "similarTo") == {("Ann", "Bob"), ("Ann", "Cy")}


@pytest.mark.parametrize("votes", [{}, {"min_share": 0.1}])
def test_the_class_of_an_end_of_a_link_may_be_in_a_column(
    tmp_path: Path, votes: dict[str, Any]
) -> None:
    rows = "who,what,kind\nAnn,Leaf,album\nAnn,Leaf,Song\nBob,Sea,ocean\nCy,,song\n"
    rows += "Dee,\"['Up', 'Down']\",\"['song', 'ALBUM']\"\n"
    (tmp_path / "l.csv").write_text(rows, encoding="utf-8")
    found = built(
        tmp_path,
        links={
            "reads": "links",
            "path": "l.csv",
            "predicate": "performed",
            "subject": {"column": "who", "type": "Artist"},
            "object": {
                "column": "what",
                "type": {"column": "kind", "values": {"album": "Album", "song": "Song"}},
            },
            **votes,
        },
    )
    types = dict(zip(found.records["record"], found.records["type"], strict=True))
    names = dict(zip(found.records["record"], found.records["name"], strict=True))
    links = [
        (names[one], names[other], types[other])
        for one, other in zip(found.statements["subject"], found.statements["object"], strict=True)
    ]
    assert sorted(links) == [
        ("Ann", "Leaf", "Album"),
        ("Ann", "Leaf", "Song"),
        ("Dee", "Down", "Album"),
        ("Dee", "Up", "Song"),
    ]
    assert sorted(rejected(found)) == [
        ("empty end of a link", ""),
        ("unknown type", "kind=ocean"),
    ]


def test_a_class_of_a_link_that_the_data_model_lacks_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("who,what,kind\n", encoding="utf-8")
    kinds = {"column": "kind", "values": {"x": "Albun"}}
    with pytest.raises(DataError, match="no class 'Albun'"):
        built(
            tmp_path,
            links={
                "reads": "links",
                "path": "l.csv",
                "predicate": "performed",
                "subject": {"column": "who", "type": "Artist"},
                "object": {"column": "what", "type": kinds},
            },
        )


def test_a_pattern_of_names_and_one_of_rows(tmp_path: Path) -> None:
    rows = "id,name,by\n1,Watched Rain,Ann - Topic\n2,Watched Bikes,Bikes\n3,Seen Sun,Bob - Topic\n"
    found = table(
        tmp_path,
        rows + "4,,Cy - Topic\n",
        type="Song",
        name_pattern="^Watched (.+)$",
        where=[{"column": "by", "pattern": " - Topic$"}],
        columns={"by": {"predicate": "performer", "type": "Artist", "pattern": "^(.+) - "}},
    )
    assert stated(found, "performer") == {("Rain", "Ann")}
    assert rejected(found) == [
        ("name does not match the pattern", "Seen Sun"),
        ("empty name", ""),
    ]
    assert found.counts["things: rows outside the filter"] == 1


@pytest.mark.parametrize(
    "keys", [{"name_pattern": "("}, {"where": [{"column": "id", "pattern": "("}]}]
)
def test_a_bad_pattern_is_an_error(tmp_path: Path, keys: dict[str, Any]) -> None:
    with pytest.raises((DataError, ValidationError), match="bad"):
        table(tmp_path, "id,name\n1,A\n", **keys)


# ------------------------------------------------------------------------------ joint credits


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("Ann ft. Bob", set(), ["Ann", "Bob"]),
        ("Ann (featuring Bob & Cy)", {"bob", "cy"}, ["Ann", "Bob", "Cy"]),
        ("Ann & Bob", {"ann"}, ["Ann & Bob"]),
        ("Ann & Bob", {"ann", "bob"}, ["Ann", "Bob"]),
        ("Ann vs. Bob x Cy", {"ann", "bob", "cy"}, ["Ann", "Bob", "Cy"]),
        ("Ann & Bob", {"ann", "bob", "ann & bob"}, ["Ann & Bob"]),
        ("Tyler, The Creator", {"tyler"}, ["Tyler, The Creator"]),
        ("Example, Ann", {"ann example"}, ["Ann Example"]),
        ("Emerson, Lake & Palmer", {"palmer"}, ["Emerson, Lake & Palmer"]),
    ],
)
def test_who_is_credited(name: str, known: set[str], expected: list[str]) -> None:
    assert credited(name, known) == expected


@pytest.mark.parametrize(
    "joint", [" feat. ", " (ft. ", " prod. by ", " & ", ",", ", ", " /", " y "]
)
def test_no_name_that_is_taken_apart_passes_for_a_single_one(joint: str) -> None:
    name = f"Ann{joint}Bob"
    assert credited(name, {"ann", "bob", "bob ann"}) != [name]
    assert MAY_BE_JOINT.search(name)


def test_a_joint_credit_waits_for_the_rest_of_the_source(tmp_path: Path) -> None:
    found = table(
        tmp_path,
        "id,name,by\n1,One,Ann & Bob\n2,Two,Simon & Garfunkel\n3,Three,Ann\n4,Four,Bob ft. Cy\n",
        type="Song",
        columns={"by": {"predicate": "performer", "type": "Artist"}},
    )
    assert stated(found, "performer") == {
        ("One", "Ann"),
        ("One", "Bob"),
        ("Two", "Simon & Garfunkel"),
        ("Three", "Ann"),
        ("Four", "Bob"),
        ("Four", "Cy"),
    }


# ------------------------------------------------------------------------------- placeholders


@pytest.mark.parametrize(
    ("name", "type_", "expected"),
    [
        ("Various Artists", "Band", True),
        ("Verschiedene Interpreten", "Artist", True),
        ("群星", "Artist", True),
        ("[unknown]", "Song", True),
        ("Unknown", "Song", False),
        ("Unknown", "Artist", True),
        ("?", "Album", False),
        ("VV.AA.", "Artist", True),
        ("Various Artists - Topic", "Artist", True),
        ("...", "Genre", True),
        ("...", "Song", False),
        ("#REF!", "RecordLabel", True),
        ("Not On Label (Ann Self-released)", "RecordLabel", True),
        ("self-released", "RecordLabel", True),
        ("Self-Released", "Genre", False),
        ("Various", "Song", False),
        ("Other", "Genre", True),
        ("Other", "Tag", False),
        ("NaN", "Genre", True),
        ("Nan", "Artist", False),
        ("None", "Genre", True),
    ],
)
def test_what_stands_for_nothing_depends_on_the_kind(name: str, type_: str, expected: bool) -> None:
    assert is_placeholder(name, type_) is expected


PLACED = "id,name,label,by,year\n1,One,Not On Label,Various,-\n2,Two,[no label],None,NaN\n"
COLUMNS: dict[str, Any] = {
    "label": {"predicate": "recordLabel"},
    "by": {"predicate": "performer", "type": "Artist"},
    "year": {"predicate": "releaseDate"},
}


def test_placeholders_name_nothing_and_are_counted(tmp_path: Path) -> None:
    found = table(tmp_path, PLACED, type="Song", columns=COLUMNS)
    assert set(found.records["name"]) == {"One", "Two"}
    assert sorted(rejected(found)) == [
        ("stands for nothing: no artist", "by=None"),
        ("stands for nothing: no artist", "by=Various"),
        ("stands for nothing: no date", "year=-"),
        ("stands for nothing: no recordlabel", "label=Not On Label"),
        ("stands for nothing: no recordlabel", "label=[no label]"),
    ]


@pytest.mark.parametrize("of_column", [True, False])
def test_a_recipe_keeps_a_name_that_is_real(tmp_path: Path, of_column: bool) -> None:
    by = COLUMNS["by"] | ({"real_names": ["None"]} if of_column else {})
    settings = {} if of_column else {"real_names": ["None"]}
    found = table(tmp_path, PLACED, type="Song", columns=COLUMNS | {"by": by}, **settings)
    assert stated(found, "performer") == {("Two", "None")}


def test_a_row_of_nobody_is_a_reject_and_a_real_one_is_not(tmp_path: Path) -> None:
    content = "id,name\n1,Various Artists\n2,NaN\nNone,Ann\n4,None\n"
    found = table(tmp_path, content)
    assert not len(found.records)
    assert len(found.rejects) == 4
    found = table(tmp_path, content, real_names=["None", "NaN"])
    assert set(found.records["name"]) == {"NaN", "Ann", "None"}


def test_links_and_json_files_know_placeholders_too(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("a,l\nAnn,Self-released\nBob,Tall Records\n", encoding="utf-8")
    found = built(
        tmp_path,
        links={
            "reads": "links",
            "path": "l.csv",
            "predicate": "signedTo" if "signedTo" in SCHEMA.predicates else "recordLabel",
            "subject": {"column": "a", "type": "Artist"},
            "object": {"column": "l", "type": "RecordLabel"},
        },
    )
    assert "Tall Records" in set(found.records["name"])
    assert rejected(found) == [("stands for nothing: no recordlabel", "l=Self-released")]


# --------------------------------------------------------------------------------------- ids


def test_ids_written_as_floats_are_whole_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,Ann\n2.0,Bob\n0012,Cy\n", encoding="utf-8")
    (tmp_path / "s.csv").write_text("id,name,a\n1,One,1.0\n2,Two,2\n", encoding="utf-8")
    (tmp_path / "i.csv").write_text("u,a,n\nu1,1.0,3\nu1,2,1\n", encoding="utf-8")
    found = built(
        tmp_path,
        artists={"path": "a.csv", "type": "Artist", "id": "id", "name": "name"},
        songs={
            "path": "s.csv",
            "type": "Song",
            "id": "id",
            "name": "name",
            "columns": {"a": {"predicate": "performer", "ref": "artists"}},
        },
    )
    assert stated(found, "performer") == {("One", "Ann"), ("Two", "Bob")}
    assert "src/artists/0012" in set(found.records["record"])
    plays = InteractionTable(path="i.csv", user="u", item="a", weight="n", records="src/artists")
    read = read_interactions(plays, tmp_path, record_keys=frozenset(found.records["record"]))
    assert read.interactions["item"].tolist() == ["src/artists/1", "src/artists/2"]


@pytest.mark.parametrize(
    ("decimal", "expected"),
    [(None, [4.5, 1234.5, 1e3, 1234.0]), (",", [4.5, 1234.5, 1e3, 1234.0])],
)
def test_weights_in_the_notation_of_people(
    tmp_path: Path, decimal: Any, expected: list[float]
) -> None:
    (tmp_path / "i.csv").write_text(
        "u;a;n\n1;a;4,5\n2;a;1.234,5\n3;a;1e3\n4;a;1.234\n5;a;many\n", encoding="utf-8"
    )
    plays = InteractionTable(
        path="i.csv", separator=";", user="u", item="a", weight="n", records="s", decimal=decimal
    )
    read = read_interactions(plays, tmp_path)
    assert read.interactions["weight"].tolist() == expected
    assert read.rejects["reason"].unique().tolist() == ["weight is no number"]


def test_a_rating_on_another_scale_is_a_reject(tmp_path: Path) -> None:
    rows = "u,a,n\n1,a,4.5/5\n2,a,8/10\n3,a,3 of 5\n4,a,5\n5,a,12k\n"
    (tmp_path / "i.csv").write_text(rows, encoding="utf-8")
    plays = InteractionTable(path="i.csv", user="u", item="a", weight="n", records="s")
    read = read_interactions(plays, tmp_path)
    assert read.interactions["weight"].tolist() == [4.5, 3.0, 5.0, 12000.0]
    assert read.rejects["reason"].tolist() == ["weight on another scale than most"]


# ----------------------------------------------------------------------------- other readers


def semi_structured(folder: Path, name: str, content: str, **settings: Any) -> Extraction:
    (folder / name).write_text(content, encoding="utf-8")
    source = {"kind": "semi-structured", "name": "src", "path": name} | settings
    return extract(TypeAdapter(SourceConfig).validate_python(source), folder, schema=SCHEMA)


def test_json_files_give_a_thing_its_own_ids_and_no_placeholder(tmp_path: Path) -> None:
    things = [
        {"id": "1", "name": ["Ann", "Annie"], "mbid": MBIDS[0], "label": "Self-released"},
        {"id": "2", "name": "Bob", "mbid": MBIDS[:2], "label": "R%26B Works"},
        {"id": ["3", "4"], "name": "Cy"},
        {"id": "5", "name": "Various Artists"},
        {"id": "6", "name": "Unknown"},
    ]
    found = semi_structured(
        tmp_path,
        "a.json",
        json.dumps(things),
        format="json",
        mapping={
            "type": "Artist",
            "id": "id",
            "name": "name",
            "external_ids": {"mbid": "musicbrainz"},
            "real_names": ["Unknown"],
            "paths": {"label": {"predicate": "recordLabel"}},
        },
    )
    assert named(found) == {
        "Ann": (f"musicbrainz:{MBIDS[0]}",),
        "Bob": (),
        "Unknown": (),
        "R&B Works": (),
    }
    assert [reason for reason, _ in rejected(found)] == [
        "stands for nothing: no recordlabel",
        "not a known external id",
        "several ids for one thing",
        "stands for nothing: no artist",
    ]


def test_pages_know_placeholders_too(tmp_path: Path) -> None:
    content = json.dumps(
        {
            "@context": "https://schema.org",
            "@type": "MusicAlbum",
            "name": "First",
            "byArtist": {"@type": "MusicGroup", "name": "Various Artists"},
            "genre": ["Rock &amp; Roll", "None"],
        }
    )
    found = semi_structured(tmp_path, "a.jsonld", content, format="json-ld")
    assert set(found.records["name"]) == {"First", "Rock & Roll"}
    assert len(found.rejects) == 2


def test_an_albums_mbid_is_not_the_artists(tmp_path: Path) -> None:
    row = {"id": "1", "name": "Ann", "mbid": MBIDS[0], "release_mbid": MBIDS[1]}
    ids = {"mbid": "musicbrainz", "release_mbid": "musicbrainz"}
    found = table(tmp_path, json.dumps(row), "a.jsonl", external_ids=ids)
    assert named(found) == {"Ann": (f"musicbrainz:{MBIDS[0]}",)}
    assert rejected(found) == [
        ("id of another kind of thing", f"release_mbid={MBIDS[1]}, of the Artist")
    ]


def test_songs_and_labels_have_addresses_of_their_own(tmp_path: Path) -> None:
    row = {"id": "1", "name": "Rain", "mbid": MBIDS[0], "isrc": "US-RC1-76-07839"}
    ids = {"mbid": "musicbrainz", "isrc": "isrc"}
    found = table(tmp_path, json.dumps(row), "a.jsonl", type="Song", external_ids=ids)
    assert named(found) == {"Rain": ("isrc:USRC17607839", f"musicbrainz-recording:{MBIDS[0]}")}


def test_addresses_as_ids_are_referred_to_by_addresses(tmp_path: Path) -> None:
    address = f"https://musicbrainz.org/artist/{MBIDS[0]}"
    (tmp_path / "artists.csv").write_text(f"id,name\n{address},Ann\n")
    (tmp_path / "songs.csv").write_text(f"id,name,by\ns,Rain,{address}\n")
    performer = {"predicate": "performer", "ref": "artists"}
    common = {"id": "id", "name": "name"}
    found = built(
        tmp_path,
        artists={**common, "path": "artists.csv", "type": "Artist"},
        songs={**common, "path": "songs.csv", "type": "Song", "columns": {"by": performer}},
    )
    assert rejected(found) == []
    assert list(found.statements["object"]) == [f"src/artists/musicbrainz:{MBIDS[0]}"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.234", "1.234,5", "12"], [1234, 1234.5, 12]),
        (["1,234", "1,234.5", "7,000"], [1234, 1234.5, 7000]),
        (["1.234", "1.234.567"], [1234, 1234567]),
        (["1.234", "2.5"], [1.234, 2.5]),
        (["1.234", "4,5", "4.5"], [1.234, 4.5, 4.5]),
        (["1.234", "7"], [1.234, 7]),
        (["1 234", "1'234", "12,3 k", "1.2M"], [1234, 1234, 12300, 1200000]),
        (["1234 plays", "~1200", "3x", "3 Tsd."], [1234, 1200, 3, 3000]),
    ],
)
def test_the_other_weights_tell_the_decimal_sign(
    tmp_path: Path, cells: list[str], expected: list[float]
) -> None:
    rows = "".join(f"{n};a;{cell}\n" for n, cell in enumerate(cells))
    (tmp_path / "i.csv").write_text("u;a;n\n" + rows, encoding="utf-8")
    plays = InteractionTable(
        path="i.csv", separator=";", user="u", item="a", weight="n", records="s"
    )
    assert read_interactions(plays, tmp_path).interactions["weight"].tolist() == expected


def test_the_other_numbers_of_a_column_tell_the_decimal_sign(tmp_path: Path) -> None:
    content = "id;name;s;t\n1;Ann;1.234;1,234\n2;Bob;4,5;2\n3;Cy;1.000;3\n"
    found = table(
        tmp_path,
        content,
        separator=";",
        type="Song",
        columns={"s": {"predicate": "score"}, "t": {"predicate": "trackNumber"}},
    )
    assert stated(found, "score") == {("Ann", "1234"), ("Bob", "4.5"), ("Cy", "1000")}
    assert stated(found, "trackNumber") == {("Bob", "2"), ("Cy", "3")}
    assert rejected(found) == [("not a integer", "t=1,234")]


def test_a_credit_with_a_long_run_of_spaces_takes_linear_time(tmp_path: Path) -> None:
    gap = " " * 200_000
    content = f"id,name,by\n1,One,a{gap}b\n2,Two,Ann{gap}& Bob\n3,Three,Ann\n4,F,Bob\n"
    performer = {"predicate": "performer", "type": "Artist"}
    start = time.perf_counter()
    found = table(tmp_path, content, type="Song", columns={"by": performer})
    assert time.perf_counter() - start < 5
    assert {("One", "a b"), ("Two", "Ann"), ("Two", "Bob")} <= stated(found, "performer")
