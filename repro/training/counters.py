"""A counter-based generator: random bits as a function of (key, step, index), computed on any device.

SplitMix64's finaliser (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014) over a Weyl
sequence. Integer arithmetic alone, so every device gives the same bits, whatever else runs there; the step may be a
tensor on the device, so that a captured graph reads it anew at each replay.
"""

from __future__ import annotations

import torch
from torch import Tensor

STEP_BITS = 24
"""A step may draw so many bits' worth of numbers: 16.7 million."""

_GAMMA, _MIX_1, _MIX_2 = (
    value - 2**64 for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def random_bits(key: int, steps: int | Tensor, count: int, device: torch.device) -> Tensor:
    """Return 63 random bits for each index of 0 to count − 1: int64, none negative, shape (count,) or (k, count).

    Args:
        key: the stream, of 0 to 2⁶³ − 1; see :func:`repro.training.seeds.stream`.
        steps: from 0; one number, or an int64 tensor of k numbers on `device`.
        count: at most 2²⁴.
        device: where to compute.
    """
    first = steps * (1 << STEP_BITS)
    counter = torch.arange(count, device=device) + (first if isinstance(first, int) else first[:, None])
    # int64 wraps around, as unsigned arithmetic modulo 2⁶⁴ does.
    bits = (counter + 1) * _GAMMA + key
    bits = (bits ^ _shifted(bits, 30)) * _MIX_1
    bits = (bits ^ _shifted(bits, 27)) * _MIX_2
    return _shifted(bits ^ _shifted(bits, 31), 1)


def uniform(bits: Tensor) -> Tensor:
    """Return numbers of 0 to 1, 1 left out, from :func:`random_bits`: float64, of the same shape."""
    return (bits >> 10).double() * 2.0**-53


def _shifted(bits: Tensor, by: int) -> Tensor:
    """Shift right with zeros coming in; torch shifts int64 with its sign."""
    return (bits >> by) & ((1 << (64 - by)) - 1)
