"""Report → a badge (SVG) for a README: how many claims ended how, at which scale.

It counts and does not rate: there is no colour for good, since a claim that does not hold is nobody's failure.
Words are those of a scale below the paper's, which are the weaker ones, at every scale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape

from repro.report.model import Report, Result
from repro.report.model.safe_text import visible
from repro.report.wording.text import plural

_WORDS: Mapping[Result | None, str] = {
    "supported": "hold",
    "refuted": "do not hold",
    "inconclusive": "undecided",
    None: "not judged",
}

_SIGN_WIDTH = 6.6
"""Of an average sign of Verdana at 11 px, a little more than it takes: text is fitted to it."""

_PADDING = 8


def to_badge(report: Report) -> str:
    """Return `report` as a badge; the same report gives the same bytes."""
    claims = [claim for paper in report.papers for claim in paper.claims]
    ended = Counter(claim.verdict.result for claim in claims)
    label = visible(f"{plural(len(claims), 'claim')}, {report.scale} scale")
    message = " · ".join(f"{ended[result]} {word}" for result, word in _WORDS.items() if ended[result])
    return _svg(label, message or "none")


def _svg(label: str, message: str) -> str:
    left, right = (round(len(text) * _SIGN_WIDTH) for text in (label, message))
    first, whole = left + 2 * _PADDING, left + right + 4 * _PADDING
    said = escape(f"{label}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{said}">\n'
        f"<!-- Made by repro -->\n<title>{said}</title>\n"
        f'<rect width="{whole}" height="20" rx="3" fill="#2a5d8f"/>\n'
        f'<path d="M3 0h{first - 3}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\n'
        f'<text x="{_PADDING}" y="14" textLength="{left}">{escape(label)}</text>\n'
        f'<text x="{first + _PADDING}" y="14" textLength="{right}">{escape(message)}</text>\n'
        "</g>\n</svg>\n"
    )
