"""Report → JUnit XML, which pipelines show: a suite for each paper, a case for each claim.

A refuted claim is a failure, one whose runs failed is an error, and one that is undecided or pending is skipped: the
three mean different things, and only the first speaks against a claim, at the scale that was checked. Every message
begins with the verdict's own word, which says at which scale it holds, and the type of a failure is that word. A run
that several claims share counts in the time of the first one only, so that times add up. Elements and attributes are
those of Jenkins' schema (xUnit plugin, junit-10.xsd). Control characters, which XML cannot hold even when escaped, are
replaced by signs.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from repro.report.model import ClaimReport, ExpectationResult, PaperReport, Report, Verdict
from repro.report.model.safe_text import visible
from repro.report.wording.plain import because, claim_because

Ending = Literal["passed", "failure", "error", "skipped"]


def to_junit(report: Report) -> str:
    """Return `report` as JUnit XML; the same report gives the same bytes. Times are seconds of training."""
    claims = [claim for paper in report.papers for claim in paper.claims]
    seconds = _own_seconds(claims)
    root = ET.Element(
        "testsuites", {"name": f"repro, {visible(report.scale)} scale", **_counts(claims, seconds)}
    )
    for paper in report.papers:
        root.append(_suite(paper, report, seconds))
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode", short_empty_elements=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def ending(verdict: Verdict) -> Ending:
    """Return what a verdict is for a pipeline. A refutation stands even where other runs of the claim failed."""
    if verdict.result == "refuted":
        return "failure"
    if verdict.status == "failed":
        return "error"
    return "passed" if verdict.result == "supported" else "skipped"


def _own_seconds(claims: Sequence[ClaimReport]) -> dict[str, float]:
    """Return claim → seconds of training, each run counted once, for the first claim that rests on it."""
    counted: set[str] = set()
    seconds: dict[str, float] = {}
    for claim in claims:
        own = {run.key: run.wall_seconds or 0.0 for run in claim.runs if run.key not in counted}
        seconds[claim.id] = sum(own.values())
        counted |= own.keys()
    return seconds


def _counts(claims: Sequence[ClaimReport], seconds: Mapping[str, float]) -> dict[str, str]:
    ended = Counter(ending(claim.verdict) for claim in claims)
    return {
        "tests": str(len(claims)),
        "failures": str(ended["failure"]),
        "errors": str(ended["error"]),
        "time": f"{sum(seconds[claim.id] for claim in claims):.2f}",
    }


def _suite(paper: PaperReport, report: Report, seconds: Mapping[str, float]) -> ET.Element:
    skipped = sum(ending(claim.verdict) == "skipped" for claim in paper.claims)
    about = {"name": visible(paper.id), **_counts(paper.claims, seconds), "skipped": str(skipped)}
    suite = ET.Element("testsuite", about)
    properties = ET.SubElement(suite, "properties")
    told = {
        "paper": f"{paper.title} ({paper.year})",
        "scale": report.scale,
        "scale_says": report.scale_says,
        **{f"stand_in_{i}": says for i, says in enumerate(report.stand_ins, 1)},
        "coverage": report.coverage.text,
        "tool_version": report.tool_version,
        "command": report.command,
        **{f"machine_{i}": f"{m.description}; {m.versions}" for i, m in enumerate(report.machines, 1)},
        **{f"commit_{i}": machine.commit for i, machine in enumerate(report.machines, 1)},
    }
    for name, value in told.items():
        ET.SubElement(properties, "property", {"name": name, "value": visible(value)})
    for claim in paper.claims:
        suite.append(_case(claim, paper, seconds[claim.id]))
    return suite


def _case(claim: ClaimReport, paper: PaperReport, seconds: float) -> ET.Element:
    about = {"name": visible(claim.id), "classname": visible(paper.id), "time": f"{seconds:.2f}"}
    case = ET.Element("testcase", about)
    verdict, how = claim.verdict, ending(claim.verdict)
    if how != "passed":
        about = {"type": verdict.word, "message": f"{verdict.word}: {claim_because(claim)}"}
        said = [claim.title, claim.statement, f"({paper.title}, {claim.source})", f"Again: {claim.command}"]
        ET.SubElement(case, how, {name: visible(text) for name, text in about.items()}).text = visible(
            "\n".join(said)
        )
    lines = [line for one in claim.expectations for line in _told(one, recorded=claim.recorded is not None)]
    lines += [change.says for change in claim.criteria_changes]
    if claim.protocol is not None and not claim.protocol.of_paper:
        lines.append(f"Not the paper's protocol: {'; '.join(claim.protocol.reasons)}. Words are capped.")
    lines += claim.code_notes
    ET.SubElement(case, "system-out").text = visible("\n".join(lines))
    return case


def _told(one: ExpectationResult, *, recorded: bool) -> Iterator[str]:
    """Yield what came of an expectation in plain words, and then what the statistics say."""
    said = because(one, recorded=recorded)
    yield f"{one.title} ({one.role}): {one.verdict.word}. {said}"
    if one.verdict.sentence != said:
        yield f"  Statistics: {one.verdict.sentence}"
