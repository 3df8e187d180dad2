"""Rows read as units of work are those of the file as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.extraction import row_units
from kg_builder.extraction.interactions import (
    InteractionTable,
    interaction_units,
    read_interactions,
)
from kg_builder.tables import INTERACTIONS
from kg_builder.units import Unit
from safe_io.atomic import replacing_folder


@pytest.fixture(autouse=True)
def ranges_of_ten_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_units, "RANGE", 10)


def table_of(path: str = "plays.csv", **settings: object) -> InteractionTable:
    return InteractionTable.model_validate(
        {"path": path, "user": "user", "item": "item", "records": "shop", **settings}
    )


def results(units: list[Unit], folder: Path) -> list[Path]:
    folders = [folder / str(number) for number in range(len(units))]
    for unit, path in zip(units, folders, strict=True):
        with replacing_folder(path) as new:
            unit.function(new, **unit.arguments)
    return folders


def assert_units_read_the_same(table: InteractionTable, root: Path, scratch: Path) -> int:
    units = interaction_units(table, root)
    found = read_interactions(table, root, folders=results(units, scratch))
    expected = read_interactions(table, root)
    assert found.counts == expected.counts
    assert found.rejects.to_dict("list") == expected.rejects.to_dict("list")
    columns = list(INTERACTIONS.columns)
    assert found.interactions[columns].astype(str).to_numpy().tolist() == (
        expected.interactions[columns].astype(str).to_numpy().tolist()
    )
    return len(units)


@given(
    lines=st.lists(st.text('u1,;"\r é\x1f', max_size=12), max_size=12),
    where=st.sampled_from(((), ({"column": "user", "pattern": "u"},))),
    ending=st.sampled_from(("\n", "\r\n")),
    last=st.booleans(),
)
@example(["u1,1"] * 9, (), "\n", True)
@example(["u1,1", "sep=,", "u2,[1;2]", "", "u,3", "u4,5,6", "u7,8", "u,9"], (), "\n", False)
def test_ranges_of_lines(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    where: tuple[object, ...],
    ending: str,
    last: bool,
) -> None:
    root = tmp_path_factory.mktemp("rows")
    text = ending.join(["user,item", "u0,1", *lines]) + ending * last
    (root / "plays.csv").write_bytes(text.encode())
    assert_units_read_the_same(table_of(where=where), root, root / "units")


@pytest.mark.parametrize(
    ("heading", "settings"),
    [
        ("user\titem\n", {"format": "tsv"}),
        ("# made by hand\nuser;item\n", {"separator": ";", "skip_rows": 1}),
        ("user::item\n", {"separator": "::", "quote": ""}),
        ("sep=;\nuser;item\n", {"separator": ";"}),
        ("what;which\n-;-\n", {"separator": ";", "names": ["user", "item"], "header": True,
                               "skip_after_header": 1}),
        ("", {"separator": ";", "names": ["user", "item"], "header": False}),
    ],
)  # fmt: skip
def test_headings_belong_to_the_first_range(
    tmp_path: Path, heading: str, settings: dict[str, object]
) -> None:
    cut = str(settings.get("separator", "\t"))
    rows = "".join(f"user {n}{cut}{n * n}\n" for n in range(50))
    (tmp_path / "plays.csv").write_text(heading + rows)
    assert assert_units_read_the_same(table_of(**settings), tmp_path, tmp_path / "units") > 8


def test_rows_with_quotation_marks_are_divided(tmp_path: Path) -> None:
    rows = "".join(f'u{n},"{n}, ""so"" to say"\n' for n in range(50))
    (tmp_path / "plays.csv").write_text("user,item\n" + rows)
    assert assert_units_read_the_same(table_of(), tmp_path, tmp_path / "units") > 10


def test_files_with_rows_of_several_lines_are_one_unit(tmp_path: Path) -> None:
    rows = "".join(f'u{n},"{n}\n"\n' for n in range(50))
    (tmp_path / "plays.csv").write_text("user,item\n" + rows)
    assert assert_units_read_the_same(table_of(), tmp_path, tmp_path / "units") == 1


def test_each_file_of_a_pattern_is_a_unit(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.jsonl").write_text(f'{{"user": "{name}", "item": [1, 2]}}\n' * 3)
    table = table_of("*.jsonl")
    assert assert_units_read_the_same(table, tmp_path, tmp_path / "units") == 2


def test_appended_rows_leave_the_other_ranges_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "plays.csv"
    path.write_text("user,item\n" + "u1,1\nu2,2\n" * 20)
    before = interaction_units(table_of(), tmp_path)
    path.write_text(path.read_text() + "u3,3\nu4,4\n")
    after = interaction_units(table_of(), tmp_path)
    assert len(before) > 10
    assert after[: len(before) - 1] == before[:-1]


def test_a_missing_column_is_an_error_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("user,song\n" + "u1,1\n" * 20)
    units = interaction_units(table_of(), tmp_path)
    with pytest.raises(DataError, match="no column 'item'"):
        results(units, tmp_path / "units")


def test_many_rejects_are_announced_with_an_example(tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text("user,item\na,1\nb,1\nc,7\n")
    table = InteractionTable(path="plays.csv", user="user", item="item", records="shop")
    expected = (
        r"1 of 3 interactions are rejected, most .* unknown record \(plays\.csv#line=4: c 7\)"
    )
    with pytest.warns(UserWarning, match=expected):
        read_interactions(table, tmp_path, record_keys=frozenset({"shop/1"}))
