"""The vocabulary of a claim file: frozen models that pydantic checks, with every problem at once.

The file's base tables are the *paper's* protocol; `[scale.<name>]` tables override it (see scales.py).
Reported numbers are strings, so that their printed precision survives.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from repro.claims.printed import read_printed
from repro.claims.schema_arms import Arm
from repro.claims.schema_protocol import Protocol, Words
from repro.claims.schema_shown import Figure, Table
from repro.claims.vocabulary import (
    Frozen,
    HistoryColumn,
    Moment,
    Name,
    Printed,
    Reported,
    Source,
    distinct,
    no_others,
)
from repro.startup.listing import EXACT_METRICS
from repro.stats.regions import Region

MOST_SEED = 2**31


class Seeds(Frozen):
    """How many seeds are looked at, fixed beforehand; they start at `first`, or where `of_arm` says for an arm.

    A claim that its first look leaves open goes on by itself to those whose further runs cost at most
    `allowance_seconds` of one core, as predicted from the claim file; to later ones where it is told to.
    """

    looks: list[Annotated[int, Field(ge=2, le=10_000)]] = Field(min_length=1, max_length=100)
    first: int = Field(default=0, ge=0, le=MOST_SEED)
    of_arm: dict[str, Annotated[int, Field(ge=0, le=MOST_SEED)]] = {}
    allowance_seconds: float | None = Field(default=None, ge=0)

    def numbers(self, arm: str, count: int) -> range:
        """Return the seeds of an arm at a look of `count`."""
        first = self.of_arm.get(arm, self.first)
        return range(first, first + count)

    @field_validator("looks")
    @classmethod
    def _increasing(cls, looks: list[int]) -> list[int]:
        if looks != sorted(set(looks)):
            raise ValueError("looks are increasing numbers of seeds, such as [3, 5, 10]")
        return looks


class Experiment(Frozen):
    """What is trained: dataset, recipe and model options common to all arms, and what the paper leaves out.

    `protocol` says whose protocol the base tables are, and where it is described; without it verdicts are in capped
    words. `not_implemented` names nets and data sets of the base that are not to be had here → why: they may be named
    by `model` and `dataset`, and their runs are pending. `skip` names cells (``arm/level``) that the paper does not
    have; they are not trained.
    """

    protocol: Protocol | None = None
    not_implemented: dict[Name, Words] = {}

    dataset: str | dict[str, Any] | None = None
    model: str | None = None
    precision: str = "fp32"
    compiled: bool = False
    options: dict[str, Any] = {}
    recipe: dict[str, Any] = {}
    seeds: Seeds = Seeds(looks=[5])
    unknown: list[str] = []
    skip: list[str] = []

    @field_validator("dataset", mode="before")
    @classmethod
    def _named_or_own(cls, dataset: object) -> object:
        if dataset is not None and not isinstance(dataset, str | dict):
            raise ValueError('is a name in quotes, or a table such as { npz = "pets.npz" } (schema_data.py)')
        return dataset

    @field_validator("recipe")
    @classmethod
    def _named(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        if recipe and not isinstance(recipe.get("name"), str):
            raise ValueError('a recipe starts from a named one: recipe = { name = "resnet-cifar", … }')
        return recipe


_METRIC_KEYS = {
    "final": "kind title arms unit of minus transform",
    "at_step": "kind title arms unit of minus step transform",
    "first_reach": "kind title arms unit of at_most at_most_of",
    "warm_up": "kind title arms unit",
    "ensemble": "kind title arms unit members at",
    "probe": "kind title arms unit probe layers options at since reduce transform",
    "awaited": "kind title arms unit needs",
    "static": "kind title arms unit probe layers reduce transform",
    "computed": "kind title unit formula options cases",
    "printed": "kind title unit values source",
}


class Metric(Frozen):
    """What is measured on each run.

    kind "final": a history column at the last step, less another one (`minus`) where given. "at_step": the same at the
    evaluation nearest to an iteration. "first_reach": epochs until a history column is at most `at_most`, or what the
    arm `at_most_of` ends with on the same seed, at an evaluation; never reaching it is a censored value. "warm_up":
    iterations at the learning rate of the warm-up. "ensemble": the mean test error of `members` runs less the test
    error of their averaged outputs; a value for each group of so many seeds. "probe": a probe's rows at the moments
    `at`, reduced to one number, as it changed `since` another moment where given. "awaited": what nobody can measure
    here, and what it `needs`. "static": of a model as built, `layers` of it where given. "computed": a
    formula of its `options`, once for each of the `cases`, which name further options. "printed": `values` that the
    paper, or the `source` named, prints. Cases and values stand where an expectation names arms.
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
    title: str | None = None
    of: HistoryColumn | None = None
    minus: HistoryColumn | None = None
    step: Annotated[int, Field(ge=1)] | None = None
    at_most: float | None = None
    at_most_of: str | None = None
    members: Annotated[int, Field(ge=2)] | None = None
    needs: str | None = None
    probe: str | None = None
    layers: str | None = None
    at: list[Moment] = []
    since: Moment | None = None
    arms: list[str] | None = None
    reduce: Literal["value", "mean", "median", "min", "max", "sum", "first_stage_over_last_stage"] = "value"
    transform: Literal["none", "log10"] = "none"
    formula: str | None = None
    options: dict[str, Any] = {}
    cases: dict[Name, dict[str, Any]] = {}
    values: dict[Name, Printed] = {}
    source: Source | None = None
    unit: Literal["error", "epochs", "number", "log10", "count", "share", "steps"] = "number"

    @property
    def trains(self) -> bool:
        """Whether it is measured on runs."""
        return not self.exact and self.kind != "awaited"

    @property
    def from_history(self) -> bool:
        """Whether it is read from the history of a run, whatever its weights."""
        return self.kind in ("final", "at_step", "first_reach", "warm_up")

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
        needed = {
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
        }[self.kind]
        missing = [key for key in needed if getattr(self, key) in (None, [], {})]
        if missing:
            raise ValueError(f"a {self.kind} metric needs {' and '.join(f'`{key}`' for key in missing)}")
        no_others(self, f"a {self.kind} metric", _METRIC_KEYS[self.kind])
        distinct(self, "at", "arms")
        if self.kind == "first_reach" and (self.at_most is None) == (self.at_most_of is None):
            raise ValueError("a first_reach metric needs `at_most` or `at_most_of`, one of the two")
        if self.minus is not None and str(self.of).endswith("error") != self.minus.endswith("error"):
            raise ValueError("an error less a loss is neither: `of` and `minus` are of one kind")
        if self.since is not None and self.since in self.at:
            raise ValueError(f"since {self.since!r} nothing changes at {self.since!r}: remove it from `at`")
        for name, text in self.values.items():
            if read_printed(text) is None:
                raise ValueError(f'{name} = "{text}" is no number: "42.4", "253,440", "1.7%", "3.6 billion"')
        return self


class Bounds(Frozen):
    """A region of the real line: exactly one of its keys."""

    at_least: float | None = None
    at_most: float | None = None
    within: tuple[float, float] | None = None
    outside: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [
            key for key in ("at_least", "at_most", "within", "outside") if getattr(self, key) is not None
        ]
        if len(given) != 1:
            raise ValueError("give exactly one of at_least, at_most, within, outside")
        pair = self.within or self.outside
        if pair and pair[0] >= pair[1]:
            raise ValueError(f"[{pair[0]}, {pair[1]}] is empty: the first number must be the smaller")
        return self

    @property
    def region(self) -> Region:
        """The region that the keys name; the only place that tells them apart."""
        if self.within is not None:
            return Region.within(*self.within)
        if self.outside is not None:
            return Region.outside(*self.outside)
        if self.at_least is not None:
            return Region.at_least(self.at_least)
        assert self.at_most is not None
        return Region.at_most(self.at_most)


_EXPECTATION_KEYS = {
    "exact": "arm arms levels each printed",
    "value": "arm levels each at",
    "difference": "arms levels each at paired",
    "ratio": "arms levels each at paired",
    "ordering": "arms arm over along levels each at paired",
    "contrast": "weights each at paired",
    "slope": "arm over levels each at paired",
}
_EVERY_EXPECTATION = (
    "kind title metric at_least at_most within outside refuted reported uncertainty role from_scale why "
    "known_beforehand convention otherwise"
)


class Otherwise(Frozen):
    """The number that another convention of counting gives: the same estimand of another metric, arm or level."""

    metric: str | None = None
    arm: str | None = None
    arms: list[str] = []
    levels: dict[str, str] = {}

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        distinct(self, "arms")
        return self


class Expectation(Frozen):
    """An estimand over cells, the region that supports the claim, and the region that refutes it.

    kind "exact": a number computed without training, of each arm that is named (or case of the metric); with
    `printed`, each is held against its own printed number, to half a unit of the last digit. "value": one cell's mean.
    "difference", "ratio": of two arms' means (the ratio on the log scale). "contrast": weighted sum of cell means.
    "slope": of cell means over the numeric levels of factor `over`. "ordering": cell means increase along `arms`, or
    for one arm along the levels `along` of the factor `over`, by at least `at_least` each.
    Differences, ratios, contrasts and orderings of exact numbers are exact.

    `convention` says how things are counted for the number to come out, `otherwise` what the other conventions are,
    whose numbers are shown and decide nothing. `known_beforehand`: the values that were known when the criterion was
    written, shown beside the verdict.
    """

    kind: Literal["exact", "value", "difference", "ratio", "contrast", "slope", "ordering"]
    title: str
    metric: str
    arm: str | None = None
    arms: list[str] = []
    weights: dict[str, float] = {}
    over: str | None = None
    along: list[str] = []
    levels: dict[str, str] = {}
    each: list[str] = []
    at: Moment | None = None
    at_least: float | None = None
    at_most: float | None = None
    within: tuple[float, float] | None = None
    outside: tuple[float, float] | None = None
    printed: dict[str, Printed] = {}
    refuted: Bounds | None = None
    reported: Printed | None = None
    uncertainty: Reported = Reported()
    convention: str | None = None
    otherwise: dict[str, Otherwise] = {}
    known_beforehand: str | None = None
    role: Literal["decides", "context"]
    from_scale: Literal["reduced", "paper"] | None = None
    paired: bool = False
    why: str

    @property
    def supports(self) -> Region:
        """The region that supports the claim; of several printed numbers, all that lies between them."""
        if self.printed:
            numbers = [number for text in self.printed.values() if (number := read_printed(text))]
            return Region.within(min(one.low for one in numbers), max(one.high for one in numbers))
        own = Bounds(at_least=self.at_least, at_most=self.at_most, within=self.within, outside=self.outside)
        return own.region

    @property
    def refutes(self) -> Region:
        """The region that refutes the claim: where the file names none, everything that does not support it."""
        return self.supports.complement() if self.refuted is None else self.refuted.region

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        needs = {
            "value": ["arm"],
            "slope": ["arm", "over"],
            "contrast": ["weights"],
            "difference": ["arms"],
            "ratio": ["arms"],
            "ordering": ["arm", "over", "along"] if self.over else ["arms"],
        }
        missing = [key for key in needs.get(self.kind, []) if not getattr(self, key)]
        if missing:
            raise ValueError(f"a {self.kind} expectation needs {' and '.join(f'`{key}`' for key in missing)}")
        no_others(self, f"a {self.kind} expectation", f"{_EXPECTATION_KEYS[self.kind]} {_EVERY_EXPECTATION}")
        distinct(self, "arms", "each", "along")
        if self.kind in ("difference", "ratio") and len(self.arms) != 2:
            raise ValueError(f"a {self.kind} compares two arms: arms = [first, second]")
        if self.kind == "ordering" and self.over and self.arms:
            raise ValueError(
                "an ordering is of `arms`, or of one `arm` along the levels of a factor, not both"
            )
        if self.kind == "ordering" and len(self.along if self.over else self.arms) < 2:
            what = "levels: along" if self.over else "arms: arms"
            raise ValueError(f"an ordering is of at least two {what} = [lowest, …, highest]")
        if self.kind == "contrast" and abs(sum(self.weights.values())) > 1e-9:
            raise ValueError("the weights of a contrast sum to zero")
        if not all(self.weights.values()):
            raise ValueError("a weight of zero leaves its cell out: remove it")
        if self.kind == "contrast" and set(self.each) - {"at"}:
            raise ValueError(
                'a contrast names its cells by `weights`; it can be repeated over each = ["at"] only'
            )
        if self.known_beforehand is not None and not re.search(r"\d", self.known_beforehand):
            raise ValueError("known_beforehand gives the values that were known, not only that they were")
        self._checked_printed()
        if self.at is not None and "at" in self.each:
            raise ValueError('give a moment with `at`, or all of them with each = ["at"], not both')
        try:
            supports = self.supports
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ValueError(f"the supporting region: {message}") from None
        if self.kind == "ratio" and min(supports.ends) <= 0:
            raise ValueError("a ratio is above 0 whatever is measured: its region has ends above 0")
        return self

    def _checked_printed(self) -> None:
        for name, text in self.printed.items():
            number = read_printed(text)
            if number is None or number.about:
                raise ValueError(
                    f'printed {name} = "{text}" is no plain number: "133M", "253,440", "3.6 billion", "18%"'
                )
        given = {"at_least", "at_most", "within", "outside", "refuted", "arm", "arms"} & self.model_fields_set
        if self.printed and given:
            raise ValueError(
                f"printed numbers have regions and arms of their own: remove {', '.join(sorted(given))}"
            )


Grid = Annotated[list[Annotated[float, Field(ge=1e-12, le=1e6)]], Field(min_length=2, max_length=100)]


class Tune(Frozen):
    """The learning rate of every cell is chosen on its own grid, on seeds of its own.

    `lr` is one grid for all cells, or a table of grids by level of a factor. A grid whose best value lies on its
    edge is extended by its own ratio, at most twice a side. With `weight_decay`, each decay gets such a grid, and rate
    and decay are chosen together; the list of decays is not extended.
    """

    lr: Grid | dict[Name, Grid]
    weight_decay: list[Annotated[float, Field(ge=0)]] = []
    by: str
    seeds: list[Annotated[int, Field(ge=1000, le=MOST_SEED)]] = Field(
        default=[1000], min_length=1, max_length=100
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        distinct(self, "seeds", "weight_decay")
        for grid in [self.lr] if isinstance(self.lr, list) else self.lr.values():
            if len(set(grid)) < len(grid):
                raise ValueError("a grid of learning rates names one twice")
        return self


class Control(Frozen):
    """A sabotaged variant that the same criteria must reject, on seeds of its own.

    Its arms replace those named, and so do its `metrics`: another formula or other options of one that is exact, or of
    a probe, which is then read from the claim's own runs.
    """

    title: str
    arms: dict[str, Arm] = {}
    metrics: dict[str, Metric] = {}
    why: str

    @model_validator(mode="after")
    def _sabotages(self) -> Self:
        if not self.arms and not self.metrics:
            raise ValueError("a control changes something: give it arms or metrics")
        if not all(metric.exact or metric.kind == "probe" for metric in self.metrics.values()):
            raise ValueError("a control replaces metrics that are exact or of a probe; else its arms")
        return self


class Point(Frozen):
    """A point of a sensitivity: settings laid over the claim file, as a scale's are."""

    label: Name
    experiment: dict[str, Any] = {}
    factors: dict[str, Any] = {}
    arms: dict[str, dict[str, Any]] = {}
    tune: dict[str, Any] = {}


class Sensitivity(Frozen):
    """A grid of protocols, the same for every arm, over which expectations are judged again: where do they flip?"""

    title: str
    why: str
    expect: list[str] = Field(min_length=1)
    points: list[Point] = Field(min_length=1, max_length=200)


class Contrary(Frozen):
    """What another source says of the same thing: where notes and a paper disagree, both stand side by side."""

    by: str
    says: str
    where: str


class ClaimFile(Frozen):
    """One claim at one scale, after merging; `claims/<paper>/<claim>.toml`.

    `direction` says of a deviation from the paper's protocol (a recipe field, "dataset", "depth" …), in a sentence,
    which way it likely moves the result, or that this is not known. `no_control` says why there is none.
    `cannot_decide` says of a scale why it decides nothing; where it has no table of its own, nothing is run there.
    """

    title: str
    statement: str
    quote: str | None = None
    source: Source
    contrary: Contrary | None = None
    notes: list[str] = []
    ambiguities: list[str] = []
    direction: dict[str, str] = {}
    cannot_decide: dict[str, str] = {}
    experiment: Experiment = Experiment()
    factors: dict[Name, list[Any] | dict[Name, Any]] = {}
    arms: dict[Name, Arm] = {}
    tune: Tune | None = None
    metrics: dict[Name, Metric] = Field(min_length=1)
    expect: dict[Name, Expectation] = Field(min_length=1)
    control: dict[Name, Control] = {}
    no_control: str | None = None
    sensitivity: dict[Name, Sensitivity] = {}
    table: dict[Name, Table] = {}
    figure: dict[Name, Figure] = {}

    def exact(self, item: Expectation) -> bool:
        """Return whether an expectation needs no training: its verdict stands at every scale."""
        return item.metric in self.metrics and self.metrics[item.metric].exact
