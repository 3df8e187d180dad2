from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.errors import DataError
from kg_builder.packed_files import (
    CutOffError,
    matching_files,
    open_binary,
    open_dump,
    unpacked,
    without_packing,
)

PACKERS = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
PACKED = pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
LINES = b"".join(b"line %d of a dump\n" % (n * n) for n in range(60_000))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@given(
    st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    st.sampled_from(sorted(PACKERS)),
    st.integers(1, 300),
)
def test_all_members_come_out_whole(tmp_path_factory, parts, packing, size):
    path = tmp_path_factory.getbasetemp() / "members"
    path.write_bytes(b"".join(PACKERS[packing](part) for part in parts))
    content = b"".join(parts)
    if packing == "plain" and content.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")):
        return
    assert b"".join(unpacked(path)) == content
    with open_binary(path) as stream:
        pieces = list(iter(lambda: stream.read(size), b""))
        assert stream.position == path.stat().st_size
    assert b"".join(pieces) == content
    assert all(len(piece) == size for piece in pieces[:-1])


@pytest.mark.parametrize("packing", PACKERS)
def test_a_dump_is_read_by_lines(path, packing):
    path.write_bytes(PACKERS[packing](LINES))
    with open_dump(path) as file:
        assert list(file) == LINES.splitlines(keepends=True)


@PACKED
@pytest.mark.parametrize("spoil", ["cut", "damaged"])
def test_what_stands_before_a_fault_is_handed_out(path, pack, spoil):
    packed = pack(LINES)
    middle = len(packed) // 2
    path.write_bytes(
        packed[:middle]
        if spoil == "cut"
        else packed[:middle] + b"\xff" * 64 + packed[middle + 64 :]
    )
    found = []
    with pytest.raises(CutOffError):
        found.extend(unpacked(path))
    if pack is not lzma.compress or spoil == "cut":  # one block of xz comes out as a whole
        assert LINES.startswith(b"".join(found)[: len(LINES) // 4])
    with (
        pytest.raises(DataError, match=r"cut short or damaged.*fetch the file again"),
        open_binary(path) as stream,
    ):
        stream.read()


def test_garbage_after_a_member_is_a_fault_and_padding_is_none(path):
    path.write_bytes(gzip.compress(b"content") + b"\0" * 512)
    assert b"".join(unpacked(path)) == b"content"
    path.write_bytes(gzip.compress(b"content") + b"garbage")
    with pytest.raises(CutOffError):
        list(unpacked(path))


@PACKED
def test_a_small_file_that_unpacks_to_a_huge_one_costs_no_memory(path, pack):
    path.write_bytes(pack(b"x" * 60_000_000))
    tracemalloc.start()
    assert sum(map(len, unpacked(path))) == 60_000_000
    with open_binary(path) as stream:
        assert len(stream.read(1 << 20)) == 1 << 20
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30e6  # the window of xz takes 8 MB


@pytest.mark.parametrize("open_", [lambda path: list(unpacked(path)), open_dump])
def test_a_missing_file_and_a_folder_are_errors(tmp_path, open_):
    with pytest.raises(DataError, match="no such file"):
        open_(tmp_path / "none")
    with pytest.raises(DataError, match="cannot be read"):
        open_(tmp_path)


def test_files_are_found_by_pattern(tmp_path):
    for name in ("b.csv", "a.csv", "c.xml.bz2"):
        (tmp_path / name).write_text("")
    assert [path.name for path in matching_files(tmp_path, "*.csv")] == ["a.csv", "b.csv"]
    assert without_packing("c.xml.BZ2") == "c.xml"
    with pytest.raises(DataError, match="no file matches"):
        matching_files(tmp_path, "*.tsv")
    with pytest.raises(DataError, match="not a path or pattern"):
        matching_files(tmp_path, "/abs/*.csv")


def test_a_file_of_exactly_that_name_is_no_pattern(tmp_path):
    for name in ("songs [v2].csv", "songs v.csv"):
        (tmp_path / name).write_text("")
    assert [path.name for path in matching_files(tmp_path, "songs [v2].csv")] == ["songs [v2].csv"]
    assert [path.name for path in matching_files(tmp_path, "songs [uv].csv")] == ["songs v.csv"]
    with pytest.raises(DataError, match="not a path or pattern"):
        matching_files(tmp_path, str(tmp_path / "songs [v2].csv"))
