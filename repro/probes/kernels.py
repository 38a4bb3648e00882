"""What the first convolution looks for: AlexNet, Fig. 3."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from repro.errors import mistake
from repro.probes.context import ProbeContext, Rows
from repro.probes.pictures import as_pixels


def kernel_peak_share(context: ProbeContext) -> Rows:
    """Return how much of each first-layer kernel's power lies at one spatial frequency, a row each kernel.

    AlexNet, Sec. 6.1: "a variety of frequency- and orientation-selective kernels, as well as various colored blobs".
    Each channel of a kernel less its mean is Fourier-transformed; powers are summed over channels and over the two
    frequencies ±(u, v) that are one grating; the value is the largest sum over their total. It is 1 for a grating,
    near 0.2 for random 5×5 kernels of three channels, and NaN for one that is flat. Rows stand in the order of their
    values, the largest first, and hold the kernel as a picture, too (see :func:`repro.probes.pictures.as_pixels`).

    Raises:
        ReproError: the net does not begin with a convolution of at least 3×3.
    """
    model, _ = context.needs_model()
    first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    if first is None or min(first.kernel_size) < 3:
        raise mistake("probe kernel_peak_share", "the net has no first convolution of at least 3×3")
    kernels = [(peak_share(kernel), kernel) for kernel in first.weight.detach()]
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
