"""A real browser for pages, and what it must not find on them."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The tests look at one local file: a browser that phones home would only add noise.
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OPEN_ALL = "document.querySelectorAll('details').forEach(box => box.open = true)"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _missing(what: str) -> NoReturn:
    """Skip with a reason; in CI a missing browser is a failure, else nobody would notice."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI never skips the browser tests")
    pytest.skip(f"{what} is missing: this check of the page needs it")


def _chromium() -> str:
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome")]
    path = os.environ.get("REPRO_CHROMIUM") or next((path for path in found if path), None)
    return path or _missing("Chromium (a package of the system, or a path in REPRO_CHROMIUM)")


@contextmanager
def launched() -> Iterator[Browser]:
    executable = _chromium()
    if importlib.util.find_spec("playwright") is None:
        _missing("the Python package playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=QUIET, chromium_sandbox=False)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, **options: Any) -> Iterator[Page]:
    """Open a page; at the end fail on any complaint of the browser and on any request but the page itself."""
    complaints: list[str] = []
    requests: list[str] = []
    settings: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, **options}
    context = browser.new_context(**settings)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("data:", path.as_uri()))] == []


def axe_violations(page: Page) -> list[tuple[str, list[Any]]]:
    """Return the rules of WCAG that axe finds broken, and where."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        _missing("the Python package axe-playwright-python")
    page.evaluate((Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    # All rules are tried; what passes is not listed element by element, as nobody reads it here.
    violations = page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations]
