"""The notebook for a class runs from the committed report, cell by cell, and shows what it says it shows."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import repro

DOCS = Path(__file__).parents[1] / "docs"
NOTEBOOK = DOCS / "plain-nets-degrade.ipynb"


def code_cells() -> list[str]:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    found = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in found)
    return ["".join(cell["source"]) for cell in found]


def shown(source: str, names: dict[str, Any]) -> Any:
    """Execute a cell as a notebook does, and return the value of its last line, which a notebook shows."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names)


def test_every_cell_runs_and_shows_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DOCS)
    names: dict[str, Any] = {}
    with mpl.rc_context({"backend": "agg"}):
        outputs = [shown(source, names) for source in code_cells()]
    assert all(output is not None for output in outputs)
    cards = [output._repr_html_() for output in outputs if hasattr(output, "_repr_html_")]
    assert sum(bool(card) for card in cards) >= 6  # a figure of matplotlib has none
    by_hand, verdicts = names["by_hand"], names["verdicts"]
    of_claim = verdicts[verdicts["claim"] == "resnet/plain-nets-degrade"]
    (row,) = of_claim[of_claim["expectation"] == "gap-of-gaps"].to_dict("records")
    assert by_hand.estimate == pytest.approx(row["estimate"])
    # What the text says: the report pays for its looks.
    assert row["level"] > 0.95
    assert row["low"] < by_hand.low
    # And the sabotaged claim is not supported.
    caught = [output for output in outputs if isinstance(output, repro.Judgement)][-1]
    assert caught.result != "supported"
