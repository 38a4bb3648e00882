"""How to cite a paper, and the tool: entries for BibTeX."""

from __future__ import annotations

import re

from repro.report.model import PaperReport
from repro.report.model.safe_text import web_address

_SPECIAL = re.compile(r"([&%$#_])")


def bibtex(paper: PaperReport) -> str:
    """Return `paper` as a BibTeX entry; double braces keep the title's capitals."""
    fields = {
        "title": "{" + _safe(paper.title) + "}",
        "author": " and ".join(_safe(author) for author in paper.authors),
        "howpublished": _safe(paper.venue),
        "year": str(paper.year),
        "note": _safe(paper.identifier),
        "url": web_address(paper.url),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{_key(paper.bibtex_key)},", *lines, "}"])


def tool_bibtex(version: str) -> str:
    """Return an entry for this tool, as CITATION.cff has it, in the version that made a report."""
    fields = {
        "title": "{repro: does this paper's claim hold?}",
        "author": "{The repro founders}",
        "version": _safe(version),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join(["@software{repro,", *lines, "}"])


def _safe(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.replace("{", "(").replace("}", ")").split()))


def _key(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9:._-]", "", text) or "paper"
