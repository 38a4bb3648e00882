"""How fast the machine is just now: a training step of a small net, on all cores at once. `python -m bench.pace`.

A core that shares its execution units with a neighbour outside this machine loses two fifths of its speed, and no load
average tells: times against an absolute limit are read beside this one.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import median

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows

from repro.models import build_model
from repro.spec import ModelSpec
from repro.startup import cores

SHAPE, BATCH, STEPS = (1, 8, 8), 64, 100
NET = ModelSpec("cifar-plain", 1, {"depth": 32, "width": 8})
"""What the smoke scale spends most of its time on."""


def milliseconds_a_step(environment: Mapping[str, str]) -> float:
    """Return the median time of a step on the slowest core, all cores training a net of their own."""
    command = [sys.executable, "-m", __name__]
    processes = [
        subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE)
        for _ in range(cores.available())
    ]
    return max(float(process.communicate()[0]) for process in processes)


def main() -> None:
    """Print the median time of a step on one core, in milliseconds."""
    torch.set_num_threads(1)
    net = build_model(NET, SHAPE, 10).to(memory_format=torch.channels_last)
    images, labels = torch.randn(BATCH, *SHAPE), torch.randint(0, 10, (BATCH,))
    sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, fused=True)
    taken = []
    for _ in range(STEPS):
        began = time.perf_counter()
        sgd.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        sgd.step()
        taken.append(time.perf_counter() - began)
    print(1_000 * median(taken))


if __name__ == "__main__":
    main()
