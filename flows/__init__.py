"""Prefect flows and tasks that call the pipeline's stages and the recommender's commands.

Nothing outside this package imports Prefect, and this file does not either, so that the settings
below are in place before Prefect reads them.
"""

from flows.environment import prepare

prepare()
