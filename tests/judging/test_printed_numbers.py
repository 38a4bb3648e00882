"""Numbers that are printed or computed: ratios and differences, lists, bounds, and what other conventions give."""

from __future__ import annotations

from typing import Any

import pytest

from repro.experiment.variants import variants
from repro.judging.verdicts import ExpectationVerdict
from tests.support.helpers import World, changed

HOURS: dict[str, Any] = {
    "kind": "printed",
    "values": {"slow": "42.4", "fast": "15.4", "faster": "11.6", "million": "1.5M", "share": "18%"},
    "source": {"where": "Table 2"},
}
CLAIM: dict[str, Any] = {
    "title": "Fast is faster",
    "statement": "Fast takes less than slow.",
    "source": {"where": "Table 2"},
    "experiment": {"protocol": {"of": "paper", "source": "Table 2"}},
    "metrics": {"hours": HOURS},
    "expect": {
        "e": {
            "kind": "ratio",
            "title": "Slow over fast",
            "metric": "hours",
            "arms": ["slow", "fast"],
            "within": [2.75, 2.85],
            "role": "decides",
            "why": "Half a unit.",
        }
    },
}


def judged(world: World, scale: str = "smoke", **changes: Any) -> ExpectationVerdict:
    world.write(changed(CLAIM, **changes))
    verdict = world.judge(scale)
    assert not verdict.capped
    return verdict.expectations[0]


@pytest.mark.parametrize("scale", ["exact", "smoke", "reduced", "paper"])
@pytest.mark.parametrize(
    ("changes", "value", "result"),
    [
        ({}, 42.4 / 15.4, "supported"),
        ({"arms": ["slow", "faster"]}, 42.4 / 11.6, "refuted"),
        ({"kind": "difference", "within": [26.5, 27.5]}, 27.0, "supported"),
        ({"kind": "difference", "arms": ["fast", "slow"], "within": [26.5, 27.5]}, -27.0, "refuted"),
        (
            {"refuted": {"at_least": 3.0}, "arms": ["slow", "fast"], "within": [2.8, 2.9]},
            42.4 / 15.4,
            "inconclusive",
        ),
        ({"kind": "exact", "arms": ["million"], "within": [1.5e6, 1.6e6]}, 1.5e6, "supported"),
        # A bound is no rounded number: 18% is more than 17.6%, though both may be printed 18%.
        ({"kind": "exact", "arms": ["share"], "within": None, "at_most": 0.176}, 0.18, "refuted"),
        ({"kind": "exact", "arms": ["share"], "within": None, "at_most": 0.18}, 0.18, "supported"),
    ],
)
def test_a_number_against_a_region(
    world: World, scale: str, changes: dict[str, Any], value: float, result: str
) -> None:
    found = judged(world, scale, **{f"expect__e__{key}": new for key, new in changes.items()})
    (part,) = found.parts
    assert part.interval is not None
    assert part.interval.estimate == pytest.approx(value)
    assert part.interval.low == part.interval.high
    assert (found.result, part.exact, found.exact) == (result, True, True)


def test_sums_of_decimals_are_not_spoilt_by_binary_arithmetic(world: World) -> None:
    # 27.88 − 25.03 is 2.8499999999999979 in binary; printed as 2.8, its end is 2.85.
    values = {"a": "27.88", "b": "25.03"}
    item = {"kind": "difference", "arms": ["a", "b"], "within": [2.85, 2.95]}
    found = judged(
        world, metrics__hours__values=values, **{f"expect__e__{key}": new for key, new in item.items()}
    )
    assert found.result == "supported"


@pytest.mark.parametrize(
    ("printed", "results"),
    [
        ({"slow": "42.4", "fast": "15.4"}, ["supported", "supported"]),
        ({"slow": "42", "fast": "16"}, ["supported", "refuted"]),
        ({"million": "2M", "share": "18.0%"}, ["supported", "supported"]),
        ({"million": "1.4M"}, ["refuted"]),
    ],
)
def test_a_list_of_printed_numbers_each_to_half_a_unit(
    world: World, printed: dict[str, str], results: list[str]
) -> None:
    found = judged(
        world,
        expect__e__kind="exact",
        expect__e__arms=None,
        expect__e__within=None,
        expect__e__printed=printed,
    )
    assert [part.result for part in found.parts] == results
    assert [part.estimand.label for part in found.parts] == list(printed)
    assert found.result == ("refuted" if "refuted" in results else "supported")


def test_other_conventions_are_shown_and_decide_nothing(world: World) -> None:
    found = judged(
        world,
        expect__e__convention="as the table has it",
        expect__e__otherwise={
            "the fastest": {"arms": ["slow", "faster"]},
            "the wrong way round": {"arms": ["fast", "slow"]},
        },
    )
    assert found.result == "supported"
    assert [(other.convention, other.value, other.would_do) for other in found.otherwise] == [
        ("the fastest", pytest.approx(42.4 / 11.6), False),
        ("the wrong way round", pytest.approx(15.4 / 42.4), False),
    ]
    (row,) = world.report().papers[0].claims[0].expectations
    assert [one.text for one in row.otherwise] == ["3.66×", "0.363×"]
    assert (row.convention, row.exact) == ("as the table has it", True)


def test_a_ratio_with_zero_is_inconclusive_and_says_so(world: World) -> None:
    found = judged(world, metrics__hours__values={"slow": "1", "fast": "0"})
    assert found.result == "inconclusive"
    assert found.parts[0].note == "a ratio with a number that is not above zero is not defined"


def test_what_was_known_beforehand_stands_beside_the_verdict_and_changes_no_criteria(world: World) -> None:
    world.write(CLAIM)
    before = world.claim().criteria_digest("paper")
    world.write(changed(CLAIM, expect__e__known_beforehand="2.75", expect__e__convention="c"))
    assert world.claim().criteria_digest("paper") == before
    (row,) = world.report().papers[0].claims[0].expectations
    assert row.known_beforehand == "2.75"
    world.write(changed(CLAIM, expect__e__known_beforehand="trials looked good"))
    (problem,) = world.problems()
    assert "gives the values that were known" in problem.what


def test_a_control_of_what_needs_no_training_is_judged_without_being_asked_for(world: World) -> None:
    other = changed(HOURS, values={"slow": "42.4", "fast": "40.0"})
    control = {"no-gain": {"title": "No gain", "metrics": {"hours": other}, "why": "w"}}
    world.write(changed(CLAIM, control=control))
    (variant,) = variants(world.claim(), "smoke")
    assert variant.claim.base.metrics["hours"].values["fast"] == "40.0"
    assert judged(world).result == "supported"
    world.write(changed(CLAIM, control=control))
    assert variants(world.claim(), "reduced")[0].claim.id == "p/c~control~no-gain"


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        (
            {"metrics__hours__values": {"slow": "many", "fast": "1"}},
            "metrics.hours.values.slow",
            "is as printed",
        ),
        ({"metrics__hours__source": None}, "metrics.hours", "needs `source`"),
        ({"expect__e__arms": ["slow", "sluggish"]}, "expect.e.arms", "unknown case"),
        (
            {"expect__e__kind": "value", "expect__e__arm": "slow", "expect__e__arms": None},
            "expect.e.kind",
            "no seeds",
        ),
        ({"expect__e__otherwise": {"x": {"arm": "sluggish"}}}, "expect.e.otherwise.x", "unknown case"),
        (
            {"expect__e__otherwise": {"x": {"metric": "years"}}},
            "expect.e.otherwise.x.metric",
            "unknown metric",
        ),
        (
            {"expect__e__kind": "exact", "expect__e__arms": None, "expect__e__printed": {"slow": "42"}},
            "expect.e",
            "regions and arms of their own",
        ),
        ({"control": {"c": {"title": "t", "why": "w"}}}, "control.c", "changes something"),
        (
            {"no_control": "n", "control": {"c": {"title": "t", "why": "w", "metrics": {"hours": HOURS}}}},
            "no_control",
            "there is a control",
        ),
        ({"metrics__f": {"kind": "computed", "formula": "crop"}}, "metrics.f.formula", "unknown formula"),
        (
            {"metrics__f": {"kind": "computed", "formula": "crops", "options": {"sides": 3}}},
            "metrics.f.options.sides",
            "takes no such option",
        ),
        ({"metrics__f": {"kind": "computed", "probe": "parameters"}}, "metrics.f", "needs `formula`"),
    ],
)
def test_mistakes_are_said_where_they_are(
    world: World, changes: dict[str, Any], where: str, what: str
) -> None:
    path = world.write(changed(CLAIM, **changes))
    problems = [(p.where.removeprefix(f"{path}: "), p.what) for p in world.problems()]
    assert any(place == where and what in said for place, said in problems), problems


def test_a_users_formula_is_named_by_module_and_function(world: World) -> None:
    world.write(
        changed(
            CLAIM,
            metrics={"f": {"kind": "computed", "formula": "mine:double", "cases": {"two": {"of": 2}}}},
            expect__e={
                **CLAIM["expect"]["e"],
                "metric": "f",
                "kind": "exact",
                "arms": ["two"],
                "within": [3.5, 4.5],
            },
        )
    )
    (world.root / "mine.py").write_text("def double(*, of):\n    return 2 * of\n", encoding="utf-8")
    (need,) = world.requirements().exact
    assert (need.address, need.reading.probe, need.reading.options) == ("two", "mine:double", {"of": 2})
    assert world.judge().status == "pending"
    world.store.put_reading(need.reading, [{"value": 4}], {})
    # Code of a claims folder that the file does not hold against the paper is not judged in its words.
    assert world.judge().result == "supported"
