"""Cost of training RecBole's graph models; runs in RecBole's environment.

    python recbole_graph.py DATA_FOLDER MODEL SETTINGS_AS_JSON EPOCHS       that many epochs
    python recbole_graph.py DATA_FOLDER MODEL SETTINGS_AS_JSON              a whole training

Prints what it cost as JSON, on one thread. The folder holds `ratings_final.txt`, `kg_final.txt`
and, for a whole training, `validation_final.txt`. RecBole samples its own negatives, one per
positive, so that an epoch has as many rows as the file. Its ranking models take pairs of a positive
and a negative: a pair counts as two rows of `train_batch_size`.

Epochs consist of the recommendation steps only. A whole training is that of RecBole's own trainer.

Of `torch_scatter`, which must be compiled for each release of torch, KGIN uses one function; if the
package is missing, an equivalent with torch's `index_add` is used.
"""

import importlib.util
import json
import sys
import tempfile
import types
from pathlib import Path

import torch
from cost import cost_of_epochs, peak_mb, timed
from recbole_mkr import write_atomic_files


def scatter_mean(src: torch.Tensor, index: torch.Tensor, dim: int, dim_size: int) -> torch.Tensor:
    """Means of the rows of `src` [n, d] that share an index; [dim_size, d], zeros without rows."""
    total = src.new_zeros(dim_size, src.shape[1]).index_add(dim, index, src)
    count = torch.bincount(index, minlength=dim_size).clamp(min=1)
    return total / count[:, None]


def main() -> None:
    """Measure epochs or a training."""
    if importlib.util.find_spec("torch_scatter") is None:
        stand_in = types.ModuleType("torch_scatter")
        stand_in.scatter_mean = scatter_mean
        sys.modules["torch_scatter"] = stand_in
    source, name, settings = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import InputType, get_model, get_trainer, init_seed

    torch.set_num_threads(1)
    whole = len(sys.argv) == 4
    if get_model(name).input_type == InputType.PAIRWISE:
        settings["train_batch_size"] //= 2
    if whole:  # test rows are not used, but RecBole requires some
        settings["benchmark_filename"] = ["train", "valid", "valid"]
        eval_args = {"order": "RO", "mode": "full"}
    else:
        eval_args = {"split": {"RS": [1.0, 0.0, 0.0]}, "order": "RO", "mode": "full"}
    with tempfile.TemporaryDirectory() as folder:
        write_atomic_files(source, Path(folder))
        config = Config(
            model=name,
            dataset="rows",
            config_dict={
                "data_path": folder,
                "checkpoint_dir": folder,
                "eval_args": eval_args,
                "use_gpu": False,
                "state": "ERROR",
                "show_progress": False,
                **settings,
            },
        )
        init_seed(0, True)
        dataset = create_dataset(config)
        train_data, valid_data, _ = data_preparation(config, dataset)
        before_mb = peak_mb()
        if whole:

            def training() -> tuple[int, float]:
                model = get_model(name)(config, train_data._dataset)
                trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
                best, _ = trainer.fit(train_data, valid_data, saved=False, show_progress=False)
                return len(trainer.train_loss_dict), best

            (epochs, best), cpu, wall = timed(training)
            measured = {"epochs": epochs, "value": best, "cpu": cpu, "wall": wall}
            print(json.dumps({**measured, "peak_mb": peak_mb(), "before_mb": before_mb}))
            return
        model = get_model(name)(config, train_data._dataset)
    if hasattr(train_data, "set_mode"):
        from recbole.utils.enum_type import KGDataLoaderState

        train_data.set_mode(KGDataLoaderState.RS)
    optimizer = torch.optim.Adam(model.parameters(), lr=config["learning_rate"])
    model.train()

    def epoch() -> None:
        for interaction in train_data:
            optimizer.zero_grad()
            model.calculate_loss(interaction).backward()
            optimizer.step()

    print(json.dumps(cost_of_epochs(epoch, int(sys.argv[4]), before_mb)))


if __name__ == "__main__":
    main()
