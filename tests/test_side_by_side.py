"""Nets that share a device: what they take, and who waits for whom."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from repro.execution.memory import DeviceMemory
from repro.models.cifar import resnet
from repro.training.footprint import kept_bytes, training_bytes


def test_kept_bytes_by_hand() -> None:
    """A convolution keeps its input, 3·8·8 floats; ReLU its output, 4·8·8; the linear layer a copy of it, flattened."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 5))
    by_hand = 4 * (3 * 64 + 4 * 64 + 4 * 64 + 5)
    assert by_hand <= kept_bytes(net, (3, 8, 8)) <= 1.1 * by_hand


def test_counting_leaves_the_net_as_it_was() -> None:
    net = resnet((3, 8, 8), 10, depth=8, width=4).eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert training_bytes(net, (3, 8, 8), 128, 60_000) > 60_000 * 192
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not net.training
    assert all(parameter.grad is None for parameter in net.parameters())


def test_deeper_nets_and_larger_batches_take_more() -> None:
    shallow, deep = (resnet((3, 16, 16), 10, depth=depth, width=4) for depth in (8, 20))
    assert kept_bytes(deep, (3, 16, 16)) > 2 * kept_bytes(shallow, (3, 16, 16))
    one, two = (training_bytes(shallow, (3, 16, 16), size, 0) for size in (64, 128))
    assert one < two < 2.1 * one


@pytest.mark.parametrize(("total", "together"), [(100, 3), (70, 2), (30, 1), (10, 1), (math.inf, 6)])
def test_as_many_nets_train_together_as_fit_and_one_always_does(total: float, together: int) -> None:
    memory = DeviceMemory(total)
    inside, most = 0, 0
    guard = threading.Lock()
    gate = threading.Event()

    def net(_: int) -> None:
        nonlocal inside, most
        with memory.reserved(30):
            with guard:
                inside += 1
                most = max(most, inside)
                if inside == together:
                    gate.set()
            assert gate.wait(10)
            with guard:
                inside -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(net, range(6)))
    assert most == together
    assert (memory.nets, memory.taken) == (0, 0)


def test_running_out_lowers_the_budget_and_a_net_alone_gives_up() -> None:
    memory = DeviceMemory(1000)
    with memory.reserved(100), memory.reserved(100), memory.reserved(50):
        assert memory.ran_out()
        assert memory.total == 200
    with memory.reserved(100):
        assert not memory.ran_out()
    assert memory.total == 200


def test_nets_that_disagree_are_never_side_by_side() -> None:
    memory = DeviceMemory(math.inf)
    together: list[set[str]] = []
    inside: list[str] = []
    guard = threading.Lock()

    def net(kind: str) -> None:
        with memory.reserved(1, kind):
            with guard:
                inside.append(kind)
                together.append(set(inside))
            threading.Event().wait(0.01)
            with guard:
                inside.remove(kind)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(net, ["fp32", "fp32", "tf32", "fp32", "tf32", "tf32"]))
    assert all(len(kinds) == 1 for kinds in together)
    assert len(together) == 6


def test_shares_of_the_devices_time_add_up_to_it() -> None:
    """Alone for 10 s, two for 6 s, alone again for 4 s: 10 + 3 and 3 + 4."""
    time = 0.0
    memory = DeviceMemory(100, now=lambda: time)
    first, second = memory.reserved(1), memory.reserved(1)
    one = first.__enter__()
    time = 10.0
    two = second.__enter__()
    time = 16.0
    first.__exit__(None, None, None)
    time = 20.0
    second.__exit__(None, None, None)
    assert (one.device_seconds, two.device_seconds) == (13.0, 7.0)
