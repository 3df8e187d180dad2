"""The learning curve is drawn from the run's files, finished or not."""

from __future__ import annotations

import json

import pytest
from matplotlib.image import imread

from recommender.errors import RunError
from recommender.plots import learning_curve


def write_run(folder, records, best_epoch=None):
    (folder / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    if best_epoch is not None:
        (folder / "metrics.json").write_text(json.dumps({"best_epoch": best_epoch}))
    return folder


RECORDS = [
    {
        "epoch": n,
        "loss_recommendation": 1 / n,
        **({"loss_knowledge_graph": -n} if n % 2 else {}),
        "valid_auc": 0.8 - 1 / n,
        "valid_acc": 0.7 - 1 / n,
    }
    for n in range(1, 30)
]


def test_a_picture_is_written_and_is_the_same_each_time(tmp_path):
    path = learning_curve(write_run(tmp_path, RECORDS, best_epoch=20))
    assert path == tmp_path / "learning_curve.png"
    first = path.read_bytes()
    assert imread(path).std() > 0.01  # something is drawn on it
    assert learning_curve(tmp_path).read_bytes() == first


def test_the_chosen_epoch_is_in_the_picture(tmp_path):
    pictures = [
        learning_curve(write_run(tmp_path, RECORDS, best_epoch=n)).read_bytes() for n in (10, 20)
    ]
    assert pictures[0] != pictures[1]


def test_ranking_metrics_have_an_axis_of_their_own(tmp_path):
    plain = imread(learning_curve(write_run(tmp_path, RECORDS, best_epoch=20)))
    ranked = [{**record, "valid_ndcg@10": 0.2 - 0.1 / record["epoch"]} for record in RECORDS]
    taller = imread(learning_curve(write_run(tmp_path, ranked, best_epoch=20)))
    assert taller.shape[0] > plain.shape[0]
    assert taller.shape[1] == plain.shape[1]


def test_unfinished_and_diverged_runs_are_drawn_too(tmp_path):
    records = [
        *RECORDS[:4],
        {"epoch": 5, "loss_recommendation": float("nan"), "valid_auc": float("nan")},
    ]
    assert learning_curve(write_run(tmp_path, records)).is_file()
    assert learning_curve(write_run(tmp_path, records[:1])).is_file()


def test_models_without_losses_have_a_curve(tmp_path):
    assert learning_curve(
        write_run(tmp_path, [{"epoch": 1, "valid_auc": 0.7, "valid_acc": 0.6}], 1)
    ).is_file()


@pytest.mark.parametrize(
    ("content", "told"), [(None, "no such file"), ("", "no epoch"), ("{", "JSON")]
)
def test_nothing_to_draw_is_told(tmp_path, content, told):
    if content is not None:
        (tmp_path / "metrics.jsonl").write_text(content)
    with pytest.raises(RunError, match=told):
        learning_curve(tmp_path)
