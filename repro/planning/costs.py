"""Predicted seconds of runs: from what runs of their kind took in the store, else from a rough model.

What runs in the store took on devices of the same kind corrects the model for nets of the same model on images of the
same size, and for no others: nets of 8×8 images are all dispatch, those of 32×32 all arithmetic, and one says little
about the other, as a GPU's time says nothing about a CPU's.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from repro.command_spec import AnyRun, CommandSpec
from repro.planning.command_costs import CommandCosts
from repro.planning.net_size import net_size
from repro.planning.price import Price
from repro.planning.reading_costs import AT_LEAST_SECONDS, passes
from repro.planning.rough import CPU, TEST_SHARE, images_of, in_shape, model_of, steps
from repro.planning.span import Span
from repro.registry import DATASETS, NOT_IMPLEMENTED, DatasetEntry
from repro.spec import ReadingSpec, RunSpec
from repro.store import RunRecord, spent_on

START_UP_SECONDS = 8.0
"""Of a check that trains anything: workers that import torch and take their first step, and the report."""

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
        longest: of one run, or of the longest row of runs of which each waits for the one before.
        basis: what the prediction rests on.
    """

    runs: int
    follow: int
    span: Span | None
    longest: float
    basis: str

    @property
    def seconds(self) -> float | None:
        """Predicted seconds of all of them on one worker, where they are known."""
        return None if self.span is None else self.span.likely

    def wall_seconds(self, workers: int) -> float | None:
        """Return the predicted wall seconds on `workers` workers, where they are known."""
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
        data: (name, fingerprint) of a user's dataset → what is known about it.
        device: the kind of device that is to carry the runs out; what others took does not count.
    """

    def __init__(
        self,
        measured: Iterable[RunRecord] = (),
        data: Mapping[tuple[str, str], DatasetEntry] | None = None,
        device: str = CPU,
        declared: Mapping[str, float] | None = None,
    ) -> None:
        self._data = data or {}
        self._model = model_of(device)
        measured = [run for run in measured if kind_of_device(run) == device]
        self._commands = CommandCosts(measured, declared)
        ends: dict[str, list[float]] = {}
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
                ratio = _ratio(run, self._model.seconds(spec, data_of, run.steps_done, evaluations))
                if spec.recipe.stop_at_train_error is not None and run.outcome == "finished":
                    ends.setdefault(_any_seed(spec), []).append(run.history["epoch"][-1])
                same.setdefault(_kind(spec), []).append(ratio)
                alike.setdefault(_family(spec, data_of), []).append(ratio)
        self._ends = {kind: statistics.median(epochs) for kind, epochs in ends.items()}
        self._same = {kind: _middle(ratios) for kind, ratios in same.items()}
        self._alike = {family: _middle(ratios) for family, ratios in alike.items()}

    def price(self, spec: AnyRun) -> Price:
        """Return what carrying out `spec` on one worker will cost, to its last step."""
        if isinstance(spec, CommandSpec):
            return self._commands.price(spec)
        data = self._of(spec)
        rough = self._model.to_the_end(spec, data)
        ratio = self._same.get(_kind(spec))
        if ratio is not None:
            return Price(rough * ratio.factor, measured=True, by_clock=ratio.by_clock)
        # How a user's own net grows with its options is not known, whatever others of its name took.
        known = net_size(spec.model, in_shape(spec, data), data.classes or 10).known
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
        net = net_size(spec.model, in_shape(spec, data), data.classes or 10)
        images = images_of(spec, data)
        passed = passes(reading, net, images, round(TEST_SHARE * (data.n_train or images)))
        return AT_LEAST_SECONDS + self._model.passing(net, passed.learnt, passed.evaluated)

    def epochs(self, spec: RunSpec) -> float:
        """Return the epochs of a run that nothing ends before its last step."""
        data = self._of(spec)
        return steps(spec, data) * spec.recipe.batch_size / images_of(spec, data)

    def ended_at(self, spec: RunSpec) -> float | None:
        """Return after how many epochs runs that differ in their seed alone have ended; None where there are none."""
        return self._ends.get(_any_seed(spec))

    def basis(self, runs: Iterable[AnyRun]) -> str:
        """Return what the predicted time of `runs` rests on, and how far it may be off, in words."""
        found = [price for price in map(self.price, runs) if not price.unknown]
        total = sum(price.seconds for price in found)
        shares = [
            (words, sum(price.seconds for price in prices) / total)
            for words, prices in self._grounds(found)
            if prices
        ]
        if len(shares) == 1:
            return shares[0][0]
        return "; ".join(f"{share:.0%} of it {words}" for words, share in shares)

    def _grounds(self, found: Sequence[Price]) -> list[tuple[str, list[Price]]]:
        """Return what predicted times rest on, in words, with the predictions that do."""
        return [
            (
                "from what runs of the same kinds in the store took of a processor, ±30% where nothing else runs",
                [p for p in found if p.measured and not p.by_clock],
            ),
            (
                "from runs of the same kinds in the store, ±30% if the machine is as busy as then",
                [p for p in found if p.measured and p.by_clock],
            ),
            (
                f"from a rough model of {self._model.says}",
                [p for p in found if not (p.measured or p.guessed or p.declared)],
            ),
            ("as `takes` declares", [p for p in found if p.declared]),
            (f"{GUESS}: nothing like it was ever measured", [p for p in found if p.guessed]),
        ]

    def outlay(
        self, runs: Sequence[AnyRun], seconds: Sequence[Span], follow: int, rest: Span, chain: Span
    ) -> Outlay:
        """Return what `runs` would cost once their data is there, each so long, with those that may follow them.

        `chain` is the longest row of them of which each waits for the one before.
        """
        known = all(isinstance(run, CommandSpec) or self._is_known(run) for run in runs)
        total = sum(seconds, rest)
        longest = max((span.likely for span in [*seconds, chain]), default=0.0)
        return Outlay(len(runs), follow, total if known else None, longest, self.basis(runs))

    def _is_known(self, run: RunSpec) -> bool:
        data = self._of(run)
        known = data.n_train is not None and run.model.version != NOT_IMPLEMENTED
        return known and run.in_shape(data) is not None

    def _of(self, spec: RunSpec) -> DatasetEntry:
        name = spec.dataset.name
        return self._data.get((name, spec.dataset.fingerprint)) or DATASETS.get(name, DatasetEntry("", ""))


def kind_of_device(run: RunRecord) -> str:
    """Return the kind of device that a run was made on, in the words of torch: "cpu", "cuda"."""
    return str(run.provenance.get("device", CPU)).partition(":")[0]


def _kind(spec: RunSpec) -> str:
    options = sorted((key, str(value)) for key, value in spec.model.options.items())
    return f"{spec.dataset.name} {spec.model.name} {options} {spec.recipe.batch_size} {spec.numerics}"


def _any_seed(spec: RunSpec) -> str:
    return replace(spec, seed=0).key


def _family(spec: RunSpec, data: DatasetEntry) -> str:
    return f"{spec.model.name} {in_shape(spec, data)}"
