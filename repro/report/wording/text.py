"""A few words for numbers, on the command line and in reports: durations, shares, counts."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.report.model import Span


def duration(seconds: float, *, roughly: bool = False) -> str:
    """Return `seconds` as people say it: "48 s", "3 min 05 s", "2 h 10 min".

    `roughly`, where it is a prediction, in one unit: "48 s", "3 min", "2.2 h", "4 days", "8 years".
    """
    if roughly:
        return _roughly(seconds)
    if seconds < 1:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def _roughly(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 72 * 3600:
        return f"{seconds / 3600:.1f} h"
    if seconds < 3 * 365 * 86400:
        return f"{seconds / 86400:.0f} days"
    return f"{seconds / (365 * 86400):.0f} years"


def percent(level: float) -> str:
    """Return a level of confidence in percent: "95%", "98.33%"."""
    return f"{100 * level:.4g}%"


def plural(count: int, singular: str, more: str | None = None) -> str:
    """Return "1 claim", "2 claims"."""
    return f"{count:,} {singular if count == 1 else more or singular + 's'}"


def all_of(count: int) -> str:
    """Return "Both", "All 3"."""
    return "Both" if count == 2 else f"All {count}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day(stamp: str) -> str:
    """Return the day of a time in ISO 8601 as "25 November 2026"; what is none, as it stands."""
    try:
        found = datetime.date.fromisoformat(stamp[:10])
    except ValueError:
        return stamp
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def moment(stamp: str) -> str:
    """Return a time in ISO 8601 (UTC) as "25 November 2026, 14:05 UTC"; what is none, as it stands."""
    found = re.fullmatch(r"\d{4}-\d\d-\d\dT(\d\d:\d\d):\d\d(?:\.\d+)?Z", stamp)
    return f"{day(stamp)}, {found[1]} UTC" if found else stamp


def period(span: Span) -> str:
    """Return the days of a span: "25 November 2026", or "24 November 2026 to 2 December 2026"."""
    first, last = day(span.first), day(span.last)
    return first if first == last else f"{first} to {last}"
