"""README and CONTRIBUTING: what they print as code runs, what they print as a claim file lints, commands exist."""

from __future__ import annotations

import csv
import itertools
import json
import re
import shlex
import textwrap
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

from repro.claims import Paper
from repro.cli import COMMANDS, cli
from repro.recipes import RECIPES
from repro.report.wording.text import duration
from tests.support.command import OWN_CLAIMS, repro
from tests.support.helpers import BASE, PAPER, World, changed

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
SHOWCASES = {
    path.parent.name: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "reports" / "showcase").glob("*/report.json"))
}


def blocks(text: str) -> list[str]:
    """Return the indented blocks of a Markdown text, dedented."""
    found = re.findall(r"(?<=\n\n)(?: {4,}\S.*\n(?:\n(?= {4}))*)+", text)
    return [textwrap.dedent(block).rstrip() for block in found]


def kind(block: str) -> str:
    if block.startswith((".venv", "repro ", "python", "pytest", "bash ")):
        return "shell"
    if re.search(r"^(def|class|from|import) ", block, re.MULTILINE):
        return "python and claim" if "# in the claim file" in block else "python"
    if "→" in block:
        return "diagram"
    if block.startswith("checkable"):
        return "paper"
    return "claim"


def of(*kinds: str) -> list[str]:
    return [block for block in blocks(CONTRIBUTING) if kind(block) in kinds]


def test_every_block_is_known_for_what_it_is() -> None:
    assert [kind(block) for block in blocks(CONTRIBUTING)] == [
        "python",
        "claim",
        "claim",
        "claim",
        "claim",
        "claim",
        "python and claim",
        "claim",
        "claim",
        "paper",
        "shell",
    ]
    assert {kind(block) for block in blocks(README)} == {"shell"}


def test_what_can_be_checked_in_a_paper_is_listed_as_printed() -> None:
    (block,) = of("paper")
    assert Paper.model_validate(PAPER | tomllib.loads(block)).coverage == (
        "1 of 2 has a claim; 1 for want of data that nobody has here"
    )


def test_the_model_and_the_probe_of_the_ten_minutes_run_as_printed(tmp_path: Path) -> None:
    (nets,), (probe,) = of("python"), of("python and claim")
    code, toml = re.split(r"\n# in the claim file.*\n", probe)
    (arm,) = re.findall(r"`(narrow = \{[^`]*\})`", CONTRIBUTING)
    done = repro("new", "lecun1998/wider-is-better", cwd=tmp_path)
    assert done.returncode == 0
    claims = tmp_path / "claims"
    paper = claims / "lecun1998" / "paper.toml"
    paper.write_text(paper.read_text(encoding="utf-8").replace("TODO: ", ""), encoding="utf-8")
    (claims / "my_nets.py").write_text(nets, encoding="utf-8")
    (claims / "my_probes.py").write_text(code, encoding="utf-8")
    text = (OWN_CLAIMS / "toy" / "wider-is-better.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[metrics\.norm\].*?(?=\[expect\.wider)", toml + "\n\n", text, flags=re.DOTALL)
    text = re.sub(r"\[expect\.norm.*?(?=\[figure)", "", text, flags=re.DOTALL)
    (narrow,) = [line for line in text.splitlines() if line.startswith("narrow = ")]
    text = text.replace(narrow, arm)
    (claims / "lecun1998" / "wider-is-better.toml").write_text(text, encoding="utf-8")
    done = repro("check", "lecun1998/wider-is-better", "--claims", "claims", "--workers", 1, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "reports/smoke/metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    dead = [row for row in rows if row["metric"] == "dead"]
    assert [row["arm"] for row in dead] == ["wide"] * 3
    # Of 64 units, a share that is dead.
    assert all(float(row["value"]) * 64 in range(64) for row in dead)


def findings() -> list[list[str]]:
    """Return the cells of README's table of what was found."""
    lines = README.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| claim | paper"))
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in rows]


@pytest.mark.parametrize("row", findings(), ids=lambda row: row[0].rpartition("#")[2])
def test_every_number_of_the_findings_is_in_a_committed_report(row: list[str]) -> None:
    linked, paper_number, ours, word, cost = row
    target = re.search(r"\(reports/showcase/(\w+)/index\.html#(\S+)\)$", linked)
    assert target is not None
    papers = SHOWCASES[target[1]]["papers"]
    (claim,) = [claim for paper in papers for claim in paper["claims"] if claim["anchor"] == target[2]]
    assert word == claim["verdict"]["word"]
    shown = {
        (expectation["reported"] or "—", part["estimate_text"])
        for expectation in claim["expectations"]
        if expectation["role"] == "decides"
        for part in expectation["parts"]
    }
    assert (paper_number, ours) in shown
    spent = claim["cost"]
    of_processor = spent.get("processor_runs") == spent["runs"] and spent["processor_seconds"]
    assert cost == duration(of_processor or claim["wall_seconds"])


def test_the_links_of_the_documents_lead_somewhere() -> None:
    pages = {ROOT / "README.md": README, ROOT / "CONTRIBUTING.md": CONTRIBUTING}
    pages |= {ROOT / "docs" / name: text for name, text in DOCUMENTS.items()}
    for path, text in pages.items():
        prose = re.sub(r"^ {4,}.*$", "", text, flags=re.MULTILINE)  # code is indented
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", prose):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


TABLE = {
    "title": "T",
    "source": {"where": "Table 6"},
    "metrics": ["test_error"],
    "rows": [{"label": "ResNet-20", "cell": "residual/shallow", "reported": {"test_error": "8.75"}}],
}
SMALLER = changed(
    BASE,
    metrics__test_error={"kind": "final", "of": "test_error"},
    experiment__options={"width": 16},
    table__table6=TABLE,
)


def laid_over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = laid_over(merged[key], value) if both else value
    return merged


def printed_parts() -> list[dict[str, Any]]:
    """Return what CONTRIBUTING prints of claim files; lines that name one dataset each are one part each."""
    found = []
    for block in of("claim"):
        lines = block.splitlines()
        alone = all(line.startswith(("dataset = ", "protocol = ")) for line in lines)
        found += [tomllib.loads(part) for part in (lines if alone else [block])]
    return [{"experiment": part} if part.keys() & {"dataset", "protocol"} else part for part in found]


@pytest.mark.parametrize("part", printed_parts(), ids=str)
def test_the_parts_of_a_claim_file_lint_as_printed(world: World, part: dict[str, Any]) -> None:
    world.write(laid_over(SMALLER, part))
    assert world.problems() == []


TWO_CORES = ("--device", "cpu", "--workers", 2)


def test_what_the_documents_say_of_costs_is_what_plan_predicts(tmp_path: Path) -> None:
    lines = DOCUMENTS["costs.md"].splitlines()
    rows = {line.split("|")[1].strip(): line for line in lines if line.startswith("| `")}

    @cache
    def plan(scale: str) -> Any:
        return json.loads(repro("plan", "--scale", scale, *TWO_CORES, "--json", cwd=tmp_path).stdout)

    def outlay(scale: str, row: str, data: str) -> dict[str, Any]:
        (found,) = [item for item in plan(scale)["awaited"] if data in item["bring"]]
        follow = f", and up to {found['at_most_follow']} more after tuning" if found["at_most_follow"] else ""
        assert f"| {found['runs']}{follow} |" in rows[row]
        return dict(found)

    smoke = json.loads(repro("plan", "--workers", 2, "--json", cwd=tmp_path).stdout)
    assert f"| {sum(job['train'] for job in smoke['runs'])}, and about" in rows["`smoke`"]
    for scale, row, data in (
        ("reduced", "`reduced`", "cifar10"),
        ("paper", "`paper`, CIFAR-10", "cifar10"),
        ("paper", "`paper`, ImageNet", "imagenet"),
    ):
        seconds = outlay(scale, row, data)["wall_seconds"]
        match = re.search(r"about (\d+) (hours|days|years) \|", rows[row])
        assert match is not None
        unit = {"hours": 3600, "days": 86400, "years": 365 * 86400}[match[2]]
        assert int(match[1]) * unit == pytest.approx(seconds, rel=0.1)


def test_the_campaign_on_paper_is_reckoned_from_what_was_measured() -> None:
    measured = json.loads((ROOT / "bench" / "results" / "cluster.json").read_text(encoding="utf-8"))
    for what, figure in measured["on paper"].items():
        assert f"| {what} | {figure} |" in DOCUMENTS["clusters.md"]


def test_the_table_of_recipes_says_what_each_sets() -> None:
    lines = (ROOT / "docs" / "claim-files.md").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| field | "))
    names = [cell.strip(" `") for cell in lines[start].split("|")[2:-1]]
    assert names == list(RECIPES)
    shown = set[str]()
    for line in itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :]):
        field, *cells = (cell.strip(" `") for cell in line.split("|")[1:-1])
        shown.add(field)
        for name, cell in zip(names, cells, strict=True):
            assert cell == printed(RECIPES[name].as_json()[field]), f"{name}: {field}"
    # What is not in the table is alike in all recipes, but for what only the largest data sets need.
    for field in RECIPES[names[0]].as_json().keys() - shown - {"name", "version", "train_error_images"}:
        assert len({str(recipe.as_json()[field]) for recipe in RECIPES.values()}) == 1, field


def printed(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(f"{number:,}" for number in value) or "—"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value or "—")


def commands(text: str) -> set[str]:
    """Return the `repro …` lines of a document, in its blocks and in its words."""
    told = [line for block in blocks(text) for line in block.splitlines()]
    told += [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]
    lines = (
        line.partition("#")[0].strip().removeprefix(".venv/bin/uv run --quiet --no-dev ") for line in told
    )
    return {line for line in lines if re.match(r"repro( |$)", line)}


EVERYTHING = "\n\n".join([README, CONTRIBUTING, *DOCUMENTS.values()])


@pytest.mark.parametrize("line", sorted(commands(EVERYTHING)))
def test_the_commands_that_are_named_exist_with_their_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli)
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        assert command is not cli or words[0] in COMMANDS
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known
