"""The devices that workers of this machine compute on, as far as a parent without torch knows them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from repro.errors import mistake

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The environment variable by which a process sees some GPUs of a machine and no others."""


@dataclass(frozen=True)
class Place:
    """Where one worker computes.

    Attributes:
        device: "auto", or what torch calls it.
        environment: what keeps other devices out of its sight.
    """

    device: str
    environment: Mapping[str, str] = field(default_factory=dict)


def named(device: str) -> list[Place] | None:
    """Return a place for each GPU of "cuda:0,3"; None where the device names none by number.

    Raises:
        ReproError: a number that is not visible, or is named twice.
    """
    match = re.fullmatch(r"cuda:(\d+(?:,\d+)*)", device)
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split(",")]
    if len(set(numbers)) < len(numbers):
        raise mistake("--device", "names a GPU twice", device, "name each once")
    return [_alone(number, device) for number in numbers]


def others(count: int) -> Sequence[Place]:
    """Return the places of all GPUs but the first, of so many that a worker sees which none was named to."""
    return [_alone(number, "cuda") for number in range(1, count)]


def _alone(number: int, device: str) -> Place:
    """Return the place whose worker sees one GPU, by its number among those that this process sees."""
    given = os.environ.get(VISIBLE)
    visible = given.split(",") if given else None
    if visible is None:
        return Place("cuda", {VISIBLE: str(number)})
    if number >= len(visible):
        what = f"there is no GPU {number}: {VISIBLE} is {given}, of which the first is number 0"
        raise mistake("--device", what, device, "name GPUs by their numbers among those that are visible")
    return Place("cuda", {VISIBLE: visible[number].strip()})
