"""Which images a step sees: full batches out of an endless stream of permutations of the training set."""

from __future__ import annotations

import torch
from torch import Tensor

from repro.training.counters import random_bits
from repro.training.seeds import stream


class BatchStream:
    """Batch s covers positions [s·b, (s+1)·b) of the epochs' permutations, one after the other.

    Every batch is full, epochs are exact in images, and a batch may straddle two epochs. Any batch can be asked for
    at any time: a resumed run goes on where it was.

    Args:
        images: training images, n.
        batch_size: b.
        seed: the run's.
        device: where the indices are computed and wanted.
    """

    def __init__(self, images: int, batch_size: int, seed: int, device: torch.device) -> None:
        self.images = images
        self.batch_size = batch_size
        self.seed = seed
        self.device = device
        self._epochs: dict[int, Tensor] = {}

    def indices(self, step: int, count: int = 1) -> Tensor:
        """Return the indices of the images of `count` batches from `step` (from 0) on: int64, shape (count·b,)."""
        position, end = step * self.batch_size, (step + count) * self.batch_size
        parts = []
        while position < end:
            epoch, start = divmod(position, self.images)
            stop = min(self.images, start + end - position)
            parts.append(self._permutation(epoch)[start:stop])
            position += stop - start
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _permutation(self, epoch: int) -> Tensor:
        if epoch not in self._epochs:
            keys = random_bits(stream(self.seed, "order", epoch), 0, self.images, self.device)
            self._epochs = {epoch: torch.argsort(keys, stable=True)}
        return self._epochs[epoch]
