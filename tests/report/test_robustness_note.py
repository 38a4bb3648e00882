"""Where runs do not look normal, the evidence says so, and a rank-based estimate stands beside the mean's."""

from __future__ import annotations

from tests.support.helpers import BASE, World
from tests.support.losses import losses

CALM = [3.0, 3.02, 2.98, 3.01, 2.99]


def note(world: World, deep: list[float]) -> str | None:
    world.write(BASE)
    losses(world, {"plain/deep": deep, "plain/shallow": [value - 1.5 for value in CALM]})
    return world.report().papers[0].claims[0].expectations[0].robustness_note


def test_runs_that_look_normal_need_no_words(world: World) -> None:
    assert note(world, CALM) is None


def test_one_run_far_from_the_others_is_told(world: World) -> None:
    # Means 4.4 and 1.5; Hodges–Lehmann of the first: the median of the fifteen averages, 3.01.
    assert note(world, [*CALM[:4], 9.99]) == (
        "The guarantee is for normal spreads, which these hardly have: plain/deep: one run lies far from the others. A "
        "rank-based estimate (Hodges–Lehmann) is 1.5, where the mean gives 2.9."
    )


def test_ties_are_told(world: World) -> None:
    said = note(world, [3.0] * 5)
    assert said is not None
    assert "plain/deep: the runs differ by less than the measurement can tell" in said
