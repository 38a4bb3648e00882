"""The tables: short names → the models, probes, formulas and data sets of this package."""

from __future__ import annotations

from repro import formulas
from repro.registry.known import DatasetEntry, Registered

_CIFAR = frozenset({"depth", "width", "norm", "shortcut"})
_FOUR_LAYER = frozenset({"activation", "lrn"})

MODELS: dict[str, Registered] = {
    "cifar-plain": Registered("repro.models.cifar:plain", 1, _CIFAR - {"shortcut"}),
    "cifar-resnet": Registered("repro.models.cifar:resnet", 1, _CIFAR),
    "imagenet-plain": Registered("repro.models.imagenet:plain", 1, frozenset({"depth"})),
    "imagenet-resnet": Registered("repro.models.imagenet:resnet", 1, frozenset({"depth", "shortcut"})),
    "conv3-fc": Registered(
        "repro.models.four_layer:Conv3FC",
        1,
        _FOUR_LAYER | {"left_out", "filters", "dropout", "positive_biases"},
    ),
    "conv2-local2-fc": Registered(
        "repro.models.four_layer:Conv2Local2FC", 2, _FOUR_LAYER | {"local3_filters"}
    ),
    "alexnet": Registered(
        "repro.models.alexnet:AlexNet",
        1,
        frozenset({"activation", "lrn", "groups", "dropout", "left_out", "positive_biases"}),
    ),
    "small-vgg": Registered("repro.models.small_vgg:SmallVGG", 1, frozenset({"configuration", "width"})),
    "vgg": Registered("repro.models.vgg:VGG", 1, frozenset({"configuration", "dropout"})),
}

PROBES: dict[str, Registered] = {
    "weight_gradient_norm": Registered(
        "repro.probes.gradients:weight_gradient_norm", 1, frozenset({"layers"})
    ),
    "output_gradient_norm": Registered(
        "repro.probes.gradients:output_gradient_norm", 1, frozenset({"layers"})
    ),
    "response_std": Registered("repro.probes.responses:response_std", 1, frozenset({"layers", "statistics"})),
    "insertion_difference": Registered(
        "repro.probes.surgery:insertion_difference", 2, frozenset({"depth", "inserted"})
    ),
    "block_left_out": Registered("repro.probes.surgery:block_left_out", 1, frozenset({"first", "together"})),
    "same_class_neighbours": Registered(
        "repro.probes.neighbours:same_class_neighbours", 2, frozenset({"space"})
    ),
    "nearest_images": Registered("repro.probes.neighbours:nearest_images", 2, frozenset({"space"})),
    "kernel_peak_share": Registered("repro.probes.kernels:kernel_peak_share", 1, frozenset({"shuffled"})),
    "kernel_colour_halves": Registered("repro.probes.kernels:kernel_colour_halves", 1, frozenset()),
    "masked_fill_ratio": Registered(
        "repro.probes.interpolation:masked_fill_ratio", 1, frozenset({"patch", "high", "low"})
    ),
    "test_outputs": Registered("repro.probes.outputs:test_outputs", 1, frozenset()),
    "augmented_minus_test_error": Registered(
        "repro.probes.augmented:augmented_minus_test_error", 1, frozenset()
    ),
    "parameters": Registered("repro.probes.static:parameters", 1, frozenset()),
    "parameter_share": Registered("repro.probes.static:parameter_share", 1, frozenset({"layers"})),
    "weight_layers": Registered("repro.probes.static:weight_layers", 1, frozenset({"layers"})),
    "projections": Registered("repro.probes.static:projections", 1, frozenset()),
    "neurons": Registered("repro.probes.static:neurons", 1, frozenset()),
    "multiply_adds": Registered("repro.probes.static:multiply_adds", 1, frozenset({"layers"})),
    "multiply_add_share": Registered("repro.probes.static:multiply_add_share", 1, frozenset({"layers"})),
}

FORMULAS: dict[str, Registered] = {
    name: Registered(f"repro.formulas.{target}", 1, options)
    for name, (target, options) in formulas.NAMES.items()
} | {"residual_identity": Registered("repro.probes.identities:residual_identity", 1, frozenset())}
"""Functions of keyword arguments, computed without nets or data; only the last of them needs torch."""

DATASETS: dict[str, DatasetEntry] = {
    "digits": DatasetEntry(
        target="repro.datasets.digits:digits",
        fingerprint="16d55714a45153fedadf73b3219283e38aec894a2e4ec5d5be73420936685d4a",
        shape=(1, 8, 8),
        n_train=1_400,
        classes=10,
        files=False,
    ),
    # The fingerprint is that of the real images and labels, as repro.datasets.fingerprint reads them.
    "cifar10": DatasetEntry(
        target="",
        fingerprint="bd2c0e4c80936b6247e74c20f62d324ed65b692c087ab7760342c4f3fca93efd",
        shape=(3, 32, 32),
        n_train=50_000,
        classes=10,
        missing=(
            "CIFAR-10 is not at hand: bring it with --data cifar10=PATH (torchvision's folder or archive, a Keras "
            ".npz, or image folders), or --data cifar10=download"
        ),
        files=False,
        download="repro.datasets.download:cifar10",
    ),
    # 150 GB are not hashed: it is known by its listing, see repro.datasets.listing.
    "imagenet": DatasetEntry(
        target="",
        fingerprint="ilsvrc-2012",
        n_train=1_281_167,
        classes=1_000,
        missing=(
            "ImageNet (ILSVRC 2012) is not at hand: bring it with --data imagenet=DIR "
            "(train/<wnid>/*.JPEG and val/<wnid>/*.JPEG below DIR)"
        ),
        files=True,
    ),
}


def stands_in(name: str, fingerprint: str) -> bool:
    """Tell whether other data stand in for a dataset whose content is known: the fingerprint is not the published."""
    return name in DATASETS and DATASETS[name].fingerprint != fingerprint
