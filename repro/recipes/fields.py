"""What a recipe is: plain data, so that planning needs no torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

Optimiser = Literal["sgd", "adam", "adamw"]
Schedule = Literal["constant", "step", "cosine"]
Augmentation = Literal["none", "pad-crop-flip", "alexnet", "resnet-imagenet", "random-resized-crop"]
Input = Literal["per-pixel-mean", "standardised", "raw-centred"]
Initialisation = Literal["he", "fan-in", "gaussian-0.01", "cuda-convnet"]
Decay = Literal["all", "weights"]
TestViews = Literal["centre", "ten-crop"]
EvaluatedSet = Literal["train", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Optimiser, schedule, batches, augmentation, input scale, initialisation, and when to evaluate.

    Attributes:
        name: the recipe's name in :data:`RECIPES`.
        version: bumped by hand when the training code changes what this recipe does.
        batch_size: images a step.
        steps: iterations; exclusive with `epochs`. 0 keeps the initial weights only.
        epochs: passes over the training set; exclusive with `steps`.
        optimiser: "sgd" with momentum; "adam" (Kingma, Ba, arXiv:1412.6980, Algorithm 1); "adamw" (Loshchilov, Hutter,
            arXiv:1711.05101, Algorithm 2), whose weight decay is taken off the weights, times the learning rate,
            instead of added to the gradient.
        lr: (peak) learning rate.
        bias_lr_factor: biases learn at `lr` times this.
        momentum: heavy-ball momentum, as torch.optim.SGD defines it; "adam" and "adamw" have none.
        nesterov: Nesterov's momentum in its place.
        beta1: decay of Adam's mean of gradients.
        beta2: decay of Adam's mean of squared gradients.
        epsilon: added to the root of the latter.
        weight_decay: L2 penalty added to the gradient.
        decay: which parameters decay: "all" (BN's gamma and beta too) or "weights" (conv and linear weights).
        label_smoothing: share of the training target that is spread evenly over all classes; evaluation and
            running losses are of the true labels and of the smoothed targets, each.
        schedule: "constant"; "step": divided by 10 at each of `milestones`; "cosine": to 0 over the run.
        milestones: iterations, for "step".
        warmup_lr: learning rate until the running training error of an epoch's tenth is below
            `warmup_until_train_error`, or None.
        warmup_until_train_error: a fraction; used with `warmup_lr`.
        crop_size: side of the square crops that a net sees of images in files, read as training goes on; None:
            the dataset's images are of one size and in memory.
        augmentation: "none"; "pad-crop-flip": 4 pixels of zeros a side, random crop, horizontal flip. Of images
            in files (repro/training/crops.py): "alexnet", "resnet-imagenet", "random-resized-crop".
        input: "per-pixel-mean": pixels / 255 minus the training set's mean image; "standardised":
            (pixel − mean) / std over the training set, per channel; "raw-centred": pixels of 0–255
            minus the mean image, unscaled (cuda-convnet). Of images in files, mean and standard deviation are
            those of a fixed sample of the training set (repro/training/statistics.py).
        initialisation: "he" (normal, fan-in, gain √2); "fan-in" (He for ReLU, gain 1 for tanh);
            "gaussian-0.01"; "cuda-convnet" (standard deviations declared by the model). Biases start at 0, or
            where the model declares it.
        bn_group: BN statistics are taken over groups of this many images; None: over the batch.
        evaluate: which sets are evaluated, clean: "train", "test", both or none. What is not evaluated has no
            columns in the history; running errors and losses cost nothing and are always there. A run of 0 steps
            evaluates nothing.
        evaluate_every: epochs between evaluations (a fraction is allowed); before the first step and after the last
            one there is always one.
        curve_images: evaluations before the last planned step take a fixed sample of so many images of each set;
            None: the images that the last one takes. What a stop rule reads is such a sample, too.
        stop_at_train_error: training ends at the first evaluation at or below this clean training error.
        train_error_images: the clean training error is taken over a fixed sample of so many training images, after
            the last step, too; None: over all of them.
        test_views: "centre", or "ten-crop": beside the error of the whole image or its centre crop, that of
            ten crops an image, averaged, at the end of the run.
    """

    name: str
    version: int = 1
    batch_size: int = 128
    steps: int | None = None
    epochs: float | None = None
    optimiser: Optimiser = "sgd"
    lr: float
    bias_lr_factor: float = 1.0
    momentum: float = 0.9
    nesterov: bool = False
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    decay: Decay = "all"
    label_smoothing: float = 0.0
    schedule: Schedule = "constant"
    milestones: tuple[int, ...] = ()
    warmup_lr: float | None = None
    warmup_until_train_error: float | None = None
    crop_size: int | None = None
    augmentation: Augmentation = "none"
    input: Input = "per-pixel-mean"
    initialisation: Initialisation = "he"
    bn_group: int | None = None
    evaluate: tuple[EvaluatedSet, ...] = ("train", "test")
    evaluate_every: float = 1.0
    curve_images: int | None = None
    stop_at_train_error: float | None = None
    train_error_images: int | None = None
    test_views: TestViews = "centre"

    def as_json(self) -> dict[str, Any]:
        """Return plain data for the key and for `run.json`."""
        return {**asdict(self), "milestones": list(self.milestones), "evaluate": list(self.evaluate)}

    def images_evaluated(self, split: EvaluatedSet, images: int, *, last: bool) -> int:
        """Return how many of the images of a set an evaluation takes, after the last planned step or before."""
        if split not in self.evaluate or self.steps == 0:
            return 0
        most = [images]
        if split == "train" and self.train_error_images is not None:
            most.append(self.train_error_images)
        if not last and self.curve_images is not None:
            most.append(self.curve_images)
        return min(most)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Recipe:
        """Invert :meth:`as_json`."""
        lists: dict[str, Any] = {n: tuple(data[n]) for n in ("milestones", "evaluate") if n in data}
        return cls(**{**data, **lists})


RECIPE_FIELDS = frozenset(field.name for field in fields(Recipe)) - {"name", "version"}
"""What a claim may override; every other key of an arm or factor is an option of the model."""
