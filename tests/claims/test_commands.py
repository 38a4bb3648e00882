"""Claims by a command: the runs that they make, and what is said of those that cannot be."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from repro.claims import conduct
from repro.claims.cells import cells
from repro.command_spec import CommandSpec, Conduct
from repro.spec import Until
from tests.support.helpers import World, changed

CLAIM: dict[str, Any] = {
    "title": "Small rates are better",
    "statement": "A small rate gives a higher accuracy.",
    "source": {"where": "Table 1"},
    "experiment": {
        "command": ["python", "train.py", "--lr", "{lr}", "--seed", "{seed}", "--out", "{out}"],
        "seeds": {"looks": [3]},
        "process": {
            "columns": {
                "accuracy": {"column": "val/acc", "unit": "percent", "better": "higher"},
                "loss": {"unit": "number", "better": "lower"},
            },
        },
    },
    "arms": {"small": {"lr": 0.1}, "large": {"lr": 1.0}},
    "metrics": {"accuracy": {"kind": "final", "of": "accuracy"}},
    "expect": {
        "better": {
            "kind": "difference",
            "title": "Better by a point",
            "metric": "accuracy",
            "arms": ["small", "large"],
            "at_least": 0.01,
            "refuted": {"at_most": 0.0},
            "role": "decides",
            "why": "A reason.",
        }
    },
}

SCRIPT = "import argparse\n"


@pytest.fixture
def folder(world: World) -> World:
    world.root.mkdir(parents=True)
    (world.root / "train.py").write_text(SCRIPT, encoding="utf-8")
    return world


def spec_of(world: World, address: str = "small") -> CommandSpec:
    spec = world.claim().untuned("paper")[address]
    assert isinstance(spec, CommandSpec)
    return spec


def conduct_of(world: World) -> Conduct:
    file = world.claim().base
    return conduct(file, next(cell for cell in cells(file) if cell.arm == "small"), spec_of(world))


def test_where_an_interpreter_lies_is_no_part_of_a_run(folder: World) -> None:
    folder.write(CLAIM)
    key = spec_of(folder).key
    words = CLAIM["experiment"]["command"][1:]
    for place in ("/somewhere/env/bin/python", "/elsewhere/bin/python"):
        folder.write(changed(CLAIM, experiment__command=[place, *words]))
        assert spec_of(folder).key == key
        assert conduct_of(folder).program == place
    (folder.root / "run.sh").write_text("exec python train.py\n", encoding="utf-8")
    folder.write(changed(CLAIM, experiment__command=["./run.sh", *words]))
    assert spec_of(folder).words[0] == "./run.sh"
    assert conduct_of(folder).program is None


def test_a_cell_is_the_command_with_what_arms_factors_and_options_set(folder: World) -> None:
    claim = changed(CLAIM, arms__small={}, arms__large={"width": 9}, factors={"lr": [0.1, 1.0]})
    claim["experiment"]["options"] = {"width": 8}
    claim["experiment"]["command"] += ["--width", "{width}"]
    claim["expect"]["better"]["each"] = ["lr"]
    folder.write(claim)
    assert spec_of(folder, "small/0.1").values == {"lr": 0.1, "width": 8}
    assert spec_of(folder, "large/1.0").values == {"lr": 1.0, "width": 9}
    assert spec_of(folder, "large/1.0").title == "train.py lr=1.0 width=9 seed 0"


def test_each_arm_may_have_a_command_of_its_own(folder: World) -> None:
    own = ["julia", "theirs.jl", "{seed}", "{out}"]
    folder.write(changed(CLAIM, arms__large={"command": own}))
    assert spec_of(folder, "large").words == tuple(own)
    assert spec_of(folder, "large").files.name == "theirs.jl"


def test_how_a_command_is_treated_is_read_from_the_file_and_is_no_part_of_its_key(folder: World) -> None:
    folder.write(CLAIM)
    before = spec_of(folder)
    process = copy.deepcopy(CLAIM["experiment"]["process"])
    process |= {"time_limit": "1.5h", "resume": ["--resume", "{out}/last.pt"], "resume_needs": "last.pt"}
    process |= {"steps": 90, "nan": "diverged", "at_once": 2}
    folder.write(changed(CLAIM, experiment__process=process))
    assert spec_of(folder).key == before.key
    found = conduct_of(folder)
    assert found.columns == ("val/acc",)
    assert found.shares == {"val/acc": pytest.approx(100)}
    assert (found.time_limit_seconds, found.steps, found.diverges, found.at_once) == (5400, 90, True, 2)
    assert found.resume == ("--resume", "{out}/last.pt")


def test_the_last_step_may_be_what_a_placeholder_says(folder: World) -> None:
    claim = changed(CLAIM, experiment__process__steps="epochs", experiment__options={"epochs": 90})
    claim["experiment"]["command"] += ["--epochs", "{epochs}"]
    folder.write(claim)
    assert conduct_of(folder).steps == 90


def test_a_target_is_told_to_the_command_as_it_writes_it(folder: World) -> None:
    columns = {"error": {"column": "err", "unit": "percent", "better": "lower"}}
    claim = changed(
        CLAIM,
        experiment__process={"columns": columns, "stop": {"of": "error", "at_most": 0.25}},
        metrics={"accuracy": {"kind": "first_reach", "of": "error", "at_most": 0.25}},
    )
    claim["expect"]["better"] |= {"kind": "ratio", "at_least": 2.0, "refuted": {"at_most": 1.0}}
    folder.write(claim)
    assert spec_of(folder).stop_at == Until("err", pytest.approx(25.0))
    assert folder.claim().base.metrics["accuracy"].unit == "steps"


def test_units_are_those_of_the_columns(folder: World) -> None:
    folder.write(CLAIM)
    assert folder.claim().base.metrics["accuracy"].unit == "share"


def test_words_are_capped_unless_the_file_says_that_the_command_is_the_papers(folder: World) -> None:
    folder.write(changed(CLAIM, experiment__protocol={"of": "paper", "source": "Sec. 4"}))
    assert "the command is the claims folder's own" in folder.claim().protocol.reasons[0]
    said = {"of": "paper", "source": "Sec. 4", "as_in_paper": {"command": "the authors' released code"}}
    folder.write(changed(CLAIM, experiment__protocol=said))
    assert folder.claim().protocol.is_paper


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        ({"arms__small": {"l": 0.1}}, "experiment.command", "nothing sets the placeholder {lr}"),
        ({"arms__small": {"lr": 0.1, "wd": 0}}, "arms.small.wd", "the command has no placeholder {wd}"),
        ({"arms__small": {"lr": 0.1, "seed": 3}}, "arms.small.seed", "filled in when the command runs"),
        ({"arms__small": {"lr": {"a": 1}}}, "arms.small.lr", "is no value for a command"),
        (
            {"experiment__command": ["python", "train.py", "{lr}", "{out}"]},
            "experiment.command",
            "has no {seed}",
        ),
        (
            {"experiment__command": ["python", "train.py", "{lr}", "{seed}"]},
            "experiment.command",
            "has no {out}",
        ),
        ({"experiment__command": "python train.py"}, "experiment.command", "list"),
        (
            {"experiment__command": ["python", "tran.py", "{lr}", "{seed}", "{out}"]},
            "experiment.command",
            "no such file",
        ),
        ({"experiment__command": None}, "experiment.process", "is of a command, and none is given"),
        ({"experiment__process": None}, "experiment.process", "is missing"),
        ({"experiment__process__columns": None}, "experiment.process.columns", "is missing"),
        ({"experiment__process__folder": "cod"}, "experiment.process.folder", "is no folder"),
        ({"experiment__process__inputs": ["data/*.csv"]}, "experiment.process.inputs", "names no file"),
        ({"experiment__process__metrics": "../m.jsonl"}, "experiment.process.metrics", "lies below {out}"),
        (
            {"experiment__process__time_limit": "soon"},
            "experiment.process.time_limit",
            "a number with its unit",
        ),
        ({"experiment__process__steps": "epochs"}, "experiment.process.steps", "names no placeholder"),
        (
            {"experiment__process__resume": ["{las}"]},
            "experiment.process.resume",
            "the command has no placeholder {las}",
        ),
        ({"experiment__process__resume_needs": "x"}, "experiment.process", "without `resume`"),
        (
            {"experiment__process__stop": {"of": "accuracy", "at_most": 0.5}},
            "experiment.process.stop.at_most",
            "of accuracy, higher is better",
        ),
        (
            {"experiment__process__stop": {"of": "loss", "at_least": 0.5}},
            "experiment.process.stop.at_least",
            "of loss, lower is better",
        ),
        (
            {"experiment__process__stop": {"of": "accuracy", "at_least": 50}},
            "experiment.process.stop.at_least",
            "is no fraction",
        ),
        (
            {"experiment__process__stop": {"of": "accuracy"}},
            "experiment.process.stop",
            "one of `at_most` and `at_least`",
        ),
        ({"experiment__process__deterministic": ["smal"]}, "experiment.process.deterministic", "unknown arm"),
        ({"experiment__options": {"width": 8}}, "experiment.options.width", "no command has a placeholder"),
        (
            {"experiment__recipe": {"name": "resnet-cifar"}},
            "experiment.recipe",
            "is of runs that are trained here",
        ),
        (
            {"arms__small": {"lr": 0.1, "model": "vgg"}},
            "arms.small.model",
            "is of runs that are trained here",
        ),
        ({"arms__large": {"lr": 0.1}}, "arms.large", "is the same condition as arm 'small'"),
        ({"metrics__accuracy__of": "acuracy"}, "metrics.accuracy.of", "unknown column"),
        ({"metrics__accuracy__unit": "number"}, "metrics.accuracy.unit", "the unit is that of"),
        (
            {"metrics__accuracy": {"kind": "probe", "probe": "test_outputs", "at": ["last"]}},
            "metrics.accuracy.kind",
            "is measured on nets, and there are none",
        ),
        (
            {"metrics__accuracy": {"kind": "first_reach", "of": "accuracy", "at_most": 0.5}},
            "metrics.accuracy.at_most",
            "higher is better",
        ),
        (
            {"expect__better__at_least": 2.0},
            "expect.better",
            "has a region that no difference of fractions reaches",
        ),
        ({"tune": {"lr": [0.1, 1.0], "by": "accuracy"}}, "arms.small.lr", "is tuned, too"),
        (
            {"tune": {"over": {"C": [0.1, 1.0]}, "by": "accuracy"}},
            "tune.over.C",
            "the command has no placeholder {C}",
        ),
        ({"tune": {"by": "accuracy"}}, "tune", "names one grid"),
    ],
)
def test_mistakes_are_told_with_their_place(
    folder: World, change: dict[str, Any], where: str, says: str
) -> None:
    folder.write(changed(CLAIM, **change))
    found = [(problem.where.split("c.toml: ")[1], problem.what) for problem in folder.problems()]
    assert any(place == where and says in what for place, what in found), found


def test_a_sound_claim_is_sound(folder: World) -> None:
    folder.write(CLAIM)
    assert folder.problems() == []
