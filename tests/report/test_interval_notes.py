"""What else than the spread moved a printed interval is said where it did, and only there."""

from __future__ import annotations

from tests.support.error_claim import ERROR_CLAIM, VALUE, errors, only
from tests.support.helpers import BASE, World, changed
from tests.support.losses import losses


def _notes(world: World) -> str:
    return " ".join(note for one in only(world.report()).expectations for note in one.interval_notes)


def test_errors_are_read_in_steps_of_an_image(world: World) -> None:
    world.write(ERROR_CLAIM)
    world.fill(errors(0.15))
    assert "is added at each end" in _notes(world)


def test_losses_have_no_steps_and_no_ends(world: World) -> None:
    world.write(BASE)
    losses(world, {})
    said = _notes(world)
    assert "added at each end" not in said
    assert "cut off" not in said


def test_an_error_near_nothing_ends_at_nothing(world: World) -> None:
    world.write(changed(ERROR_CLAIM, expect={"level": {**VALUE, "within": [0.0, 0.5], "role": "decides"}}))
    world.fill(errors(0.02))
    part = only(world.report()).expectations[0].parts[0]
    assert part.low == 0.0
    assert "cut off at what an error can be" in _notes(world)
