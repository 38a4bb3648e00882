"""What masking leaves to be guessed from: He et al., Masked Autoencoders, CVPR 2022, Sec. 1. No net is needed."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from repro.errors import mistake
from repro.probes.context import ProbeContext, Rows

IMAGES = 2_000


def masked_fill_ratio(context: ProbeContext) -> Rows:
    """Return how much worse masked patches are filled from their neighbours at a high masking ratio than at a low one.

    Of the first 2,000 training images, as the net would see them, non-overlapping square patches are masked at random,
    as many of each image as the ratio says (rounded). Each masked patch is filled with the mean of the visible patches
    that are nearest to it, by the distance of their centres, pixel by pixel. The value is the root mean square error
    over masked pixels at `high` over that at `low`; the row holds both. Masks follow from the run's seed.

    Options: `patch`, the side of a patch in pixels, a divisor of the image's; `high` and `low`, the ratios.

    Raises:
        ReproError: not of a run, or an option is out of range.
    """
    _, data, _ = context.needs_run()
    images = data.first(IMAGES)[0]
    side = images.shape[2]
    patch = context.options.get("patch", 4)
    if not isinstance(patch, int) or patch < 1 or side % patch or images.shape[3] != side:
        raise mistake("probe option patch", f"must divide the side of the images, {side}", patch)
    errors = {}
    for name, default in (("high", 0.75), ("low", 0.1)):
        ratio = context.options.get(name, default)
        count = round(float(str(ratio)) * (side // patch) ** 2)
        if not 1 <= count < (side // patch) ** 2:
            raise mistake(f"probe option {name}", "must mask at least one patch, and not all", ratio)
        errors[name] = _fill_error(images, patch, count, context.seed or 0)
    return [{"value": errors["high"] / errors["low"], **errors}]


def _fill_error(images: Tensor, patch: int, masked: int, seed: int) -> float:
    """Return the root mean square error of masked pixels."""
    n, channels, side, _ = images.shape
    across = side // patch
    # (N, patches, values of a patch)
    parts = images.reshape(n, channels, across, patch, across, patch).permute(0, 2, 4, 1, 3, 5)
    patches = parts.reshape(n, across * across, -1).double().cpu()
    rows = torch.arange(across * across)
    centres = torch.stack([rows // across, rows % across], dim=1).double()
    squared = torch.cdist(centres, centres).square().round()
    generator = torch.Generator().manual_seed(seed)
    total = 0.0
    for image in patches:
        order = torch.randperm(across * across, generator=generator)
        hidden, visible = order[:masked], order[masked:]
        distances = squared[hidden][:, visible]
        nearest = (distances == distances.min(dim=1, keepdim=True).values).double()
        filled = nearest @ image[visible] / nearest.sum(dim=1, keepdim=True)
        total += float((filled - image[hidden]).square().sum())
    return math.sqrt(total / (n * masked * patches.shape[2]))
