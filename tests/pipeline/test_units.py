"""Units of work: results independent of the number of processes, reused unless changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import pipeline.units
from kg_builder.errors import DataError
from kg_builder.extraction import (
    SemiStructuredSource,
    StructuredSource,
    UnstructuredSource,
    extract,
)
from kg_builder.extraction.structured import reader as structured_reader
from kg_builder.ontology import load_schema
from kg_builder.progress import Progress
from kg_builder.units import Unit
from pipeline.build import build
from pipeline.manifest import Manifest
from pipeline.units import FOLDER, LocalWorkers, UnitRunner
from tests.kg_builder.extraction.test_extraction_text import gazetteer_of
from tests.pipeline.test_build import hashes


def copy_upper(folder: Path, *, source: Path, times: int, progress: Progress) -> None:
    """Function of a unit: convert a text to capitals."""
    (folder / "out.txt").write_text(source.read_text().upper() * times)
    (folder / "done by").write_text(str(os.getpid()))


def refuse(folder: Path, *, text: str, progress: Progress) -> None:
    raise DataError("no good", where=text, remedy="mend it")


def warn(folder: Path, *, text: str, progress: Progress) -> None:
    warnings.warn(text, stacklevel=1)


def kill(folder: Path, *, progress: Progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def units_of(*sources: Path, times: int = 1) -> list[Unit]:
    return [Unit(one.name, copy_upper, {"source": one, "times": times}, (one,)) for one in sources]


@pytest.fixture(autouse=True)
def code_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash no code for the functions above, which are in no package."""
    of_packages = pipeline.units.code_version
    monkeypatch.setattr(
        pipeline.units,
        "code_version",
        lambda module: "" if module == __name__ else of_packages(module),
    )


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{name}.txt" for name in "abcdef"]
    for path in made:
        path.write_text(f"text {path.stem}\n")
    return made


@pytest.fixture(params=[1, 2], ids=["here", "two processes"], scope="module")
def workers(request: pytest.FixtureRequest) -> Iterator[LocalWorkers | None]:
    if request.param == 1:
        yield None
    else:
        with LocalWorkers(request.param, wait=True) as processes:
            yield processes


def test_results_come_in_the_order_of_the_units(
    sources: list[Path], tmp_path: Path, workers: LocalWorkers | None
) -> None:
    steps: list[tuple[int, int | None]] = []
    runner = UnitRunner(
        tmp_path / "units", workers=workers, progress=lambda *step: steps.append(step)
    )
    texts = [(folder / "out.txt").read_text() for folder in runner(units_of(*sources))]
    assert texts == [f"TEXT {name.upper()}\n" for name in "abcdef"]
    assert steps == [(done, 6) for done in range(1, 7)]


def test_announced_units_start_while_the_caller_uses_the_results_before_them(
    sources: list[Path], tmp_path: Path
) -> None:
    now, later = units_of(*sources[:3]), units_of(*sources[3:])
    with LocalWorkers(2, wait=True) as processes:
        runner = UnitRunner(tmp_path / "units", workers=processes)
        runner.announce(later)
        results = runner(now)
        next(results)
        assert runner.done == 6, "all have been submitted"
        texts = [(folder / "out.txt").read_text() for folder in (*results, *runner(later))]
    assert texts == [f"TEXT {name.upper()}\n" for name in "bcdef"]
    assert (runner.done, runner.reused) == (6, 0)
    again = UnitRunner(tmp_path / "units")
    again.announce(later)
    assert len([*again(now), *again(later)]) == again.reused == 6


def test_a_changed_file_redoes_its_own_unit_alone(sources: list[Path], tmp_path: Path) -> None:
    list(UnitRunner(tmp_path / "units")(units_of(*sources)))
    sources[2].write_text("other\n")
    again = UnitRunner(tmp_path / "units")
    texts = [(folder / "out.txt").read_text() for folder in again(units_of(*sources))]
    assert (again.done, again.reused) == (1, 5)
    assert texts[2] == "OTHER\n"
    again.forget_unused()
    kept = {path.name for path in (tmp_path / "units").iterdir()}
    assert len(kept) == 6, "the result of the old text is gone"


def test_a_moved_file_counts_as_the_same_and_another_argument_does_not(
    sources: list[Path], tmp_path: Path
) -> None:
    list(UnitRunner(tmp_path / "units")(units_of(sources[0])))
    moved = sources[0].rename(tmp_path / "moved.txt")
    again = UnitRunner(tmp_path / "units")
    list(again(units_of(moved)))
    assert again.reused == 1
    list(again(units_of(moved, times=2)))
    assert again.done == 1


def test_a_damaged_result_is_made_anew(sources: list[Path], tmp_path: Path) -> None:
    [folder] = UnitRunner(tmp_path / "units")(units_of(sources[0]))
    for damage in ("out.txt", "result.json"):
        (folder / damage).write_text("{}")
        again = UnitRunner(tmp_path / "units")
        [folder] = again(units_of(sources[0]))
        assert again.done == 1
        assert (folder / "out.txt").read_text() == "TEXT A\n"


def test_whatever_stands_in_the_place_of_a_result_is_replaced(
    sources: list[Path], tmp_path: Path
) -> None:
    [folder] = UnitRunner(tmp_path / "units")(units_of(sources[0]))
    for stands in (Path.touch, lambda path: path.symlink_to(tmp_path / "nowhere")):
        shutil.rmtree(folder)
        stands(folder)
        (tmp_path / "units" / ".left.tmp").touch()
        again = UnitRunner(tmp_path / "units")
        assert [found.is_dir() for found in again(units_of(sources[0]))] == [True]
        again.forget_unused()
        assert list((tmp_path / "units").iterdir()) == [folder]


def test_what_a_unit_refuses_and_warns_of_comes_from_another_process_too(
    tmp_path: Path, workers: LocalWorkers | None
) -> None:
    runner = UnitRunner(tmp_path / "units", workers=workers)
    good, bad = (Unit("", warn, {"text": "take care"}), Unit("", refuse, {"text": "here"}))
    with (
        pytest.warns(UserWarning, match="take care"),
        pytest.raises(DataError, match=r"here: no good \(mend it\)"),
    ):
        list(runner([good, bad]))


def test_a_killed_process_is_named_and_what_was_done_is_kept(
    sources: list[Path], tmp_path: Path
) -> None:
    done = units_of(*sources)
    with LocalWorkers(1, wait=True) as processes:
        runner = UnitRunner(tmp_path / "units", workers=processes)
        with pytest.raises(DataError, match=r"killed.*fewer --workers"):
            list(runner([*done, Unit("", kill, {})]))
    again = UnitRunner(tmp_path / "units")
    list(again(done))
    assert again.reused == len(done)


def test_units_are_done_here_until_the_processes_are_ready(
    sources: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalWorkers, "ready", False)
    with LocalWorkers(2) as processes:
        runner = UnitRunner(tmp_path / "units", workers=processes)
        done_by = {(folder / "done by").read_text() for folder in runner(units_of(*sources))}
    assert done_by == {str(os.getpid())}


def test_two_processes_build_the_bytes_of_one_and_note_their_memory(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalWorkers, "ready", True)
    for workers in (1, 2):
        build(tiny / "tiny.toml", raw=tiny / "raw", out=tiny / str(workers), workers=workers)
    assert hashes(tiny / "1") == hashes(tiny / "2")
    stages = Manifest(tiny / "2").stages
    if stages["extraction"].peak_mb is None:
        pytest.skip("this system does not tell how much memory a process has held")
    assert all(entry.peak_mb is not None and entry.peak_mb > 50 for entry in stages.values())
    worker = stages["extraction"].worker_mb
    assert worker is not None
    assert worker > 50
    assert stages["fusion"].worker_mb is None, "it has no units"


def test_a_build_redoes_the_source_that_changed(tiny: Path) -> None:
    def run() -> set[str]:
        build(tiny / "tiny.toml", raw=tiny / "raw", out=tiny / "out")
        kept = (tiny / "out" / FOLDER / "extraction").iterdir()
        return {path.name for path in kept if (path / "records.parquet").is_file()}

    before = run()
    with (tiny / "raw" / "tiny" / "magazine.tsv").open("a") as file:
        file.write("Slayer\tmetal\n")
    after = run()
    assert len(before) == len(after) == 2
    assert len(before & after) == 1
    entry = Manifest(tiny / "out").stages["extraction"]
    assert (entry.units, entry.units_reused) == (3, 2), "two tables and the plays"


def write_pages(folder: Path, size: int) -> SemiStructuredSource:
    folder.mkdir()
    for number in range(size):
        band = {
            "@context": "https://schema.org",
            "@type": "MusicGroup",
            "name": f"Band {number}",
            "alternateName": f"B{number}",
            "genre": ["rock", f"style {number % 7}"],
            "album": {"@type": "MusicAlbum", "name": f"Rain (feat. Band {number - 1})"},
        }
        markup = json.dumps(band) if number % 10 else "{"
        (folder / f"page {number:03}.html").write_text(
            f'<html><script type="application/ld+json">{markup}</script>{"-" * 40_000}</html>'
        )
    return SemiStructuredSource(kind="semi-structured", name="pages", path=f"{folder.name}/*.html")


def test_pages_are_units_and_give_what_they_give_together(tmp_path: Path) -> None:
    source, schema = write_pages(tmp_path / "pages", 100), load_schema()
    runner = UnitRunner(tmp_path / "units")
    divided = extract(source, tmp_path, schema=schema, run_units=runner)
    together = extract(source, tmp_path, schema=schema)
    assert runner.done > 2
    for name in ("records", "statements", "rejects"):
        assert getattr(divided, name).equals(getattr(together, name)), name
    assert divided.counts == together.counts
    assert len(divided.rejects) == 20  # the broken markup of ten pages


def test_a_changed_and_a_renamed_page_redo_their_own_units(tmp_path: Path) -> None:
    source = write_pages(tmp_path / "pages", 300)

    def redone() -> tuple[int, int]:
        runner = UnitRunner(tmp_path / "units")
        found = extract(source, tmp_path, schema=load_schema(), run_units=runner)
        whole = extract(source, tmp_path, schema=load_schema())
        assert found.statements.equals(whole.statements)
        return runner.done, runner.done + runner.reused

    _, size = redone()
    assert size > 4
    page = tmp_path / "pages" / "page 111.html"
    page.write_text(page.read_text().replace("rock", "jazz"))
    assert redone() == (1, size)
    page.rename(page.with_name("page 1110.html"))
    done, _ = redone()
    assert 0 < done <= 2


def test_large_files_and_those_that_refer_to_earlier_ones_are_read_together(tmp_path: Path) -> None:
    source = write_pages(tmp_path / "pages", 20)
    (tmp_path / "pages" / "large.html").write_text(" " * 5_000_000)
    runner = UnitRunner(tmp_path / "units")
    extract(source, tmp_path, schema=load_schema(), run_units=runner)
    assert runner.done == 0


def test_a_renamed_table_is_named_by_the_evidence(tiny: Path) -> None:
    recipe = tiny / "tiny.toml"
    recipe.write_text(recipe.read_text().replace("tiny/magazine.tsv", "tiny/maga*.tsv"))

    def evidence() -> set[str]:
        build(recipe, raw=tiny / "raw", out=tiny / "out")
        frame = pd.read_parquet(tiny / "out" / "stages" / "extraction" / "statements.parquet")
        return {text.partition("#")[0] for text in frame["evidence"]}

    assert "tiny/magazine.tsv" in evidence()
    (tiny / "raw" / "tiny" / "magazine.tsv").rename(tiny / "raw" / "tiny" / "magazine 2.tsv")
    found = evidence()
    assert "tiny/magazine 2.tsv" in found
    assert "tiny/magazine.tsv" not in found


def write_songs(path: Path, size: int, last: str = "") -> StructuredSource:
    """A table whose credits and numbers can only be read once all rows are known."""
    rows = [
        f'{n},"Rain, {n}",Band {n % 9},rock;style {n % 7},{n}.{n + 100:03},1.5' for n in range(size)
    ]
    rows[0] = "0,Snow,Ann & Bob,jazz,1.234,2.5"  # Ann, Bob and the decimal sign follow later
    rows[1] = "1,Storm (feat. Cid & Dee),Band 1,jazz,2.345,x"
    rows[2] = "2,,Band 1,jazz,,"
    rows[-3] = f"{size - 3},Hail,Ann,pop,,7.25"
    rows[-2] = f"{size - 2},Sleet,Bob feat. Cid,pop,,"
    rows[-1] = "3,Dew,Dee,pop,,"
    path.write_text("id,title,artist,genres,stars,minutes\n" + "\n".join([*rows, last]))
    return StructuredSource.model_validate(
        {
            "kind": "structured",
            "name": "shop",
            "tables": {
                "songs": {
                    "path": path.name,
                    "type": "Song",
                    "id": "id",
                    "name": "title",
                    "columns": {
                        "artist": {"predicate": "performer", "type": "Artist"},
                        "genres": {"predicate": "genre", "split": ";"},
                        "stars": {"predicate": "score"},
                        "minutes": {"predicate": "duration", "unit": "minutes"},
                    },
                },
                "labels": {"path": path.name, "type": "Genre", "name": "genres"},
            },
        }
    )


def in_any_order(frame: pd.DataFrame) -> list[str]:
    return sorted(map(str, frame.to_dict("records")))


@pytest.fixture
def parts_of_a_kilobyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured_reader, "_PART", 1000)


@pytest.mark.usefixtures("parts_of_a_kilobyte")
def test_parts_of_a_table_give_what_it_gives_as_a_whole(tmp_path: Path) -> None:
    source, schema = write_songs(tmp_path / "songs.csv", 300), load_schema()
    runner = UnitRunner(tmp_path / "units")
    divided = extract(source, tmp_path, schema=schema, run_units=runner)
    together = extract(source, tmp_path, schema=schema)
    assert runner.done > 20
    for name in ("records", "statements", "rejects"):
        assert in_any_order(getattr(divided, name)) == in_any_order(getattr(together, name)), name
    assert divided.counts == together.counts
    names = set(divided.records["name"])
    assert {"Ann", "Bob", "Cid", "Dee"} <= names
    assert "Ann & Bob" not in names


@pytest.mark.usefixtures("parts_of_a_kilobyte")
def test_a_changed_row_redoes_its_part_of_a_table(tmp_path: Path) -> None:
    path, runner = tmp_path / "songs.csv", UnitRunner(tmp_path / "units")
    extract(write_songs(path, 300), tmp_path, schema=load_schema(), run_units=runner)
    source = write_songs(path, 300, last="900,Fog,Ann,pop,,\n")
    again = UnitRunner(tmp_path / "units")
    found = extract(source, tmp_path, schema=load_schema(), run_units=again)
    assert "Fog" in set(found.records["name"])
    assert again.done == 2, "the last part of each of the two tables"
    assert again.reused == runner.done - 2


def test_a_process_that_reads_texts_again_looks_for_the_names_of_today(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text(
        json.dumps({"id": "1", "title": "Mila", "text": "Mila plays glitchtone and mathtone."})
    )
    source = UnstructuredSource(kind="unstructured", name="t", path="texts.jsonl", model=None)

    def mentions(*names: str) -> int:
        found = extract(
            source,
            tmp_path,
            schema=load_schema(),
            gazetteer=gazetteer_of(*((name, "Genre") for name in names)),
            run_units=UnitRunner(tmp_path / "units"),
        )
        return found.counts["mentions found"]

    few = mentions("glitchtone")
    assert mentions("glitchtone", "mathtone") == few + 1
    assert mentions("glitchtone") == few


def test_a_new_name_redoes_the_batches_of_texts_that_may_contain_it(tmp_path: Path) -> None:
    texts = ("Mila plays loud.", "Ada sings with Zola Blue.", "The Blue! make songs.")
    lines = [
        json.dumps({"id": str(number), "title": f"T{number}", "text": text})
        for number, text in enumerate(texts)
    ]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    source = UnstructuredSource(
        kind="unstructured", name="t", path="texts.jsonl", model=None, batch_size=1
    )

    def redone(*names: str) -> int:
        runner = UnitRunner(tmp_path / "units")
        gazetteer = gazetteer_of(*((name, "Band") for name in names))
        extract(source, tmp_path, schema=load_schema(), gazetteer=gazetteer, run_units=runner)
        return runner.done

    assert redone("Mila") == 3
    assert redone("Mila", "Nowhere") == 0
    assert redone("Mila", "Zola Blue") == 1
    assert redone("Mila", "Zola Blue", "Blue") == 2
    assert redone("Mila", "Zola Blue", "Blue", "!") == 0, "a name of one letter is not looked for"
    assert redone("Mila", "Zola Blue", "Blue", "!!") == 0
