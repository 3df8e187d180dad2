"""The paper's tables and figures from one command: `python -m recommender.experiments all`."""
