"""Early stopping: end training when the validation metric has not improved for some epochs."""

from __future__ import annotations

from typing import Any

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Tracks the best value (higher is better) and when patience is exhausted.

    Attributes:
        patience: epochs to wait for a better value; 0 means for ever.
        best: best value so far; None before the first.
        best_epoch: its epoch, counted from 1; 0 before the first.
        waited: epochs since then.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best: float | None = None
        self.best_epoch = 0
        self.waited = 0

    def update(self, epoch: int, value: float) -> bool:
        """Record the value of `epoch`; True if it is the best so far. NaN never is."""
        if value == value and (self.best is None or value > self.best):
            self.best, self.best_epoch, self.waited = value, epoch, 0
            return True
        self.waited = epoch - self.best_epoch
        return False

    @property
    def exhausted(self) -> bool:
        """Whether to stop now."""
        return bool(self.patience) and self.waited >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """State for resuming."""
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load a state from `state_dict`."""
        self.best, self.best_epoch = state["best"], state["best_epoch"]
        self.waited = state["waited"]
