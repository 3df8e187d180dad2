"""FastAPI dependencies: the settings, and the snapshot that answers a request."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from kg_builder.errors import DataError
from service.explorer import Explorer
from service.settings import Settings
from service.snapshot import Shelf, Snapshot

__all__ = ["CurrentExplorer", "CurrentSnapshot", "NotReadyError", "settings_of", "shelf_of"]


class NotReadyError(Exception):
    """No snapshot is loaded yet."""


def shelf_of(request: Request) -> Shelf:
    """The shelf with the snapshot."""
    return cast(Shelf, request.app.state.shelf)


def settings_of(request: Request) -> Settings:
    """The service's settings."""
    return cast(Settings, request.app.state.settings)


async def _snapshot(request: Request) -> Snapshot:
    found = shelf_of(request).snapshot
    if found is None:
        raise NotReadyError
    found.note_request()
    return found


async def _explorer(snapshot: CurrentSnapshot) -> Explorer:
    if snapshot.explorer is None:
        raise DataError(
            "no graph is being served",
            where=snapshot.data.name,
            remedy="build it with python -m pipeline build",
        )
    return snapshot.explorer


CurrentSnapshot = Annotated[Snapshot, Depends(_snapshot)]
"""The snapshot used throughout a request."""

CurrentExplorer = Annotated[Explorer, Depends(_explorer)]
"""Its graph."""
