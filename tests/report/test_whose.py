"""Whose number stands beside ours: a publication's, or that of reading notes, in every form of the report."""

from __future__ import annotations

from typing import Any

import pytest

from repro.report.markdown import to_markdown
from repro.report.model import Report
from repro.report.summary import to_summary
from repro.report.wording.meanings import meanings
from repro.report.wording.plain import claim_because
from repro.report.wording.whose import claims_of, number_head
from tests.support import report_samples as samples
from tests.support.helpers import World
from tests.support.page import Page, rendered

COPIED: dict[str, Any] = {
    "title": "Copied",
    "statement": "Two numbers.",
    "experiment": {"protocol": {"of": "paper", "source": "Sec. 3"}},
    "metrics": {
        "paper": {"kind": "printed", "values": {"gain": "1.7", "error": "11"}, "source": {"where": "Sec. 3"}}
    },
    "expect": {
        "copied": {
            "kind": "exact",
            "title": "As copied",
            "metric": "paper",
            "printed": {"gain": "1.4", "error": "11"},
            "role": "decides",
            "why": "Right or wrong.",
        }
    },
}


@pytest.mark.parametrize(
    ("read_from", "prints", "column", "title"),
    [
        ("text", "the paper prints 1.4", "paper", "The paper’s numbers"),
        ("teaching material", "the notes print 1.4", "notes", "The notes’ numbers"),
    ],
)
def test_a_number_is_said_to_be_of_whom_the_claim_is_of(
    world: World, read_from: str, prints: str, column: str, title: str
) -> None:
    world.write(COPIED | {"source": {"where": "Sec. 3", "read_from": read_from}})
    report = world.report("exact")
    (claim,) = report.papers[0].claims
    assert claim.verdict.result == "refuted"
    assert f"1.7, but {prints}" in claim_because(claim)
    page = rendered(report)
    assert f'class="number first">{column}</th>' in page
    shown = Page(page).text()
    assert title in shown
    assert shown.count(f"1.7, but {prints}") >= 2, "at the claim, and at its expectation"
    assert f"| Expectation | {column.capitalize()} | Ours |" in to_markdown(report)
    other = "the notes print" if read_from == "text" else "the paper prints"
    assert other not in shown
    assert other not in to_markdown(report)


def _report(*refuted: tuple[int, Any]) -> Report:
    """Papers with so many claims each, which exact arithmetic refutes."""
    base = samples.degradation()
    exact = [one.model_copy(update={"exact": True}) for one in base.expectations]
    claim = base.model_copy(
        update={"verdict": samples.verdict("refuted", "In full.", word="refuted"), "expectations": exact}
    )
    papers = [
        samples.resnet([claim.model_copy(update={"id": f"p{n}/{i}"}) for i in range(count)]).model_copy(
            update={"id": f"p{n}", "whose": whose}
        )
        for n, (count, whose) in enumerate(refuted)
    ]
    return samples.report(papers)


def test_claims_of_notes_are_counted_apart_from_those_of_papers() -> None:
    assert claims_of(_report((3, "paper"), (1, "paper"), (2, "notes")).papers) == (
        "4 claims of 2 papers and 2 of reading notes"
    )
    assert claims_of(_report((1, "paper")).papers) == "1 claim of 1 paper"
    assert claims_of(_report((1, "notes")).papers) == "1 claim of reading notes"
    page = Page(rendered(_report((2, "paper"), (1, "notes")))).text()
    assert "2 claims of 1 paper and 1 of reading notes: does" in page


def test_what_is_refuted_of_notes_is_not_taken_for_the_papers() -> None:
    mixed = _report((3, "paper"), (2, "notes"))
    told = dict(meanings(mixed))["Computed"]
    assert "speak of the source itself: a paper, or reading notes. " in told
    assert "Of the 5 refuted, 2 are sentences of reading notes." in told
    assert "speak of the paper itself." in dict(meanings(_report((2, "paper"))))["Computed"]
    assert "speak of the notes themselves." in dict(meanings(_report((2, "notes"))))["Computed"]
    assert "sentence" not in str([meanings(_report((2, whose))) for whose in ("paper", "notes")])
    assert [number_head(one) for one in (_report((1, "paper")), _report((1, "notes")), mixed)] == [
        "Paper",
        "Notes",
        "Source",
    ]
    assert ">Source or need<" in to_summary(mixed)
