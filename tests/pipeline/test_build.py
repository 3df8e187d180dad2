from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import pipeline.build
from kg_builder.errors import DataError
from pipeline.build import build
from pipeline.console import BuildDisplay
from pipeline.stages.registry import STAGES
from tests.faults.processes import Run, Running


def built(folder: Path, out: str = "out", **settings):
    return build(folder / "tiny.toml", raw=folder / "raw", out=folder / out, **settings)


def hashes(out: Path) -> dict[str, str]:
    """Hashes of all artefacts but the manifest, which contains times."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in {"manifest.json", ".lock"}
    }


def test_the_graph_holds_the_facts_of_the_files(built_tiny):
    turtle = (built_tiny / "out" / "kg.ttl").read_text()
    assert "artist:Portishead a mkg:Band ;" in turtle
    assert 'mkg:beginDate "1991"^^xsd:gYear' in turtle
    assert "genre:downtempo" in turtle, "the magazine's PORTISHEAD is the shop's Portishead"
    items = pd.read_csv(built_tiny / "out" / "items.tsv", sep="\t", dtype=str)
    assert list(items["name"]) == ["Massive Attack", "Portishead", "Slayer"]
    assert list(items["raw_id"]) == ["2", "1", "3"]


def test_the_public_format_holds(built_tiny):
    triples = np.loadtxt(built_tiny / "out" / "kg_final.txt", dtype=np.int32)
    ratings = np.loadtxt(built_tiny / "out" / "ratings_final.txt", dtype=np.int32)
    n_items = len(set(ratings[:, 1]))
    assert set(triples[:, 0]) <= set(range(n_items))
    entities = set(triples[:, 0]) | set(triples[:, 2])
    assert entities == set(range(len(entities)))
    assert set(triples[:, 1]) == set(range(len(set(triples[:, 1]))))
    positives = ratings[ratings[:, 2] == 1]
    assert len(positives) == 5, "Ann 2, Bob 1 (his other play is below the threshold), Cat, Dan"
    assert (np.bincount(ratings[ratings[:, 2] == 0][:, 0]) <= np.bincount(positives[:, 0])).all()


def test_every_row_is_accounted_for(built_tiny):
    quality = json.loads((built_tiny / "out" / "quality.json").read_text())
    reasons = {(row["stage"], row["reason"]): row for row in quality["rejects"]}
    nameless = [row for key, row in reasons.items() if "name" in key[1]]
    assert nameless[0]["count"] == 1
    assert "bands.csv#line=5" in nameless[0]["examples"][0]["evidence"]
    assert quality["read"]["shop"]["bands: rows read"] == 4
    assert quality["read"]["interactions"]["interaction rows rejected"] == 1
    unknown = reasons["extraction", "interaction with an unknown record"]
    assert unknown["examples"][0] == {"evidence": "tiny/plays.tsv#line=8", "detail": "dan 99"}
    assert "no row with this id" in unknown["hint"]
    assert "no row with this id" in (built_tiny / "out" / "quality.html").read_text()
    interactions = quality["interactions"]
    assert interactions["interactions"] == 6
    assert interactions["positives"] + interactions["pairs below the threshold"] == 6


def test_a_second_run_does_nothing_and_a_change_runs_what_depends_on_it(tiny):
    built(tiny)
    assert all(stage.skipped for stage in built(tiny).stages)
    recipe = tiny / "tiny.toml"
    recipe.write_text(recipe.read_text() + "\n[cleaning]\nmin_confidence = 0.5\n")
    ran = [stage.name for stage in built(tiny).stages if not stage.skipped]
    assert ran[0] == "cleaning"
    assert [stage.name for stage in built(tiny, seed=7).stages if not stage.skipped] == ["triples"]
    (tiny / "raw" / "tiny" / "magazine.tsv").write_text("artist\tstyle\nSlayer\tmetal\n")
    assert not built(tiny, seed=7).stages[0].skipped


def test_a_touched_but_unchanged_file_changes_nothing(tiny):
    built(tiny)
    os.utime(tiny / "raw" / "tiny" / "bands.csv")
    assert all(stage.skipped for stage in built(tiny).stages)


def test_a_damaged_artefact_is_made_again(built_tiny):
    before = hashes(built_tiny / "out")
    (built_tiny / "out" / "statements.parquet").write_bytes(b"x")
    report = built(built_tiny)
    assert next(stage.name for stage in report.stages if not stage.skipped) == "cleaning"
    assert hashes(built_tiny / "out") == before


def test_two_folders_get_the_same_bytes(tiny):
    built(tiny, "one")
    built(tiny, "two")
    assert hashes(tiny / "one") == hashes(tiny / "two")


def test_from_a_stage_on(tiny):
    with pytest.raises(DataError, match="needs stages/alignment"):
        built(tiny, start="inference")
    built(tiny)
    report = built(tiny, start="cleaning")
    assert [stage.name for stage in report.stages] == ["cleaning", "triples"]
    assert not any(stage.skipped for stage in report.stages)
    with pytest.raises(DataError, match="there is no stage 'cleening'"):
        built(tiny, start="cleening")


@pytest.mark.parametrize("stage", [stage.name for stage in STAGES])
def test_a_crash_loses_at_most_its_stage(built_tiny, monkeypatch, stage):
    publish = pipeline.build.Staging.publish

    def crash(self, names, optional=()):
        if f".{stage}." in str(self.path("x")):
            publish(self, list(names)[:1])  # dies between two moves
            raise KeyboardInterrupt
        return publish(self, names, optional)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.build.Staging, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            built(built_tiny, "broken")
    report = built(built_tiny, "broken")
    skipped = [entry.name for entry in report.stages if entry.skipped]
    names = [entry.name for entry in STAGES]
    assert skipped == names[: names.index(stage)]
    assert hashes(built_tiny / "broken") == hashes(built_tiny / "out")


@pytest.mark.slow
def test_kill_at_any_moment_and_run_again(built_tiny):
    words = (
        "pipeline", "build", "--dataset", str(built_tiny / "tiny.toml"),
        "--raw", str(built_tiny / "raw"), "--out", str(built_tiny / "killed"),
    )  # fmt: skip
    for stage, wait in (("extraction", 0.0), ("fusion", 0.1), ("cleaning", 0.05)):
        running = Running(Run(words, home=built_tiny / "home"))
        deadline = time.monotonic() + 120
        while not (built_tiny / "killed" / "stages" / stage).exists() and running.alive:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        running.finish(longest=wait)  # SIGKILL
    built(built_tiny, "killed")
    assert hashes(built_tiny / "killed") == hashes(built_tiny / "out")


def test_two_builds_of_one_folder_do_not_mix(tiny):
    from safe_io.locks import InUseError, folder_lock

    (tiny / "out").mkdir()
    with folder_lock(tiny / "out", "build"), pytest.raises(InUseError, match="another build"):
        built(tiny)


def test_a_recipe_can_fix_its_items_and_their_order_by_a_file(tiny):
    listed = tiny / "raw" / "tiny" / "index.tsv"
    listed.write_text("3\t0\n1\t1\n")
    with (tiny / "tiny.toml").open("a") as recipe:
        recipe.write(
            '[ratings.items]\npath = "tiny/index.tsv"\nheader = false\nnames = ["band", "id"]\n'
            'column = "band"\nrecords = "shop"\n'
        )
    built(tiny)
    items = pd.read_csv(tiny / "out" / "items.tsv", sep="\t", dtype=str)
    assert list(items["raw_id"]) == ["3", "1"]
    ratings = np.loadtxt(tiny / "out" / "ratings_final.txt", dtype=np.int32)
    assert set(ratings[:, 1]) == {0, 1}, "Massive Attack is no item"
    quality = json.loads((tiny / "out" / "quality.json").read_text())
    assert quality["interactions"]["interactions with no item"] == 2
    assert "Massive Attack" in (tiny / "out" / "kg.ttl").read_text(), "but in the graph"

    listed.write_text("1\t0\n3\t1\n")
    assert [stage.name for stage in built(tiny).stages if not stage.skipped] == ["triples"]
    listed.write_text("1\t0\n8\t1\n")
    with pytest.raises(DataError, match=r"index\.tsv#line=2: item '8' is unknown"):
        built(tiny)


PEOPLE = """
[[users]]
path = "tiny/people.tsv"
user = "user"
columns.pal = { relation = "friend", user = true, undirected = true }
columns.job = { relation = "job" }
"""


@pytest.fixture
def people(tiny):
    """The tiny data set with facts about its listeners."""
    rows = "user\tpal\tjob\nbob\tann\tlawyer\nann\tbob\t\ncat\tzoe\tfarmer\n"
    (tiny / "raw" / "tiny" / "people.tsv").write_text(rows)
    with (tiny / "tiny.toml").open("a") as recipe:
        recipe.write(PEOPLE)
    return tiny


def test_what_is_known_of_the_users_has_files_of_its_own(people):
    built(people)
    out = people / "out"
    users = pd.read_csv(out / "users.tsv", sep="\t")["raw_id"].tolist()
    entities = pd.read_csv(out / "user_entities.tsv", sep="\t")
    relations = pd.read_csv(out / "user_relations.tsv", sep="\t")
    assert entities["name"].tolist() == [*users, "farmer", "lawyer"]
    assert entities["id"].tolist() == list(range(len(users) + 2))
    names = entities["name"].tolist()
    triples = [
        (names[head], relations["name"][relation], names[tail])
        for head, relation, tail in np.loadtxt(out / "user_kg_final.txt", dtype=np.int32)
    ]
    assert sorted(triples) == [
        ("ann", "friend", "bob"),
        ("bob", "job", "lawyer"),
        ("cat", "job", "farmer"),
    ]
    quality = json.loads((out / "quality.json").read_text())
    assert quality["user_kg_final"]["triples"] == 3
    assert "users with a triple" in (out / "quality.html").read_text()
    unknown = [row for row in quality["rejects"] if row["source"] == "users"]
    assert [(row["reason"], row["count"]) for row in unknown] == [("no user of the ratings", 1)]
    assert unknown[0]["examples"] == [
        {"evidence": "tiny/people.tsv#line=4", "detail": "cat friend zoe"}
    ]


def test_people_are_in_turtle_only_on_request(people):
    built(people)
    out = people / "out"
    assert not (out / "users.ttl").exists()
    for name in ("kg.ttl", "provenance.trig"):
        assert "lawyer" not in (out / name).read_text()
    report = built(people, with_users=True)
    assert [stage.name for stage in report.stages if not stage.skipped] == ["triples"]
    assert "lawyer" in (out / "users.ttl").read_text()
    assert "users.ttl" in report.stages[-1].outputs
    built(people)
    assert not (out / "users.ttl").exists(), "nor left over from an earlier build"


def test_a_recipe_without_users_writes_no_such_file(people):
    built(people)
    recipe = people / "tiny.toml"
    recipe.write_text(recipe.read_text().replace(PEOPLE, ""))
    built(people)
    assert not list((people / "out").glob("user_*"))
    with pytest.raises(DataError, match="--with-users: there are no facts about users"):
        built(people, with_users=True)


def test_ids_of_other_people_are_an_error(people):
    (people / "raw" / "tiny" / "people.tsv").write_text("user\tpal\tjob\n1\t2\tlawyer\n")
    with pytest.raises(DataError, match=r"people\.tsv: no row about users names a user"):
        built(people)


TAGGINGS = """
[sources.tables.tags]
path = "tiny/tags.tsv"
type = "Tag"
id = "id"
name = "name"
scope = "labels"
only_if_used = true
[sources.tables.taggings]
reads = "links"
path = "tiny/taggings.tsv"
subject = { column = "band", ref = "bands" }
predicate = "tag"
object = { column = "tag", ref = "tags" }
user = "user"
distinct = "user"
min_count = 2

[[sources]]
kind = "structured"
name = "magazine"
"""


def test_the_graph_is_built_without_the_acts_of_pairs(tiny):
    raw = tiny / "raw" / "tiny"
    (raw / "tags.tsv").write_text("id\tname\n1\tmoody\n2\tfast\n")
    (raw / "taggings.tsv").write_text(
        "user\tband\ttag\nann\t1\t1\nbob\t1\t1\ncat\t2\t1\nann\t2\t1\nbob\t3\t2\ndan\t3\t2\n"
    )
    recipe = tiny / "tiny.toml"
    text = recipe.read_text().replace(
        '[[sources]]\nkind = "structured"\nname = "magazine"\n', TAGGINGS
    )
    recipe.write_text(text.replace('records = "shop"', 'records = "shop/bands"'))
    pairs = tiny / "pairs.tsv"
    pairs.write_text("user\titem\ndan\t3\nbob\t2\n")
    with_all = built(tiny)
    rows = (tiny / "out" / "ratings_final.txt").read_bytes()
    assert "tag:fast" in (tiny / "out" / "kg.ttl").read_text()

    report = built(tiny, without_pairs=pairs)
    assert not report.stages[0].skipped
    turtle = (tiny / "out" / "kg.ttl").read_text()
    assert "tag:fast" not in turtle, "Slayer has one vote left"
    assert "tag:moody" in turtle
    assert (tiny / "out" / "ratings_final.txt").read_bytes() == rows
    read = json.loads((tiny / "out" / "quality.json").read_text())["read"]
    assert read["shop"]["taggings: rows of left-out pairs"] == 1
    assert read["left-out pairs"] == {"pairs": 2, "pairs that are no interaction": 1}
    assert with_all.stages[0].counts != report.stages[0].counts

    assert all(stage.skipped for stage in built(tiny, without_pairs=pairs).stages)
    pairs.write_text("user\titem\nann\t1\n")
    assert not built(tiny, without_pairs=pairs).stages[0].skipped
    assert "tag:fast" in (tiny / "out" / "kg.ttl").read_text()
    assert not built(tiny).stages[0].skipped, "nor is a build without pairs taken for one with"


def test_pairs_without_acts_to_leave_out_are_an_error(tiny):
    pairs = tiny / "pairs.tsv"
    with pytest.raises(DataError, match="no table holds the acts of users"):
        built(tiny, without_pairs=pairs)
    with pytest.raises(DataError, match=r"--without-pairs .*pairs\.tsv: no such file"):
        build("lastfm", raw=tiny, out=tiny / "out", without_pairs=pairs)


def test_times_stand_beside_ratings_that_stay_as_they_are(tiny):
    built(tiny)
    out, plays = tiny / "out", tiny / "raw" / "tiny" / "plays.tsv"
    before = (out / "ratings_final.txt").read_bytes()
    assert not (out / "ratings_times.tsv").exists()
    header, *rows = plays.read_text().splitlines()
    dated = [f"{row}\t2010-01-0{day}" for day, row in enumerate(rows, start=1)]
    plays.write_text("\n".join([f"{header}\tday", *dated]) + "\n")
    recipe = tiny / "tiny.toml"
    plain = recipe.read_text()
    recipe.write_text(plain.replace('weight = "plays"', 'weight = "plays"\ntime = "day"'))
    report = built(tiny)
    assert "ratings_times.tsv" in report.stages[-1].outputs
    assert (out / "ratings_final.txt").read_bytes() == before
    times = pd.read_csv(out / "ratings_times.tsv", sep="\t")
    positives = [
        line.split("\t")[:2] for line in before.decode().splitlines() if line.endswith("\t1")
    ]
    assert times[["user", "item"]].astype(str).to_numpy().tolist() == positives
    first = datetime(2010, 1, 1, tzinfo=UTC).timestamp()
    # the plays that reach the threshold: ann's of Massive Attack and Portishead, and the others'
    assert ((times["time"] - first) / 86400).tolist() == [1, 0, 2, 4, 5]
    recipe.write_text(plain)
    built(tiny)
    assert not (out / "ratings_times.tsv").exists(), "nor left over from an earlier build"


def test_a_database_server_is_asked_by_every_build(tiny: Path) -> None:
    path = tiny / "plays.db"
    recipe = (
        (tiny / "tiny.toml")
        .read_text()
        .replace(
            'path = "tiny/plays.tsv"', f'sql = {{ url = "sqlite:///{path}", table = "plays" }}'
        )
    )
    (tiny / "tiny.toml").write_text(recipe)
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE plays (user TEXT, band TEXT, plays INTEGER)")
        base.execute("INSERT INTO plays VALUES ('ann', '1', 9)")
        base.commit()
        built(tiny)
        base.execute("INSERT INTO plays VALUES ('bob', '2', 9)")
        base.commit()
    reports = built(tiny)
    assert (tiny / "out" / "users.tsv").read_text().splitlines()[1:] == ["0\tann", "1\tbob"]
    assert not reports.stages[0].skipped
    assert [stage.skipped for stage in built(tiny).stages] == [False, *[True] * 5]


@pytest.mark.parametrize("traits", ["", "[traits.shop]\nclean = true\n"])
def test_a_declared_source_is_not_trusted_less_than_others(tiny: Path, traits: str) -> None:
    (tiny / "raw" / "tiny" / "texts.jsonl").write_text(
        '{"id": "1", "title": "Slayer", "text": "Slayer are a band formed in 1979."}'
    )
    recipe = (tiny / "tiny.toml").read_text()
    start, end = recipe.index("[traits.shop]"), recipe.index("[[interactions]]")
    texts = (
        '[[sources]]\nkind = "unstructured"\nname = "texts"\npath = "tiny/texts.jsonl"\n'
        'model = ""\n'
    )
    (tiny / "tiny.toml").write_text(recipe[:start] + texts + traits + recipe[end:])
    built(tiny)
    assert 'mkg:beginDate "1981"^^xsd:gYear' in (tiny / "out" / "kg.ttl").read_text()


# ------------------------------------------------------------------------------ broken files

XML_RECIPE = """
name = "m"
title = "m"
[ratings]
items = "all"
item_type = "Song"
[[sources]]
kind = "structured"
name = "m"
[sources.tables.songs]
path = "{path}"
{rows}
type = "Song"
id = "id"
name = "title"
columns.artist = {{ predicate = "performer", type = "Artist" }}
[sources.tables.others]
path = "others.csv"
type = "Song"
id = "id"
name = "title"
columns.artist = {{ predicate = "performer", type = "Artist" }}
"""
FIRST = "<s><t><id>1</id><title>T</title><artist>A</artist></t>\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "rows", "text", "fault"),
    [
        ("s.xml", "s.t", f"{FIRST}<t><id>R&B<", "2"),
        ("s.xml", "s.t", f"{FIRST}<t>", "2"),
        ("s.json", "", '[{"id": 1, "title": "T", "artist": "A"},\n{"id": 2', "2"),
    ],
)
def test_a_file_that_breaks_off_is_named(tmp_path, name, rows, text, fault, packed):
    path = f"{name}.gz" if packed else name
    content = text.encode()
    (tmp_path / path).write_bytes(gzip.compress(content) if packed else content)
    (tmp_path / "others.csv").write_text("id,title,artist\n9,Roads,Portishead\n8,Angel,Ann\n")
    recipe = tmp_path / "m.toml"
    recipe.write_text(XML_RECIPE.format(path=path, rows=f'rows = "{rows}"' if rows else ""))
    reports = []
    told = rf"^{re.escape(path)}: broken (XML|JSON) \(.*line {fault}"
    with pytest.warns(UserWarning, match=told):
        build(recipe, raw=tmp_path, out=tmp_path / "out", on_end=reports.append)
    assert reports[0].counts["files broken off"] == 1
    console = Console(file=io.StringIO(), width=200)
    BuildDisplay(console).ended(reports[0])
    assert "1 rejects, 1 files broken off" in console.file.getvalue()


TABLE = """
name = "m"
title = "m"
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.songs]
path = "songs.csv"
type = "Song"
id = "id"
name = "title"
columns.artist = { predicate = "performer", type = "Artist" }
"""


def test_rows_of_one_id_and_several_names_are_told(tmp_path, recwarn):
    """They are one thing, as the ids say; a file may give an id twice by mistake."""
    (tmp_path / "m.toml").write_text(TABLE)
    rows = "id,title,artist\n1,Roads,Ann\n2,Angel,Bo\n2,ANGEL,Bo\n"
    (tmp_path / "songs.csv").write_text(rows)
    build(tmp_path / "m.toml", raw=tmp_path, out=tmp_path / "out")
    assert not [one for one in recwarn if "several names" in str(one.message)]
    (tmp_path / "songs.csv").write_text(f"{rows}1,Rivers,Ann\n1.0,Rain,Ann\n")
    told = (
        "shop, table songs: 1 id has rows of several names, .*: "
        "'1' is 'Roads' in songs.csv#line=2, 'Rivers' in songs.csv#line=5"
    )
    with pytest.warns(UserWarning, match=told):
        report = build(tmp_path / "m.toml", raw=tmp_path, out=tmp_path / "out")
    assert report.stages[0].counts["shop: songs: ids with several names"] == 1
    quality = (tmp_path / "out" / "quality.html").read_text()
    assert "songs: ids with several names" in quality


def test_a_broken_line_of_json_is_no_file_that_breaks_off(tmp_path, recwarn):
    row = '{"id": 1, "title": "T", "artist": "A"}'
    (tmp_path / "s.jsonl").write_text(f'{row}\n{{"id": 2\n{row}\n')
    (tmp_path / "others.csv").write_text("id,title,artist\n9,Roads,Portishead\n8,Angel,Ann\n")
    recipe = tmp_path / "m.toml"
    recipe.write_text(XML_RECIPE.format(path="s.jsonl", rows=""))
    reports = []
    build(recipe, raw=tmp_path, out=tmp_path / "out", on_end=reports.append)
    assert "files broken off" not in reports[0].counts
    assert not [one for one in recwarn if "nothing" in str(one.message)]
