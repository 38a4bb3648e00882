"""Text of strangers made harmless and visible, and a few words for numbers.

Escaping markup is Jinja's work; here is what escaping leaves alone: control characters, which are invalid
in HTML or reorder what is read, and addresses, which may run code.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from repro.report.model import Cost

# C0 and C1 controls except tab and line feed; bidirectional overrides and isolates, which let text pretend
# to be other text; lone surrogates, which cannot be encoded; noncharacters, which HTML forbids
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff"
    "\U0001fffe\U0001ffff\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Return `text` with every control character replaced by a sign that stands for it."""
    return _UNSEEN.sub(lambda match: _sign(ord(match[0])), text.replace("\r\n", "\n"))


def _sign(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"[U+{code:04X}]"


def web_address(url: str | None) -> str | None:
    """Return `url` if a reader can follow it without harm: http or https, with a host, nothing hidden."""
    if url is None or url != visible(url) or re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and host else None


def duration(seconds: float) -> str:
    """Return `seconds` as people say it: "48 s", "3 min 05 s", "2 h 10 min"."""
    if seconds < 1:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def percent(level: float) -> str:
    """Return a level of confidence in percent: "95%", "98.33%"."""
    return f"{100 * level:.4g}%"


def cost(found: Cost) -> str:
    """Say what runs took beside what was predicted for them beforehand."""
    took = f"{plural(found.runs, 'run')} took {duration(found.wall_seconds)}."
    if found.predicted_runs == 0:
        return f"{took} What was predicted beforehand is unknown." if found.runs else took
    predicted = duration(found.predicted_seconds)
    if found.predicted_runs == found.runs:
        return f"{took} Predicted beforehand: {predicted}."
    actual = duration(found.predicted_took_seconds)
    return (
        f"{took} Predicted beforehand for {found.predicted_runs:,} of them: {predicted}; these took {actual}."
    )


def plural(count: int, singular: str, more: str | None = None) -> str:
    """Return "1 claim", "2 claims"."""
    return f"{count:,} {singular if count == 1 else more or singular + 's'}"
