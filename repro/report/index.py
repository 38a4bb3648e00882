"""A page that lists all reports of a folder, at whatever depth they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from repro.errors import ReproError, mistake
from repro.report.formats import FILES
from repro.report.html.pages import render_page
from repro.report.model import Report
from repro.report.model.loading import FILE, read_report
from repro.store.files import write_text

PAGE = "index.html"


@dataclass(frozen=True)
class ListedReport:
    """A report that was found, or what is wrong with it.

    Attributes:
        name: of its folder, relative to the index.
        link: the relative address of its page, or of its data where there is no page.
        report: None where it cannot be read.
        problems: why.
    """

    name: str
    link: str
    report: Report | None
    problems: tuple[str, ...] = ()


def find_reports(folder: Path) -> list[ListedReport]:
    """Return an entry for each `report.json` below `folder`, by path."""
    files = sorted(folder.glob(f"*/**/{FILE}"), key=lambda path: path.relative_to(folder).parts)
    return [_entry(path, folder) for path in files]


def _entry(path: Path, folder: Path) -> ListedReport:
    beside = path.with_name(FILES["html"])
    place = (beside if beside.is_file() else path).relative_to(folder).as_posix()
    name = path.parent.relative_to(folder).as_posix()
    try:
        return ListedReport(name, quote(place), read_report(path))
    except ReproError as error:
        problems = tuple(str(problem).replace(str(path), FILE) for problem in error.problems)
        return ListedReport(name, quote(place), None, problems)


def write_index(folder: Path) -> list[ListedReport]:
    """Write `folder`/index.html, a row for each report below; the same reports give the same bytes.

    Raises:
        ReproError: `folder` is no folder, or a report itself, whose page would be lost.
        OSError: the folder cannot be written.
    """
    if not folder.is_dir():
        raise mistake(str(folder), "there is no such folder", hint="name a folder with reports in it")
    if (folder / FILE).exists():
        raise mistake(
            str(folder), "is a report itself", hint=f"name the folder above it: {folder.absolute().parent}"
        )
    entries = find_reports(folder)
    write_text(folder / PAGE, render_page("index.html.jinja", entries=entries))
    return entries
