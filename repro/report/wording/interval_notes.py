"""What else than the spread of the runs moved a printed interval: few runs, resolution, the range of a share."""

from __future__ import annotations

import math

from repro.judging.limits import ANY, FRACTION, of_sum
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.report.model import Unit
from repro.report.wording import words
from repro.report.wording.text import percent
from repro.stats import SCREEN
from repro.stats.rule import banerjee_level


def interval_notes(verdict: ExpectationVerdict, unit: Unit) -> list[str]:
    """Return a sentence for each thing that moved intervals of `verdict`; none for what is exact or not judged."""
    parts = [part for part in verdict.parts if part.evidence is not None and part.interval is not None]
    if verdict.exact or not parts:
        return []
    return [
        note for note in (_shared(parts), _few(verdict, parts), _steps(parts, unit), _ends(parts)) if note
    ]


def _shared(parts: list[PartVerdict]) -> str:
    """Say why refuting takes a wider interval than the one that is shown."""
    shown, wider = (
        next((one for one in found if one is not None), None)
        for found in ((part.interval for part in parts), (part.refutation for part in parts))
    )
    if shown is None or wider is None or math.isclose(shown.level, wider.level):
        return ""
    among = round((1 - SCREEN / 2) * (1 - shown.level) / (1 - wider.level))
    return (
        f"Any of {among} comparisons could refute, so that each has to do so with its {percent(wider.level)} "
        f"interval; supporting takes the {percent(shown.level)} interval, since all have to."
    )


def _few(verdict: ExpectationVerdict, parts: list[PartVerdict]) -> str:
    """Say where Welch's interval is not trusted, by the table of the rule."""
    bars = verdict.criteria
    if bars is None:
        return ""
    for part in parts:
        assert part.interval is not None
        sizes = [len(sample.values) for sample in part.samples.values()]
        paired = part.evidence is not None and part.evidence.paired
        either = len(bars.supports.pieces) > 1
        if not paired and banerjee_level(sizes, part.interval.level, either) is not None:
            return (
                "With so few runs whose spreads may differ, the usual interval (Welch’s) may be too narrow; this one "
                "is never narrower than Banerjee’s, which is proven not to be."
            )
    return ""


def _steps(parts: list[PartVerdict], unit: Unit) -> str:
    """Say how far the steps in which the metric is read move the ends."""
    if any(part.estimand.log for part in parts):
        return (
            "The metric is read in steps, and half a step is added at each end."
            if any(sample.resolution for part in parts for sample in part.samples.values())
            else ""
        )
    reach = max(
        math.fsum(
            abs(weight) * part.samples[address].resolution / 2
            for address, weight in part.estimand.weights.items()
        )
        for part in parts
    )
    if not reach:
        return ""
    added = words.distance(reach, unit, False)
    return (
        f"The metric is read in steps (one image, or one evaluation): {added} is added at each end for that, which "
        "more runs do not reduce."
    )


def _ends(parts: list[PartVerdict]) -> str:
    """Say where an interval was cut off at what its metric can be."""
    for part in parts:
        assert part.interval is not None
        if part.evidence is None or part.evidence.limits == ANY or part.estimand.log:
            continue
        least, most = of_sum(part.evidence.limits, [*part.estimand.weights.values()])
        if part.interval.low == least or part.interval.high == most:
            of_error = part.evidence.limits == FRACTION
            what = (
                "an error can be: none is below 0% or above 100%" if of_error else "can be: nothing below 0"
            )
            return f"The interval is cut off at what {what}."
    return ""
