"""One run → one number: how each kind of metric is read from a run's history or a probe's rows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from repro.claims import Metric, Target
from repro.recipes import EvaluatedSet, Recipe
from repro.store import RunRecord, column_of, fields_of


@dataclass(frozen=True, slots=True)
class Measurement:
    """A metric of one run.

    Attributes:
        value: errors as fractions, durations in epochs, probes in their own unit after `transform`.
        resolution: the smallest step that the measurement can show, in the unit of `value`.
        censored: the target was not reached; `value` is the budget, and the truth is above it.
        diverged: the run diverged; what it counts as is known beside the other runs (`judging.evidence.sample_of`).
    """

    value: float
    resolution: float = 0.0
    censored: bool = False
    diverged: bool = False


def from_history(
    metric: Metric, run: RunRecord, ends_with: float | None = None, steps: Mapping[str, float] | None = None
) -> Measurement:
    """Read a metric of kind "final", "at_step", "first_reach" or "warm_up".

    `ends_with` is what another arm does, for one that is `at_most_of` it. `steps` are the smallest differences that
    columns can show, of a command's run; else they are one image.
    """
    match metric.kind:
        case "final":
            return _at_row(metric, run, last_row(metric, run), steps)
        case "at_step":
            return _at_row(metric, run, _nearest_row(metric, run), steps)
        case "warm_up":
            return _warm_up(run)
    target = metric.target if ends_with is None else Target(ends_with)
    assert target is not None
    return _first_reach(metric, run, target)


def last_row(metric: Metric, run: RunRecord) -> int:
    """Return the last evaluation; of a command's run, the last that saw the column."""
    last = len(run.history["step"]) - 1
    if "command" not in run.spec or run.outcome == "diverged":
        return last
    values = run.history[metric.of or ""]
    return max((row for row, value in enumerate(values) if math.isfinite(value)), default=last)


def _nearest_row(metric: Metric, run: RunRecord) -> int:
    """Return the evaluation nearest to an iteration, of those that saw the column: others hold NaN."""
    steps, values = run.history["step"], run.history[metric.of or ""]
    wanted = metric.step or 0
    seen = [(abs(step - wanted), row) for row, step in enumerate(steps) if math.isfinite(values[row])]
    return min(seen)[1] if seen else len(steps) - 1


def _at_row(
    metric: Metric, run: RunRecord, row: int, steps: Mapping[str, float] | None = None
) -> Measurement:
    """Return a column, or one less another, at an evaluation; what a diverged run did not live to see is chance."""
    assert metric.of is not None
    # A run that diverged ends with the evaluation that found it so.
    last = row == len(run.history["step"]) - 1
    diverged = run.outcome == "diverged" and last
    value = _column(metric.of, run, row, diverged)
    resolution = _resolution(metric.of, run, last, steps)
    if metric.minus is not None:
        # Chance less chance would read as no difference: what a diverged net's would be is not known.
        value = math.nan if diverged else value - _column(metric.minus, run, row, diverged)
        resolution += _resolution(metric.minus, run, last, steps)
    if metric.transform == "log10":
        value, resolution = log10_of_step(value, resolution)
    return Measurement(value, resolution, diverged=diverged)


def _column(of: str, run: RunRecord, row: int, diverged: bool) -> float:
    """Return a value of the history; NaN for a column that the run was made without."""
    if diverged and run.chance_error is None:
        return math.nan
    if diverged:
        assert run.chance_error is not None
        # The loss of guessing: ln(number of classes), where chance_error = 1 − 1/classes.
        return run.chance_error if of.endswith("error") else -math.log(1 - run.chance_error)
    return run.history[of][row] if of in run.history else math.nan


def _resolution(of: str, run: RunRecord, last: bool, steps: Mapping[str, float] | None) -> float:
    """Return the step of an error: one image of those it is counted over; of a command's column, what is declared."""
    if not run.images:
        return (steps or {}).get(of, 0.0)
    return 1 / _images_behind(of, run, last) if of.endswith("error") else 0.0


def _warm_up(run: RunRecord) -> Measurement:
    """Return the iterations of the warm-up; those done so far, censored, where it goes on at the end of the run."""
    if "warmup_steps" not in run.history or "recipe" not in run.spec:
        return Measurement(math.nan)
    steps = run.history["warmup_steps"][-1]
    window = max(1, math.ceil(run.images["train"] / run.spec["recipe"]["batch_size"] / 10))
    diverged = run.outcome == "diverged"
    return Measurement(float(steps), float(window), censored=steps >= run.steps_done, diverged=diverged)


def _images_behind(column: str, run: RunRecord, last: bool) -> int:
    """Return how many images an error of a column was taken over; all training images for a running error."""
    recipe = _recipe_of(run)
    split: EvaluatedSet = "train" if column == "train_error" else "test"
    if column == "running_error":
        return run.images["train"]
    if column == "ten_crop_error":
        return run.images["test"]
    target = recipe.stop_at_train_error
    # A run that its stop rule ended was evaluated last as before any other step.
    ended = target is not None and run.history["train_error"][-1] <= target
    return recipe.images_evaluated(split, run.images[split], last=last and not ended)


def _recipe_of(run: RunRecord) -> Recipe:
    """Return a run's recipe; runs that were read from a store share the data that it is made of."""
    told = run.spec["recipe"]
    kept = _RECIPES.get(id(told))
    if kept is None:
        if len(_RECIPES) >= _MOST_RECIPES:
            _RECIPES.clear()
        kept = _RECIPES[id(told)] = told, Recipe.from_json(told)
    return kept[1]


_MOST_RECIPES = 1000
_RECIPES: dict[int, tuple[Mapping[str, Any], Recipe]] = {}
"""By the identity of the data, which are kept, so that nothing else takes it."""


def log10_of_step(value: float, step: float) -> tuple[float, float]:
    """Return value and step on the log scale; nan for a value that the measurement cannot tell from zero."""
    if not value > step / 2:
        return math.nan, 0.0
    return math.log10(value), math.log10(value + step / 2) - math.log10(value - step / 2)


def _first_reach(metric: Metric, run: RunRecord, target: Target) -> Measurement:
    """Return the epochs at which the curve first crosses the target; the budget, censored, where it never does.

    The crossing is read as from a plotted curve: on the line between the evaluation at or beyond the target and
    the one before. The resolution is the distance between the two.
    """
    assert metric.of is not None
    reached = crossing(target, run.history["epoch"], run.history[metric.of])
    if reached is not None:
        return reached
    diverged = run.outcome == "diverged"
    # A diverged run never reaches the target however long it is trained: it is censored at the budget, too.
    if "recipe" not in run.spec:
        return Measurement(run.history["epoch"][-1], 0.0, censored=True, diverged=diverged)
    recipe = run.spec["recipe"]
    budget = recipe["epochs"] or recipe["steps"] * recipe["batch_size"] / run.images["train"]
    return Measurement(float(budget), 0.0, censored=True, diverged=diverged)


def crossing(target: Target, epochs: Sequence[float], values: Sequence[float]) -> Measurement | None:
    """Return where a curve, as far as it is known, first crosses a target, if it does."""
    for i, value in enumerate(values):
        if target.reached(value):
            if i == 0:
                return Measurement(epochs[0])
            # Rows of other quantities, in which this one has no value, lie between evaluations of it.
            last = next((j for j in range(i - 1, -1, -1) if math.isfinite(values[j])), i - 1)
            step, before = epochs[i] - epochs[last], values[last]
            # Before the first step a running error is not defined: the crossing is then read as the evaluation.
            share = (before - target.bar) / (before - value) if math.isfinite(before) else 1.0
            return Measurement(epochs[last] + share * step, step)
    return None


def from_rows(
    metric: Metric, rows: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] | None = None
) -> Measurement:
    """Reduce a probe's rows to one number, less that of the rows `before` where the metric is of a change.

    Rows may name the smallest step that they can show, in a column "resolution". Without one, rows that are all 0 or 1
    count something: their mean moves in steps of one row, any other reduction in steps of 1.
    """
    value, steps = _reduced(metric, rows), _step(metric, rows)
    if before is None:
        return Measurement(value, steps)
    return Measurement(value - _reduced(metric, before), max(steps, _step(metric, before)))


def _step(metric: Metric, rows: Sequence[Mapping[str, Any]]) -> float:
    if metric.kind != "probe" or metric.transform != "none":
        return 0.0
    if "resolution" in fields_of(rows):
        return float(max(column_of(rows, "resolution")))
    if not all(value in (0, 1) for value in column_of(rows, "value")):
        return 0.0
    return 1 / len(rows) if metric.reduce == "mean" else 1.0


def _reduced(metric: Metric, rows: Sequence[Mapping[str, Any]]) -> float:
    value = _REDUCE[metric.reduce](rows)
    return _log10(value) if metric.transform == "log10" else value


def averaged_gain(members: Sequence[Sequence[Mapping[str, Any]]]) -> Measurement:
    """Return the mean error of several nets less the error of their averaged outputs, fractions both.

    Args:
        members: for each net the rows of `test_outputs`, of the same test images in the same order.
    """
    import numpy as np

    labels = np.array(column_of(members[0], "label"))
    names = [name for name in fields_of(members[0]) if name.startswith("p")]
    outputs = np.array([[column_of(rows, name) for name in names] for rows in members])
    single = float((outputs.argmax(axis=1) != labels).mean())
    averaged = float((outputs.mean(axis=0).argmax(axis=0) != labels).mean())
    return Measurement(single - averaged, 1 / len(labels))


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
    # A sum is nan for infinities of both signs, too.
    odd = math.isnan(sum(values)) and any(map(math.isnan, values))
    return math.nan if odd else reduce(values)


@lru_cache(maxsize=64)
def _end_stages(stages: tuple[Any, ...]) -> tuple[list[int], list[int]]:
    """Return the places of the first stage's layers and of the last's; readings of one kind of net share them."""
    first, last = min(stages), max(stages)
    return [i for i, one in enumerate(stages) if one == first], [
        i for i, one in enumerate(stages) if one == last
    ]


def _median(values: list[float]) -> float:
    """Return the median; the standard library's takes several times as long."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _stage_ratio(rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the median over the first stage's layers divided by that over the last stage's."""
    values = column_of(rows, "value")
    first, last = (
        _unless_nan(_median, [values[place] for place in places])
        for places in _end_stages(tuple(column_of(rows, "stage")))
    )
    if math.isnan(first) or math.isnan(last) or first == last == 0:
        return math.nan  # a dead net: the ratio says nothing, and must not read as healthy
    return first / last if last > 0 else math.inf


_REDUCE: dict[str, Callable[[Sequence[Mapping[str, Any]]], float]] = {
    "value": _of_values(lambda values: values[0]),
    "mean": _of_values(statistics.fmean),
    "median": _of_values(_median),
    "min": _of_values(min),
    "max": _of_values(max),
    "sum": _of_values(math.fsum),
    "first_stage_over_last_stage": _stage_ratio,
}
