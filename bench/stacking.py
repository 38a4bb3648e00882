"""Would seeds stacked into one net train faster on a CPU? `python -m bench.stacking`.

Stacked nets share every operator call: convolutions become grouped ones (torch.func.vmap). One thread, interleaved,
medians. It decided against stacking: see the table that it prints.
"""

from __future__ import annotations

import copy
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from repro.models import build_model
from repro.spec import ModelSpec

CASES = [
    # depth, width, size of the maps, batch, seeds; the first is the smoke scale's
    (20, 8, 8, 64, 5),
    (8, 8, 8, 64, 5),
    (20, 16, 8, 128, 4),
    (20, 16, 32, 128, 3),
]
RESULTS = Path(__file__).parent / "results" / "stacking.json"


def steps(
    depth: int, width: int, size: int, batch: int, seeds: int
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return a training step of one net, and of all seeds' nets as one."""
    shape = (3, size, size)
    nets = [
        build_model(ModelSpec("cifar-resnet", 1, {"depth": depth, "width": width}), shape, 10)
        .to(memory_format=torch.channels_last)
        .train()
        for _ in range(seeds)
    ]
    inputs, labels = torch.randn(seeds, batch, *shape), torch.randint(0, 10, (seeds, batch))
    one, first = nets[0], inputs[0].contiguous(memory_format=torch.channels_last)
    alone = torch.optim.SGD(one.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True)

    def solo() -> None:
        alone.zero_grad()
        F.cross_entropy(one(first), labels[0]).backward()
        alone.step()

    parameters, buffers = stack_module_state(nets)  # type: ignore[arg-type]
    bare = copy.deepcopy(one).to("meta")
    together = torch.optim.SGD(
        list(parameters.values()), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True
    )

    def loss(p: dict[str, Tensor], b: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(bare, (p, b), (x,)), y)

    def stacked() -> None:
        together.zero_grad()
        vmap(loss)(parameters, buffers, inputs, labels).sum().backward()
        together.step()

    return solo, stacked


def seconds(step: Callable[[], None], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        step()
    return (time.perf_counter() - started) / times


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    print("depth width size batch seeds   alone ms   stacked ms a net   gain")
    for case in CASES:
        solo, stacked = steps(*case)
        times = 2 if case[2] == 32 else 8
        for step in (solo, stacked):
            seconds(step, 2)
        pairs = [(seconds(solo, times), seconds(stacked, times) / case[-1]) for _ in range(7)]
        alone, shared = (statistics.median(column) for column in zip(*pairs, strict=True))
        gains = sorted(a / b for a, b in pairs)
        rows.append({"case": case, "alone_seconds": alone, "stacked_seconds": shared, "gains": gains})
        depth, width, size, batch, seeds = case
        print(
            f"{depth:5} {width:5} {size:4} {batch:5} {seeds:5} {alone * 1e3:10.1f} {shared * 1e3:18.1f}"
            f"   {statistics.median(gains):.2f} ({gains[0]:.2f} to {gains[-1]:.2f})"
        )
    machine = {"machine": platform.platform(), "torch": torch.__version__}
    RESULTS.write_text(json.dumps({**machine, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
