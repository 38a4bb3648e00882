"""Small pictures in the rows of a probe: what a figure of images draws."""

from __future__ import annotations

import base64

import numpy as np
from torch import Tensor


def as_pixels(image: Tensor) -> dict[str, object]:
    """Return an image or kernel (C, H, W) as "pixels" (base64 of RGB bytes), "height" and "width".

    From its least value, black, to its greatest, white: the input scale of a recipe is undone up to contrast. What has
    neither one channel nor three is shown as the mean over its channels.
    """
    values = image.detach().double().cpu().numpy()
    if len(values) != 3:
        values = np.repeat(values.mean(axis=0, keepdims=True), 3, axis=0)
    low, high = values.min(), values.max()
    scaled = (values - low) / (high - low) if high > low else np.full_like(values, 0.5)
    pixels = np.round(255 * scaled.transpose(1, 2, 0)).astype(np.uint8)
    height, width, _ = pixels.shape
    return {"pixels": base64.b64encode(pixels.tobytes()).decode(), "height": height, "width": width}
