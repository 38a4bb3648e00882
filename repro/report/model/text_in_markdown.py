"""Text of strangers as Markdown that shows exactly this text, and does nothing else wherever it is rendered."""

from __future__ import annotations

import re

from repro.report.model.safe_text import visible

# Whatever opens a span, link, tag, table cell, formula or escape somewhere. As entities these are text in Markdown
# and in HTML alike: a backslash would do in the first only.
_MARKUP = re.compile(r"[&<>\\`*_\[\]|~$^]")
# What may open a block where a line begins: headings, rules, lists, quotes, underlines of headings.
_BLOCK = re.compile(r"^([#+=:-]|[0-9]+(?=[.)](\s|$)))")
# What hosts of code turn into links and pictures after rendering, when entities are text again: mentions, issues,
# addresses, emoji names. An invisible space (U+200B) after the sign breaks them, as dependency bots do.
_LINKED = re.compile(r"@(?=\w)|#(?=\w)|:(?=//)|:(?=[\w+-]+:)|\bwww(?=\.)|\bGH(?=-[0-9])", re.IGNORECASE)


def plain(text: str) -> str:
    """Return text of strangers as Markdown of one line that shows exactly this text and does nothing else."""
    line = " ".join(visible(text).split())
    linkless = _LINKED.sub(lambda match: f"{match[0]}\u200b", line)
    escaped = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", linkless)
    return _BLOCK.sub(_entities, escaped).replace("\u200b", "&#8203;")


def _entities(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(sign)};" for sign in match[0])


def in_link(address: str) -> str:
    """Return an address as it may stand between the angle brackets of a link."""
    return "".join(f"%{ord(sign):02X}" if sign in "<>\\&`|" else sign for sign in address)
