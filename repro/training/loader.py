"""Image files → batches of pixels, read ahead by processes of their own.

Order and content follow from the orders given alone: neither how many processes there are nor which of them reads what
makes a difference.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from repro.errors import Problem, ReproError
from repro.training.crops import CROPS, Pixels, cut_out
from repro.training.feeds import Batch

READ_AHEAD = 2
"""Batches that each process has ready or under way."""


@dataclass(frozen=True)
class Order:
    """A batch to be read.

    Attributes:
        files: names, relative to the loader's root.
        crop: one of repro.training.crops.CROPS.
        numbers: a row of uniform numbers an image, as many as the crop takes.
    """

    files: Sequence[str]
    crop: str = "square"
    numbers: Sequence[Sequence[float]] | None = None


class ImageLoader:
    """Reads batches ahead, in the order in which they were ordered; one stream of them at a time.

    Args:
        root: the folder that file names are relative to.
        crop_size: side of the net's inputs.
        device: where batches are wanted; for CUDA they lie in pinned memory.
        processes: that read; 0 reads in this one, when a batch is asked for.
    """

    def __init__(self, root: Path, crop_size: int, device: torch.device, processes: int) -> None:
        self.source = _Source()
        self.turn = 0
        self.loader: DataLoader[Tensor | list[Problem]] = DataLoader(
            _Images(root, crop_size),
            sampler=self.source,
            batch_size=None,
            num_workers=processes,
            persistent_workers=processes > 0,
            prefetch_factor=READ_AHEAD if processes else None,
            pin_memory=device.type == "cuda",
            # Its own, or each new stream would draw from the one that dropout draws from.
            generator=torch.Generator(),
            # A process that trains has threads and a GPU, which a fork does not survive.
            multiprocessing_context="spawn" if processes else None,
            worker_init_fn=_outlive_interrupts,
        )

    def stream(self, orders: Iterable[tuple[Order, Tensor]]) -> Iterator[Batch]:
        """Return an iterator over the batches: uint8 (N, 3, H, W), channels last, and labels, on the CPU.

        It ends the stream before it, whose place it takes.

        Args:
            orders: each with its labels, which stay here; they may go on for ever.

        Raises:
            ReproError: while iterating, files that cannot be read; all of a batch at once.
        """
        self.turn += 1
        return self._read(orders, self.turn)

    def close(self) -> None:
        """Wait for what is under way. A process that ends while it sends a batch aborts, which torch takes ill."""
        for _ in self.stream(()):
            pass

    def _read(self, orders: Iterable[tuple[Order, Tensor]], turn: int) -> Iterator[Batch]:
        under_way: deque[Tensor] = deque()
        self.source.orders = _remembered(orders, under_way)
        for pixels in self.loader:
            if isinstance(pixels, list):
                raise ReproError(*pixels)
            yield pixels, under_way.popleft()
            assert turn == self.turn, "another stream has begun"


def _outlive_interrupts(process: int) -> None:
    """Leave Ctrl-C, which every process of a terminal gets, to the one that trains: it has a state to save."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _remembered(orders: Iterable[tuple[Order, Tensor]], under_way: deque[Tensor]) -> Iterator[Order]:
    for order, labels in orders:
        under_way.append(labels)
        yield order


class _Source:
    """What the DataLoader takes its orders from: another iterator for each stream."""

    orders: Iterator[Order] = iter(())

    def __iter__(self) -> Iterator[Order]:
        return self.orders


class _Images(Dataset[Tensor | list[Problem]]):
    """Carries out orders, in whatever process."""

    def __init__(self, root: Path, crop_size: int) -> None:
        self.root = root
        self.crop_size = crop_size

    def __getitem__(self, order: Order) -> Tensor | list[Problem]:
        """Return pixels, or what is wrong with the files: exceptions lose their kind between processes."""
        rows = [()] * len(order.files) if order.numbers is None else order.numbers
        read: list[Pixels] = []
        problems = []
        for file, numbers in zip(order.files, rows, strict=True):
            path = self.root / file
            try:
                read.append(cut_out(path, CROPS[order.crop], self.crop_size, numbers))
            except Exception as error:
                what = f"cannot be read as an image: {type(error).__name__}: {error}"
                hint = "restore the file from where it came; none is skipped"
                problems.append(Problem(str(path), what, None, hint))
        return problems or torch.from_numpy(np.stack(read)).permute(0, 3, 1, 2)
