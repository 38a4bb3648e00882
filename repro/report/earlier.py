"""What an earlier report left in a folder: it is never lost, and no file of it grows stale beside a newer page.

A report only grows: what the one before it in the same folder had stays in it, judged anew from the store (`claims_of`
says what that is). Where the new one says less all the same, because it is of another scale, of other claims, or of
another store, the one before is set aside. Files of further formats that lie there are written again, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from repro.report.crate import TOOL
from repro.report.formats import FILES, METRICS, Format
from repro.report.model import Report
from repro.store import files

ASIDE = "earlier"

_MARKS: dict[Format, str] = {
    "html": '<meta name="generator" content="repro ',
    "json": '"tool_version":',
    "csv": "claim,expectation,role,",
    "markdown": "\nMade by repro ",
    "junit": '<testsuites name="repro, ',
    "badge": "<!-- Made by repro -->",
    "ro-crate": f'"@id": "{TOOL}"',
    "summary": 'class="repro-summary"',
}
"""What tells our files from those of others that happen to have their names."""


@dataclass(frozen=True)
class Earlier:
    """The report that lies in a folder; of no claims where none does.

    Attributes:
        scale: of the report.
        claims: id → whether it was judged.
    """

    scale: str = ""
    claims: dict[str, bool] = field(default_factory=dict)

    def says_more_than(self, report: Report) -> bool:
        """Tell whether something would be lost where `report` took this one's place."""
        now = {
            claim.id: claim.verdict.result is not None for paper in report.papers for claim in paper.claims
        }
        other = bool(self.claims) and self.scale != report.scale
        return other or any(
            name not in now or (judged and not now[name]) for name, judged in self.claims.items()
        )


def earlier(folder: Path) -> Earlier:
    """Return what the report in `folder` is of, as far as its `report.json` tells."""
    try:
        content = files.parsed((folder / FILES["json"]).read_bytes())
        claims = {
            str(claim["id"]): claim["verdict"]["result"] is not None
            for paper in content["papers"]
            for claim in paper["claims"]
        }
        return Earlier(str(content["scale"]), claims)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Earlier()


def forms_there(folder: Path) -> list[Format]:
    """Return the formats of which a file of ours lies in `folder`."""
    return [form for form, mark in _MARKS.items() if mark in _content(folder / FILES[form])]


def set_aside(folder: Path) -> Path:
    """Move the files of the report in `folder` into a folder of their own below it, and return that.

    Raises:
        OSError: they cannot be moved.
    """
    numbers = (number for number in range(1, 1_000_000) if not (folder / f"{ASIDE}-{number}").exists())
    target = folder / f"{ASIDE}-{next(numbers)}"
    target.mkdir()
    for path in _files(folder):
        path.rename(target / path.name)
    return target


def _files(folder: Path) -> Iterator[Path]:
    forms = forms_there(folder)
    yield from (folder / FILES[form] for form in forms)
    if "csv" in forms and (folder / METRICS).is_file():
        yield folder / METRICS


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
