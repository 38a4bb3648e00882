"""The vocabulary of a claim file: frozen models that pydantic checks, with every problem at once.

The file's base tables are the *paper's* protocol; `[scale.<name>]` tables override it (see scales.py).
Reported numbers are strings, so that their printed precision survives.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from repro.claims.schema_arms import Arm
from repro.claims.schema_columns import Column
from repro.claims.schema_command import Process, Word
from repro.claims.schema_expectations import Expectation
from repro.claims.schema_metrics import Metric
from repro.claims.schema_protocol import Protocol, Words
from repro.claims.schema_results import Results
from repro.claims.schema_shown import Figure, Table
from repro.claims.schema_variants import Contrary, Control, Sensitivity
from repro.claims.schema_weights import Weights
from repro.claims.vocabulary import (
    HISTORY_COLUMNS,
    Frozen,
    Name,
    Source,
    distinct,
)
from repro.recipes import RECIPES

MOST_SEED = 2**31


class Seeds(Frozen):
    """How many seeds are looked at, fixed beforehand; they start at `first`, or where `of_arm` says for an arm.

    A claim that its first look leaves open goes on by itself to those whose further runs cost at most
    `allowance_seconds` of one core, as predicted from the claim file; to later ones where it is asked to.
    """

    looks: list[Annotated[int, Field(ge=2, le=10_000)]] = Field(min_length=1, max_length=100)
    """Numbers of seeds at which the claim is judged, increasing."""
    first: int = Field(default=0, ge=0, le=MOST_SEED)
    """The first seed."""
    of_arm: dict[str, Annotated[int, Field(ge=0, le=MOST_SEED)]] = {}
    """Arm → its own first seed."""
    allowance_seconds: float | None = Field(default=None, ge=0)
    """Later looks are taken unasked where their runs cost at most so many seconds of one core."""

    def numbers(self, arm: str, count: int) -> range:
        """Return the seeds of an arm at a look of `count`."""
        first = self.of_arm.get(arm, self.first)
        return range(first, first + count)

    @field_validator("looks", mode="before")
    @classmethod
    def _list(cls, looks: object) -> object:
        if isinstance(looks, int) and not isinstance(looks, bool):
            raise ValueError(
                f"is a list of numbers of seeds: looks = [{looks}], or [{looks}, {2 * looks}] to look again"
            )
        return looks

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
    have; they are not trained. `command`, run as `process` says, is in the place of dataset, model and recipe: its
    placeholders are what arms, factors and `options` set, and what is tuned.
    """

    protocol: Protocol | None = None
    """Whose protocol the base tables are; without it verdicts are in capped words."""
    not_implemented: dict[Name, Words] = {}
    """Net or data set that the paper uses and that is not to be had here → why."""

    command: Annotated[list[Word], Field(min_length=1, max_length=10_000)] | None = None
    """A command that makes a run, in the place of dataset, model and recipe; never run by a shell."""
    process: Process | None = None
    """How the command is run, and how what it writes is read."""
    dataset: str | dict[str, Any] | None = None
    """A data set's name, ``module:function`` of the claims folder, or a table of data beside the claim file."""
    model: str | None = None
    """A net of the registry, or ``module:Class`` of the claims folder; an arm may have its own."""
    precision: str = "fp32"
    """Of the arithmetic."""
    compiled: bool = False
    """Whether nets are compiled."""
    options: dict[str, Any] = {}
    """Options of the models of all arms; of a command, values of its placeholders."""
    recipe: dict[str, Any] = {}
    """A named recipe, and the fields that differ from it."""
    seeds: Seeds = Seeds(looks=[5])
    """How many seeds are looked at."""
    unknown: list[str] = []
    """What the paper leaves out."""
    skip: list[str] = []
    """Cells (``arm/level``) that the paper does not have."""

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
            known = ", ".join(RECIPES)
            raise ValueError(f'a recipe starts from a named one: recipe = {{ name = "…", … }}, of {known}')
        return recipe


Grid = Annotated[list[Annotated[float, Field(ge=1e-12, le=1e6)]], Field(min_length=2, max_length=100)]


class Tune(Frozen):
    """The learning rate of every cell is chosen on its own grid, on seeds of its own.

    `lr` is one grid for all cells, or a table of grids by level of a factor. A grid whose best value lies on its
    edge is extended by its own ratio, at most twice a side. With `weight_decay`, each decay gets such a grid, and rate
    and decay are chosen together; the list of decays is not extended. Of a command, `over` may name another placeholder
    in the place of the learning rate: ``{ C = [0.1, 1.0, 10.0] }``.
    """

    lr: Grid | dict[Name, Grid] = []
    """The grid of learning rates, or a grid by level of a factor."""
    over: dict[Name, Grid | dict[Name, Grid]] = Field(default={}, max_length=1)
    """Of a command: another placeholder in the place of the learning rate → its grid."""
    weight_decay: list[Annotated[float, Field(ge=0)]] = []
    """Weight decays, each with a grid of rates of its own."""
    by: str
    """The metric whose mean is to be least."""
    seeds: list[Annotated[int, Field(ge=1000, le=MOST_SEED)]] = Field(
        default=[1000], min_length=1, max_length=100
    )
    """The seeds of tuning, from 1000 on."""

    @property
    def what(self) -> str:
        """The name of what is tuned: a field of the recipe, or a placeholder of the command."""
        return next(iter(self.over), "lr")

    @property
    def grid(self) -> Grid | dict[Name, Grid]:
        """The grid of it, or one by level of a factor."""
        return self.over.get(self.what, self.lr)

    @model_validator(mode="after")
    def _once(self) -> Self:
        distinct(self, "seeds", "weight_decay")
        if bool(self.lr) == bool(self.over):
            raise ValueError("names one grid: of `lr`, or, of a command, `over` a placeholder")
        for grid in [self.grid] if isinstance(self.grid, list) else self.grid.values():
            if len(set(grid)) < len(grid):
                raise ValueError("a grid of learning rates names one twice")
        return self


class ClaimFile(Frozen):
    """One claim at one scale, after merging; `claims/<paper>/<claim>.toml`.

    `direction` says of a deviation from the paper's protocol (a recipe field, "dataset", "depth" …), in a sentence,
    which way it likely moves the result, or that this is not known. `no_control` says why there is none in the
    base tables; a scale may have one all the same.
    `cannot_decide` says of a scale why it decides nothing; where it has no table of its own, nothing is run there.
    `results` are in the place of an experiment, `weights` in the place of its training.
    """

    title: str
    """What the claim is called."""
    statement: str
    """The claim in one sentence that could turn out false."""
    quote: str | None = None
    """The paper's own words, 25 at most."""
    source: Source
    """Where the paper says it."""
    contrary: Contrary | None = None
    """What another source says of the same."""
    notes: list[str] = []
    """What a fair reader must know."""
    ambiguities: list[str] = []
    """What the paper's words leave open, and what was chosen."""
    direction: dict[str, str] = {}
    """A deviation from the paper's protocol (recipe field, factor, "dataset" …) → which way it likely moves the
    result, or that this is not known."""
    cannot_decide: dict[str, str] = {}
    """Scale → why it decides nothing."""
    experiment: Experiment = Experiment()
    """What is trained: the paper's own protocol."""
    results: Results | None = None
    """Results that exist already, in the place of an experiment."""
    weights: Weights | None = None
    """Nets that were trained elsewhere, in the place of training them."""
    factors: dict[Name, list[Any] | dict[Name, Any]] = {}
    """Factor → its levels: a list, or level → value; a table of several settings may stand for a value."""
    arms: dict[Name, Arm] = {}
    """The conditions, by role."""
    tune: Tune | None = None
    """How learning rates are chosen."""
    metrics: dict[Name, Metric] = Field(min_length=1)
    """What is measured, or computed."""
    expect: dict[Name, Expectation] = Field(min_length=1)
    """What supports the claim, and what refutes it."""
    control: dict[Name, Control] = {}
    """Sabotaged variants, which the same criteria must not support."""
    no_control: str | None = None
    """Why no control is possible."""
    sensitivity: dict[Name, Sensitivity] = {}
    """Grids of protocols over which expectations are judged again."""
    table: dict[Name, Table] = {}
    """The paper's tables as printed, with ours beside."""
    figure: dict[Name, Figure] = {}
    """Figures in the manner of the paper's."""

    @property
    def columns(self) -> Collection[str]:
        """The quantities that its runs record, by the names that metrics and figures read them by."""
        return HISTORY_COLUMNS if self.declared_columns is None else self.declared_columns.keys()

    @property
    def declared_columns(self) -> Mapping[str, Column] | None:
        """The quantities that are recorded elsewhere, or by a command; None where runs are trained here."""
        if self.results is not None:
            return self.results.columns
        process = self.experiment.process
        return None if process is None else process.columns

    def exact(self, expectation: Expectation) -> bool:
        """Return whether an expectation needs no training: its verdict stands at every scale."""
        return expectation.metric in self.metrics and self.metrics[expectation.metric].exact
