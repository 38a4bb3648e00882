"""RunSpec: all that determines a training run. Its canonical hash is the run's key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache, cached_property
from typing import Any

from repro.canonical import DIGITS, canonical_hash, canonical_text
from repro.recipes import Recipe
from repro.registry import DatasetEntry


def _not_default(settings: Recipe | Numerics) -> dict[str, Any]:
    """Return the fields of a dataclass that have no default or another value than it."""
    return {
        item_field.name: getattr(settings, item_field.name)
        for item_field in fields(settings)
        if getattr(settings, item_field.name) != item_field.default
    }


@dataclass(frozen=True)
class DatasetSpec:
    """A dataset by name and by the fingerprint of its content.

    Of the `options`, "train_images" says how many of its training images a run sees; None of them: all.
    """

    name: str
    fingerprint: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def train_images(self) -> int | None:
        """How many training images a run sees; None: all that there are."""
        wanted = self.options.get("train_images")
        return None if wanted is None else int(wanted)

    @property
    def title(self) -> str:
        """What it is called, and how much of it is used."""
        return (
            self.name if self.train_images is None else f"{self.name}, {self.train_images:,} training images"
        )

    @property
    def identity(self) -> tuple[str, str]:
        """Name and fingerprint: what tells datasets apart."""
        return self.name, self.fingerprint


@dataclass(frozen=True)
class ModelSpec:
    """A model by name, hand-bumped version (or source hash, for a user's own) and options."""

    name: str
    version: int | str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WeightsSpec:
    """A net that was trained elsewhere: its file, and how what is in it becomes a state of the net here.

    Attributes:
        file: relative to the claims folder.
        sha256: of its content.
        inside: the key under which a checkpoint holds the state; None: it is the state.
        names: what is replaced in the names of weights, in this order.
        layout: "keras" where kernels are (height, width, in, out).
        input_channels: "BGR" where the first layer reads them in that order.
        test_error: between which it must lie; None where that is not known.
    """

    file: str
    sha256: str
    inside: str | None = None
    names: tuple[tuple[str, str], ...] = ()
    layout: str = "torch"
    input_channels: str = "RGB"
    test_error: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` inverts it."""
        ends = None if self.test_error is None else list(self.test_error)
        return asdict(self) | {"names": [list(pair) for pair in self.names], "test_error": ends}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> WeightsSpec:
        """Rebuild what :meth:`as_json` wrote."""
        names = tuple((before, after) for before, after in data["names"])
        ends = data["test_error"]
        return cls(**{**data, "names": names, "test_error": None if ends is None else (ends[0], ends[1])})


PRECISIONS = ("fp32", "tf32", "bf16")


@dataclass(frozen=True)
class Numerics:
    """What changes the arithmetic of a run.

    Attributes:
        precision: of convolutions and matrix products. "fp32"; "tf32": a GPU rounds their operands to 10 bits;
            "bf16": they are computed in bf16, while batch normalisation's statistics, the loss and the weights that
            are updated stay fp32.
        compiled: whether torch.compile fuses what lies between them, which sums and rounds in another order.
    """

    precision: str = "fp32"
    compiled: bool = False


NUMERICS_FIELDS = tuple(field.name for field in fields(Numerics))


@dataclass(frozen=True)
class RunSpec:
    """Dataset, model, recipe, seed and numerics. Probes are not part of it: they are readings of a run.

    With `weights`, nothing is trained: the net is one that was trained elsewhere, and the recipe says how images are
    given to it.
    """

    dataset: DatasetSpec
    model: ModelSpec
    recipe: Recipe
    seed: int
    numerics: Numerics = Numerics()
    weights: WeightsSpec | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` inverts it."""
        return {
            "dataset": asdict(self.dataset),
            "model": asdict(self.model),
            "recipe": self.recipe.as_json(),
            "seed": self.seed,
            "numerics": asdict(self.numerics),
            # Only where there are any: the keys of runs that are trained are what they were.
            **({} if self.weights is None else {"weights": self.weights.as_json()}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunSpec:
        """Rebuild the spec that :meth:`as_json` wrote."""
        return cls(
            dataset=DatasetSpec(**data["dataset"]),
            model=ModelSpec(**data["model"]),
            recipe=Recipe.from_json(data["recipe"]),
            seed=data["seed"],
            numerics=Numerics(**data["numerics"]),
            weights=WeightsSpec.from_json(data["weights"]) if "weights" in data else None,
        )

    @cached_property
    def key(self) -> str:
        """The run's identity: equal specs share it, any difference changes it.

        Recipe and numerics enter without the fields that are at their defaults: a field that a later version adds
        leaves the runs of earlier ones where they are.
        """
        weights = "" if self.weights is None else f',"weights":{canonical_text(self.weights.as_json())}'
        text = self._but_seed + f'"seed":{self.seed:d}{weights}}}'
        return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]

    @property
    def _but_seed(self) -> str:
        """The canonical JSON of all but the seed, which comes last in it; runs of a cell share these parts."""
        parts = (self.dataset, self.model, self.recipe, self.numerics)
        kept = _TEXTS.get(ids := tuple(map(id, parts)))
        if kept is None:
            data, model = canonical_text(vars(self.dataset)), canonical_text(vars(self.model))
            numerics = canonical_text(_not_default(self.numerics))
            text = f'{{"dataset":{data},"model":{model},"numerics":{numerics},"recipe":{_text(self.recipe)},'
            kept = _TEXTS[ids] = parts, text
        return kept[1]

    def in_shape(self, data: DatasetEntry) -> tuple[int, int, int] | None:
        """Return (channels, height, width) of the net's inputs on its dataset; None where that is unknown."""
        side = self.recipe.crop_size
        return data.shape if side is None else (3, side, side)

    @property
    def title(self) -> str:
        """A short name for people: model, its options, seed."""
        options = " ".join(f"{key}={value}" for key, value in sorted(self.model.options.items()))
        which = f"seed {self.seed}" if self.weights is None else f"from {self.weights.file}"
        return f"{self.model.name} {options} {which}".replace("  ", " ")


_TEXTS: dict[tuple[int, ...], tuple[tuple[object, ...], str]] = {}
"""Identities of a spec's parts → these parts, kept so that nothing else takes their identities, and their text."""


def _text(recipe: Recipe) -> str:
    """Return a recipe's canonical JSON; the cells of a claim share one."""
    kept = _RECIPES.get(id(recipe))
    if kept is None:
        kept = _RECIPES[id(recipe)] = recipe, canonical_text(_not_default(recipe))
    return kept[1]


_RECIPES: dict[int, tuple[Recipe, str]] = {}
"""Identity of a recipe → it, kept as in `_TEXTS`, and its text."""


@dataclass(frozen=True)
class Until:
    """How far a run is needed, where that may be less than its end; no part of the run and of its key.

    It stops at the first evaluation after `epochs` (None: it goes on), or at which `column` of its history is at most
    `at_most`, or at least `at_least`, one of which is given, and can go on from there.
    """

    column: str
    at_most: float | None = None
    epochs: float | None = None
    at_least: float | None = None

    def reached(self, value: float) -> bool:
        """Tell whether a value of the column is at the target, or beyond it; one that is no number is not."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    def passed(self, row: Mapping[str, float]) -> bool:
        """Tell whether a run that was evaluated last with this row of its history has come so far."""
        return self.reached(row[self.column]) or (self.epochs is not None and row["epoch"] > self.epochs)

    def as_json(self) -> dict[str, Any]:
        """Return plain data, of which ``Until(**data)`` is the inverse."""
        target = {"at_most": self.at_most} if self.at_least is None else {"at_least": self.at_least}
        return {"column": self.column, **target, "epochs": self.epochs}


def farther(a: Until | None, b: Until | None) -> Until | None:
    """Return how far a run is to go that is needed twice; None stands for its end."""
    if a is None or b is None or replace(a, epochs=None) != replace(b, epochs=None):
        return None
    ends = (a.epochs, b.epochs)
    return replace(a, epochs=None if None in ends else max(e for e in ends if e is not None))


@dataclass(frozen=True)
class ReadingSpec:
    """One measurement of a probe: on a run at a moment, on a model as built, or on nothing but mathematics.

    Attributes:
        probe: short name or ``package.module:Name``.
        version: the probe's version, so that a mended probe is read again.
        options: the probe's own options.
        run: the spec of the run it is read from, or None.
        moment: "init", "epoch-1", "mid" or "last", for a run.
        subject: for a static probe, the model (and input shape) as plain data.
    """

    probe: str
    version: int | str
    options: Mapping[str, Any] = field(default_factory=dict)
    run: RunSpec | None = None
    moment: str | None = None
    subject: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain data; the run is named by its key."""
        return {
            "probe": self.probe,
            "version": self.version,
            "options": dict(self.options),
            "run": self.run.key if self.run else None,
            "moment": self.moment,
            "subject": dict(self.subject) if self.subject else None,
        }

    @cached_property
    def key(self) -> str:
        """The reading's identity in the store."""
        if self.run is None or self.subject:
            return canonical_hash(self.as_json())
        kept = _OPTIONS.get(id(self.options))
        if kept is None:
            kept = _OPTIONS[id(self.options)] = self.options, canonical_text(dict(self.options))
        first, last = _around_run(self.probe, self.version, self.moment, kept[1])
        return hashlib.sha256(f"{first}{self.run.key}{last}".encode()).hexdigest()[:DIGITS]


_OPTIONS: dict[int, tuple[Mapping[str, Any], str]] = {}
"""Identity of a probe's options, which the readings of a cell share → these, kept as in `_TEXTS`, and their text."""


@cache
def _around_run(probe: str, version: int | str, moment: str | None, options: str) -> tuple[str, str]:
    """Return the canonical JSON of a reading before and after the key of its run; `options` are canonical JSON."""
    head = f'{{"moment":{canonical_text(moment)},"options":{options},"probe":{canonical_text(probe)},"run":"'
    return head, f'","subject":null,"version":{canonical_text(version)}}}'
