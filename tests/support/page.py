"""A page of HTML to look into, and the pages of the sample reports."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser

from repro.report.html.render import render_html
from repro.report.model import Report
from tests.support import drawings
from tests.support import report_samples as samples

VOID = {"meta", "link", "br", "img", "hr", "input"}
SAMPLES: dict[str, Callable[[], Report]] = {
    "five claims": samples.five_claims,
    "stand-in": samples.stand_in,
    "none judged": samples.none_judged,
    "all failed": samples.all_failed,
    "many claims": lambda: samples.many_claims(12, runs_each=4),
    "hostile": samples.hostile,
    "empty": lambda: samples.report([]),
}


class Page(HTMLParser):
    """Elements, texts and headings of a page; a tag that does not match is an error."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}: {names}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> where another element is open"

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    def text(self) -> str:
        return "".join(data for tag, data in self.texts if tag not in {"style", "script"})


LARGE: dict[str, Callable[[], Report]] = {"sixty claims": samples.many_claims}
"""Not looked through by every test."""


def rendered(report: Report) -> str:
    """Return the page of a report; `tests/report/test_drawn.py` holds kept drawings against those drawn anew."""
    return render_html(report, kept=drawings.kept())


@cache
def html(name: str) -> str:
    """Return the page of a sample."""
    return rendered((SAMPLES | LARGE)[name]())
