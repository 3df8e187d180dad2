"""Fixtures that several packages share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers on two cores: numeric libraries that start a thread per core only get in their way.
# Set before any of them is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No deadline: a busy machine is no fault of the code. In CI the examples are the same every time.
settings.register_profile("project", deadline=None, max_examples=50)
settings.register_profile("ci", settings.get_profile("project"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "project")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the publishers' files; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("MUSIC_KG_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "lastfm" / "artists.dat").is_file():
        pytest.skip(f"no real data in {folder}: set MUSIC_KG_DATA to a folder that has lastfm/")
    return folder


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The raw sample that ships with the repository."""
    return REPOSITORY / "data" / "raw" / "sample"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first, so that no worker is left with a long one while the other is idle."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
