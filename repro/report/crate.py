"""Report → metadata of an RO-Crate (https://w3id.org/ro/crate/1.1): what the folder holds, in JSON-LD.

A research object of the files beside it: which claims of which papers were checked, with which verdicts, by which
command of which version. Archives and catalogues read it; whoever publishes the folder adds a licence and an author.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import quote

from repro.report.model import ClaimReport, PaperReport, Report
from repro.report.model.safe_text import visible, web_address
from repro.report.wording.plain import claim_because

FILE = "ro-crate-metadata.json"

TOOL = "#repro"

_FILES = {
    "index.html": ("The report, to be read", "text/html"),
    "report.json": ("The report as data", "application/json"),
    "expectations.csv": ("Every comparison: estimate, interval, verdict", "text/csv"),
    "metrics.csv": ("Every metric of every run", "text/csv"),
    "report.md": ("The report in short", "text/markdown"),
    "junit.xml": ("The verdicts, for pipelines", "application/xml"),
    "summary.svg": ("The verdicts in one picture", "image/svg+xml"),
    "badge.svg": ("How many claims ended how", "image/svg+xml"),
}

Entity = dict[str, Any]


def to_crate(report: Report, files: Collection[str]) -> str:
    """Return the metadata of a folder that holds `files`, as JSON-LD; the same report gives the same bytes."""
    entities = [*_about(report, files), *_files(files), *_software(report)]
    for paper in report.papers:
        entities += [
            _publication(paper),
            *_authors(paper),
            *(_review(claim, paper) for claim in paper.claims),
        ]
    entities.append(_check(report, files))
    # Two papers may have an author in common.
    graph = list({entity["@id"]: entity for entity in entities}.values())
    content = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _about(report: Report, files: Collection[str]) -> Iterator[Entity]:
    yield {
        "@id": FILE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    papers = ", ".join(visible(paper.title) for paper in report.papers)
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Claims checked at {visible(report.scale)} scale: {papers}",
        "description": f"{visible(report.coverage.text)}. {visible(report.scale_says)}",
        "hasPart": [_ref(name) for name in files],
        "mentions": [_ref("#check"), *(_ref(_of(claim)) for claim in _claims(report))],
        "citation": [_ref(_paper(paper)) for paper in report.papers],
    }
    # Required by RO-Crate; of a report without runs or criteria there is none to tell.
    published = report.as_of or (report.ran.last if report.ran else None)
    yield root | ({"datePublished": published} if published else {})


def _files(files: Collection[str]) -> Iterator[Entity]:
    for name in files:
        says, kind = _FILES[name]
        yield {"@id": name, "@type": "File", "name": says, "encodingFormat": kind}


def _software(report: Report) -> Iterator[Entity]:
    yield {
        "@id": TOOL,
        "@type": "SoftwareApplication",
        "name": "repro",
        "softwareVersion": visible(report.tool_version),
    }


def _publication(paper: PaperReport) -> Entity:
    url = web_address(paper.url)
    return {
        "@id": _paper(paper),
        "@type": "ScholarlyArticle",
        "name": visible(paper.title),
        "author": [_ref(author["@id"]) for author in _authors(paper)],
        "datePublished": str(paper.year),
        "identifier": visible(paper.identifier),
        "isPartOf": visible(paper.venue),
        **({"url": url} if url else {}),
    }


def _authors(paper: PaperReport) -> Iterator[Entity]:
    for author in paper.authors:
        name = visible(author)
        yield {"@id": f"#person-{quote(name)}", "@type": "Person", "name": name}


def _review(claim: ClaimReport, paper: PaperReport) -> Entity:
    """Return a claim's verdict; it is no rating, so that its words stand for it, plain ones before the statistics."""
    said, statistics = claim_because(claim), claim.verdict.sentence
    return {
        "@id": _of(claim),
        "@type": "ClaimReview",
        "name": visible(claim.title),
        "claimReviewed": visible(claim.statement),
        "reviewBody": visible(
            f"{claim.verdict.word}: {said}" + (f" Statistics: {statistics}" if statistics != said else "")
        ),
        "itemReviewed": _ref(_paper(paper)),
        "description": f"{visible(claim.source)}; runs: {len(claim.runs)}; to check again: {visible(claim.command)}",
    }


def _check(report: Report, files: Collection[str]) -> Entity:
    times = {"startTime": report.ran.first, "endTime": report.ran.last} if report.ran else {}
    return {
        "@id": "#check",
        "@type": "CreateAction",
        "name": visible(report.command),
        "instrument": _ref(TOOL),
        "object": [_ref(_paper(paper)) for paper in report.papers],
        "result": [_ref(name) for name in files],
        **times,
    }


def _claims(report: Report) -> Iterator[ClaimReport]:
    return (claim for paper in report.papers for claim in paper.claims)


def _of(claim: ClaimReport) -> str:
    return f"#claim-{quote(visible(claim.id))}"


def _paper(paper: PaperReport) -> str:
    return f"#paper-{quote(visible(paper.id))}"


def _ref(name: str) -> Entity:
    return {"@id": name}
