"""Speed of the public TensorFlow MKR; runs in an environment that has TensorFlow.

    TF_MKR=/path/to/MKR/src python tensorflow_mkr.py DATA_FOLDER DIM BATCH

`TF_MKR` names the `src` folder of https://github.com/hwwang55/MKR, which is imported unmodified.
Prints samples/s of its recommendation steps as JSON.
"""

import json
import os
import sys
import time
from argparse import Namespace
from pathlib import Path
from statistics import median

import numpy as np


def main() -> None:
    """Measure passes of about a second each."""
    source, dim, batch = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    import tensorflow

    tf = tensorflow.compat.v1
    tf.disable_eager_execution()
    sys.modules["tensorflow"] = tf
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    sys.path.insert(0, os.environ["TF_MKR"])
    from model import MKR

    rows = np.loadtxt(source / "ratings_final.txt", dtype=np.int64)
    graph = np.loadtxt(source / "kg_final.txt", dtype=np.int64)
    sizes = rows[:, 0].max() + 1, rows[:, 1].max() + 1, graph.max() + 1, graph[:, 1].max() + 1
    settings = Namespace(
        dim=dim, L=1, H=1, l2_weight=1e-6, lr_rs=1e-3, lr_kge=1e-3, batch_size=batch
    )
    model = MKR(settings, *map(int, sizes))
    one_thread = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    with tf.Session(config=one_thread) as session:
        session.run(tf.global_variables_initializer())
        rates, samples, began = [], 0, time.process_time()
        while len(rates) < 4:
            for start in range(0, len(rows), batch):
                part = rows[start : start + batch]
                model.train_rs(
                    session,
                    {
                        model.user_indices: part[:, 0],
                        model.item_indices: part[:, 1],
                        model.labels: part[:, 2],
                        model.head_indices: part[:, 1],
                    },
                )
                samples += len(part)
                now = time.process_time()
                if now - began > 1.0:
                    rates.append(samples / (now - began))
                    samples, began = 0, now
    print(json.dumps({"samples_per_second": median(rates[1:])}))


if __name__ == "__main__":
    main()
