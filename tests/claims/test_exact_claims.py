"""The shipped exact claims: every number against one that was found in another way, and the verdict that follows.

Where a comment names no other source, numbers are arithmetic on the paper's layer table, written out here, or were
computed independently beforehand (the rows "computed" beside the papers' numbers that the project started from).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.stats import norm

from repro.claims import Claim, papers_of
from repro.experiment.requirements import requirements
from repro.experiment.variants import variants
from repro.judging.frame import collect
from repro.judging.verdicts import ClaimVerdict, judge_claim
from repro.probes.reading import take_reading
from repro.startup.shipped import folder
from repro.store import Store
from tests.support.command import modules_after
from tests.support.shipped import library as shipped_library

CONV_16 = 15.3466e9  # VGG-16, convolutions only, in the literature 15.3 GMACs; with fc 123.6 M more
FC_VGG = 512 * 7 * 7 * 4096 + 4096 * 4096 + 4096 * 1000

# Table 1, 224×224, A for 18 and 34 layers: 7×7 stem, then pairs of 3×3 layers at 56, 28, 14, 7, and the classifier.
STEM = 112 * 112 * 7 * 7 * 3 * 64
UNIT = 56 * 56 * 9 * 64 * 64  # one 3×3 layer of any stage takes the same: half the side, twice the maps
MADDS_18 = STEM + 16 * UNIT - 3 * UNIT // 2 + 512_000  # three layers have half of the maps at their input
MADDS_34 = STEM + 32 * UNIT - 3 * UNIT // 2 + 512_000
MADDS_50, MADDS_101, MADDS_152 = 3.858e9, 7.570e9, 11.282e9  # fvcore and others: 3.86, 7.57, 11.28
MADDS_VGG_19 = 19.632e9

# A stride in the 3×3 layer of a bottleneck: its first 1×1 layer then sees four times as many places, in three stages.
STRIDE = sum(3 * side**2 * (4 * maps) * (2 * maps) for side, maps in ((28, 64), (14, 128), (7, 256)))
# Option B's three projections take as much each: half the side, twice the maps in and out.
PROJECTIONS = 3 * 28**2 * 64 * 128
ALL_PROJECTIONS = (
    12 * 56**2 * 256**2
)  # option C's further ones, of the twelve blocks of ResNet-50 that keep their size

LISTS, FULLY_CONNECTED = ("list", "corrected-list"), (4096, 4096, 1000)


def block(tokens: int, width: int, attention: bool = True) -> int:
    """Multiply-adds of a transformer's block: four projections and an MLP four times as wide; queries, keys, values."""
    return 12 * tokens * width**2 + (2 * tokens**2 * width if attention else 0)


def share(tokens: int) -> float:
    return 8 * block(tokens, 512) / (24 * block(tokens, 1024))


SHARE_WITH_ALL = (8 * block(197, 512) / 197 + (1024 + 768) * 512) / (24 * block(197, 1024) / 197 + 768 * 1024)


def saved(
    seen: int, every: int, decoded: int, blocks: int = 8, attention: bool = True, more: float = 0.0
) -> float:
    """FLOPs with mask tokens over those without; `more` is what both take besides, but for the decoder's input."""
    decoder = blocks * block(decoded, 512, attention) + more
    each = 1024 * 512 if more else 0
    with_tokens, without = (24 * block(n, 1024, attention) + n * each for n in (every, seen))
    return (with_tokens + decoder) / (without + decoder)


def nonlinearity(layers: int) -> int:
    """The largest |f(x + y) − f(x) − f(y)| of the same integer weights and vectors, by matrices."""
    draw = random.Random(0)
    numbers = np.array([draw.randint(-9, 9) for _ in range(36 * layers + 20 * 2 * 6)])
    weights, pairs = numbers[: 36 * layers].reshape(layers, 6, 6), numbers[36 * layers :].reshape(20, 2, 6)

    def f(x: np.ndarray) -> np.ndarray:
        y = x
        for place, matrix in enumerate(weights):
            y = y @ matrix.T if place + 1 == layers else np.maximum(y @ matrix.T, 0)
        return y + x

    x, y = pairs[:, 0], pairs[:, 1]
    return int(np.abs(f(x + y) - f(x) - f(y)).max())


def slope(variance: float) -> float:
    """Of a softmax over two logits of this variance, at the median of their difference."""
    difference = norm.ppf(0.75) * math.sqrt(2 * variance)
    return float(expit(difference) * expit(-difference))


def shift_of_logarithms() -> float:
    """How far turning by the angle of a shift is from encoding the logarithm of the shifted position, by rotations."""
    rates = 10_000.0 ** -(np.arange(256) / 256)

    def turned(position: np.ndarray) -> np.ndarray:
        return np.exp(1j * np.log1p(position)[:, None] * rates)

    positions = np.arange(200.0)
    off = [turned(positions) * turned(np.array([k])) - turned(positions + k) for k in (1.0, 7.0, 50.0)]
    return float(max(np.abs([z.real, z.imag]).max() for z in off))


def cifar_20(width: int) -> int:
    """Parameters of ResNet-20 with option A for 1,000 classes."""
    w = width
    convolutions = (
        27 * w + 54 * w**2 + 9 * w * 2 * w + 45 * (2 * w) ** 2 + 9 * 2 * w * 4 * w + 45 * (4 * w) ** 2
    )
    return convolutions + 2 * (7 * w + 6 * 2 * w + 6 * 4 * w) + 1000 * (4 * w + 1)


EXACT: dict[str, tuple[str, dict[str, list[float]]]] = {
    "alexnet/factor-2048": ("refuted", {"factor": [33 * 33 * 2]}),
    "alexnet/input-224": ("refuted", {"side": [(224 - 11) // 4 + 1]}),
    "alexnet/neurons-by-layer": (
        "refuted",
        {
            name: [96 * 55**2, 256 * 27**2, 384 * 13**2, 384 * 13**2, 256 * 13**2, *FULLY_CONNECTED]
            for name in LISTS
        },
    ),
    "alexnet/one-percent": ("refuted", {"one-percent": [885_120 / 60_965_224]}),
    "alexnet/released-logs": (
        "supported",
        {
            "two-gpus-top1": [0.01695],
            "two-gpus-top5": [0.0123],
            "normalisation-top1": [0.0137],
            "normalisation-top5": [0.01152],
            "pooling-top1": [0.00394],
            "pooling-top5": [0.003],
        },
    ),
    "alexnet/sizes": ("supported", {"parameters": [60_965_224], "neurons": [659_272], "layers": [8]}),
    "vgg/depths": (
        "supported",
        {"depths": [8 + 3, 8 + 3, 10 + 3, 13 + 3, 13 + 3, 16 + 3], "fully-connected": [3] * 6},
    ),
    "vgg/fewer-weights": (
        "supported",
        {"twenty-seven": [27], "forty-nine": [49], "eighty-one-percent": [49 / 27]},
    ),
    "vgg/receptive-field": ("supported", {"field": [5, 7]}),
    # torchvision's vgg11, vgg13, vgg16 and vgg19; C is D with three 1×1 layers, 8·(256² + 2·512²) weights less.
    "vgg/sizes": (
        "supported",
        {
            "table-2": [
                132_863_336,
                132_863_336,
                133_047_848,
                138_357_544 - 8 * (256**2 + 2 * 512**2),
                138_357_544,
                143_667_240,
            ],
            "no-more-than-a-shallow-net": [143_667_240],
        },
    ),
    "resnet/bottleneck-costs-as-much": ("supported", {"similar": [69_632 / 73_728]}),
    "resnet/deeper-yet-cheaper-than-vgg": (
        "supported",
        {
            "fewer": [CONV_16 + FC_VGG - MADDS_152, MADDS_VGG_19 - CONV_16 - FC_VGG],
            "vgg-16": [CONV_16],
            "vgg-19": [MADDS_VGG_19],
        },
    ),
    "resnet/eight-times-deeper": ("supported", {"eight": [152 / 19]}),
    "resnet/eighteen-percent-of-vgg": (
        "supported",
        {"sizes": [MADDS_34, MADDS_VGG_19], "ratio": [MADDS_34 / MADDS_VGG_19]},
    ),
    "resnet/identity-shortcuts-are-free": ("supported", {"parameters": [0, 0], "multiply-adds": [0, 0]}),
    "resnet/one-layer-is-linear": ("supported", {"linear": [0]}),
    "resnet/printed-differences": (
        "supported",
        {
            "deeper-is-better": [0.0285],
            "residual-is-better": [0.0351],
            "coco-points": [0.06],
            "coco-relative": [27.2 / 21.2],
        },
    ),
    "resnet/projection-doubles-bottleneck": ("supported", {"doubled": [1 + 65_536 / 69_632]}),
    "resnet/table-1-multiply-adds": (
        "supported",
        {"rounded": [MADDS_18, MADDS_34, MADDS_101, MADDS_152], "fifty": [MADDS_50]},
    ),
    "resnet/table-6-parameters": (
        "supported",
        {
            "table-6": [269_722, 464_154, 658_586, 853_018, 1_727_962, 19_421_274],
            "option-b": [16 * 32 + 32 * 64 + 2 * (32 + 64)],
            "without-bn": [7 * 16 + 6 * 32 + 6 * 64],
        },
    ),
    "mae/decoder-cost": (
        "supported",
        {"nine-percent": [share(197)], "below-ten-percent": [share(197), share(50), 1 / 12, SHARE_WITH_ALL]},
    ),
    "mae/flops-saved": ("supported", {"ratio": [saved(50, 197, 197)]}),
    "mae/printed-speedups": (
        "supported",
        {
            "large": [42.4 / 15.4],
            "large-small-decoder": [42.4 / 11.6],
            "huge": [119.6 / 34.5],
            "huge-small-decoder": [119.6 / 29.3],
        },
    ),
    "mae/three-times-or-more": ("refuted", {"default": [42.4 / 15.4]}),
    "transformer/attention-cheaper-when-short": ("supported", {"break-even": [1]}),
    "transformer/dot-product-variance": ("supported", {"variance": [64, 64], "scaled": [1, 1]}),
    "transformer/heads-cost-the-same": ("supported", {"same": [1]}),
    "transformer/positions": (
        "supported",
        {"linear": [0], "geometric": [0], "ends": [1, 10_000 ** (510 / 512)]},
    ),
    # A layer of the encoder has 4·512² + 2·512·2048 weights, one of the decoder 4·512² more.
    "transformer/size-differences": (
        "supported",
        {
            "four-more-layers": [4 * (12 * 512**2 + 4 * 512 * 2048 + 2 * (2048 + 512) + 10 * 512)],
            "six-more-layers": [6 * (12 * 512**2 + 4 * 512 * 2048 + 2 * (2048 + 512) + 10 * 512)],
            "feed-forward": [12 * (2 * 512 + 1) * 3072],
            "keys": [18 * 2 * 8 * 512 * 48],
        },
    ),
    "transformer/sizes": (
        "refuted",
        {
            "base": [6 * (12 * 512**2 + 4 * 512 * 2048 + 2 * 2560 + 10 * 512) + 37_000 * 512],
            "big": [6 * (12 * 1024**2 + 4 * 1024 * 4096 + 2 * 5120 + 10 * 1024) + 37_000 * 1024],
        },
    ),
    "transformer/softmax-saturation": ("supported", {"smaller": [0.0024144]}),
    "transformer/training-cost": (
        "supported",
        {"base": [12 * 3600 * 8 * 9.5e12], "big": [3.5 * 86_400 * 8 * 9.5e12], "hours": [11.11]},
    ),
    "notes/convolution-cost": ("refuted", {"same-size": [1], "strided": [224**2 / 112**2]}),
    "notes/copied-numbers": ("refuted", {"copied": [0.017, 0.11, 0.13]}),
    "notes/dropout-is-l2": ("refuted", {"quadruples": [4, 2.302]}),
    "notes/dropout-is-l2-in-linear-models": ("supported", {"same": [0], "one-coefficient": [11.25 / 6.25]}),
    "notes/flops-double": (
        "refuted",
        {
            "eighteen-to-thirty-four": [MADDS_34 / MADDS_18],
            "thirty-four-to-fifty": [MADDS_50 / MADDS_34],
            "fifty-to-hundred": [MADDS_101 / MADDS_50],
            "after-that": [MADDS_152 / MADDS_101],
        },
    ),
    "notes/four-projections": ("supported", {"four": [4, 4]}),
    "notes/four-times-the-channels": ("supported", {"sixteen": [16]}),
    "notes/fully-connected-bottleneck": (
        "supported",
        {"parameters": [(37_752_832 + 16_781_312) / 60_965_224], "multiply-adds": [0.0809]},
    ),
    "notes/no-fully-connected-layer": ("refuted", {"none": [1], "share": [513_000 / 21_623_848]}),
    "notes/one-layer-block": ("supported", {"one": [0], "more": [nonlinearity(2), nonlinearity(3)]}),
    "notes/small-input-few-parameters": ("refuted", {"fewer": [0]}),
}


# Claim → expectation and convention → what it gives, part by part.
OTHERWISE: dict[str, dict[tuple[str, str], list[float]]] = {
    "alexnet/factor-2048": {("factor", "32 places a side, as the paper counts"): [32 * 32 * 2]},
    "alexnet/input-224": {
        ("side", "two pixels of padding a side"): [(224 + 4 - 11) // 4 + 1],
        ("side", "inputs of 227×227"): [(227 - 11) // 4 + 1],
    },
    # Sides of 54, 26 and 12: 54 − 3 and 26 − 3 halved, and one.
    "alexnet/neurons-by-layer": {
        ("list", "without padding"): [
            96 * 54**2,
            256 * 26**2,
            *[384 * 12**2] * 2,
            256 * 12**2,
            *FULLY_CONNECTED,
        ]
    },
    "alexnet/one-percent": {
        ("one-percent", "the half of the third layer that lies on one GPU"): [885_120 / 2 / 60_965_224],
        ("one-percent", "the fourth layer, the second largest"): [663_936 / 60_965_224],
    },
    "alexnet/sizes": {
        # Twice the maps at the input of the second, fourth and fifth layer.
        ("parameters", "every kernel sees all maps (one GPU)"): [
            60_965_224 + 256 * 48 * 25 + 384 * 192 * 9 + 256 * 192 * 9
        ],
        ("neurons", "the sum of Fig. 2's list, with its misprint of the first layer"): [622_312],
    },
    "vgg/fewer-weights": {
        ("eighty-one-percent", "with biases, at 64 channels"): [(49 * 64 + 1) / (3 * (9 * 64 + 1))]
    },
    "resnet/bottleneck-costs-as-much": {
        ("similar", "whole nets of 50 and of 34 layers, with as many blocks each"): [
            MADDS_50 / (MADDS_34 + PROJECTIONS)
        ]
    },
    "resnet/deeper-yet-cheaper-than-vgg": {
        ("fewer", "convolutions only"): [
            CONV_16 - MADDS_152 + 2_048_000,
            MADDS_VGG_19 - FC_VGG - CONV_16,
        ],
        ("vgg-16", "with the fully connected layers"): [CONV_16 + FC_VGG],
        ("vgg-19", "convolutions only"): [MADDS_VGG_19 - FC_VGG],
    },
    "resnet/eight-times-deeper": {("eight", "against VGG-16"): [152 / 16]},
    "resnet/eighteen-percent-of-vgg": {
        ("sizes", "convolutions only"): [MADDS_34 - 512_000, MADDS_VGG_19 - FC_VGG],
        ("ratio", "the printed numbers, divided"): [3.6 / 19.6],
        ("ratio", "convolutions only"): [(MADDS_34 - 512_000) / (MADDS_VGG_19 - FC_VGG)],
    },
    "resnet/identity-shortcuts-are-free": {
        ("parameters", "option B: projections where dimensions grow"): [
            64 * 128 + 128 * 256 + 256 * 512 + 2 * (128 + 256 + 512)
        ]
        * 2,
        ("multiply-adds", "option B: projections where dimensions grow"): [PROJECTIONS] * 2,
    },
    "resnet/one-layer-is-linear": {("linear", "two layers with a ReLU between them"): [nonlinearity(2)]},
    "resnet/projection-doubles-bottleneck": {
        ("doubled", "ResNet-50 with all projections (option C) over option B"): [
            1 + ALL_PROJECTIONS / MADDS_50
        ]
    },
    "resnet/table-1-multiply-adds": {
        ("rounded", "the stride of a bottleneck in its 3×3 layer"): [
            MADDS_18 + PROJECTIONS,
            MADDS_34 + PROJECTIONS,
            MADDS_101 + STRIDE,
            MADDS_152 + STRIDE,
        ],
        ("rounded", "convolutions only, without the classifier"): [
            MADDS_18 - 512_000,
            MADDS_34 - 512_000,
            MADDS_101 - 2_048_000,
            MADDS_152 - 2_048_000,
        ],
        ("fifty", "the stride in the 3×3 layer"): [MADDS_50 + STRIDE],
    },
    # Four projections of n·d² against one matrix of a simple recurrent layer for input and state, and eight of an LSTM.
    "transformer/attention-cheaper-when-short": {
        ("break-even", "with attention's projections, against a simple recurrent layer"): [0],
        ("break-even", "with attention's projections, against an LSTM"): [(8 - 4) / 2],
    },
    "transformer/positions": {
        ("linear", "sinusoids of the position's logarithm"): [shift_of_logarithms()],
        ("ends", "the longest of 4,096 dimensions"): [1, 10_000 ** (4094 / 4096)],
    },
    "transformer/sizes": {
        ("base", "weight matrices only"): [6 * (12 * 512**2 + 4 * 512 * 2048) + 37_000 * 512],
        ("base", "three embedding matrices"): [63_045_632 + 2 * 37_000 * 512],
        ("base", "41,000 tokens"): [63_045_632 + 4_000 * 512],
        ("big", "weight matrices only"): [6 * (12 * 1024**2 + 4 * 1024 * 4096) + 37_000 * 1024],
        ("big", "three embedding matrices"): [214_171_648 + 2 * 37_000 * 1024],
        ("big", "41,000 tokens"): [214_171_648 + 4_000 * 1024],
    },
    "transformer/softmax-saturation": {("smaller", "d_k = 4 without scaling"): [slope(4) / slope(1)]},
    "mae/decoder-cost": {
        ("nine-percent", "both on 50 tokens, as many as the encoder sees"): [share(50)],
        ("nine-percent", "linear layers only"): [1 / 12],
        ("nine-percent", "with patch embedding, decoder input and prediction"): [SHARE_WITH_ALL],
    },
    "mae/flops-saved": {
        ("ratio", "without the class token"): [saved(49, 196, 196)],
        ("ratio", "linear layers only"): [saved(50, 197, 197, attention=False)],
        ("ratio", "with patch embedding, decoder input and prediction"): [
            saved(50, 197, 197, more=196 * 768 * 1024 + 197 * 512 * 768)
        ],
        ("ratio", "with a decoder of one block"): [saved(50, 197, 197, blocks=1)],
    },
    "mae/three-times-or-more": {
        ("default", "a decoder of one block"): [42.4 / 11.6],
        ("default", "ViT-H, default decoder"): [119.6 / 34.5],
        ("default", "ViT-H, decoder of one block"): [119.6 / 29.3],
    },
    "notes/convolution-cost": {("strided", "AlexNet's first layer: 11×11 at stride 4"): [224**2 / 55**2]},
    "notes/dropout-is-l2-in-linear-models": {("one-coefficient", "inputs of one size"): [1]},
    "notes/flops-double": {
        ("eighteen-to-thirty-four", "the paper's printed numbers"): [3.6 / 1.8],
        ("thirty-four-to-fifty", "the paper's printed numbers"): [3.8 / 3.6],
        ("fifty-to-hundred", "the paper's printed numbers"): [7.6 / 3.8],
        ("after-that", "the paper's printed numbers"): [11.3 / 7.6],
    },
    # Every block of 3, 8, 36 and 3; where dimensions grow, in three stages of the net of 34 layers.
    "notes/four-projections": {
        ("four", "option C with 152 layers, and the net of 34 layers"): [3 + 8 + 36 + 3, 3]
    },
    "notes/four-times-the-channels": {
        ("sixteen", "the bottleneck block with 256 channels at its ends"): [69_632 / 73_728]
    },
    # torchvision's resnet34 has 21,797,672 parameters.
    "notes/fully-connected-bottleneck": {
        ("parameters", "the classifier, too"): [(37_752_832 + 16_781_312 + 4_097_000) / 60_965_224],
        ("parameters", "ResNet-34's only one, for comparison"): [513_000 / 21_797_672],
    },
    "notes/no-fully-connected-layer": {
        ("none", "VGG-16, for comparison"): [3],
        ("share", "VGG-16, for comparison"): [(FC_VGG + 4096 + 4096 + 1000) / 138_357_544],
    },
    "notes/small-input-few-parameters": {
        ("fewer", "four times as many maps instead"): [cifar_20(64) - cifar_20(16)]
    },
}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Claim]:
    return {claim.id: claim for claim in shipped_library().claims if not claim.trains}


@pytest.fixture(scope="module")
def store(shipped: dict[str, Claim], tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Hold every number of the exact claims and of their controls, computed here and now."""
    made = Store(tmp_path_factory.mktemp("store"))
    made.prepare()
    for claim in shipped.values():
        for one in (claim, *(variant.claim for variant in variants(claim, "exact"))):
            for need in requirements(one, "exact", made).exact:
                if made.reading(need.reading.key) is None:
                    rows = take_reading(need.reading, weights=None, data=None, device=torch.device("cpu"))
                    made.put_reading(need.reading, rows, {})
    return made


def judged(claim: Claim, store: Store, scale: str = "exact") -> ClaimVerdict:
    item = requirements(claim, scale, store)
    return judge_claim(item, collect([item], store))


@pytest.fixture(scope="module")
def verdict_of(shipped: dict[str, Claim], store: Store) -> Callable[[str], ClaimVerdict]:
    """Claim → its verdict at the scale "exact", judged once."""
    return cache(lambda name: judged(shipped[name], store))


def test_every_exact_claim_is_here(shipped: dict[str, Claim]) -> None:
    assert set(shipped) == set(EXACT)


@pytest.mark.parametrize("name", EXACT)
def test_numbers_and_verdicts(name: str, verdict_of: Callable[[str], ClaimVerdict]) -> None:
    verdict = verdict_of(name)
    result, numbers = EXACT[name]
    found = {
        e.id: [part.interval.estimate for part in e.parts if part.interval] for e in verdict.expectations
    }
    for expectation, values in numbers.items():
        # Numbers that are rounded here have four digits at least.
        tolerance = max(
            5e-4 * abs(value) if value != int(value) or abs(value) > 1e8 else 0.0 for value in values
        )
        assert found[expectation] == pytest.approx(values, rel=0, abs=max(tolerance, 1e-9)), expectation
    assert (verdict.result, verdict.status, verdict.capped) == (result, "complete", False)


@pytest.mark.parametrize("name", EXACT)
def test_every_number_is_held_against_another_and_declared_to_have_been_known(
    name: str, shipped: dict[str, Claim], verdict_of: Callable[[str], ClaimVerdict]
) -> None:
    claim = shipped[name]
    assert set(claim.base.expect) == set(EXACT[name][1])
    assert all(item.known_beforehand for item in claim.base.expect.values())
    given: dict[tuple[str, str], list[float]] = {}
    for expectation in verdict_of(name).expectations:
        for other in expectation.otherwise:
            assert other.value is not None
            given.setdefault((expectation.id, other.convention), []).append(other.value)
    assert given == {
        place: pytest.approx(values, rel=0 if all(v == int(v) and v < 1e8 for v in values) else 5e-4)
        for place, values in OTHERWISE.get(name, {}).items()
    }


@pytest.mark.parametrize("name", EXACT)
def test_every_scale_judges_alike(name: str, shipped: dict[str, Claim], store: Store) -> None:
    for scale in ("smoke", "reduced", "paper"):
        verdict = judged(shipped[name], store, scale)
        assert (verdict.result, verdict.capped) == (EXACT[name][0], False)


@pytest.mark.parametrize("name", EXACT)
def test_every_control_is_refuted(name: str, shipped: dict[str, Claim], store: Store) -> None:
    claim = shipped[name]
    found = variants(claim, "smoke")
    assert found or claim.base.no_control, "a claim has a control, or says why none is possible"
    for variant in found:
        assert judged(variant.claim, store).result == "refuted"


@pytest.mark.parametrize("name", EXACT)
def test_claims_say_what_a_reader_needs(
    name: str, shipped: dict[str, Claim], verdict_of: Callable[[str], ClaimVerdict]
) -> None:
    claim = shipped[name]
    for item in claim.base.expect.values():
        assert item.why
        assert "reported" not in item.model_fields_set or item.reported
    for expectation in verdict_of(name).expectations:
        given = {other.convention: other.value for other in expectation.otherwise}
        assert set(given) == set(expectation.expectation.otherwise)
        assert all(value is not None and math.isfinite(value) for value in given.values())


def test_what_other_conventions_give(verdict_of: Callable[[str], ClaimVerdict]) -> None:
    """Numbers that the literature gives for the same nets, counted otherwise."""
    told = {
        (name, e.id, other.convention): (other.value, other.would_do)
        for name in ("resnet/deeper-yet-cheaper-than-vgg", "resnet/table-1-multiply-adds")
        for e in verdict_of(name).expectations
        for other in e.otherwise
    }
    vgg = told["resnet/deeper-yet-cheaper-than-vgg", "vgg-16", "with the fully connected layers"]
    assert vgg == (pytest.approx(15.47e9, rel=1e-3), False)
    fifty = told["resnet/table-1-multiply-adds", "fifty", "the stride in the 3×3 layer"]
    assert fifty == (pytest.approx(4.09e9, rel=1e-3), False)


@pytest.mark.parametrize("paper", ["alexnet", "vgg", "resnet", "mae", "transformer", "notes"])
def test_every_claim_is_on_its_papers_list_of_what_can_be_checked(paper: str) -> None:
    library = shipped_library()
    papers = papers_of(library.claims)
    listed = {
        name if "/" in name else f"{owner}/{name}"
        for owner, one in papers.items()
        for item in one.checkable
        for name in item.claims
    }
    own = {claim.id for claim in library.claims if claim.paper_id == paper}
    assert own <= listed
    coverage = papers[paper].coverage
    assert coverage is not None
    items = papers[paper].checkable
    assert coverage.startswith(f"{sum(bool(item.claims) for item in items)} of {len(items)} have a claim; ")


def test_claim_files_name_no_place_of_a_machine() -> None:
    for path in Path(folder("claims")).rglob("*.toml"):
        assert "/work" not in path.read_text(encoding="utf-8"), path.name


def test_what_is_printed_is_judged_without_torch(tmp_path: Path) -> None:
    assert "torch" not in modules_after("check", "mae/printed-speedups", "--scale", "exact", cwd=tmp_path)
