"""Which images a step sees: full batches out of an endless stream of permutations of the training set."""

from __future__ import annotations

import torch
from torch import Tensor

from repro.training.seeds import generator


class BatchStream:
    """Batch s covers positions [s·b, (s+1)·b) of the epochs' permutations, one after the other.

    Every batch is full, epochs are exact in images, and a batch may straddle two epochs.

    Args:
        images: training images, n.
        batch_size: b.
        seed: the run's.
        device: where the indices are wanted.
    """

    def __init__(self, images: int, batch_size: int, seed: int, device: torch.device) -> None:
        self.images = images
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self._epochs: dict[int, Tensor] = {}

    def indices(self, step: int) -> Tensor:
        """Return the indices of the images of batch `step` (from 0): int64, shape (b,)."""
        position, end = step * self.batch_size, (step + 1) * self.batch_size
        parts = []
        while position < end:
            epoch, start = divmod(position, self.images)
            stop = min(self.images, start + end - position)
            parts.append(self._permutation(epoch)[start:stop])
            position += stop - start
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _permutation(self, epoch: int) -> Tensor:
        if epoch not in self._epochs:
            order = torch.randperm(self.images, generator=generator(self.seed, "order", epoch))
            self._epochs = {epoch: order.to(self.device)}
        return self._epochs[epoch]
