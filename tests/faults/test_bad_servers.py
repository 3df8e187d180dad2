"""Garbage, oversized, slow or missing server responses end quickly in a one-line error."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from kg_builder.errors import DataError
from kg_builder.extraction.text.config import LlmEndpoint
from kg_builder.extraction.text.model_interface import ModelReading
from kg_builder.text_models.llm import LanguageModel
from pipeline.download_config import Download, FetchError
from pipeline.fetch import fetch
from pipeline.transfer import Transfer
from tests.faults.servers import ANSWERS, bad_server

READ_AS_NOTHING = {
    "null", "list", "prose", "deep-content", "odd-content", "half-content", "huge-numbers",
}  # fmt: skip
KEPT_AS_A_FILE = {"page", "deep", "other", "no-text", "bomb"} | READ_AS_NOTHING


@pytest.mark.parametrize("name", ANSWERS)
def test_a_language_model_that_answers_so_is_no_model(name: str, tmp_path: Path) -> None:
    with bad_server(name) as port:
        config = LlmEndpoint(
            kind="llm", url=f"http://127.0.0.1:{port}", model="m", cache=str(tmp_path),
            timeout=0.5, retries=1, wait=0.0,
        )  # fmt: skip
        model, began = LanguageModel.open(config), time.monotonic()
        if name in READ_AS_NOTHING:
            assert model.read(["Ann is a singer."]) == [ModelReading()]
            assert sum(model.refused.values()) == 1
        else:
            with pytest.raises(DataError) as fault:
                model.read(["Ann is a singer."])
            assert "\n" not in str(fault.value)
    assert time.monotonic() - began < 20  # seconds; endless responses would otherwise never finish


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - {"flood"}))
def test_a_publisher_that_answers_so_is_not_waited_for(name: str, tmp_path: Path) -> None:
    with bad_server(name) as port, httpx.Client(follow_redirects=True) as client:
        download = Download.model_validate(
            {"url": f"http://127.0.0.1:{port}/f", "path": "f", "largest_member": 1 << 20}
        )
        transfer = Transfer(client=client, attempts=2, pause=0.0, patience=0.5)
        if name in KEPT_AS_A_FILE:
            assert fetch([download], tmp_path, transfer=transfer)[0].path.is_file()
            return
        with pytest.raises(FetchError) as fault:
            fetch([download], tmp_path, transfer=transfer)
    assert "\n" not in str(fault.value)
    assert not (tmp_path / "f").exists()


def test_a_pause_that_is_too_long_is_reported_and_not_kept(tmp_path: Path) -> None:
    with bad_server("busy") as port, httpx.Client() as client:
        download = Download.model_validate({"url": f"http://127.0.0.1:{port}/f", "path": "f"})
        with pytest.raises(FetchError, match=r"503 Busy; it asks for a pause of 9,999 s"):
            fetch([download], tmp_path, transfer=Transfer(client=client))


def test_slow_but_steady_is_waited_for(tmp_path: Path) -> None:
    with bad_server("slow") as port, httpx.Client() as client:
        download = Download.model_validate({"url": f"http://127.0.0.1:{port}/f", "path": "f"})
        transfer = Transfer(client=client, attempts=1, patience=0.3)
        assert fetch([download], tmp_path, transfer=transfer)[0].size == 6000
