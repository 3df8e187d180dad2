"""Prefect flows and tasks that call the pipeline's stages and the recommender's commands.

Nothing outside this package imports Prefect. Neither does this file, so that the settings below are
set before Prefect reads them.
"""

from flows.environment import prepare

prepare()
