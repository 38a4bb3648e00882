"""The interface by which the training loop saves a run's state and goes on from it; `worker` implements it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Checkpoints(Protocol):
    """The keeper of one run's state.

    A state is tensors and plain data: dicts, lists, numbers, strings, None. It loads without executing code
    (``torch.load(weights_only=True)``), on another device, too.
    """

    def load(self) -> Mapping[str, Any] | None:
        """Return the last good state, or None to start from the beginning."""

    def due(self) -> bool:
        """Tell whether to save now; asked after every step or so, and cheap."""

    def save(self, state: Mapping[str, Any], *, stopped: bool = False) -> None:
        """Keep a state in place of the one before; `stopped` marks one that no more is needed of for now."""

    @property
    def stopping(self) -> bool:
        """Whether the run shall end once its state is saved; `due` says so, too, then."""


class Interrupted(Exception):  # noqa: N818 - no error: the run goes on later
    """A run was asked to stop, and its state is saved.

    Attributes:
        step: steps done.
        steps: steps planned.
    """

    def __init__(self, step: int, steps: int) -> None:
        super().__init__(f"interrupted at step {step:,} of {steps:,}")
        self.step = step
        self.steps = steps


class Stopped(Exception):  # noqa: N818 - no error: the run goes on later, if ever needed
    """A run has come as far as it is needed, and its state is saved.

    Attributes:
        row: the last row of its history.
    """

    def __init__(self, row: Mapping[str, float]) -> None:
        super().__init__(f"stopped after {row['epoch']:g} epochs")
        self.row = row
