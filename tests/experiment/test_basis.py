"""What a verdict rests on: runs, code, data and versions, and what of these has changed since."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from repro.cli.why import verdict_of, why_lines
from repro.experiment.basis import Basis, basis
from repro.experiment.data_index import DataIndex, UserData, state_of
from repro.experiment.user_data import forget, with_known_data, with_user_data
from repro.judging.frame import collect
from repro.judging.looks import current_look
from repro.registry import DataRef
from repro.report.build.runs import differences
from repro.source_code import code_of
from repro.spec import RunSpec
from repro.store import RunRecord
from tests.support.data_files import arrays, save_npz
from tests.support.helpers import BASE, PROVENANCE, World, blob, changed, run_record

NETS = "from blocks import ACT\nclass Net:\n    def __init__(self, in_shape, classes, *, depth): ...\n"
OWN = changed(BASE, arms__plain={"model": "nets:Net"}, experiment__protocol=None)


@pytest.fixture
def own(world: World) -> World:
    world.write(OWN)
    (world.root / "nets.py").write_text(NETS, encoding="utf-8")
    (world.root / "blocks.py").write_text("import numpy\nACT = 1\n", encoding="utf-8")
    return world


def put(world: World, spec: RunSpec, **made: Any) -> RunRecord:
    record = replace(run_record(spec), provenance={**PROVENANCE, **made})
    world.store.put_run(record, {moment: blob(spec, moment) for moment in record.weights})
    return record


def trained(world: World, **made: Any) -> None:
    """Put every run that the claim needs now, as the worker would."""
    for need in world.requirements().needs:
        name = need.spec.model.name
        code = {name: dict(code_of(name, "", world.root).files)} if ":" in name else {}
        put(world, need.spec, code=code, **made)


def found(world: World) -> Basis:
    return basis(world.requirements(), world.store)


def test_runs_are_listed_with_what_they_were_made_with(own: World) -> None:
    assert {run.state for run in found(own).runs} == {"not there"}
    trained(own, packages={"numpy": "0.1"})
    now = found(own)
    assert len(now.runs) == 20
    assert {run.state for run in now.runs} == {"finished"}
    assert now.runs[0].what == "plain/shallow, seed 0"
    assert now.runs[0].versions == {"python": "3.11.0", "torch": "2.6.0", "repro": "0.1.0", "numpy": "0.1"}
    assert list(now.code["nets:Net"].files) == ["nets.py", "blocks.py"]
    assert [(one.name, one.state) for one in now.data] == [("digits", "shipped with this program")]


def test_versions_that_are_others_here_are_drift(own: World) -> None:
    import numpy as np

    trained(own, packages={"numpy": "0.1"}, python=platform.python_version())
    changes = found(own).changes
    assert f"numpy 0.1 → {np.__version__} here (20 made with the former)" in changes
    assert not any(change.startswith("python") for change in changes)


def test_runs_by_other_code_are_kept_and_named_with_the_file_that_changed(own: World) -> None:
    trained(own)
    assert found(own).kept == ()
    (own.root / "blocks.py").write_text("import numpy\nACT = 2\n", encoding="utf-8")
    now = found(own)
    (kept,) = now.kept
    assert kept.startswith("10 × other code of nets:Net: blocks.py (code-")
    states = [run.state for run in now.runs]
    # The other arm is the registry's.
    assert (states.count("not there"), states.count("finished")) == (10, 10)
    (reason,) = {job.reason for job in own.plan().jobs}
    assert reason.startswith("model version changed from code-")
    (own.root / "blocks.py").write_text("import numpy\nACT = 1  # as before\n", encoding="utf-8")
    assert found(own).kept == ()
    assert not own.plan().jobs


def test_runs_of_earlier_versions_are_kept_and_the_plan_says_why_they_are_not_used(own: World) -> None:
    for need in own.requirements().needs:
        model = replace(need.spec.model, version="source-0123456789ab")
        put(own, replace(need.spec, model=model) if ":" in model.name else need.spec)
    plan = own.plan()
    assert plan.runs == 10
    assert {job.reason for job in plan.jobs} == {
        "the code that a model imports counts now, too; the run that an earlier version made is kept, and not used"
    }
    (kept,) = found(own).kept
    assert kept.startswith("10 × other code of nets:Net (source-0123456789ab, now code-")
    assert len(own.store.run_keys()) == 20


def test_the_report_says_in_what_the_runs_differ_though_their_keys_do_not_tell(own: World) -> None:
    needs = own.requirements().needs
    for number, need in enumerate(needs):
        put(own, need.spec, packages={"timm": "1.0" if number < 5 else "1.1"}, data="a" * 64)
    assert differences(own.requirements(), collect([own.requirements()], own.store).runs) == [
        "runs were made with different versions of timm: 1.0 (5), 1.1 (15)"
    ]
    (claim,) = own.report().papers[0].claims
    assert any("timm" in note for note in claim.code_notes)
    assert any("timm 1.0" in machine.versions for machine in own.report().machines)


def test_an_arm_whose_runs_come_from_different_kinds_of_device_is_marked(own: World) -> None:
    needs = own.requirements().needs
    (first, *_) = {need.cell.arm for need in needs if need.cell.arm != needs[-1].cell.arm}
    for number, need in enumerate(needs):
        put(own, need.spec, device="cuda: H100" if number == 0 else "cpu: Xeon", host=f"n{number % 2}")
    count = sum(need.cell.arm == first for need in needs)
    said = f"runs of {first} are from different kinds of device: cpu: Xeon ({count - 1}), cuda: H100 (1)"
    assert differences(own.requirements(), collect([own.requirements()], own.store).runs) == [said]
    assert said in own.report().papers[0].claims[0].code_notes
    places = {machine.description for machine in own.report().machines}
    assert places == {
        "n0, Linux x86_64, cuda: H100",
        "n0, Linux x86_64, cpu: Xeon",
        "n1, Linux x86_64, cpu: Xeon",
    }


def test_what_is_shown_is_for_people(own: World) -> None:
    trained(own, packages={"numpy": "0.1"})
    look = current_look(own.claim(), "smoke", own.store)
    lines = "\n".join(why_lines(look, verdict_of(look, own.store), found(own)))
    for part in (
        "Rests on 20 runs and numbers: 20 finished.",
        "Protocol: the file does not declare whose protocol",
        "nets:Net, code-",
        "numpy 0.1 → ",
        "plain/shallow, seed 0: finished",
    ):
        assert part in lines


# --- data


def test_other_data_of_the_same_size_and_time_is_another_state(tmp_path: Path) -> None:
    import os

    path = tmp_path / "pets.npz"
    path.write_bytes(b"one")
    os.utime(path, (0, 0))
    before = state_of(path, False)
    assert state_of(path, False) == before
    path.write_bytes(b"two")
    os.utime(path, (0, 0))
    assert state_of(path, False) != before
    # Put in its place, as `tar` and `mv` do.
    before = state_of(path, False)
    other = tmp_path / "other"
    other.write_bytes(b"six")
    os.utime(other, (0, 0))
    other.replace(path)
    assert state_of(path, False) != before


def test_a_listing_goes_on_after_what_cannot_be_read(tmp_path: Path) -> None:
    import os

    for name in "abz":
        (tmp_path / "train" / name).mkdir(parents=True)
        (tmp_path / "train" / name / "1.png").write_bytes(b"1")
    (tmp_path / "train" / "a" / "0.png").symlink_to(tmp_path / "nowhere")
    before = state_of(tmp_path, False)
    (tmp_path / "train" / "z" / "1.png").write_bytes(b"22")
    now = state_of(tmp_path, False)
    assert now != before
    # What viewers of folders leave behind is no data.
    (tmp_path / "train" / "z" / ".DS_Store").write_bytes(b"x")
    assert state_of(tmp_path, False) == now
    if os.name == "posix" and os.getuid() != 0:
        (tmp_path / "train" / "a").chmod(0)
        shut = state_of(tmp_path, False)
        (tmp_path / "train" / "z" / "1.png").write_bytes(b"333")
        assert state_of(tmp_path, False) != shut
        (tmp_path / "train" / "a").chmod(0o755)


def test_what_is_remembered_is_used_unread_and_forgotten_on_request(world: World, tmp_path: Path) -> None:
    world.write(changed(BASE, experiment__dataset="pets"))
    path = save_npz(tmp_path / "a.npz", arrays())
    said: list[str] = []
    (claim,) = with_user_data(
        world.library().claims, "smoke", {"pets": UserData(str(path))}, world.store, said.append
    )
    source = DataRef("pets", str(path))
    (again,) = with_known_data(world.library().claims, "smoke", world.store)
    assert again.names.data == claim.names.data
    assert DataIndex(world.store.root).unchanged(source)
    forget([source], world.store)
    assert DataIndex(world.store.root).content(source) is None
    # Not read: what is not remembered is not known.
    assert with_known_data(world.library().claims, "smoke", world.store)[0].names.data == {}
    (claim,) = with_user_data(world.library().claims, "smoke", {}, world.store, said.append)
    assert said == [f"Reading {path} …"] * 2
