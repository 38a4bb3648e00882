"""`repro show` of a claim: at a scale that it has, whichever that is."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from repro.cli import cli
from tests.support.helpers import BASE, World, changed
from tests.support.shipped import library as shipped_library


@pytest.mark.parametrize(
    ("claim", "scale"),
    [
        ("resnet/plain-nets-degrade", "smoke"),
        ("notes/plain-gradients-vanish", "reduced"),
        ("resnet/1202", "paper"),
    ],
)
def test_a_claim_is_shown_at_the_least_scale_that_it_declares(claim: str, scale: str) -> None:
    done = CliRunner().invoke(cli, ["show", claim, "--json"])
    assert json.loads(done.stdout)["scale"] == scale
    assert f"At {scale} scale" in CliRunner().invoke(cli, ["show", claim]).stdout


def test_what_is_changed_on_purpose_is_shown(world: World) -> None:
    control = {
        "title": "Both residual",
        "why": "They do not differ.",
        "arms": {"plain": {"model": "cifar-resnet"}},
    }
    points = [{"label": "half", "experiment": {"recipe": {"lr": 0.05}}}]
    sensitivity = {"title": "The rate", "why": "It matters.", "expect": ["gap"], "points": points}
    world.write(changed(BASE, control={"alike": control}, sensitivity={"rate": sensitivity}))
    shown = CliRunner().invoke(cli, ["show", "p/c", "--claims", str(world.root)]).stdout
    told = shown.partition("Control alike: ")[2]
    assert told.startswith("Both residual; the criteria above must not support it")
    assert "plain: model = cifar-resnet" in told
    assert "Sensitivity rate: The rate, at half" in told


def test_every_shipped_claim_can_be_shown() -> None:
    names = [claim.id for claim in shipped_library().claims]
    done = CliRunner().invoke(cli, ["show", *names])
    assert done.exit_code == 0, done.output
    assert all(f"{name}: " in done.stdout for name in names)
