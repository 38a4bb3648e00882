"""The judge alone, on numbers of one's own: the rule of docs/rule.md, at one look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from repro.api.as_html import chip, paragraph
from repro.claims.schema_expectations import Bounds
from repro.claims.toml import validated
from repro.errors import Problem, ReproError, mistake
from repro.report.wording.compared import compared
from repro.report.wording.text import plural
from repro.report.wording.words import number, region_in_words
from repro.stats import Interval, Region, Sample, Verdict3, contrast
from repro.stats import judge as decide

LEVEL = 0.95

WORDS: Mapping[Verdict3, str] = {
    "supported": "holds",
    "refuted": "does not hold",
    "inconclusive": "undecided",
}


@dataclass(frozen=True)
class Judgement:
    """What numbers say of a bar.

    Attributes:
        result: "supported", "refuted" or "inconclusive", the machine's term.
        word: "holds", "does not hold" or "undecided": numbers from elsewhere confirm no paper.
        estimate: the mean, difference or ratio of means, in the unit of the numbers.
        low, high: the 95% interval.
        n: how many numbers of each sample.
        sentence: all of it in words.
    """

    result: Verdict3
    word: str
    estimate: float
    low: float
    high: float
    n: tuple[int, ...]
    sentence: str

    def __str__(self) -> str:
        """Return word and sentence."""
        return f"{self.word}: {self.sentence}"

    def _repr_html_(self) -> str:
        return chip(self.result, self.word) + paragraph(self.sentence)


def judge(
    samples: Mapping[str, Sequence[float]] | Sequence[float],
    *others: Sequence[float],
    at_least: float | None = None,
    at_most: float | None = None,
    within: tuple[float, float] | None = None,
    outside: tuple[float, float] | None = None,
    refuted: Mapping[str, object] | None = None,
    ratio: bool = False,
    weights: Mapping[str, float] | None = None,
    paired: bool = False,
    resolution: float = 0.0,
) -> Judgement:
    """Judge numbers by the rule of docs/rule.md: the whole 95% interval inside a region, or nothing is decided.

    One sample is judged by its mean, two by the first's mean less the second's, or by the ratio of their geometric
    means; any number of them by `weights`. ``judge(ours, sgd, at_least=1)`` is ours − sgd, which is called A − B there;
    ``judge({"ours": ours, "sgd": sgd}, at_least=1)`` calls them by their names. The bar, and how many numbers there are
    to be, is to be fixed before they are seen: the rule promises that at most 5% of false statements hold, at one look.

    Args:
        samples: name → one number a run, all in one unit; or the numbers of the first sample, A.
        others: the numbers of the second sample, B, and of further ones; of samples without names only.
        at_least, at_most, within, outside: what supports, exactly one of them.
        refuted: what refutes, in the same keys, such as ``{"at_most": 0.0}``; all that does not support, if None.
        ratio: judge the first divided by the second, on the log scale.
        weights: name → weight, of a weighted sum of means.
        paired: the numbers of all samples belong together, place by place, such as seed by seed.
        resolution: the smallest step that the numbers can show, such as 0.1 for percent with one decimal.

    Raises:
        ReproError: numbers that are none, or no bar that makes sense; everything that is wrong.
    """
    named = _named(samples, others)
    values, problems = _values(named)
    given = {"at_least": at_least, "at_most": at_most, "within": within, "outside": outside}
    supports = _region("the bar", {key: value for key, value in given.items() if value is not None}, problems)
    refutes = None if refuted is None else _region("refuted", refuted, problems)
    chosen = _weights(list(named), ratio, weights, problems)
    if supports is not None and refutes is not None and supports.overlaps(refutes):
        problems.append(Problem("refuted", "overlaps what supports", repr(refuted), "a value cannot do both"))
    if paired and len({len(one) for one in values.values()}) > 1:
        problems.append(
            Problem("paired", "the samples have different lengths", None, "pair number by number")
        )
    if ratio and supports is not None and min(supports.ends) <= 0:
        problems.append(Problem("the bar", "is of a ratio, which is above 0", None, "such as at_least=1.1"))
    if not (math.isfinite(resolution) and resolution >= 0):
        problems.append(
            Problem(
                "resolution", "is no step of 0 or more", repr(resolution), "the last digit's, such as 0.1"
            )
        )
    elif ratio:
        problems += _not_above(resolution / 2, values)
    if problems or supports is None:
        raise ReproError(*problems)
    against = supports.complement() if refutes is None else refutes
    cells = [Sample(tuple(values[name]), resolution=resolution) for name in chosen]

    def interval(region: Region) -> Interval:
        either = len(region.pieces) > 1
        signs = list(chosen.values())
        return contrast(cells, signs, level=LEVEL, log=ratio, paired=paired, either_side=either)

    found = interval(supports)
    result = decide(found, interval(against), supports, against)
    n = tuple(len(values[name]) for name in chosen)
    sentence = _sentence(compared(chosen, log=ratio), found, n, result, supports, against)
    return Judgement(result, WORDS[result], found.estimate, found.low, found.high, n, sentence)


def _named(
    samples: Mapping[str, Sequence[float]] | Sequence[float], others: Sequence[Sequence[float]]
) -> Mapping[str, Sequence[float]]:
    """Return the samples by name; those without one are called by letters, in their order."""
    if isinstance(samples, Mapping):
        if others:
            hint = "give all samples in one mapping, or all as lists: judge(ours, sgd, …)"
            raise mistake("samples", "have names, and further ones beside have none", None, hint)
        return samples
    if not others:
        return {"the mean": samples}
    if len(others) >= len(ascii_uppercase):
        raise mistake("samples", f"are {len(others) + 1}", None, "name them: judge({…}, weights={…})")
    return dict(zip(ascii_uppercase, (samples, *others), strict=False))


def _values(samples: Mapping[str, Sequence[float]]) -> tuple[dict[str, list[float]], list[Problem]]:
    if not samples:
        raise mistake("samples", "is empty", hint='such as {"ours": [72.1, 72.9], "sgd": [70.1, 69.9]}')
    values: dict[str, list[float]] = {}
    problems: list[Problem] = []
    for name, numbers in samples.items():
        values[name] = []
        if isinstance(numbers, str) or not isinstance(numbers, Iterable) or _nested(numbers):
            hint = 'give the numbers of its runs; two samples are judge(ours, sgd, …) or judge({"ours": ours, …}, …)'
            problems.append(Problem(f"samples[{name!r}]", "is no list of numbers", repr(numbers), hint))
            continue
        for place, value in enumerate(numbers):
            try:
                known = float(value)
            except (TypeError, ValueError):
                known = math.nan
            if not math.isfinite(known):
                hint = "every run counts: say why it has no number, and judge without a verdict until it has"
                problems.append(
                    Problem(f"samples[{name!r}][{place}]", "is no finite number", repr(value), hint)
                )
            values[name].append(known)
        if len(values[name]) < 2:
            what = f"has {plural(len(values[name]), 'number')}"
            problems.append(
                Problem(f"samples[{name!r}]", what, None, "one run has no spread: give two or more")
            )
    return values, problems


def _not_above(least: float, values: Mapping[str, Sequence[float]]) -> list[Problem]:
    """Return what is wrong with numbers of which no logarithm can be taken, for they cannot be told from 0 or less."""
    hint = "a ratio is of numbers above 0 (above half of `resolution`): judge the difference"
    return [
        Problem(f"samples[{name!r}][{place}]", "has no ratio", repr(value), hint)
        for name, numbers in values.items()
        for place, value in enumerate(numbers)
        if value <= least
    ]


def _nested(numbers: Iterable[object]) -> bool:
    """Tell whether it is a table, an array of several dimensions, or a list of lists."""
    if getattr(numbers, "ndim", 1) != 1 or isinstance(numbers, Mapping):
        return True
    return isinstance(numbers, Sequence) and any(
        isinstance(one, Iterable) and not isinstance(one, str) for one in numbers
    )


def _region(place: str, given: Mapping[str, object], problems: list[Problem]) -> Region | None:
    try:
        return validated(Bounds, given).region
    except ReproError as error:
        problems += (Problem(place, one.what, one.received, one.hint) for one in error.problems)
        return None


def _weights(
    names: list[str], ratio: bool, weights: Mapping[str, float] | None, problems: list[Problem]
) -> dict[str, float]:
    """Return sample → weight of what is judged."""
    if weights is not None:
        unknown = [name for name in weights if name not in names]
        if ratio or unknown or not any(weights.values()) or not all(map(math.isfinite, weights.values())):
            what = "are of a difference, by the names of the samples, finite and not all 0"
            problems.append(Problem("weights", what, repr(dict(weights)), f"known: {', '.join(names)}"))
        return {name: float(weight) for name, weight in weights.items() if name in names}
    if len(names) > 2 or (ratio and len(names) != 2):
        what, hint = f"are {len(names)}", "a ratio is of two; more than two take weights={…}"
        problems.append(Problem("samples", what, ", ".join(names), hint))
    return dict(zip(names, (1.0, -1.0), strict=False))


def _written(end: float) -> str:
    return f"{end:.12g}".replace("-", "−")


def _sentence(
    what: str, found: Interval, n: tuple[int, ...], result: Verdict3, supports: Region, against: Region
) -> str:
    half = (found.high - found.low) / 2
    estimate, low, high = (number(value, "number", half) for value in (found.estimate, found.low, found.high))
    counts = " and ".join(map(str, n)) if len(n) < 3 else ", ".join(map(str, n))
    measured = f"{what} is {estimate}, 95% interval {low} to {high} (n = {counts})"
    needed, speaks_against = (region_in_words(region, _written, "") for region in (supports, against))
    end = {
        "supported": f"and the whole interval is {needed}",
        "refuted": f"and the whole interval is {speaks_against}, which speaks against it",
        "inconclusive": f"which is neither all {needed} nor all {speaks_against}: these numbers cannot tell",
    }[result]
    return f"{measured}, {end}."
