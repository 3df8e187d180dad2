"""Training against all entities: loss and gradients by definition; files of triples."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recommender import ConfigError, DataError
from recommender.data.graph import KnowledgeGraph
from recommender.kge import all_entities
from recommender.kge.all_entities import (
    Metric,
    Precision,
    cross_entropy,
    pair_scores,
    scores_of_all,
)
from recommender.kge.query_task import QueryTask
from recommender.kge.registry import create_embedding
from recommender.kge.training import KGETrainConfig, TripleData, train_on_triples
from recommender.kge.triple_files import name_of, read_named_triples
from recommender.kge.triples import Triples, hold_out_unlinked
from recommender.train_kge import main
from recommender.training.adagrad import Adagrad
from recommender.training.steps import TorchSteps

METRICS: tuple[Metric, ...] = ("product", "distance", "squared_distance")


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("in_cache", [8, 2**19])
@pytest.mark.parametrize("metric", METRICS)
def test_cross_entropy_is_autograds(
    metric: Metric, in_cache: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Value and gradients as torch finds them by its log-softmax, row by row or at once."""
    monkeypatch.setattr(all_entities, "_IN_CACHE", in_cache)
    offsets, weights = random(7, seed=3), random(5, seed=4).abs()
    rows, answers = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([1, 5, 6, 0, 3])
    results = []
    for ours in (True, False):
        queries, entities = random(3, 4).requires_grad_(), random(7, 4, seed=1).requires_grad_()
        if ours:
            loss = cross_entropy(queries, entities, rows, answers, weights, metric, offsets)
        else:
            scores = pair_scores(
                queries.repeat_interleave(7, dim=0), entities.repeat(3, 1), metric
            ).reshape(3, 7)
            scores = scores + offsets
            scores = scores.index_put((rows, answers), -offsets[answers], accumulate=True)
            loss = -(weights * scores.log_softmax(dim=1)[rows, answers]).sum()
        loss.backward()
        results.append((loss.detach(), queries.grad, entities.grad))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("metric", METRICS)
def test_bfloat16_comes_close(metric: Metric) -> None:
    """The gradients point the same way as those of float32, and the loss is the same to 1%."""
    rows, answers = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([1, 5, 6, 0, 3])
    precisions: tuple[Precision, ...] = ("float32", "bf16")
    results = []
    for precision in precisions:
        queries = random(3, 32).float().requires_grad_()
        entities = random(7, 32, seed=1).float().requires_grad_()
        loss = cross_entropy(
            queries, entities, rows, answers, torch.ones(5), metric, precision=precision
        )
        loss.backward()
        results.append((loss.detach(), queries.grad, entities.grad))
    (exact, *exact_gradients), (close, *close_gradients) = results
    assert 0 < abs(float(close - exact)) < 0.01 * float(exact)
    for one, other in zip(exact_gradients, close_gradients, strict=True):
        assert one is not None and other is not None and other.dtype == torch.float32
        assert float(torch.cosine_similarity(one.flatten(), other.flatten(), dim=0)) > 0.999


@pytest.mark.parametrize("metric", METRICS)
def test_all_scores_are_the_pairs_scores(metric: Metric) -> None:
    queries, entities = random(4, 6), random(4, 6, seed=2)
    diagonal = scores_of_all(queries, entities, metric).diagonal()
    torch.testing.assert_close(diagonal, pair_scores(queries, entities, metric))


def graph(n_triples: int = 60) -> KnowledgeGraph:
    head, relation, tail = np.random.default_rng(3).integers((20, 3, 20), size=(n_triples, 3)).T
    return KnowledgeGraph(head, relation, tail, 20, 3)


@pytest.mark.parametrize(("name", "settings"), [("complex", {}), ("transe", {"norm": 2})])
def test_relations_are_predicted_by_the_scores_of_triples(
    name: str, settings: dict[str, int]
) -> None:
    losses = []
    for weight in (0.0, 0.5):
        model = create_embedding(
            name, 20, 3, dim=8, against="all", relation_weight=weight, n3=0.0, **settings
        ).double()
        task = QueryTask(model, graph())
        losses.append(task.loss(torch.arange(len(task))))
    both = graph().with_inverses()
    triples = np.unique(np.stack([both.head, both.relation, both.tail], axis=1), axis=0)
    head, relation, tail = torch.from_numpy(triples).T
    queries = model.queries(head.repeat_interleave(6), torch.arange(6).repeat(len(head)))
    tails = model.entities(tail).repeat_interleave(6, dim=0)
    scores = pair_scores(queries, tails, model.metric).reshape(-1, 6)
    expected = torch.nn.functional.cross_entropy(scores, relation)
    torch.testing.assert_close(losses[1] - losses[0], 0.5 * expected)


def test_an_embedding_that_cannot_predict_relations_says_so() -> None:
    with pytest.raises(ConfigError, match="cannot predict relations"):
        create_embedding("rotate", 20, 3, relation_weight=1.0)


@pytest.mark.parametrize("answers_per_row", [0, 1, 2, 16])
def test_grouped_queries_cost_what_their_triples_do(answers_per_row: int) -> None:
    """The mean over all triples and both directions, one by one, however they share rows."""
    settings = {"dim": 8, "n3": 0.0, "answers_per_row": answers_per_row}
    model = create_embedding("complex", 20, 3, **settings).double()
    triples = graph()
    task = QueryTask(model, triples)
    loss = task.loss(torch.arange(len(task)))
    unique = {(h, r, t) for h, r, t in zip(*map(np.ndarray.tolist, (triples.head, triples.relation,
              triples.tail)), strict=True)}  # fmt: skip
    losses = []
    with torch.no_grad():
        for h, r, t in [*unique, *((t, r + 3, h) for h, r, t in unique)]:
            query = model.queries(torch.tensor([h]), torch.tensor([r]))
            losses.append(-(query @ model.entities.weight.T).log_softmax(dim=1)[0, t])
    torch.testing.assert_close(loss.detach(), torch.stack(losses).mean())


def test_no_row_has_more_answers_than_asked() -> None:
    """Every triple is in one row, and no row is longer or empty."""
    triples = graph()
    task = QueryTask(create_embedding("complex", 20, 3, dim=8, answers_per_row=2), triples)
    covered = [i for s, c in zip(task._start, task._count, strict=True) for i in range(s, s + c)]
    assert covered == list(range(2 * len(triples.sorted_keys)))
    assert set(task._count) == {1, 2}


def test_rows_in_use_are_updated_as_the_whole_table_is() -> None:
    """Adagrad's kernel against torch's dense steps."""
    triples = graph()
    states = []
    for rowwise in (True, False):
        model = create_embedding("complex", 20, 3, dim=8, batch_size=4, candidates=3)
        task = QueryTask(model, triples)
        tables = [model.entities] if rowwise else []
        optimizer = Adagrad(task.parameters(), learning_rate=0.1, tables=tables)
        (places,) = task.samples(np.random.default_rng(0))
        with optimizer.stepping():
            TorchSteps(task, optimizer).run((torch.from_numpy(places),))
        sums = [state["sum"] for state in optimizer.state_dict()["state"].values()]
        states.append([*model.state_dict().values(), *sums])
    for one, other in zip(*states, strict=True):
        torch.testing.assert_close(one, other)


def test_same_seed_same_bytes() -> None:
    """With candidates drawn, products of bfloat16 and answers over rows."""
    data = TripleData(graph(), None, None, graph(), Path("ring"), {})
    config = KGETrainConfig(epochs=2, patience=0, device="cpu", threads=1, precision="bf16")
    settings = {"dim": 8, "candidates": 5, "batch_size": 16}
    one, other = (train_on_triples("complex", data, config, settings=settings) for _ in range(2))
    for name, value in one.model.state_dict().items():
        assert torch.equal(value, other.model.state_dict()[name])


def test_a_sample_of_candidates_estimates_the_loss_on_all() -> None:
    """The mean over many draws comes close; without the correction it is far below."""
    triples = graph(12)
    settings = {"dim": 8, "n3": 0.0, "batch_size": 4}
    whole = QueryTask(create_embedding("complex", 20, 3, **settings), triples)
    drawn = QueryTask(create_embedding("complex", 20, 3, candidates=6, **settings), triples)
    assert drawn.model.config.candidates == 6
    rng, losses = np.random.default_rng(0), []
    drawn.samples(rng)
    corrections = drawn._offsets
    for _ in range(200):
        batch, row = torch.from_numpy(rng.permutation(len(whole))[:4]), []
        for task, offsets in ((whole, corrections), (drawn, corrections), (drawn, 0 * corrections)):
            task._offsets = offsets
            with torch.no_grad():
                row.append(float(task.loss(batch)))
        losses.append(row)
    exact, corrected, bare = np.mean(losses, axis=0)
    assert abs(corrected - exact) < 0.15
    assert bare < exact - 0.4


def test_rotations_learn_a_ring() -> None:
    """A ring of forty steps, which no translation can model."""
    ring = np.arange(40)
    once, twice = (ring + 1) % 40, (ring + 2) % 40
    steps = KnowledgeGraph(np.r_[ring, ring], np.repeat([0, 1], 40), np.r_[once, twice], 40, 2)
    asked = Triples(ring, np.zeros(40, dtype=np.int64), once)
    data = TripleData(steps, None, asked, steps, Path("ring"), {})
    config = KGETrainConfig(epochs=15, evaluate_every=15, patience=0, device="cpu", threads=1)
    settings = {"dim": 16, "lr": 0.3, "batch_size": 32}
    run = train_on_triples("rotate", data, config, settings=settings)
    assert run.metrics["test"]["mrr"] > 0.9


def test_models_without_queries_are_refused() -> None:
    with pytest.raises(ConfigError, match="--against one"):
        create_embedding("transh", 5, 2, against="all")
    with pytest.raises(ConfigError, match="--norm 2"):
        create_embedding("transe", 5, 2, against="all")


def test_no_pair_held_out_is_linked_in_training() -> None:
    whole = graph()
    train, valid = hold_out_unlinked(whole, 1, 0.3)
    linked = {frozenset(pair) for pair in zip(train.head, train.tail, strict=True)}
    assert len(valid)
    assert not any(frozenset(p) in linked for p in zip(valid.head, valid.tail, strict=True))
    assert len(train) + len(valid) == len(whole.sorted_keys)
    assert set(valid.head) | set(valid.tail) <= set(train.head) | set(train.tail)


NS = "http://rdf.freebase.com/ns/"


def test_a_dump_and_a_published_file_have_the_same_names(tmp_path: Path) -> None:
    dump = tmp_path / "dump.gz"
    with gzip.open(dump, "wt", encoding="utf-8") as file:
        file.write(f"<{NS}m.01>\t<{NS}film.actor.film..film.performance.film>\t<{NS}m.02>\t.\n")
        file.write(f'<{NS}m.03>\t<{NS}type.object.name>\t"A\\tB"@en\t.\n')
    test = tmp_path / "test.txt"
    test.write_text("/m/02\t/film/actor/film./film/performance/film\t/m/01\n")
    named = read_named_triples(dump, test)
    assert named.entities == ("m.01", "m.02", "m.03")  # a name makes a candidate, too
    assert named.relations == ("film.actor.film..film.performance.film",)
    assert (len(named.train), len(named.known), named.literals) == (1, 2, 1)
    assert named.test is not None
    assert (named.test.head[0], named.test.relation[0], named.test.tail[0]) == (1, 0, 0)


@given(st.lists(st.from_regex(r"[a-z_]{1,6}", fullmatch=True), min_size=1, max_size=5))
def test_names_of_both_kinds_agree(parts: list[str]) -> None:
    dotted = ".".join(parts)
    assert name_of("/" + "/".join(parts)) == dotted
    assert name_of(f"<{NS}{dotted}>") == name_of(f"ns:{dotted}") == dotted


@pytest.mark.parametrize(
    ("text", "message"),
    [("a\tb\n", ":1: 2 cells"), ("", "no triples"), ("a\tb\tc\na\t\tc\n", ":2: 3 cells")],
)
def test_bad_files_are_named_with_the_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_named_triples(path)


def test_command_on_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A regular graph is learnt, and a preset's settings can be overridden."""
    lines = [f"e{i}\tnext\te{(i + 1) % 40}\n" for i in range(40)]
    (tmp_path / "train.tsv").write_text("".join(lines))
    (tmp_path / "test.tsv").write_text("".join(lines[:5]))
    files = ["--triples", str(tmp_path / "train.tsv"), "--test", str(tmp_path / "test.tsv")]
    flags = ["--preset", "fb15k-237-complex", "--dim", "32", "--epochs", "12", "--device", "cpu"]
    assert main([*files, *flags, "--valid-share", "0", "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr()
    assert "40 triples, 40 entities" in printed.err
    row = next(line for line in printed.out.splitlines() if "test (5)" in line)
    assert float(row.split("│")[2]) > 0.9
    translation = ["--model", "transe", "--norm", "2", "--against", "all", "--epochs", "1"]
    assert main([*files, *translation, "--valid-share", "0", "--out", str(tmp_path / "two")]) == 0
    with pytest.raises(ConfigError, match="fb15k-237-transe"):
        main(["--preset", "nothing"])
    with pytest.raises(ConfigError, match="--triples"):
        main(["--test", "x"])
