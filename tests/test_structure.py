"""The code keeps the structure described in docs/architecture.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import code_structure as structure


@pytest.fixture(scope="module")
def graph() -> structure.Graph:
    return structure.import_graph()


def test_no_modules_import_each_other(graph: structure.Graph) -> None:
    assert structure.cycles(graph) == []


def test_a_cycle_would_be_found() -> None:
    assert structure.cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_packages_are_at_most_four_levels_deep(graph: structure.Graph) -> None:
    assert [name for name in graph if structure.levels(name) > 4] == []


def test_small_modules_with_one_importer_have_a_reason(graph: structure.Graph) -> None:
    assert structure.small_with_one_importer(graph) == []


def test_a_row_passes_through_at_most_twelve_files(tmp_path: Path) -> None:
    files, _ = structure.way_of_a_row(tmp_path)
    assert len(files) <= 12, files


def test_two_sentences_pass_through_at_most_twenty_files(tmp_path: Path) -> None:
    files, _ = structure.way_of_two_sentences(tmp_path)
    assert len(files) <= 20, files
