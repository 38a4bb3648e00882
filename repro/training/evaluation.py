"""Clean evaluation: whole sets, no augmentation, evaluation mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.training.feeds import Batch


@torch.inference_mode()
def evaluate(
    model: nn.Module, batches: Iterable[Batch], forward: Callable[[Tensor], Tensor] | None = None
) -> tuple[float, float]:
    """Return error (a fraction) and mean cross-entropy (nats); the net is left in evaluation mode.

    Args:
        model: maps inputs to logits (N, classes).
        batches: inputs (N, C, H, W) and labels (N,).
        forward: computes what `model` does in another way, such as a captured graph.
    """
    model.eval()
    forward = model if forward is None else forward
    wrong: Tensor | float = 0.0
    loss: Tensor | float = 0.0
    images = 0
    for inputs, labels in batches:
        logits = forward(inputs).float()
        # Sums over a whole set in double precision, on the device: nothing is waited for.
        wrong = wrong + (logits.argmax(dim=1) != labels).sum().double()
        loss = loss + F.cross_entropy(logits, labels, reduction="sum").double()
        images += len(labels)
    return float(wrong) / images, float(loss) / images


@torch.inference_mode()
def multi_view_error(model: nn.Module, batches: Iterable[Batch]) -> float:
    """Return the error, a fraction, of softmax outputs averaged over the views of each image.

    AlexNet (NIPS 2012), Sec. 4.1: ten patches, "averaging the predictions made by the network's softmax layer".

    Args:
        model: maps inputs to logits (N, classes); left in evaluation mode.
        batches: inputs (N, V, C, H, W) and labels (N,).
    """
    model.eval()
    wrong: Tensor | float = 0.0
    images = 0
    for inputs, labels in batches:
        count, views = inputs.shape[:2]
        logits = model(inputs.flatten(0, 1).contiguous(memory_format=torch.channels_last)).float()
        averaged = logits.softmax(dim=1).view(count, views, -1).mean(dim=1)
        wrong = wrong + (averaged.argmax(dim=1) != labels).sum().double()
        images += count
    return float(wrong) / images
