"""A user's own model whose forward pass takes as long as TINY_SECONDS says: to be there when something happens."""

import os
import time

from torch import nn


class TwoLayer(nn.Module):
    """A perceptron with one hidden layer of `width` units."""

    def __init__(self, in_shape, classes, *, width):
        super().__init__()
        inputs = in_shape[0] * in_shape[1] * in_shape[2]
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, classes))

    def forward(self, x):
        time.sleep(float(os.environ.get("TINY_SECONDS", "0")))
        return self.net(x)


def weight_norm(context):
    """Return the L2 norm of the first layer's weights."""
    return [{"value": float(context.model.net[1].weight.detach().norm())}]
