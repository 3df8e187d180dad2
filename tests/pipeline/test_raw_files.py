from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from kg_builder.errors import DataError
from pipeline.raw_files import raw_files
from pipeline.recipe import load_recipe


class _Model(BaseModel):
    path: str


class _Source(BaseModel):
    path: str
    trained: _Model | None = None


def test_files_patterns_and_folders_are_what_a_recipe_reads(tmp_path: Path) -> None:
    for name in ("texts/b.txt", "texts/a.txt", "model/crf.bin", "model/more/words.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    source = _Source(path="texts/*.txt", trained=_Model(path="model"))
    found = raw_files([source], tmp_path, recipe=load_recipe("sample"))
    names = [path.relative_to(tmp_path).as_posix() for path in found]
    assert names == ["model/crf.bin", "model/more/words.txt", "texts/a.txt", "texts/b.txt"]


def test_a_missing_file_tells_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--raw"):
        raw_files(_Source(path="none.csv"), tmp_path, recipe=load_recipe("lastfm"))
