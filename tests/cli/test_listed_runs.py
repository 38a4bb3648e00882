"""What `repro runs list` says of a run: which claim needs it, as which cell. And the groups of `check --help`."""

from __future__ import annotations

import json

from click.testing import CliRunner

from repro.cli import cli
from repro.cli.check_command import command as check
from repro.cli.grouped import GROUPS
from repro.cli.submit_command import command as submit
from repro.store import Checkpoint
from tests.support.helpers import BASE, World, changed


def listed(world: World, *options: str) -> str:
    places = ["--claims", str(world.root), "--store", str(world.store.root)]
    done = CliRunner().invoke(cli, ["runs", "list", *places, *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_run_is_named_by_the_claims_cells_and_rates_that_need_it(world: World) -> None:
    world.write(BASE)
    world.write(changed(BASE, title="The same runs"), "p/twin")
    world.fill(lambda cell, seed: {"train_loss": 1.0 + seed})
    (first, *_) = world.requirements().needs
    rows = {row["key"]: row["of"] for row in json.loads(listed(world, "--json"))}
    assert rows[first.spec.key] == [f"p/c {first.cell.address}", f"p/twin {first.cell.address}"]
    (line,) = [line for line in listed(world).splitlines() if first.spec.key in line]
    assert line.endswith(f"(p/c {first.cell.address} and 1 more)")


def test_a_run_that_was_killed_and_goes_on_is_listed_once(world: World) -> None:
    world.write(BASE)
    one, other, *_ = [need.spec for need in world.requirements().needs]
    for spec in (one, other):
        world.store.checkpoints(spec.key).put(Checkpoint(spec.key, spec.as_json(), 3, 6, 1, []), b"")
    world.store.put_failure(one.key, one.title, "train.py: was killed by signal 9\nand more")
    rows = {row["key"]: row for row in json.loads(listed(world, "--json"))}
    assert listed(world).count(one.key) == 1
    assert (rows[one.key]["state"], rows[other.key]["state"]) == ("failed", "unfinished")
    assert rows[one.key]["says"] == "train.py: was killed by signal 9; goes on from step 3 of 6"


def test_a_folder_of_claims_that_is_not_sound_lists_runs_without_names(world: World) -> None:
    world.write(BASE)
    world.fill(lambda cell, seed: {"train_loss": 1.0})
    world.write(changed(BASE, arms={}))
    assert {tuple(row["of"]) for row in json.loads(listed(world, "--json"))} == {()}


def test_every_option_of_check_and_submit_stands_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    parameters = [*check.params, *submit.params]
    options = {str(parameter.name) for parameter in parameters if parameter.param_type_name == "option"}
    assert sorted(grouped) == sorted(options)
    shown = CliRunner().invoke(cli, ["check", "--help"]).stdout
    assert [f"{heading}:" for heading in GROUPS] == [
        line for line in shown.splitlines() if line.rstrip(":") in GROUPS
    ]
