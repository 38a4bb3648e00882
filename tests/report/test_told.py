"""What else a reader is told: changed criteria, runs, machines, cost, notes, tuning."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from repro.judging.preregistration import history, record
from repro.registry import DATASETS
from repro.report.markdown import to_markdown
from repro.report.wording import costs, overview
from tests.support.error_claim import ERROR_CLAIM, errors, only
from tests.support.helpers import BASE, PAPER, PROVENANCE, World, blob, changed, run_record
from tests.support.page import Page, rendered

# --- the ledger of criteria


def test_criteria_that_change_after_runs_existed_are_shown(world: World) -> None:
    world.write(ERROR_CLAIM)
    assert only(world.report()).criteria == []
    for _ in range(2):
        record(world.requirements(), world.store)
    world.fill(errors(0.3))
    record(world.requirements(), world.store)
    (before,) = only(world.report()).criteria
    assert (before.runs_then, before.current) == (0, True)
    world.write(changed(ERROR_CLAIM, expect__gap__at_least=0.05, statement="In other words."))
    (old,) = only(world.report()).criteria
    assert not old.current, "they differ before anybody has recorded the new ones"
    record(world.requirements(), world.store)
    old, new = only(world.report()).criteria
    assert (old.runs_then, old.current, new.runs_then, new.current) == (0, False, 20, True)
    assert old.digest == before.digest != new.digest
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", new.first_seen)
    kept = history("p/c", "smoke", world.store)
    assert [entry.expect["gap"]["at_least"] for entry in kept] == [0.02, 0.05]
    # Back to the old ones: both stay, and the first one is current again.
    world.write(ERROR_CLAIM)
    record(world.requirements(), world.store)
    assert [entry.current for entry in only(world.report()).criteria] == [True, False]


def test_the_ledger_of_criteria_is_of_each_claim_and_scale_and_survives_damage(world: World) -> None:
    world.write(ERROR_CLAIM)
    record(world.requirements(), world.store)
    record(world.requirements("paper"), world.store)
    record(world.requirements("exact"), world.store)
    path = world.store.root / "criteria.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write('{"claim": "p/c", "sca\n')
    assert len(history("p/c", "smoke", world.store)) == len(history("p/c", "paper", world.store)) == 1
    assert history("p/c", "exact", world.store) == []
    assert history("p/other", "smoke", world.store) == []
    assert "criteria.jsonl line 3 cannot be read" in world.store.damaged


# --- everything else that a reader is told


def test_runs_machines_and_coverage(world: World) -> None:
    world.write(ERROR_CLAIM, "p/done")
    world.write(changed(ERROR_CLAIM, experiment__dataset="cifar10"), "p/waits")
    world.write(changed(ERROR_CLAIM, experiment__recipe__lr=0.5), "q/fails", changed(PAPER, year=1990))
    world.fill(errors(0.3), name="p/done")
    world.store.put_failure(world.requirements(name="q/fails").needs[0].spec.key, "t", "ValueError: x\nmore")
    report = world.report()
    assert [paper.id for paper in report.papers] == ["q", "p"]
    assert report.coverage.text == "1 of 3 claims judged, 1 pending, 1 failed"
    (machine,) = report.machines
    assert machine.description == "Linux x86_64, cpu: test bench"
    assert (machine.versions, machine.runs) == ("Python 3.11.0, torch 2.6.0, repro 0.1.0", 20)
    done = next(claim for paper in report.papers for claim in paper.claims if claim.id == "p/done")
    assert report.wall_seconds == done.wall_seconds == pytest.approx(40.0)
    assert len(done.runs) == 20
    row = done.runs[0]
    assert (row.cell, row.purpose, row.seed, row.outcome, row.steps) == (
        "plain/shallow",
        "measure",
        0,
        "finished",
        20,
    )
    assert done.command == "repro check p/done --scale smoke"
    assert done.claim_path == "p/done.toml"
    assert (done.anchor, done.expectations[0].anchor) == ("p/done", "p/done/expect/gap")
    assert (done.source, done.seeds) == ("Sec. 1 (text)", [0, 1, 2, 3, 4])
    fails = next(claim for paper in report.papers for claim in paper.claims if claim.id == "q/fails")
    assert [(row.outcome, row.note) for row in fails.runs][:2] == [
        ("failed", "ValueError: x"),
        ("pending", None),
    ]


def test_runs_tell_sessions_predictions_divergence_data_and_local_changes(world: World) -> None:
    world.write(ERROR_CLAIM)
    first, second, third, *_ = world.requirements().needs
    made = {**PROVENANCE, "commit": "abc+", "predicted_seconds": 1.5, "diverged_at_step": 7}
    sessions = [{"device": "cpu: one"}, {"device": "cpu: two"}]
    world.store.put_run(replace(run_record(first.spec, outcome="diverged"), provenance=made), {})
    world.store.put_run(replace(run_record(second.spec), provenance={**PROVENANCE, "sessions": sessions}), {})
    world.put(third.spec)
    report = world.report()
    rows = only(report).runs
    assert [(row.sessions, row.predicted_seconds, row.diverged_at_step) for row in rows[:3]] == [
        (1, 1.5, 7),
        (2, None, None),
        (1, None, None),
    ]
    # Each run took 2 s; a prediction of one is known. Machines: the second run was at two places.
    assert only(report).cost == report.cost
    assert report.cost is not None
    assert report.cost.model_dump() == {
        "runs": 3,
        "wall_seconds": 6.0,
        "predicted_runs": 1,
        "predicted_seconds": 1.5,
        "predicted_took_seconds": 2.0,
        "readings": 0,
        "processor_runs": 0,
        "processor_seconds": 0.0,
    }
    assert [(one.description.partition(", ")[2], one.commit, one.runs) for one in report.machines] == [
        ("cpu: one", "abc", 1),
        ("cpu: test bench", "abc", 1),
        ("cpu: test bench", "abc, with local changes", 1),
        ("cpu: two", "abc", 1),
    ]
    (data,) = report.datasets
    assert (data.name, data.fingerprint) == ("digits", DATASETS["digits"].fingerprint)
    assert (data.train_images, data.test_images, data.runs, data.stand_in) == (1000, 500, 3, False)


def test_what_readings_took_counts_and_stands_beside_what_was_predicted(world: World) -> None:
    read = {"kind": "probe", "probe": "response_std", "options": {"layers": "all"}, "at": ["last"]}
    data = changed(BASE, metrics={**BASE["metrics"], "std": read | {"reduce": "mean"}})
    for name in ("p/c", "p/same"):
        world.write(data, name)
    for need in world.requirements().needs:
        noted = {**PROVENANCE, "processor_seconds": 30.0, "predicted_seconds": 25.0}
        record = replace(run_record(need.spec, wall_seconds=90.0), provenance=noted)
        world.store.put_run(record, {moment: blob(need.spec, moment) for moment in record.weights})
        for reading in need.readings.values():
            took = {"wall_seconds": 4.0, "processor_seconds": 2.0, "predicted_seconds": 1.0}
            world.store.put_reading(reading, [{"value": 1.0}], {**PROVENANCE, **took})
    report = world.report()
    # 20 runs and a reading of each, which both claims share.
    for told in [report.cost, *(claim.cost for paper in report.papers for claim in paper.claims)]:
        assert told is not None
        assert (told.runs, told.readings, told.processor_runs, told.predicted_runs) == (20, 20, 20, 20)
        assert (told.wall_seconds, told.processor_seconds) == (20 * 94.0, 20 * 32.0)
        assert (told.predicted_seconds, told.predicted_took_seconds) == (20 * 26.0, 20 * 32.0)
    assert report.cost is not None
    assert costs.cost(report.cost) == (
        "20 runs and 20 measurements took 10 min 40 s of processor time, 31 min 20 s on the clock. "
        "Predicted beforehand: 8 min 40 s."
    )
    assert costs.cost_table(report) == [
        [name, "20", "20", "8 min 40 s", "10 min 40 s", "1.2", "31 min 20 s"]
        for name in ("p/c", "p/same", "all")
    ]
    text = to_markdown(report)
    assert "| all | 20 | 20 | 8 min 40 s | 10 min 40 s | 1.2 | 31 min 20 s |" in text
    assert "Predicted beforehand: 8 min 40 s." in text
    shown = Page(rendered(report)).text()
    assert "What each claim took, beside what was predicted for it" in shown
    assert "of a processor 30 s" in shown
    assert [list(overview.cost(claim)) for paper in report.papers for claim in paper.claims] == [
        ["20 runs", "10 min 40 s"]
    ] * 2
    only_some = report.cost.model_copy(update={"processor_runs": 5, "predicted_runs": 4})
    assert costs.cost(only_some) == (
        "20 runs and 20 measurements took 31 min 20 s on the clock; of 5 of the runs the processor time is known: "
        "10 min 40 s, measurements included. Predicted beforehand for 4 of them: 8 min 40 s; these took 10 min 40 s."
    )


def test_notes_of_readers_are_in_the_report_and_change_nothing_else(world: World) -> None:
    path = world.write(ERROR_CLAIM)
    world.fill(errors(0.3))
    before = only(world.report())
    note = '[[note]]\nauthor = "A. Reader"\ndate = 2026-02-01\ntext = "Low bar."\nabout = "gap"\n'
    path.with_name("c.notes.toml").write_text(note, encoding="utf-8")
    after = only(world.report())
    (review,) = after.reviews
    assert review.model_dump() == {
        "author": "A. Reader",
        "date": "2026-02-01",
        "text": "Low bar.",
        "about": "gap",
    }
    assert after.model_copy(update={"reviews": []}) == before


def test_tuning_is_told_rate_by_rate(world: World) -> None:
    world.write(changed(BASE, tune={"lr": [1.0, 2.0, 4.0], "by": "loss"}))
    while world.plan().jobs:
        for need in world.requirements().needs:
            if world.store.run(need.spec.key) is None:
                world.put(need.spec, train_loss=abs(need.spec.recipe.lr - 4.0) + 1)
    claim = only(world.report())
    assert [tuning.cell for tuning in claim.tuning] == [
        "plain/shallow",
        "plain/deep",
        "residual/shallow",
        "residual/deep",
    ]
    one = claim.tuning[0]
    assert (one.criterion, one.rates, one.values) == ("loss", [1.0, 2.0, 4.0, 8.0], [4.0, 3.0, 1.0, 5.0])
    assert (one.chosen, one.state, one.censored) == (4.0, "settled", [False] * 4)
    assert claim.runs[0].cell == "plain/shallow at lr 1"
