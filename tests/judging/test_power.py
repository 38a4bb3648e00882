"""What seeds resolve: distances and numbers of seeds against noncentral t, simulation and arithmetic by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.stats

from repro.cli.outlook import outlooks
from repro.experiment.estimands import Estimand
from repro.judging.comparison import comparison
from repro.judging.criteria import Criteria, Refutation, criteria
from repro.judging.evidence import Evidence
from repro.judging.limits import ANY
from repro.judging.paper_number import paper_number
from repro.judging.power import Resolving, of_verdict
from repro.judging.power import resolving as resolve
from repro.report.model import ExpectationResult
from repro.report.wording import remarks
from repro.stats import (
    Region,
    Sample,
    Spread,
    contrast,
    detectable_difference,
    judge,
    likely_effects,
    observed_spread,
)
from tests.support.command import repro
from tests.support.helpers import BASE, World, changed

SPREAD = (-2.0, -1.0, 0.0, 1.0, 2.0)  # sd √2.5
VALUE = Estimand("", {"a": 1.0}, None)
BARS = Criteria(Region.at_least(2.0), Region.at_most(0.0), 0.05, "the claim")


def bars(supports: Region, refutes: Region) -> Criteria:
    return Criteria(supports, refutes, 0.05, "the claim")


def resolving(
    part: Estimand,
    samples: Mapping[str, Sample],
    n: int,
    bars: Criteria,
    *,
    level: float = 0.95,
    paper: float | None = None,
) -> Resolving | None:
    """Return what n seeds resolve of one comparison, which refutes at `level`."""
    smallest = min(len(sample.values) for sample in samples.values())
    defined = smallest > 0 and all(math.isfinite(v) for sample in samples.values() for v in sample.values)
    found = Evidence(part, samples, smallest, False, ANY, defined, defined, None)
    one = comparison(found, bars, Refutation(level), paper, None)
    return None if one is None else resolve([one], n)


def around(mean: float, scale: float = 0.1) -> list[float]:
    return [mean + scale * step for step in SPREAD]


def sample(mean: float, scale: float) -> Sample:
    return Sample(tuple(around(mean, scale)))


def losses(world: World, cells: Mapping[str, Sequence[float]], **more: Any) -> None:
    world.fill(lambda cell, seed: {"train_loss": [9.0, [*cells.get(cell.address, [1.0] * 99)][seed]]}, **more)


def power_of(distance: float, sd: float, n: int, level: float) -> float:
    """The power of Student's t for one cell, by the noncentral distribution."""
    critical = scipy.stats.t.ppf((1 + level) / 2, n - 1)
    return float(scipy.stats.nct.sf(critical, n - 1, distance / sd * math.sqrt(n)))


# --- one comparison


def test_one_cell_by_the_noncentral_t() -> None:
    found = resolving(VALUE, {"a": sample(2.1, 0.2)}, 5, BARS)
    assert found is not None
    sd = 0.2 * math.sqrt(2.5)
    assert found.distance == pytest.approx(0.1)
    assert power_of(found.detectable, sd, 5, 0.95) == pytest.approx(0.8, abs=1e-3)
    assert found.needed is not None
    assert power_of(0.1, sd, found.needed, 0.95) >= 0.8 > power_of(0.1, sd, found.needed - 1, 0.95)


def test_on_the_refuting_side_its_stricter_level_counts() -> None:
    found = resolving(VALUE, {"a": sample(-0.1, 0.2)}, 5, BARS, level=0.99)
    assert found is not None
    assert power_of(found.detectable, 0.2 * math.sqrt(2.5), 5, 0.99) == pytest.approx(0.8, abs=1e-3)
    assert found.distance == pytest.approx(0.1)


def test_between_the_regions_no_number_of_seeds_is_named() -> None:
    found = resolving(VALUE, {"a": sample(1.0, 0.2)}, 5, BARS)
    assert found is not None
    assert (found.distance, found.needed, found.needed_range) == (None, None, None)
    assert remarks.resolves(found, "number") == (
        "With 5 seeds, 0.53 from the bar is decided (80% power); ours lies between the two regions, where no "
        "number of seeds decides."
    )


def test_a_region_with_two_ends_is_left_by_the_nearer() -> None:
    both = bars(Region.within(1.0, 4.0), Region.outside(0.0, 5.0))
    inside = resolving(VALUE, {"a": sample(3.5, 0.1)}, 5, both)
    beyond = resolving(VALUE, {"a": sample(-2.0, 0.1)}, 5, both)
    assert inside is not None
    assert beyond is not None
    assert (inside.distance, beyond.distance) == (pytest.approx(0.5), pytest.approx(2.0))


def test_ratios_are_measured_in_factors() -> None:
    ratio = Estimand("", {"slow": 1.0, "fast": -1.0}, None, log=True)
    cells = {
        "slow": Sample(tuple(math.exp(x) for x in around(math.log(9), 0.1))),
        "fast": Sample(tuple(math.exp(x) for x in around(math.log(3), 0.1))),
    }
    found = resolving(ratio, cells, 5, bars(Region.at_least(2.0), Region.at_most(1.5)), paper=6.0)
    straight = Estimand("", dict(ratio.weights), None)
    logs = {name: Sample(tuple(math.log(v) for v in cell.values)) for name, cell in cells.items()}
    plain = resolving(straight, logs, 5, bars(Region.at_least(math.log(2)), Region.at_most(0)))
    assert found is not None
    assert plain is not None
    assert found.detectable == pytest.approx(plain.detectable)
    assert found.distance == pytest.approx(math.log(3 / 2))
    assert found.paper_distance == pytest.approx(math.log(6 / 2))
    said = remarks.resolves(found, "ratio")
    assert "ours is a factor of 1.5 from it" in said
    assert "The paper’s number is a factor of 3.0 from the bar" in said
    zero = bars(Region.at_least(2.0), Region.at_most(0.0))
    assert resolving(ratio, cells, 5, zero, paper=0.0) is not None


def test_seeds_named_decide_in_four_of_five_experiments() -> None:
    part = Estimand("", {"a": 1.0, "b": -1.0}, None)
    zero = bars(Region.at_least(0.0), Region.at_most(-9.0))
    found = resolving(part, {"a": sample(1.2, 0.6), "b": sample(0.0, 0.3)}, 5, zero)
    assert found is not None
    assert found.distance is not None
    assert found.needed is not None
    rng = np.random.default_rng(5)
    sds = np.array([0.6, 0.3])[:, None] * math.sqrt(2.5)
    runs = sds * rng.standard_normal((3000, 2, found.needed)) + np.array([found.distance, 0.0])[:, None]
    verdicts = [
        judge(interval, interval, zero.supports, zero.refutes)
        for cells in runs.tolist()
        for interval in [contrast([Sample(tuple(cell)) for cell in cells], [1, -1], level=0.95)]
    ]
    rate = verdicts.count("supported") / len(verdicts)
    assert 0.8 - 3.5 * math.sqrt(0.16 / 3000) <= rate <= 0.87


@pytest.mark.parametrize(
    "cell",
    [Sample((1.0,)), Sample(()), Sample((1.0, 2.0), (False, True)), Sample((1.0, math.nan))],
    ids=["one run", "none", "censored", "undefined"],
)
def test_unknown_spread_resolves_nothing(cell: Sample) -> None:
    assert resolving(VALUE, {"a": cell}, 5, BARS) is None


def test_observed_spread_is_what_the_interval_rests_on() -> None:
    deep, shallow = [3.0, 13.0, 23.0, 33.0, 43.1], [1.0, 11.0, 21.1, 31.0, 41.0]
    cells = [Sample(tuple(deep)), Sample(tuple(shallow), (), 0.5)]
    spread = observed_spread(cells, [1, -1])
    assert spread is not None
    assert spread.sds == pytest.approx([np.std(deep, ddof=1), np.std(shallow, ddof=1)])
    assert (spread.weights, spread.slack) == ((1, -1), 0.25)
    paired = observed_spread(cells, [1, -1], paired=True)
    assert paired is not None
    assert paired.sds[0] == pytest.approx(
        max(np.std(np.subtract(deep, shallow), ddof=1), 0.5 / math.sqrt(12))
    )
    ties = observed_spread([Sample((1.0, 1.0), (), 0.6)], [2.0])
    assert ties is not None
    assert (ties.sds[0], ties.slack) == (pytest.approx(0.6 / math.sqrt(12)), pytest.approx(0.6))


# --- in words


def found(**changes: Any) -> Resolving:
    values: dict[str, Any] = {
        "label": "", "n": 5, "log": False, "detectable": 0.061, "distance": 0.012, "needed": 60,
        "result": "inconclusive", **changes,
    }  # fmt: skip
    return Resolving(**values)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {},
            "With 5 seeds, 6.1 pp from the bar is decided (80% power); ours is 1.2 pp from it: about 60 seeds "
            "needed.",
        ),
        (
            {"needed": 25, "needed_range": (6, None), "observed": 3, "parts": 2},
            "With 5 seeds, 6.1 pp from the bar is decided (80% power for all 2 comparisons); ours is 1.2 pp from it: "
            "about 25 seeds needed (6 to more than 1000, as far as 3 runs tell).",
        ),
        (
            {"needed": None, "label": "deep"},
            "deep: with 5 seeds, 6.1 pp from the bar is decided (80% power); ours is 1.2 pp from it: more than "
            "1,000 seeds needed.",
        ),
        (
            {"distance": 0.31, "needed": 2, "result": "supported"},
            "With 5 seeds, 6.1 pp from the bar is decided (80% power); ours is 31 pp from it.",
        ),
        (
            {"distance": 0.05, "needed": 8, "result": "refuted"},
            "With 5 seeds, 6.1 pp from the bar is decided (80% power); ours is 5.0 pp from it.",
        ),
        (
            {"needed": 12, "paper_distance": 0.032, "paper_needed": 4},
            "With 5 seeds, 6.1 pp from the bar is decided (80% power); ours is 1.2 pp from it: 12 seeds needed. "
            "The paper’s number is 3.2 pp from the bar: for such an effect 4 seeds suffice.",
        ),
        (
            {"needed": 123, "paper_distance": 0.004, "paper_needed": 20},
            "With 5 seeds, 6.1 pp from the bar is decided (80% power); ours is 1.2 pp from it: about 120 seeds "
            "needed. The paper’s number is 0.40 pp from the bar: such an effect cannot be decided with 5 seeds, "
            "20 seeds needed.",
        ),
    ],
)
def test_sentences(changes: dict[str, Any], says: str) -> None:
    assert remarks.resolves(found(**changes), "error") == says


# --- from claims


def shown(world: World) -> ExpectationResult:
    return world.report().papers[0].claims[0].expectations[0]


def test_a_report_says_it_beside_the_verdict(world: World) -> None:
    world.write(BASE)
    losses(world, {"plain/deep": around(3.0, 0.2), "plain/shallow": around(1.5, 0.1)})
    assert shown(world).resolves is not None
    assert "ours is 0.50 from it." in shown(world).resolves  # type: ignore[operator]


def test_without_runs_nothing_is_said(world: World) -> None:
    world.write(BASE)
    assert shown(world).resolves is None


def test_levels_are_those_of_the_verdict(world: World) -> None:
    world.write(changed(BASE, experiment__seeds={"looks": [3, 5]}))
    losses(world, {"plain/deep": around(1.0, 0.2), "plain/shallow": around(1.5, 0.1)}, seeds=3)
    found = world.expectation("gap", seeds=3)
    assert criteria(world.requirements(seeds=3), "gap").support_level == pytest.approx(1 - 0.05 * 3 / 8)
    assert found.criteria == criteria(world.requirements(seeds=3), "gap")
    (part,) = found.parts
    assert part.how == Refutation(pytest.approx(1 - 0.05 * 3 / 8))
    resolved = of_verdict(found, world.requirements(seeds=3), None)
    assert resolved is not None
    cells = [part.samples["plain/deep"], part.samples["plain/shallow"]]
    spread = observed_spread(cells, [1, -1])
    assert spread is not None
    assert resolved.detectable == pytest.approx(
        detectable_difference(spread.sds, (1, -1), 3, level=1 - 0.05 * 3 / 8, slack=spread.slack)
    )


def test_a_joint_statement_needs_seeds_for_all_of_its_comparisons() -> None:
    sd = 0.2 * math.sqrt(2.5)

    def eight(distance: float) -> Resolving | None:
        cells = {"a": sample(2.0 + distance, 0.2)}
        found = Evidence(VALUE, cells, 5, False, ANY, True, True, None)
        one = comparison(found, BARS, Refutation(0.99), None, None)
        assert one is not None
        return resolve([one] * 8, 5)

    found = eight(0.3)
    assert found is not None
    assert found.parts == 8
    assert power_of(found.detectable, sd, 5, 0.95) ** 8 == pytest.approx(0.8, abs=2e-3)
    assert found.needed is not None
    assert power_of(0.3, sd, found.needed, 0.95) ** 8 >= 0.8 > power_of(0.3, sd, found.needed - 1, 0.95) ** 8
    assert "80% power for all 8 comparisons" in remarks.resolves(found, "number")


def test_a_region_with_two_ends_needs_seeds_for_both() -> None:
    sd, level = 0.2 * math.sqrt(2.5), 0.95

    def both(n: int) -> float:
        rng = np.random.default_rng(7)
        means = rng.standard_normal(200_000) * sd / math.sqrt(n)
        reach = scipy.stats.t.ppf((1 + level) / 2, n - 1) * sd / math.sqrt(n)
        reach = reach * np.sqrt(rng.chisquare(n - 1, 200_000) / (n - 1))
        return float(np.mean(np.abs(means) + reach <= 0.5))

    found = resolving(VALUE, {"a": sample(3.0, 0.2)}, 5, bars(Region.within(2.5, 3.5), Region.outside(2, 4)))
    assert found is not None
    assert found.needed is not None
    assert both(found.needed) >= 0.795
    assert both(found.needed - 1) <= 0.805
    narrow = resolving(VALUE, {"a": sample(3.0, 0.2)}, 5, bars(Region.within(2.9, 3.1), Region.outside(2, 4)))
    assert narrow is not None
    assert narrow.detectable == math.inf
    assert "not even the middle between the two bars is decided" in remarks.resolves(narrow, "number")


@pytest.mark.parametrize("paper", [0.5, 1.9, 2.1, 3.0])
def test_the_range_of_seeds_holds_the_number_that_is_named_between_two_ends_too(paper: float) -> None:
    """A spread that is smaller by a factor moves both ends of the region away by it, not one of them nearer."""
    two_ends = bars(Region.within(0.0, 4.0), Region.outside(-4.0, 8.0))
    cells = {"a": sample(1.9, 1.0)}
    found = resolving(VALUE, cells, 5, two_ends, paper=paper)
    assert found is not None
    for needed, spread in (
        (found.needed, found.needed_range),
        (found.paper_needed, found.paper_range),
    ):
        assert needed is not None
        assert spread is not None
        fewest, most = spread
        assert fewest is not None
        assert fewest <= needed
        assert most is None or needed <= most


@pytest.mark.parametrize("known", [False, True])
def test_the_range_of_seeds_holds_the_true_number_in_four_of_five_cases(known: bool) -> None:
    rng = np.random.default_rng(8)
    draws = rng.standard_normal((3000, 3)) + 1.5
    inside = []
    for mean, sd in zip(draws.mean(1), draws.std(1, ddof=1), strict=True):
        # Seeds go by (distance / sd); the true ratio is 1.5, for our estimate as for a paper's number.
        low, high = likely_effects(1.5 if known else abs(mean), Spread((sd,), (1.0,), 0.0), 3, known=known)
        inside.append(low / sd <= 1.5 <= high / sd)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.03)


def test_a_distance_of_very_many_spreads_is_told_at_once_and_as_a_near_one_is() -> None:
    """A spread of mere rounding, held against a bar: the noncentral t has no end there, χ² tells the same."""
    near, far = (likely_effects(x, Spread((1.0,), (1.0,), 0.0), 3, known=False) for x in (570.0, 590.0))
    assert [end / 570 for end in near] == pytest.approx([end / 590 for end in far], rel=1e-3)
    low, high = likely_effects(1e-6, Spread((1e-18,), (1.0,), 0.0), 3, known=False)
    assert 0 < low < 1e-6 < high < 2e-6


def test_joint_statements_speak_of_what_keeps_them_open(world: World) -> None:
    item = {
        **BASE["expect"]["gap"], "kind": "value", "arm": "plain", "each": ["depth"], "refuted": {"at_most": 0.0}
    }  # fmt: skip
    del item["weights"]
    world.write(changed(BASE, expect__gap=item))

    def part_told(shallow: float, deep: float, seed_shift: float) -> str:
        world.write(changed(BASE, expect__gap=item, experiment__recipe__lr=seed_shift))
        losses(world, {"plain/shallow": around(shallow), "plain/deep": around(deep)})
        resolved = of_verdict(world.expectation("gap"), world.requirements(), None)
        assert resolved is not None
        return resolved.label

    assert part_told(3.0, 1.05, 0.1) == "deep", "the one that is near its bar"
    assert part_told(1.3, 3.0, 0.2) == "shallow", "both hold, this one less clearly"
    assert part_told(1.01, -3.0, 0.3) == "deep", "one refutes, and the other can change nothing"


def test_a_plan_foresees_from_the_runs_that_are_there(world: World) -> None:
    world.write(changed(BASE, experiment__seeds={"looks": [3, 5]}))
    cells = {"plain/deep": around(3.0, 0.3), "plain/shallow": around(1.9, 0.3)}
    (before,) = outlooks(world.requirements(seeds=3), world.store)
    assert before.found is None
    assert before.says == "what 3 seeds resolve is known after the first runs"
    losses(world, cells, seeds=3)
    (planned,) = outlooks(world.requirements(seeds=5), world.store)
    assert planned.found is not None
    assert (planned.found.n, planned.found.result) == (5, None)
    (done,) = outlooks(world.requirements(seeds=3), world.store)
    assert done.found is not None
    assert done.found.result == "inconclusive"
    assert done.found.detectable > planned.found.detectable, "more seeds resolve more"
    judged = of_verdict(world.expectation("gap", seeds=3), world.requirements(seeds=3), None)
    assert judged == done.found


def test_plan_prints_it_and_gives_it_as_json(world: World) -> None:
    world.write(BASE)
    where = ("--claims", str(world.root), "--store", str(world.store.root))
    unknown = repro("plan", *where, cwd=world.root.parent)
    assert unknown.stdout.count("what 5 seeds resolve is known after the first runs") == 1
    losses(world, {"plain/deep": around(3.0, 0.2), "plain/shallow": around(1.5, 0.1)})
    known = repro("plan", *where, cwd=world.root.parent)
    assert "  gap: With 5 seeds, 0." in known.stdout
    (told,) = json.loads(repro("plan", *where, "--json", cwd=world.root.parent).stdout)["resolves"]
    assert (told["claim"], told["expectation"], told["seeds"]) == ("p/c", "gap", 5)
    assert told["distance"] == pytest.approx(0.5)
    assert told["says"] in known.stdout


def test_the_papers_number_is_set_against_the_bar(world: World) -> None:
    world.write(changed(BASE, expect__gap__reported="1.5"))
    losses(world, {"plain/deep": around(3.0, 0.2), "plain/shallow": around(1.5, 0.1)})
    item = world.requirements()
    number = paper_number(item.file.expect["gap"], "number")
    assert number is not None
    resolved = of_verdict(world.expectation("gap"), item, number.value)
    assert resolved is not None
    assert resolved.paper_distance == pytest.approx(0.5)
    assert resolved.paper_needed == resolved.needed
