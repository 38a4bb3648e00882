"""A probe's reading → one number: how its rows are reduced, for the readings of many runs of a cell at once."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from repro.claims import Metric
from repro.experiment.measures import Measurement
from repro.store import column_of, common_column, fields_of, matrix_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rows: TypeAlias = Sequence[Mapping[str, Any]]


def from_rows(metric: Metric, rows: Rows, before: Rows | None = None) -> Measurement:
    """Reduce the rows of one reading, see :func:`from_readings`."""
    return from_readings(metric, [rows], None if before is None else [before])[0]


def from_readings(
    metric: Metric, readings: Sequence[Rows], before: Sequence[Rows] | None = None
) -> list[Measurement]:
    """Reduce each reading to one number, less that of the one `before` where the metric is of a change.

    Rows may name the smallest step that they can show, in a column "resolution". Without one, rows that are all 0 or 1
    count something: their mean moves in steps of one row, any other reduction in steps of 1.
    """
    values, steps = _reduced(metric, readings), [_step(metric, rows) for rows in readings]
    found = [Measurement(value, step) for value, step in zip(values, steps, strict=True)]
    if before is None:
        return found
    return [
        Measurement(now.value - then.value, max(now.resolution, then.resolution))
        for now, then in zip(found, from_readings(metric, before), strict=True)
    ]


def _step(metric: Metric, rows: Rows) -> float:
    if metric.kind != "probe" or metric.transform != "none":
        return 0.0
    if "resolution" in fields_of(rows):
        return float(max(column_of(rows, "resolution")))
    if not all(value in (0, 1) for value in column_of(rows, "value")):
        return 0.0
    return 1 / len(rows) if metric.reduce == "mean" else 1.0


def _reduced(metric: Metric, readings: Sequence[Rows]) -> list[float]:
    numbers = matrix_of(readings, "value")
    stages = common_column(readings, "stage") if metric.reduce == _BY_STAGE else []
    if numbers is None or stages is None:  # of nets of several kinds
        return [value for rows in readings for value in _reduced(metric, [rows])]
    values = _stage_ratios(numbers, stages) if stages else _REDUCE[metric.reduce](numbers)
    return list(map(_log10, values)) if metric.transform == "log10" else values


_BY_STAGE = "first_stage_over_last_stage"


def averaged_gain(members: Sequence[Rows]) -> Measurement:
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


def _each(reduce: Callable[[list[float]], float]) -> Callable[[NDArray[np.float64]], list[float]]:
    """Return a reduction of each line; nan where one of its numbers is nan, whatever its place."""

    def reduced(numbers: NDArray[np.float64]) -> list[float]:
        return [math.nan if any(map(math.isnan, line)) else reduce(line) for line in numbers.tolist()]

    return reduced


def _medians(numbers: NDArray[np.float64]) -> list[float]:
    """Return the median of each line; nan where one of its numbers is nan."""
    import numpy as np

    ordered, half = np.sort(numbers, axis=1), numbers.shape[1] // 2  # nan comes last
    with np.errstate(invalid="ignore"):  # infinities of both signs
        middle = ordered[:, half] if numbers.shape[1] % 2 else (ordered[:, half - 1] + ordered[:, half]) / 2
    found: list[float] = np.where(np.isnan(ordered[:, -1]), math.nan, middle).tolist()
    return found


def _stage_ratios(numbers: NDArray[np.float64], stages: Sequence[Any]) -> list[float]:
    """Return the median over the first stage's layers divided by that over the last stage's."""
    ends = [[i for i, one in enumerate(stages) if one == end] for end in (min(stages), max(stages))]
    return list(map(_ratio, *(_medians(numbers[:, places]) for places in ends)))


def _ratio(first: float, last: float) -> float:
    if math.isnan(first) or math.isnan(last) or first == last == 0:
        return math.nan  # a dead net: the ratio says nothing, and must not read as healthy
    return first / last if last > 0 else math.inf


_REDUCE: dict[str, Callable[[NDArray[np.float64]], list[float]]] = {
    "value": _each(lambda line: line[0]),
    "mean": _each(statistics.fmean),
    "median": _medians,
    "min": _each(min),
    "max": _each(max),
    "sum": _each(math.fsum),
}
