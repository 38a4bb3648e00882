"""Clean evaluation: whole sets, no augmentation, evaluation mode."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

IMAGES_AT_ONCE = 500


@torch.inference_mode()
def evaluate(model: nn.Module, inputs: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return error (a fraction) and mean cross-entropy (nats); the net is left in evaluation mode.

    Args:
        model: maps inputs to logits (N, classes).
        inputs: (N, C, H, W).
        labels: int64, (N,).
    """
    model.eval()
    wrong, loss = torch.zeros(2, dtype=torch.float64, device=inputs.device)
    for start in range(0, len(inputs), IMAGES_AT_ONCE):
        part = slice(start, start + IMAGES_AT_ONCE)
        logits = model(inputs[part])
        wrong += (logits.argmax(dim=1) != labels[part]).sum()
        loss += F.cross_entropy(logits, labels[part], reduction="sum")
    return wrong.item() / len(inputs), loss.item() / len(inputs)
