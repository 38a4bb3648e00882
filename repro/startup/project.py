"""The user's project: what `[tool.repro]` in the `pyproject.toml` of the working folder sets."""

from __future__ import annotations

FILE = "pyproject.toml"

_MOST_BYTES = 1_000_000


def has_settings() -> bool:
    """Tell whether there is anything to be read; says so of some files in which there is not."""
    try:
        with open(FILE, "rb") as file:
            written = file.read(_MOST_BYTES).translate(None, b" \t\"'")
    except OSError:
        return False
    # However the table is written: as [tool.repro], within [tool], or inline.
    return any(form in written for form in (b"tool.repro", b"[tool]", b"tool="))


def settings() -> dict[str, object]:
    """Return the table as it stands; empty where there is none.

    Raises:
        ValueError: the file is no TOML, or the table is none.
    """
    import tomllib

    if not has_settings():
        return {}
    with open(FILE, "rb") as file:
        found = tomllib.loads(file.read(_MOST_BYTES).decode("utf-8-sig")).get("tool", {}).get("repro", {})
    if not isinstance(found, dict):
        raise ValueError("[tool.repro] is no table")
    return found
