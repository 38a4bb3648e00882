"""Dates come from the store: the same store gives the same page, on whatever day it is rendered."""

from __future__ import annotations

import pytest

from repro.report.diff.compare import compare
from repro.report.html.pages import render_page
from repro.report.html.render import render_html
from repro.report.index import ListedReport
from repro.report.model import Span
from repro.report.wording.text import day, period
from tests.support import report_samples as samples
from tests.support.helpers import BASE, World
from tests.support.losses import losses


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        ("2026-11-25T22:10:00Z", "25 November 2026"),
        ("2026-01-02", "2 January 2026"),
        ("long ago", "long ago"),
    ],
)
def test_days(stamp: str, said: str) -> None:
    assert day(stamp) == said


def test_a_period_of_one_day_is_that_day() -> None:
    assert period(Span(first="2026-11-25T01:00:00Z", last="2026-11-25T22:00:00Z")) == "25 November 2026"
    assert period(Span(first="2026-11-30", last="2026-12-02")) == "30 November 2026 to 2 December 2026"


def test_page_index_and_diff_tell_the_dates() -> None:
    span = Span(first="2026-11-24T10:00:00Z", last="2026-11-25T22:00:00Z")
    report = samples.five_claims().model_copy(update={"ran": span, "as_of": span.last})
    assert "Runs of 24 November 2026 to 25 November 2026." in render_html(report)
    index = render_page("index.html.jinja", entries=[ListedReport("smoke", "smoke/index.html", report)])
    assert "25 November 2026 · repro" in index
    both = compare(samples.five_claims(), report, ("old", "new"))
    assert "· 25 November 2026 · repro" in render_page("diff.html.jinja", comparison=both)


def test_a_report_is_as_old_as_the_last_that_its_store_tells(world: World) -> None:
    world.write(BASE)
    losses(world, {})
    first, again = world.report(), world.report()
    assert first.as_of is not None
    assert first.as_of == again.as_of
    ends = [change.first_seen for paper in first.papers for one in paper.claims for change in one.criteria]
    ends += [first.ran.last] if first.ran else []
    assert first.as_of == max(ends)
