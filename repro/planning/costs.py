"""What a run will cost, before it is carried out: from runs of its kind in the store, else from a rough model.

The rough model is of one CPU thread: a time for each layer of each step, and one for each multiplication, in steps and
in evaluations. Its constants were measured once, on CIFAR's nets of 8×8 and of 32×32 images. What runs in the
store took corrects it for nets of the same model on images of the same size, and for no others: nets of 8×8
images are all dispatch, those of 32×32 all arithmetic, and one says little about the other.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from repro.command_spec import AnyRun, CommandSpec
from repro.planning.command_costs import CommandCosts
from repro.planning.net_size import net_size
from repro.planning.price import Price
from repro.planning.reading_costs import AT_LEAST_SECONDS, passes
from repro.planning.span import Span
from repro.recipes import EvaluatedSet
from repro.registry import DATASETS, NOT_IMPLEMENTED, DatasetEntry
from repro.spec import ReadingSpec, RunSpec
from repro.store import RunRecord, spent_on

DISPATCH_SECONDS = 0.4e-3
"""Of a layer's forward, backward and update, whatever the batch: ResNet's nets of 8 to 56 layers on 8×8."""

MULTIPLY_ADDS_PER_SECOND = 4.2e10
"""Of training, forward and backward: plain nets of 20 and 56 layers and conv3-fc, batches of 128 of 32×32."""

EVALUATED_PER_SECOND = 3e10
"""Multiply-adds of evaluation, whose larger batches leave the cache."""

RUN_SECONDS = 0.1
"""Building a net, and writing what is kept of it."""

START_UP_SECONDS = 8.0
"""Of a check that trains anything: workers that import torch and take their first step, and the report."""

TEST_SHARE = 0.2
"""Test images for each training image, as in CIFAR-10: their number is not known before they are read."""


GUESS = "a guess"
"""What a basis says of a time that rests on no measurement of anything like it."""

GUESS_RANGE = (1 / 5, 30)
"""Factors between which the time of a net that is known by name alone lies, guesses of small nets having been short by
up to sixteen: it is taken for a small one, and may be a large one."""


@dataclass(frozen=True, slots=True)
class Outlay:
    """What runs that wait for their data would cost.

    Attributes:
        runs: how many.
        follow: at most so many more may follow.
        span: seconds of all of them on one worker; None where the size of the data is not known.
        longest: of one run.
        basis: what the prediction rests on.
    """

    runs: int
    follow: int
    span: Span | None
    longest: float
    basis: str

    @property
    def seconds(self) -> float | None:
        """Predicted seconds of all of them on one worker, if they can be told."""
        return None if self.span is None else self.span.likely

    def wall_seconds(self, workers: int) -> float | None:
        """Return the predicted wall seconds on `workers` workers, if they can be told."""
        return None if self.span is None else max(self.span.likely / workers, self.longest)

    def between(self, workers: int) -> tuple[float, float] | None:
        """Return what they may take at least and at most; None where it is not open how far runs go."""
        if self.span is None or self.span.low == self.span.high:
            return None
        return self.span.low / workers, self.span.high / workers


@dataclass(frozen=True, slots=True)
class _Ratio:
    """What runs took, over what the rough model says of them; `by_clock`: of a processor that is not known."""

    factor: float
    by_clock: bool


def _ratio(run: RunRecord, rough: float) -> _Ratio:
    spent = spent_on(run)
    # Noted by earlier versions: of a GPU's time, a net's share.
    a_step = run.provenance.get("device_seconds_a_step")
    if spent.processor_seconds is None and a_step is not None:
        return _Ratio(a_step * run.steps_done / rough, by_clock=True)
    return _Ratio((spent.seconds or 0.0) / rough, by_clock=spent.processor_seconds is None)


def _middle(ratios: Sequence[_Ratio]) -> _Ratio:
    """Return the median of those that tell of a processor, or else of all."""
    told = [ratio for ratio in ratios if not ratio.by_clock]
    return _Ratio(statistics.median(ratio.factor for ratio in told or ratios), by_clock=not told)


class Costs:
    """Predicts wall seconds of a run on one worker; sharper where similar runs have been measured.

    Args:
        measured: runs in the store.
        data: (name, fingerprint) of a dataset that was brought → what is known about it.
    """

    def __init__(
        self,
        measured: Iterable[RunRecord] = (),
        data: Mapping[tuple[str, str], DatasetEntry] | None = None,
    ) -> None:
        self._data = data or {}
        measured = list(measured)
        self._commands = CommandCosts(measured)
        same: dict[str, list[_Ratio]] = {}
        alike: dict[str, list[_Ratio]] = {}
        for run in measured:
            if run.steps_done:
                try:
                    spec = RunSpec.from_json(run.spec)
                except (TypeError, KeyError):
                    continue  # a command's, or made by a version whose recipes had other fields
                data_of = self._of(spec)
                evaluations = len(run.history.get("step", ()))
                ratio = _ratio(run, rough_seconds(spec, data_of, run.steps_done, evaluations))
                same.setdefault(_kind(spec), []).append(ratio)
                alike.setdefault(_family(spec, data_of), []).append(ratio)
        self._same = {kind: _middle(ratios) for kind, ratios in same.items()}
        self._alike = {family: _middle(ratios) for family, ratios in alike.items()}

    def price(self, spec: AnyRun) -> Price:
        """Return what carrying out `spec` on one worker will cost, to its last step."""
        if isinstance(spec, CommandSpec):
            return self._commands.price(spec)
        data = self._of(spec)
        planned = steps(spec, data)
        rough = rough_seconds(spec, data, planned, evaluations_of(spec, data, planned))
        ratio = self._same.get(_kind(spec))
        if ratio is not None:
            return Price(rough * ratio.factor, measured=True, by_clock=ratio.by_clock)
        # How a user's own net grows with its options is not known, whatever others of its name took.
        known = net_size(spec.model, _in_shape(spec, data), data.classes or 10).known
        ratio = self._alike.get(_family(spec, data))
        guessed = not known or (spec.recipe.crop_size is not None and ratio is None)
        return Price(rough * (1.0 if ratio is None else ratio.factor), guessed=guessed)

    def wall_seconds(self, spec: AnyRun) -> float:
        """Return the predicted wall seconds of carrying out `spec` on one worker."""
        return self.price(spec).seconds

    def reading_seconds(self, reading: ReadingSpec) -> float:
        """Return the predicted wall seconds of taking a reading: more than a moment where it passes many images."""
        spec = reading.run
        if spec is None:
            return AT_LEAST_SECONDS
        data = self._of(spec)
        net = net_size(spec.model, _in_shape(spec, data), data.classes or 10)
        images = _images(spec, data)
        passed = passes(reading, net, images, round(TEST_SHARE * (data.n_train or images)))
        learnt = passed.learnt * 3 * net.multiply_adds / MULTIPLY_ADDS_PER_SECOND
        return AT_LEAST_SECONDS + learnt + passed.evaluated * net.multiply_adds / EVALUATED_PER_SECOND

    def epochs(self, spec: RunSpec) -> float:
        """Return the epochs of a run that nothing ends before its last step."""
        data = self._of(spec)
        return steps(spec, data) * spec.recipe.batch_size / _images(spec, data)

    def basis(self, runs: Iterable[AnyRun]) -> str:
        """Return what the predicted time of `runs` rests on, and how far it may be off, in words."""
        found = [self.price(run) for run in runs]
        total = sum(price.seconds for price in found)
        parts = [
            (
                "from what runs of the same kinds in the store took of a processor, ±30% where nothing else runs",
                [p for p in found if p.measured and not p.by_clock],
            ),
            (
                "from runs of the same kinds in the store, ±30% if the machine is as busy as then",
                [p for p in found if p.measured and p.by_clock],
            ),
            (
                "from a rough model of an idle CPU, within a factor of about 2",
                [p for p in found if not p.measured and not p.guessed],
            ),
            (f"{GUESS}: nothing like it was ever measured", [p for p in found if p.guessed]),
        ]
        shares = [
            (words, sum(price.seconds for price in prices) / total) for words, prices in parts if prices
        ]
        if len(shares) == 1:
            return shares[0][0]
        return "; ".join(f"{share:.0%} of it {words}" for words, share in shares)

    def outlay(self, runs: Sequence[AnyRun], seconds: Sequence[Span], follow: int, rest: Span) -> Outlay:
        """Return what `runs` would cost once their data is there, each so long, with those that may follow them."""
        known = all(isinstance(run, CommandSpec) or self._is_known(run) for run in runs)
        total = sum(seconds, rest)
        longest = max((span.likely for span in seconds), default=0.0)
        return Outlay(len(runs), follow, total if known else None, longest, self.basis(runs))

    def _is_known(self, run: RunSpec) -> bool:
        data = self._of(run)
        known = data.n_train is not None and run.model.version != NOT_IMPLEMENTED
        return known and run.in_shape(data) is not None

    def _of(self, spec: RunSpec) -> DatasetEntry:
        name = spec.dataset.name
        return self._data.get((name, spec.dataset.fingerprint)) or DATASETS.get(name, DatasetEntry("", ""))


def steps(spec: RunSpec, data: DatasetEntry) -> int:
    """Return the iterations of a run at most; epochs of a dataset of unknown size count 100 steps each.

    Nets that were trained elsewhere take none.
    """
    recipe = spec.recipe
    if spec.weights is not None:
        return 0
    if recipe.steps is not None:
        return recipe.steps
    return round((recipe.epochs or 0) * _images(spec, data) / recipe.batch_size)


def rough_seconds(spec: RunSpec, data: DatasetEntry, steps: int, evaluations: int) -> float:
    """Return the rough model's seconds of a run that does so many steps and evaluations."""
    recipe = spec.recipe
    net = net_size(spec.model, _in_shape(spec, data), data.classes or 10)
    learnt = steps * recipe.batch_size * 3 * net.multiply_adds / MULTIPLY_ADDS_PER_SECOND
    images = _images(spec, data)
    sets: dict[EvaluatedSet, int] = {"train": images, "test": round(TEST_SHARE * images)}
    before, after = (
        sum(recipe.images_evaluated(name, size, last=last) for name, size in sets.items())
        for last in (False, True)
    )
    judged = max(evaluations - 1, 0) * before + min(evaluations, 1) * after
    evaluated = judged * net.multiply_adds / EVALUATED_PER_SECOND
    return RUN_SECONDS + steps * net.layers * DISPATCH_SECONDS + learnt + evaluated


def evaluations_of(spec: RunSpec, data: DatasetEntry, steps: int) -> int:
    """Return how often a run is evaluated: before the first step, at its epochs, and after the last."""
    every = max(spec.recipe.evaluate_every * _images(spec, data) / spec.recipe.batch_size, 1.0)
    regular = math.floor(steps / every)
    return 1 + regular + (round(regular * every) < steps)


def _images(spec: RunSpec, data: DatasetEntry) -> int:
    return spec.dataset.train_images or data.n_train or 100 * spec.recipe.batch_size


def _in_shape(spec: RunSpec, data: DatasetEntry) -> tuple[int, int, int]:
    return spec.in_shape(data) or (3, 32, 32)


def _kind(spec: RunSpec) -> str:
    options = sorted((key, str(value)) for key, value in spec.model.options.items())
    return f"{spec.dataset.name} {spec.model.name} {options} {spec.recipe.batch_size} {spec.numerics}"


def _family(spec: RunSpec, data: DatasetEntry) -> str:
    return f"{spec.model.name} {_in_shape(spec, data)}"
