"""The house: data flows one way, nobody imports back up, and only three rooms (and the worker) know torch.

Read from the source, so imports in function bodies and for type checkers count, too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import repro

PACKAGE = Path(repro.__file__).parent

ORDER = [
    "errors",
    "startup",
    "source_code",
    "recipes",
    "formulas",
    "registry",
    "canonical",
    "spec",
    "command_spec",
    "stats",
    "claims",
    "recorded",
    "store",
    "datasets",
    "experiment",
    "judging",
    "planning",
    "models",
    "training",
    "probes",
    "worker",
    "execution",
    "exchange",
    "report",
    "cli",
    "api",
    "__main__",
]
"""Rooms from the first to the last (docs/design.md, "The house"): each may import those before it."""

REPORT = ["model", "wording", "build", "drawing", "as_csv", "html", "diff"]
"""The rooms of the report, in the same way. Modules beside them are further formats, which may use all of them; CSV is
also a link of the page."""

TORCH_ROOMS = {"models", "training", "probes", "worker"}

TORCH_MODULES = {"repro.datasets.download"}
"""torchvision's downloader, which the registry names and loads where a download is asked for."""

FORBIDDEN = {
    # Pure numbers, with no project types.
    "stats": {"errors", "startup", "source_code", "recipes", "registry", "canonical", "spec"},
    # Arithmetic beside a paper's sentence.
    "formulas": {"startup", "source_code", "recipes", "registry", "canonical", "spec", "stats"},
    # Leaves: a model knows nothing of training, a dataset nothing of models, and none of what a claim is.
    "models": {"datasets", "store", "claims", "experiment", "judging", "planning"},
    "datasets": {"store", "claims", "experiment"},
    "training": {"store", "claims", "experiment", "judging", "planning"},
    "probes": {"store", "claims", "experiment", "judging", "planning"},
    "worker": {"claims", "experiment", "judging", "planning"},
    "execution": {"experiment", "judging", "datasets"},
    # What judges and reports sees runs in the store only, however they came there.
    "report": {"execution", "exchange", "planning"},
}
"""What a room must not import although it stands before it."""


@dataclass(frozen=True)
class Import:
    """One import of one module: what, and whether it happens as soon as the module is imported."""

    target: str
    at_once: bool


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if "_shipped" not in path.parts}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def imports(name: str, path: Path) -> Iterator[Import]:
    """Yield every import of a module; ``from package import module`` is an import of the module."""
    return found(name, ast.parse(path.read_text(encoding="utf-8")), at_once=True)


def found(name: str, node: ast.AST, *, at_once: bool) -> Iterator[Import]:
    """Yield the imports below a node; those in bodies of functions and for type checkers are not made at once."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, at_once)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{name} uses a relative import"
            for alias in child.names:
                inner = f"{child.module}.{alias.name}"
                yield Import(inner if inner in MODULES else str(child.module), at_once)
        elif not isinstance(child, ast.expr):  # nothing is imported in an expression
            later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            )
            yield from found(name, child, at_once=at_once and not later)


@cache
def graph() -> dict[str, list[Import]]:
    """Return what each module imports."""
    return {name: list(imports(name, path)) for name, path in MODULES.items()}


def edges(name: str) -> set[str]:
    """Return the modules of the project that a module imports. A package's own front door is one of them."""
    return {item.target for item in graph()[name] if item.target in MODULES and item.target != "repro"}


def test_the_graph_is_read_from_the_source() -> None:
    assert len(MODULES) > 60
    assert "repro.claims.schema" in edges("repro.claims.checks")
    # In a function body, and for type checkers.
    assert Import("filelock", at_once=False) in graph()["repro.store.files"]
    assert Import("pandas", at_once=False) in graph()["repro.judging.frame"]
    assert Import("pydantic", at_once=True) in graph()["repro.claims.schema"]


def test_no_two_files_import_each_other_in_a_circle() -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, "circle: " + " → ".join([*path[path.index(name) :], name])
        if name not in done:
            for target in sorted(edges(name)):
                visit(target, (*path, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())


def test_nobody_imports_back_up() -> None:
    for name in set(MODULES) - {"repro"}:
        own = room(name)
        assert own in ORDER, f"room {own!r} has no place in ORDER"
        for target in edges(name):
            other = room(target)
            assert ORDER.index(other) <= ORDER.index(own), f"{name} imports {target}, which comes later"
            assert other not in FORBIDDEN.get(own, ()), f"{name} imports {target}"


def test_nobody_imports_back_up_in_the_report() -> None:
    rooms = {"": len(REPORT), **{name: place for place, name in enumerate(REPORT)}}
    for name in MODULES:
        if room(name) == "report" and name != "repro.report":
            own = report_room(name)
            for target in edges(name):
                if room(target) == "report" and target != "repro.report":
                    other = report_room(target)
                    assert rooms[other] <= rooms[own], f"{name} imports {target}, which comes later"


def report_room(module: str) -> str:
    inner = module.split(".")[2]
    return inner if inner in REPORT else ""


def test_at_most_eight_modules_lie_at_the_root() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 8


def test_every_room_has_its_place_in_the_order_and_in_the_design() -> None:
    rooms = {room(name) for name in MODULES} - {""}
    assert rooms == set(ORDER), "a room that is gone, or a new one"
    assert set(FORBIDDEN) | set().union(*FORBIDDEN.values()) <= rooms
    design = (PACKAGE.parent / "docs/design.md").read_text(encoding="utf-8")
    for name in rooms - {"__main__"}:
        assert f"`{name}/`" in design or f"`{name}.py`" in design, f"{name} is not in docs/design.md"


MOST_LINES = 300
"""Of a module; a longer one does two things."""


def test_modules_are_short_enough_to_be_read() -> None:
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    long = {name: count for name, count in lines.items() if count > MOST_LINES}
    assert not long, "split along a noun"


def test_only_models_probes_and_training_and_the_worker_know_torch() -> None:
    for name in MODULES:
        if room(name) in TORCH_ROOMS or name in TORCH_MODULES:
            continue
        for item in graph()[name]:
            top, inner = item.target.partition(".")[0], room(item.target)
            knows = top in ("torch", "torchvision") or (top == "repro" and inner in TORCH_ROOMS)
            assert not knows, f"{name} imports {item.target}"
            assert item.target not in TORCH_MODULES, f"{name} imports {item.target}"


READS_THE_STORE = {"frame", "looks", "judgement", "preregistration", "result_versions"}
"""Modules of judging that work out what is handed on; all others, and the report, see only that."""


def test_verdicts_and_the_report_see_no_store() -> None:
    for name, path in MODULES.items():
        judges = room(name) == "judging" and name.rpartition(".")[2] not in READS_THE_STORE
        if judges or room(name) == "report":
            names = {
                alias.name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            assert not names & {"Store", "collect", "requirements", "check_nets", "run_spec"}, name


HEAVY = {"numpy", "pandas", "scipy", "matplotlib", "torch", "torchvision", "jinja2", "filelock"}


def reached_at_once(start: str) -> set[str]:
    """Return every module of the project that importing `start` imports, parents' front doors included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in MODULES:
            continue
        seen.add(name)
        waiting += [item.target for item in graph()[name] if item.at_once]
        parts = name.split(".")
        waiting += [".".join(parts[:i]) for i in range(1, len(parts))]
    return seen


@pytest.mark.parametrize(
    "start",
    [
        "repro.__main__",
        "repro.cli",
        "repro.claims",
        "repro.planning.plan",
        "repro.judging.verdicts",
        "repro.judging.preregistration",
    ],
)
def test_listing_linting_and_planning_wait_for_no_heavy_library(start: str) -> None:
    for name in reached_at_once(start):
        heavy = {
            item.target for item in graph()[name] if item.at_once and item.target.partition(".")[0] in HEAVY
        }
        assert not heavy, f"importing {start} imports {heavy} by way of {name}"


def test_errors_and_statistics_stand_alone() -> None:
    assert edges("repro.errors") == set()
    for name in MODULES:
        if room(name) == "stats":
            assert {room(target) for target in edges(name)} <= {"stats"}, name
