"""Training engine for all models: loop, early stopping, checkpoints, logs, data parallelism."""
