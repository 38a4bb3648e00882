"""Text of strangers made harmless and visible.

Escaping markup is Jinja's work; here is what escaping leaves alone: control characters, which are invalid
in HTML or reorder what is read, and addresses, which may run code.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

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
