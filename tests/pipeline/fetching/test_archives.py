"""Unpacking: named regular files are extracted; suspicious members are refused."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline.archives import unpack
from pipeline.download_config import FetchError

CONTENT = b"some rows\n" * 1000


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


MAKERS = pytest.mark.parametrize("make", [make_zip, make_tar])


@MAKERS
def test_the_named_member_comes_out_and_nothing_else(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"a/one.dat": CONTENT, "a/two.dat": b"2"})

    unpack(archive, {"a/one.dat": tmp_path / "out" / "one"}, largest=10**6)

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one"]
    assert (tmp_path / "out" / "one").read_bytes() == CONTENT


@MAKERS
def test_names_inside_the_archive_lead_nowhere(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"../../evil": b"content"})

    unpack(archive, {"../../evil": tmp_path / "out" / "tame"}, largest=10)

    assert (tmp_path / "out" / "tame").read_bytes() == b"content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive", "out"]


@MAKERS
def test_a_missing_member_is_named_with_those_that_are_there(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"one.dat": b"1", "two.dat": b"2"})

    with pytest.raises(FetchError, match=r"no member 'three\.dat'; it holds one\.dat, two\.dat"):
        unpack(archive, {"three.dat": tmp_path / "three"}, largest=10)


@MAKERS
def test_more_bytes_than_allowed_are_refused(make, tmp_path: Path) -> None:
    archive = make(tmp_path / "archive", {"bomb": bytes(5_000_000)})

    with pytest.raises(FetchError, match="unpacks to more than 1,000,000 bytes"):
        unpack(archive, {"bomb": tmp_path / "bomb"}, largest=1_000_000)


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")

    with pytest.raises(FetchError, match="a link, a folder or a device"):
        unpack(tmp_path / "links.zip", {"link": tmp_path / "out"}, largest=10)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_links_and_folders_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "links.tar", "w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)

    with pytest.raises(FetchError, match="a link, a folder or a device"):
        unpack(tmp_path / "links.tar", {"link": tmp_path / "out"}, largest=10)


@MAKERS
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_archive_is_reported(make, tmp_path: Path, damage: str) -> None:
    archive = make(tmp_path / "archive", {"one.dat": bytes(range(256)) * 400})
    content = bytearray(archive.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[60:200] = b"\xff" * 140
    archive.write_bytes(bytes(content))

    with pytest.raises(FetchError, match="not a zip or tar archive that can be read"):
        unpack(archive, {"one.dat": tmp_path / "one"}, largest=10**6)


def test_what_is_no_archive_is_reported(tmp_path: Path) -> None:
    (tmp_path / "page.zip").write_text("<html>Sorry, we have moved.</html>")

    with pytest.raises(FetchError, match="not a zip or tar archive that can be read"):
        unpack(tmp_path / "page.zip", {"one.dat": tmp_path / "one"}, largest=10)
