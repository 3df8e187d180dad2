"""Evaluation of the whole graph, and of each construction stage against gold data."""
