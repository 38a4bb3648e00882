"""What a probe is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from repro.errors import mistake
from repro.recipes import Recipe
from repro.training.feeds import Feed

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class ProbeContext:
    """A net, its data and how it was trained; a probe of a model as built has no data, a computed one no net.

    Attributes:
        device: where the net and the data are, and where to compute.
        options: the probe's own.
        model: the net in evaluation mode, with the moment's weights; a probe that needs training mode sets it.
        in_shape: (C, H, W) of the net's inputs.
        data: the run's images as the net saw them; `first` and `clean` give them without augmentation.
        recipe: of the run.
        seed: of the run.
    """

    device: torch.device
    options: Mapping[str, Any] = field(default_factory=dict)
    model: nn.Module | None = None
    in_shape: tuple[int, int, int] | None = None
    data: Feed | None = None
    recipe: Recipe | None = None
    seed: int | None = None

    def needs_model(self) -> tuple[nn.Module, tuple[int, int, int]]:
        """Return the net and its input shape; raises ReproError where the probe was asked without."""
        if self.model is None or self.in_shape is None:
            raise mistake("probe", "is read from a net: it needs a run or a model")
        return self.model, self.in_shape

    def needs_run(self) -> tuple[nn.Module, Feed, Recipe]:
        """Return net, data and recipe; raises ReproError where the probe was asked without a run."""
        if self.model is None or self.data is None or self.recipe is None:
            raise mistake(
                "probe", "is read from a run: its metric needs moments (`at`), not a model as built"
            )
        return self.model, self.data, self.recipe
