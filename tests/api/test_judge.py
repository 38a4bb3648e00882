"""`repro.judge` is the rule of the reports, on numbers of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import repro
from tests.support.helpers import World
from tests.support.recorded import OURS, SGD, put

BOTH = {"ours": OURS, "sgd": SGD}


def test_a_difference_is_welchs() -> None:
    found = repro.judge(BOTH, at_least=1.0)
    oracle = stats.ttest_ind(OURS, SGD, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(oracle.low), pytest.approx(oracle.high))
    assert (found.result, found.word, found.n) == ("supported", "holds", (5, 5))
    assert str(found) == (
        "holds: ours − sgd is 2.60, 95% interval 1.94 to 3.26 (n = 5 and 5), and the whole interval is at least 1."
    )


def test_two_lists_are_the_first_less_the_second() -> None:
    found, named = repro.judge(list(OURS), np.array(SGD), at_least=1.0), repro.judge(BOTH, at_least=1.0)
    assert (found.low, found.high, found.n, found.result) == (named.low, named.high, named.n, named.result)
    assert found.sentence == named.sentence.replace("ours − sgd", "A − B")
    assert repro.judge(SGD, OURS, at_least=1.0).estimate == -found.estimate
    gaps = repro.judge(OURS, SGD, OURS, at_least=1.0, weights={"A": 1, "B": -0.5, "C": -0.5})
    assert gaps.sentence.startswith("A − 0.5 · B − 0.5 · C is ")


@pytest.mark.parametrize(
    ("given", "place", "what", "hint"),
    [
        ((BOTH, SGD), "samples", "have names", "all as lists: judge(ours, sgd, …)"),
        (
            ([OURS, SGD],),
            "samples['the mean']",
            "is no list of numbers",
            "two samples are judge(ours, sgd, …)",
        ),
        (
            (np.ones((2, 5)),),
            "samples['the mean']",
            "is no list of numbers",
            "two samples are judge(ours, sgd, …)",
        ),
        ((pd.DataFrame(BOTH),), "samples['the mean']", "is no list of numbers", "two samples are judge("),
        ((OURS, 70.1), "samples['B']", "is no list of numbers", "give the numbers of its runs"),
        ((OURS, SGD, SGD), "samples", "are 3", "more than two take weights={…}"),
        (([OURS] * 27), "samples", "are 27", "name them"),
    ],
    ids=lambda value: "" if isinstance(value, tuple | list) else value[:20],
)
def test_what_to_pass_is_told(given: tuple[Any, ...], place: str, what: str, hint: str) -> None:
    with pytest.raises(repro.ReproError) as caught:
        repro.judge(*given, at_least=1.0)
    problem = caught.value.problems[0]
    assert (problem.where, problem.what.startswith(what)) == (place, True), problem
    assert hint in (problem.hint or "")


def test_a_single_sample_is_judged_by_its_mean_and_a_paired_one_by_its_differences() -> None:
    oracle = stats.t.interval(0.95, 4, np.mean(OURS), stats.sem(OURS))
    found = repro.judge(np.array(OURS), within=(70, 75))
    assert (found.low, found.high) == pytest.approx(oracle)
    differences = np.subtract(OURS, SGD)
    oracle = stats.t.interval(0.95, 4, differences.mean(), stats.sem(differences))
    found = repro.judge(BOTH, at_least=1, paired=True)
    assert (found.low, found.high) == pytest.approx(oracle)


def test_a_ratio_is_of_geometric_means() -> None:
    found = repro.judge(BOTH, at_least=1.01, ratio=True)
    assert found.estimate == pytest.approx(stats.gmean(OURS) / stats.gmean(SGD))
    assert found.sentence.startswith("ours ÷ sgd is ")


def test_weights_make_a_gap_of_gaps() -> None:
    samples = {"a": [4.0, 4.1], "b": [1.0, 1.1], "c": [3.0, 3.1], "d": [2.0, 2.1]}
    found = repro.judge(samples, at_least=0, weights={"a": 1, "b": -1, "c": -1, "d": 1})
    assert found.estimate == pytest.approx(2.0)
    assert found.sentence.startswith("a − b − c + d is ")


@pytest.mark.parametrize(
    ("bar", "result", "end"),
    [
        ({"at_least": 3.0}, "inconclusive", "these numbers cannot tell."),
        (
            {"at_most": -1.0, "refuted": {"at_least": 0.0}},
            "refuted",
            "is at least 0, which speaks against it.",
        ),
        ({"within": (-0.5, 0.5)}, "refuted", "below −0.5 or above 0.5, which speaks against it."),
        ({"outside": (-0.5, 0.5)}, "supported", "below −0.5 or above 0.5."),
        ({"at_least": 4.0}, "refuted", "is less than 4, which speaks against it."),
    ],
)
def test_regions_decide_or_do_not(bar: dict[str, Any], result: str, end: str) -> None:
    found = repro.judge(BOTH, **bar)
    assert found.result == result
    assert found.sentence.endswith(end)


@pytest.mark.parametrize(
    ("bar", "refuted"),
    [({"at_least": 0.01}, {"at_most": 0.0}), ({"within": [-0.01, 0.01]}, None), ({"at_least": 0.025}, None)],
)
def test_it_judges_as_a_claim_about_the_same_numbers_does(
    world: World, bar: dict[str, Any], refuted: dict[str, float] | None
) -> None:
    """The engine of the reports, with its looks, shares and screens, is the oracle: of one comparison at one look."""
    changes = {f"expect__better__{key}": value for key, value in bar.items()}
    changes["expect__better__refuted"] = refuted
    if "at_least" not in bar:
        changes["expect__better__at_least"] = None
    put(world, **changes)
    (part,) = world.expectation("better", "recorded").parts
    samples = {name: [value / 100 for value in values] for name, values in BOTH.items()}
    own = {key: tuple(value) if isinstance(value, list) else value for key, value in bar.items()}
    found = repro.judge(samples, resolution=0.001, refuted=refuted, **own)
    assert part.interval is not None
    assert found.result == part.result
    assert (found.low, found.high) == (pytest.approx(part.interval.low), pytest.approx(part.interval.high))


@pytest.mark.parametrize(
    ("samples", "how", "place", "what"),
    [
        ({}, {"at_least": 1}, "samples", "is empty"),
        ({"a": [1.0, "x"], "b": [1, 2]}, {"at_least": 1}, "samples['a'][1]", "is no finite number"),
        ({"a": [1.0, float("nan")], "b": [1, 2]}, {"at_least": 1}, "samples['a'][1]", "is no finite number"),
        ({"a": [1.0], "b": [1, 2]}, {"at_least": 1}, "samples['a']", "has 1 number"),
        ({"a": "12", "b": [1, 2]}, {"at_least": 1}, "samples['a']", "is no list of numbers"),
        (BOTH, {}, "the bar", "exactly one of at_least"),
        (BOTH, {"at_least": 1, "at_most": 2}, "the bar", "exactly one of at_least"),
        (BOTH, {"at_least": 1, "refuted": {"at_moost": 2}}, "refuted", "unknown key"),
        (BOTH, {"at_least": 1, "refuted": {"at_most": 2}}, "refuted", "overlaps"),
        (BOTH, {"at_least": -1, "ratio": True}, "the bar", "above 0"),
        ({**BOTH, "adam": SGD}, {"at_least": 1}, "samples", "are 3"),
        (
            {"a": [0, 2, 3], "b": [2, 3, 5]},
            {"at_least": 1.1, "ratio": True},
            "samples['a'][0]",
            "has no ratio",
        ),
        (
            {"a": [1, 2, 3], "b": [-2, 3, 5]},
            {"at_least": 1.1, "ratio": True},
            "samples['b'][0]",
            "has no ratio",
        ),
        (BOTH, {"at_least": 1, "resolution": -1.0}, "resolution", "no step of 0 or more"),
        (BOTH, {"at_least": 1, "weights": {"ours": 1, "sgd": float("nan")}}, "weights", "finite"),
        (BOTH, {"at_least": 1, "weights": {"oours": 1}}, "weights", "by the names of the samples"),
        (
            {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0]},
            {"at_least": 1, "paired": True},
            "paired",
            "different lengths",
        ),
    ],
)
def test_mistakes_are_told_where_they_are(samples: Any, how: dict[str, Any], place: str, what: str) -> None:
    with pytest.raises(repro.ReproError) as caught:
        repro.judge(samples, **how)
    problem = caught.value.problems[0]
    assert (problem.where, what in problem.what) == (place, True), problem


def test_in_a_notebook_it_is_a_card_whose_text_is_harmless() -> None:
    html = repro.judge({"<script>": OURS, "sgd": SGD}, at_least=1.0)._repr_html_()
    assert "● holds" in html
    assert "&lt;script&gt; − sgd is 2.60" in html
