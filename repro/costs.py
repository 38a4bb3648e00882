"""What a run will cost, before it is carried out: from runs measured on this machine, else from a rough model.

The rough model is time a step = layers × dispatch + 3 × multiply-adds × batch / throughput, one CPU thread, with
constants measured once (ResNet-20 on 8×8 and 32×32). It is right within a factor of about two on
other CPUs for nets of CIFAR's kind; for ImageNet's it was compared with no run, and a run of few steps takes longer.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

from repro.registry import DATASETS, DatasetEntry
from repro.spec import RunSpec
from repro.store import RunRecord

DISPATCH_SECONDS = 0.8e-3
"""Time of a layer's forward, backward and update on a tiny batch."""

MULTIPLY_ADDS_PER_SECOND = 5e10

CIFAR_20_MULTIPLY_ADDS = 40.8e6
"""ResNet-20, width 16, on 32×32."""

FOUR_LAYER_MULTIPLY_ADDS = 12.4e6
"""cuda-convnet's 3 convolutions + fc on 32×32."""

IMAGENET_RESNET_MULTIPLY_ADDS = {18: 1.8e9, 34: 3.6e9, 50: 3.8e9, 101: 7.6e9, 152: 11.3e9}
"""By depth, on 224×224 (ResNet, Table 1). Plain nets differ from them by no more than shortcuts."""

IMAGENET_MULTIPLY_ADDS = {"alexnet": (8, 0.7e9), "vgg": (16, 15.3e9)}
"""Layers and multiply-adds on 224×224: AlexNet's, rounded, and VGG-16's convolutions (ResNet, 15.3 billion)."""


class Costs:
    """Predicts wall seconds of a run on one worker; sharper where similar runs have been measured.

    Args:
        measured: runs of this machine.
        data: (name, fingerprint) of a dataset that was brought → what is known about it.
    """

    def __init__(
        self,
        measured: Iterable[RunRecord] = (),
        data: Mapping[tuple[str, str], DatasetEntry] | None = None,
    ) -> None:
        self._data = data or {}
        seconds: dict[str, list[float]] = {}
        ratios: list[float] = []
        for run in measured:
            if run.steps_done:
                try:
                    spec = RunSpec.from_json(run.spec)
                except (TypeError, KeyError):
                    continue  # made by a version whose recipes had other fields
                # Beside other nets on a GPU, a run is charged its share of the time.
                a_step = run.provenance.get("device_seconds_a_step") or run.wall_seconds / run.steps_done
                seconds.setdefault(_kind(spec), []).append(a_step)
                ratios.append(a_step / rough_seconds_per_step(spec, self._of(spec)))
        self._known = {kind: statistics.median(values) for kind, values in seconds.items()}
        self._correction = statistics.median(ratios) if ratios else 1.0

    @property
    def basis(self) -> str:
        """What the prediction rests on, and how far it may be off, in words."""
        if self._known:
            return f"from {len(self._known)} kinds of runs measured on this machine, ±30%"
        return "from a rough model of a CPU, within a factor of about 2 for CIFAR's nets: nothing measured here yet"

    def wall_seconds(self, spec: RunSpec) -> float:
        """Return the predicted wall seconds of training `spec` on one worker."""
        data = self._of(spec)
        a_step = self._known.get(_kind(spec), rough_seconds_per_step(spec, data) * self._correction)
        return a_step * steps(spec, data)

    def _of(self, spec: RunSpec) -> DatasetEntry:
        name = spec.dataset.name
        return self._data.get((name, spec.dataset.fingerprint)) or DATASETS.get(name, DatasetEntry("", ""))


def steps(spec: RunSpec, data: DatasetEntry) -> int:
    """Return the iterations of a run at most; epochs of a dataset of unknown size count 100 steps each."""
    recipe = spec.recipe
    if recipe.steps is not None:
        return recipe.steps
    images = data.n_train or 100 * recipe.batch_size
    return round((recipe.epochs or 0) * images / recipe.batch_size)


def rough_seconds_per_step(spec: RunSpec, data: DatasetEntry) -> float:
    """Return the rough model's seconds a step, evaluations included."""
    _, height, width = spec.in_shape(data) or (3, 32, 32)
    area = height * width / 1024
    options = spec.model.options
    if spec.model.name.startswith("cifar-"):
        layers, channels = _number(options.get("depth"), 20), _number(options.get("width"), 16)
        work = CIFAR_20_MULTIPLY_ADDS * (layers - 2) / 18 * (channels / 16) ** 2
    elif spec.model.name in ("imagenet-plain", "imagenet-resnet"):
        layers = _number(options.get("depth"), 34)
        known = IMAGENET_RESNET_MULTIPLY_ADDS
        # The table is of images of 224×224, and the area here is in units of 32×32.
        work = known.get(round(layers), known[34]) / 49
    elif spec.model.name in IMAGENET_MULTIPLY_ADDS:
        layers, on_224 = IMAGENET_MULTIPLY_ADDS[spec.model.name]
        work = on_224 / 49
    else:
        layers, work = 4.0, FOUR_LAYER_MULTIPLY_ADDS
    return layers * DISPATCH_SECONDS + 3 * work * area * spec.recipe.batch_size / MULTIPLY_ADDS_PER_SECOND


def _number(option: object, usual: float) -> float:
    # What the model makes of a wrong option is said when it is built.
    return float(option) if isinstance(option, int | float) and option > 2 else usual


def _kind(spec: RunSpec) -> str:
    options = sorted((key, str(value)) for key, value in spec.model.options.items())
    return f"{spec.dataset.name} {spec.model.name} {options} {spec.recipe.batch_size}"
