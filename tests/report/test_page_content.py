"""What stands on the page, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repro.report.html.bibtex import tool_bibtex
from repro.report.html.columns import table_columns
from repro.report.html.filters import part_notes, verdict_kind
from repro.report.model import Report
from repro.report.wording.meanings import is_capped
from repro.report.wording.plain import claim_because
from repro.report.wording.typography import typeset
from tests.support import report_samples as samples
from tests.support.page import Page, html, rendered


def _strings(value: Any, kept_out: set[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in kept_out:
                yield from _strings(item, kept_out)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item, kept_out)
    elif isinstance(value, str):
        yield value


def test_every_text_of_the_report_is_on_the_page() -> None:
    """Without script: the parser runs none. Structural words and what drawings hold are looked at apart."""
    structural = {
        "id",
        "ids",
        "anchor",
        "expectation",
        "kind",
        "unit",
        "result",
        "status",
        "style",
        "bound",
        "state",
        "outcome",
        "deviations",  # with human names and numbers: tests of differences
    }
    elsewhere = {"metric", "panels", "alt", "url"}
    shown = " ".join(Page(html("five claims")).text().split())
    for string in _strings(typeset(samples.five_claims()).model_dump(), structural | elsewhere):
        # a plot says once how many seeds all its estimates have
        assert re.sub(r", n = \d+$", "", " ".join(string.split())) in shown


def test_deep_links_are_the_anchors_of_the_data() -> None:
    ids = Page(html("five claims")).values("id")
    for paper in samples.five_claims().papers:
        for claim in paper.claims:
            assert claim.anchor in ids
            assert {one.anchor for one in claim.expectations} <= set(ids)
            assert {figure.anchor for figure in claim.figures} <= set(ids)
            assert {table.anchor for table in claim.tables} <= set(ids)


def test_a_claim_goes_from_statement_and_verdict_to_the_papers_numbers_figures_and_evidence() -> None:
    claim = samples.degradation()
    source = html("five claims")
    article = source[source.index(f'id="{claim.anchor}"') :]
    order = [
        "smoke scale</span>",
        claim.statement,
        claim.quote or "",
        claim_because(claim),
        claim.verdict.sentence,
    ]
    order += ["3 differences</a> from the paper’s protocol", "1 sabotaged version of this claim was caught"]
    order += ["2 of 2 expectations judged", claim.tables[0].title, claim.figures[0].title]
    places = [article.index(text) for text in [*order, ">Evidence<"]]
    assert places == sorted(places)
    assert "5 seeds a cell · 10 of 10 runs there" in article


def test_notes_of_readers_stand_at_what_they_are_about_and_are_marked() -> None:
    text = " ".join(Page(html("five claims")).text().split())
    assert "Note by A. Reader, 2026-02-01 · a reader’s opinion; it decides nothing The bar is low." in text
    assert text.index("Note by B. Reader") < text.index("Note by A. Reader"), (
        "on the claim, then in its evidence"
    )
    about = samples.degradation().expectations[0]
    assert text.rindex(about.title, 0, text.index("Note by A. Reader")) > text.index("Note by B. Reader")


def test_data_that_stand_in_are_named_on_top_at_the_claim_and_in_the_ledger() -> None:
    source = html("stand-in")
    says = samples.stand_in().stand_ins[0]
    assert source.count(f"<strong>Not the paper’s data:</strong> {says}") == 2
    assert 'data set cifar10 <span class="role stand-in">stand-in</span>' in source
    assert "The full protocol: its own data, nets and schedule." not in source
    assert is_capped(samples.stand_in().papers[0].claims[0].verdict)


def test_a_papers_table_has_only_the_columns_that_some_row_fills() -> None:
    (table,) = samples.degradation().tables
    groups = table_columns(table).groups
    assert [group.heads for group in groups] == [
        ["paper", "ours", "difference", "verdict"],
        ["paper", "ours", "difference"],
    ]
    assert [group.start for group in groups] == [1, 5]
    bare = [cell.model_copy(update={"difference": None, "verdict": None}) for cell in table.rows[0].cells]
    one = table.model_copy(update={"rows": [table.rows[0].model_copy(update={"cells": bare})]})
    assert [group.heads for group in table_columns(one).groups] == [["paper", "ours"]] * 2


def test_numbers_read_from_a_figure_are_marked_and_reproductions_stand_beside() -> None:
    source = html("five claims")
    printed = [cell.reported for row in samples.degradation().tables[0].rows for cell in row.cells]
    mark = '<span class="dagger" aria-hidden="true">†</span><span class="unseen"> read from a figure</span>'
    table = source[
        source.index('<table class="beside') : source.index("Read from a figure, at least in part")
    ]
    assert table.count(mark) == sum(text is not None for text in printed)
    report = samples.five_claims()
    told = next(claim for paper in report.papers for claim in paper.claims if claim.tables).tables[0]
    told.rows[0].cells[:] = [cell.model_copy(update={"from_figure": False}) for cell in told.rows[0].cells]
    fewer = source.count(mark) - rendered(report).count(mark)
    assert fewer >= sum(cell.reported is not None for cell in told.rows[0].cells) > 0
    assert "<b>somebody/pytorch-resnets</b>: README, 2018; best epoch" in source
    elsewhere = source[source.index('<table class="elsewhere') :]
    row = re.search(r"ResNet-20</th>(.*?)</tr>", elsewhere, re.S)
    assert row is not None
    assert re.findall(r"8\.\d+", row[1]) == ["8.75", "8.27", "8.6"]


def test_where_runs_were_made_on_what_and_at_what_cost_is_told() -> None:
    text = " ".join(Page(re.sub(r"</t[dh]>", r" \g<0>", html("five claims"))).text().split())
    assert "digits 16d55714a455 1,400 397 60" in text
    assert "cifar10 stand-in 0badcafe0bad 500 100 3" in text
    assert "60 runs took 1 min 23 s. What was predicted beforehand is unknown. All of it again:" in text
    assert "10 runs took 21 s. Predicted beforehand for 8 of them: 15 s; these took 17 s." in text
    assert "read: v1 of 2015" in text


def test_the_tool_is_cited_as_its_own_file_says() -> None:
    path = Path(__file__).parents[2] / "CITATION.cff"
    cited = dict(re.findall(r'^(title|version|  - name): "?(.*?)"?$', path.read_text(encoding="utf-8"), re.M))
    entry = tool_bibtex(cited["version"])
    assert f"title = {{{{{cited['title']}}}}}" in entry
    assert f"author = {{{{{cited['  - name']}}}}}" in entry
    assert f"version = {{{cited['version']}}}" in entry


def test_a_sensitivity_is_drawn_point_by_point_with_shapes() -> None:
    source = html("five claims")
    start = source.index("Does the learning rate matter?")
    plot = source[source.index('<figure class="forest"', start) : source.index("</figure>", start)]
    assert re.findall(r'track-label">([^<]+)<', plot) == ["lr-0.02", "lr-0.1", "lr-0.5"]
    assert re.findall(r'<g class="(\w+)">', plot) == ["supported", "inconclusive", "refuted"]
    told = source[source.index("</figure>", start) : source.index("</details>", start)]
    plain = re.findall(r'<span class="sub">([^<]+)<', told)
    assert plain == ["As it must be.", "Some would do.", "It is not."], "the statistics are folded"
    assert told.index("It is not.") < told.index("<summary>In full") < told.index("As measured.")


def test_verdicts_stand_before_the_evidence() -> None:
    page = html("five claims")
    claims = [claim for paper in samples.five_claims().papers for claim in paper.claims]
    evidence = page.index(">Evidence<")
    for claim in claims:
        assert page.index(claim.verdict.word.removesuffix(" at smoke scale")) < evidence
        assert page.index(claim.title) < evidence
    assert page.index("Smoke scale") < page.index(claims[0].title)
    said = "<h1>Trained: 1 holds at smoke scale, 1 does not, 1 undecided, 1 waits for runs. Computed: 1 supported</h1>"
    assert page.index(said) < page.index(claims[0].title)


def test_verdicts_differ_in_shape_not_only_in_colour() -> None:
    shapes = dict(re.findall(r'<symbol id="_shape-(\w+)"[^>]*>(.*?)</symbol>', html("five claims")))
    assert set(shapes) == {"supported", "refuted", "inconclusive", "pending", "failed"}
    drawn = {re.sub(r'(fill|stroke)="[^"]*"', "", shape) for shape in shapes.values()}
    assert len(drawn) == 5


def test_a_verdict_below_its_scale_is_marked_as_capped() -> None:
    holds = samples.verdict("supported", "")
    assert is_capped(holds)
    assert not is_capped(samples.verdict("supported", "", word="supported"))
    assert verdict_kind(holds) == "supported"
    assert verdict_kind(samples.all_failed().papers[0].claims[0].verdict) == "failed"
    assert verdict_kind(samples.pending_claim().verdict) == "pending"


def test_notes_on_parts_are_told_once() -> None:
    one = samples.relu_speed().expectations[0]

    def noted(*notes: str | None, sentence: str = "") -> list[str]:
        parts = [
            samples.part(f"part {i}", "—", None, None, None, None, note=note) for i, note in enumerate(notes)
        ]
        told = one.verdict.model_copy(update={"sentence": sentence, "result": None})
        return part_notes(one.model_copy(update={"parts": parts, "verdict": told}))

    assert noted("late", "late", None, "lost") == ["part 0; part 1: late", "part 3: lost"]
    assert noted("late", "late") == ["late"]
    assert noted(*["late"] * 5, "lost") == ["5 of 6 comparisons: late", "part 5: lost"]
    assert noted("late", "late", sentence="Not judged: late.") == []
    assert noted(None) == []


def test_criteria_changed_after_runs_existed_stand_before_the_evidence_with_both_versions() -> None:
    source = html("five claims")
    start = source.index("Criteria changed on 2026-01-14")
    noted = source[start : source.index('class="forest"', start)]
    assert noted.index("at least 4 pp") < noted.index("at least 2 pp")
    assert "<h4>Evidence</h4>" in noted
    assert source.count('class="changed"') == 2, "claims whose criteria stand have no such box"


def test_what_decides_nothing_stands_beside_the_verdict() -> None:
    shown = Page(html("five claims")).text()
    for heading in ("What the seeds resolve:", "Beside the paper’s number:", "Test set:"):
        assert heading in shown
    assert Page(html("none judged")).text().count("Beside the paper’s number:") == 0


def test_a_report_of_an_earlier_version_is_still_read() -> None:
    plain = samples.five_claims().model_dump(mode="json")
    del plain["datasets"], plain["stand_ins"], plain["cost"]
    for paper in plain["papers"]:
        del paper["version_read"], paper["anchor"]
        for claim in paper["claims"]:
            del (
                claim["criteria_changes"],
                claim["stand_ins"],
                claim["spec_rows"],
                claim["reviews"],
                claim["cost"],
            )
            for row in claim["runs"]:
                del row["sessions"], row["predicted_seconds"], row["diverged_at_step"]
            for row in claim["deviations"]:
                del row["direction"], row["stand_in"]
            for table in claim["tables"]:
                del table["anchor"], table["from_figure"], table["elsewhere"]
                for cell in (cell for row in table["rows"] for cell in row["cells"]):
                    del cell["expectation"], cell["region"], cell["verdict"]
            for sensitivity in claim["sensitivities"]:
                del sensitivity["ids"]
                for point in sensitivity["points"]:
                    del point["parts"], point["because"]
            for entry in claim["criteria"]:
                del entry["lines"]
            for one in claim["expectations"]:
                del one["compatibility"], one["sampling_note"]
    assert "resolve" in rendered(Report.model_validate(plain))
