"""Units whose files travel through a store: the same result, without a shared file system."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from kg_builder.errors import DataError
from kg_builder.units import Unit
from pipeline.build import Build, build
from pipeline.recipe import load_recipe
from pipeline.stages.registry import STAGES
from pipeline.unit_store import UnitStore, moved
from tests.pipeline.test_build import hashes
from tests.pipeline.test_units import code_of_tests, copy_upper, refuse

__all__ = ["code_of_tests"]


class Elsewhere:
    """A worker (`pipeline.units.Workers`) that sees none of the sender's files."""

    count, ready = 1, True

    def __init__(self, store: UnitStore) -> None:
        self.store, self.executed = store, 0

    def submit(self, unit: Unit, target: Path) -> Future[None]:
        if not self.store.has(target.name):
            sent = self.store.send(unit, target.name)
            unknown = moved(sent.unit, lambda path: Path("/unknown") / path.relative_to("/"))
            self.store.work_on(replace(sent, unit=unknown))
            self.executed += 1
        self.store.fetch(target.name, target)
        done: Future[None] = Future()
        done.set_result(None)
        return done


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> UnitStore:
    if request.param == "folder":
        return UnitStore(str(tmp_path / "store"))
    return UnitStore(request.getfixturevalue("s3_url"))


def build_with(workers: Elsewhere, tiny: Path, out: Path) -> None:
    job = Build(load_recipe(tiny / "tiny.toml"), raw=tiny / "raw", out=out, workers=workers)
    with job.lock():
        for stage in STAGES:
            job.run_stage(stage.name)


def test_a_build_through_a_store_has_the_bytes_of_one_here(
    tiny: Path, tmp_path: Path, store: UnitStore
) -> None:
    workers = Elsewhere(store)
    store.check()
    build_with(workers, tiny, tmp_path / "far")
    build(tiny / "tiny.toml", raw=tiny / "raw", out=tmp_path / "here")
    assert hashes(tmp_path / "far") == hashes(tmp_path / "here")
    executed = workers.executed
    assert executed == 2, "single units of a stage are executed by the build itself"
    build_with(workers, tiny, tmp_path / "again")
    assert workers.executed == executed, "the store has the results of the first build"
    assert hashes(tmp_path / "again") == hashes(tmp_path / "here")


def test_half_a_file_in_a_store_is_sent_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("whole")
    store = UnitStore(str(tmp_path / "store"))
    unit = Unit("a", copy_upper, {"source": tmp_path / "a.txt", "times": 1}, (tmp_path / "a.txt",))
    sent = store.send(unit, "key")
    copy = tmp_path / "store" / "files" / sent.digests[0]
    copy.write_text("who")
    store.work_on(store.send(unit, "key"))
    store.fetch("key", tmp_path / "out")
    assert (tmp_path / "out" / "out.txt").read_text() == "WHOLE"


def test_what_a_unit_refuses_names_the_senders_path(tmp_path: Path) -> None:
    store = UnitStore(str(tmp_path / "store"))
    unit = Unit("bad", refuse, {"text": str(tmp_path / "there.csv")})
    with pytest.raises(DataError, match="no good") as fault:
        store.work_on(store.send(unit, "key"))
    assert fault.value.where == str(tmp_path / "there.csv")
    assert not store.has("key")


@pytest.mark.parametrize("url", ["nowhere://bucket", "/proc/no-folder"])
def test_a_store_that_cannot_be_written_is_refused_before_the_build(url: str) -> None:
    with pytest.raises(DataError, match=url):
        UnitStore(url).check()
