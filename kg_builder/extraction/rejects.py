"""Input that could not be used: where it stood and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reject:
    """One piece of input that was left out."""

    reason: str
    evidence: str
    detail: str = ""
