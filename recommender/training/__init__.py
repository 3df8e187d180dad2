"""The training engine: one loop for all models, stopping, checkpoints, logs, data-parallel runs."""
