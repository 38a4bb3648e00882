"""metrics.csv: each value with what it is called, its unit, its transform and its variant."""

from __future__ import annotations

import csv
from dataclasses import replace

import pandas as pd

from repro.experiment.requirements import requirements
from repro.judging.frame import COLUMNS, collect
from repro.report.build.metrics import metrics_table
from repro.report.formats import write_report
from tests.support import report_samples as samples
from tests.support.error_claim import ERROR_CLAIM, ERRORS, errors
from tests.support.helpers import World, changed, layer_rows

METRICS = {
    **ERRORS,
    "g": {"kind": "probe", "probe": "weight_gradient_norm", "at": ["last"], "transform": "log10"},
    "first": {"kind": "first_reach", "of": "train_error", "at_most": 0.2, "title": 'epochs, "until"'},
}


def test_each_value_is_told_with_title_unit_transform_and_variant(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics=METRICS))
    world.fill(errors(0.3), lambda *_: layer_rows(10.0, 1.0))
    (claim,) = world.library().claims
    required = requirements(claim, "smoke", world.store)
    control = replace(required, claim=replace(claim, id="p/c~control~alike"))
    frame = pd.concat(
        [collect([one], world.store).frame.astype({"claim": str}) for one in (required, control)]
    )
    folder = world.root / "written"
    write_report(samples.five_claims(), folder, ["csv"], frame=metrics_table(frame, [required, control]))
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["claim", "variant", *COLUMNS[1:], "title", "unit", "transform"]
    assert {(row["metric"], row["title"], row["unit"], row["transform"]) for row in rows} == {
        ("err", "test error", "fraction", ""),
        ("g", "g", "log10", "log10"),
        ("first", 'epochs, "until"', "epochs", ""),
    }
    # 2 arms × 2 depths × 5 seeds × 3 metrics, of the claim and of its control.
    assert {(row["claim"], row["variant"]) for row in rows} == {("p/c", ""), ("p/c", "control~alike")}
    assert [sum(row["variant"] == variant for row in rows) for variant in ("", "control~alike")] == [60, 60]
    assert {float(row["value"]) for row in rows if row["metric"] == "g"} == {1.0}


def test_of_no_runs_there_are_the_columns(world: World) -> None:
    world.write(ERROR_CLAIM)
    (claim,) = world.library().claims
    required = requirements(claim, "smoke", world.store)
    table = metrics_table(collect([required], world.store).frame, [required])
    assert list(table)[:2] == ["claim", "variant"]
    assert table.empty
