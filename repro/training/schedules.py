"""The learning rate of each step."""

from __future__ import annotations

import math

from repro.recipes import Recipe


def scheduled_lr(recipe: Recipe, step: int, steps: int) -> float:
    """Return the schedule's learning rate of step `step` (from 0) of `steps`, warm-up aside.

    "step": divided by 10 from each milestone on, a milestone counting the steps done before the drop;
    "cosine": lr/2 (1 + cos(π step/steps)), which reaches 0 after the last step (Loshchilov, Hutter,
    arXiv:1608.03983, one cycle).
    """
    match recipe.schedule:
        case "constant":
            return recipe.lr
        case "step":
            drops = sum(step >= milestone for milestone in recipe.milestones)
            return recipe.lr * 0.1**drops
        case "cosine":
            return recipe.lr / 2 * (1 + math.cos(math.pi * step / max(steps, 1)))


class WarmUp:
    """Holds a lower learning rate until training has caught on.

    ResNet, Sec. 4.2, for 110 layers: "we use 0.01 to warm up the training until the training error is below
    80% (about 400 iterations), and then go back to 0.1". The paper does not say how it measures that error;
    here it is the running error over windows of a tenth of an epoch.

    Args:
        recipe: warm-up is off where its `warmup_lr` is None.
        images: training images.

    Attributes:
        active: whether it goes on.
        steps: iterations done at its rate.
        window: iterations over which its error is counted.
    """

    def __init__(self, recipe: Recipe, images: int) -> None:
        self.lr = recipe.warmup_lr
        self.threshold = recipe.warmup_until_train_error
        self.active = self.lr is not None and self.threshold is not None
        self.steps = 0
        self.window = max(1, math.ceil(images / recipe.batch_size / 10))

    def applied_to(self, scheduled: float) -> float:
        """Return the learning rate to use where the schedule says `scheduled`."""
        return self.lr if self.active and self.lr is not None else scheduled

    def ends_window(self, steps_done: int) -> bool:
        """Whether a running error is due after so many steps."""
        return self.active and steps_done % self.window == 0

    def see(self, running_error: float) -> None:
        """Take the running training error, a fraction, of the window that has ended."""
        if self.threshold is not None and running_error < self.threshold:
            self.active = False
