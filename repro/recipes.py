"""Recipes: how a net is trained. Plain data, so that planning needs no torch.

A claim names a recipe and overrides its fields; the result is part of the RunSpec and so of a run's key.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

from repro.errors import Problem, ReproError, suggestion

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Schedule = Literal["constant", "step", "cosine"]
Augmentation = Literal["none", "pad-crop-flip"]
Input = Literal["per-pixel-mean", "standardised", "raw-centred"]
Initialisation = Literal["he", "fan-in", "gaussian-0.01", "cuda-convnet"]
Decay = Literal["all", "weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Optimiser, schedule, batches, augmentation, input scale, initialisation, and when to evaluate.

    Attributes:
        name: the recipe's name in :data:`RECIPES`.
        version: bumped by hand when the training code changes what this recipe does.
        batch_size: images a step.
        steps: iterations; exclusive with `epochs`. 0 keeps the initial weights only.
        epochs: passes over the training set; exclusive with `steps`.
        lr: (peak) learning rate of SGD with momentum.
        bias_lr_factor: biases learn at `lr` times this.
        momentum: heavy-ball momentum, as torch.optim.SGD defines it.
        weight_decay: L2 penalty added to the gradient.
        decay: which parameters decay: "all" (BN's gamma and beta too) or "weights" (conv and linear weights).
        schedule: "constant"; "step": divided by 10 at each of `milestones`; "cosine": to 0 over the run.
        milestones: iterations, for "step".
        warmup_lr: learning rate until the running training error of an epoch's tenth is below
            `warmup_until_train_error`, or None.
        warmup_until_train_error: a fraction; used with `warmup_lr`.
        augmentation: "none", or "pad-crop-flip": 4 pixels of zeros a side, random crop, horizontal flip.
        input: "per-pixel-mean": pixels / 255 minus the training set's mean image; "standardised":
            (pixel − mean) / std over the training set, per channel; "raw-centred": pixels of 0–255
            minus the mean image, unscaled (cuda-convnet).
        initialisation: "he" (normal, fan-in, gain √2); "fan-in" (He for ReLU, gain 1 for tanh);
            "gaussian-0.01"; "cuda-convnet" (standard deviations declared by the model). Biases start at 0.
        bn_group: BN statistics are taken over groups of this many images; None: over the batch.
        evaluate_every: epochs between clean evaluations of training and test set (a fraction is allowed);
            the last step is always evaluated.
        stop_at_train_error: training ends at the first evaluation at or below this clean training error.
    """

    name: str
    version: int = 1
    batch_size: int = 128
    steps: int | None = None
    epochs: float | None = None
    lr: float
    bias_lr_factor: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay: Decay = "all"
    schedule: Schedule = "constant"
    milestones: tuple[int, ...] = ()
    warmup_lr: float | None = None
    warmup_until_train_error: float | None = None
    augmentation: Augmentation = "none"
    input: Input = "per-pixel-mean"
    initialisation: Initialisation = "he"
    bn_group: int | None = None
    evaluate_every: float = 1.0
    stop_at_train_error: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain data for the key and for `run.json`."""
        return {**asdict(self), "milestones": list(self.milestones)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Recipe:
        """Invert :meth:`as_json`."""
        return cls(**{**data, "milestones": tuple(data["milestones"])})


RECIPES: dict[str, Recipe] = {
    # ResNet, Sec. 4.2: momentum 0.9, weight decay 1e-4, lr 0.1 divided by 10 at 32k and 48k, stop at 64k,
    # batch 128 on two GPUs (BN over 64, arXiv:1603.05027 appendix), 4-pixel padding, crop, flip.
    "resnet-cifar": Recipe(
        name="resnet-cifar",
        batch_size=128,
        steps=64_000,
        lr=0.1,
        weight_decay=1e-4,
        schedule="step",
        milestones=(32_000, 48_000),
        augmentation="pad-crop-flip",
        input="per-pixel-mean",
        initialisation="he",
        bn_group=64,
    ),
    # ResNet, Sec. 3.4 and 4.1 (ImageNet): batch 256, lr 0.1 divided by 10 on plateaus, up to 60e4 iterations.
    # Fig. 4 shows the drops near 15e4 and 30e4. Its data pipeline is not written yet.
    "resnet-imagenet": Recipe(
        name="resnet-imagenet",
        batch_size=256,
        steps=600_000,
        lr=0.1,
        weight_decay=1e-4,
        schedule="step",
        milestones=(150_000, 300_000),
        input="per-pixel-mean",
        initialisation="he",
        bn_group=32,
    ),
    # cuda-convnet's example layers (2012): raw pixels minus the mean image, small Gaussian weights,
    # momentum 0.9, biases at twice the rate. AlexNet Fig. 1: no regularisation of any kind.
    "cuda-convnet-2012": Recipe(
        name="cuda-convnet-2012",
        batch_size=128,
        epochs=60,
        lr=0.001,
        bias_lr_factor=2.0,
        input="raw-centred",
        initialisation="cuda-convnet",
    ),
}


def recipe(name: str, overrides: dict[str, Any], place: Callable[[str], str] = str) -> Recipe:
    """Return recipe `name` with fields replaced. Choosing `steps` drops `epochs` and the other way round.

    Args:
        name: the recipe's name in :data:`RECIPES`.
        overrides: field → value.
        place: field → where it was set, for errors.

    Raises:
        ReproError: unknown recipe or field, a value that is none for its field, or fields that contradict
            one another; all problems at once.
    """
    if name not in RECIPES:
        raise ReproError(Problem(place("name"), "unknown recipe", repr(name), suggestion(name, RECIPES)))
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in overrides.items()}
    problems = [found for key, value in values.items() for found in _field_problems(key, value, place(key))]
    if values.get("steps") is not None and values.get("epochs") is not None:
        what = "give `steps` or `epochs`, not both"
        problems.append(Problem(place("steps"), what, repr(values["steps"]), "remove one of the two"))
    if problems:
        raise ReproError(*problems)
    if values.get("steps") is not None:
        values["epochs"] = None
    elif values.get("epochs") is not None:
        values["steps"] = None
    made = replace(RECIPES[name], **values)
    if made.bn_group is not None and made.batch_size % made.bn_group:
        what = f"must divide batch_size = {made.batch_size}"
        hint = "set both so that they fit"
        raise ReproError(Problem(place("bn_group"), what, repr(made.bn_group), hint))
    if (made.warmup_lr is None) != (made.warmup_until_train_error is None):
        what = "needs both `warmup_lr` and `warmup_until_train_error`, or neither"
        raise ReproError(Problem(place("warmup_lr"), what, repr(made.warmup_lr), "give the other one, too"))
    return made


def _field_problems(key: str, value: object, place: str) -> list[Problem]:
    """Return what is wrong with one field: its name, its type, or a number that makes no sense for it."""
    if key not in RECIPE_FIELDS:
        return [Problem(place, "unknown recipe field", None, suggestion(key, RECIPE_FIELDS))]
    from pydantic import ValidationError

    try:
        _types()[key].validate_python(value, strict=True)
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        choices = get_args(get_type_hints(Recipe)[key])
        words = isinstance(value, str) and all(isinstance(choice, str) for choice in choices) and choices
        hint = suggestion(str(value), choices) if words else f"its type is {Recipe.__annotations__[key]}"
        return [Problem(place, message[:1].lower() + message[1:], repr(value), hint)]
    least = _LEAST.get(key, 0)
    if isinstance(value, int | float) and not (math.isfinite(value) and least <= value):
        return [Problem(place, "is out of range", repr(value), f"give a finite number of at least {least}")]
    if value == 0 and key in _POSITIVE:
        return [Problem(place, "is out of range", repr(value), "give a number above 0")]
    return []


@cache
def _types() -> dict[str, TypeAdapter[Any]]:
    from pydantic import TypeAdapter  # late: workers and reports need none of it

    hints = get_type_hints(Recipe)
    return {name: TypeAdapter(hints[name]) for name in RECIPE_FIELDS}


_LEAST = {"batch_size": 1, "bn_group": 1}
_POSITIVE = frozenset({"epochs", "lr", "evaluate_every", "warmup_lr"})

RECIPE_FIELDS = frozenset(field.name for field in fields(Recipe)) - {"name", "version"}
"""What a claim may override; every other key of an arm or factor is an option of the model."""
