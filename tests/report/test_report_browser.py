"""The page in a real browser: quiet, accessible, whole without script, at home on a phone and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from repro.report.wording.plain import claim_because
from repro.report.wording.typography import typeset
from repro.store.files import write_text
from tests.support import report_samples as samples
from tests.support.browser import OPEN_ALL, OVERFLOW, axe_violations, opened
from tests.support.page import html

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = ["five claims", "stand-in", "none judged", "all failed", "hostile", "sixty claims"]
A4_WIDTH = 688  # CSS pixels between margins of 14 mm
A4_PAGE = 794  # margins included, which is what queries of a page's width see


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("reports")

    @cache
    def file(name: str) -> Path:
        path = folder / f"{name.replace(' ', '-')}.html"
        write_text(path, html(name))
        return path

    return file


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(browser: Browser, files: Callable[[str], Path], name: str) -> None:
    """320 is WCAG's reflow (1280 at 400%), 360 a phone, 640 is 1280 at 200% zoom."""
    with opened(browser, files(name)) as page:
        page.evaluate(OPEN_ALL)
        for width in (320, 360, 640):
            page.set_viewport_size({"width": width, "height": 700})
            assert page.evaluate(OVERFLOW) == 0


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("five claims", "light"),
        ("five claims", "dark"),
        ("stand-in", "dark"),
        ("none judged", "light"),
        ("all failed", "light"),
        ("hostile", "light"),
    ],
)
def test_axe_finds_no_violation(
    browser: Browser, files: Callable[[str], Path], name: str, theme: str
) -> None:
    with opened(browser, files(name), color_scheme=theme) as page:
        page.evaluate(OPEN_ALL)
        assert axe_violations(page) == []


@pytest.mark.parametrize("name", ["five claims", "hostile"])
def test_the_browser_reads_the_elements_as_they_were_written(
    browser: Browser, files: Callable[[str], Path], name: str
) -> None:
    """Invalid nesting would make the parser move, close or add elements."""
    source = re.sub(
        r"<(style|script)>.*?</\1>", r"<\1></\1>", files(name).read_text(encoding="utf-8"), flags=re.S
    )
    written = [tag.lower() for tag in re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)", source)]
    with opened(browser, files(name), java_script_enabled=False) as page:
        read = page.evaluate("[...document.querySelectorAll('*')].map(one => one.localName.toLowerCase())")
    assert read == written


def test_everything_is_there_without_script(browser: Browser, files: Callable[[str], Path]) -> None:
    with opened(browser, files("five claims"), java_script_enabled=False) as page:
        for summary in page.locator("article > details > summary").all():
            summary.click()
        shown = page.locator("body").inner_text()
        for paper in samples.five_claims().papers:
            for claim in paper.claims:
                assert typeset(claim).title in shown
                assert claim_because(typeset(claim)) in shown
        assert not page.locator("#_fold").is_visible()
        assert not page.locator("#_filter").is_visible()
        key = samples.five_claims().papers[0].claims[0].runs[0].key
        assert not page.get_by_text(key).first.is_visible()
        page.locator("summary", has_text="Runs (").first.click()
        assert page.get_by_text(key).first.is_visible()


def test_script_filters_folds_and_turns_the_theme(browser: Browser, files: Callable[[str], Path]) -> None:
    with opened(browser, files("five claims")) as page:
        page.get_by_role("button", name="undecided 1").click()
        assert page.locator(".result-row:visible").count() == 1
        assert page.locator("article:visible").count() == 1
        assert "Showing 1 of 5 claims" in page.get_by_role("status").inner_text()
        page.get_by_role("button", name="All 5").click()
        assert page.locator("article:visible").count() == 5
        page.locator("#_menu > summary").click()
        page.get_by_role("button", name="Unfold all").click()
        assert page.locator("main details:not([open])").count() == 0
        page.get_by_role("button", name="Fold all").click()
        assert page.locator("main details[open]").count() == 0
        assert page.locator("#_menu").get_attribute("open") is not None, (
            "what is pressed in the menu leaves it open"
        )
        ground = "getComputedStyle(document.body).backgroundColor"
        before = page.evaluate(ground)
        page.get_by_role("button", name="Dark").click()
        assert page.evaluate(ground) != before
        page.get_by_role("button", name="Light").click()
        assert page.evaluate(ground) == before


def test_script_sorts_tables_by_keyboard_and_says_so(browser: Browser, files: Callable[[str], Path]) -> None:
    with opened(browser, files("five claims")) as page:
        page.locator("#_menu > summary").click()
        page.get_by_role("button", name="Unfold all").click()
        head = page.locator(".runs").first.locator("th[data-column='6']")
        cells = page.locator(".runs").first.locator("tbody td:nth-child(7)")

        def seconds() -> list[float]:
            return [float(text.removesuffix(" s")) for text in cells.all_inner_texts()]

        before = seconds()
        assert before != sorted(before)
        head.get_by_role("button").focus()
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "ascending"
        assert seconds() == sorted(before)
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert seconds() == sorted(before, reverse=True)
        table = page.locator(".beside.sortable").first
        ours = table.locator("th", has_text="ours").first
        ours.get_by_role("button").click()
        read = table.locator("tbody tr td:nth-child(3)").all_inner_texts()
        assert [text.split()[0] for text in read] == ["0.9", "1.2", "17.9", "—"], (
            "as numbers, what is missing last"
        )
        assert table.locator("[aria-sort]").count() == 1


def test_claims_are_filtered_by_text(browser: Browser, files: Callable[[str], Path]) -> None:
    with opened(browser, files("five claims")) as page:
        page.get_by_role("searchbox", name="Filter claims by text").fill("BATCH NORMALISATION")
        assert page.locator("article:visible h3").all_inner_texts() == [
            "Residual connections preserve gradients"
        ]
        assert page.locator(".paper-row:visible").count() == 1, "papers without a claim to show go, too"
        assert "Showing 1 of 5 claims: with “batch normalisation”." in page.get_by_role("status").inner_text()
        page.get_by_role("button", name="pending 1").click()
        assert page.locator("article:visible").count() == 0
        page.evaluate(f"location.hash = '{samples.degradation().tables[0].anchor}'")
        page.locator(f"[id='{samples.degradation().tables[0].anchor}']").wait_for(state="visible")
        assert page.locator("article:visible").count() == 5


@pytest.mark.parametrize("name", ["five claims", "stand-in"])
def test_the_scale_stands_at_every_claim_on_a_phone_and_on_paper(
    browser: Browser, files: Callable[[str], Path], name: str
) -> None:
    with opened(browser, files(name), viewport={"width": 360, "height": 700}) as page:
        for media in ("screen", "print"):
            page.emulate_media(media=media)
            page.evaluate(OPEN_ALL)
            tags = page.locator("article .claim-scale .scale-tag")
            computed = page.locator("article .claim-scale:has-text('Computed without training')")
            assert tags.count() + computed.count() == page.locator("article").count()
            assert computed.locator(".scale-tag").count() == 0, "numbers are the same at every scale"
            assert tags.evaluate_all("all => all.every(one => one.checkVisibility())")


def test_a_deep_link_shows_its_target_even_when_it_was_filtered_away(
    browser: Browser, files: Callable[[str], Path]
) -> None:
    claim = samples.five_claims().papers[0].claims[0]
    with opened(browser, files("five claims")) as page:
        page.get_by_role("button", name="pending 1").click()
        page.evaluate(f"location.hash = '{claim.expectations[1].anchor}'")
        page.locator(f"#{claim.expectations[1].anchor}").wait_for(state="visible")
        assert page.locator(f"#{claim.anchor}").is_visible()


def test_the_keyboard_comes_everywhere(browser: Browser, files: Callable[[str], Path]) -> None:
    with opened(browser, files("five claims")) as page:
        page.keyboard.press("Tab")
        skip = page.locator(".skip")
        assert skip.evaluate("one => one === document.activeElement")
        box = skip.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "_content"
        page.locator("main summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("main details").first.get_attribute("open") is not None
        unreached = "[...document.querySelectorAll('.scroller, pre')].filter(box => box.tabIndex < 0).length"
        assert page.evaluate(unreached) == 0
        outline = page.locator("main summary").first.evaluate("one => getComputedStyle(one).outlineStyle")
        assert outline == "solid"


def test_figures_follow_the_theme(browser: Browser, files: Callable[[str], Path]) -> None:
    colours: dict[str, list[str]] = {}
    for theme in ("light", "dark"):
        with opened(browser, files("five claims"), color_scheme=theme) as page:
            line, label = page.locator(".plot path[clip-path]").first, page.locator(".plot text").first
            colours[theme] = [
                line.evaluate("one => getComputedStyle(one).stroke"),
                label.evaluate("one => getComputedStyle(one).fill"),
                page.evaluate("getComputedStyle(document.body).backgroundColor"),
            ]
    assert all(light != dark for light, dark in zip(colours["light"], colours["dark"], strict=True))


def test_labels_of_a_figure_do_not_overlap(browser: Browser, files: Callable[[str], Path]) -> None:
    """What is looked at by eye for one report, is measured for all of them."""
    crossing = """[...document.querySelectorAll('.plot')].flatMap(plot => {
        const labels = [...plot.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()]);
        return labels.flatMap(([name, a], i) => labels.slice(i + 1).filter(([, b]) =>
            a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3
        ).map(([other]) => [name, other]));
    })"""
    for width in (360, 1280):
        with opened(browser, files("five claims"), viewport={"width": width, "height": 900}) as page:
            page.evaluate(OPEN_ALL)
            assert page.evaluate(crossing) == []


def test_paper_shows_claims_ledgers_controls_and_what_was_unfolded_and_cuts_no_table(
    browser: Browser, files: Callable[[str], Path]
) -> None:
    pages = []
    for script in ("", OPEN_ALL):
        with opened(browser, files("five claims"), viewport={"width": A4_WIDTH, "height": 900}) as page:
            page.evaluate(script)
            page.emulate_media(media="print")
            folded = page.locator("main details .folded")
            shown = folded.evaluate_all("all => all.filter(one => one.checkVisibility()).length")
            printed_anyway = page.locator(".claim .printed > .folded").count()
            assert printed_anyway >= 3 * len(samples.five_claims().papers)
            assert shown == (folded.count() if script else printed_anyway)
            assert page.locator(".claim .printed > .claim-body").count() == 5
            assert page.locator(".claim-body").evaluate_all("all => all.every(one => one.checkVisibility())")
            assert page.locator("main summary").first.is_visible()
            assert not page.locator(".ribbon").is_visible()
            page.set_viewport_size({"width": A4_PAGE, "height": 900})
            share = "head => head.offsetWidth / head.closest('table').offsetWidth"
            assert page.locator(".results thead th").first.evaluate(share) > 0.25, "room for what is claimed"
            page.set_viewport_size({"width": A4_WIDTH, "height": 900})
            cut = "all => all.filter(box => box.scrollWidth > box.clientWidth + 1).length"
            assert page.locator(".scroller, pre").evaluate_all(cut) == 0
            printed = page.pdf(format="A4")
            assert printed.startswith(b"%PDF")
            pages.append(len(re.findall(rb"/Type\s*/Page\b", printed)))
    assert 5 <= pages[0] < pages[1]


def test_the_first_screen_holds_all_of_five_claims_and_a_phones_one(
    browser: Browser, files: Callable[[str], Path]
) -> None:
    bottoms = "all => all.map(one => one.getBoundingClientRect().bottom)"
    for width, height, least in ((1280, 800, 5), (390, 844, 1)):
        with opened(browser, files("five claims"), viewport={"width": width, "height": height}) as page:
            found = page.locator(".result-row").evaluate_all(bottoms)
            assert sum(bottom <= height for bottom in found) >= least


def test_keys_and_arrows_go_from_claim_to_claim_and_the_ribbon_names_where(
    browser: Browser, files: Callable[[str], Path]
) -> None:
    claims = [claim for paper in samples.five_claims().papers for claim in paper.claims]
    unfolded = "all => all.filter(one => one.open).length"
    with opened(browser, files("five claims")) as page:
        here, boxes = page.locator("#_here"), page.locator(".claim > details")
        for claim in claims[:3]:
            page.keyboard.press("j")
            assert here.inner_text() == claim.title
            assert page.evaluate("decodeURIComponent(location.hash.slice(1))") == claim.anchor
            assert boxes.evaluate_all(unfolded) == 1, "what the keys unfolded they fold again"
        page.keyboard.press("[")
        assert here.inner_text() == claims[1].title
        assert page.locator(".side [aria-current]").inner_text() == claims[1].title
        page.get_by_role("link", name="Next claim").click()
        assert here.inner_text() == claims[2].title
        page.locator("#_filter input").focus()
        page.keyboard.press("k")
        assert page.locator("#_filter input").input_value() == "k", "who types goes nowhere"
        page.locator("#_filter input").fill("")
        page.locator("#_menu > summary").click()
        page.locator("#_keys").uncheck()
        page.keyboard.press("Escape")
        assert page.locator("#_menu").get_attribute("open") is None
        before = page.evaluate("location.hash")
        page.keyboard.press("j")
        assert page.evaluate("location.hash") == before, "keys can be turned off (WCAG 2.1.4)"


def test_a_list_of_claims_stands_at_the_side_of_wide_screens_and_as_contents_on_paper(
    browser: Browser, files: Callable[[str], Path]
) -> None:
    with opened(browser, files("five claims")) as page:
        side = page.locator(".side")
        for width, media, shown in (
            (1200, "screen", True),
            (1199, "screen", False),
            (A4_WIDTH, "print", True),
        ):
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(media=media)  # type: ignore[arg-type]
            assert side.is_visible() is shown
        assert side.locator("li").count() == 5
