"""One run → one number: how each kind of metric is read from a run's history or a probe's rows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from repro.claims import Metric
from repro.recipes import EvaluatedSet, Recipe
from repro.store import RunRecord, column_of


@dataclass(frozen=True, slots=True)
class Measurement:
    """A metric of one run.

    Attributes:
        value: errors as fractions, durations in epochs, probes in their own unit after `transform`.
        resolution: the smallest step that the measurement can show, in the unit of `value`.
        censored: the target was not reached; `value` is the budget, and the truth is above it.
        diverged: the run diverged, and an error counts as chance.
    """

    value: float
    resolution: float = 0.0
    censored: bool = False
    diverged: bool = False


def from_history(metric: Metric, run: RunRecord) -> Measurement:
    """Read a "final" or "first_reach" metric."""
    if metric.kind == "final":
        return _final(metric, run)
    return _first_reach(metric, run)


def _final(metric: Metric, run: RunRecord) -> Measurement:
    assert metric.of is not None
    diverged = run.outcome == "diverged"
    value = run.history[metric.of][-1]
    resolution = 0.0
    if metric.of.endswith("error"):
        resolution = 1 / _images_behind(metric.of, run)
        value = run.chance_error if diverged else value
    elif diverged:
        # The loss of guessing: ln(number of classes), where chance_error = 1 − 1/classes.
        value = -math.log(1 - run.chance_error)
    if metric.transform == "log10":
        value, resolution = _log10_of_step(value, resolution)
    return Measurement(value, resolution, diverged=diverged)


def _images_behind(column: str, run: RunRecord) -> int:
    """Return how many images the last error of a column was taken over; all training images for a running error."""
    recipe = Recipe.from_json(run.spec["recipe"])
    split: EvaluatedSet = "train" if column == "train_error" else "test"
    if column == "running_error":
        return run.images["train"]
    if column == "ten_crop_error":
        return run.images["test"]
    target = recipe.stop_at_train_error
    # A run that its stop rule ended was evaluated last as before any other step.
    ended = target is not None and run.history["train_error"][-1] <= target
    return recipe.images_evaluated(split, run.images[split], last=not ended)


def _log10_of_step(value: float, step: float) -> tuple[float, float]:
    """Return value and step on the log scale; nan for a value that the measurement cannot tell from zero."""
    if not value > step / 2:
        return math.nan, 0.0
    return math.log10(value), math.log10(value + step / 2) - math.log10(value - step / 2)


def _first_reach(metric: Metric, run: RunRecord) -> Measurement:
    """Return the epochs at which the curve first crosses the target; the budget, censored, where it never does.

    The crossing is read as from a plotted curve: on the line between the evaluation at or below the target and
    the one before. The resolution is the distance between the two.
    """
    assert metric.of is not None
    reached = crossing(metric, run.history["epoch"], run.history[metric.of])
    if reached is not None:
        return reached
    diverged = run.outcome == "diverged"
    # A diverged run never reaches the target however long it is trained: it is censored at the budget, too.
    recipe = run.spec["recipe"]
    budget = recipe["epochs"] or recipe["steps"] * recipe["batch_size"] / run.images["train"]
    return Measurement(float(budget), 0.0, censored=True, diverged=diverged)


def crossing(metric: Metric, epochs: Sequence[float], values: Sequence[float]) -> Measurement | None:
    """Return where a curve, as far as it is known, first crosses the target of a "first_reach" metric, if it does."""
    assert metric.at_most is not None
    for i, value in enumerate(values):
        if value <= metric.at_most:
            if i == 0:
                return Measurement(epochs[0])
            step, before = epochs[i] - epochs[i - 1], values[i - 1]
            # Before the first step a running error is not defined: the crossing is then read as the evaluation.
            share = (before - metric.at_most) / (before - value) if math.isfinite(before) else 1.0
            return Measurement(epochs[i - 1] + share * step, step)
    return None


def from_rows(metric: Metric, rows: Sequence[Mapping[str, Any]]) -> Measurement:
    """Reduce a probe's rows to one number.

    Rows that are all 0 or 1 count something: their mean moves in steps of one row, any other reduction in steps of 1.
    """
    value = _REDUCE[metric.reduce](rows)
    if metric.transform == "log10":
        return Measurement(_log10(value))
    counts = metric.kind == "probe" and set(column_of(rows, "value")) <= {0, 1}
    step = 1 / len(rows) if metric.reduce == "mean" else 1.0
    return Measurement(value, step if counts else 0.0)


def _log10(value: float) -> float:
    # Zero and infinity stand for "beyond what a double can tell": about 10^∓324.
    if math.isnan(value):
        return value
    return max(-324.0, min(324.0, math.log10(value))) if value > 0 else -324.0


def _of_values(reduce: Callable[[list[float]], float]) -> Callable[[Sequence[Mapping[str, Any]]], float]:
    """Return a reduction of the rows' values; nan where one of them is nan, whatever its place."""

    def reduced(rows: Sequence[Mapping[str, Any]]) -> float:
        return _unless_nan(reduce, column_of(rows, "value"))

    return reduced


def _unless_nan(reduce: Callable[[list[float]], float], numbers: Sequence[Any]) -> float:
    values = list(map(float, numbers))
    return math.nan if any(map(math.isnan, values)) else reduce(values)


def _stage_ratio(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the median over the first stage's layers divided by that over the last stage's."""
    of_stage: dict[Any, list[Any]] = {}
    for stage, value in zip(column_of(rows, "stage"), column_of(rows, "value"), strict=True):
        of_stage.setdefault(stage, []).append(value)
    first, last = (_unless_nan(statistics.median, of_stage[end(of_stage)]) for end in (min, max))
    if math.isnan(first) or math.isnan(last) or first == last == 0:
        return math.nan  # a dead net: the ratio says nothing, and must not read as healthy
    return first / last if last > 0 else math.inf


_REDUCE: dict[str, Callable[[Sequence[Mapping[str, Any]]], float]] = {
    "value": _of_values(lambda values: values[0]),
    "mean": _of_values(statistics.fmean),
    "median": _of_values(statistics.median),
    "min": _of_values(min),
    "max": _of_values(max),
    "sum": _of_values(math.fsum),
    "first_stage_over_last_stage": _stage_ratio,
}
