"""The shipped claims, against the papers' numbers written down here."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest

from repro.claims import Claim
from tests.support.shipped import library as shipped_library

# ResNet (arXiv:1512.03385v1), Fig. 6: (training error, test error) in % where the curves end, read from the
# vector plot (shared/papers/resnet.csv, rows "Fig6"); ±0.05 points.
FIG6 = {
    "plain-20": (1.44, 9.69),
    "plain-32": (1.15, 10.08),
    "plain-44": (3.20, 11.42),
    "plain-56": (5.85, 13.23),
    "ResNet-20": (0.81, 8.78),
    "ResNet-32": (0.26, 7.50),
    "ResNet-44": (0.10, 7.16),
    "ResNet-56": (0.03, 7.00),
    "ResNet-110": (0.08, 6.55),
}

# ResNet, Table 6: test error in % and parameters.
TABLE6 = {
    "ResNet-20": ("8.75", "0.27M"),
    "ResNet-32": ("7.51", "0.46M"),
    "ResNet-44": ("7.17", "0.66M"),
    "ResNet-56": ("6.97", "0.85M"),
    "ResNet-110": ("6.61±0.16", "1.7M"),  # of five runs; the best has 6.43
}

# Exact parameters of the CIFAR nets with option A: arithmetic from Sec. 4.2, published elsewhere, too.
PARAMETERS = {"parameters-20": 269_722, "parameters-56": 853_018}

# ResNet, Table 3: top-1 validation error in %, 10-crop.
TABLE3 = {"plain-34": "28.54", "ResNet-34 A": "25.03", "ResNet-34 B": "24.52", "ResNet-34 C": "24.19"}

# ResNet, Fig. 7: mean over layers of the std of responses, and number of 3x3 layers.
FIG7 = {
    "plain-20": (1.822, 19),
    "plain-56": (1.516, 55),
    "ResNet-20": (1.624, 19),
    "ResNet-56": (1.134, 55),
    "ResNet-110": (0.988, 109),
}

# Wording and page (shared/papers/quotes.csv, matched against the papers' text layer).
QUOTES = {
    "alexnet/relu-speed": (
        "A four-layer convolutional neural network with ReLUs (solid line) reaches a 25% training error rate on "
        "CIFAR-10 six times faster",
        3,
    ),
    # The claim is teaching material's: what the paper says of plain nets' gradients is no wording of it.
    "resnet/gradient-preservation": (None, 5),
    "resnet/layer-responses": (
        "ResNets have generally smaller responses than their plain counterparts.",
        8,
    ),
    "resnet/plain-nets-degrade": (
        "The deep plain nets suffer from increased depth, and exhibit higher training error when going deeper.",
        7,
    ),
    "alexnet/overlapping-pooling": (
        "This scheme reduces the top-1 and top-5 error rates by 0.4% and 0.3%, respectively, as compared with the "
        "non-overlapping scheme",
        4,
    ),
    "alexnet/remove-a-layer": (
        "removing any of the middle layers results in a loss of about 2% for the top-1 performance of the network",
        8,
    ),
    "alexnet/weight-decay": (
        "weight decay here is not merely a regularizer: it reduces the model’s training error",
        6,
    ),
    "resnet/1202": ("this 10^3-layer network is able to achieve training error <0.1%", 8),
    "resnet/faster-at-first": (
        "the 18-layer plain/residual nets are comparably accurate (Table 2), but the 18-layer ResNet converges faster",
        6,
    ),
    "resnet/plain-110": ("The error of plain-110 is higher than 60% and not displayed.", 8),
    "resnet/plain-gradients-healthy": (
        "We also verify that the backward propagated gradients exhibit healthy norms with BN.",
        5,
    ),
    "resnet/three-times-longer": (
        "We have experimented with more training iterations (3×) and still observed the degradation problem",
        5,
    ),
    "resnet/warm-up-110": (
        "we use 0.01 to warm up the training until the training error is below 80% (about 400 iterations)",
        7,
    ),
    "vgg/lrn": (
        "using local response normalisation (A-LRN network) does not improve on the model A without any normalisation "
        "layers",
        6,
    ),
    "resnet/projections-not-essential": (
        "the small differences among A/B/C indicate that projection shortcuts are not essential for addressing the "
        "degradation problem",
        6,
    ),
    "resnet/projection-shortcuts": (
        "all three options are considerably better than the plain counterpart. B is slightly better than A.",
        6,
    ),
}

# AlexNet (NIPS 2012), Fig. 1: last vertex of each curve, (epoch, training error in %).
FIG1 = {"ReLU": (6, 24.83), "tanh": (36, 25.07)}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Claim]:
    return {claim.id: claim for claim in shipped_library().claims}


def reference(path: Path) -> dict[tuple[str, str], list[tuple[float, float]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    curves: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        curves.setdefault((row["panel"], row["series"]), []).append((float(row["x"]), float(row["y"])))
    return curves


def rows_of(claim: Claim, table: str) -> dict[str, dict[str, str]]:
    return {row.label: row.reported for row in claim.base.table[table].rows}


def test_the_claims_that_train_are_sound_and_have_all_that_a_claim_needs(shipped: dict[str, Claim]) -> None:
    trained = {name: claim for name, claim in shipped.items() if claim.trains}
    assert set(QUOTES) < set(trained)
    for claim in trained.values():
        # A scale that is not run says why not.
        assert {"smoke", "reduced"} <= claim.at.keys() | claim.base.cannot_decide.keys() | {"reduced"}, (
            claim.id
        )
        controls = [file.control for file in claim.at.values() if file.control]
        awaited = all(metric.kind == "awaited" for metric in claim.base.metrics.values())
        assert controls or claim.base.no_control or awaited, claim.id
        assert awaited or claim.base.experiment.unknown, claim.id
        if claim.id in QUOTES:
            assert (claim.base.quote, claim.base.source.page) == QUOTES[claim.id]
        for item in claim.base.expect.values():
            assert len(item.why) > 40, f"{claim.id}: a tolerance has a reason"


def test_reported_numbers_of_figure_6_and_table_6(shipped: dict[str, Claim]) -> None:
    claim = shipped["resnet/plain-nets-degrade"]
    rows = rows_of(claim, "fig6")
    # The caption: "The error of plain-110 is higher than 60% and not displayed."
    assert set(rows) == {*FIG6, "plain-110"}
    assert rows.pop("plain-110") == {}
    for label, reported in rows.items():
        train, test = FIG6[label]
        assert float(reported["train_error"]) == train
        if label in TABLE6:
            assert (reported["test_error"], reported["parameters"]) == TABLE6[label]
        else:
            assert float(reported["test_error"]) == test
    gaps = {
        "plain-train-gap": FIG6["plain-56"][0] - FIG6["plain-20"][0],
        "plain-test-gap": FIG6["plain-56"][1] - FIG6["plain-20"][1],
    }
    gaps["gap-of-gaps"] = gaps["plain-train-gap"] - (FIG6["ResNet-56"][0] - FIG6["ResNet-20"][0])
    gaps["test-gap-of-gaps"] = gaps["plain-test-gap"] - (FIG6["ResNet-56"][1] - FIG6["ResNet-20"][1])
    for name, gap in gaps.items():
        assert claim.base.expect[name].reported == f"{gap:.1f} pp"
    assert claim.base.expect["plain-56-level"].reported == f"{FIG6['plain-56'][1]:.1f}%"
    assert claim.base.expect["resnet-20-level"].reported == f"{TABLE6['ResNet-20'][0]}%"
    mean, sd = TABLE6["ResNet-110"][0].split("±")
    deepest = claim.base.expect["resnet-110-level"]
    assert (deepest.reported, deepest.uncertainty.sd, deepest.uncertainty.n) == (f"{mean}%", sd, 5)
    for name, exact in PARAMETERS.items():
        item = claim.base.expect[name]
        assert item.reported == f"{exact / 1e6:.2f}M"
        # Half a unit of the last printed digit.
        printed = float(item.reported.removesuffix("M")) * 1e6
        assert item.within == pytest.approx((printed - 5000, printed + 5000))


def test_reference_curves_of_figure_6_end_at_the_papers_numbers(shipped: dict[str, Claim]) -> None:
    curves = reference(shipped["resnet/plain-nets-degrade"].path.parent / "data/fig6.csv")
    ends = {series: line[-1] for (_, series), line in curves.items()}
    assert set(ends) == {f"{net}, {split}" for net in FIG6 for split in ("train", "test")}
    for net, numbers in FIG6.items():
        for split, number in zip(("train", "test"), numbers, strict=True):
            iteration, error = ends[f"{net}, {split}"]
            assert error == pytest.approx(number, abs=0.0051)
            assert iteration == pytest.approx(6.4, abs=0.11)


def test_reference_curves_of_figure_1_are_those_of_figure_6(shipped: dict[str, Claim]) -> None:
    data = shipped["resnet/plain-nets-degrade"].path.parent / "data"
    left, curves = reference(data / "fig6.csv"), reference(data / "fig1.csv")
    assert curves == {
        (f"{name} error", net): left["plain nets", f"{net}, {split}"]
        for name, split in (("training", "train"), ("test", "test"))
        for net in ("plain-20", "plain-56")
    }


def test_reference_curves_of_figure_4_end_at_the_papers_numbers(shipped: dict[str, Claim]) -> None:
    """Mean from 480,000 to 550,000 iterations (shared/papers/resnet.csv, rows "Fig4")."""
    claim = shipped["resnet/projection-shortcuts"]
    curves = reference(claim.path.parent / "data/fig4.csv")
    ends = {series: [y for x, y in line if 48 <= x <= 55] for (_, series), line in curves.items()}
    means = {series: sum(line) / len(line) for series, line in ends.items()}
    assert means == {
        "plain, plain-34": pytest.approx(32.54, abs=0.1),
        "A, ResNet-34": pytest.approx(28.26, abs=0.1),
    }
    assert {series.split(",")[0] for series in means} <= claim.base.arms.keys()


def test_reported_numbers_of_table_3(shipped: dict[str, Claim]) -> None:
    claim = shipped["resnet/projection-shortcuts"]
    assert rows_of(claim, "table3") == {label: {"test_error": error} for label, error in TABLE3.items()}
    gap = float(TABLE3["plain-34"]) - float(TABLE3["ResNet-34 A"])
    assert claim.base.expect["residual-considerably-better"].reported == f"{gap:.2f} pp"
    cell = {row.label: row.cell for row in claim.base.table["table3"].rows}
    order = sorted(TABLE3, key=lambda label: float(TABLE3[label]))
    assert claim.base.expect["order"].arms == [cell[label] for label in order]


def test_reported_numbers_and_reference_curves_of_figure_7(shipped: dict[str, Claim]) -> None:
    claim = shipped["resnet/layer-responses"]
    rows = rows_of(claim, "fig7")
    curves = reference(claim.path.parent / "data/fig7.csv")
    assert set(rows) == set(FIG7)
    for net, (mean, layers) in FIG7.items():
        assert rows[net]["response"] == f"{mean:.2f}"
        ordered = [y for _, y in curves["layers in network order", net]]
        by_size = [y for _, y in curves["layers sorted by magnitude", net]]
        assert [x for x, _ in curves["layers in network order", net]] == list(range(1, layers + 1))
        assert len(by_size) == layers
        for values in (ordered, by_size):
            assert sum(values) / layers == pytest.approx(mean, abs=0.02)
        assert by_size == sorted(by_size, reverse=True)
    drop = float(f"{FIG7['ResNet-20'][0]:.2f}") - float(f"{FIG7['ResNet-56'][0]:.2f}")
    assert claim.base.expect["smaller-when-deeper"].reported == f"{drop:.2f}"


def test_reported_numbers_and_reference_curves_of_alexnets_figure_1(shipped: dict[str, Claim]) -> None:
    claim = shipped["alexnet/relu-speed"]
    rows = rows_of(claim, "fig1")
    curves = {series: line for (_, series), line in reference(claim.path.parent / "data/fig1.csv").items()}
    assert set(curves) == set(FIG1)
    for net, (epoch, error) in FIG1.items():
        line = curves[net]
        (before, above), (after, below) = next(pair for pair in itertools.pairwise(line) if pair[1][1] <= 40)
        crossing = before + (above - 40) / (above - below) * (after - before)
        assert rows[net] == {"epochs_to_target": str(epoch), "epochs_to_40": f"{crossing:.1f}"}
        assert curves[net][-1] == (epoch, error)
    assert next(epoch for epoch, error in curves["ReLU"] if error <= 25) == 6
    assert claim.base.expect["six-times"].reported == f"{FIG1['tanh'][0] // FIG1['ReLU'][0]}×"
    assert claim.base.metrics["epochs_to_target"].at_most == 0.25
    # "Several times" is the claim; a region that holds the printed number must not exclude it.
    low, high = claim.base.expect["six-times"].within or (0, 0)
    assert low < 6 < high


def test_the_papers_own_numbers_would_support_the_shipped_criteria(shipped: dict[str, Claim]) -> None:
    degrade = shipped["resnet/plain-nets-degrade"].base.expect
    for name in ("gap-of-gaps", "plain-train-gap", "plain-test-gap", "test-gap-of-gaps"):
        printed = float((degrade[name].reported or "").removesuffix(" pp")) / 100
        assert printed >= (degrade[name].at_least or 1)
    levels = (("plain-56-level", 0.1323), ("resnet-20-level", 0.0875), ("resnet-110-level", 0.0661))
    for name, printed in levels:
        low, high = degrade[name].within or (1, 0)
        assert low < printed < high
    low, high = shipped["resnet/layer-responses"].base.expect["magnitude-20"].within or (1, 0)
    assert low < FIG7["ResNet-20"][0] < high
