"""The bench tells what was measured, and does not take one thing for another."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench.commands import FIVE
from bench.documents import Document
from bench.processes import Spent, compared, spent
from bench.racing import Tuned
from bench.racing import rows as racing_rows
from bench.speed import Trained, Way, _trained, measured, rows
from bench.synthetic import fill, fill_one_look, with_looks
from bench.table import markdown
from bench.trials import as_markdown, distance, spreads, trial_of
from bench.work import CPU, Work
from repro.claims import load_library
from repro.experiment.requirements import requirements
from repro.startup.shipped import folder
from repro.stats import Region
from repro.store import Store
from tests.support.error_claim import ERROR_CLAIM
from tests.support.forks import python
from tests.support.helpers import World, run_record
from tests.support.shipped import library as shipped_library


def reached(folder: Path, measure: str) -> str:
    line = next(line for line in markdown(folder).splitlines() if measure in line)
    return line.split("|")[3].strip()


def test_a_row_of_something_else_reaches_no_target(tmp_path: Path) -> None:
    assert reached(tmp_path, "ResNet-20 on 8×8") == "not measured"
    document = Document(tmp_path / "speed-cpu.json", "a command")
    common = {"arm": "ours", "ratio": 9.0, "ratio_range": [8.0, 10.0], "rounds": 3}
    document.add([{"row": "ResNet-20, 8×8, a few steps only", **common}])
    document.add([{"row": "ResNet-20, 8×8", **common, "arm": "textbook"}])
    assert reached(tmp_path, "ResNet-20 on 8×8") == "not measured"
    document.add([{"row": "ResNet-20, 8×8", **common}])
    assert reached(tmp_path, "ResNet-20 on 8×8") == "9 (8 to 10)"
    store = Document(tmp_path / "store.json", "a command")
    few, many = (
        {
            "row": f"repro check of five claims, {runs} runs of which 119 are used",
            "runs": runs,
            "processor_ratio": ratio,
            "rounds": 1,
        }
        for runs, ratio in ((200, 1.0), (10_600, 2.0))
    )
    store.add([few])
    assert (
        reached(tmp_path, "`repro check` of five claims, 10,000 runs, first looks used ÷") == "not measured"
    )
    store.add([many])
    assert reached(tmp_path, "`repro check` of five claims, 10,000 runs, first looks used ÷") == "2"


def test_a_target_for_one_device_says_when_another_was_used(tmp_path: Path) -> None:
    document = Document(tmp_path / "speed-cuda.json", "a command", {"device": "NVIDIA T4"})
    document.add([{"row": "ResNet-110 alone", "arm": "ours", "paper_seconds": 100.0, "rounds": 1}])
    assert reached(tmp_path, "H200: ResNet-110 alone") == "100 s, but on NVIDIA T4"
    document.add([{"row": "ResNet-110 alone", "arm": "ours, compiled", "paper_seconds": 90.0, "rounds": 1}])
    both = "100 s, but on NVIDIA T4; 90 s, compiled, but on NVIDIA T4"
    assert reached(tmp_path, "H200: ResNet-110 alone") == both


def test_a_document_is_whole_after_every_row(tmp_path: Path) -> None:
    document = Document(tmp_path / "new" / "facts.json", "a command")
    for number in range(3):
        document.add([{"row": str(number)}])
        content = json.loads(document.path.read_text(encoding="utf-8"))
        assert [row["row"] for row in content["rows"]] == [str(n) for n in range(number + 1)]
    assert list(document.path.parent.iterdir()) == [document.path]


def test_what_was_cut_short_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    first = Document(path, "a command")
    assert first.wants("one")
    first.add([{"row": "one", "value": 1}])
    ended = Document(path, "a command", goes_on=True, ends_at=-math.inf)
    assert not ended.wants("one")
    assert not ended.cut_short
    assert not ended.wants("two")
    assert ended.cut_short
    second = Document(path, "a command", goes_on=True)
    assert not second.wants("one")
    assert second.wants("two")
    second.add([{"row": "two", "value": 2}])
    assert [row["value"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"]] == [1, 2]
    assert Document(path, "a command").wants("one")
    assert Document(path, "a command", {"device": "another"}, goes_on=True).wants("one")


def test_an_arm_that_fails_says_why_and_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(arm: str, work: Work, way: Way) -> Trained:
        if arm == "competent":
            raise RuntimeError("no compiler")
        return Trained(1, 50, {"ours": 300.0, "textbook": 100.0}[arm], 1.0, 1.0, 1.0, None)

    monkeypatch.setattr("bench.speed.carry_out", carry_out)
    ours, textbook, competent = measured(CPU[0], Way("cpu", rounds=2))
    assert (ours["arm"], ours["ratio"], ours["rounds"]) == ("ours", 3.0, 2)
    assert textbook["ratio"] == 1.0
    assert competent == {"row": CPU[0].name, "arm": "competent", "failed": "no compiler"}


def test_ratios_are_those_of_the_same_round() -> None:
    # The machine was twice as slow in the second round: the ratio does not notice.
    taken = {
        "one": [Spent(1.0, 0.5, 10), Spent(2.0, None, 30)],
        "other": [Spent(3.0, 2.5, 20), Spent(6.0, 2.5, 20)],
    }
    one, other = compared(taken, "one")
    assert one["ratio"] == 1.0
    assert other["ratio"] == 3.0
    assert other["ratio_range"] == [3.0, 3.0]
    assert (other["processor_ratio"], other["processor_ratio_range"]) == (5.0, [5.0, 5.0]), (
        "of the first round"
    )
    assert one["peak_bytes"] == 30


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        spent([sys.executable, "-c", "raise SystemExit(3)"], {})


def test_two_processes_count_together_and_the_first_epoch_apart() -> None:
    # 10 steps in the first second, and 20 in each of the two that follow; the other process is half as fast.
    fast, slow = [[10, 1.0], [30, 2.0], [50, 3.0]], [[10, 2.0], [30, 4.0], [50, 6.0]]
    done = _trained([{"marks": [fast], "peak_bytes": None}, {"marks": [slow], "peak_bytes": None}])
    assert done.steady_images_per_second == 128 * (20 + 10)
    assert done.wall_seconds == 6.0
    assert done.paper_seconds == 6.0 + (64_000 - 50) / 10
    textbook = Trained(1, 50, 128 * 15, 1.0, 1.0, 1.0, None)
    ours = rows(CPU[0].name, {"textbook": [textbook], "ours": [done]}, Way("cpu"))[1]
    assert ours["ratio"] == 2.0


def test_made_up_runs_leave_nothing_of_a_claim_missing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.prepare()
    claims = [claim for claim in shipped_library().claims if "smoke" in claim.at]
    used = fill(store, claims, "smoke", 1)
    for claim in claims:
        needs = requirements(claim, "smoke", store).needs
        assert needs
        assert all(store.run(need.spec.key) is not None for need in needs)
        assert all(store.reading(reading.key) for need in needs for reading in need.readings.values())
    assert len(list(store.runs())) == used
    assert not store.damaged


def test_a_store_of_many_seeds_holds_all_that_its_claims_use(tmp_path: Path) -> None:
    """Racing (AlexNet), readings (ResNet), and runs that nobody asks for: every entry as the product reads its own."""
    with_looks(folder("claims"), tmp_path / "claims", 10)
    library = load_library(tmp_path / "claims")
    claims = library.select(["alexnet/relu-speed", "resnet/gradient-preservation"])
    store = Store(tmp_path / "store")
    store.prepare()
    used = fill_one_look(store, claims, "smoke", 300)
    keys = set()
    for claim in claims:
        required = requirements(claim, "smoke", store)
        assert len(required.seeds) == 10
        assert all(state.state != "pending" for state in required.tuning.values())
        assert all(store.run(need.spec.key) is not None for need in required.needs)
        assert all(store.reading(one.key) for need in required.needs for one in need.readings.values())
        keys |= {need.spec.key for need in required.needs}
    assert len(keys) == used < 300
    assert len(list(store.runs())) == 300
    assert not store.damaged


def test_without_a_gpu_nothing_is_measured_on_one(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    command = [python(), "-m", "bench", "gpu-facts", "--device", "cuda", "--out", str(tmp_path)]
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "no CUDA device: nothing was measured\n"
    assert not list(tmp_path.iterdir())


def test_racing_tells_which_rates_it_found_and_what_going_on_to_the_end_costs() -> None:
    race = Tuned({"relu": (0.1, 3), "tanh": (0.2, 3)}, 12, 5, 10.0)
    whole = Tuned({"relu": (0.1, 3), "tanh": (0.4, 4)}, 14, 0, 25.0)
    one, other = racing_rows(race, whole)
    assert (one["cells"], one["cells_alike"], one["ratio"]) == (2, 1, 2.5)
    assert (one["arm"], other["arm"], other["rates"]) == (
        "raced",
        "exhaustive",
        "relu 0.1 of 3; tanh 0.4 of 4",
    )


def test_a_trial_is_on_seeds_of_its_own_and_tells_spread_and_cost_before_the_estimate(world: World) -> None:
    world.write(ERROR_CLAIM)
    trial = trial_of(
        world.claim(), "smoke", 3, ["experiment.recipe.steps=50", "factors.depth={shallow=8,deep=20}"]
    )
    item = requirements(trial, "smoke", world.store)
    runs = {need.spec.key: need for need in item.needs}
    assert {need.spec.seed for need in runs.values()} == {1100, 1101, 1102}
    assert {(need.spec.recipe.steps, need.spec.model.options["depth"]) for need in runs.values()} == {
        (50, 8),
        (50, 20),
    }
    judged = {need.spec.key for need in world.requirements().needs}
    assert not judged & runs.keys()
    for need in runs.values():
        mean, sd = (0.3, 0.04) if need.cell.address == "plain/deep" else (0.1, 0.03)
        record = run_record(need.spec, test_error=mean + sd * (need.spec.seed - 1101))
        made = {**record.provenance, "processor_seconds": 5.0, "predicted_seconds": 4.0}
        world.store.put_run(replace(record, provenance=made, weights={}), {})
    (row,) = spreads(item, world.store, "a trial")
    # Sds of 4 and 3 points: 5 of the difference of two runs; bars at 0 and 2 points; 12 runs.
    assert row["sd"] == pytest.approx(0.05, rel=1e-3)
    assert row["between_bars"] == pytest.approx(0.02)
    assert row["estimate"] == pytest.approx(0.2)
    assert (row["predicted_seconds"], row["processor_seconds"]) == (48.0, 60.0)
    assert as_markdown(row) == "| a trial | gap | 0.05 | 0.02 | 2.5 | 48 | 60 | 0.2 |"
    assert distance(Region.at_least(2.0), Region.at_most(1.5), log=True) == pytest.approx(math.log(4 / 3))


def test_a_first_run_is_timed_of_claims_that_are_there() -> None:
    claims = shipped_library().select(FIVE)
    assert [claim.id for claim in claims] == sorted(FIVE)
    assert all("smoke" in claim.at for claim in claims)
