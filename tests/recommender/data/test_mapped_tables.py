"""Memory-mapped copies of large integer tables: used, renewed and verified."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from recommender.data import mapped_tables
from recommender.data.mapped_tables import FOLDER, mapped_table
from recommender.data.tables import distinct, read_integer_columns
from recommender.errors import DataError

COLUMNS = ("a", "b")


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small table that counts as a large one."""
    monkeypatch.setattr(mapped_tables, "SMALLEST_TEXT", 1)
    path = tmp_path / "table.txt"
    path.write_text("1\t2\n3\t4\n5\t6\n")
    return path


def never() -> np.ndarray:
    raise AssertionError("the text was parsed again")


def files(text: Path) -> list[Path]:
    return sorted((text.parent / FOLDER).iterdir())


def test_the_second_reading_maps_what_the_first_parsed(text: Path) -> None:
    first = read_integer_columns(text, COLUMNS)
    again = mapped_table(text, never)
    np.testing.assert_array_equal(again, [[1, 3, 5], [2, 4, 6]])
    np.testing.assert_array_equal(first, again)
    assert isinstance(again.base, np.memmap)


def test_writing_to_a_table_changes_no_file(text: Path) -> None:
    read_integer_columns(text, COLUMNS)[0, 0] = 9
    assert mapped_table(text, never)[0, 0] == 1


def test_a_changed_text_is_parsed_anew_though_size_and_time_are_the_same(text: Path) -> None:
    read_integer_columns(text, COLUMNS)
    status = text.stat()
    text.write_text("1\t2\n3\t4\n5\t7\n")
    os.utime(text, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert read_integer_columns(text, COLUMNS)[1, 2] == 7
    assert len(files(text)) == 1  # that of the former text is gone


def test_a_damaged_file_is_not_believed(text: Path) -> None:
    read_integer_columns(text, COLUMNS)
    (stored,) = files(text)
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    for damage in (bytes(content), bytes(content[:-9]), b""):
        stored.write_bytes(damage)
        np.testing.assert_array_equal(read_integer_columns(text, COLUMNS), [[1, 3, 5], [2, 4, 6]])
        np.testing.assert_array_equal(mapped_table(text, never), [[1, 3, 5], [2, 4, 6]])


def test_a_text_replaced_while_it_is_parsed_is_not_kept(text: Path) -> None:
    def parse() -> np.ndarray:
        text.write_text("7\t7\n7\t7\n7\t7\n")
        return np.array([[1, 3, 5], [2, 4, 6]])

    assert mapped_table(text, parse)[0, 0] == 1
    assert read_integer_columns(text, COLUMNS)[0, 0] == 7


def test_a_folder_that_cannot_be_written_to_is_read_from(text: Path) -> None:
    (text.parent / FOLDER).write_text("in the way")
    np.testing.assert_array_equal(read_integer_columns(text, COLUMNS), [[1, 3, 5], [2, 4, 6]])


def test_a_bad_text_is_complained_about_every_time(text: Path) -> None:
    text.write_text("1\t2\n3\tx\n")
    for _ in range(2):
        with pytest.raises(DataError, match=r"table\.txt:2: b 'x'"):
            read_integer_columns(text, COLUMNS)


def test_distinct_numbers_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    for n in (0, 1, 2, 100):
        numbers = rng.integers(30, size=n)
        np.testing.assert_array_equal(distinct(numbers), np.unique(numbers))
