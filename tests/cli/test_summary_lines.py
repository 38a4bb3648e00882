"""What a check prints of each claim: the plain sentence, what would settle it; statistics only when asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from repro.cli.summary import summarise
from repro.report.wording.plain import claim_because
from repro.report.wording.typography import typeset
from tests.support import report_samples as samples
from tests.support.command import repro as command
from tests.support.report_samples.pieces import claim, expectation, part, verdict

BARS = ("at least 2 pp", [(0.02, None)]), ("at most 0 pp", [(None, 0.0)])


def test_plain_words_lead_and_statistics_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    found = part("", "3 pp [-1, 7]", 0.03, -0.01, 0.07, "inconclusive")
    one = expectation(
        "c", "e", "An effect", "error", [found], verdict("inconclusive", "In full: 95% interval."), *BARS,
        settles="About 21 seeds instead of 5.", settles_seeds=21, resolves="With 5 seeds, 9 pp is decided.",
    )  # fmt: skip
    open_ = claim(
        "p/c", "T", "S.", verdict("inconclusive", "In full: 95% interval."), expectations=[one],
        looks=[5, 40], command="repro check p/c",
    )  # fmt: skip
    report = samples.report([samples.paper("p", "P", [open_])])
    summarise(report)
    brief = capsys.readouterr().out
    told = [line.strip() for line in brief.splitlines() if line.startswith("      ")]
    assert told[0].startswith("An effect: cannot tell yet. 3.0 percentage points here with 5 seeds, where")
    assert told[1] == (
        "What would settle it: About 21 seeds instead of 5. Its look of 40 seeds should be enough: "
        "repro check p/c --seeds 40"
    )
    assert told[2:] == [f"Control “{one.title}”: {one.text}" for one in open_.controls]
    summarise(report, verbose=True)
    full = capsys.readouterr().out
    assert "In full: 95% interval." in full
    assert "An effect: With 5 seeds, 9 pp is decided." in full
    assert all(line in full for line in told)


def test_many_claims_that_are_not_judged_here_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = verdict(None, "Judged from the paper scale on.", word="not judged here").model_copy(
        update={"status": "complete"}
    )
    claims = [claim(f"p/{name}", name.upper(), "S.", waiting) for name in "abcde"]
    report = samples.report([samples.paper("p", "P", claims)])
    summarise(report)
    brief = capsys.readouterr().out
    assert "5 not judged at smoke scale" in brief
    assert "Judged from the paper scale on." not in brief
    summarise(report, verbose=True)
    assert capsys.readouterr().out.count("Judged from the paper scale on.") == 5


def test_the_command_takes_the_option(tmp_path: Path) -> None:
    report = samples.five_claims()
    (tmp_path / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
    outputs = []
    for more in ([], ["--verbose"]):
        done = command("report", "--from", "report.json", *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    brief, full = outputs
    judged = [one for paper in typeset(report).papers for one in paper.claims if one.verdict.result]
    assert judged
    for one in judged:
        assert claim_because(one) in brief
        assert one.verdict.sentence in full
    assert len(full) > len(brief)
