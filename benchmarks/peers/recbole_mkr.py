"""Speed of RecBole's MKR; runs in RecBole's environment (see CONTRIBUTING).

    python recbole_mkr.py DATA_FOLDER DIM BATCH

Prints samples/s of its recommendation steps as JSON. The folder holds `ratings_final.txt` and
`kg_final.txt`. In RecBole a batch consists of positives and as many sampled negatives.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch


def write_atomic_files(source: Path, folder: Path) -> None:
    """Write RecBole's `.inter`, `.kg` and `.link` files from the public ones.

    With `validation_final.txt` in the source, also `.train.inter` and `.valid.inter`.
    """
    target = folder / "rows"
    target.mkdir()
    liked = _write_positives(source / "ratings_final.txt", target / "rows.inter")
    if (source / "validation_final.txt").is_file():
        (target / "rows.train.inter").write_text((target / "rows.inter").read_text())
        held_out = _write_positives(source / "validation_final.txt", target / "rows.valid.inter")
        liked = np.concatenate([liked, held_out])
    triples = np.loadtxt(source / "kg_final.txt", dtype=np.int64)
    lines = [f"{h}\t{r}\t{t}\n" for h, r, t in triples]
    (target / "rows.kg").write_text(
        "head_id:token\trelation_id:token\ttail_id:token\n" + "".join(lines)
    )
    lines = [f"{i}\t{i}\n" for i in np.unique(liked)]
    (target / "rows.link").write_text("item_id:token\tentity_id:token\n" + "".join(lines))


def _write_positives(source: Path, target: Path) -> np.ndarray:
    """Write the positives of a file of rows as an `.inter` file; returns their items, [n]."""
    rows = np.loadtxt(source, dtype=np.int64)
    liked = rows[rows[:, 2] == 1]
    lines = [f"{u}\t{i}\n" for u, i, _ in liked]
    target.write_text("user_id:token\titem_id:token\n" + "".join(lines))
    return liked[:, 1]


def main() -> None:
    """Measure passes of about a second each."""
    source, dim, batch = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, init_seed
    from recbole.utils.enum_type import KGDataLoaderState

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        write_atomic_files(source, Path(folder))
        config = Config(
            model="MKR",
            dataset="rows",
            config_dict={
                "data_path": folder,
                "checkpoint_dir": folder,
                "embedding_size": dim,
                "kg_embedding_size": dim,
                "train_batch_size": batch,
                "low_layers_num": 1,
                "high_layers_num": 1,
                "use_gpu": False,
                "state": "ERROR",
                "show_progress": False,
            },
        )
        init_seed(0, True)
        dataset = create_dataset(config)
        train_data, _, _ = data_preparation(config, dataset)
        model = get_model("MKR")(config, train_data._dataset)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    train_data.set_mode(KGDataLoaderState.RS)
    rates, samples, began = [], 0, time.process_time()
    while len(rates) < 4:
        for interaction in train_data:
            optimizer.zero_grad()
            model.calculate_rs_loss(interaction).backward()
            optimizer.step()
            samples += len(interaction)
            now = time.process_time()
            if now - began > 1.0:
                rates.append(samples / (now - began))
                samples, began = 0, now
                if len(rates) == 4:
                    break
    print(json.dumps({"samples_per_second": median(rates[1:])}))


if __name__ == "__main__":
    main()
