"""Set default environment variables of Prefect (telemetry, start-up timeout) before its import.

`[tool.prefect]` in pyproject.toml does the same for commands started in the project's folder; this
is for all other folders. Existing values are kept.
"""

from __future__ import annotations

import os

DEFAULTS = {
    # The first start of Prefect's temporary server creates its database: slow on a busy machine.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # Usage statistics need a network, and are not wanted.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


def prepare() -> None:
    """Set unset defaults, in this process and its children."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
