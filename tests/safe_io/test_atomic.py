"""Files are written atomically, without leftovers."""

from __future__ import annotations

import errno

import pytest

from safe_io.atomic import remove_leftovers, replacing, replacing_folder, write_atomically


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    with pytest.raises(OSError, match="No space") as fault, replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left", str(temporary))
    assert fault.value.filename == str(path)  # not the temporary one, which nobody named
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_name_that_a_folder_has_is_named_in_the_error(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OSError) as fault:
        write_atomically(tmp_path / "a.txt", b"new")
    assert str(fault.value.filename) == str(tmp_path / "a.txt")
    assert names(tmp_path) == ["a.txt"]


def test_leftovers_of_a_killed_run_are_removed_and_nothing_else(tmp_path):
    for name in (".a.txt.123.tmp", ".hidden", "b.tmp"):
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [".hidden", "b.tmp"]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "model"
    for content in ("one", "two"):
        with replacing_folder(path) as folder:
            (folder / content).write_text(content)
    assert names(path) == ["two"]
    with pytest.raises(ZeroDivisionError), replacing_folder(path) as folder:
        (folder / "three").write_text("")
        _ = 1 / 0
    assert names(path) == ["two"]
    assert names(tmp_path) == ["model"]
