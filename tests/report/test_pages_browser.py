"""The pages of `repro diff` and `repro index` in a real browser: quiet, accessible, at home on a phone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from repro.report.diff.compare import compare
from repro.report.formats import write_report
from repro.report.html.pages import render_page
from repro.report.index import write_index
from repro.report.model import Report
from repro.store.files import write_text
from tests.support import report_samples as samples
from tests.support.browser import OPEN_ALL, OVERFLOW, axe_violations, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = ["diff", "hostile diff", "index", "hostile index"]


def other_five_claims() -> Report:
    """The five claims on another machine, one with fewer seeds and other numbers."""
    report = samples.five_claims()
    first = report.papers[0].claims[0]
    moved = (
        first.expectations[0]
        .parts[0]
        .model_copy(
            update={
                "estimate": 1.4,
                "low": 1.1,
                "high": 1.8,
                "estimate_text": "1.4 [1.1, 1.8], n = 3",
                "n": 3,
            }
        )
    )
    one = first.expectations[0].model_copy(update={"parts": [moved, *first.expectations[0].parts[1:]]})
    claim = first.model_copy(
        update={
            "verdict": samples.verdict("inconclusive", "Three seeds cannot tell."),
            "seeds": [0, 1, 2],
            "runs": first.runs[:6],
            "claim_text": first.claim_text + "# a note\n",
            "expectations": [one, *first.expectations[1:]],
        }
    )
    papers = [report.papers[0].model_copy(update={"claims": [claim]}), *report.papers[1:]]
    machine = report.machines[0].model_copy(
        update={"versions": "Python 3.12.1, torch 2.7.0", "commit": "9a8b"}
    )
    return report.model_copy(update={"papers": papers, "machines": [machine]})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def page(name: str) -> Path:
        second = samples.hostile() if name.startswith("hostile") else other_five_claims()
        place = folder / name.replace(" ", "-")
        if name.endswith("diff"):
            found = compare(samples.five_claims(), second, ("main", samples.HOSTILE))
            write_text(place / "diff.html", render_page("diff.html.jinja", comparison=found))
            return place / "diff.html"
        for report, where in ((samples.five_claims(), "smoke"), (second, "a/long-name-of-a-folder/smoke")):
            write_report(report, place / where, ["json"])
        (place / "broken").mkdir()
        (place / "broken" / "report.json").write_text("[]", encoding="utf-8")
        write_index(place)
        return place / "index.html"

    return page


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_and_the_browser_complains_of_nothing(
    browser: Browser, pages: Callable[[str], Path], name: str
) -> None:
    for theme in ("light", "dark"):
        with opened(browser, pages(name), color_scheme=theme) as page:
            page.evaluate(OPEN_ALL)
            assert axe_violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(browser: Browser, pages: Callable[[str], Path], name: str) -> None:
    with opened(browser, pages(name), java_script_enabled=True) as page:
        page.evaluate(OPEN_ALL)
        for width in (320, 360, 640):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate(OVERFLOW) == 0


def test_the_difference_is_told_without_script(browser: Browser, pages: Callable[[str], Path]) -> None:
    with opened(browser, pages("diff"), java_script_enabled=False) as page:
        shown = page.locator("main").inner_text()
    assert "1.4 [1.1, 1.8], n = 3" in shown
    assert "explained by the seeds; where runs were made differs, too (commit, versions)" in shown
    assert "torch 2.7.0" in shown
