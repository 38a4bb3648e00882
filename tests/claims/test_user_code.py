"""Code of a user's own: read by lint, executed by check only, part of what a run is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.planning.plan import make_plan
from repro.registry import load
from repro.source_code import code_of
from tests.support.helpers import BASE, World, changed

OWN = {
    "arms__plain": {"model": "own.nets:Plain", "width": 3},
    "arms__residual": {"model": "own.nets:Residual"},
    "experiment__dataset": "own.data:images",
    "metrics__norm": {"kind": "probe", "probe": "own.probes:norm", "at": ["last"]},
}
NAMES = "Plain = Residual = images = norm = None\n"
"""What the files of OWN define, as far as one can see without executing them."""


@pytest.mark.parametrize(
    ("target", "content", "what", "hint"),
    [
        ("my_net:Net", "class Net: ...", "no module 'my_net'", "did you mean 'my_nets'?"),
        ("my_nets:Nett", "class Net: ...", "defines no 'Nett'", "did you mean 'Net'?"),
        ("my_nets:Net", "class Net(:", "is not valid Python: line 1", "mend the line named"),
        ("my_nets:Net", "", "defines no 'Net'", "none are known here"),
    ],
)
def test_lint_finds_what_a_users_module_lacks_without_executing_it(
    world: World, target: str, content: str, what: str, hint: str
) -> None:
    world.write(changed(BASE, arms__plain={"model": target}))
    (world.root / "my_nets.py").write_text(content, encoding="utf-8")
    (problem,) = world.problems()
    assert problem.where.endswith("arms.plain.model")
    assert what in problem.what
    assert problem.hint == hint


def test_code_of_a_claims_folder_is_never_executed_but_by_check(world: World, tmp_path: Path) -> None:
    world.write(changed(BASE, **OWN))
    trap = (
        f"import pathlib\npathlib.Path({str(tmp_path / 'executed')!r}).touch()\nraise RuntimeError('executed')\n"
        + NAMES
    )
    (world.root / "own").mkdir()
    for name in ("__init__", "nets", "data", "probes"):
        (world.root / "own" / f"{name}.py").write_text(trap, encoding="utf-8")
    plan = world.plan()
    assert len(plan.jobs) == 2 * 2 * 5
    assert world.judge().status == "pending"
    assert world.report().coverage.judged == 0
    assert not (tmp_path / "executed").exists()
    assert not {name for name in sys.modules if name.split(".")[0] == "own"}


def test_changed_source_of_a_users_own_code_makes_another_run(world: World) -> None:
    world.write(changed(BASE, **OWN))
    (world.root / "own").mkdir()
    files = {name: world.root / "own" / f"{name}.py" for name in ("nets", "data", "probes")}
    for file in files.values():
        file.write_text(NAMES + "a = 1\n", encoding="utf-8")

    def keys() -> tuple[str, str]:
        need = world.requirements().needs[0]
        return need.spec.key, next(iter(need.readings.values())).key

    before = keys()
    assert keys() == before
    for name, file in files.items():
        file.write_text(NAMES + "a = 2\n", encoding="utf-8")
        now = keys()
        assert (now[0] != before[0]) == (name != "probes"), "a probe is no part of a run's key"
        assert now[1] != before[1]
        before = now
    reasons = {job.reason for job in make_plan([world.requirements()], world.store).jobs}
    assert reasons == {"not run yet"}
    assert code_of("json:loads", "model", world.root).version == "installed"


def test_loading_code_says_what_is_wrong_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    world.root.mkdir()
    (world.root / "sound_module_of_a_test.py").write_text("class Net: pass\n", encoding="utf-8")
    (world.root / "broken_module_of_a_test.py").write_text("class Net: pass\n1 / 0\n", encoding="utf-8")
    assert load("sound_module_of_a_test:Net", world.root).__name__ == "Net"
    with pytest.raises(ReproError, match=r"defines no 'Nett'(?s:.*)did you mean 'Net'"):
        load("sound_module_of_a_test:Nett", world.root)
    with pytest.raises(ReproError, match="ZeroDivisionError"):
        load("broken_module_of_a_test:Net", world.root)
    with pytest.raises(ReproError, match="no module 'absent_module_of_a_test'"):
        load("absent_module_of_a_test:Net", world.root)
