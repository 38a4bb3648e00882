"""Scales and exact claims."""

from __future__ import annotations

import math

import pytest

from tests.support.helpers import BASE, World, changed
from tests.support.losses import DEEP_MINUS_SHALLOW, NUMBER, around, compute, expect, losses, number, part


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (269_722, "supported"),
        (265_000, "supported"),
        (275_000, "supported"),
        (264_999, "refuted"),
        (math.nan, "inconclusive"),
    ],
)
@pytest.mark.parametrize("scale", ["exact", "smoke", "reduced", "paper"])
def test_exact_expectations_are_judged_at_every_scale_and_not_capped(
    world: World, scale: str, value: float, result: str
) -> None:
    world.write(changed(BASE, metrics={"n": NUMBER}, expect={"n": number()}))
    assert (world.judge(scale).result, world.judge(scale).status) == (None, "pending")
    compute(world, value, scale)
    verdict = world.judge(scale)
    assert (verdict.result, verdict.status, verdict.capped) == (result, "complete", False)


def test_a_failed_computation_is_a_failure(world: World) -> None:
    world.write(changed(BASE, metrics={"n": NUMBER}, expect={"n": number()}))
    for need in world.requirements().exact:
        world.store.put_failure(need.reading.key, "t", "no such net")
    verdict = world.judge()
    assert (verdict.result, verdict.status) == (None, "failed")
    assert part(verdict.expectations[0]).note == "no such net"


def test_what_needs_training_is_not_supported_by_what_does_not(world: World) -> None:
    world.write(changed(BASE, metrics__n=NUMBER, expect__n=number()))
    compute(world, 269_722)
    verdict = world.judge("exact")
    assert verdict.result is None, "the deciding comparison of nets has not been made"
    assert {e.id: (e.result, e.note) for e in verdict.expectations} == {
        "gap": (None, "judged from the smoke scale on"),
        "n": ("supported", None),
    }
    undeclared = world.judge("reduced")
    assert undeclared.result is None
    assert undeclared.expectations[0].note == "the claim does not declare the reduced scale"


def test_a_wrong_number_refutes_at_every_scale_whatever_the_nets_do(world: World) -> None:
    world.write(changed(BASE, metrics__n=NUMBER, expect__n=number()))
    compute(world, 1)
    for scale in ("exact", "smoke"):
        verdict = world.judge(scale)
        assert (verdict.result, verdict.capped) == ("refuted", False)
    losses(world, {"plain/deep": around(1.0), "plain/shallow": around(9.0)})
    verdict = world.judge()
    assert [e.result for e in verdict.expectations] == ["refuted", "refuted"]
    assert (verdict.result, verdict.capped) == ("refuted", False), "the nets add nothing to it"


def test_trained_nets_are_capped_below_the_papers_scale(world: World) -> None:
    world.write(changed(BASE, scale__reduced={"experiment": {"recipe": {"steps": 50}}}))
    for scale, capped in (("smoke", True), ("reduced", True), ("paper", False)):
        losses(world, DEEP_MINUS_SHALLOW, scale=scale)
        verdict = world.judge(scale)
        assert (verdict.result, verdict.capped) == ("supported", capped)
    world.write(changed(BASE, metrics__n=NUMBER, expect__n=number()))
    compute(world, 269_722)
    assert (world.judge().result, world.judge().capped) == ("supported", True), "one net is enough to cap"


def test_numbers_of_the_papers_own_protocol_wait_for_it(world: World) -> None:
    own = expect(from_scale="reduced", at_least=99.0, refuted=None)
    data = changed(BASE, expect__own=own, scale__reduced={"experiment": {"recipe": {"steps": 50}}})
    world.write(data)
    for scale in ("smoke", "reduced", "paper"):
        losses(world, DEEP_MINUS_SHALLOW, scale=scale)
    smoke = world.judge()
    item = smoke.expectations[1]
    assert (item.result, item.note) == (None, "judged from the reduced scale on")
    assert smoke.result == "supported"
    assert world.judge("reduced").result == "refuted"
    assert world.judge("paper").result == "refuted"


def test_a_claim_without_its_paper_scale_part_is_capped_even_where_all_else_is_exact(world: World) -> None:
    own = expect(from_scale="paper")
    world.write(changed(BASE, metrics__n=NUMBER, expect={"n": number(), "own": own}))
    compute(world, 269_722)
    verdict = world.judge()
    assert (verdict.result, verdict.capped) == ("supported", True)
