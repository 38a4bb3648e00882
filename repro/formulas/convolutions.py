"""Convolutions on paper: sizes of maps, receptive fields, weights, and what a layer costs."""

from __future__ import annotations

from collections.abc import Sequence


def output_side(*, side: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Return the side of the map that a square convolution makes of a square image; steps that do not fit are cut."""
    return (side + 2 * padding - kernel) // stride + 1


def receptive_field(*, kernels: Sequence[int]) -> int:
    """Return on how many inputs in a row an output of a stack of convolutions of stride 1 depends.

    Counted are the inputs with a gradient: with all weights one, the derivative of one output by the inputs of a
    layer is the derivative by its outputs, convolved with the kernel. VGG, Sec. 2.3.
    """
    gradient = [1]
    for kernel in kernels:
        before = [0] * (len(gradient) + kernel - 1)
        for place, value in enumerate(gradient):
            for step in range(kernel):
                before[place + step] += value
        gradient = before
    return sum(value != 0 for value in gradient)


def stack_weights(*, kernel: int, channels: int, layers: int = 1, biases: bool = False) -> int:
    """Return the weights of `layers` convolutions of kernel × kernel, `channels` maps in and out. VGG, Sec. 2.3."""
    return layers * (kernel**2 * channels**2 + (channels if biases else 0))


def overcount(*, side: int, kernel: int, stride: int = 1, padding: int = 0) -> float:
    """Return how many times too many operations are counted where the input's height × width stand for the output's.

    A convolution multiplies kernel² × channels in × channels out numbers at each place of its *output*.
    """
    return side**2 / output_side(side=side, kernel=kernel, stride=stride, padding=padding) ** 2


def crops(*, image: int, crop: int, mirrored: bool = True) -> int:
    """Return how many different crops of crop × crop an image of image × image has. AlexNet, Sec. 4.1."""
    positions = image - crop + 1
    return positions**2 * (2 if mirrored else 1)
