"""Build a processed data set (graph and ratings) from a recipe: stages, manifest, commands."""
