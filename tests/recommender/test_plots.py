"""The learning curve is plotted from the files of a finished or unfinished run."""

from __future__ import annotations

import json
import shutil

import pytest
from matplotlib.figure import Figure
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


@pytest.fixture
def draw(monkeypatch):
    """Plot a run's curve; returns the saved figure."""
    saved = []
    save = Figure.savefig

    def keep(figure, *arguments, **settings):
        saved.append(figure)
        return save(figure, *arguments, **settings)

    monkeypatch.setattr(Figure, "savefig", keep)

    def _draw(folder):
        saved.clear()
        path = learning_curve(folder)
        assert path == folder / "learning_curve.png"
        assert imread(path).ndim == 3  # a picture that can be read
        (figure,) = saved
        return figure

    return _draw


def curves(axis):
    """Label → points of the lines with a legend entry; the lines without one under ''."""
    return {
        "" if line.get_label().startswith("_") else line.get_label(): points(line)
        for line in axis.lines
        if len(line.get_xdata()) > 0 and not is_vertical(line)
    }


def points(line):
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def is_vertical(line):
    """Whether it is a mark from the bottom to the top of its axis."""
    return list(line.get_ydata()) == [0, 1] and len(set(line.get_xdata())) == 1


def marked_epochs(figure):
    """The epoch at the vertical mark of each axis."""
    return [
        [line.get_xdata()[0] for line in axis.lines if is_vertical(line)] for axis in figure.axes
    ]


def test_every_metric_and_loss_is_drawn_by_epoch(tmp_path, draw):
    validation, recommendation, graph = draw(write_run(tmp_path, RECORDS, best_epoch=20)).axes
    assert curves(validation) == {
        "AUC": [(n, 0.8 - 1 / n) for n in range(1, 30)],
        "ACC at 0.5": [(n, 0.7 - 1 / n) for n in range(1, 30)],
        "epoch 20: AUC 0.7500": [(20, 0.75)],
    }
    assert curves(recommendation) == {"": [(n, 1 / n) for n in range(1, 30)]}
    assert curves(graph) == {"": [(n, -n) for n in range(1, 30, 2)]}
    labels = [axis.get_ylabel() for axis in (validation, recommendation, graph)]
    assert labels == ["validation", "recommendation\nloss", "knowledge graph\nloss"]
    assert [axis.get_xlabel() for axis in (validation, recommendation, graph)] == ["", "", "epoch"]


def test_the_same_run_gives_the_same_file(tmp_path):
    first = learning_curve(write_run(tmp_path, RECORDS, best_epoch=20)).read_bytes()
    assert learning_curve(tmp_path).read_bytes() == first


@pytest.mark.parametrize("best", [10, 20])
def test_the_chosen_epoch_is_marked_on_every_axis(tmp_path, draw, best):
    figure = draw(write_run(tmp_path, RECORDS, best_epoch=best))
    assert marked_epochs(figure) == [[best]] * 3
    assert curves(figure.axes[0])[f"epoch {best}: AUC {0.8 - 1 / best:.4f}"] == [
        (best, 0.8 - 1 / best)
    ]


def test_the_title_names_the_run_and_what_chose_the_epoch(tmp_path, draw, toy_runs):
    folder = write_run(tmp_path, RECORDS, best_epoch=20)
    assert draw(folder).get_suptitle() == tmp_path.name
    shutil.copy(toy_runs["mkr", 1] / "config.json", folder)
    assert draw(folder).get_suptitle() == (
        f"{tmp_path.name} · epoch chosen by validation AUC + ACC"
    )


def test_ranking_metrics_have_an_axis_of_their_own(tmp_path, draw):
    ranked = [
        {**record, "valid_ndcg@10": 0.2 - 0.1 / record["epoch"], "valid_recall@10": 0.1}
        for record in RECORDS
    ]
    validation, ranking, *losses = draw(write_run(tmp_path, ranked, best_epoch=20)).axes
    assert set(curves(validation)) == {"AUC", "ACC at 0.5", "epoch 20: AUC 0.7500"}
    assert curves(ranking) == {
        "ndcg@10": [(n, 0.2 - 0.1 / n) for n in range(1, 30)],
        "recall@10": [(n, 0.1) for n in range(1, 30)],
    }
    assert len(losses) == 2


def test_of_an_unfinished_run_the_best_epoch_so_far_is_marked(tmp_path, draw):
    figure = draw(write_run(tmp_path, [*RECORDS[:4], {"epoch": 5, "valid_auc": 0.1}]))
    assert marked_epochs(figure) == [[4]] * 3


def test_a_diverged_epoch_leaves_a_gap_and_is_never_the_best(tmp_path, draw):
    nothing = float("nan")
    records = [*RECORDS[:4], {"epoch": 5, "loss_recommendation": nothing, "valid_auc": nothing}]
    figure = draw(write_run(tmp_path, records))
    assert marked_epochs(figure) == [[4]] * 3
    assert [epoch for epoch, value in curves(figure.axes[1])[""] if value != value] == [5]


def test_a_few_epochs_are_drawn_as_points(tmp_path, draw):
    (line, _) = draw(write_run(tmp_path, RECORDS[:1])).axes[1].lines
    assert (line.get_marker(), points(line)) == ("o", [(1, 1.0)])
    line = draw(write_run(tmp_path, RECORDS[:4])).axes[1].lines[0]
    assert line.get_marker() in ("", "None")


def test_models_without_losses_have_a_curve(tmp_path, draw):
    figure = draw(write_run(tmp_path, [{"epoch": 1, "valid_auc": 0.7, "valid_acc": 0.6}], 1))
    (axis,) = figure.axes
    assert curves(axis) == {
        "AUC": [(1, 0.7)],
        "ACC at 0.5": [(1, 0.6)],
        "epoch 1: AUC 0.7000": [(1, 0.7)],
    }
    assert axis.get_xlabel() == "epoch"


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), ("", "no epoch"), ("{", "JSON")]
)
def test_nothing_to_draw_is_an_error(tmp_path, content, message):
    if content is not None:
        (tmp_path / "metrics.jsonl").write_text(content)
    with pytest.raises(RunError, match=message):
        learning_curve(tmp_path)
