"""A Python file → a hash of what it says: of its tokens, without comments, layout and line endings.

Tokens rather than bytecode or syntax trees, since those change with the version of Python. Where versions of Python cut
a text into tokens differently, the text itself is taken: an f-string is one token before Python 3.12 and many since.
"""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Iterator

_UNSEEN = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER})
_SHAPE = {tokenize.NEWLINE: "end of line", tokenize.INDENT: "indent", tokenize.DEDENT: "dedent"}
"""Tokens that stand for the structure of blocks: that they are there counts, and not how they are written."""

_OPENING = frozenset(
    getattr(tokenize, name) for name in ("FSTRING_START", "TSTRING_START") if hasattr(tokenize, name)
)
_CLOSING = frozenset(
    getattr(tokenize, name) for name in ("FSTRING_END", "TSTRING_END") if hasattr(tokenize, name)
)


def text_of(content: bytes) -> str:
    """Return a source file's text with line feeds as line ends; a byte order mark and the encoding line are obeyed.

    Raises:
        SyntaxError, UnicodeDecodeError: it is no text in the encoding that it names.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def digest(text: str) -> str:
    """Return 64 hexadecimal digits that are the same for texts that differ in comments and layout only.

    Args:
        text: source that Python can parse, with line feeds as line ends.
    """
    combined = hashlib.sha256()
    for token in _tokens(text):
        combined.update(f"{len(token)} {token}\n".encode("utf-8", "surrogatepass"))
    return combined.hexdigest()


def _tokens(text: str) -> Iterator[str]:
    lines = io.StringIO(text).readlines()
    begun: list[tuple[int, int]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in _OPENING:
            begun.append(token.start)
        elif token.type in _CLOSING:
            start = begun.pop()
            if not begun:
                yield f"text {_between(lines, start, token.end)}"
        elif not begun and token.type not in _UNSEEN:
            shape = _SHAPE.get(token.type)
            yield shape if shape is not None else f"text {token.string}"


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """Return the source from one (line, column) to another, lines counted from 1."""
    first, last = lines[start[0] - 1], lines[end[0] - 1]
    if start[0] == end[0]:
        return first[start[1] : end[1]]
    return "".join([first[start[1] :], *lines[start[0] : end[0] - 1], last[: end[1]]])
