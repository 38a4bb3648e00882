"""The two arms that ours is held against: the loop of the textbooks, and that of somebody who minds speed.

Each trains one net and yields (steps done, seconds since it began) after every epoch's evaluation.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from bench.work import BATCH, NETS, Work, images, recipe
from repro.models import build_model

Marks = Iterator[tuple[int, float]]


class Pictures(Dataset[tuple[Tensor, int]]):
    """Images as torchvision's datasets give them: PIL, transformed one by one."""

    def __init__(self, pixels: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], transform: Any) -> None:
        self.pixels = pixels.transpose(0, 2, 3, 1).squeeze()
        self.labels = labels.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


def net_of(work: Work) -> nn.Module:
    return build_model(NETS[work.nets[0]], work.shape, 10)


def optimiser_of(net: nn.Module, work: Work) -> tuple[torch.optim.SGD, torch.optim.lr_scheduler.MultiStepLR]:
    chosen = recipe(work)
    sgd = torch.optim.SGD(
        net.parameters(), lr=chosen.lr, momentum=chosen.momentum, weight_decay=chosen.weight_decay
    )
    return sgd, torch.optim.lr_scheduler.MultiStepLR(sgd, list(chosen.milestones))


def textbook(work: Work, device: torch.device) -> Marks:
    """Train as popular CIFAR repositories do: a DataLoader of PIL images, eager, the loss read at each step."""
    data, size, channels = images(work), work.shape[1], work.shape[0]
    last = [transforms.ToTensor(), transforms.Normalize([0.5] * channels, [0.25] * channels)]
    augmented = transforms.Compose(
        [transforms.RandomCrop(size, padding=4), transforms.RandomHorizontalFlip(), *last]
    )
    workers = min(4, os.cpu_count() or 1)

    def loader(pixels: Any, labels: Any, transform: Any, shuffle: bool) -> DataLoader[Any]:
        # Workers that stay are to this arm's favour: many repositories start them anew for each epoch.
        return DataLoader(
            Pictures(pixels, labels, transform),
            BATCH,
            shuffle=shuffle,
            num_workers=workers,
            drop_last=shuffle,
            pin_memory=device.type == "cuda",
            persistent_workers=True,
        )

    train = loader(data.train_images, data.train_labels, augmented, True)
    plain = transforms.Compose(last)
    clean = [loader(data.test_images, data.test_labels, plain, False)]
    if not work.end_to_end:
        clean.append(loader(data.train_images, data.train_labels, plain, False))
    net = net_of(work).to(device)
    criterion = nn.CrossEntropyLoss()
    optimiser, scheduler = optimiser_of(net, work)
    began, step = time.perf_counter(), 0
    while step < work.steps:
        net.train()
        loss_sum, correct, total = 0.0, 0, 0
        for batch, labels in train:
            inputs, targets = batch.to(device), labels.to(device)
            optimiser.zero_grad()
            outputs = net(inputs)
            loss = criterion(outputs, targets)
            loss.backward()
            optimiser.step()
            scheduler.step()
            loss_sum += loss.item()
            correct += (outputs.argmax(1) == targets).sum().item()
            total += len(targets)
            step += 1
            if step == work.steps:
                break
        net.eval()
        with torch.no_grad():
            for part in clean:
                for batch, labels in part:
                    outputs = net(batch.to(device))
                    criterion(outputs, labels.to(device)).item()
                    (outputs.argmax(1) == labels.to(device)).sum().item()
        yield step, time.perf_counter() - began


def competent(work: Work, device: torch.device, *, compiles: bool) -> Marks:
    """Train with data on the device, batched augmentation, channels last, bf16 on a GPU, and torch.compile."""
    data = images(work)
    pixels = {
        "train": torch.from_numpy(data.train_images).to(device),
        "test": torch.from_numpy(data.test_images).to(device),
    }
    labels = {
        "train": torch.from_numpy(data.train_labels).to(device),
        "test": torch.from_numpy(data.test_labels).to(device),
    }
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    net = net_of(work).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    forward = (
        torch.compile(net, mode="reduce-overhead" if device.type == "cuda" else None) if compiles else net
    )
    optimiser, scheduler = optimiser_of(net, work)

    def cast() -> Any:
        return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()

    def ready(chosen: Tensor) -> Tensor:
        return ((chosen.float() / 255 - 0.5) / 0.25).contiguous(memory_format=torch.channels_last)

    began, step = time.perf_counter(), 0
    while step < work.steps:
        net.train()
        order = torch.randperm(work.train_images, device=device)
        for part in order.split(BATCH)[: min(work.epoch_steps, work.steps - step)]:
            inputs = ready(cropped(pixels["train"][part]))
            with cast():
                loss = F.cross_entropy(forward(inputs), labels["train"][part])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            scheduler.step()
            step += 1
        net.eval()
        with torch.no_grad(), cast():
            for split in ("test",) if work.end_to_end else ("train", "test"):
                wrong = torch.zeros((), device=device)
                for chosen, wanted in zip(pixels[split].split(500), labels[split].split(500), strict=True):
                    wrong += (net(ready(chosen)).argmax(1) != wanted).sum()
                wrong.item()
        yield step, time.perf_counter() - began


def cropped(batch: Tensor) -> Tensor:
    """Return crops of the padded images, mirrored at random: one gather for the batch."""
    count, _, height, width = batch.shape
    device = batch.device
    padded = F.pad(batch, (4, 4, 4, 4))
    rows = torch.randint(9, (count, 1), device=device) + torch.arange(height, device=device)
    columns = torch.randint(9, (count, 1), device=device) + torch.arange(width, device=device)
    columns = torch.where(torch.rand(count, 1, device=device) < 0.5, columns, columns.flip(1))
    image = torch.arange(count, device=device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[image, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
