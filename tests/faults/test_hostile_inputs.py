"""Small but expensive or mislabelled inputs end quickly in a one-line error."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile

import openpyxl
import pytest

from flows.reports import plain
from kg_builder import packed_files
from kg_builder.errors import DataError
from pipeline.archives import unpack
from pipeline.build import build
from pipeline.download_config import FetchError
from pipeline.recipe import load_recipe
from pipeline.transfer import _number


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("title = 'Björk'".encode("latin-1"), "not UTF-8"),
        ("title = 'Björk'".encode("utf-16"), "not UTF-8"),
        (b"x = " + b"[" * 100_000, "nested too deeply"),
        (b"x = " + b"1" * 5000, "not TOML"),
        (b"\0\1\2", "not TOML"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_in_one_line(content, message, tmp_path):
    path = tmp_path / "r.toml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as fault:
        load_recipe(path)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "a/b", ""])
def test_a_recipe_called_like_a_path_is_refused(small, name):
    with pytest.raises(DataError, match="name: "):
        load_recipe(small(('"small"', f'"{name}"')))


def test_a_pattern_that_tries_every_way_ends(small, tmp_path):
    recipe = small(('"genre" }', '"genre", pattern = "^(\\\\w+\\\\s?)*(\\\\d+)*(a|aa)+$!" }'))
    rows = "\n".join(f"{n},B{n},{'a' * 60}{n}!" for n in range(3, 6))
    with (tmp_path / "raw" / "bands.csv").open("a") as file:
        file.write(rows + "\n")
    with pytest.raises(DataError, match="over 1 s on one value"):
        build(recipe, raw=tmp_path / "raw", out=tmp_path / "out")


def test_a_cell_in_the_last_corner_of_a_sheet_costs_little(small, tmp_path):
    recipe = small(('"bands.csv"', '"bands.xlsx"\nformat = "excel"'))
    book = openpyxl.Workbook()
    for row in (["id", "name", "genre"], [1, "Portishead", "trip hop"], [2, "Blur", "rock"]):
        book.active.append(row)
    book.active["XFD200000"] = "x"
    book.save(tmp_path / "raw" / "bands.xlsx")
    report = build(recipe, raw=tmp_path / "raw", out=tmp_path / "out")
    assert report.stages[-1].counts["items"] == 2


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress])
def test_a_file_that_unpacks_to_many_times_its_size_is_cut_off(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(packed_files, "SMALL_ENOUGH", 1 << 22)
    bomb, sound = tmp_path / "bomb", tmp_path / "sound"
    bomb.write_bytes(packed(bytes(1 << 24)))
    with pytest.raises(packed_files.CutOffError, match="times its size"):
        for _ in packed_files.unpacked(bomb):
            pass
    sound.write_bytes(packed(bytes(1 << 21)))
    assert sum(map(len, packed_files.unpacked(sound))) == 1 << 21


def test_a_tar_with_a_header_of_gigabytes_is_refused_without_reading_it(tmp_path):
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 3 << 29
    path = tmp_path / "a.tar"
    path.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(FetchError, match="a header of"):
        unpack(path, {"a": tmp_path / "a"}, largest=10)


def test_a_tar_with_a_long_name_is_unpacked(tmp_path):
    name = "x" * 3000
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.size = 2
        tar.addfile(info, io.BytesIO(b"ok"))
    unpack(tmp_path / "a.tar", {name: tmp_path / "a"}, largest=10)
    assert (tmp_path / "a").read_bytes() == b"ok"


@pytest.mark.parametrize("text", ["²", "٣", "-1", "1e3", "9" * 5000, "", "1.5"])
def test_what_a_server_sends_for_a_number_is_a_number_or_nothing(text):
    assert _number(text) is None


@pytest.mark.parametrize(
    "name",
    ["<img src=x onerror=alert(1)>", "[here](javascript:alert(1))", "![x](x)", "# A", "a|b"],
)
def test_a_name_in_a_markdown_artefact_is_text_only(name):
    from markdown_it import MarkdownIt

    html = MarkdownIt("gfm-like").render(f"| a |\n|---|\n| {plain(name)} |\n")
    assert "<img" not in html
    assert "<a " not in html
    assert html.count("<td>") == 1
