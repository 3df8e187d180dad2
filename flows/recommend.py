"""Prefect flow `recommend`: a trained run → one user's list with reasons, or all users' as a file.

    python -m flows.recommend --data data/processed/sample --user 1
    prefect deployment run recommend --param data=data/processed/lastfm --param user=2

Without a user, all users' lists are written to `recommendations.parquet` in the run folder.
"""

# No `from __future__ import annotations` here: see build_kg.py.
import sys
from pathlib import Path
from typing import Annotated

import typer
from prefect import flow, get_run_logger, task

from flows.command import run_flow
from flows.faults import USER_FAULTS, one_line_failure
from flows.names import RECOMMEND
from flows.options import FLOW, SETTINGS, TASK, AddressOption, RunnerOption
from flows.reports import publish_facts, publish_table
from recommender.recommend import RECOMMENDATIONS_FILE, user_of
from recommender.recommendations import recommendations_for, write_recommendations
from recommender.runs import open_run
from safe_io.guard import exit_status
from safe_io.locks import folder_lock

__all__ = ["recommend"]

COLUMNS = ("rank", "name", "probability", "reason")


@task(name="recommend", task_run_name="recommend", tags=["recommender", "recommend"], **TASK)
@one_line_failure
def make_lists(
    data: Path | None, run: Path | None, user: str | None, top: int
) -> list[dict[str, object]]:
    """Recommend to one user and return the rows, or to all users and write a file."""
    folder, trained = open_run(run, data)
    name = trained.dataset.name
    if user is None:
        path = folder / RECOMMENDATIONS_FILE
        with folder_lock(folder, "command"):
            _, n_users = write_recommendations(path, trained.model, trained.split, top)
        facts = {"users": n_users, "items per user": top, "written": path}
        publish_facts(f"{name}-recommend", f"{name}: recommendations for everybody", facts)
        get_run_logger().info("lists of %s users: %s", f"{n_users:,}", path)
        return []
    found = recommendations_for(trained.model, trained.split, [user_of(user, trained)], top)
    rows: list[dict[str, object]] = found.to_table().select(COLUMNS).to_pylist()
    for row in rows:
        get_run_logger().info("%(rank)d. %(name)s: %(reason)s", row)
    publish_table(
        f"{name}-recommend",
        f"{name}: recommendations for user {user}",
        ("", "recommended", "ŷ", "because it …"),
        [list(row.values()) for row in rows],
    )
    return rows


@flow(name=RECOMMEND, **FLOW)
@one_line_failure
def recommend(
    data: Path | None = None,
    run: Path | None = None,
    user: str | None = None,
    top: int = 10,
) -> list[dict[str, object]]:
    """Recommend from a trained run.

    Args:
        data: processed folder; by default the sample's, or with `run` the one it was trained on.
        run: run folder; by default the newest of `data`.
        user: raw id of a user, as in users.tsv; without it, all users.
        top: items per user.
    """
    return make_lists.submit(data, run, user, top).result()


def main(
    data: Annotated[Path | None, typer.Option(help="processed folder")] = None,
    run: Annotated[Path | None, typer.Option(help="run folder (default: the newest)")] = None,
    user: Annotated[str | None, typer.Option(help="raw id of a user (default: all)")] = None,
    top: Annotated[int, typer.Option(min=1, help="items per user")] = 10,
    runner: RunnerOption = SETTINGS.task_runner,
    address: AddressOption = SETTINGS.address,
) -> None:
    """Recommend from a trained run as a Prefect flow."""
    run_flow(recommend, runner, address, data=data, run=run, user=user, top=top)


if __name__ == "__main__":
    sys.exit(exit_status(lambda: typer.run(main), faults=USER_FAULTS))
