"""CPU time of an epoch of a knowledge-graph embedding, ours and PyKEEN's, on the same triples.

    python benchmarks/embeddings.py --triples freebase-subset.gz --model complex --dim 128

Same model, dimension, batch size, optimiser, inverse relations, cross-entropy against all entities
(PyKEEN's LCWA training), one thread. PyKEEN is not a dependency: install it in a separate
environment. `--queries` samples triples for a quick run; times are proportional.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from recommender.data.graph import KnowledgeGraph
from recommender.kge.all_entities import Precision, scores_of_all
from recommender.kge.query_task import QueryTask
from recommender.kge.registry import create_embedding
from recommender.kge.triple_files import read_named_triples
from recommender.training.adagrad import Adagrad
from recommender.training.steps import TorchSteps


def main() -> None:
    """Measure and print one line per variant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--triples", type=Path, required=True)
    parser.add_argument("--model", choices=("complex", "transe"), default="complex")
    parser.add_argument("--dim", type=int, default=128, help="real numbers per entity")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--queries", type=int, default=0, help="number of triples; 0: all")
    parser.add_argument(
        "--candidates", type=int, default=2000, help="candidates of the sampled variant"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    graph = read_named_triples(arguments.triples).train
    if arguments.queries:
        rows = np.random.default_rng(0).permutation(len(graph))[: arguments.queries]
        graph = KnowledgeGraph(
            graph.head[rows],
            graph.relation[rows],
            graph.tail[rows],
            graph.n_entities,
            graph.n_relations,
        )
    print(f"{len(graph):,} triples, {graph.n_entities:,} entities, {arguments}")
    _products(graph.n_entities, arguments.dim, arguments.batch_size)
    few = arguments.candidates
    ours = {
        "ours, all entities": _ours(graph, arguments, 0, "float32"),
        "ours, all entities, bf16": _ours(graph, arguments, 0, "bf16"),
        f"ours, {few:,} candidates, bf16": _ours(graph, arguments, few, "bf16"),
    }
    if importlib.util.find_spec("pykeen") is None:
        print("PyKEEN is not installed here")
    else:
        ours = {"PyKEEN": _pykeen(graph, arguments), **ours}
    seconds = {name: _cpu_seconds(epoch) for name, epoch in ours.items()}
    for name, taken in seconds.items():
        ratio = f"  {taken / seconds['PyKEEN']:.2f} of PyKEEN's" if "PyKEEN" in seconds else ""
        print(f"{name:33} {taken:8.1f} s CPU an epoch{ratio}")


def _cpu_seconds(epoch: Callable[[], object]) -> float:
    began = time.process_time()
    epoch()
    return time.process_time() - began


def _products(n: int, dim: int, batch: int) -> None:
    """Operations a second of the product of queries and entities."""
    queries, entities = torch.randn(batch, dim), torch.randn(n, dim)
    for name, multiply in (
        ("numpy", lambda: scores_of_all(queries, entities, "product")),
        ("torch", lambda: queries @ entities.T),
    ):
        multiply()
        taken = _cpu_seconds(lambda multiply=multiply: [multiply() for _ in range(5)])
        print(f"{name}: {5 * 2 * batch * dim * n / taken / 1e9:.0f} GFLOP/s")


def _ours(
    graph: KnowledgeGraph, arguments: argparse.Namespace, candidates: int, precision: Precision
) -> Callable[[], object]:
    settings = {
        "dim": arguments.dim,
        "batch_size": arguments.batch_size,
        "candidates": candidates,
        "answers_per_row": 0,  # as PyKEEN's batches
        "against": "all",
        "lr": 0.1,
        "n3": 0.0,
        **({"norm": 2} if arguments.model == "transe" else {}),
    }
    model = create_embedding(arguments.model, graph.n_entities, graph.n_relations, **settings)
    task = QueryTask(model, graph, precision)
    tables = [model.entities] if candidates else []
    optimizer = Adagrad(task.parameters(), learning_rate=0.1, tables=tables)
    steps, rng = TorchSteps(task, optimizer), np.random.default_rng(0)
    (places,) = task.samples(rng)
    steps.run((torch.from_numpy(places[:1]),))  # compiles the kernels

    def epoch() -> None:
        with optimizer.stepping():
            steps.run((torch.from_numpy(rng.permutation(places)),))

    return epoch


def _pykeen(graph: KnowledgeGraph, arguments: argparse.Namespace) -> Callable[[], object]:
    from pykeen.losses import CrossEntropyLoss
    from pykeen.models import ComplEx, TransE
    from pykeen.training import LCWATrainingLoop
    from pykeen.triples import CoreTriplesFactory

    triples = torch.from_numpy(np.stack([graph.head, graph.relation, graph.tail], axis=1))
    factory = CoreTriplesFactory(
        triples, graph.n_entities, graph.n_relations, create_inverse_triples=True
    )
    if arguments.model == "complex":
        model = ComplEx(
            triples_factory=factory, embedding_dim=arguments.dim // 2, loss=CrossEntropyLoss()
        )
    else:
        model = TransE(
            triples_factory=factory,
            embedding_dim=arguments.dim,
            scoring_fct_norm=2,
            loss=CrossEntropyLoss(),
        )
    loop = LCWATrainingLoop(
        model=model,
        triples_factory=factory,
        optimizer=torch.optim.Adagrad(model.get_grad_params(), lr=0.1),
    )
    return lambda: loop.train(
        factory, num_epochs=1, batch_size=arguments.batch_size, use_tqdm=False
    )


if __name__ == "__main__":
    main()
