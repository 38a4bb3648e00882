"""Batch normalisation over groups of a batch, as when a batch is spread over several GPUs.

ResNet's CIFAR nets were trained with batch 128 on two GPUs (arXiv:1512.03385, Sec. 4.2), each normalising its
own 64 images (arXiv:1603.05027, appendix).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn


class GroupedBatchNorm2d(nn.BatchNorm2d):
    """nn.BatchNorm2d that normalises each group of `group` consecutive images by itself in training mode.

    Running statistics move once a batch, to the mean over groups of where each group alone would move them.
    Evaluation mode and state are nn.BatchNorm2d's.

    Args:
        like: the layer to take features, settings, parameters and statistics from.
        group: images a group; batches must be whole multiples, or smaller than one group.
    """

    def __init__(self, like: nn.BatchNorm2d, group: int) -> None:
        super().__init__(like.num_features, like.eps, like.momentum, like.affine, like.track_running_stats)
        self.weight, self.bias = like.weight, like.bias
        self.running_mean, self.running_var = like.running_mean, like.running_var
        self.num_batches_tracked = like.num_batches_tracked
        self.group = group

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (N, C, H, W)."""
        if not self.training or len(input) <= self.group:
            return super().forward(input)
        if len(input) % self.group:
            raise ValueError(f"a batch of {len(input)} images does not split into groups of {self.group}")
        parts = torch.split(input, self.group)
        self.num_batches_tracked: Tensor | None
        momentum = 0.0
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            momentum = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        # One after the other the groups move the statistics, each so far that all weigh the same in the end.
        share = momentum / len(parts)
        steps = [share / (1 - share * after) for after in reversed(range(len(parts)))]
        return torch.cat(
            [
                F.batch_norm(
                    part,
                    self.running_mean,
                    self.running_var,
                    self.weight,
                    self.bias,
                    training=True,
                    momentum=step,
                    eps=self.eps,
                )
                for part, step in zip(parts, steps, strict=True)
            ]
        )


def group_batch_norm(model: nn.Module, group: int | None) -> nn.Module:
    """Replace, in place, every nn.BatchNorm2d inside `model` by its grouped counterpart; None changes nothing."""
    if group is None:
        return model
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(parent, name, GroupedBatchNorm2d(child, group))
    return model
