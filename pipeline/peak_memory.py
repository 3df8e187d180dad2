"""Measure the peak memory of a piece of work, where the system tells it (Linux)."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_PEAK: Final = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)


def forget_peak() -> None:
    """Let the peak of this process begin at what it holds now."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> int | None:
    """Most megabytes (10⁶ bytes) that this process held since `forget_peak`; None if unknown."""
    with suppress(OSError):
        if found := _PEAK.search(_STATUS.read_text()):
            return int(found[1]) * 1024 // 1_000_000
    return None
