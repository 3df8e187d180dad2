"""A trained model on the toy data, and one without fold-in."""

from __future__ import annotations

import pytest

from recommender import Trainer, create_model, load, split


@pytest.fixture(scope="package")
def parts(named_toy_data):
    return split(load(named_toy_data), 1)


@pytest.fixture(scope="package")
def als(parts):
    model = create_model("als", parts.train, dim=2, l2_weight=1.0)
    Trainer(device="cpu").fit(model, parts)
    return model


@pytest.fixture(scope="package")
def mkr(parts):
    model = create_model("mkr", parts.train, dim=4)
    model.preset = "mkr"
    return model
