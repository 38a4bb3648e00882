"""A user's own model that is in the midst of its training for as long as the file that TINY_HOLD names is there."""

import os
import time
from pathlib import Path

from torch import nn

FREE_PASSES = 5


class TwoLayer(nn.Module):
    """A perceptron with one hidden layer of `width` units."""

    def __init__(self, in_shape, classes, *, width):
        super().__init__()
        self.passes = 0
        inputs = in_shape[0] * in_shape[1] * in_shape[2]
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, classes))

    def forward(self, x):
        self.passes += 1
        # A stop is asked for between two steps.
        if self.passes > FREE_PASSES and Path(os.environ.get("TINY_HOLD", "?")).exists():
            time.sleep(1.0)
        return self.net(x)


def weight_norm(context):
    """Return the L2 norm of the first layer's weights."""
    return [{"value": float(context.model.net[1].weight.detach().norm())}]
