"""Build the sample and train two models where missing, for `python -m service --demo`."""

from __future__ import annotations

import logging
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from service.settings import LOG_FORMAT

__all__ = ["prepare_sample", "prepared_sample"]

LOG = logging.getLogger("service")
_SAMPLE: Final = "sample"
_MODELS: Final = ("ials", "mmss_mkr_g")  # the last one is the default, as it ends last


def prepared_sample() -> Path:
    """The same as `prepare_sample` in a process of its own, whose memory ends with it."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(prepare_sample).result()


def prepare_sample() -> Path:
    """Prepare the sample's processed folder, with two trained models to compare.

    Steps that are up to date are skipped.

    Raises:
        DataError, RecommenderError, InUseError: from the build or the training.
    """
    # late: the process that supervises needs none of it
    from pipeline.build import build
    from recommender import TrainConfig, Trainer, create_model, load, split
    from recommender.train import run_name

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    LOG.info("building the sample, where it has changed")
    folder = build(_SAMPLE).out
    if not _has_run(folder):
        dataset = load(folder)
        config = TrainConfig()
        parts = split(dataset, config.split_seed)
        for name in _MODELS:
            LOG.info("training %s on the sample", name)
            out = folder / "models" / run_name(name, config)
            model = create_model(name, parts.train, seed=config.seed)
            Trainer(config, out=out).fit(model, parts)
    return folder


def _has_run(data: Path) -> bool:
    from recommender.errors import RunError
    from recommender.runs import newest_run

    try:
        newest_run(data, "fold_in")
    except RunError:
        return False
    return True
