"""The metrics of a claim file: what is measured on each run, or computed without any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from repro.claims.printed import read_printed
from repro.claims.vocabulary import (
    Frozen,
    Moment,
    Name,
    Printed,
    Source,
    distinct,
    no_others,
)
from repro.startup.listing import EXACT_METRICS

METRIC_KEYS = {
    "final": "kind title arms unit of minus transform",
    "at_step": "kind title arms unit of minus step transform",
    "first_reach": "kind title arms unit of at_most at_most_of at_least",
    "warm_up": "kind title arms unit",
    "ensemble": "kind title arms unit members at",
    "probe": "kind title arms unit probe layers options at since reduce transform",
    "awaited": "kind title arms unit needs",
    "static": "kind title arms unit probe layers reduce transform",
    "computed": "kind title unit formula options cases",
    "printed": "kind title unit values source",
}
"""Kind → the keys that it makes use of."""

METRIC_NEEDS: dict[str, list[str]] = {
    "final": ["of"],
    "at_step": ["of", "step"],
    "first_reach": ["of"],
    "warm_up": [],
    "ensemble": ["members", "at"],
    "probe": ["probe", "at"],
    "awaited": ["title", "needs"],
    "static": ["probe"],
    "computed": ["formula"],
    "printed": ["values", "source"],
}
"""Kind → the keys that it cannot do without."""


@dataclass(frozen=True)
class Target:
    """What a column reaches: `bar`, from above, or from below where it `rises`."""

    bar: float
    rises: bool = False

    def reached(self, value: float) -> bool:
        """Tell whether a value is at the bar or beyond it; one that is no number is not."""
        return value >= self.bar if self.rises else value <= self.bar

    def short_of(self, value: float) -> float:
        """Return a number that is the smaller, the nearer a value that has not reached it has come."""
        return -value if self.rises else value


class Metric(Frozen):
    """What is measured on each run.

    kind "final": a history column at the last step, less another one (`minus`) where given. "at_step": the same at
    the evaluation nearest to an iteration. "first_reach": epochs until a history column is at most `at_most`, or what
    the arm `at_most_of` ends with on the same seed, at an evaluation (`at_least`: of a column of which higher is
    better, in a command's or in recorded results); never reaching it is a censored value. "warm_up": iterations at
    the learning rate of the warm-up. "ensemble": the mean test error of `members` runs less the test error of their
    averaged outputs; a value for each group of so many seeds. "probe": a probe's rows at the moments `at`, reduced to
    one number, as it changed `since` another moment where given. "awaited": what nobody can measure here, and what it
    `needs`. "static": of a model as built, `layers` of it where given. "computed": a formula of its `options`, once
    for each of the `cases`, which name further options. "printed": `values` that the paper, or the `source` named,
    prints. Cases and values stand where an expectation names arms.
    """

    kind: Literal[
        "final",
        "at_step",
        "first_reach",
        "warm_up",
        "ensemble",
        "probe",
        "awaited",
        "static",
        "computed",
        "printed",
    ]
    """How it is measured, or computed."""
    title: str | None = None
    """What it is called on the page."""
    of: str | None = None
    """The column of the run's history that it reads."""
    minus: str | None = None
    """A column that is subtracted from `of`: a gap."""
    step: Annotated[int, Field(ge=1)] | None = None
    """The iteration of at_step; the evaluation nearest to it is read."""
    at_most: float | None = None
    """The target of first_reach: the column falls to this, or below."""
    at_least: float | None = None
    """The target of first_reach of a command's or recorded results' column of which higher is better."""
    at_most_of: str | None = None
    """An arm whose last value, on the same seed, is the target of first_reach."""
    members: Annotated[int, Field(ge=2)] | None = None
    """How many runs make one ensemble."""
    needs: str | None = None
    """What is lacking here to measure what is awaited."""
    probe: str | None = None
    """The probe that reads it from a net: one of the registry, or ``module:function`` of the claims folder."""
    layers: str | None = None
    """The layers that the probe looks at, such as "conv3x3"."""
    at: list[Moment] = []
    """The moments of training at which weights are read."""
    since: Moment | None = None
    """An earlier moment: the change since then is what counts."""
    arms: list[str] | None = None
    """Only of these arms; by default of all."""
    reduce: Literal["value", "mean", "median", "min", "max", "sum", "first_stage_over_last_stage"] = "value"
    """How a probe's rows become one number."""
    transform: Literal["none", "log10"] = "none"
    """"log10" takes the logarithm: what is judged, and what regions are of. What people read is what it is of."""
    formula: str | None = None
    """A formula of the registry, or ``module:function`` of the claims folder."""
    options: dict[str, Any] = {}
    """Keyword arguments of the probe or the formula."""
    cases: dict[Name, dict[str, Any]] = {}
    """Case → further options of the formula; expectations name cases as arms."""
    values: dict[Name, Printed] = {}
    """Name → a number as printed; expectations name values as arms."""
    source: Source | None = None
    """Who prints the values, and where."""
    unit: Literal["error", "epochs", "number", "log10", "count", "share", "steps"] = "number"
    """The unit it is shown in; errors and shares are fractions, and shown in percent. Of "log10", a decimal logarithm,
    is shown what it is of; what a paper prints beside it is that, too, unless it says "decades"."""

    @property
    def trains(self) -> bool:
        """Whether it is measured on runs."""
        return not self.exact and self.kind != "awaited"

    @property
    def from_history(self) -> bool:
        """Whether it is read from the history of a run, whatever its weights."""
        return self.kind in ("final", "at_step", "first_reach", "warm_up")

    @property
    def target(self) -> Target | None:
        """The target of first_reach, where it is a number."""
        if self.at_least is not None:
            return Target(self.at_least, rises=True)
        return None if self.at_most is None else Target(self.at_most)

    @property
    def read_by(self) -> str | None:
        """The probe that reads it from kept weights; None for what is not read from them."""
        return "test_outputs" if self.kind == "ensemble" else self.probe if self.kind == "probe" else None

    @property
    def read_at(self) -> list[Moment]:
        """The moments at which weights are read for it."""
        return [*self.at, *([self.since] if self.since else [])]

    @property
    def runs_a_value(self) -> int:
        """How many runs make one value."""
        return self.members or 1

    @property
    def probe_options(self) -> dict[str, Any]:
        """The options of its probe."""
        return self.options | ({"layers": self.layers} if self.layers is not None else {})

    @property
    def exact(self) -> bool:
        """Whether it needs no training."""
        return self.kind in EXACT_METRICS

    @property
    def own_cells(self) -> list[str] | None:
        """What its numbers are of, where these are no cells of the experiment: its cases, or its values."""
        if self.kind == "computed":
            return list(self.cases) or [""]
        return list(self.values) if self.kind == "printed" else None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [key for key in METRIC_NEEDS[self.kind] if getattr(self, key) in (None, [], {})]
        if missing:
            raise ValueError(f"a {self.kind} metric needs {' and '.join(f'`{key}`' for key in missing)}")
        no_others(self, f"a {self.kind} metric", METRIC_KEYS[self.kind])
        distinct(self, "at", "arms")
        targets = (self.at_most, self.at_least, self.at_most_of)
        if self.kind == "first_reach" and sum(target is not None for target in targets) != 1:
            raise ValueError("a first_reach metric needs one of `at_most`, `at_least` and `at_most_of`")
        if self.minus is not None and str(self.of).endswith("error") != self.minus.endswith("error"):
            raise ValueError("an error less a loss is neither: `of` and `minus` are of one kind")
        if self.since is not None and self.since in self.at:
            raise ValueError(f"since {self.since!r} nothing changes at {self.since!r}: remove it from `at`")
        for name, text in self.values.items():
            if read_printed(text) is None:
                raise ValueError(f'{name} = "{text}" is no number: "42.4", "253,440", "1.7%", "3.6 billion"')
        return self
