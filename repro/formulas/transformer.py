"""The Transformer's arithmetic (Vaswani et al., arXiv:1706.03762): positions, dot products, softmax, sizes, costs."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

BASE = 10_000


def shift_deviation(
    *,
    d_model: int = 512,
    positions: int = 200,
    offsets: Sequence[int] = (1, 7, 50),
    argument: Literal["position", "logarithm"] = "position",
) -> float:
    """Return how far PE(pos + k) is from one matrix of k alone applied to PE(pos), at worst (Sec. 3.5).

    The matrix turns each pair of sine and cosine by the angle of k. With `argument` "logarithm" the encoding is of
    ln(1 + pos), which no matrix of k alone shifts.
    """

    def angle(position: float, pair: int) -> float:
        value = position if argument == "position" else math.log1p(position)
        return float(value / BASE ** (2 * pair / d_model))

    worst = 0.0
    for offset in offsets:
        for pair in range(d_model // 2):
            turn = angle(offset, pair)
            sine, cosine = math.sin(turn), math.cos(turn)
            for position in range(positions):
                here, there = angle(position, pair), angle(position + offset, pair)
                shifted = math.sin(here) * cosine + math.cos(here) * sine
                worst = max(worst, abs(shifted - math.sin(there)))
                shifted = math.cos(here) * cosine - math.sin(here) * sine
                worst = max(worst, abs(shifted - math.cos(there)))
    return worst


def wavelength(*, pair: int, d_model: int = 512) -> float:
    """Return the wavelength of a pair of dimensions, in units of 2π; pairs count from 0, negative ones from the end."""
    return float(BASE ** (2 * (pair % (d_model // 2)) / d_model))


def wavelength_steps(*, d_model: int = 512) -> float:
    """Return by how much the ratios of neighbouring wavelengths differ, relative to the first: 0 if geometric."""
    lengths = [wavelength(pair=pair, d_model=d_model) for pair in range(d_model // 2)]
    ratios = [after / before for before, after in itertools.pairwise(lengths)]
    return max(abs(ratio / ratios[0] - 1) for ratio in ratios)


_CHANCES: dict[str, dict[Fraction, int]] = {
    "signs": {Fraction(-1): 1, Fraction(1): 1},
    "skewed": {Fraction(2): 1, Fraction(-1, 2): 4},
}
"""Value of a component → in how many cases, of all of them."""


def dot_product_variance(
    *,
    d_k: int = 64,
    components: Literal["signs", "skewed"] = "signs",
    scaled: bool = False,
    same: bool = False,
) -> float:
    """Return the variance of q·k, from its whole distribution, put together term by term (footnote 4).

    Components are independent, of mean 0 and variance 1: "signs" are ±1; "skewed" ones are 2 in one of five cases, else
    −1/2. `scaled`: divided by √d_k. `same`: k is q.
    """
    chances = _CHANCES[components]
    term: dict[Fraction, int] = {}
    for q, times in chances.items():
        for k, others in ({q: 1} if same else chances).items():
            term[q * k] = term.get(q * k, 0) + times * others
    whole: dict[Fraction, int] = {Fraction(0): 1}
    for _ in range(d_k):
        longer: dict[Fraction, int] = {}
        for value, times in whole.items():
            for more, others in term.items():
                longer[value + more] = longer.get(value + more, 0) + times * others
        whole = longer
    count = sum(whole.values())
    mean = sum(value * times for value, times in whole.items()) / count
    variance = sum((value - mean) ** 2 * times for value, times in whole.items()) / count
    return float(variance / d_k if scaled else variance)


def softmax_slope(*, d_k: int = 64, scaled: bool = False) -> float:
    """Return the slope of a softmax over two keys at the typical difference of their logits.

    Logits are normal with the variance of footnote 4; typical is the median of the absolute difference. The slope is
    p (1 − p), at most 1/4.
    """
    spread = math.sqrt(2 if scaled else 2 * d_k)
    typical = statistics.NormalDist().inv_cdf(0.75) * spread
    p = 1 / (1 + math.exp(-typical))
    return p * (1 - p)


def parameters(
    *,
    layers: int = 6,
    d_model: int = 512,
    d_ff: int = 2048,
    heads: int = 8,
    d_k: int = 64,
    d_v: int = 64,
    vocabulary: int = 37_000,
    embeddings: int = 1,
    biases: bool = True,
) -> int:
    """Return the parameters of encoder and decoder (Sec. 3.1 to 3.4).

    Args:
        layers: of the encoder, and as many of the decoder.
        embeddings: matrices of vocabulary × d_model: one where input, output and softmax share it (Sec. 3.4).
        biases: whether the biases of the feed-forward layers (Eqn. 2) and the gain and bias of normalisation count.
    """
    attention = heads * d_model * (2 * d_k + 2 * d_v)
    feed_forward = 2 * d_model * d_ff + (d_ff + d_model if biases else 0)
    normalisation = 2 * d_model if biases else 0
    encoder = attention + feed_forward + 2 * normalisation
    decoder = 2 * attention + feed_forward + 3 * normalisation
    return layers * (encoder + decoder) + embeddings * vocabulary * d_model


def attention_cost(*, heads: int = 8, d_model: int = 512, length: int = 50) -> int:
    """Return the multiply-adds of multi-head attention on a sequence, of heads of d_model / heads (Sec. 3.2.2)."""
    width = d_model // heads
    projections = 4 * length * d_model * heads * width
    return projections + 2 * heads * length**2 * width


def break_even(*, recurrent: Literal["simple", "lstm"] = "simple", projections: bool = False) -> float:
    """Return the length, in units of d, up to which self-attention takes fewer multiply-adds than recurrence (Sec. 4).

    On n tokens of d numbers, attention takes 2 n² d, with its four projections 4 n d² more; a simple recurrent layer
    2 n d², an LSTM 8 n d². 0: at no length.
    """
    theirs = {"simple": 2, "lstm": 8}[recurrent]
    return max(0.0, (theirs - (4 if projections else 0)) / 2)


def training_cost(*, hours: float, gpus: int = 8, teraflops: float = 9.5) -> float:
    """Return floating point operations: time × GPUs × what a P100 is taken to sustain (Sec. 6.1, footnote 5)."""
    return hours * 3600 * gpus * teraflops * 1e12


def training_hours(*, steps: int, seconds_a_step: float) -> float:
    """Return the hours that so many steps take (Sec. 5.2)."""
    return steps * seconds_a_step / 3600
