"""Files of a claims folder: which of them count, and their text. A folder may come from anybody."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from repro.errors import Problem, ReproError, mistake

MOST_BYTES = 1 << 20
"""Of a claim file; the longest shipped one has 17 kB."""

MOST_BYTES_OF_CURVES = 16 << 20
"""Of a CSV file of reference curves."""

_OTHER_ENCODINGS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


def read_text(path: Path, most_bytes: int = MOST_BYTES) -> str:
    """Return a file's text, without the byte order mark that some editors put first.

    Raises:
        ReproError: it is missing, no ordinary file (a device, a pipe, a folder), too large, or not UTF-8.
    """
    where = str(path)
    try:
        if not path.exists():
            hint = "every paper's folder has a paper.toml; see CONTRIBUTING.md"
            link = path.is_symlink()
            raise mistake(
                where, "is a link to nothing" if link else "is missing", hint=None if link else hint
            )
        if not path.is_file():
            raise mistake(where, "is no ordinary file", hint="put the text itself there")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise mistake(where, f"cannot be read: {error.strerror or error}") from None
    if len(content) > most_bytes:
        raise mistake(where, f"is too large: more than {most_bytes:,} bytes", hint="is it the right file?")
    for mark, name in _OTHER_ENCODINGS.items():
        if content.startswith(mark):
            raise mistake(where, f"is in {name}, by its byte order mark", hint="save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise mistake(
            where, f"cannot be read as UTF-8: line {line}: {error.reason}", hint="save it as UTF-8"
        ) from None
    return text.replace("\r\n", "\n")


def paper_folders(root: Path) -> Iterator[Path]:
    """Yield the folders of papers below a claims folder, in order of name; hidden ones are passed over.

    Raises:
        ReproError: the folder cannot be read, or a name has control characters.
    """
    yield from (path for path in _listed(root) if path.is_dir() or (path.is_symlink() and not path.exists()))


def toml_files(folder: Path) -> list[Path]:
    """Return the files of a paper whose names end in .toml; those of editors and file managers are passed over.

    Raises:
        ReproError: as :func:`paper_folders`.
    """
    return [path for path in _listed(folder) if path.name.endswith(".toml")]


def _listed(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise mistake(str(folder), f"cannot be read: {error.strerror or error}") from None
    odd = [path for path in found if not path.name.isprintable() or path.name.startswith("-")]
    if odd:
        what, hint = (
            "has a name that cannot be printed, or is an option",
            "rename it: letters, digits, dashes",
        )
        raise ReproError(*(Problem(repr(str(path)), what, None, hint) for path in odd))
    yield from found


def beside(claim: Path, name: str, root: Path | None) -> Path:
    """Return the file that a claim names, which lies in the claims folder.

    Raises:
        ReproError: the name leads out of it.
    """
    path = claim.parent / name
    if leads_out(name) or (root is not None and not path.resolve().is_relative_to(root.resolve())):
        raise mistake(name, "lies outside of the claims folder", hint="put it beside the claim file")
    return path


def leads_out(name: str) -> bool:
    """Tell whether a file's name is absolute or climbs out of its folder."""
    parts = [*PurePosixPath(name).parts, *PureWindowsPath(name).parts]
    absolute = PurePosixPath(name).is_absolute() or bool(PureWindowsPath(name).anchor)
    return absolute or ".." in parts or "\0" in name
