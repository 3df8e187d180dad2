"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
