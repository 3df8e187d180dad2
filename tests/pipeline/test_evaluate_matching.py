from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

import pipeline
from kg_builder.errors import DataError
from kg_builder.evaluation.matching import cluster_intervals
from kg_builder.evaluation.matching_data import (
    read_deepmatcher,
    read_deepmatcher_folder,
    read_musicbrainz20k,
    read_pairs,
)
from kg_builder.evaluation.song_columns import guess_columns, read_columns
from pipeline.cli import app
from pipeline.evaluate.splink_peer import SCRIPT, resolve_with_splink

HEADINGS = [
    "id",
    "cluster_id",
    "source",
    "number",
    "title",
    "length",
    "artist",
    "album",
    "year",
    "language",
]
FIRST = [
    "amber",
    "basalt",
    "cobalt",
    "dusty",
    "ember",
    "frozen",
    "golden",
    "hollow",
    "ivory",
    "jagged",
]
SECOND = [
    "harbour",
    "lantern",
    "meadow",
    "orchard",
    "pylon",
    "quarry",
    "river",
    "signal",
    "tunnel",
    "voyage",
]


def songs(clusters):
    for number in clusters:
        title = f"{FIRST[number % 10]} {SECOND[number // 10 % 10]}"
        artist = f"The {SECOND[number * 7 % 10]} {FIRST[number * 3 % 10]}s"
        album = f"{FIRST[number * 7 % 10]} nights {number % 9}"
        yield number, title, artist, album, str(1960 + number % 50), 120 + 3 * number


def write_sources(folder, clusters):
    folder.mkdir()
    for source in (1, 2, 3):
        with (folder / f"source_{source}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(HEADINGS)
            for number, title, artist, album, year, length in songs(clusters):
                cells = {
                    1: (f"{title} ({album})", f"{length // 60:02}:{length % 60:02}", artist, album),
                    2: (f"{artist} - {title}", str(length), "", album),
                    3: (f"{title} - {album}", f"{length / 60:.3f}", artist, ""),
                }[source]
                writer.writerow(
                    [number * 10 + source, number, source, number % 12 + 1, *cells, year, "English"]
                )
    return folder


def run(cli, *words):
    result = cli.invoke(app, ["evaluate", "matching", *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def cli():
    from typer.testing import CliRunner

    return CliRunner()


def scores(folder):
    return json.loads((folder / "scores.json").read_text())


def test_clusters_are_measured_and_the_errors_written(cli, tmp_path):
    data = write_sources(tmp_path / "data", range(60))
    out = tmp_path / "out"
    run(cli, "--format", "musicbrainz20k", "--data", data, "--clean", "--out", out)
    (report,) = scores(out)
    assert report["scored"] == 180
    assert report["scores"]["pairwise"]["f1"] > 0.9
    low, high = report["scores"]["pairwise"]["intervals"]["f1"]
    assert low <= report["scores"]["pairwise"]["f1"] <= high
    assert 0.95 < report["blocking"]["recall"] <= 1
    lines = (out / "errors.tsv").read_text().splitlines()
    assert lines[0].startswith("kind\tprobability\tleft\tright")
    assert len(lines) == report["errors"] + 1


def test_training_clusters_are_resolved_with_the_others_but_not_scored(cli, tmp_path):
    data = write_sources(tmp_path / "data", range(40))
    train = write_sources(tmp_path / "train", range(40, 90))
    out = tmp_path / "out"
    run(
        cli, "--format", "musicbrainz20k", "--data", data, "--train", train,
        "--hide", "length,year,number", "--out", out,
    )  # fmt: skip
    (report,) = scores(out)
    assert (report["records"], report["scored"]) == (270, 120)
    assert report["scores"]["pairwise"]["f1"] > 0.9
    with pytest.raises(DataError, match="every record is among those to learn from"):
        run(cli, "--format", "musicbrainz20k", "--data", data, "--train", data)


def test_a_peer_is_started_from_within_the_package(tmp_path):
    assert SCRIPT.is_relative_to(Path(pipeline.__file__).parent)
    stand_in = tmp_path / "python"
    stand_in.write_text(
        f"""#!{sys.executable}
import csv, json, sys
assert "Splink" in open(sys.argv[1]).read(200)
keys = [row["unique_id"] for row in csv.DictReader(open(sys.argv[2]))]
result = {{"clusters": {{key: "1" for key in keys}}, "seconds": 2.0, "processor_seconds": 1.0}}
json.dump(result, open(sys.argv[3], "w"))
"""
    )
    stand_in.chmod(0o755)
    records = read_musicbrainz20k(write_sources(tmp_path / "data", range(5))).records
    clusters, seconds, processor = resolve_with_splink(records, python=stand_in)
    assert (set(clusters), seconds, processor) == (set(records["record"]), 2.0, 1.0)
    stand_in.write_text("#!/bin/sh\necho no splink here >&2\nexit 1\n")
    with pytest.raises(DataError, match=r"splink failed: no splink here.*--peer-python"):
        resolve_with_splink(records, python=stand_in)


def write_pairs(path, numbers):
    lines = []
    for number, title, artist, _, _, length in songs(numbers):
        other = list(songs(range(100)))[(number + 1) % 100]
        for same, (name, who, seconds) in (
            (1, (title.upper(), artist, length)),
            (0, (other[1], artist, other[5])),
        ):
            sides = [
                f"COL Song_Name VAL {a} COL Artist_Name VAL {b} COL Time VAL {s // 60}:{s % 60:02}"
                for a, b, s in ((title, artist, length), (name, who, seconds))
            ]
            lines.append("\t".join([*sides, str(same)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_judged_pairs_are_learnt_from_and_scored(cli, tmp_path):
    train = write_pairs(tmp_path / "train.txt", range(60))
    test = write_pairs(tmp_path / "test.txt", range(60, 90))
    out = tmp_path / "out"
    run(cli, "--format", "deepmatcher", "--train", train, "--test", test, "--out", out)
    (report,) = scores(out)
    assert report["scored"] == 60
    assert report["scores"]["pairwise"]["f1"] > 0.95
    assert report["blocking"] is None


def test_values_put_back_from_titles_are_counted_in_a_folder_of_tables(tmp_path):
    for table in ("tableA", "tableB"):
        (tmp_path / f"{table}.csv").write_text(
            "id,title,time\n1,Amber Harbour 3:41,\n2,Basalt Lantern 2:58,\n"
        )
    (tmp_path / "train.csv").write_text("ltable_id,rtable_id,label\n1,1,1\n1,2,0\n")
    gold = read_deepmatcher_folder(tmp_path, None)
    assert gold.moved == 4
    assert gold.records["name"].tolist() == ["Amber Harbour", "Basalt Lantern"] * 2


def test_any_table_is_measured_once_its_columns_are_named(cli, tmp_path):
    for side in "ab":
        with (tmp_path / f"{side}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "what", "who", "secs"])
            for number, title, artist, _, _, length in songs(range(40)):
                name = title if side == "a" else title.title()
                writer.writerow([f"{side}{number}", name, artist, length])
    (tmp_path / "gold.csv").write_text(
        "left,right,label\n" + "".join(f"a{i},b{i},1\na{i},b{(i + 1) % 40},0\n" for i in range(40))
    )
    out = tmp_path / "out"
    run(
        cli, "--format", "csv", "--data", tmp_path / "a.csv", "--data", tmp_path / "b.csv",
        "--columns", "title=what,artist=who,length=secs", "--pairs", tmp_path / "gold.csv",
        "--out", out,
    )  # fmt: skip
    (report,) = scores(out)
    assert report["scored"] == 80
    assert report["scores"]["pairwise"]["f1"] > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: read_musicbrainz20k(p), r"no source_\*.csv"),
        (lambda p: read_musicbrainz20k(p, hide=["colour"]), "no column 'colour' to hide"),
        (lambda p: read_deepmatcher({"train": p / "bad.txt"}, None), r"bad.txt:2: not a pair"),
        (lambda p: read_deepmatcher({"train": p / "none.txt"}, None), "no such file"),
        (lambda p: read_columns("artist=a"), "no column for the title"),
        (lambda p: read_columns("title=a,mood=b"), "unknown role 'mood'"),
        (lambda p: guess_columns(["x", "y"], where="t.csv"), "looks like the title"),
        (lambda p: read_pairs(p / "pairs.csv", "a", "b", {"a/1"}), r"pairs.csv:2: no record 'b/9'"),
    ],
)
def test_bad_gold_is_reported_with_its_place(tmp_path, call, message):
    good = "COL title VAL a\tCOL title VAL b\t1\n"
    (tmp_path / "bad.txt").write_text(good + "COL title VAL a\t1\n")
    (tmp_path / "pairs.csv").write_text("l,r,label\n1,9,1\n")
    with pytest.raises(DataError, match=message):
        call(tmp_path)


def test_columns_are_guessed_by_their_headings():
    found = guess_columns(["id", "Song_Name", "Artist_Name", "CopyRight", "Time"], where="t.csv")
    assert found == {
        "title": ("Song_Name",), "artist": ("Artist_Name",), "label": ("CopyRight",),
        "length": ("Time",),
    }  # fmt: skip


def test_intervals_hold_the_truth_at_one():
    truth = [str(i // 2) for i in range(40)]
    for bounds in cluster_intervals(truth, truth, rounds=20).values():
        assert set(bounds.values()) == {(1.0, 1.0)}


@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["structured", "dirty"])
def test_shop_songs_are_matched(cli, real_data, tmp_path, kind):
    """Guards against regressions on the development split."""
    folder = real_data / "matching" / "itunes-amazon" / kind
    out = tmp_path / "out"
    run(
        cli, "--format", "deepmatcher", "--train", folder / "train.txt",
        "--valid", folder / "valid.txt", "--out", out,
    )  # fmt: skip
    (report,) = scores(out)
    assert report["scores"]["pairwise"]["f1"] > 0.87
