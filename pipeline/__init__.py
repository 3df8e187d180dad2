"""From a recipe to a processed data set: named stages, their artefacts, and the command line."""
