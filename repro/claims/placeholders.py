"""Placeholders of `repro new` that are still in a file: a sentence that nobody wrote must not reach a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from repro.errors import Problem

MARK = "TODO"
"""What a placeholder begins with."""

_EARLIER = frozenset(
    {
        "State the claim in one sentence, so that it can turn out false.",
        "What a fair reader must know.",
        "What the paper's words leave open, and what you chose.",
        "Say why this bar and no other.",
        "Title of the paper",
        "First Author",
        "arXiv:0000.00000",
    }
)
"""Those of files that earlier versions wrote."""


def placeholders(data: object, place: str = "") -> Iterator[Problem]:
    """Return a problem for each text in plain data that is still a placeholder."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from placeholders(value, f"{place}.{key}" if place else str(key))
    elif isinstance(data, list):
        for value in data:
            yield from placeholders(value, place)
    elif isinstance(data, str) and (data.startswith(MARK) or data in _EARLIER):
        yield Problem(place, "is a placeholder", repr(data), "write it in your own words, or remove the line")
