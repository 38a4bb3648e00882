"""Pairs of reports that differ in a known way: the explanation must name that and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from repro.cli import cli
from repro.report.diff.compare import compare, relation
from repro.report.model import (
    ClaimReport,
    CriteriaChange,
    DataUsed,
    Deviation,
    ExpectationResult,
    Machine,
    Part,
    Report,
    Result,
    RunRow,
    Status,
    Verdict,
)
from repro.report.model.comparison import ClaimChange, Comparison
from tests.support import report_samples as samples
from tests.support.command import modules_after
from tests.support.command import repro as command

NAMES = ("main", "branch")
MACHINE = Machine(description="Linux, cpu", versions="torch 2.6.0", commit="aaaa", runs=4)


def verdict(result: Result | None, status: Status = "complete", word: str | None = None) -> Verdict:
    return Verdict(word=word or str(result or status), result=result, status=status, sentence="Why.")


def run(key: str, seed: int, outcome: Any = "finished") -> RunRow:
    return RunRow(
        key=key,
        cell="wide",
        purpose="measure",
        seed=seed,
        outcome=outcome,
        steps=9,
        wall_seconds=1.0,
        device="cpu",
    )


def expectation(part: Part, judged: Verdict, id_: str = "gap", kind: str = "difference") -> ExpectationResult:
    supports, refutes = ("at least 2 pp", [(0.02, None)]), ("at most 0 pp", [(None, 0.0)])
    return samples.expectation(
        "p--c", id_, f"The {id_}", "error", [part], judged, supports, refutes, kind=kind
    )


def part(
    estimate: float | None, low: float | None, high: float | None, result: Result | None = None, n: int = 2
) -> Part:
    return samples.part("a − b", f"{estimate} [{low}, {high}]", estimate, low, high, result, n=n)


def criteria(digest: str, *lines: str) -> CriteriaChange:
    return CriteriaChange(
        first_seen="2026-01-01", runs_then=0, digest=digest, current=True, lines=list(lines)
    )


WIDE, NARROW = part(0.05, 0.03, 0.07), part(0.01, -0.01, 0.03)


def claim(numbers: Part = WIDE, result: Result | None = "supported", **more: Any) -> ClaimReport:
    judged = more.pop("verdict", verdict(result))
    values: dict[str, Any] = {
        "seeds": [0, 1],
        "expectations": [expectation(numbers, judged)],
        "runs": [run("k0", 0), run("k1", 1)],
        "criteria": [criteria("d1", "gap: at least 2 pp")],
        "claim_text": 'statement = "S"\n',
        "deviations": [Deviation(what="recipe epochs", paper="60", ours="8")],
        **more,
    }
    return samples.claim("p/c", "Title", "S", judged, **values)


def report(one: ClaimReport, **more: Any) -> Report:
    values: dict[str, Any] = {"machines": [MACHINE], "tool_version": "0.1.0", **more}
    return samples.report([samples.paper("p", "Paper", [one])], **values)


def changes(a: Report, b: Report) -> tuple[Comparison, ClaimChange]:
    found = compare(a, b, NAMES)
    (one,) = found.claims
    return found, one


def test_a_report_beside_itself_has_no_change() -> None:
    found, one = changes(report(claim()), report(claim()))
    assert (found.changed, found.inputs, found.text) == (0, [], "0 of 1 verdict changed")
    assert (one.changed, one.causes, one.inputs, one.expectations) == (False, [], [], [])
    assert one.explanation == "The verdict is the same, and the numbers are the same."


def test_numbers_that_did_not_move_leave_the_criteria() -> None:
    stricter = claim(WIDE, "inconclusive", criteria=[criteria("d2", "gap: at least 6 pp")])
    found, one = changes(
        report(claim()), report(stricter, machines=[MACHINE.model_copy(update={"commit": "b"})])
    )
    assert found.changed == 1
    assert one.causes == ["criteria"]
    assert one.explanation == "The verdict changed; the numbers are the same: explained by the criteria."
    (change,) = one.inputs
    assert (change.input, change.before, change.after) == (
        "criteria",
        ["gap: at least 2 pp"],
        ["gap: at least 6 pp"],
    )


def test_the_same_runs_with_other_numbers_leave_machine_and_versions() -> None:
    newer = MACHINE.model_copy(update={"versions": "torch 2.7.0"})
    found, one = changes(report(claim()), report(claim(NARROW, "inconclusive"), machines=[newer]))
    assert [change.input for change in found.inputs] == ["versions"]
    assert found.inputs[0].after == ["torch 2.7.0"]
    assert one.causes == ["versions"]
    assert "the same runs and criteria gave other numbers" in one.explanation


def test_what_nothing_in_the_reports_explains_is_said_so() -> None:
    _, one = changes(report(claim()), report(claim(NARROW, "inconclusive")))
    assert one.causes == []
    assert one.explanation.endswith("Nothing that the reports hold explains it.")


def test_more_seeds_explain_a_decision() -> None:
    more = claim(WIDE, seeds=[0, 1, 2], runs=[run("k0", 0), run("k1", 1), run("k2", 2)])
    _, one = changes(report(claim(NARROW, "inconclusive")), report(more))
    assert one.causes == ["seeds"]
    assert "explained by the seeds" in one.explanation
    assert [change.says for change in one.inputs] == ["Judged on 2 seeds before and on 3 after."]


def test_other_keys_for_the_same_seeds_are_another_protocol() -> None:
    longer = [Deviation(what="recipe epochs", paper="60", ours="16")]
    text = 'statement = "S"\nepochs = 16\n'
    runs = [run("m0", 0), run("m1", 1)]
    other = claim(NARROW, "inconclusive", runs=runs, deviations=longer, claim_text=text)
    _, one = changes(report(claim()), report(other))
    assert one.causes == ["what is trained"]
    assert "explained by what is trained (claim file, protocol)." in one.explanation
    told = {change.input: (change.before, change.after) for change in one.inputs}
    assert told == {
        "claim file": ([], ["epochs = 16"]),
        "protocol": (["recipe epochs: 8"], ["recipe epochs: 16"]),
        "what is trained": (
            ["wide, seed 0: k0", "wide, seed 1: k1"],
            ["wide, seed 0: m0", "wide, seed 1: m1"],
        ),
    }


def test_other_data_are_named() -> None:
    used = [
        DataUsed(name="d", fingerprint=f, train_images=1, test_images=1, runs=2, stand_in=False) for f in "ab"
    ]
    other = claim(NARROW, "inconclusive", runs=[run("m0", 0), run("m1", 1)])
    found, one = changes(report(claim(), datasets=used[:1]), report(other, datasets=used[1:]))
    assert [(change.input, change.after) for change in found.inputs] == [("data", ["d: b"])]
    assert "explained by what is trained (data)." in one.explanation


def test_two_inputs_at_once_are_not_told_apart() -> None:
    both = claim(NARROW, "inconclusive", seeds=[0, 1, 2], criteria=[criteria("d2")])
    _, one = changes(report(claim()), report(both))
    assert one.causes == ["seeds", "criteria"]
    assert (
        "the seeds and the criteria differ, and the reports cannot tell which of them it was"
        in one.explanation
    )


def test_runs_that_were_pending_explain_a_verdict() -> None:
    waiting = claim(
        part(None, None, None, n=0),
        verdict=verdict(None, "pending"),
        runs=[run("k0", 0), run("k1", 1, "pending")],
    )
    _, one = changes(report(waiting), report(claim()))
    assert one.changed
    assert one.causes == ["finished runs"]
    (change,) = one.inputs
    assert (change.before, change.after) == (["wide, seed 1: pending"], ["wide, seed 1: finished"])
    assert [p.relation for e in one.expectations for p in e.parts] == ["not compared"]


def test_another_scale_is_another_experiment_and_what_is_computed_is_compared_all_the_same() -> None:
    exact = expectation(part(7.0, 7.0, 7.0), verdict("supported"), "count", "exact")
    smoke, paper = verdict("supported", word="holds at smoke scale"), verdict("supported")
    a = claim(verdict=smoke, expectations=[expectation(WIDE, smoke), exact])
    b = claim(verdict=paper, expectations=[expectation(NARROW, paper), exact], seeds=[0, 1, 2])
    found, one = changes(report(a), report(b, scale="paper"))
    assert (found.changed, one.changed) == (0, False)
    assert one.causes == ["scale"]
    assert "not the same experiment" in one.explanation
    assert [(e.id, p.relation) for e in one.expectations for p in e.parts] == [("gap", "not compared")]


def test_another_version_of_the_tool_judges_the_same_runs_otherwise() -> None:
    _, one = changes(report(claim()), report(claim(WIDE, "inconclusive"), tool_version="0.2.0"))
    assert one.causes == ["version of repro"]
    assert "judged by another version of repro" in one.explanation


def test_a_claim_file_whose_criteria_no_ledger_holds_may_be_the_cause() -> None:
    a, b = claim(criteria=[]), claim(WIDE, "inconclusive", criteria=[], claim_text='statement = "T"\n')
    _, one = changes(report(a), report(b))
    assert one.causes == ["claim file"]
    assert [(c.before, c.after) for c in one.inputs] == [(['statement = "S"'], ['statement = "T"'])]
    _, known = changes(report(claim()), report(claim(claim_text='statement = "T"\n')))
    assert known.causes == []


def test_claims_of_one_report_only_are_named() -> None:
    empty = samples.report([], machines=[])
    found = compare(report(claim()), empty, NAMES)
    assert found.text == "0 of 0 verdicts changed; 1 only in main"
    assert (found.changed, found.inputs) == (0, [])
    assert found.claims[0].explanation == "Only in the first report."
    assert compare(empty, report(claim()), NAMES).claims[0].explanation == "Only in the second report."


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((1.0, 0.0, 2.0), (1.0, 0.0, 2.0), "same"),
        ((1.0, 0.0, 2.0), (1.5, 0.5, 2.5), "within"),
        ((1.0, 0.0, 2.0), (2.5, 1.9, 3.1), "overlap"),
        (
            (1.0, 0.0, 2.0),
            (1.9, 1.8, 2.0),
            "overlap",
        ),  # only one of the estimates lies in the other's interval
        ((1.0, 0.0, 2.0), (3.0, 2.1, 3.9), "beyond"),
        ((1.0, 0.5, None), (9.0, 8.0, 9.5), "overlap"),
        ((1.0, None, 1.5), (9.0, 8.0, None), "beyond"),
        ((7.0, 7.0, 7.0), (8.0, 8.0, 8.0), "beyond"),
        ((None, None, None), (1.0, 0.0, 2.0), "not compared"),
    ],
)
def test_intervals_are_described(a: tuple[Any, ...], b: tuple[Any, ...], expected: str) -> None:
    assert relation(part(*a), part(*b)) == expected
    assert relation(part(*b), part(*a)) == expected


def test_numbers_are_never_called_significant() -> None:
    found = compare(samples.five_claims(), samples.none_judged(), NAMES).model_dump_json()
    found += changes(report(claim()), report(claim(NARROW, "inconclusive")))[0].model_dump_json()
    assert "significan" not in found


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    for name, one in (("a", claim()), ("b", claim(NARROW, "inconclusive"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(report(one).model_dump_json(), encoding="utf-8")
    return tmp_path


def test_the_command_tells_writes_a_page_and_fails_on_request(pair: Path) -> None:
    done = command("diff", "a", "b/report.json", "--out", "page/diff.html", "--fail-on", "changed", cwd=pair)
    assert done.returncode == 1, done.stderr
    assert "≠ p/c: ● supported → ◆ inconclusive" in done.stdout
    assert "1 of 1 verdict changed." in done.stdout
    page = (pair / "page/diff.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "0.05 [0.03, 0.07], n = 2" in page


def test_the_command_speaks_json_and_a_change_alone_is_no_failure(
    pair: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(pair)
    assert cli.main(["diff", "a", "b", "--json"], standalone_mode=False) == 0
    found = Comparison.model_validate_json(capsys.readouterr().out)
    assert (found.before.name, found.after.name, found.changed) == ("a", "b", 1)
    assert (
        json.loads(found.model_dump_json())["claims"][0]["expectations"][0]["parts"][0]["relation"]
        == "overlap"
    )


def test_the_command_needs_no_heavy_library(pair: Path) -> None:
    heavy = {"torch", "pandas", "matplotlib", "numpy", "scipy", "jinja2"}
    assert not heavy & modules_after("diff", "a", "b", cwd=pair)


def test_text_of_strangers_does_nothing_to_a_terminal(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = samples.hostile()
    (pair / "h.json").write_text(hostile.model_dump_json(), encoding="utf-8")
    cli.main(["diff", str(pair / "h.json"), str(pair / "a")], standalone_mode=False)
    assert not {"\x00", "\x07", "\u202e", "\x85"} & set(capsys.readouterr().out)
