"""[tool.repro] of a project: defaults that are told, mistakes that are named, and no code that nobody named."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from repro.cli import cli
from repro.cli.project import EXECUTE
from repro.errors import ReproError
from tests.support.helpers import BASE, World, changed

OWN = changed(BASE, no_control="A reason.", arms__own={"model": "my_nets:Net", "width": 3})
TRACE = "from pathlib import Path\nPath(__file__).with_name('executed').touch()\n"
NET = f"{TRACE}def Net(in_shape, classes, *, width=1, depth=1): ...\n"


@pytest.fixture
def project(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A working folder with a folder of claims that has code of its own."""
    world.write(OWN)
    (world.root / "my_nets.py").write_text(NET, encoding="utf-8")
    monkeypatch.chdir(world.root.parent)
    return world


def settings(text: str) -> None:
    Path("pyproject.toml").write_text(f"[project]\nname = 'x'\n[tool.repro]\n{text}\n", encoding="utf-8")


def repro(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


def test_what_is_set_is_the_default_and_is_told(project: World) -> None:
    settings('claims = "claims"\nstore = "store"\nscale = "smoke"\nworkers = 2')
    done = repro("list")
    assert "p/c" in done.stdout
    assert done.stderr == "Set in pyproject.toml: [tool.repro]: claims = claims, store = store\n"
    done = repro("plan", "--json")
    assert '"p/c"' in done.stdout
    assert "scale = smoke, workers = 2" in done.stderr
    assert repro("lint").stdout == "1 claim, no problems.\n"
    assert repro("runs", "list").stdout == "No runs.\n"


def test_the_command_line_goes_before_it(project: World) -> None:
    settings('claims = "claims"\nstore = "elsewhere"')
    assert isinstance(repro("runs", "list").exception, ReproError)
    assert repro("runs", "list", "--store", "store").stdout == "No runs.\n"


def test_data_and_the_reports_folder_are_those_of_the_project(project: World) -> None:
    settings('claims = "claims"\nstore = "store"\nout = "mine"\ndata = { cifar10 = "nowhere.npz" }')
    done = repro("report")
    assert done.exception is None
    assert "out = mine, data = cifar10=nowhere.npz" in done.stderr
    assert Path("mine/index.html").is_file()


@pytest.mark.parametrize("command", EXECUTE)
def test_what_executes_code_must_be_told_whose(command: str, project: World) -> None:
    settings('claims = "claims"\nstore = "store"')
    more = ("--slurm", "time=1h") if command == "submit" else ()
    error = repro(command, *more).exception
    assert isinstance(error, ReproError)
    (problem,) = error.problems
    assert problem.where == "pyproject.toml: [tool.repro] claims"
    assert problem.hint == f"repro {command} --claims claims"
    assert not (project.root / "executed").exists()


def test_nothing_but_naming_the_folder_leads_to_its_claims(project: World) -> None:
    """A project without `claims` is checked by the shipped ones, wherever its folder is called claims."""
    settings('store = "store"')
    assert "p/c" not in repro("list").stdout
    assert "p/c" in repro("list", "--claims", "claims").stdout


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ('stor = "x"', "stor", "did you mean 'store'"),
        ('workers = "x"', "workers", "valid integer"),
        ("workers = 0", "workers", "greater than or equal to 1"),
        ('scale = "smok"', "scale", "did you mean 'smoke'"),
        ('claims = "../claims"', "claims", "lies in the working folder"),
        ('out = "/elsewhere"', "out", "lies in the working folder"),
        ('data = { cifar10 = "download" }', "data", "asked for on the command line"),
        ("store = ", "", "cannot be read"),
    ],
)
def test_mistakes_are_named(text: str, where: str, says: str, project: World) -> None:
    settings(text)
    error = repro("list").exception
    assert isinstance(error, ReproError)
    assert error.problems[0].where.startswith("pyproject.toml")
    assert error.problems[0].where.endswith(where)
    assert says in str(error)


def test_a_project_that_sets_nothing_changes_nothing(project: World) -> None:
    Path("pyproject.toml").write_text('[project]\ndependencies = ["repro-claims"]\n', encoding="utf-8")
    assert repro("runs", "list", "--store", "store").stderr == ""


def test_every_setting_is_documented() -> None:
    from repro.cli.project import Settings

    page = (Path(__file__).parents[2] / "docs" / "project.md").read_text(encoding="utf-8")
    (example,) = [part for part in page.split("```") if part.startswith("toml\n[tool.repro]")]
    assert [line.partition(" = ")[0] for line in example.splitlines()[2:] if " = " in line] == list(
        Settings.model_fields
    )
    assert isinstance(cli, click.Group)
