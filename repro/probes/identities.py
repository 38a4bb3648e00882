"""Claims that are mathematics: computed, with neither net nor data."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.functional import jacobian

SEEDS = range(5)
IMAGES, CHANNELS, SIZE = 2, 3, 4


def residual_identity() -> float:
    """Return how far the derivative of a residual unit is from the sum rule, over several random units.

    For h(x) = f(g(x)) + g(x), dh/dx = f'(g(x)) g'(x) + g'(x). The left side is automatic differentiation of the
    whole unit; the right side is put together from the Jacobians of f and g, each differentiated alone. Units
    are smooth dense ones and conv + BN ones (batch statistics), in double precision; the value is the largest
    absolute difference relative to the largest entry of the Jacobian: 0 but for rounding.
    """
    worst = 0.0
    with torch.random.fork_rng(devices=[]):
        for seed in SEEDS:
            for make in (_dense, _conv_norm):
                torch.manual_seed(seed)
                f, g = make(), make()
                worst = max(
                    worst, _deviation(f, g, torch.randn(IMAGES, CHANNELS, SIZE, SIZE, dtype=torch.float64))
                )
    return worst


def _deviation(f: nn.Module, g: nn.Module, x: Tensor) -> float:
    def unit(x: Tensor) -> Tensor:
        y = g(x)
        return torch.as_tensor(f(y) + y)

    whole, of_g, of_f = _matrix(unit, x), _matrix(g, x), _matrix(f, g(x).detach())
    return float((whole - (of_f @ of_g + of_g)).abs().max() / whole.abs().max())


def _matrix(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the Jacobian at `x` as a matrix: (entries of the output, entries of `x`)."""
    matrix: Tensor = jacobian(function, x)  # type: ignore[no-untyped-call]  # missing from torch's stubs
    return matrix.reshape(-1, x.numel())


def _dense() -> nn.Module:
    size = CHANNELS * SIZE * SIZE
    shape = (CHANNELS, SIZE, SIZE)
    return nn.Sequential(nn.Flatten(), nn.Linear(size, size), nn.Tanh(), nn.Unflatten(1, shape)).double()


def _conv_norm() -> nn.Module:
    # Softplus for ReLU: the rule needs derivatives everywhere.
    norm = nn.BatchNorm2d(CHANNELS, track_running_stats=False)
    return nn.Sequential(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1), norm, nn.Softplus()).double()
