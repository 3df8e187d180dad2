"""Prefect flows around the pipeline and the recommender: wiring, and nothing else.

Nothing outside this package imports Prefect, and this file does not either, so that the settings
below are in place before Prefect reads them.
"""

from flows.environment import prepare

prepare()
