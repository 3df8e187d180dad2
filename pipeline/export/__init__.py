"""Processed folders as the files of other programs: recommenders, embeddings, graph databases."""
