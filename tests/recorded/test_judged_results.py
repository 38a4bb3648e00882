"""Results that exist already are judged by the one rule, in capped words; what they lack is named."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from repro.claims.schema_metrics import Target
from repro.experiment.measures import crossing
from repro.report.wording.plain import claim_because
from tests.support.command import repro
from tests.support.helpers import World
from tests.support.recorded import CSV, OURS, SGD, curves, put


def test_the_interval_is_welchs_of_the_fractions(world: World) -> None:
    put(world)
    (part,) = world.expectation("better", "recorded").parts
    assert part.interval is not None
    oracle = stats.ttest_ind(OURS, SGD, equal_var=False).confidence_interval(0.95)
    # Values were written to a tenth of a percent: each end moves outwards by half of that for each cell.
    assert part.interval.low == pytest.approx(oracle.low / 100 - 0.001)
    assert part.interval.high == pytest.approx(oracle.high / 100 + 0.001)
    assert part.interval.estimate == pytest.approx((sum(OURS) - sum(SGD)) / 500)


def test_words_say_who_recorded_it_and_that_nothing_was_trained(world: World) -> None:
    put(world)
    (claim,) = world.report("recorded").papers[0].claims
    assert claim.verdict.result == "supported"
    assert claim.verdict.word == "holds as recorded by the authors, not trained here"
    assert "the results give 2.60 pp" in claim.verdict.sentence
    assert claim.protocol is not None
    assert not claim.protocol.of_paper
    assert not claim.trains


@pytest.mark.parametrize("scale", ["recorded", "smoke", "paper"])
def test_it_is_judged_alike_at_every_scale_but_exact(world: World, scale: str) -> None:
    put(world)
    (claim,) = world.report(scale).papers[0].claims
    assert claim.verdict.word == "holds as recorded by the authors, not trained here"


def test_nothing_is_judged_at_exact_scale(world: World) -> None:
    put(world)
    judged = world.expectation("better", "exact")
    assert (judged.result, judged.note) == (None, "judged from the recorded scale on")


def test_results_that_are_not_there_yet_are_pending(world: World) -> None:
    put(world).unlink()
    judged = world.expectation("better", "recorded")
    assert judged.status == "pending"
    assert judged.parts[0].note == "results.csv is not there yet"


WAY_OUT = '; where that cannot be mended, missing = { "sgd/4" = "why" } in [results] says so'


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({}, f"sgd lacks seed 4{WAY_OUT}"),
        ({"results__seeds": [0, 1, 2, 3, 4]}, f"sgd lacks seed 4{WAY_OUT}"),
        ({"results__seeds": 5}, f"sgd lacks seed 4{WAY_OUT}"),
        (
            {"results__seeds": {"ours": 5, "sgd": 6}},
            f"sgd lacks seed 4, and 1 more that no cell has: 6 are declared{WAY_OUT}",
        ),
    ],
)
def test_a_missing_seed_leaves_what_rests_on_it_unjudged_and_is_named(
    world: World, changes: dict[str, object], lacks: str
) -> None:
    put(world, CSV.replace("sgd,4,69.8\n", ""), **changes)
    judged = world.expectation("better", "recorded")
    assert (judged.result, judged.status, judged.parts[0].note) == (None, "pending", lacks)
    linted = " ".join(repro("lint", world.root, cwd=world.root.parent).stderr.split())
    assert 'missing = { "sgd/4" = "why" } in [results] says so' in linted
    # What it says to write is what a claim file takes.
    if "seeds" not in "".join(changes) or changes["results__seeds"] == 5:
        put(world, CSV.replace("sgd,4,69.8\n", ""), results__missing={"sgd/4": "why"}, **changes)
        assert world.expectation("better", "recorded").status == "complete"


def test_seeds_that_nothing_tells_are_not_guessed(world: World) -> None:
    """Arms with seeds of their own: which one was to be there, 5 does not tell."""
    own = CSV.replace("sgd,4,69.8\n", "")
    for seed in range(4):
        own = own.replace(f"sgd,{seed},", f"sgd,{seed + 10},")
    put(world, own, results__seeds=5)
    assert world.expectation("better", "recorded").parts[0].note == (
        "sgd has 4 of 5 seeds (10, 11, 12, 13); which ones are missing, their number does not tell: list them as "
        "seeds = [0, 1, …]"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"results__seeds": {"ours": 5, "sgd": 4}},
        {"results__missing": {"sgd/4": "the node died"}},
        {"results__seeds": 5, "results__missing": {"sgd/4": "the node died"}},
    ],
)
def test_a_seed_that_is_declared_to_be_missing_is_told_and_judged_without(
    world: World, changes: dict[str, object]
) -> None:
    put(world, CSV.replace("sgd,4,69.8\n", ""), **changes)
    (part,) = world.expectation("better", "recorded").parts
    oracle = stats.ttest_ind(OURS, SGD[:4], equal_var=False).confidence_interval(0.95)
    assert part.interval is not None
    assert (part.interval.low, part.n) == (pytest.approx(oracle.low / 100 - 0.001), 4)
    (claim,) = world.report("recorded").papers[0].claims
    assert claim.recorded is not None
    told = ["sgd lacks seed 4, as declared: the node died"] if "results__missing" in changes else []
    assert claim.recorded.notes == told
    seeds = "4 of 5 seeds, seed 4 of sgd declared missing" if told else "5 and 4 seeds"
    assert f", {seeds}): the whole interval" in claim.verdict.sentence
    # In plain words, too, and in the terminal.
    assert f"for ours − sgd in the recorded results of {seeds}" in claim_because(claim)
    done = repro("check", "--claims", world.root, cwd=world.root.parent)
    assert f"for ours − sgd in the recorded results of {seeds}" in " ".join(done.stdout.split())


def test_seeds_that_are_declared_missing_are_all_named(world: World) -> None:
    gone = {"ours/1": "lost", "sgd/4": "the node died", "sgd/3": "the node died"}
    kept = [line for line in CSV.splitlines() if not line.startswith(("Ours (v2),1,", "sgd,3,", "sgd,4,"))]
    put(world, "\n".join(kept), results__missing=gone)
    (claim,) = world.report("recorded").papers[0].claims
    assert ", 3 of 5 seeds, seed 1 of ours; seeds 3, 4 of sgd declared missing): " in claim.verdict.sentence


def test_the_sentence_says_what_is_compared(world: World) -> None:
    put(world)
    (claim,) = world.report("recorded").papers[0].claims
    assert "the results give 2.60 pp for ours − sgd (" in claim.verdict.sentence
    assert "2.60 percentage points for ours − sgd in the recorded results of 5 seeds" in claim_because(claim)
    put(world, expect__better__arms=["sgd", "ours"])
    (claim,) = world.report("recorded").papers[0].claims
    assert "the results give −2.60 pp for sgd − ours (" in claim.verdict.sentence


def test_a_value_that_is_no_number_leaves_it_undecided_and_is_named(world: World) -> None:
    put(world, CSV.replace("72.9", "NaN"))
    judged = world.expectation("better", "recorded")
    assert judged.result == "inconclusive"
    assert judged.parts[0].note == "ours, seed 1: accuracy is NaN (results.csv, line 3)"


def test_a_value_that_was_not_recorded_leaves_it_undecided_and_is_named(world: World) -> None:
    put(world, CSV.replace("72.9", ""))
    judged = world.expectation("better", "recorded")
    assert judged.result == "inconclusive"
    assert judged.parts[0].note == "ours, seed 1: accuracy is empty (results.csv, line 3)"


SHORT = curves(
    *[("Ours (v2)", seed, [50.0, 60.0, 72.0 + seed / 10]) for seed in range(5)],
    *[("sgd", seed, [50.0, 60.0, 70.0 + seed / 10][: 2 if seed == 3 else 3]) for seed in range(5)],
)


def test_a_run_that_ends_early_leaves_it_undecided_unless_that_is_declared(world: World) -> None:
    put(world, SHORT, results__step="epoch", results__step_unit="epochs")
    judged = world.expectation("better", "recorded")
    assert judged.result == "inconclusive"
    assert judged.parts[0].note == "sgd, seed 3 ends early, at 2 of 3 epochs (results.csv, line 27)"
    put(world, SHORT, results__step="epoch", results__ends_early="stopped where it got worse")
    (part,) = world.expectation("better", "recorded").parts
    values = [70.0, 70.1, 70.2, 60.0, 70.4]
    assert part.interval is not None
    assert part.interval.estimate == pytest.approx(0.722 - sum(values) / 500)


FULL = curves(
    *[("Ours (v2)", seed, [50.0, 60.0, 72.0 + seed / 10]) for seed in range(5)],
    *[("sgd", seed, [50.0, 60.0, 70.0 + seed / 10]) for seed in range(5)],
)
"""Line 5 has the first epoch of ours, seed 1; line 7 its last."""
BY_EPOCH = {"results__step": "epoch", "results__step_unit": "epochs"}


@pytest.mark.parametrize(
    ("last", "note"),
    [
        ("", "ours, seed 1: accuracy is empty at epoch 3 (results.csv, line 7)"),
        ("nan", "ours, seed 1: accuracy is NaN at epoch 3 (results.csv, line 7)"),
    ],
)
@pytest.mark.parametrize("changes", [{}, {"results__ends_early": "stopped where it got worse"}])
def test_a_last_value_that_is_no_number_is_named_with_line_and_step(
    world: World, last: str, note: str, changes: dict[str, str]
) -> None:
    put(world, FULL.replace(",3,72.1", f",3,{last}"), **BY_EPOCH, **changes)
    judged = world.expectation("better", "recorded")
    assert (judged.result, judged.parts[0].note) == ("inconclusive", note)


def test_a_value_on_the_way_that_is_no_number_is_named_and_decides_nothing(world: World) -> None:
    rows = FULL.splitlines()
    rows[5] = rows[5].replace("60.0", "NaN")  # line 6: ours, seed 1, epoch 2
    rows[9] = rows[9].replace("50.0", "NaN")  # sgd is not touched, ours, seed 2 loses two
    rows[7], rows[8] = rows[7].replace("50.0", ""), rows[8].replace("60.0", "")
    put(world, "\n".join(rows), **BY_EPOCH)
    assert world.expectation("better", "recorded").result == "supported"
    (claim,) = world.report("recorded").papers[0].claims
    assert claim.recorded is not None
    assert claim.recorded.notes == [
        "ours, seed 1: accuracy is NaN at epoch 2 (results.csv, line 6); no value that is judged",
        "ours, seed 2: accuracy is empty at epoch 1 (results.csv, line 8), and at 1 further step; no value that is "
        "judged",
    ]


def test_what_is_measured_now_and_then_has_no_gaps(world: World) -> None:
    """No run has an accuracy at the first epoch: it was not measured there."""
    put(world, FULL.replace(",1,50.0", ",1,"), **BY_EPOCH)
    (claim,) = world.report("recorded").papers[0].claims
    assert claim.recorded is not None
    assert (claim.recorded.notes, claim.verdict.result) == ([], "supported")


def test_a_step_that_one_run_lacks_is_not_read_elsewhere(world: World) -> None:
    metric = {"kind": "at_step", "of": "accuracy", "step": 2}
    gone = FULL.replace("Ours (v2),1,2,60.0\n", "")
    put(world, gone, **BY_EPOCH, metrics__accuracy=metric)
    judged = world.expectation("better", "recorded")
    note = "ours, seed 1: no accuracy at epoch 2, where other runs of ours have one (results.csv, line 5)"
    assert (judged.result, judged.parts[0].note) == ("inconclusive", note)


def test_arms_that_are_read_at_other_steps_are_told(world: World) -> None:
    rows = [line for line in FULL.splitlines() if not line.startswith("sgd") or ",2,60" not in line]
    put(
        world, "\n".join(rows), **BY_EPOCH, metrics__accuracy={"kind": "at_step", "of": "accuracy", "step": 2}
    )
    (claim,) = world.report("recorded").papers[0].claims
    assert claim.recorded is not None
    assert claim.recorded.notes == [
        "accuracy is read at epoch 2 of ours, at epoch 1 of sgd: the nearest to 2 that there are"
    ]


def test_a_step_that_nothing_was_recorded_at_is_told_with_the_one_that_is_read(world: World) -> None:
    put(world, FULL, **BY_EPOCH, metrics__accuracy={"kind": "at_step", "of": "accuracy", "step": 200})
    (claim,) = world.report("recorded").papers[0].claims
    assert claim.recorded is not None
    (note,) = claim.recorded.notes
    assert note.startswith("accuracy is read at epoch ")
    assert note.endswith(": the nearest to 200 that there are")


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ([30.0, math.nan, 70.0, 70.0], ["NaN at epoch 2"]),  # it may have been there at epoch 2
        ([30.0, 60.0, math.nan, 70.0], []),
        ([30.0, 40.0, math.nan, math.nan], []),  # diverged: it never gets there
        ([30.0, math.nan, 40.0, 50.0], ["NaN at epoch 2"]),
    ],
)
def test_a_gap_before_the_target_leaves_the_time_to_it_open(
    world: World, run: list[float], told: list[str]
) -> None:
    metric = {"kind": "first_reach", "of": "accuracy", "at_least": 0.6}
    ratio = {"kind": "ratio", "metric": "time", "arms": ["sgd", "ours"], "at_least": 1.2, "refuted": None}
    fast = [("Ours (v2)", seed, run if seed == 1 else [30.0, 60.0, 70.0, 70.0]) for seed in range(3)]
    slow = [("sgd", seed, [10.0, 20.0, 50.0, 60.0]) for seed in range(3)]
    changes = {f"expect__better__{key}": value for key, value in ratio.items()}
    put(world, curves(*fast, *slow), results__step="epoch", metrics__time=metric, **changes)
    note = world.expectation("better", "recorded").parts[0].note or ""
    assert [text for text in ["NaN at epoch 2"] if text in note] == told


def test_the_time_to_a_target_counts_a_run_that_never_got_there_as_censored(world: World) -> None:
    metric = {"kind": "first_reach", "of": "accuracy", "at_least": 0.6}
    ratio = {"kind": "ratio", "metric": "time", "arms": ["sgd", "ours"], "at_least": 1.2, "refuted": None}
    fast = [("Ours (v2)", seed, [30.0, 60.0, 70.0, 70.0]) for seed in range(3)]
    slow = [("sgd", seed, [10.0, 20.0, 50.0, 60.0 if seed else 59.0]) for seed in range(3)]
    changes = {f"expect__better__{key}": value for key, value in ratio.items()}
    put(world, curves(*fast, *slow), results__step="epoch", metrics__time=metric, **changes)
    frame = world.frame("recorded")
    rows = frame[frame["metric"] == "time"].sort_values(["arm", "seed"])
    assert rows["value"].tolist() == [2.0, 2.0, 2.0, 4.0, 4.0, 4.0]
    assert rows["censored"].tolist() == [False, False, False, True, False, False]
    (part,) = world.expectation("better", "recorded").parts
    assert part.interval is not None
    assert part.interval.bound == "from_below"


def test_arms_and_levels_of_others_are_left_out_and_named(world: World) -> None:
    put(world, CSV + "Adam,0,50.0\nAdam,1,51.0\n")
    (claim,) = world.report("recorded").papers[0].claims
    assert claim.recorded is not None
    assert claim.recorded.notes == ["2 rows of other arms are left out: 'Adam'"]
    assert claim.verdict.result == "supported"


def test_factors_are_columns_whose_levels_are_values(world: World) -> None:
    rows = [
        f"{arm},{depth},{seed},{base + seed / 10 - depth / 100}\n"
        for arm, base in (("Ours (v2)", 72), ("sgd", 70))
        for depth in (20, 56.0)
        for seed in range(3)
    ]
    put(
        world,
        "method,n_layers,seed,test_acc\n" + "".join(rows),
        factors={"depth": {"shallow": 20, "deep": 56}},
        results__factors={"depth": "n_layers"},
        expect__better__each=["depth"],
    )
    judged = world.expectation("better", "recorded")
    assert [part.estimand.label for part in judged.parts] == ["shallow", "deep"]
    assert all(math.isclose(p.interval.estimate, 0.02) for p in judged.parts if p.interval)


def test_pairing_needs_the_same_seeds(world: World) -> None:
    put(world, CSV.replace("sgd,4,", "sgd,9,"), results__seeds=5, expect__better__paired=True)
    judged = world.expectation("better", "recorded")
    assert judged.parts[0].note == "a comparison that is paired by seed needs the same seeds in each cell"


def test_digits_that_were_not_written_widen_the_interval(world: World) -> None:
    """All alike does not mean without spread: a tenth of a percent may hide it."""
    rows = [f"{arm},{seed},{value}\n" for arm, value in (("Ours (v2)", 72), ("sgd", 70)) for seed in range(3)]
    put(world, "method,seed,test_acc\n" + "".join(rows))
    (part,) = world.expectation("better", "recorded").parts
    assert part.interval is not None
    assert part.interval.high - part.interval.low > 0.02


def test_a_pair_is_judged_on_its_own_seeds_whatever_another_arm_has(world: World) -> None:
    """A third arm with fewer seeds, of which the comparison is not, neither unpairs nor silences it."""
    ours, sgd = [73.5, 70.5, 73.0, 71.0, 72.25], [68.5, 71.5, 69.0, 71.0, 69.75]
    arms = {"Ours (v2)": ours, "sgd": sgd, "adam": [70.0, 70.5]}
    rows = [f"{arm},{seed},{value}\n" for arm, found in arms.items() for seed, value in enumerate(found)]
    put(
        world,
        "method,seed,test_acc\n" + "".join(rows),
        arms__adam={},
        results__seeds={"ours": 5, "sgd": 5, "adam": 2},
        expect__better__paired=True,
        expect__better__at_least=0.0,
    )
    (part,) = world.expectation("better", "recorded").parts
    oracle = stats.ttest_rel(ours, sgd).confidence_interval(0.95)
    assert part.interval is not None
    assert part.interval.low == pytest.approx(oracle.low / 100, abs=0.0002)
    assert part.interval.high == pytest.approx(oracle.high / 100, abs=0.0002)
    assert (part.n, part.result, part.note) == (5, "inconclusive", None)


def test_a_target_that_was_met_by_the_first_row_was_met_nobody_knows_when() -> None:
    found = crossing(Target(0.4), [10.0, 20.0], [0.3, 0.2])
    assert found is not None
    assert (found.value - found.resolution / 2, found.value) == (0.0, 10.0), "at any time since the beginning"
    at_once = crossing(Target(0.4), [0.0, 1.0], [0.3, 0.2])
    assert at_once is not None
    assert (at_once.value, at_once.resolution) == (0.0, 0.0), "an evaluation before the first step tells"
