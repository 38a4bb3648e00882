"""Typography of prose: signs as a compositor sets them, where people wrote what a keyboard has.

Only in what is read: identifiers, code, commands and data keep every sign.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from markupsafe import Markup, escape

from repro.report.model import Data
from repro.report.model.safe_text import visible

PROSE = frozenset(
    {
        "alt",
        "ambiguities",
        "caption",
        "compatibility",
        "convention",
        "coverage",
        "because",
        "brief",
        "difference",
        "direction",
        "estimate_text",
        "estimates",
        "interval_notes",
        "known_beforehand",
        "label",
        "net",
        "no_control",
        "note",
        "notes",
        "ours",
        "paper",
        "quote",
        "reasons",
        "region",
        "reported",
        "reported_note",
        "resolves",
        "robustness_note",
        "sampling_note",
        "says",
        "sentence",
        "settles",
        "source",
        "statement",
        "text",
        "title",
        "unknown",
        "why",
    }
)
"""Fields of a report that hold text for people, whatever holds them."""

KEPT = frozenset({"runs", "criteria", "panels", "machines", "datasets"})
"""Fields that hold data, and hold no prose that is worth the walk."""

_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)|(?<=s)'(?=[\s.,;:)])")
_MINUS = re.compile(r"(?<![\w.−\-])-(?=\d)")
_POWER = re.compile(r"\b10\^(-?\d+)")
_EXPONENT = re.compile(r"(?<![\w.−-])(\d(?:\.\d+)?)e([+-]?\d+)\b")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CODE = re.compile(r"`([^`\n]+)`")

Model = TypeVar("Model", bound=Data)


def typeset(data: Model) -> Model:
    """Return a report, or a part of one, with apostrophes, minus signs and powers of ten set in all of its prose.

    What stands between backticks is code, and is left as it is.
    """
    changed = {
        name: _field(name, getattr(data, name)) for name in type(data).model_fields if name not in KEPT
    }
    return data.model_copy(update=changed)


def prose(text: str) -> Markup:
    """Return text as it is shown, with what stands between backticks as code; everything else is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(visible(text)))))


def _field(name: str, value: Any) -> Any:
    if isinstance(value, Data):
        return typeset(value)
    if isinstance(value, list):
        return [_field(name, item) for item in value]
    return _set(value) if isinstance(value, str) and name in PROSE else value


def _set(text: str) -> str:
    pieces = re.split(r"(`[^`\n]*`)", text)
    return "".join(piece if piece.startswith("`") else _signs(piece) for piece in pieces)


def _signs(text: str) -> str:
    text = _APOSTROPHE.sub("’", text)
    text = _POWER.sub(lambda match: "10" + match[1].translate(_SUPERSCRIPT), text)
    text = _EXPONENT.sub(_power_of_ten, text)
    return _MINUS.sub("−", text)


def _power_of_ten(match: re.Match[str]) -> str:
    """Return "10⁻¹⁵" for 1e-15 and "2.5·10⁻³" for 2.5e-3."""
    power = "10" + str(int(match[2])).translate(_SUPERSCRIPT)
    return power if match[1] == "1" else f"{match[1]}·{power}"
