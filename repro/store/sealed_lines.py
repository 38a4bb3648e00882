"""The hash chain of a ledger: a file of JSON lines that is only ever appended to.

Each line is sealed over the one before it, so that a line that is changed, taken out or put between shows; the last
seal is kept in `store.json`, too, so that lines missing at the end do. Lines of earlier versions have no seal of their
own; the first that has covers them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from repro.store.files import as_text

FIRST = ""
"""What the first line is sealed over."""


@dataclass(frozen=True)
class Line:
    """A line of a ledger.

    Attributes:
        number: from 1.
        content: what it says; None where it cannot be read.
        seal: what the next line is sealed over.
        wrong: what is the matter with it, as the rest of a sentence.
    """

    number: int
    content: dict[str, Any] | None
    seal: str
    wrong: str | None = None


def read(text: bytes) -> Iterator[Line]:
    """Yield the lines of a ledger's bytes; empty ones are none."""
    before = FIRST
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            found = _line(number, line, before)
            before = found.seal
            yield found


def sealed(content: Mapping[str, Any], before: str) -> tuple[bytes, str]:
    """Return a line, without its end, that follows the seal `before`, and its own seal."""
    plain = json.loads(json.dumps(content))
    seal = _seal(plain, before)
    return json.dumps({"seal": seal, "content": plain}).encode(), seal


def _line(number: int, line: bytes, before: str) -> Line:
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        return Line(number, None, _sha256(before.encode() + line), "cannot be read")
    if parsed.keys() != {"seal", "content"}:
        return Line(number, parsed, _sha256(before.encode() + line))
    content, seal = parsed["content"], parsed["seal"]
    if not isinstance(content, dict) or not isinstance(seal, str):
        return Line(number, None, _sha256(before.encode() + line), "cannot be read")
    wrong = "is not as it was written, or does not follow the line before it"
    return Line(number, content, seal, None if seal == _seal(content, before) else wrong)


def _seal(content: object, before: str) -> str:
    return _sha256(f"{before}\n{as_text(content)}".encode())


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
