"""Where runs do not look like the normal draws that the guarantee is for: said beside a verdict, deciding nothing."""

from __future__ import annotations

import math

from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.report.model import Unit
from repro.report.wording import words
from repro.report.wording.text import plural
from repro.stats import oddities, rank_estimate

SAID = {
    "outlier": "one run lies far from the others",
    "skew": "the runs are skewed",
    "ties": "the runs differ by less than the measurement can tell",
}

_NAMED = 3  # more cells are counted instead


def robustness_note(verdict: ExpectationVerdict, unit: Unit) -> str | None:
    """Say which cells look odd, and what a rank-based estimate gives; None where nothing does."""
    if verdict.exact:
        return None
    odd: dict[str, str] = {}
    shown: PartVerdict | None = None
    for part in verdict.parts:
        for address, sample in part.samples.items():
            found = [SAID[oddity] for oddity in oddities(sample, log=part.estimand.log)]
            if any(sample.censored) and not all(sample.censored):
                found.append("some runs did not come to an end or a target")
            if found:
                shown = shown or part
                odd.setdefault(address, " and ".join(found))
    if shown is None:
        return None
    named = [f"{address}: {what}" for address, what in list(odd.items())[:_NAMED]]
    more = f"; and {plural(len(odd) - _NAMED, 'more cell')}" if len(odd) > _NAMED else ""
    text = f"The guarantee is for normal spreads, which these hardly have: {'; '.join(named)}{more}."
    weights = shown.estimand.weights
    ranks = rank_estimate([shown.samples[a] for a in weights], list(weights.values()), log=shown.estimand.log)
    if shown.interval is None or not math.isfinite(ranks):
        return text
    half = (shown.interval.high - shown.interval.low) / 2
    spread = half if math.isfinite(half) else None
    of = f" of {shown.estimand.label}" if shown.estimand.label else ""
    tail = words.suffix(unit, verdict.expectation.kind)
    return (
        f"{text} A rank-based estimate{of} (Hodges–Lehmann) is {words.number(ranks, unit, spread)}{tail}, "
        f"where the mean gives {words.number(shown.interval.estimate, unit, spread)}{tail}."
    )
