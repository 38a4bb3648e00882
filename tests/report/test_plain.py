"""Verdicts in plain words: every sentence that can be said, against what was written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from repro.report.model import ExpectationResult, Part, Recorded
from repro.report.wording.plain import SAID, because, but, claim_because
from repro.report.wording.settling import settling
from tests.support.report_samples.pieces import claim, expectation, part, verdict

AT_LEAST = ("at least 2 pp", [(0.02, None)]), ("at most 0 pp", [(None, 0.0)])


def _one(
    result: Any, *parts: Part, unit: Any = "error", regions: Any = AT_LEAST, **more: Any
) -> ExpectationResult:
    return expectation(
        "c", "e", "An effect", unit, list(parts), verdict(result, "In full."), *regions, **more
    )


def _part(low: float, middle: float, high: float, result: Any, label: str = "", **more: Any) -> Part:
    return part(label, "text", middle, low, high, result, **more)


@pytest.mark.parametrize(
    ("low", "middle", "high", "result", "says"),
    [
        (
            0.15, 0.28, 0.40, "supported",
            "28 percentage points here, where the claim needs at least 2. Allowing for chance it is anything from 15 "
            "to 40: all of that would do.",
        ),
        (
            -0.05, -0.03, -0.01, "refuted",
            "−3.0 percentage points here, but the claim needs at least 2. Allowing for chance it is anything from −5.0 "
            "to −1.0: all of that speaks against it.",
        ),
        (
            -0.01, 0.03, 0.07, "inconclusive",
            "Cannot tell yet. 3.0 percentage points here, where the claim needs at least 2; but allowing for chance it "
            "is anything from −1.0 to 7.0: some of that would do, and some would not.",
        ),
        (
            0.005, 0.010, 0.015, "inconclusive",
            "Cannot tell yet. 1.00 percentage points here, where the claim needs at least 2. Allowing for chance it is "
            "anything from 0.50 to 1.50: not enough for the claim, and not enough to speak against it.",
        ),
        (
            -0.05, -0.03, -0.01, "inconclusive",
            "Cannot tell yet. −3.0 percentage points here, but the claim needs at least 2. Allowing for chance it is "
            "anything from −5.0 to −1.0, which speaks against it; as one of several comparisons that could, it would "
            "have to be clearer.",
        ),
    ],
)  # fmt: skip
def test_a_comparison(low: float, middle: float, high: float, result: Any, says: str) -> None:
    assert because(_one(result, _part(low, middle, high, result))) == says


def test_powers_of_ten_are_told_as_times() -> None:
    """10^4.59 is 38,905, and 10^−1 to 10^1 is 0.1 to 10."""
    regions = (
        ("between 0.1 and 10×", [(-1.0, 1.0)]),
        ("below 0.01 or above 100×", [(None, -2.0), (2.0, None)]),
    )
    one = _one("refuted", _part(4.40, 4.59, 4.78, "refuted"), unit="log10", regions=regions)
    assert because(one).startswith(
        "39,000 times here, but the claim needs between 0.1 and 10. Allowing for chance"
    )
    assert "25,000 to 60,000" in because(one)


def test_joint_statements_name_the_comparison_that_matters() -> None:
    good = [_part(0.10, 0.12, 0.14, "supported", "far"), _part(0.03, 0.05, 0.07, "supported", "near")]
    bad = _part(-0.05, -0.03, -0.01, "refuted", "wrong")
    open_ = _part(-0.01, 0.03, 0.07, "inconclusive", "open")
    assert because(_one("supported", *good)).startswith(
        "Both comparisons do what the claim needs, at least 2. The closest is near: 5.0 percentage points here"
    )
    assert because(_one("refuted", *good, bad)).startswith("1 of 3 comparisons fails. wrong: −3.0 percentage")
    assert because(_one("inconclusive", *good, open_)).startswith(
        "Cannot tell yet: 2 of 3 comparisons hold so far. open: 3.0 percentage"
    )


def test_computed_numbers_have_no_chance_in_them() -> None:
    def exact(text: str, result: Any, printed: str | None = None, label: str = "") -> Part:
        return Part(
            label=label, estimate=5.0, low=5.0, high=5.0, level=1.0, n=1, bound="none", result=result,
            estimate_text=text, reported=printed,
        )  # fmt: skip

    regions = ("at most 4", [(None, 4.0)]), ("more than 4", [(4.0, None)])
    told = {"unit": "count", "regions": regions, "exact": True, "kind": "exact"}
    assert (
        because(_one("refuted", exact("5", "refuted", "4"), **told)) == "Computed 5, but the paper prints 4."
    )
    assert (
        because(_one("supported", exact("5", "supported", "5"), **told))
        == "Computed 5, and the paper prints 5."
    )
    assert (
        because(_one("refuted", exact("5", "refuted"), **told))
        == "Computed 5, but the claim needs at most 4."
    )
    both = [exact("5", "supported", "5", name) for name in "ab"]
    assert because(_one("supported", *both, **told)) == "Both numbers are what the paper prints."
    mixed = [both[0], exact("5", "refuted", "4", "b")]
    assert because(_one("refuted", *mixed, **told)) == (
        "1 of 2 numbers fails. b: computed 5, but the paper prints 4."
    )


def test_a_claim_speaks_through_what_decided_it() -> None:
    good = _one("supported", _part(0.10, 0.12, 0.14, "supported"))
    other = good.model_copy(update={"id": "other", "title": "Another"})
    whole = claim("p/c", "T", "S.", verdict("supported", "In full."), expectations=[good, other])
    assert claim_because(whole).startswith(
        "Both things that the claim needs hold. An effect: 12.0 percentage points"
    )
    bad = _one("refuted", _part(-0.05, -0.03, -0.01, "refuted")).model_copy(update={"title": "The bad one"})
    failing = claim("p/c", "T", "S.", verdict("refuted", "In full."), expectations=[good, bad])
    assert claim_because(failing).startswith("The bad one: −3.0 percentage points")
    waiting = claim("p/c", "T", "S.", verdict(None, "Not judged: 3 runs."), expectations=[])
    assert claim_because(waiting) == "Not judged: 3 runs."


def test_what_keeps_a_comparison_open_is_said_where_its_interval_would_decide() -> None:
    """All of 10 to 14 lies in what the claim needs: it is something else that keeps it open."""
    note = "tuning open: the best learning rate of plain lies on the edge of its grid"
    held = _one("inconclusive", _part(0.10, 0.12, 0.14, "inconclusive", note=note))
    assert because(held) == (
        f"Cannot tell: {note}. 12.0 percentage points here, where the claim needs at least 2; that decides nothing."
    )
    nothing = part("", "—", None, None, None, "inconclusive", note="a value is not defined")
    assert (
        because(_one("inconclusive", nothing))
        == "Cannot tell: a value is not defined. The claim needs at least 2."
    )
    open_ = _one("inconclusive", _part(-0.01, 0.03, 0.07, "inconclusive", note="1 diverged run counts"))
    assert because(open_).endswith("some would not. 1 diverged run counts.")


def test_what_stands_beside_a_verdict_and_came_out_the_other_way_is_told() -> None:
    good = _one("supported", _part(0.10, 0.12, 0.14, "supported"))
    bad = _one("refuted", _part(-0.05, -0.03, -0.01, "refuted"))
    beside = [
        bad.model_copy(update={"id": "modern", "title": "With a modern recipe, too", "role": "context"}),
        good.model_copy(update={"id": "same", "role": "context"}),
        _one("inconclusive", _part(-0.01, 0.03, 0.07, "inconclusive")).model_copy(update={"role": "context"}),
    ]
    whole = claim("p/c", "T", "S.", verdict("supported", "In full."), expectations=[good, *beside])
    ((one, why),) = but(whole)
    assert (one.title, why) == ("With a modern recipe, too", f"does not hold at smoke scale. {because(bad)}")
    failing = whole.model_copy(
        update={"verdict": verdict("refuted", "In full."), "expectations": [bad, *beside]}
    )
    assert [one.id for one, _ in but(failing)] == ["same"]
    unjudged = good.model_copy(
        update={"role": "context", "verdict": verdict(None, "Judged from the paper scale on.")}
    )
    for judged in (verdict(None, "Not judged: 3 runs."), verdict("inconclusive", "In full.")):
        waiting = whole.model_copy(update={"verdict": judged, "expectations": [good, *beside, unjudged]})
        assert but(waiting) == []


def test_a_claim_says_on_how_many_seeds_and_whose_results() -> None:
    one = _one("supported", _part(0.10, 0.12, 0.14, "supported"))
    whole = claim("p/c", "T", "S.", verdict("supported", "In full."), expectations=[one])
    assert "12.0 percentage points here with 5 seeds, where" in claim_because(whole)
    theirs = whole.model_copy(update={"recorded": RECORDED})
    assert "12.0 percentage points in the recorded results of 5 seeds, where" in claim_because(theirs)
    assert "in the recorded results, where" in because(one, recorded=True)


RECORDED = Recorded(by="A", place="runs.csv", digest="0" * 64, files=1, runs=10, columns=[])


@pytest.mark.parametrize(
    ("settles", "needed", "looks", "says", "seeds"),
    [
        ("About 21 seeds instead of 5.", 21, [5, 10, 40], "Its look of 40 seeds should be enough:", "40"),
        ("9 seeds instead of 5.", 9, [5, 10, 40], "Its look of 10 seeds should be enough:", "10"),
        ("About 53 seeds instead of 5.", 53, [5, 10], "Its last look takes 10 seeds, which may not be", "10"),
        ("About 53 seeds instead of 5.", 53, [5], "Its file allows no more than these 5 seeds.", None),
        ("How many, nobody can tell.", None, [5, 10], "nobody can tell. Its next look takes 10 seeds:", "10"),
        ("How many, nobody can tell.", None, [5], "Its file allows no more than these 5 seeds.", None),
        (None, None, [5, 10], "Its next look takes 10 seeds:", "10"),
    ],
)  # fmt: skip
def test_what_would_settle_an_open_claim(
    settles: str | None, needed: int | None, looks: list[int], says: str, seeds: str | None
) -> None:
    """A claim is looked at with 5 seeds now; only numbers of seeds that its file fixed can be run."""
    one = _one(
        "inconclusive",
        _part(-0.01, 0.03, 0.07, "inconclusive"),
        settles=settles,
        settles_seeds=needed,
    )
    open_ = claim(
        "p/c",
        "T",
        "S.",
        verdict("inconclusive", "In full."),
        expectations=[one],
        looks=looks,
        command="check",
    )
    found = settling(open_)
    assert found is not None
    assert found.text.startswith(settles or "")
    assert says in found.text
    assert found.command == (f"check --seeds {seeds}" if seeds else None)
    settled = open_.model_copy(update={"verdict": verdict("supported", "In full.")})
    assert settling(settled) is None


def test_all_that_is_open_has_to_be_settled_and_what_nothing_settles_stays_open() -> None:
    few = _one("inconclusive", _part(-0.01, 0.03, 0.07, "inconclusive"), settles="9.", settles_seeds=9)
    many = few.model_copy(update={"settles": "About 90.", "settles_seeds": 90})
    unknown = few.model_copy(update={"settles": "Nobody can tell.", "settles_seeds": None})
    never = unknown.model_copy(update={"settles": "None would.", "settles_never": True})
    beside = never.model_copy(update={"role": "context"})
    for expectations, says in (
        ([few, many, beside], "About 90. Its last look takes 20 seeds, which may not be enough:"),
        ([many, unknown], "Nobody can tell. Its next look takes 10 seeds:"),
        ([unknown, never, few], "None would."),
    ):
        looks, open_ = [5, 10, 20], verdict("inconclusive", "In full.")
        found = settling(claim("p/c", "T", "S.", open_, expectations=expectations, looks=looks))
        assert found is not None
        assert found.text == says


def test_a_sentence_is_a_template_and_names_at_most_one_bar() -> None:
    """What could be said of a bar is what the claim needs: no sentence speaks of two."""
    for text in SAID.values():
        assert text.count("{needs}") <= 1
        assert "{refutes}" not in text
        assert text == text.strip()
