"""Units whose files travel through a store: the same result, without a shared file system."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kg_builder.errors import DataError
from kg_builder.extraction import row_units
from kg_builder.units import Unit
from pipeline.build import Build, build
from pipeline.recipe import load_recipe
from pipeline.stages.registry import STAGES
from pipeline.unit_store import DamagedError, SentUnit, StoredResult, UnitStore, moved
from pipeline.units import FOLDER, UnitRunner
from tests.pipeline.test_build import hashes
from tests.pipeline.test_units import code_of_tests, copy_upper, refuse

__all__ = ["code_of_tests"]


class Elsewhere:
    """A worker (`pipeline.units.Workers`) that sees none of the sender's files."""

    count, ready = 1, True

    def __init__(self, store: UnitStore) -> None:
        self.store, self.executed = store, 0
        self.told: list[str] = []

    def submit(self, unit: Unit, target: Path) -> StoredResult:
        return StoredResult(self.store, unit, target, self._start, self.told.append)

    def _start(self, sent: SentUnit) -> Future[None]:
        unknown = moved(sent.unit, lambda path: Path("/unknown") / path.relative_to("/"))
        done: Future[None] = Future()
        try:
            self.store.work_on(replace(sent, unit=unknown))
            self.executed += 1
            done.set_result(None)
        except DataError as fault:
            done.set_exception(fault)
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
    assert executed == 3, "single units of a stage are executed by the build itself"
    build_with(workers, tiny, tmp_path / "again")
    assert workers.executed == executed, "the store has the results of the first build"
    assert hashes(tmp_path / "again") == hashes(tmp_path / "here")


def test_parts_of_a_file_go_through_a_store(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tiny / "tiny.toml", raw=tiny / "raw", out=tmp_path / "here")
    monkeypatch.setattr(row_units, "RANGE", 20)
    workers = Elsewhere(UnitStore(str(tmp_path / "store")))
    build_with(workers, tiny, tmp_path / "far")
    shutil.rmtree(tmp_path / "here" / FOLDER)
    shutil.rmtree(tmp_path / "far" / FOLDER)
    assert hashes(tmp_path / "far") == hashes(tmp_path / "here")
    assert workers.executed == 5, "two tables, three ranges of the plays"
    whole = (tiny / "raw" / "tiny" / "plays.tsv").stat().st_size
    sizes = [path.stat().st_size for path in (tmp_path / "store" / "files").iterdir()]
    assert whole not in sizes


def test_a_result_that_is_not_reusable_is_not_taken_from_a_store(tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("text")
    arguments = {"source": source, "times": 1}
    workers = Elsewhere(UnitStore(str(tmp_path / "store")))
    for reusable, executed in ((True, 1), (True, 1), (False, 2)):
        unit = Unit("a", copy_upper, arguments, (source,), reusable=reusable)
        runner = UnitRunner(tmp_path / f"units {reusable}", workers=workers, force=True)
        assert len(list(runner([unit, unit]))) == 2
        assert workers.executed == executed


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def other_names(path: Path) -> None:
    """Another valid table with the same columns."""
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)


def forget(path: Path) -> None:
    path.write_text(json.dumps({"files": {}}))


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("result.json", cut),
        ("result.json", forget),
        ("statements.parquet", cut),
        ("statements.parquet", other_names),
        ("statements.parquet", Path.unlink),
    ],
)
def test_a_damaged_result_in_a_store_is_executed_again_and_replaced(
    tiny: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    store = UnitStore(str(tmp_path / "store"))
    build_with(Elsewhere(store), tiny, tmp_path / "first")
    results = sorted((tmp_path / "store" / "units").glob(f"*/{name}"))
    whole = results[0].read_bytes()
    damage(results[0])
    workers = Elsewhere(store)
    build_with(workers, tiny, tmp_path / "second")
    assert hashes(tmp_path / "second") == hashes(tmp_path / "first")
    assert results[0].read_bytes() == whole
    assert workers.executed == 1, "other units are taken from the store"
    assert [str(tmp_path / "store") in line for line in workers.told] == [True]


def sent_upper(tmp_path: Path) -> tuple[Elsewhere, Unit, Path]:
    """A unit whose file has been sent: its workers, itself and the store's copy."""
    source = tmp_path / "a.txt"
    source.write_text("whole")
    store = UnitStore(str(tmp_path / "store"))
    unit = Unit("a", copy_upper, {"source": source, "times": 1}, (source,))
    return Elsewhere(store), unit, tmp_path / "store/files" / store.send(unit, "key").digests[0]


def test_half_a_file_in_a_store_is_sent_again(tmp_path: Path) -> None:
    workers, unit, copy = sent_upper(tmp_path)
    copy.write_text("who")
    workers.submit(unit, tmp_path / "out").result()
    assert (tmp_path / "out" / "out.txt").read_text() == "WHOLE"


def test_a_changed_file_in_a_store_is_sent_again(tmp_path: Path) -> None:
    workers, unit, copy = sent_upper(tmp_path)
    copy.write_text("wrong")
    workers.submit(unit, tmp_path / "out").result()
    assert (tmp_path / "out" / "out.txt").read_text() == "WHOLE"
    assert copy.read_text() == "whole"
    assert len(workers.told) == 1


def test_a_store_that_damages_every_result_is_named(tmp_path: Path) -> None:
    workers, unit, _ = sent_upper(tmp_path)
    work_on = workers.store.work_on

    class Damaging(UnitStore):
        def work_on(self, sent: SentUnit) -> int | None:
            peak = work_on(sent)
            cut(tmp_path / "store" / "units" / sent.key / "out.txt")
            return peak

    workers.store = Damaging(workers.store.url)
    with pytest.raises(DamagedError, match=f"{tmp_path}/store: units/out is incomplete"):
        workers.submit(unit, tmp_path / "out").result()
    assert not (tmp_path / "out").exists()


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


def test_an_unknown_protocol_is_not_answered_with_the_extra() -> None:
    with pytest.raises(DataError, match=r"nosuch://x: Protocol not known: nosuch .such as s3://"):
        UnitStore("nosuch://x").check()
