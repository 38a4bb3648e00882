"""What the first convolution looks for: AlexNet, Fig. 3."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from repro.errors import mistake
from repro.probes.context import ProbeContext, Rows
from repro.probes.pictures import as_pixels


def kernel_peak_share(context: ProbeContext) -> Rows:
    """Return how much of each first-layer kernel's power lies at one spatial frequency, a row each kernel.

    AlexNet, Sec. 6.1, finds kernels that are selective of frequency and orientation, and coloured blobs. Each channel
    of a kernel less its mean is Fourier-transformed; powers are summed over channels and over the two frequencies
    ±(u, v) that are one grating; the value is the largest sum over their total. It is 1 for a grating,
    near 0.2 for random 5×5 kernels of three channels, and NaN for one that is flat. Rows stand in the order of their
    values, the largest first, and hold the kernel as a picture, too (see :func:`repro.probes.pictures.as_pixels`).

    Option `shuffled`: whether the places of each kernel's pixels are shuffled first, alike in all channels.

    Raises:
        ReproError: the net does not begin with a convolution of at least 3×3.
    """
    weights = _first_kernels(context)
    if context.options.get("shuffled"):
        places = torch.randperm(weights[0, 0].numel(), generator=torch.Generator().manual_seed(0))
        weights = weights.flatten(2)[:, :, places.to(weights.device)].view_as(weights)
    kernels = [(peak_share(kernel), kernel) for kernel in weights]
    return [
        {
            "line": 0,
            "caption": f"{share:.0%} of its power at one frequency",
            **as_pixels(kernel),
            "value": share,
        }
        for share, kernel in sorted(kernels, key=lambda pair: -pair[0])
    ]


def peak_share(kernel: Tensor) -> float:
    """Return the largest power of a pair of frequencies ±(u, v) over all powers but that of the mean.

    Args:
        kernel: (C, H, W).
    """
    power = torch.fft.fft2(kernel.double()).abs().square().sum(dim=0)
    power[0, 0] = 0.0
    opposite = power.flip((0, 1)).roll((1, 1), dims=(0, 1))
    height, width = power.shape
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    own = ((-rows) % height == rows) & ((-columns) % width == columns)
    pairs = torch.where(own.to(power.device), power, power + opposite)
    return float(pairs.max() / power.sum())


def kernel_colour_halves(context: ProbeContext) -> Rows:
    """Return how far the first and the last half of the first layer's kernels differ in colour, without the sign.

    AlexNet, Sec. 6.1, finds that the kernels on one GPU ignore colour, and those on the other look for it. A
    kernel's colour is the share of its power that its channels do not have in common: 1 − n |mean channel|² / Σ
    |channel|² of n channels, 0 for a grey kernel. The value is the difference of the halves' means.

    Raises:
        ReproError: the net does not begin with a convolution of at least 3×3.
    """
    weights = _first_kernels(context).double()
    common = weights.mean(dim=1).square().sum(dim=(1, 2)) * weights.shape[1]
    colour = 1 - common / weights.square().sum(dim=(1, 2, 3))
    first, last = colour.split(-(-len(colour) // 2))  # type: ignore[no-untyped-call]
    return [{"value": abs(float(first.mean() - last.mean()))}]


def _first_kernels(context: ProbeContext) -> Tensor:
    model, _ = context.needs_model()
    first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    if first is None or min(first.kernel_size) < 3:
        raise mistake("probe", "reads the first convolution, and the net has none of at least 3×3")
    return first.weight.detach()
