"""Reproduce tables and figures of the MMSS_MKR paper: `python -m recommender.experiments all`."""
