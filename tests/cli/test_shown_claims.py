"""`repro show` of a claim: at a scale that it has, whichever that is."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from repro.claims import load_library
from repro.cli import cli
from repro.startup.shipped import folder


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


def test_every_shipped_claim_can_be_shown() -> None:
    names = [claim.id for claim in load_library(folder("claims")).claims]
    done = CliRunner().invoke(cli, ["show", *names])
    assert done.exit_code == 0, done.output
    assert all(f"{name}: " in done.stdout for name in names)
