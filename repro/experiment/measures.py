"""One run → one number: how each kind of metric is read from a run's history (from a probe's rows: reductions.py)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from repro.claims import Metric, Target
from repro.recipes import EvaluatedSet, Recipe
from repro.store import RunRecord, numbers_of, value_at


class Measurement(NamedTuple):
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
    last = run.evaluations - 1
    if "command" not in run.spec or run.outcome == "diverged":
        return last
    values = run.history[metric.of or ""]
    return max((row for row, value in enumerate(values) if math.isfinite(value)), default=last)


def _nearest_row(metric: Metric, run: RunRecord) -> int:
    """Return the evaluation nearest to an iteration, of those that saw the column: others hold NaN."""
    import numpy as np

    seen = np.isfinite(numbers_of(run.history, metric.of or ""))
    distances = np.abs(numbers_of(run.history, "step") - (metric.step or 0))
    return int(np.where(seen, distances, np.inf).argmin()) if seen.any() else run.evaluations - 1


def _at_row(
    metric: Metric, run: RunRecord, row: int, steps: Mapping[str, float] | None = None
) -> Measurement:
    """Return a column, or one less another, at an evaluation; what a diverged run did not live to see is chance."""
    assert metric.of is not None
    # A run that diverged ends with the evaluation that found it so.
    last = row == run.evaluations - 1
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
    return value_at(run.history, of, row) if of in run.history else math.nan


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
    ended = target is not None and value_at(run.history, "train_error", run.evaluations - 1) <= target
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
                # Nothing was read before: it may have crossed at any time since the beginning, half a step below.
                return Measurement(epochs[0], 2 * epochs[0])
            # Rows of other quantities, in which this one has no value, lie between evaluations of it.
            last = next((j for j in range(i - 1, -1, -1) if math.isfinite(values[j])), i - 1)
            step, before = epochs[i] - epochs[last], values[last]
            # Before the first step a running error is not defined: the crossing is then read as the evaluation.
            share = (before - target.bar) / (before - value) if math.isfinite(before) else 1.0
            return Measurement(epochs[last] + share * step, step)
    return None
