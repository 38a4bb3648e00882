"""What is compared, and on how many seeds, in words: "Ours − SGD", "4 of 5 seeds, seed 3 of SGD declared missing"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from repro.claims import ClaimFile, Expectation
from repro.experiment.estimands import estimands
from repro.recorded.seeds import named
from repro.report.wording.text import plural
from repro.report.wording.words import needs, unit_of

if TYPE_CHECKING:
    from repro.judging.verdicts import PartVerdict


def compared(weights: Mapping[str, float], *, log: bool) -> str:
    """Return a contrast of means in signs: the first less the second, or divided by it on the log scale."""
    names = list(weights)
    if sorted(weights.values()) == [-1.0, 1.0]:
        first, second = sorted(names, key=lambda name: -weights[name])
        return f"{first} {'÷' if log else '−'} {second}"
    if len(names) == 1 and weights[names[0]] == 1.0:
        return names[0]
    terms = (
        f"{'−' if weight < 0 else '+'} {'' if abs(weight) == 1 else f'{abs(weight):.3g} · '}{name}"
        for name, weight in weights.items()
    )
    return " ".join(terms).removeprefix("+ ")


def what_is_judged(file: ClaimFile, name: str) -> str:
    """Say what an expectation compares, and when it holds: which way round, and which way is better."""
    expectation: Expectation = file.expect[name]
    metric = file.metrics[expectation.metric]
    parts = estimands(file, expectation)
    if not parts:
        return f"{name} compares nothing at this scale"
    more = f" (and {plural(len(parts) - 1, 'more comparison')} like it)" if len(parts) > 1 else ""
    what = f"{compared(parts[0].weights, log=parts[0].log)}{more}"
    bar = needs(expectation, unit_of(metric, expectation.kind))
    column = (file.declared_columns or {}).get(metric.of or "")
    better = ""
    if column is not None and metric.kind != "first_reach":
        of = "" if metric.of == expectation.metric else f"{metric.of}: "
        better = f" ({of}{column.better} is better)"
    return f"{name} compares {what} in {expectation.metric}{better}; it holds where that is {bar}"


def runs_a_value(part: PartVerdict) -> int:
    """Return of how many runs each value is made, such as an ensemble's."""
    return part.evidence.runs_a_value if part.evidence is not None else 1


def groups(count: int, runs: int) -> str:
    """Return "5 seeds" or, where a value is made of several runs, "5 groups of 5 seeds"."""
    return plural(count, "seed") if runs == 1 else f"{plural(count, 'group')} of {runs} seeds"


def seeds_that_differ(part: PartVerdict) -> str:
    """Say on how many seeds a comparison rests, where not on the same of each cell, one a value; "" else.

    Of recorded results, which ones they lack as declared.
    """
    if runs_a_value(part) > 1:
        return groups(part.n, runs_a_value(part))
    counts = {address: len(sample.values) for address, sample in part.samples.items()}
    excused = part.evidence.excused if part.evidence is not None else {}
    if excused:
        fewest = min(counts, key=lambda address: counts[address])
        of = counts[fewest] + len(excused.get(fewest, ()))
        lacking = "; ".join(f"{named(seeds)} of {address}" for address, seeds in excused.items())
        return f"{part.n} of {of} seeds, {lacking} declared missing"
    return f"{' and '.join(map(str, counts.values()))} seeds" if len(set(counts.values())) > 1 else ""
