"""One-line error messages."""

from __future__ import annotations

from kg_builder.errors import DataError


def test_what_where_and_remedy_stand_in_one_line() -> None:
    fault = DataError("column 'name' is missing", where="a.csv:1", remedy="did you mean 'title'?")
    assert str(fault) == "a.csv:1: column 'name' is missing (did you mean 'title'?)"


def test_what_a_file_holds_neither_breaks_the_line_nor_steers_the_terminal() -> None:
    assert str(DataError("bad tag\n\x1b[2J<a>\u202e\0")) == "bad tag [2J<a>"
    assert len(str(DataError("x" * 100_000))) == 400
