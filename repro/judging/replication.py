"""Is the paper's number what runs like ours would give? Prediction intervals, shown beside, that decide nothing.

What the paper's number is a number of (`uncertainty.of`) says what to predict: one run, the mean of several, or
the best of several. Only the paper's own scale can be compared with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from repro.claims import Metric
from repro.judging.paper_number import Notation, PaperNumber, paper_number
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.stats import Interval, best_of_interval, contrast_prediction

LEVEL = 0.95
Of = Literal["run", "mean", "best"]
KINDS = ("value", "difference", "contrast", "ratio", "slope")


@dataclass(frozen=True, slots=True)
class Predicted:
    """One comparison: where a repetition of it falls, and whether the paper's number lies there.

    `compatible` is None where too few runs, or censored ones, leave both ends open.
    """

    label: str
    interval: Interval
    compatible: bool | None


@dataclass(frozen=True, slots=True)
class Compatibility:
    """The paper's number against ours.

    Attributes:
        paper: the number and its range.
        of: what is predicted; m: how many runs that is of.
        assumed: the paper does not say what its number is of, so that it is taken for a single run.
        cells: how many cells each comparison is made of.
        parts: one for each comparison; empty where no prediction is known for such a number.
    """

    paper: PaperNumber
    of: Of
    m: int
    assumed: bool
    cells: int
    parts: tuple[Predicted, ...]


def compatibility(
    verdict: ExpectationVerdict, metric: Metric, scale: str, notation: Notation
) -> Compatibility | None:
    """Compare the paper's number with runs like ours; None where there is nothing to compare.

    Args:
        verdict: an expectation with its evidence.
        metric: what it is about.
        scale: of the evidence; below "paper" nothing is compared.
        notation: how the paper prints its number.
    """
    item = verdict.expectation
    parts = [part for part in verdict.parts if part.samples and part.n > 0]
    paper = paper_number(item, notation)
    if scale != "paper" or item.kind not in KINDS or paper is None or not parts:
        return None
    of, m, assumed = _of(verdict)
    cells = len(parts[0].estimand.weights)
    # Which end is the best is known of errors, losses and durations only, and a difference of bests is neither.
    if of == "best" and (metric.of is None or item.kind != "value" or assumed):
        return Compatibility(paper, of, m, assumed, cells, ())
    predicted = tuple(_predicted(part, paper, of, m) for part in parts)
    return Compatibility(paper, of, m, assumed, cells, predicted)


def _of(verdict: ExpectationVerdict) -> tuple[Of, int, bool]:
    """Return what the paper's number is of, of how many runs, and whether that is assumed for want of a word."""
    sure = verdict.expectation.uncertainty
    if sure.of == "single run":
        return "run", 1, False
    if sure.of == "best of n":
        return "best", sure.n or 1, sure.n is None
    if sure.of == "unknown" or sure.n is None:
        return "run", 1, True
    return ("run" if sure.n == 1 else "mean"), sure.n, False


def _predicted(part: PartVerdict, paper: PaperNumber, of: Of, m: int) -> Predicted:
    cells, weights = [part.samples[a] for a in part.estimand.weights], list(part.estimand.weights.values())
    if of == "best":
        interval = best_of_interval(cells[0], m, LEVEL)
    else:
        interval = contrast_prediction(cells, weights, level=LEVEL, m=m, log=part.estimand.log)
    unknown = interval.high == math.inf and interval.low <= (0.0 if part.estimand.log else -math.inf)
    overlap = interval.low <= paper.high and paper.low <= interval.high
    return Predicted(part.estimand.label, interval, None if unknown else overlap)
