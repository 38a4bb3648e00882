"""The cases that `bench.coverage` simulates: what docs/rule.md guarantees, and what is measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bench.deciding import UNDIVIDED, UNGUARDED
from bench.truths import (
    LOG2,
    LOOKS,
    UP,
    Case,
    Part,
    apart,
    as_bad_as_the_worst,
    centred,
    claim_of_two,
    diverging,
    each,
    each_difference,
    each_gap,
    equivalence,
    first_runs,
    log_gamma,
    lognormal,
    narrow,
    normal,
    one,
    ordering,
    poisson,
    ratio,
    rounded,
    slope,
    stray,
    student,
    watched,
)
from bench.vectorised import Array, Observed
from repro.stats import Region

SINGLE = (
    one("value", "sd 1", normal(1), 2),
    one("difference", "sd 1, 1", normal(1), 2),
    one("difference", "sd 1, 2", normal(1, 2), 4),
    one("difference", "sd 1, 4", normal(1, 4), 8),
    one("difference", "sd 1, 10", normal(1, 10), 20),
    equivalence("margin 3, sd 1, 1", normal(1), 3),
    equivalence("margin 3, sd 1, 2", normal(1, 2), 3),
    one("gap of gaps", "sd 1 ×4", normal(1), 3),
    one("gap of gaps", "sd 1, 2, 4, 8", normal(1, 2, 4, 8), 16),
    one("gap of gaps", "sd 1, 1, 1, 10", normal(1, 1, 1, 10), 20),
    ratio("log-normal, log sd 0.2, 0.2", normal(0.2), 0.4),
    ratio("log-normal, log sd 0.5, 0.1", normal(0.5, 0.1), 1.0),
    ratio("log-normal, log sd 0.3, 0.1", normal(0.3, 0.1), 0.6),
    slope("sd 1 ×4", normal(1), 3),
    slope("sd 1, 2, 4, 8", normal(1, 2, 4, 8), 20),
    slope("sd 4, 1, 1, 1", normal(4, 1, 1, 1), 10),
    ordering("sd 1 ×3", (1, 1, 1)),
    ordering("sd 1, 3, 10", (1, 3, 10)),
    each("sd 1 ×4", (1, 1, 1, 1)),
    each("sd 1, 2, 4, 8", (1, 2, 4, 8)),
    each_difference("sd 1, 1", 1, 1),
    each_difference("sd 1, 3", 1, 3),
    each_gap("sd 1, 1, 1, 10", (1, 1, 1, 10), 8),
)

MARGINS = (0.001, 0.02, 0.1, 0.5, 1.0)
"""Of two-ended regions, in sds of the cell that spreads most."""

NARROW = (
    *(
        narrow(
            f"margin {margin} sd, sd {first:g}, {second:g}",
            (1.0, -1.0),
            normal(first, second),
            margin * second,
        )
        for margin in MARGINS
        for first, second in ((1.0, 10.0), (1.0, 3.0), (1.0, 1.0))
    ),
    *(
        narrow(
            f"margin {margin} sd, sd 1, 1, 1, 10", (1.0, -1.0, -1.0, 1.0), normal(1, 1, 1, 10), margin * 10
        )
        for margin in MARGINS[1:3]
    ),
    *(narrow(f"margin {margin} sd, sd 1, one cell", (1.0,), normal(1), margin) for margin in MARGINS[1:4]),
)

APART = tuple(apart(case) for case in NARROW[:9])


def _joint(
    kind: str,
    data: str,
    rows: Sequence[Sequence[float]],
    *sds: float,
    correlation: float = 0.0,
    implied: int = 0,
) -> Case:
    """Return a case of many parts at zero: all at the bar, or some of them and the others somewhat beyond.

    The first `implied` rows are sums of others, so that their truths follow.
    """
    parts = tuple(Part(tuple(map(float, row)), UP) for row in rows)
    weights = np.array(rows[implied:], np.float64)
    unit = np.sqrt(weights**2 @ np.resize(np.array(sds), weights.shape[1]) ** 2)

    def means(distances: Sequence[float]) -> tuple[float, ...]:
        """Return cell means that put each part so many sds beyond its bar."""
        solved = np.linalg.lstsq(weights, np.array(distances) * unit, rcond=None)[0]
        return tuple(map(float, solved))

    count = len(weights)
    few = [means([0.0] * half + [beyond] * (count - half)) for half in (1, count // 2) for beyond in BEYOND]
    short = means([0.0] + [10.0] * (count - 1))
    return Case(
        kind,
        data,
        parts,
        normal(*sds, correlation=correlation),
        (short,),
        ((0.0,) * weights.shape[1], short, *dict.fromkeys(few)),
        means([2.0] * count),
        means([2.0] * (count - 1) + [-2.0]),
    )


BEYOND = (0.3, 1.0, 2.0)
"""How far beyond the bar, in sds of single runs, parts lie beside others at it: where a screen may or may not see it.
"""


def _shared(parts: int) -> list[list[float]]:
    return [[-1.0, *(float(i == j) for j in range(parts))] for i in range(parts)]


def _chain(parts: int) -> list[list[float]]:
    return [[float(j == i + 1) - float(j == i) for j in range(parts + 1)] for i in range(parts)]


JOINT = (
    *(_joint(f"{parts} values", "sd 1", np.eye(parts).tolist(), 1) for parts in (2, 4, 8, 12)),
    _joint("12 values", "sd 1, the same nets: correlation 0.9", np.eye(12).tolist(), 1, correlation=0.9),
    _joint("4 values", "sd 1, 15", np.eye(4).tolist(), 1, 15),
    *(_joint(f"{parts} against one arm", "sd 1", _shared(parts), 1) for parts in (2, 4, 12)),
    _joint("4 against one arm", "sd 15, 1 ×4", _shared(4), 15, 1, 1, 1, 1),
    _joint("5 against one arm", "sd 1, 15", _shared(5), 1, 15),
    *(_joint(f"ordering of {parts + 1}", "sd 1", _chain(parts), 1) for parts in (3, 7)),
    _joint("ordering of 4", "sd 1, 15", _chain(3), 1, 15),
    _joint("ordering of 3", "sd 1, 5, 1", _chain(2), 1, 5, 1),
    _joint("ordering of 3", "sd 1, 15, 1", _chain(2), 1, 15, 1),
    _joint("ordering of 8", "sd 1, 5", _chain(7), 1, 5),
)

DEGRADES = (
    # plain deep, plain shallow, residual deep, residual shallow; train errors, then test errors of the plain nets
    (1, -1, -1, 1, 0, 0),
    (0, 0, -1, 1, 0, 0),
    (1, -1, 0, 0, 0, 0),
    (0, 0, 0, 0, 1, -1),
)
"""The four deciding contrasts of "deeper plain nets degrade", which share cells; each is to be positive."""

SHARING = tuple(
    replace(_joint("claim of 4 contrasts", data, DEGRADES, *sds, implied=1), sizes_of=(1,) * 4)
    for data, sds in (("sd 1", (1.0,)), ("sd 3, 1, 1, 1, 15, 1", (3.0, 1.0, 1.0, 1.0, 15.0, 1.0)))
)

UNEQUAL_N = tuple(
    replace(
        one("difference", f"sd {first}, {second}; the first has {runs} runs", normal(first, second), 6),
        observe=first_runs(runs, 99),
        sizes=((5,), (10,), (20,)),
    )
    for runs, first, second in ((3, 1, 1), (3, 3, 1), (3, 1, 3), (2, 1, 1), (2, 3, 1))
)

LOOKED_AT = tuple(replace(case, sizes=LOOKS) for case in SINGLE)

CLAIMS = tuple(
    replace(claim_of_two(case), sizes=LOOKS)
    for case in SINGLE
    if case.kind in {"difference", "ordering of 3"} or case.kind.startswith("each")
)

FEW = ((3,), (5,), (10,))
NARROW_AT = tuple(replace(case, sizes=(*FEW, LOOKS[0])) for case in (*NARROW, *APART))
JOINT_AT = tuple(replace(case, sizes=(*FEW, *LOOKS)) for case in (*JOINT, *SHARING))

GUARANTEED = (*SINGLE, *NARROW_AT, *JOINT_AT, *UNEQUAL_N, *LOOKED_AT, *CLAIMS)


def _arm(delta: float) -> Case:
    """Return a single arm whose mean time is 1 and whose budget lies `delta` sds (of logs) above the bar."""
    data = f"log sd 0.3, budget {delta} sd above the bar"
    centre = -(0.3**2) / 2
    case = replace(
        one("value, censored", data, normal(0.3), 0.6),
        parts=(Part((1.0,), Region.at_least(1.0)),),
        false_support=((centre,),),
        false_refutation=((centre,),),
    )
    return watched(case, 0.3 * delta)


def _race(data: str, sds: tuple[float, float], log_budget: float, scale: float = 0.6) -> Case:
    """Return a ratio of two arms that is 2, the slower one censored now and then."""
    return watched(replace(ratio(data, normal(*sds), scale), kind="ratio, censored"), log_budget)


def _count_images(values: Sequence[Array]) -> Observed:
    return Observed(values, None, 1.0)


def _tied(data: str, sd: float) -> tuple[Case, Case]:
    """Return a value and a difference whose true means are rounded as far as can be, all in one direction."""
    value, difference = one("value, ties", data, normal(sd), 1), one("difference, ties", data, normal(sd), 2)
    low, high = (0.49,), (0.49, -0.49)
    return (
        replace(
            value,
            parts=(Part((1.0,), Region.at_least(0.49)),),
            false_support=(low,),
            false_refutation=(low,),
            observe=rounded(1.0),
        ),
        replace(
            difference,
            parts=(Part((1.0, -1.0), Region.at_least(0.98)),),
            false_support=(high,),
            false_refutation=(high,),
            observe=rounded(1.0),
        ),
    )


SKEW = (
    one("value, skew", "log-normal 0.5 (skewness 1.8)", centred(lognormal(0.5)), 2),
    one("value, skew", "log-normal 1 (skewness 6.2)", centred(lognormal(1.0)), 2),
    one("difference, skew", "log-normal 1, sd 1, 1", centred(lognormal(1.0)), 2),
    one("difference, skew", "log-normal 1, sd 4, 1", centred(lognormal(1.0), 4, 1), 8),
    one("value, heavy tails", "Student t, 3 df", centred(student(3)), 2),
    one("value, stray runs", "1 run in 10 is 10 sd higher", centred(stray(0.1, 10)), 2),
    one(
        "difference, stray runs",
        "1 run in 10 is 10 sd higher, in the first",
        centred(stray(0.1, 10), 1, 0.3),
        2,
    ),
    replace(ratio("gamma (shape 2) times", centred(log_gamma(2.0)), 1.6), kind="ratio, not log-normal"),
)

TIES = (
    *_tied("sd 0.1 step, offset 0.49 step", 0.1),
    *_tied("sd 0.3 step, offset 0.49 step", 0.3),
    *_tied("sd 1 step, offset 0.49 step", 1.0),
    *(
        replace(
            one("value, counts", f"Poisson({mean}), 1 image", centred(poisson(mean)), 3),
            observe=_count_images,
        )
        for mean in (0.3, 1.0, 3.0)
    ),
    *(
        one("value, counts", f"Poisson({mean}), resolution ignored", centred(poisson(mean)), 3)
        for mean in (0.3, 1.0, 3.0)
    ),
)

CENSORED = (
    *(_arm(delta) for delta in (0.0, 0.5, 1.0)),
    *(
        _race(f"log sd 0.3, 0.3; budget {delta:+} sd from the mean", (0.3, 0.3), LOG2 + 0.3 * delta)
        for delta in (-1.0, 0.0, 0.5, 1.0)
    ),
    *(
        _race(f"log sd 0.5, 0.1; budget {delta:+} sd from the mean", (0.5, 0.1), LOG2 + 0.5 * delta)
        for delta in (0.0, 0.5)
    ),
    _race("log sd 0.5, 0.01; budget +0.2 sd from the mean", (0.5, 0.01), LOG2 + 0.1),
    _race("log sd 0.3, 0.3; bar 2, budget at 6, truth 8 for power", (0.3, 0.3), math.log(6), math.log(4)),
)

DIVERGED = (
    *(
        replace(
            one(
                "value, diverged",
                f"1 run in {round(1 / share)} diverges; the others at the bar",
                centred(diverging(share)),
                2,
            ),
            observe=as_bad_as_the_worst,
            sizes=FEW,
        )
        for share in (0.05, 0.25)
    ),
    *(
        replace(
            one(
                "difference, diverged",
                f"1 run in {round(1 / share)} diverges, in both",
                centred(diverging(share)),
                2,
            ),
            observe=as_bad_as_the_worst,
            sizes=FEW,
        )
        for share in (0.05, 0.25)
    ),
    replace(
        one(
            "value, diverged",
            "1 run in 20 diverges, 20 sd worse; the mean of all at the bar",
            centred(diverging(0.05)),
            3,
        ),
        false_support=((-1.0,),),
        false_refutation=((-1.0,),),
        observe=as_bad_as_the_worst,
        sizes=FEW,
    ),
)

SEEDS = (
    one("difference, shared seeds", "correlation 0.8, not declared", normal(1, correlation=0.8), 2),
    replace(
        one("difference, shared seeds", "correlation 0.8, paired", normal(1, correlation=0.8), 2), paired=True
    ),
    one("difference, shared seeds", "correlation −0.5, not declared", normal(1, correlation=-0.5), 2),
    replace(
        one("difference, shared seeds", "correlation −0.5, paired", normal(1, correlation=-0.5), 2),
        paired=True,
    ),
)

WITHOUT = (
    replace(
        one("difference, looks", "sd 1, 1; level not divided by the looks", normal(1), 2),
        rule=UNDIVIDED,
        sizes=(tuple(range(3, 11)), (3, 5, 10)),
    ),
    *(
        replace(case, kind=f"{case.kind}, Welch alone", rule=UNGUARDED)
        for case in (
            NARROW[0],
            each_gap("sd 1, 1, 1, 10", (1, 1, 1, 10), 8),
            *(case for case in UNEQUAL_N if "has 2" in case.data),
        )
    ),
)

MEASURED = tuple(
    replace(case, guaranteed=False) for case in (*SKEW, *TIES, *CENSORED, *DIVERGED, *SEEDS, *WITHOUT)
)
