"""A claim about results that somebody recorded, in a world of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from repro.errors import Problem, ReproError
from repro.recorded import check_results
from tests.support.helpers import World, changed

RECORDED: dict[str, Any] = {
    "title": "Ours is better",
    "statement": "Ours has the higher accuracy.",
    "source": {"where": "Table 1"},
    "results": {
        "file": "results.csv",
        "by": "the authors",
        "arm": "method",
        "columns": {"accuracy": {"column": "test_acc", "unit": "percent", "better": "higher"}},
    },
    "arms": {"ours": {"named": "Ours (v2)"}, "sgd": {}},
    "metrics": {"accuracy": {"kind": "final", "of": "accuracy"}},
    "expect": {
        "better": {
            "kind": "difference",
            "title": "Ours has the higher accuracy",
            "metric": "accuracy",
            "arms": ["ours", "sgd"],
            "at_least": 0.01,
            "refuted": {"at_most": 0.0},
            "role": "decides",
            "why": "A reason.",
        }
    },
}
"""A sound claim; tests change it."""

OURS = (72.1, 72.9, 73.4, 72.2, 72.8)
SGD = (70.1, 69.9, 70.4, 70.2, 69.8)
CSV = "method,seed,test_acc\n" + "".join(
    f"{arm},{seed},{value}\n"
    for arm, values in (("Ours (v2)", OURS), ("sgd", SGD))
    for seed, value in enumerate(values)
)
"""Results of two arms and five seeds, a row a run."""


def curves(*runs: tuple[str, int, list[float]], step: str = "epoch") -> str:
    """Return results with steps: a row for each value of each run, steps from 1 on."""
    rows = [
        f"{arm},{seed},{number},{value}\n"
        for arm, seed, values in runs
        for number, value in enumerate(values, start=1)
    ]
    return f"method,seed,{step},test_acc\n" + "".join(rows)


def put(world: World, content: str | bytes = CSV, name: str = "results.csv", **changes: Any) -> Path:
    """Write the claim and its results; return the file of results."""
    path = world.write(changed(RECORDED, **changes)).with_name(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def problems_of(world: World) -> list[Problem]:
    """Return what is wrong with the claim or with its results."""
    found = world.problems()
    if not found:
        try:
            check_results(world.library().claims)
        except ReproError as error:
            found = list(error.problems)
    return found
