"""What the report says of its own limits: levels, nets that are not the paper's, runs that are awaited, controls."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from repro.experiment.request import Request
from repro.experiment.requirements import requirements
from repro.experiment.variants import variants
from repro.judging.judgement import judge_claims
from repro.judging.power import Resolving
from repro.report.as_csv import expectations_csv
from repro.report.build.alternatives import build_controls
from repro.report.junit import to_junit
from repro.report.markdown import to_markdown
from repro.report.model import ClaimReport, Report
from repro.report.wording.caught import control_said
from repro.report.wording.overview import row
from repro.report.wording.remarks import resolves
from tests.support import report_samples as samples
from tests.support.helpers import BASE, World, changed
from tests.support.page import Page, rendered

SPREAD = (-2.0, -1.0, 0.0, 1.0, 2.0)
LOSS = {
    "kind": "value",
    "title": "Loss",
    "metric": "loss",
    "arm": "plain",
    "role": "decides",
    "why": "A reason.",
}


def only(report: Report) -> ClaimReport:
    (paper,) = report.papers
    (claim,) = paper.claims
    return claim


def losses(mean: float) -> Callable[..., dict[str, Any]]:
    """Five runs a cell with this mean and a standard error of √0.5."""
    return lambda cell, seed: {"train_loss": mean + SPREAD[seed]}


# --- the level that refutes


def in_between(world: World) -> ClaimReport:
    """Two deciding comparisons, whose 95% intervals lie below the bar and whose 97.75% intervals do not."""
    world.write(changed(BASE, expect={"low": {**LOSS, "each": ["depth"], "at_least": BAR}}))
    world.fill(losses(0.0))
    return only(world.report())


ERROR = 0.5**0.5
NARROW, WIDE = (float(stats.t.ppf(1 - alpha / 2, 4)) * ERROR for alpha in (0.05, 0.9 * 0.05 / 2))
BAR = round((NARROW + WIDE) / 2, 2)


def test_an_interval_that_lies_in_what_refutes_but_does_not_refute_is_explained(world: World) -> None:
    claim = in_between(world)
    (low,) = claim.expectations
    assert low.verdict.result == "inconclusive"
    for part in low.parts:
        assert (part.level, part.high) == (0.95, pytest.approx(NARROW))
        assert part.refutation_level == pytest.approx(0.9775)
        assert (part.refutation_low, part.refutation_high) == pytest.approx((-WIDE, WIDE))
    assert low.verdict.sentence.endswith(
        "The 95% interval lies in what speaks against the claim, less than 2.26; but any of 2 comparisons could "
        f"refute, so that it takes the 97.75% interval, −{WIDE:.1f} to {WIDE:.1f}, which does not lie there."
    )
    assert claim.verdict.sentence.endswith("which does not lie there.")


def test_both_levels_stand_beside_the_regions_and_in_the_data(world: World) -> None:
    claim = in_between(world)
    text = " ".join(Page(rendered(world.report())).text().split())
    assert "supporting takes the 95% interval, refuting the 97.75% interval" in text
    assert "What else moved the interval: Any of 2 comparisons could refute" in text
    rows = list(csv.DictReader(io.StringIO(expectations_csv([claim]))))
    assert {(row["level"], row["refutation level"]) for row in rows} == {("0.95", "0.9775")}
    assert [float(row["refutation high"]) for row in rows] == pytest.approx([WIDE, WIDE], abs=1e-4)
    assert "less than 2.26 (97.75%)" in to_markdown(world.report())


def test_one_level_needs_no_words(world: World) -> None:
    world.write(changed(BASE, expect={"low": {**LOSS, "levels": {"depth": "deep"}, "at_least": 0.0}}))
    world.fill(losses(0.0))
    (low,) = only(world.report()).expectations
    assert low.verdict.sentence.endswith("the claim needs at least 0, and 5 seeds cannot tell.")
    assert low.parts[0].refutation_level == 0.95
    assert (
        "95% interval)" not in rendered(world.report()).split('class="expectations"')[1].split("because")[0]
    )


# --- controls


ALIKE = changed(
    BASE,
    expect={
        "worse": {
            "kind": "difference",
            "title": "The plain net is worse",
            "metric": "loss",
            "arms": ["plain", "residual"],
            "levels": {"depth": "deep"},
            "at_least": 0.0,
            "role": "decides",
            "why": "A reason.",
        }
    },
    control={
        "same": {"title": "Both are plain", "why": "W.", "arms": {"residual": {"model": "cifar-plain"}}}
    },
)


@pytest.mark.parametrize(
    ("gap", "passed", "caught", "text"),
    [
        (-9.0, True, True, "Caught: the same criteria refute it."),
        (
            0.0,
            True,
            False,
            "Not supported, but not caught either, so the control shows little.",
        ),
        (9.0, False, False, "Not caught: the criteria support"),
    ],
)
def test_a_control_that_is_merely_not_supported_is_told_from_one_that_is_caught(
    world: World, gap: float, passed: bool, caught: bool, text: str
) -> None:
    """Alike arms lie at the bar itself, where no number of seeds refutes: none is promised."""
    world.write(ALIKE)
    (variant,) = variants(world.claim(), "smoke")
    item = requirements(variant.claim, "smoke", world.store)
    for need in item.needs:
        sabotaged = need.cell.arm == "residual"
        world.put(need.spec, train_loss=SPREAD[need.spec.seed % 1000] + (0.0 if sabotaged else gap))
    library = world.library()
    (control,) = build_controls(
        Request(library, library.claims, "smoke", world.store),
        judge_claims([world.requirements()], world.store, [(variant, item)]).claims[0],
    )
    assert (control.passed, control.caught) == (passed, caught)
    assert control.text.startswith(text)
    assert "with 5 seeds, " in control.because, "the reason, in plain words"
    assert "more seeds" not in control_said(control).casefold()
    assert (control.because in control_said(control)) is not caught, "what was caught needs no reason"


# --- which net a number is of


def test_a_row_says_what_was_trained_and_a_computed_number_of_which_net_it_is(world: World) -> None:
    table = {
        "title": "Table",
        "source": {"where": "Table 1", "read_from": "table"},
        "metrics": ["loss", "size"],
        "rows": [{"label": "plain-14", "cell": "plain/deep"}, {"label": "plain-8", "cell": "plain/shallow"}],
    }
    size = {"kind": "static", "probe": "parameters", "unit": "count"}
    small = {"factors": {"depth": {"shallow": 8, "deep": 20}}, "experiment": {"options": {"width": 4}}}
    data = changed(
        BASE, experiment__options={"width": 16}, metrics__size=size, table__t=table, scale={"smoke": small}
    )
    world.write(data)
    world.fill(losses(3.0))
    deep, shallow = only(world.report()).tables[0].rows
    assert (deep.ours_label, deep.net) == ("plain, depth 20", "cifar-plain, width 4, on digits")
    assert [cell.net for cell in deep.cells] == [None, "of the paper’s net: depth 14, width 16"]
    assert shallow.cells[1].net == "of the paper’s net: depth 8, width 16"
    (own,) = {row.cells[1].net for row in only(world.report("paper")).tables[0].rows}
    assert own is None, "at the paper's scale they are the same net"


def test_an_arm_without_factors_says_which_net_it_is(world: World) -> None:
    table = {
        "title": "Table",
        "source": {"where": "Table 1", "read_from": "table"},
        "metrics": ["loss"],
        "rows": [{"label": "ResNet-34 A", "cell": "A"}],
    }
    arms = {"A": {"model": "cifar-resnet", "depth": 14, "shortcut": "A"}}
    expect = {"low": {**LOSS, "arm": "A", "at_least": 0.0}}
    world.write(changed(BASE, factors={}, arms=arms, expect=expect, table__t=table))
    (row,) = only(world.report()).tables[0].rows
    assert row.net == "cifar-resnet, depth 14, shortcut A, on digits"
    assert "cifar-resnet, depth 14, shortcut A, on digits" in Page(rendered(world.report())).text()


# --- what is awaited


def test_a_claim_counts_all_runs_that_it_needs_and_says_which_data_to_bring(world: World) -> None:
    world.write(changed(BASE, experiment__dataset="cifar10"))
    report = world.report()
    claim = only(report)
    # Two arms at two depths, five seeds each, though the one comparison is of two cells.
    assert claim.verdict.sentence == "Not judged: 20 runs are not there yet."
    assert len(world.plan().pending) == 20
    (missing,) = report.bring
    assert missing.startswith("CIFAR-10 is not at hand: bring it with --data cifar10=PATH")
    text = " ".join(Page(rendered(report)).text().split())
    assert text.count("Data is missing. CIFAR-10 is not at hand") == 2, "on top, and at the claim"
    assert "Data is missing: CIFAR" in to_markdown(report)


def test_runs_that_tuning_may_add_are_announced(world: World) -> None:
    tune = {"lr": [0.1, 0.2, 0.4], "by": "loss"}
    world.write(changed(BASE, tune=tune))
    plan = world.plan()
    assert only(world.report()).verdict.sentence == (
        f"Not judged: 12 runs are not there yet, and at most {plan.follow} more follow after tuning."
    )


def test_where_nothing_is_awaited_nothing_is_pending(world: World) -> None:
    world.write(BASE)
    report = world.report("exact")
    assert report.coverage.text == "0 of 1 claims judged, 1 not judged at this scale"
    assert (report.coverage.pending, report.coverage.failed) == (0, 0)
    assert only(report).verdict.word == "not judged here"


# --- the overview


def test_the_overview_sets_the_papers_number_beside_ours(world: World) -> None:
    """The pair is that of the expectation which decided, even where another one prints a number, too."""
    gap = {**BASE["expect"]["gap"], "reported": "0.4"}
    first = {**gap, "title": "Context comes after", "role": "context", "reported": "7"}
    world.write(changed(BASE, expect={"first": first, "gap": gap}))
    assert row(only(world.report())).ours == "", "nothing to set beside"
    world.fill(losses(2.0))
    claim = only(world.report())
    found = row(claim)
    assert found.decider == claim.expectations[1]
    assert claim.expectations[1].title in claim.verdict.sentence
    assert (found.paper, f"{found.ours} {found.interval}, n = 5") == (
        "0.4",
        found.decider.parts[0].estimate_text,
    )
    text = " ".join(Page(rendered(world.report())).text().split())
    assert f"{claim.title}0.4 {found.ours} {found.interval}" in text.replace(
        f"{claim.title} 0.4", f"{claim.title}0.4"
    )
    assert "20 runs, 40 s" in text


def test_the_papers_number_below_its_scale_is_marked_as_one_of_other_nets() -> None:
    found = Resolving("", 5, False, 0.061, 0.1, 3, paper_distance=0.004, paper_needed=48, result="supported")
    said = resolves(found, "error", "smoke")
    assert (
        "on its own nets and data; by the spread of the runs at smoke scale, which is another: such" in said
    )
    assert "spread" not in resolves(found, "error", "paper")


# --- sizes that another than the paper prints


def test_sizes_that_the_paper_does_not_print_are_not_called_the_papers() -> None:
    claim = samples.degradation()
    row = claim.spec_rows[0].model_copy(update={"paper": "5 (somebody's code)", "source": "somebody's code"})
    foreign = claim.model_copy(update={"spec_rows": [row]})
    for shown, title, head in (
        (
            claim,
            "Can the paper’s nets be built? Others, for small images, are trained at this scale",
            "Paper",
        ),
        (foreign, "Are these the nets that could be the paper’s?", "As printed (by)"),
    ):
        source = rendered(samples.report([samples.resnet([shown])]))
        sizes = source[source.index(title) :].split("</table>")[0]
        assert f">{head}</th>" in sizes
        assert ("None of these numbers is taken from the paper" in sizes) == (shown is foreign)


# --- pipelines


def test_a_run_that_claims_share_counts_once_and_a_failure_bears_the_capped_word(world: World) -> None:
    world.write(BASE, "p/one")
    world.write(BASE, "p/two")
    world.fill(losses(0.0), name="p/one")
    report = world.report()
    root = ET.fromstring(to_junit(report))
    times = {case.attrib["name"]: float(case.attrib["time"]) for case in root.iter("testcase")}
    assert times == {"p/one": pytest.approx(report.wall_seconds), "p/two": 0.0}
    assert float(root.attrib["time"]) == pytest.approx(report.wall_seconds)
    assert {case.attrib["type"] for case in root.iter("failure")} <= {"does not hold at smoke scale"}
    failing = ET.fromstring(to_junit(samples.five_claims()))
    assert {one.attrib["type"] for one in failing.iter("failure")} == {"does not hold at smoke scale"}
