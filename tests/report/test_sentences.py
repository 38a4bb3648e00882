"""Sentences about evidence, to the letter; regions, numbers and units in words."""

from __future__ import annotations

import math
import shutil
from typing import Any

import pytest

from repro.claims import Metric
from repro.claims.schema_expectations import Bounds
from repro.report.wording import words
from repro.stats import Region
from tests.support.error_claim import ERROR_CLAIM, VALUE, errors, only
from tests.support.helpers import BASE, World, changed


def sentence(world: World, which: str = "gap", scale: str = "smoke") -> str:
    return next(item.verdict.sentence for item in only(world.report(scale)).expectations if item.id == which)


# Differences of means spread by 2.306 · 0.01 (Student, 8 degrees of freedom; the sd of each mean is 0.01/√2),
# and every end moves by half an image of 500 for each of the two cells: ± 2.306 + 0.2 points.
@pytest.mark.parametrize(
    ("deep", "text"),
    [
        (
            0.15,
            "We measured 5.0 pp (95% interval 2.5 to 7.5, 5 seeds): the whole interval lies in what the claim needs, "
            "at least 2 pp.",
        ),
        (
            0.05,
            "We measured −5.0 pp (95% interval −7.5 to −2.5, 5 seeds): the whole interval lies in what speaks against "
            "the claim, at most 0 pp.",
        ),
        (
            0.12,
            "We measured 2.0 pp (95% interval −0.5 to 4.5, 5 seeds): the claim needs at least 2 pp, and 5 seeds cannot "
            "tell.",
        ),
    ],
)
def test_sentences_of_a_single_comparison(world: World, deep: float, text: str) -> None:
    world.write(ERROR_CLAIM)
    world.fill(errors(deep))
    assert sentence(world) == text
    claim = only(world.report())
    assert (
        claim.verdict.sentence
        == f"Deep plain... {text}"[:0] + f"The deep net has the higher loss: {text[0].lower()}{text[1:]}"
    )
    (part,) = claim.expectations[0].parts
    assert part.estimate_text.startswith(text.split()[2])


def test_sentences_say_the_level_that_was_used(world: World) -> None:
    world.write(changed(ERROR_CLAIM, experiment__seeds={"looks": [5, 7, 10]}))
    world.fill(errors(0.3))
    assert "(98.86% interval " in sentence(world)


def joint(**changes: Any) -> dict[str, Any]:
    item = changed(
        VALUE,
        levels=None,
        each=["depth"],
        within=None,
        at_least=0.02,
        refuted={"at_most": 0.0},
        role="decides",
    )
    return changed(ERROR_CLAIM, expect={"joint": changed(item, **changes)})


def test_sentences_of_a_joint_statement(world: World) -> None:
    world.write(joint())
    world.fill(errors(0.3))
    assert sentence(world, "joint") == "Both comparisons are at least 2%, each with its whole 95% interval."
    world.write(joint(at_least=0.2))
    assert sentence(world, "joint") == (
        "1 of 2 comparisons holds; 1 cannot be told: shallow: 10.0% [7.9, 12.1], n = 5. The claim needs at least 20%."
    )
    world.write(joint(at_least=0.2, refuted={"at_most": 0.15}))
    assert sentence(world, "joint") == (
        "1 of 2 comparisons fails: shallow: 10.0% [7.9, 12.1], n = 5. The claim needs at least 20%."
    )
    world.write(joint(at_least=0.5, refuted=None))
    assert sentence(world, "joint").startswith("2 of 2 comparisons fail: shallow: 10.0%")
    world.write(joint(at_least=None, within=[0.0, 0.5], refuted=None))
    assert (
        sentence(world, "joint")
        == "Both comparisons are between 0 and 50%, each with its whole 95% interval."
    )


def test_sentences_of_what_is_missing_failed_or_not_of_this_scale(world: World) -> None:
    world.write(changed(ERROR_CLAIM, expect__v=changed(VALUE, from_scale="paper")))
    claim = only(world.report())
    # Five seeds of two arms at two depths; the expectation is about one depth.
    assert claim.verdict.sentence == "Not judged: 20 runs are not there yet."
    assert sentence(world) == "Not judged: 10 runs or readings are not there yet."
    assert (claim.verdict.word, claim.verdict.status) == ("pending", "pending")
    assert sentence(world, "v") == "Judged from the paper scale on."
    need = world.requirements().needs[0]
    world.store.put_failure(need.spec.key, "t", "OutOfMemoryError: 12 GiB\nat line 3")
    claim = only(world.report())
    assert claim.verdict.sentence == "Not judged: 1 run or reading failed: OutOfMemoryError: 12 GiB."
    assert (claim.verdict.word, claim.verdict.status) == ("failed to run", "failed")
    claim = only(world.report("exact"))
    assert (claim.verdict.word, claim.verdict.status, claim.verdict.sentence) == (
        "not judged here",
        "complete",
        "Nothing that decides this claim is judged at this scale: judged from the smoke scale on.",
    )


def test_sentences_of_exact_numbers(world: World) -> None:
    exact = {
        "kind": "exact",
        "title": "The net has 0.27M parameters",
        "metric": "n",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "within": [265_000, 275_000],
        "reported": "0.27M",
        "role": "decides",
        "why": "w",
    }
    world.write(changed(BASE, metrics={"n": {"kind": "static", "probe": "parameters"}}, expect={"n": exact}))
    for value, verb, word in ((269_722, "as claimed", "supported"), (264_000, "not as claimed", "refuted")):
        shutil.rmtree(world.store.root / "readings")
        world.store.prepare()
        for need in world.requirements().exact:
            world.read(need.reading, [{"value": value}])
        text = f"Computed: {value:,}; the claim needs between 265,000 and 275,000: {verb}."
        assert sentence(world, "n") == text
        claim = only(world.report())
        assert (claim.verdict.word, claim.expectations[0].verdict.word) == (word, word)


def test_sentences_of_bounds_and_of_what_was_odd(world: World) -> None:
    ratio = changed(
        VALUE,
        kind="ratio",
        arm=None,
        within=None,
        arms=["residual", "plain"],
        metric="t",
        at_least=2.0,
        role="decides",
    )
    reach = {"kind": "first_reach", "of": "train_error", "at_most": 0.25, "unit": "epochs"}
    world.write(changed(BASE, metrics={"t": reach}, expect={"ratio": ratio}))

    def run(cell: Any, seed: int) -> dict[str, Any]:
        if cell.arm == "plain":
            return {"train_error": [0.9, 0.26, 0.24], "epoch": [0.0, 0.9995, 1.0005]}
        diverged = {"outcome": "diverged"} if seed == 0 else {}
        return {"train_error": [0.9, 0.5], **diverged}

    world.fill(run)
    # The budget of 6.4 epochs over 1 ± 0.0005, the distance between evaluations being 0.001.
    assert sentence(world, "ratio") == (
        "We measured at least 6.4× (95% interval 6.39 to ∞, 5 seeds): the whole interval lies in what the claim needs, "
        "at least 2×. Note: 1 diverged run counts as no better than the worst finished run of the same kind."
    )


@pytest.mark.parametrize(
    ("region", "supporting", "refuting"),
    [
        ({"at_least": 0.02}, "at least 2 pp", "less than 2 pp"),
        ({"at_most": 0.02}, "at most 2 pp", "more than 2 pp"),
        ({"within": (-0.01, 0.02)}, "between −1 and 2 pp", "below −1 or above 2 pp"),
        ({"outside": (-0.01, 0.02)}, "below −1 or above 2 pp", "between −1 and 2 pp"),
    ],
)
def test_regions_in_words(world: World, region: dict[str, Any], supporting: str, refuting: str) -> None:
    item = changed(changed(ERROR_CLAIM["expect"]["gap"], at_least=None, refuted=None), **region)
    world.write(changed(ERROR_CLAIM, expect__gap=item))
    found = only(world.report()).expectations[0]
    assert (found.supports.text, found.refutes.text) == (supporting, refuting)
    assert words.bounds(Bounds(**region).region, "error", "contrast") == supporting


@pytest.mark.parametrize(
    ("value", "unit", "half", "text"),
    [
        (0.14912, "error", 0.058, "14.9"),
        (0.14912, "error", 0.0058, "14.91"),
        (-0.05, "error", None, "−5"),
        (269_722.0, "count", None, "269,722"),
        (3.6e9, "count", None, "3,600,000,000"),
        (1.62345, "number", 0.02, "1.623"),
        (1.62345, "number", None, "1.62"),
        (1234.4, "number", None, "1,234"),
        (999.7, "number", None, "1,000"),
        (999.4, "number", None, "999"),
        (7.64e-16, "number", None, "7.6·10⁻¹⁶"),
        (1e-9, "number", None, "10⁻⁹"),
        (2e7, "number", None, "2·10⁷"),
        (12.3, "epochs", 4.0, "12.3"),
        (12.3, "epochs", 40.0, "12"),
        (math.inf, "ratio", None, "∞"),
        (-math.inf, "error", 1.0, "−∞"),
        (0.1, "number", 0.0, "0.1"),
        (0.5, "number", 1e-12, "0.500000"),
        (3.2e-16, "number", 1e-16, "3.2·10⁻¹⁶"),
        (0.0, "number", 1e-16, "0"),
    ],
)
def test_numbers_have_two_digits_of_their_uncertainty(
    value: float, unit: Any, half: float | None, text: str
) -> None:
    assert words.number(value, unit, half) == text


def test_units() -> None:
    error = Metric(kind="final", of="test_error")
    assert [words.unit_of(error, kind) for kind in ("value", "contrast", "ratio")] == [
        "error",
        "error",
        "ratio",
    ]
    loss = Metric(kind="final", of="train_loss", transform="log10")
    assert [words.unit_of(loss, kind) for kind in ("value", "difference")] == ["log10-value", "log10"]
    grown = Metric(kind="probe", probe="kernel_peak", at=["last"], since="init", transform="log10")
    assert words.unit_of(grown, "value") == "log10"
    assert words.unit_of(Metric(kind="final", of="train_loss"), "value") == "number"
    assert words.unit_of(Metric(kind="first_reach", of="train_error", at_most=0.2), "value") == "epochs"


@pytest.mark.parametrize(
    ("logarithm", "half", "text"),
    [
        (math.log10(2.904), 0.145, "2.9"),
        (math.log10(2.904), 0.0145, "2.90"),
        (math.log10(0.0063), 1.3, "0.0063"),
        (math.log10(38_905), 0.19, "39,000"),
        (math.log10(38_905), None, "38,900"),
        (math.log10(99.97), 0.1, "100"),
        (0.0, None, "1"),
        (-1.0, None, "0.1"),
        (math.log10(4e8), 0.5, "4·10⁸"),
        (-400.5, 0.5, "3.2·10⁻⁴⁰¹"),
        (-math.inf, None, "0"),
        (math.inf, None, "∞"),
    ],
)
def test_a_logarithm_is_shown_as_what_it_is_of(logarithm: float, half: float | None, text: str) -> None:
    assert words.number(logarithm, "log10", half) == text
    assert words.suffix("log10", "value") == "×"


def test_a_distance_of_logarithms_is_a_factor() -> None:
    assert words.distance(math.log10(3.0), "log10", False) == "a factor of 3.0"
    assert words.distance(math.log(3.0), "ratio", True) == "a factor of 3.0"
    assert words.distance(math.log(38_976), "ratio", True) == "a factor of 39,000", (
        "two digits, as other distances"
    )


def test_a_share_less_another_is_in_points_and_may_be_negative() -> None:
    gap = Metric(kind="final", of="test_error", minus="train_error")
    gain = Metric(kind="ensemble", members=5, at=["last"])
    features = Metric(kind="probe", probe="same_class_neighbours", at=["last"], since="init", unit="share")
    for metric in (gap, gain, features):
        unit = words.unit_of(metric, "value")
        assert words.number(-0.026, unit) + words.suffix(unit, "value") == "−2.6 pp"
        assert words.unit_of(metric, "ratio") == "ratio"
    assert words.unit_of(Metric(kind="final", of="test_loss", minus="train_loss"), "value") == "number"
    for probe, options, shown in (
        ("augmented_minus_test_error", {}, "points"),
        ("block_left_out", {}, "points"),
        ("same_class_neighbours", {"space": "features-pixels"}, "points"),
        ("same_class_neighbours", {"space": "pixels"}, "error"),
    ):
        metric = Metric(kind="probe", probe=probe, options=options, at=["last"], unit="error")
        assert words.unit_of(metric, "value") == shown
    assert words.unit_of(Metric(kind="static", probe="parameters"), "exact") == "count"
    assert [words.suffix("error", kind) for kind in ("value", "difference", "contrast", "ordering")] == [
        "%",
        " pp",
        " pp",
        " pp",
    ]


def test_what_waits_for_a_half_of_its_runs_says_what_the_other_half_shows(world: World) -> None:
    each = {
        "kind": "difference",
        "title": "Plain nets fit worse",
        "metric": "loss",
        "arms": ["plain", "residual"],
        "each": ["depth"],
        "at_least": 0.5,
        "role": "decides",
        "why": "w",
    }
    world.write(
        changed(BASE, expect={"worse": each, "beside": {**each, "title": "The same", "role": "context"}})
    )
    for need in world.requirements().needs:
        if need.cell.levels["depth"] == "shallow":
            world.put(need.spec, train_loss=2.0 if need.cell.arm == "plain" else 1.0)
    text = sentence(world, "worse")
    assert text.startswith("Not judged: 10 runs or readings are not there yet. So far, shallow: 1")
    told = only(world.report()).verdict.sentence
    assert told.startswith("Not judged: ")
    assert " So far: Plain nets fit worse: shallow: 1" in told
    assert ". The same: shallow: 1" in told


def test_a_region_that_is_narrow_is_told_by_its_middle() -> None:
    """63.999999999 to 64.000000001 is 64, to within a billionth."""
    region = Region.within(64 - 1e-9, 64 + 1e-9)
    assert words.brief(region, "number", "value") == "64 ± 10⁻⁹"
    assert words.bounds(region, "number", "value") == "64 to within 10⁻⁹"
    assert words.brief(Region.within(3.999, 4.001), "number", "value") == "4 ± 0.001"
    assert words.brief(Region.within(1.8, 2.2), "ratio", "ratio") == "1.8 to 2.2×"
