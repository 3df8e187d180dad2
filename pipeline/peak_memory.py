"""Measure the peak memory of a piece of work, where the system reports it (Linux)."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_PEAK: Final = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)


def forget_peak() -> None:
    """Reset the peak of this process to its current memory."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> int | None:
    """Peak memory of this process since `forget_peak`, in megabytes (10⁶ bytes), or None."""
    with suppress(OSError):
        if found := _PEAK.search(_STATUS.read_text()):
            return int(found[1]) * 1024 // 1_000_000
    return None
