"""Pieces of claim files to make mistakes in, and what is expected of the one problem that comes of it."""

from __future__ import annotations

from typing import Any

from tests.support.helpers import BASE, World, changed

Mistake = tuple[str, dict[str, Any], str, str, str | None, str | None]
"""Name, changes of a sound claim, key path, part of what is said, value received, part of the suggestion."""

GRADIENT = {"kind": "probe", "probe": "weight_gradient_norm", "layers": "conv3x3", "at": ["init", "last"]}
VALUE = {
    "kind": "value",
    "title": "t",
    "metric": "loss",
    "arm": "plain",
    "levels": {"depth": "deep"},
    "at_least": 1.0,
    "role": "context",
    "why": "w",
}
TUNE = {"lr": [0.1, 0.2], "by": "loss"}
TABLE = {
    "title": "T",
    "source": {"where": "Table 1"},
    "metrics": ["loss"],
    "rows": [{"label": "plain-8", "cell": "plain/shallow", "reported": {"loss": "0.5"}}],
}


def value(**changes: Any) -> dict[str, Any]:
    return changed(VALUE, **changes)


def assert_one_clear_problem(world: World, mistake: Mistake) -> None:
    """Assert that a sound claim with these changes has one problem, at this place, in these words."""
    _, changes, place, what, received, hint = mistake
    path = world.write(changed(BASE, **changes))
    problems = world.problems()
    assert [problem.where for problem in problems] == [f"{path}: {place}"]
    (problem,) = problems
    assert what in problem.what
    if received is not None:
        assert problem.received == received
    assert (hint or "") in (problem.hint or "")
