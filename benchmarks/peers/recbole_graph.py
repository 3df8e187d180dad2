"""Speed of RecBole's KGCN, KGNN-LS and RippleNet; runs in an environment of RecBole's own.

    python recbole_graph.py DATA_FOLDER MODEL SETTINGS_AS_JSON

Prints rows/s of its recommendation steps as JSON, on one thread. The folder holds
`ratings_final.txt` and `kg_final.txt`. RecBole draws its own negatives, one per positive, which
makes the number of rows of an epoch that of the file. Its KGCN and KGNN-LS take pairs of a
positive and a negative: a pair counts as two rows, and a batch holds half as many pairs.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from recbole_mkr import write_atomic_files


def main() -> None:
    """Measure passes over an epoch."""
    source, name, settings = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import InputType, get_model, init_seed

    torch.set_num_threads(1)
    per_entry = 2 if get_model(name).input_type == InputType.PAIRWISE else 1
    settings["train_batch_size"] //= per_entry
    with tempfile.TemporaryDirectory() as folder:
        write_atomic_files(source, Path(folder))
        config = Config(
            model=name,
            dataset="rows",
            config_dict={
                "data_path": folder,
                "checkpoint_dir": folder,
                "eval_args": {"split": {"RS": [1.0, 0.0, 0.0]}, "order": "RO", "mode": "full"},
                "use_gpu": False,
                "state": "ERROR",
                "show_progress": False,
                **settings,
            },
        )
        init_seed(0, True)
        dataset = create_dataset(config)
        train_data, _, _ = data_preparation(config, dataset)
        model = get_model(name)(config, train_data._dataset)
    if hasattr(train_data, "set_mode"):
        from recbole.utils.enum_type import KGDataLoaderState

        train_data.set_mode(KGDataLoaderState.RS)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    rates = []
    for _ in range(4):  # the first is a warm-up
        rows, began = 0, time.process_time()
        for interaction in train_data:
            optimizer.zero_grad()
            model.calculate_loss(interaction).backward()
            optimizer.step()
            rows += per_entry * len(interaction)
        rates.append(rows / (time.process_time() - began))
    print(json.dumps({"rows_per_second": median(rates[1:]), "rows": rows}))


if __name__ == "__main__":
    main()
