"""Racing: with a time to a target as the criterion, a tuning run that can no longer win is stopped.

A run that has not reached the target by epoch e will reach it later, if at all: e bounds its time from below, and the
mean over its rate's seeds with it. Once that bound strictly exceeds the mean of the best rate whose times are all
known, the rate has lost, whatever its runs would still do. Nothing but such bounds stops a run, so the rate that wins
is the one that would have won had every run gone on to its end (cf. Maron & Moore, Hoeffding races, NIPS 1993, whose
bounds hold with high probability; these are certain).

Rates are tried one after the other: the middle of the grid first, then always the one nearest to the best so far.
Order and stops follow from recorded results alone, not from when, or by which worker, they were made.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from repro.claims import Metric, Target
from repro.command_spec import AnyRun
from repro.experiment.measures import crossing, from_history, last_row
from repro.spec import Until
from repro.store import RunRecord

History = Mapping[str, Sequence[float]]
"""Column → values, one for each evaluation."""


@dataclass(frozen=True)
class Leg:
    """A part of a run that is wanted next: up to its end where `until` is None."""

    spec: AnyRun
    until: Until | None = None


@dataclass(frozen=True)
class Time:
    """What is known of the time to the target of one run.

    Attributes:
        epochs: the time, or what it exceeds: the last evaluation of a run that was stopped, 0 of one not begun.
        known: whether it is the time; for a run that ended without reaching the target it is its budget.
        censored: whether the run ended so.
        nearest: what is short of the target: the smaller, the nearer; tells apart rates that never reach it.
    """

    epochs: float = 0.0
    known: bool = False
    censored: bool = False
    nearest: float = math.inf


def time_of(metric: Metric, run: RunRecord | None, stopped: History | None) -> Time:
    """Return what is known of one run, from its record or from the history with which it was stopped."""
    assert metric.of is not None
    target = _target_of(metric)
    if run is not None:
        found = from_history(metric, run)
        nearest = target.short_of(
            run.history[metric.of][last_row(metric, run)] if found.censored else target.bar
        )
        return Time(found.value, True, found.censored, math.inf if math.isnan(nearest) else nearest)
    if stopped is None:
        return Time()
    reached = crossing(target, stopped["epoch"], stopped[metric.of])
    if reached is not None:
        return Time(reached.value, True, nearest=target.short_of(target.bar))
    return Time(stopped["epoch"][-1])


def _target_of(metric: Metric) -> Target:
    assert metric.target is not None, "a criterion of tuning has a number for its target"
    return metric.target


def mean_time(times: Sequence[Time]) -> float:
    """Return the geometric mean of times or, where one of them is a bound, a lower bound of it."""
    if not all(time.epochs > 0 for time in times):
        return 0.0
    return statistics.geometric_mean([time.epochs for time in times])


def next_rate(grid: Sequence[float], tried: Mapping[float, tuple[float, float]]) -> float:
    """Return the rate to try next: the middle of the grid, then the nearest to the best so far, the smaller of two.

    Args:
        grid: ascending; at least one rate of it has not been tried.
        tried: rate → (mean time or its bound, tie break).
    """
    if not tried:
        return grid[(len(grid) - 1) // 2]
    best = grid.index(min(sorted(tried), key=lambda rate: tried[rate]))
    left = [rate for rate in grid if rate not in tried]
    return min(left, key=lambda rate: (abs(grid.index(rate) - best), rate))


def legs(metric: Metric, specs: Sequence[AnyRun], times: Sequence[Time], best: float) -> list[Leg]:
    """Return what is still to be done for a rate to be known or to lose; nothing where it has lost already.

    Where no other rate's times are known yet, all its runs go on to the target. Later it is the slowest alone, up to
    the epoch at which the bound of the mean would exceed `best` if no open run reached the target before: what the
    next one has to do depends on what this one finds.

    Args:
        metric: the criterion, of kind "first_reach".
        specs: the rate's runs, one a seed.
        times: what is known of each.
        best: the smallest mean among rates whose times are all known; infinite where there is none.
    """
    assert metric.of is not None
    if mean_time(times) > best:
        return []
    target = Until(metric.of, metric.at_most, at_least=metric.at_least)
    unknown = [(time.epochs, i) for i, time in enumerate(times) if not time.known]
    known = [time.epochs for time in times if time.known]
    if math.isinf(best) or 0.0 in known:
        # Nothing can be stopped. A mean that is zero already stays so, and may tie with the best.
        return [Leg(specs[i], target) for _, i in unknown]
    enough = 0.0
    if best > 0:
        enough = math.exp((len(times) * math.log(best) - sum(map(math.log, known))) / len(unknown))
    reached, slowest = min(unknown)
    # Beyond where it is, whatever was lost in rounding.
    return [Leg(specs[slowest], replace(target, epochs=max(enough, reached)))]
