"""Work that is shared, and work that is done alone: what threads see of each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from repro.training.device_use import DeviceUse

SECONDS = 30
"""As long as a thread may take until it is where it is waited for."""


@pytest.fixture
def use() -> DeviceUse:
    return DeviceUse()


def begun(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_the_device_is_had_alone_once_everybody_has_left_it(use: DeviceUse) -> None:
    at_work, may_end, alone = threading.Event(), threading.Event(), threading.Event()

    def shares() -> None:
        with use.shared():
            at_work.set()
            assert may_end.wait(SECONDS)

    def captures() -> None:
        with use.alone():
            alone.set()

    first = begun(shares)
    assert at_work.wait(SECONDS)
    second = begun(captures)
    assert not alone.wait(0.05)
    may_end.set()
    assert alone.wait(SECONDS)
    for thread in (first, second):
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_who_shares_the_device_makes_way_and_goes_on(use: DeviceUse) -> None:
    """Two nets at work: one captures as soon as the other makes way, although neither ends."""
    story: list[str] = []
    at_work, captured = threading.Event(), threading.Event()

    def steps() -> None:
        with use.shared():
            at_work.set()
            while not captured.is_set():
                use.make_way()
            story.append("goes on")

    def captures() -> None:
        with use.shared():
            assert at_work.wait(SECONDS)
            with use.alone():
                story.append("captured")
                captured.set()

    threads = [begun(steps), begun(captures)]
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert story == ["captured", "goes on"]


def test_many_nets_that_capture_and_work_never_meet_in_a_capture(use: DeviceUse) -> None:
    """Eight threads, each at work and capturing over and over: a capture sees nobody else inside."""
    at_work = 0
    captures = 0
    guard = threading.Lock()

    def net(_: int) -> None:
        nonlocal at_work, captures
        with use.shared():
            for _ in range(50):
                with guard:
                    at_work += 1
                with guard:
                    at_work -= 1
                use.make_way()
                with use.alone():
                    assert at_work == 0
                    captures += 1  # unguarded: nobody else is here

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(net, range(8)))
    assert captures == 400


def test_a_capture_that_fails_gives_the_device_back(use: DeviceUse) -> None:
    with pytest.raises(ValueError, match="broken"), use.shared(), use.alone():
        raise ValueError("broken")
    with ThreadPoolExecutor(1) as other, use.left():
        assert other.submit(lambda: use.shared().__enter__() is None).result(SECONDS)
