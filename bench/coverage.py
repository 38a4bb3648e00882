"""How often the rule (docs/rule.md) is wrong, and how often it decides: simulated verdicts on known truths.

    python -m bench.coverage [--reps 20000] [--markdown FILE] [--json FILE]

False support and false refutation are counted at the edge of the region; on the edge either is wrong.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from bench.cases import GUARANTEED, MEASURED
from bench.deciding import OLD_RULE, THE_RULE
from bench.shapes import SHAPES
from bench.truths import LOOKS, Case, Means
from bench.vectorised import Array, Contrasts, Mask, Observed, agreement, inside
from repro.stats import (
    SCREEN,
    Region,
    Sample,
    best_of_interval,
    detectable_difference,
    prediction_interval,
)

ALPHA = 0.05
SEED = 20151210  # arXiv:1512.03385 was submitted on this day; any fixed number would do


@dataclass(frozen=True)
class Row:
    """Measured rates of one case with one schedule of seeds, as fractions of `reps`."""

    kind: str
    data: str
    n: tuple[int, ...]
    guaranteed: bool
    false_support: float
    false_refutation: float
    power_support: float
    power_refutation: float
    reps: int

    @property
    def holds(self) -> bool:
        """Whether both error rates are at most 5%, beyond Monte-Carlo error."""
        return promised((self.false_support, self.false_refutation), self.reps)


@dataclass(frozen=True)
class Planned:
    """Power planned (80%) for what a statement says of differences, against the power simulated at that distance."""

    statement: str
    sds: tuple[float, float]
    n: int
    distance: float
    power: float


@dataclass(frozen=True)
class Compared:
    """What one rule decides of the shape of a shipped claim: after each look, and the seeds that it takes."""

    claim: str
    truth: str
    rule: str
    n: tuple[int, ...]
    decided: tuple[float, ...]
    seeds: float


@dataclass(frozen=True)
class Compatibility:
    """How often the interval that shows whether a paper's number is compatible covers such a number."""

    number: str
    n: int
    coverage: float


def monte_carlo_error(reps: int) -> float:
    """Return three standard errors of a rate of 5%."""
    return 3 * math.sqrt(ALPHA * (1 - ALPHA) / reps)


def promised(rates: tuple[float, float], reps: int) -> bool:
    """Tell whether both error rates are at most 5%, beyond Monte-Carlo error."""
    return max(rates) <= ALPHA + monte_carlo_error(reps)


def verdicts(case: Case, means: Means, sizes: tuple[int, ...], reps: int, rng: np.random.Generator) -> Array:
    """Return +1 (supported), −1 (refuted) or 0 for each experiment; the first decisive look counts."""
    return looked(case, means, sizes, reps, rng)[-1]


def looked(
    case: Case, means: Means, sizes: tuple[int, ...], reps: int, rng: np.random.Generator
) -> list[Array]:
    """Return the verdicts as they stand after each look."""
    noise = case.noise(rng, reps, max(sizes), len(means))
    drawn = [mean + runs for mean, runs in zip(means, noise, strict=True)]
    result = np.zeros(reps)
    after = []
    for n, share in zip(sizes, case.rule.looks(ALPHA, sizes), strict=True):
        cells = case.observe([values[:, :n] for values in drawn])

        contrasts = [
            Contrasts.of(cells, part.weights, log=case.log, paired=case.paired) for part in case.parts
        ]

        def held(contrast: Contrasts, level: float | Array, region: Region, either: bool = False) -> Mask:
            either = either or len(region.pieces) > 1
            return inside(region, *contrast.ends(level, either_side=either, guard=case.rule.guard))

        parts = list(zip(contrasts, case.parts, strict=True))
        supported = np.ones(reps, dtype=np.bool_)
        for contrast, part in parts:
            supported &= held(contrast, 1 - share, part.supports)
        clear = [held(contrast, 1 - SCREEN, part.refutes.complement()) for contrast, part in parts]
        refuted = np.zeros(reps, dtype=np.bool_)
        both = case.rule.opposed([part.weights for part in case.parts])
        shares = case.rule.shares(share, clear, case.sizes_of or (len(case.parts),))
        for (contrast, part), own, either in zip(parts, shares, both, strict=True):
            refuted |= held(contrast, 1 - np.where(own > 0, own, share), part.refutes, either) & (own > 0)
        look = supported.astype(float) - refuted
        result = np.where(result == 0, look, result)
        after.append(result)
    return after


def errors(case: Case, sizes: tuple[int, ...], reps: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the rates of false support and of false refutation; the worst of several edges counts."""
    return (
        max(_rate(1, case, means, sizes, reps, rng) for means in case.false_support),
        max(_rate(-1, case, means, sizes, reps, rng) for means in case.false_refutation),
    )


def _rate(
    sign: int, case: Case, means: Means, sizes: tuple[int, ...], reps: int, rng: np.random.Generator
) -> float:
    return float(np.mean(verdicts(case, means, sizes, reps, rng) == sign))


def measure(cases: Iterable[Case], reps: int, rng: np.random.Generator) -> Iterator[Row]:
    """Simulate every case with every schedule of seeds."""
    for case in cases:
        for sizes in case.sizes:
            false_support, false_refutation = errors(case, sizes, reps, rng)
            yield Row(
                kind=case.kind,
                data=case.data,
                n=sizes,
                guaranteed=case.guaranteed,
                false_support=false_support,
                false_refutation=false_refutation,
                power_support=_rate(1, case, case.power_support, sizes, reps, rng),
                power_refutation=_rate(-1, case, case.power_refutation, sizes, reps, rng),
                reps=reps,
            )


def measure_rules(reps: int, rng: np.random.Generator) -> Iterator[Compared]:
    """Simulate the shapes of the shipped claims by the rule and by the one that it replaced."""
    for shape in SHAPES:
        for sizes in LOOKS:
            for truth, means, sign in (
                ("holds", shape.power_support, 1),
                ("one part is false", shape.power_refutation, -1),
            ):
                for name, rule in (("old", OLD_RULE), ("new", THE_RULE)):
                    after = looked(replace(shape, rule=rule), means, sizes, reps, rng)
                    open_ = [1.0, *(float(np.mean(result == 0)) for result in after[:-1])]
                    steps = [sizes[0], *(b - a for a, b in itertools.pairwise(sizes))]
                    yield Compared(
                        shape.kind,
                        truth,
                        name,
                        sizes,
                        tuple(float(np.mean(result == sign)) for result in after),
                        math.fsum(step * share for step, share in zip(steps, open_, strict=True)),
                    )


def measure_planned(reps: int, rng: np.random.Generator) -> Iterator[Planned]:
    """Simulate differences at the distance that is promised to decide in 80%: one, one between two ends, eight."""
    for sds in ((1.0, 1.0), (1.0, 2.0), (1.0, 4.0), (1.0, 10.0)):
        for n in (3, 5, 10, 20):
            alone = detectable_difference(sds, (1, -1), n, level=1 - ALPHA)
            width = 2.8 * alone
            between = detectable_difference(sds, (1, -1), n, level=1 - ALPHA, width=width)
            eighth = detectable_difference(sds, (1, -1), n, level=1 - ALPHA, power=0.8 ** (1 / 8))

            def ends(distance: float, sds: Sequence[float] = sds, n: int = n) -> tuple[Array, Array]:
                first, second = (sd * rng.standard_normal((reps, n)) for sd in sds)
                return Contrasts.of(Observed([first + distance, second]), (1, -1)).ends(1 - ALPHA)

            yield Planned("at least", sds, n, alone, float(np.mean(ends(alone)[0] >= 0)))
            low, high = ends(between)
            yield Planned("within", sds, n, between, float(np.mean((low >= 0) & (high <= width))))
            eight = np.all([ends(eighth)[0] >= 0 for _ in range(8)], axis=0)
            yield Planned("each of 8", sds, n, eighth, float(np.mean(eight)))


def measure_compatibility(reps: int, rng: np.random.Generator) -> Iterator[Compatibility]:
    """Simulate a paper's number from the same distribution as our runs."""
    for n in (3, 5, 10):
        ours = rng.standard_normal((reps, n))
        samples = [Sample(tuple(runs)) for runs in ours.tolist()]
        theirs = rng.standard_normal((reps, 5))
        for number, truth, intervals in (
            ("one run", theirs[:, 0], [prediction_interval(s, level=0.95) for s in samples]),
            ("mean of 5", theirs.mean(1), [prediction_interval(s, level=0.95, m=5) for s in samples]),
            ("best of 5", theirs.min(1), [best_of_interval(s, 5, 0.95) for s in samples]),
        ):
            inside_them = [i.low <= t <= i.high for i, t in zip(intervals, truth, strict=True)]
            yield Compatibility(number, n, float(np.mean(inside_them)))


def markdown(
    rows: list[Row],
    rules: list[Compared],
    planned: list[Planned],
    compatible: list[Compatibility],
    reps: int,
) -> str:
    """Return the document that is committed."""
    lines = [
        "# How often the rule is wrong",
        "",
        f"Measured by `python -m bench.coverage`: {reps:,} simulated experiments a rate (seed {SEED}), α = 5%.",
        "",
        "False support and false refutation: the share of experiments that decide although the truth lies on the",
        "edge of the region, where either is wrong; of several edges the worst counts. Bold: above 5% beyond",
        "Monte-Carlo error. Power: the share that decides rightly at the distance given in `bench/cases.py` and",
        "`bench/truths.py`, mostly two sds. n: runs a cell; 3 → 5 → 10 are looks, which share α in proportion to",
        "their n. Sds are of single runs, one per cell. The rule and its guarantee: `docs/rule.md`.",
        "",
        f"One standard error of a rate of 2.5% is {100 * math.sqrt(0.025 * 0.975 / reps):.2f} points.",
        "",
        "## Guaranteed: at most 5% (normal data, log-normal for ratios)",
        "",
        _worst([row for row in rows if row.guaranteed]),
        "",
        *_table([row for row in rows if row.guaranteed]),
        "",
        "## Measured, not guaranteed",
        "",
        *_table([row for row in rows if not row.guaranteed]),
        "",
        "## The rule and the one that it replaced, on the shapes of the shipped claims",
        "",
        "The share decided rightly after each look, and the seeds that it takes (truths: `bench/shapes.py`).",
        "The old rule: equal shares for all looks and comparisons, Banerjee's bound everywhere.",
        "",
        "| claim | truth | looks | old: decided % | seeds | new: decided % | seeds |",
        "|---|---|---|---|---|---|---|",
        *(_side_by_side(old, new) for old, new in zip(rules[::2], rules[1::2], strict=True)),
        "",
        "## Planned power (80%) and power simulated",
        "",
        "Differences of two cells at the distance that `detectable_difference` gives: beyond one bar, between the ends",
        "of a region 2.8 times as wide as that, and eight differences that must all be decided.",
        "",
        "| statement | sds | n | distance | power % |",
        "|---|---|---|---|---|",
        *(
            f"| {p.statement} | {p.sds[0]:g}, {p.sds[1]:g} | {p.n} | {p.distance:.2f} | {100 * p.power:.1f} |"
            for p in planned
        ),
        "",
        "## Compatibility with a paper's number (shown, never decides): coverage of 95% intervals",
        "",
        "| the paper's number | our n | coverage % |",
        "|---|---|---|",
        *(f"| {c.number} | {c.n} | {100 * c.coverage:.1f} |" for c in compatible),
        "",
    ]
    return "\n".join(lines)


def _side_by_side(old: Compared, new: Compared) -> str:
    looks = " → ".join(map(str, old.n))
    cells = [old.claim, old.truth, looks]
    for one in (old, new):
        cells += [" → ".join(f"{100 * rate:.0f}" for rate in one.decided), f"{one.seeds:.1f}"]
    return f"| {' | '.join(cells)} |"


def _worst(rows: list[Row]) -> str:
    worst = max(rows, key=lambda row: max(row.false_support, row.false_refutation))
    rate = max(worst.false_support, worst.false_refutation)
    n = " → ".join(map(str, worst.n))
    return f"The highest of these {2 * len(rows)} rates is {100 * rate:.2f}%: {worst.kind}, {worst.data}, n = {n}."


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| kind | data | n | false support % | false refutation % | power: support % | refute % |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        cells = [row.kind, row.data, " → ".join(map(str, row.n))]
        for rate in (row.false_support, row.false_refutation):
            mark = "**" if rate > ALPHA + monte_carlo_error(row.reps) else ""
            cells.append(f"{mark}{100 * rate:.2f}{mark}")
        cells += [f"{100 * rate:.0f}" for rate in (row.power_support, row.power_refutation)]
        yield f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table; 1 if a guaranteed rate is exceeded or the two implementations differ."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.coverage", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--reps", type=int, default=20_000, help="simulated experiments a rate (default 20000)"
    )
    parser.add_argument("--markdown", type=Path, help="also write the table here")
    parser.add_argument("--json", type=Path, help="also write the rates here")
    options = parser.parse_args()
    start = time.perf_counter()
    rng = np.random.default_rng(SEED)
    difference = agreement(rng, 2000)
    rows = list(measure((*GUARANTEED, *MEASURED), options.reps, rng))
    rules = list(measure_rules(options.reps, rng))
    planned = list(measure_planned(options.reps, rng))
    compatible = list(measure_compatibility(options.reps, rng))
    text = markdown(rows, rules, planned, compatible, options.reps)
    print(text)
    if options.markdown:
        options.markdown.write_text(text)
    if options.json:
        document = {
            "reps": options.reps,
            "seed": SEED,
            "verdicts": [asdict(row) for row in rows],
            "rules": [asdict(row) for row in rules],
            "power": [asdict(row) for row in planned],
            "compatibility": [asdict(row) for row in compatible],
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    broken = [row for row in rows if row.guaranteed and not row.holds]
    print(f"implementations differ by {difference:.1e}; {time.perf_counter() - start:.0f} s", file=sys.stderr)
    for row in broken:
        print(f"guarantee broken: {row}", file=sys.stderr)
    return 1 if broken or difference > 1e-9 else 0


if __name__ == "__main__":
    raise SystemExit(main())
