"""What `bench.coverage` draws from: noise, what an observer sees of it, and cases of every kind.

Means and sds are on the scale on which the estimator works: logs for ratios. Each region is judged against
its complement, the hardest case: on the edge either decision is wrong in the limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import digamma

from bench.deciding import THE_RULE, Rule
from bench.vectorised import Array, Observed, censor
from repro.stats import Region, slope_weights

Noise = Callable[[np.random.Generator, int, int, int], Sequence[Array]]
Shape = Callable[[np.random.Generator, tuple[int, int]], Array]
Means = tuple[float, ...]
SIZES = ((3,), (5,), (10,), (20,))
LOOKS = ((3, 5, 10), (3, 5))


@dataclass(frozen=True)
class Part:
    """One comparison of an expectation: a contrast, the region that supports it and the one that refutes it.

    Where `against` is None, all that does not support refutes.
    """

    weights: tuple[float, ...]
    supports: Region
    against: Region | None = None

    @property
    def refutes(self) -> Region:
        """The region that refutes."""
        return self.supports.complement() if self.against is None else self.against


@dataclass(frozen=True)
class Case:
    """One kind of expectation on one kind of data.

    `false_support` and `false_refutation` are cell means at which support or refutation is wrong, the likeliest
    to mislead; `power_support` and `power_refutation` are means at which they are right. `guaranteed` marks what
    docs/rule.md promises at 5%; the rest is measured. `rule` is another than the package's for comparison.
    `sizes_of` says how many of the parts each expectation of a claim has, in order; one has all of them if it is empty.
    """

    kind: str
    data: str
    parts: tuple[Part, ...]
    noise: Noise
    false_support: tuple[Means, ...]
    false_refutation: tuple[Means, ...]
    power_support: Means
    power_refutation: Means
    guaranteed: bool = True
    log: bool = False
    paired: bool = False
    sizes_of: tuple[int, ...] = ()
    rule: Rule = THE_RULE
    sizes: tuple[tuple[int, ...], ...] = SIZES
    observe: Callable[[Sequence[Array]], Observed] = field(default=Observed)


def normal(*sds: float, correlation: float = 0.0) -> Noise:
    """Return normal noise, the sds repeated over the cells; `correlation` ties the cells' runs of one seed."""

    def draw(rng: np.random.Generator, experiments: int, n: int, cells: int) -> Sequence[Array]:
        spread = sds * (cells // len(sds))
        joint = np.full((cells, cells), correlation) + np.eye(cells) * (1 - correlation)
        z = np.tensordot(np.linalg.cholesky(joint), rng.standard_normal((cells, experiments, n)), 1)
        return [sd * runs for sd, runs in zip(spread, z, strict=True)]

    return draw


def centred(shape: Shape, *sds: float) -> Noise:
    """Return noise of one shape with mean 0, scaled by `sds`, or alike in all cells."""

    def draw(rng: np.random.Generator, experiments: int, n: int, cells: int) -> Sequence[Array]:
        return [sd * shape(rng, (experiments, n)) for sd in sds or (1.0,) * cells]

    return draw


def lognormal(sigma: float) -> Shape:
    """Return draws of a log-normal with mean 0 and sd 1 whose logs have sd `sigma`."""
    mean = math.exp(sigma**2 / 2)
    sd = mean * math.sqrt(math.expm1(sigma**2))
    return lambda rng, shape: (rng.lognormal(0.0, sigma, shape) - mean) / sd


def student(df: int) -> Shape:
    """Return draws of Student's t with sd 1."""
    return lambda rng, shape: np.asarray(rng.standard_t(df, shape), np.float64) / math.sqrt(df / (df - 2))


def stray(share: float, distance: float) -> Shape:
    """Return normal draws of which a share lies `distance` higher, with mean 0."""
    return lambda rng, shape: (
        rng.standard_normal(shape) + distance * ((rng.random(shape) < share).astype(float) - share)
    )


def diverging(share: float) -> Shape:
    """Return normal draws of which a share diverges: they are infinite."""
    return lambda rng, shape: np.where(rng.random(shape) < share, np.inf, rng.standard_normal(shape))


def as_bad_as_the_worst(values: Sequence[Array]) -> Observed:
    """Return what is seen of errors whose diverged runs, infinite, count as the worst finished run or worse."""
    lost = [np.isinf(v) for v in values]
    worst = [np.where(m, -np.inf, v).max(1, keepdims=True) for v, m in zip(values, lost, strict=True)]
    known = [np.where(np.isfinite(w), w, np.nan) for w in worst]
    return Observed([np.where(m, w, v) for v, w, m in zip(values, known, lost, strict=True)], lost)


def log_gamma(shape_parameter: float) -> Shape:
    """Return logs of gamma draws, with mean 0."""
    return lambda rng, shape: np.log(rng.gamma(shape_parameter, 1.0, shape)) - float(digamma(shape_parameter))


def poisson(mean: float) -> Shape:
    """Return counts less their mean."""
    return lambda rng, shape: rng.poisson(mean, shape).astype(np.float64) - mean


def first_runs(*counts: int) -> Callable[[Sequence[Array]], Observed]:
    """Return an observer to whom only the first `counts` runs of the cells are known (the others failed)."""
    return lambda values: Observed([v[:, :count] for v, count in zip(values, counts, strict=True)])


def ratio_of(values: Sequence[Array]) -> Observed:
    """Return the positive values whose logs were drawn."""
    return Observed([np.exp(v) for v in values])


def rounded(step: float) -> Callable[[Sequence[Array]], Observed]:
    """Return an observer who sees values on a grid."""
    return lambda values: Observed([np.round(v / step) * step for v in values], None, step)


def within_budget(log_budget: float) -> Callable[[Sequence[Array]], Observed]:
    """Return an observer of times, drawn as logs, who stops watching at the budget."""
    return lambda values: censor([np.exp(v) for v in values], math.exp(log_budget))


def line(rise: float) -> Means:
    """Return means on a line over the depths of the residual nets that rises by `rise` in all."""
    return tuple(rise * (depth - 20) / 36 for depth in DEPTHS)


DEPTHS = (20.0, 32.0, 44.0, 56.0)
UP = Region.at_least(0.0)
VALUE = (Part((1.0,), UP),)
DIFFERENCE = (Part((1.0, -1.0), UP),)
GAPS = (Part((1.0, -1.0, -1.0, 1.0), UP),)
SLOPE = (Part(slope_weights(DEPTHS), UP),)
ORDER = (Part((-1.0, 1.0, 0.0), UP), Part((0.0, -1.0, 1.0), UP))
EACH = tuple(Part(tuple(float(i == j) for j in range(4)), UP) for i in range(4))
EACH_DIFFERENCE = tuple(
    Part(tuple((j == 2 * i) - float(j == 2 * i + 1) for j in range(8)), UP) for i in range(4)
)
TWICE = Part((1.0, -1.0), Region.at_least(2.0))
LOG2 = math.log(2.0)


def one(kind: str, data: str, noise: Noise, scale: float) -> Case:
    """Return a case of a single contrast whose first cell sits on the edge at 0, or `scale` away from it."""
    parts = {"value": VALUE, "difference": DIFFERENCE, "gap of gaps": GAPS}[kind.split(",", maxsplit=1)[0]]
    rest = (0.0,) * (len(parts[0].weights) - 1)
    edge = ((0.0, *rest),)
    return Case(kind, data, parts, noise, edge, edge, (scale, *rest), (-scale, *rest))


def ratio(data: str, noise: Noise, scale: float) -> Case:
    """Return a case of a ratio of at least 2, on the edge or a factor e^scale away from it."""
    edge = ((LOG2, 0.0),)
    away, against = (LOG2 + scale, 0.0), (LOG2 - scale, 0.0)
    return Case("ratio", data, (TWICE,), noise, edge, edge, away, against, log=True, observe=ratio_of)


def slope(data: str, noise: Noise, rise: float) -> Case:
    """Return a case of a slope over four depths, flat or rising by `rise` in all."""
    flat = (line(0),)
    return Case("slope over 4", data, SLOPE, noise, flat, flat, line(rise), line(-rise))


def ordering(data: str, sds: tuple[float, float, float]) -> Case:
    """Return a case of three cells in order; wrong support is likeliest where one pair ties."""
    first, second = 2 * math.hypot(*sds[:2]), 2 * math.hypot(*sds[1:])
    far = 10 * max(sds)
    ties = ((0.0, 0.0, far), (0.0, far, far))
    edges = ((0.0, 0.0, 0.0), *ties)
    away, against = (0.0, first, first + second), (0.0, first, first - second)
    return Case("ordering of 3", data, ORDER, normal(*sds), ties, edges, away, against)


def each(data: str, sds: tuple[float, float, float, float]) -> Case:
    """Return a case of four values judged as one statement; for power two sds away from the bar."""
    far = 10 * max(sds)
    short = ((0.0, far, far, far), (far, far, far, 0.0))
    away = tuple(2 * sd for sd in sds)
    against = (*away[:3], -away[3])
    return Case("each of 4", data, EACH, normal(*sds), short, (*short, (0.0,) * 4), away, against)


def each_difference(data: str, first: float, second: float) -> Case:
    """Return a case of four differences judged as one statement."""
    clear, gap = 10 * max(first, second), 2 * math.hypot(first, second)
    short = (0.0, 0.0, *(clear, 0.0) * 3)
    edges = ((0.0,) * 8, short)
    away, against = (gap, 0.0) * 4, (-gap, 0.0, *(gap, 0.0) * 3)
    noise = normal(*(first, second) * 4)
    return Case("each of 4 differences", data, EACH_DIFFERENCE, noise, (short,), edges, away, against)


def equivalence(data: str, noise: Noise, margin: float) -> Case:
    """Return a case of "no difference" within a margin."""
    parts = (Part((1.0, -1.0), Region.within(-margin, margin)),)
    edge = ((margin, 0.0),)
    return Case("within ±margin", data, parts, noise, edge, edge, (0.0, 0.0), (2 * margin, 0.0))


def narrow(data: str, weights: tuple[float, ...], noise: Noise, margin: float) -> Case:
    """Return a case of a two-ended region that is narrow beside the spread, so that either end may pass wrongly.

    Supported within the margin, refuted outside twice the margin; power far away, where it is refuted, and, since
    runs that spread cannot support it, of nothing.
    """
    parts = (Part(weights, Region.within(-margin, margin), Region.outside(-2 * margin, 2 * margin)),)
    rest, far = (0.0,) * (len(weights) - 1), 1e3
    edges = ((margin, *rest), (-margin, *rest))
    inside = ((0.0, *rest), (2 * margin, *rest), (-2 * margin, *rest))
    return Case("narrow within", data, parts, noise, edges, inside, (0.0, *rest), (far, *rest))


def apart(case: Case) -> Case:
    """Return the narrow case with its regions swapped: support lies outside, as for "is of another order"."""
    parts = tuple(Part(part.weights, part.refutes, part.supports) for part in case.parts)
    return replace(
        case,
        kind="narrow outside",
        parts=parts,
        false_support=case.false_refutation,
        false_refutation=case.false_support,
        power_support=case.power_refutation,
        power_refutation=case.power_support,
    )


def each_gap(data: str, sds: tuple[float, float, float, float], parts: int) -> Case:
    """Return a case of many gaps of gaps judged as one statement, all on the edge or all but the first clear."""
    clear, gap = 10 * max(sds), 2 * math.sqrt(math.fsum(sd**2 for sd in sds))
    weights = [(0.0,) * 4 * i + GAPS[0].weights + (0.0,) * 4 * (parts - 1 - i) for i in range(parts)]
    rest = (0.0,) * 3
    short = (0.0, *rest, *(clear, *rest) * (parts - 1))
    edges = ((0.0,) * 4 * parts, short)
    away, against = (gap, *rest) * parts, (-gap, *rest, *(gap, *rest) * (parts - 1))
    noise = normal(*sds * parts)
    return Case(
        f"each of {parts} gaps",
        data,
        tuple(Part(w, UP) for w in weights),
        noise,
        (short,),
        edges,
        away,
        against,
    )


def claim_of_two(case: Case) -> Case:
    """Return the case of a claim that two such expectations decide: either may refute it, both must support it."""
    cells = len(case.power_support)
    none = (0.0,) * cells
    clear = tuple(5 * mean for mean in case.power_support)
    parts = [
        *(replace(part, weights=part.weights + none) for part in case.parts),
        *(replace(part, weights=none + part.weights) for part in case.parts),
    ]
    return replace(
        case,
        kind=f"{case.kind}, claim of 2",
        parts=tuple(parts),
        sizes_of=(len(case.parts),) * 2,
        false_support=tuple(means + clear for means in case.false_support),
        false_refutation=tuple(means * 2 for means in case.false_refutation),
        power_support=case.power_support * 2,
        power_refutation=case.power_support + case.power_refutation,
    )


def watched(case: Case, log_budget: float) -> Case:
    """Return the case with logs of times drawn, and watched up to a budget."""
    return replace(case, observe=within_budget(log_budget), sizes=((3,), (5,), (10,)))
