from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pipeline.build
from kg_builder.errors import DataError
from pipeline.build import build
from pipeline.stages import STAGES

REPOSITORY = Path(__file__).resolve().parents[2]


def built(folder: Path, out: str = "out", **settings):
    return build(folder / "tiny.toml", raw=folder / "raw", out=folder / out, **settings)


def hashes(out: Path) -> dict[str, str]:
    """All artefacts but the manifest, which holds times."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in {"manifest.json", ".lock"}
    }


def test_the_graph_says_what_the_files_said(tiny):
    built(tiny)
    turtle = (tiny / "out" / "kg.ttl").read_text()
    assert "artist:Portishead a mkg:Band ;" in turtle
    assert 'mkg:beginDate "1991"^^xsd:gYear' in turtle
    assert "genre:downtempo" in turtle, "the magazine's PORTISHEAD is the shop's Portishead"
    items = pd.read_csv(tiny / "out" / "items.tsv", sep="\t", dtype=str)
    assert list(items["name"]) == ["Massive Attack", "Portishead", "Slayer"]
    assert list(items["raw_id"]) == ["2", "1", "3"]


def test_the_public_format_holds(tiny):
    built(tiny)
    triples = np.loadtxt(tiny / "out" / "kg_final.txt", dtype=np.int32)
    ratings = np.loadtxt(tiny / "out" / "ratings_final.txt", dtype=np.int32)
    n_items = len(set(ratings[:, 1]))
    assert set(triples[:, 0]) <= set(range(n_items))
    entities = set(triples[:, 0]) | set(triples[:, 2])
    assert entities == set(range(len(entities)))
    assert set(triples[:, 1]) == set(range(len(set(triples[:, 1]))))
    positives = ratings[ratings[:, 2] == 1]
    assert len(positives) == 5, "Ann 2, Bob 1 (his other play is below the threshold), Cat, Dan"
    assert (np.bincount(ratings[ratings[:, 2] == 0][:, 0]) <= np.bincount(positives[:, 0])).all()


def test_every_row_is_accounted_for(tiny):
    built(tiny)
    quality = json.loads((tiny / "out" / "quality.json").read_text())
    reasons = {(row["stage"], row["reason"]): row for row in quality["rejects"]}
    nameless = [row for key, row in reasons.items() if "name" in key[1]]
    assert nameless[0]["count"] == 1
    assert "bands.csv#line=5" in nameless[0]["examples"][0]["evidence"]
    assert quality["read"]["shop"]["bands: rows read"] == 4
    assert quality["read"]["interactions"]["interaction rows rejected"] == 1
    unknown = reasons["extraction", "interaction with an unknown record"]
    assert unknown["examples"][0] == {"evidence": "tiny/plays.tsv#line=8", "detail": "dan 99"}
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


def test_a_damaged_artefact_is_made_again(tiny):
    built(tiny)
    before = hashes(tiny / "out")
    (tiny / "out" / "statements.parquet").write_bytes(b"x")
    report = built(tiny)
    assert next(stage.name for stage in report.stages if not stage.skipped) == "cleaning"
    assert hashes(tiny / "out") == before


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
def test_a_crash_loses_at_most_its_stage(tiny, monkeypatch, stage):
    built(tiny, "whole")
    publish = pipeline.build.Staging.publish

    def crash(self, names):
        if f".{stage}." in str(self.path("x")):
            publish(self, list(names)[:1])  # dies between two moves
            raise KeyboardInterrupt
        publish(self, names)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline.build.Staging, "publish", crash)
        with pytest.raises(KeyboardInterrupt):
            built(tiny, "broken")
    report = built(tiny, "broken")
    skipped = [entry.name for entry in report.stages if entry.skipped]
    names = [entry.name for entry in STAGES]
    assert skipped == names[: names.index(stage)]
    assert hashes(tiny / "broken") == hashes(tiny / "whole")


@pytest.mark.slow
def test_kill_at_any_moment_and_run_again(tiny):
    command = [
        sys.executable, "-m", "pipeline", "build", "--dataset", str(tiny / "tiny.toml"),
        "--raw", str(tiny / "raw"), "--out", str(tiny / "killed"),
    ]  # fmt: skip
    built(tiny, "whole")
    for wait in (1.2, 1.6, 2.0):
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    assert hashes(tiny / "killed") == hashes(tiny / "whole")


def test_two_builds_of_one_folder_do_not_mix(tiny):
    from filelock import FileLock

    (tiny / "out").mkdir()
    with FileLock(tiny / "out" / ".lock"), pytest.raises(DataError, match="another build"):
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
