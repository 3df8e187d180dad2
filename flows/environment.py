"""Set default environment variables of Prefect (telemetry, start-up timeout) before its import.

`[tool.prefect]` in pyproject.toml says the same for commands that start in the project's folder;
this is for all other folders. Whatever is set already stays.
"""

from __future__ import annotations

import os

DEFAULTS = {
    # The first start of Prefect's own server creates its database: slow on a busy machine.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # Usage statistics need a network, and nobody has asked for them.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


def prepare() -> None:
    """Set the defaults that are not set yet, in this process and those it starts."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
