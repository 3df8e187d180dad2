"""If writing a report fails, the earlier one is kept unchanged."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.artefacts import write_tsv
from pipeline.evaluate.extraction_report import draw_curve
from pipeline.evaluate.matching import _write_errors

RECORDS = pd.DataFrame({"record": ["a"], "name": ["A"], "attributes": ["{}"]})
WRITERS: dict[str, Callable[[Path], object]] = {
    "table": lambda path: write_tsv(pd.DataFrame({"name": ["A"]}), path),
    "errors": lambda path: _write_errors(path, [], RECORDS),
    "curve.png": lambda path: draw_curve({}, path),
}


@pytest.mark.filterwarnings("ignore:No artists with labels")
@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_earlier_report(name, tmp_path, monkeypatch):
    path = tmp_path / name
    path.write_text("the earlier one")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            WRITERS[name](path)
    assert path.read_text() == "the earlier one"
    assert list(tmp_path.iterdir()) == [path]
    WRITERS[name](path)
    assert path.read_bytes() != b"the earlier one"
