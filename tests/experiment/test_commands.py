"""What runs by a command say of a claim: units, tuning over placeholders, racing, and seeds that do nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from repro.claims import Metric
from repro.cli.list_command import cost_words
from repro.cli.machine import time_of
from repro.command_spec import CommandSpec
from repro.exchange import export, merge, opened, verify
from repro.exchange.loading import Loaded
from repro.experiment.declared import as_declared, measured_as_declared
from repro.experiment.requirements import requirements
from repro.judging.looks import judge
from repro.planning.plan import make_plan
from repro.spec import Until
from repro.store import Checkpoint, RunRecord, Store
from repro.store.contract import wrong_with
from tests.claims.test_commands import CLAIM, SCRIPT
from tests.support.helpers import BASE, World, changed

History = Mapping[str, Sequence[float]]

MADE = {"machine": "m", "device": "cpu: d", "repro": "0", "commit": "c", "command": {"python": "3.9.1"}}


@pytest.fixture
def folder(world: World) -> World:
    world.root.mkdir(parents=True)
    (world.root / "train.py").write_text(SCRIPT, encoding="utf-8")
    return world


def record(spec: CommandSpec, history: History, outcome: Any = "finished") -> RunRecord:
    steps = list(range(1, 1 + len(next(iter(history.values())))))
    columns = {"step": list(map(float, steps)), "epoch": list(map(float, steps))}
    made = RunRecord(
        key=spec.key,
        spec=spec.as_json(),
        history=columns | {name: list(values) for name, values in history.items()},
        outcome=outcome,
        steps_done=steps[-1],
        chance_error=None,
        images={},
        wall_seconds=30.0,
        weights={},
        provenance={**MADE, "sessions": [{**MADE, "from_step": 0, "to_step": steps[-1]}]},
    )
    assert wrong_with("run", made.as_json()) is None
    return made


def fill(world: World, how: Any) -> None:
    """Put a run for everything that is needed: `how` gives (values, seed) → history."""
    for need in world.requirements("paper").needs:
        assert isinstance(need.spec, CommandSpec)
        world.store.put_run(record(need.spec, how(need.spec.values, need.spec.seed)), {})


def accuracies(values: Mapping[str, Any], seed: int) -> History:
    return {"val/acc": [50.0, 90 - 20 * values["lr"] + 0.1 * seed], "loss": [2.0, 1.0]}


def part(world: World) -> Any:
    (expectation,) = judge(world.requirements("paper"), world.store).expectations
    return expectation.parts[0]


def test_percent_are_fractions_in_all_that_is_judged(folder: World) -> None:
    folder.write(CLAIM)
    fill(folder, accuracies)
    found = part(folder)
    # (90 − 2) − (90 − 20) points.
    assert found.interval.estimate == pytest.approx(0.18)
    assert found.result == "supported"
    run = folder.store.run(folder.requirements("paper").needs[0].spec.key)
    assert run is not None
    assert run.history["val/acc"][0] == 50.0, "the store keeps what was written"
    declared = as_declared(run, folder.claim().base)
    assert declared is not None
    assert declared.history["accuracy"][0] == 0.5


def test_another_unit_needs_no_run_again(folder: World) -> None:
    folder.write(CLAIM)
    fill(folder, lambda values, seed: {"val/acc": [0.5 + values["lr"] / 10 + seed / 1000], "loss": [1.0]})
    columns = CLAIM["experiment"]["process"]["columns"]
    other = columns | {"accuracy": {"column": "val/acc", "unit": "fraction", "better": "higher"}}
    folder.write(changed(CLAIM, experiment__process__columns=other))
    assert make_plan([folder.requirements("paper")], folder.store).jobs == ()
    assert part(folder).interval.estimate == pytest.approx(-0.09)


def test_a_quantity_that_is_written_now_and_then_is_read_where_it_was_written(folder: World) -> None:
    folder.write(CLAIM)
    spec = folder.claim().untuned("paper")["small"]
    assert isinstance(spec, CommandSpec)
    nan = math.nan
    run = record(spec, {"val/acc": [nan, 60.0, nan, 80.0, nan], "loss": [5.0, nan, 3.0, nan, 1.0]})
    file = folder.claim().base
    final = measured_as_declared(Metric(kind="final", of="accuracy"), run, file)
    assert final.value == pytest.approx(0.8)
    assert measured_as_declared(Metric(kind="at_step", of="accuracy", step=1), run, file).value == 0.6
    # Between the evaluations at 3 (3.0) and 5 (1.0), whatever else was written at 4.
    reached = measured_as_declared(Metric(kind="first_reach", of="loss", at_most=2.0), run, file)
    assert (reached.value, reached.resolution) == (4.0, 2.0)


def test_never_reaching_a_target_is_censored_where_the_run_ends(folder: World) -> None:
    folder.write(CLAIM)
    spec = folder.claim().untuned("paper")["small"]
    assert isinstance(spec, CommandSpec)
    run = record(spec, {"loss": [3.0, 2.0, 1.0]})
    found = measured_as_declared(Metric(kind="first_reach", of="loss", at_most=0.5), run, folder.claim().base)
    assert (found.value, found.censored) == (3.0, True)


def test_the_declared_resolution_widens(folder: World) -> None:
    columns = CLAIM["experiment"]["process"]["columns"]
    fine = columns["accuracy"] | {"resolution": 0.5}
    folder.write(changed(CLAIM, experiment__process__columns=columns | {"accuracy": fine}))
    fill(folder, lambda values, seed: {"val/acc": [80.0 - values["lr"], 70.0], "loss": [1.0 + seed, 1.0]})
    found = part(folder)
    # Equal values, each of which stands for half a point: their means may differ by as much.
    assert found.interval.low <= -0.005
    assert found.interval.high >= 0.005


@pytest.mark.parametrize(
    ("history", "process", "says"),
    [
        (
            lambda values, seed: {"val/acc": [90.0 - values["lr"]], "loss": [1.0]},
            {},
            "make use of its {seed}",
        ),
        (
            lambda values, seed: {"val/acc": [90.0 - values["lr"]], "loss": [seed]},
            {},
            "declare the `resolution`",
        ),
        (
            lambda values, seed: {"val/acc": [90 - 9 * values["lr"]], "loss": [1.0]},
            {"deterministic": ["small", "large"]},
            None,
        ),
    ],
)
def test_runs_that_no_seed_tells_apart_are_no_sample(
    folder: World, history: Any, process: dict[str, Any], says: str | None
) -> None:
    how = CLAIM["experiment"]["process"] | process
    folder.write(changed(CLAIM, experiment__process=how))
    fill(folder, history)
    found = part(folder)
    assert found.result == ("inconclusive" if says else "supported")
    assert says is None or says in found.note


def tuned(**more: Any) -> dict[str, Any]:
    claim = changed(CLAIM, arms={"narrow": {"width": 1}, "wide": {"width": 2}})
    claim["experiment"]["command"] = ["python", "train.py", "--C", "{C}", "{width}", "{seed}", "{out}"]
    claim["expect"]["better"]["arms"] = ["wide", "narrow"]
    return changed(claim, tune={"over": {"C": [0.1, 1.0, 10.0]}, "by": "accuracy", **more})


def test_any_placeholder_is_tuned_and_the_best_is_the_largest_where_higher_is_better(folder: World) -> None:
    folder.write(tuned())
    needs = folder.requirements("paper").needs
    assert {need.tried for need in needs} == {"C 0.1", "C 1", "C 10"}
    assert {need.spec.seed for need in needs} == {1000}

    def history(values: Mapping[str, Any], seed: int) -> History:
        best = 90 - abs(math.log10(values["C"])) + 2 * values["width"] + 0.01 * (seed % 7)
        return {"val/acc": [best], "loss": [1.0]}

    fill(folder, history)
    state = folder.requirements("paper").tuning["wide"]
    assert (state.chosen, state.state) == (1.0, "settled")
    assert state.values == (pytest.approx(0.9306), pytest.approx(0.9406), pytest.approx(0.9306))
    fill(folder, history)
    measured = folder.requirements("paper").measured["wide"]
    assert [need.spec.values for need in measured] == [{"C": 1.0, "width": 2}] * 3
    assert part(folder).result == "supported"


def test_racing_stops_a_command_by_the_target_as_it_writes_it(folder: World) -> None:
    columns = {"error": {"column": "err", "unit": "percent", "better": "lower"}}
    claim = tuned(by="time")
    claim["experiment"]["process"] = {"columns": columns, "epoch": "epoch"}
    claim["metrics"] = {"time": {"kind": "first_reach", "of": "error", "at_most": 0.25}}
    claim["expect"]["better"] |= {
        "kind": "ratio",
        "metric": "time",
        "at_least": 2.0,
        "refuted": {"at_most": 1.0},
    }
    folder.write(claim)
    first = [need for need in folder.requirements("paper").needs if need.cell.arm == "wide"]
    assert [(need.tried, need.until) for need in first] == [("C 1", Until("err", pytest.approx(25.0)))]
    folder.store.put_run(record(first[0].spec, {"err": [80.0, 50.0, 20.0]}), {})
    then = [need for need in folder.requirements("paper").needs if need.cell.arm == "wide" and need.until]
    (leg,) = then
    assert leg.tried == "C 0.1"
    assert leg.until is not None
    # 25% lies 5/6 of the way from 50% to 20%.
    assert leg.until.epochs == pytest.approx(2 + 25 / 30)
    history = {"step": [1.0, 2.0, 3.0], "epoch": [1.0, 2.0, 3.0], "err": [90.0, 80.0, 70.0]}
    made = Checkpoint(leg.spec.key, leg.spec.as_json(), 3, 3, 1, [], stopped=history)
    folder.store.checkpoints(leg.spec.key).put(made, b"")
    after = requirements(folder.claim(), "paper", folder.store)
    assert [need.tried for need in after.stopped] == ["C 0.1"]


def test_a_diverged_run_is_no_better_than_the_worst_only_where_worse_is_known(folder: World) -> None:
    claim = changed(CLAIM, experiment__process__nan="diverged")
    folder.write(claim)
    for need in folder.requirements("paper").needs:
        assert isinstance(need.spec, CommandSpec)
        lost = need.spec.values["lr"] == 1.0 and need.spec.seed == 0
        history = {"val/acc": [math.nan if lost else 80.0 + need.spec.seed], "loss": [1.0]}
        folder.store.put_run(record(need.spec, history, "diverged" if lost else "finished"), {})
    found = part(folder)
    assert found.result == "inconclusive", "of an accuracy, worse is lower"


def test_what_a_command_costs_is_what_others_of_it_took_or_its_claim_says_and_else_not_known(
    folder: World,
) -> None:
    folder.write(CLAIM)
    plan = folder.plan("paper")
    assert (plan.unknown, plan.wall_seconds(1), plan.basis) == (6, 0.0, "")
    assert time_of(plan, 2) == (
        "not known, of 6 runs of a command that was never run: the first tells, unless `takes` in "
        "[experiment.process] does"
    )
    assert all(job.conduct is not None and job.conduct.columns == ("val/acc",) for job in plan.jobs)
    declared = CLAIM["experiment"]["process"] | {"takes": "20m"}
    folder.write(changed(CLAIM, experiment__process=declared))
    plan = folder.plan("paper")
    assert (plan.unknown, [job.wall_seconds for job in plan.jobs]) == (0, [1200.0] * 6)
    assert time_of(plan, 2) == "at most about 60 min on 2 workers, as `takes` declares"
    needs = folder.requirements("paper").needs
    assert isinstance(needs[0].spec, CommandSpec)
    folder.store.put_run(record(needs[0].spec, {"val/acc": [1.0], "loss": [1.0]}), {})
    plan = folder.plan("paper")
    assert [job.wall_seconds for job in plan.jobs] == [30.0] * 5, "what was measured is better known"


def test_no_total_has_a_part_of_what_nobody_knows(folder: World) -> None:
    folder.write(tuned())
    folder.write(changed(BASE, scale={"smoke": {}}), "p/trained")
    nets = make_plan([folder.requirements(name="p/trained")], folder.store)
    both = make_plan(
        [folder.requirements(name="p/trained"), folder.requirements("paper", name="p/c")], folder.store
    )
    assert nets.unknown == 0
    # Six tuning runs, up to four further rates of each arm, and three seeds of each.
    assert both.unknown == 6 + 2 * (4 + 3)
    assert both.wall_seconds(1) == nets.wall_seconds(1)
    assert "; not known of 20 runs of a command that was never run" in time_of(both, 1)
    assert cost_words(folder.claim()) == {"paper": "time not known"}


def test_runs_by_a_command_go_into_archives_and_come_out_of_them(folder: World, tmp_path: Path) -> None:
    folder.write(CLAIM)
    fill(folder, accuracies)
    export(folder.store, tmp_path / "runs.zip", None)
    there = Store(tmp_path / "there")
    there.prepare()
    with opened(tmp_path / "runs.zip") as source:
        merged = merge(source, there)
    assert merged.refused == []
    assert {run.key: run.history["val/acc"] for run in there.runs()} == {
        run.key: run.history["val/acc"] for run in folder.store.runs()
    }
    assert verify(there, lambda paths: Loaded()) == []


def test_runs_of_other_files_are_kept_and_the_change_is_told(folder: World) -> None:
    folder.write(CLAIM)
    fill(folder, accuracies)
    assert make_plan([folder.requirements("paper")], folder.store).jobs == ()
    (folder.root / "train.py").write_text(SCRIPT + "import os\n", encoding="utf-8")
    plan = make_plan([folder.requirements("paper")], folder.store)
    assert len(plan.jobs) == 6
    assert all("files that the command rests on have changed" in job.reason for job in plan.jobs)
    spec = plan.jobs[0].run
    assert isinstance(spec, CommandSpec)
    old = replace(spec, files=replace(spec.files, version="files-0"))
    assert old.key != spec.key


def test_a_target_that_is_reached_from_below(folder: World) -> None:
    claim = tuned(by="time")
    claim["metrics"] = {"time": {"kind": "first_reach", "of": "accuracy", "at_least": 0.75}}
    bars = {"metric": "time", "kind": "ratio", "at_least": 2.0, "refuted": {"at_most": 1.0}}
    claim["expect"]["better"] |= bars
    claim["experiment"]["process"]["stop"] = {"of": "accuracy", "at_least": 0.75}
    folder.write(claim)
    assert folder.problems() == []
    first = [need for need in folder.requirements("paper").needs if need.cell.arm == "wide"]
    assert [(need.tried, need.until) for need in first] == [("C 1", Until("val/acc", at_least=75.0))]
    assert isinstance(first[0].spec, CommandSpec)
    assert first[0].spec.stop_at == Until("val/acc", at_least=75.0)
    assert CommandSpec.from_json(first[0].spec.as_json()) == first[0].spec
    # It rises from 50 to 80: 75 lies 5/6 of the way from the second row to the third.
    folder.store.put_run(record(first[0].spec, {"val/acc": [40.0, 50.0, 80.0], "loss": [1.0] * 3}), {})
    then = [need for need in folder.requirements("paper").needs if need.cell.arm == "wide" and need.until]
    assert [(need.tried, need.until) for need in then] == [
        ("C 0.1", Until("val/acc", epochs=pytest.approx(2 + 25 / 30), at_least=75.0))
    ]
    state = folder.requirements("paper").tuning["wide"]
    assert state.best == pytest.approx(2 + 25 / 30)


def test_of_rates_that_never_reach_a_target_from_below_the_highest_is_the_nearest(folder: World) -> None:
    claim = tuned(by="time")
    claim["metrics"] = {"time": {"kind": "first_reach", "of": "accuracy", "at_least": 0.75}}
    claim["expect"]["better"] |= {
        "metric": "time",
        "kind": "ratio",
        "at_least": 2.0,
        "refuted": {"at_most": 1.0},
    }
    folder.write(claim)
    accuracy = {0.1: 60.0, 1.0: 70.0, 10.0: 65.0}
    for _ in range(5):
        fill(folder, lambda values, seed: {"val/acc": [accuracy[values["C"]], math.nan], "loss": [1.0, 1.0]})
    state = folder.requirements("paper").tuning["wide"]
    assert (state.chosen, state.state, state.censored) == (1.0, "settled", (True, True, True))


def test_what_a_command_has_written_is_read_anew_and_not_run(folder: World) -> None:
    folder.write(CLAIM)
    (need, *_) = folder.requirements("paper").needs
    assert isinstance(need.spec, CommandSpec)
    output = folder.store.output(need.spec)
    output.out.mkdir(parents=True)
    (output.out / "metrics.jsonl").write_text('{"val/acc": 1}\n', encoding="utf-8")
    note = {
        "began": 0,
        "session": {},
        "sessions": [],
        "seconds": 0,
        "rows": [],
        "of": "metrics.jsonl",
        "before": {},
    }
    ended = {"target": None, "seconds": 1.0, "finished": "2026-01-01T00:00:00Z"}
    output.put_note(note | {"ended": None, "files": {}})
    assert folder.plan("paper").kept == 0, "it has not ended"

    def reasons() -> set[str]:
        return {job.reason for job in folder.plan("paper").jobs}

    assert reasons() == {"not run yet", "begins anew: its last attempt did not end"}
    goes_on = {"resume": ["--resume"], "resume_needs": "metrics.jsonl"}
    folder.write(changed(CLAIM, experiment__process=CLAIM["experiment"]["process"] | goes_on))
    assert reasons() == {"not run yet", "goes on from its earlier attempt"}
    folder.write(CLAIM)
    output.put_note(note | {"ended": ended, "files": output.hashes(None)})
    plan = folder.plan("paper")
    assert (plan.runs, plan.kept) == (5, 1)
    (job,) = [job for job in plan.jobs if job.kept]
    assert job.reason == "what the command wrote is there and is read anew; it is not run"
    reads = {"metrics": "log.csv", "step": "n", "epoch": "e"}
    folder.write(changed(CLAIM, experiment__process=CLAIM["experiment"]["process"] | reads))
    assert folder.plan("paper").kept == 1, "another way to read it"
    folder.write(
        changed(CLAIM, experiment__process=CLAIM["experiment"]["process"] | {"environment": {"X": "1"}})
    )
    assert folder.plan("paper").kept == 0, "another way to run it"
