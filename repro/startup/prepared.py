"""What `repro list` tells of the shipped claims, prepared, so that their files are read without being parsed.

A line a file, of a paper or of a claim: its name, a checksum of its content, and what the list says of it, between
tabs. A line counts as long as its file is what it was; of any other file nothing is prepared. `python -m repro.cli`
writes the lines, and a test holds them against the files.
"""

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False  # typing's own takes longer to import than all else here
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FILE = "listing.tsv"
"""In the folder of the shipped claims."""


def checksum(content: bytes) -> str:
    """Return the CRC-32 of a text file, whose lines may end as git likes."""
    text = content.replace(b"\r\n", b"\n")
    return f"{zlib.crc32(text):08x}"


def read(folder: str) -> Mapping[tuple[str, str], Sequence[str]]:
    """Return name and checksum → what the list says, of a folder of claims; nothing where nothing is prepared."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8") as file:
            lines = [line.split("\t") for line in file.read().split("\n")]
    except (OSError, ValueError):
        return {}
    return {(name, check): fields for name, check, *fields in (line for line in lines if len(line) > 2)}


def written(rows: Iterable[Sequence[str]]) -> str:
    """Return lines: of each row the name, the checksum, and what the list says.

    Raises:
        ValueError: a field has a tab or a line's end.
    """
    rows = list(rows)
    if any(mark in field for row in rows for field in row for mark in "\t\r\n"):
        raise ValueError("a field has a tab or a line's end")
    return "".join("\t".join(row) + "\n" for row in rows)
