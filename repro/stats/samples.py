"""What is estimated from, and what comes out: the runs of one cell, and an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Bound = Literal["none", "from_below", "from_above", "both"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of one cell's runs, one per seed, all in one unit.

    Attributes:
        values: one number per run. A value that is not finite makes what is computed from it inconclusive.
        censored: which values mean "at least this" (right-censored at the budget); empty means none.
        resolution: the smallest step the measurement can show, in the unit of the values (one evaluation, one
            image). A value stands for everything within half a step of it, so a metric that can only round up
            is to be given at the middle of its step.

    Raises:
        ValueError: `censored` is neither empty nor as long as `values`, or `resolution` is negative or not
            finite.
    """

    values: tuple[float, ...]
    censored: tuple[bool, ...] = ()
    resolution: float = 0.0

    def __post_init__(self) -> None:
        if self.censored and len(self.censored) != len(self.values):
            raise ValueError(f"{len(self.values)} values with {len(self.censored)} censoring marks")
        if not (math.isfinite(self.resolution) and self.resolution >= 0):
            raise ValueError(f"a resolution is a finite step of at least 0, not {self.resolution!r}")


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with a two-sided confidence (or prediction) interval.

    Attributes:
        estimate: the point estimate; only a bound where `bound` says so; nan where the data give none.
        low: lower end, −inf (0 for a ratio) where nothing is known.
        high: upper end, +inf where nothing is known.
        level: the two-sided level, 0.95 for a 95% interval.
        df: degrees of freedom of Student's t (Welch–Satterthwaite where cells are combined); nan where a
            cell has fewer than two runs or none was needed.
        bound: what censoring has done: "from_below" means that the truth may lie anywhere above `low`,
            "both" that nothing is known.
    """

    estimate: float
    low: float
    high: float
    level: float
    df: float
    bound: Bound = "none"
