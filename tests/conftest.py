"""Fixtures that several packages share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    from pipeline.build import BuildReport

# Two workers on two cores: numeric libraries that start a thread per core only get in their way.
# Set before any of them is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No deadline: a busy machine is no fault of the code. In CI the examples are the same every time.
settings.register_profile("project", deadline=None, max_examples=50)
settings.register_profile("ci", settings.get_profile("project"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "project")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _no_waits_for_the_disk() -> Iterator[None]:
    """Thousands of small files are written whole or not at all; no test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the publishers' files; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("MUSIC_KG_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "lastfm" / "artists.dat").is_file():
        pytest.skip(f"no real data in {folder}: set MUSIC_KG_DATA to a folder that has lastfm/")
    return folder


@pytest.fixture(scope="session")
def stock_lastfm(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], BuildReport]:
    """Builds `lastfm-stock` with a seed, once for all tests and workers; what it reports.

    Seeds differ in the last stage alone, so the others are copied from the first build.
    """
    from pipeline.build import build

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def built(seed: int) -> BuildReport:
        first, out = folder / "lastfm-stock-555", folder / f"lastfm-stock-{seed}"
        with FileLock(folder / "lastfm-stock.lock"):
            report = build("lastfm-stock", raw=real_data, out=first, seed=555)
            if out != first:
                if not out.exists():
                    shutil.copytree(first, out)
                report = build("lastfm-stock", raw=real_data, out=out, seed=seed)
        return report

    return built


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The raw sample that ships with the repository."""
    return REPOSITORY / "data" / "raw" / "sample"


@pytest.fixture(scope="session")
def built_sample(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's processed folder, built once for all tests and workers; only to be read."""
    from pipeline.build import build

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with FileLock(folder / "sample.lock"):
        return build("sample", raw=sample_data.parent, out=folder / "sample").out


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, so that no worker is left with a long one while the other is idle."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
