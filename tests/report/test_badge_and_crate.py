"""A badge counts, and an RO-Crate is one to the library that reads them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rocrate.rocrate import ROCrate

from repro.report.badge import to_badge
from repro.report.crate import to_crate
from repro.report.earlier import forms_there
from repro.report.formats import write_report
from repro.report.wording.plain import claim_because
from tests.support import report_samples as samples

SVG = "{http://www.w3.org/2000/svg}"


def test_a_badge_counts_claims_by_how_they_ended() -> None:
    root = ET.fromstring(to_badge(samples.five_claims()))
    results = [claim.verdict.result for paper in samples.five_claims().papers for claim in paper.claims]
    label, message = (text.text for text in root.iter(f"{SVG}text"))
    assert label == f"{len(results)} claims, smoke scale"
    words = {"supported": "hold", "refuted": "do not hold", "inconclusive": "undecided", None: "not judged"}
    counts = [f"{results.count(key)} {word}" for key, word in words.items() if key in results]
    assert message == " · ".join(counts)
    assert root.attrib["aria-label"] == f"{label}: {message}"
    assert [title.text for title in root.iter(f"{SVG}title")] == [f"{label}: {message}"]


@pytest.mark.parametrize("sample", [samples.none_judged, samples.all_failed, samples.hostile])
def test_a_badge_of_anything_is_sound(sample: object) -> None:
    root = ET.fromstring(to_badge(sample()))  # type: ignore[operator]
    assert {element.tag.removeprefix(SVG) for element in root.iter() if isinstance(element.tag, str)} == {
        *("svg", "title", "rect", "path", "g", "text")
    }


def test_a_crate_is_read_by_the_library_with_all_that_it_names(tmp_path: Path) -> None:
    report = samples.five_claims().model_copy(update={"as_of": "2026-01-01T00:00:00Z"})
    write_report(report, tmp_path, ["html", "json", "csv", "badge", "ro-crate"])
    assert forms_there(tmp_path) == ["html", "json", "csv", "badge", "ro-crate"]
    crate = ROCrate(tmp_path)
    assert {entity.id for entity in crate.data_entities} == {
        *("index.html", "report.json", "expectations.csv", "badge.svg")
    }
    assert crate.root_dataset["datePublished"] == "2026-01-01T00:00:00Z"
    (action,) = crate.get_by_type("CreateAction")
    assert action["instrument"]["softwareVersion"] == report.tool_version
    assert {entity.id for entity in action["result"]} == {entity.id for entity in crate.data_entities}
    reviews = {entity["name"]: entity for entity in crate.get_by_type("ClaimReview")}
    for paper in report.papers:
        for claim in paper.claims:
            review = reviews[claim.title]
            assert review["claimReviewed"] == claim.statement
            said = f"{claim.verdict.word}: {claim_because(claim)}"
            assert review["reviewBody"].startswith(said), "plain words before the statistics"
            assert claim.verdict.sentence in review["reviewBody"]
            assert review["itemReviewed"]["name"] == paper.title
            assert [
                person["name"] for person in crate.get(review["itemReviewed"].id)["author"]
            ] == paper.authors


@pytest.mark.parametrize("sample", [samples.five_claims, samples.none_judged, samples.hostile])
def test_a_crate_refers_to_nothing_that_it_does_not_have(sample: object) -> None:
    graph = json.loads(to_crate(sample(), ["index.html"]))["@graph"]  # type: ignore[operator]
    known = {entity["@id"] for entity in graph}
    assert len(known) == len(graph)
    outside = {"https://w3id.org/ro/crate/1.1"}
    for entity in graph:
        for value in entity.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    assert item["@id"] in known | outside
