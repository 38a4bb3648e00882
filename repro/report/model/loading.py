"""`report.json` from disk: versions that this one can read, and everything that is wrong with one it cannot.

What is written here can be read here, whatever version wrote it. A field that an older version did not know takes
its default, which says "not told"; nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from repro.errors import Problem, ReproError, mistake
from repro.report.model import SCHEMA_VERSION, Report
from repro.report.model.safe_text import visible

FILE = "report.json"
OLDEST = 1
"""The first version that was written. Since then fields were only added, each with a default."""

_MOST_RECEIVED = 60


def read_report(path: Path) -> Report:
    """Return the report in `path`, a `report.json` or the folder it lies in, as one of the present version.

    Raises:
        ReproError: no such file, not JSON, written by a newer version, or not a report (every problem with its place).
    """
    file = path / FILE if path.is_dir() else path
    data = _json(file)
    version = data.get("schema_version") if isinstance(data, dict) else None
    if not isinstance(version, int) or isinstance(version, bool) or version < OLDEST:
        what = "is not a report: it does not say which version of the report format it has"
        raise mistake(str(file), what, version, f"reports are the {FILE} that `repro check` writes")
    if version > SCHEMA_VERSION:
        what = f"is a report of format {version}; this version of repro reads formats {OLDEST} to {SCHEMA_VERSION}"
        raise mistake(str(file), what, hint="bring repro up to date, or write the report again with this one")
    try:
        return Report.model_validate({**data, "schema_version": SCHEMA_VERSION})
    except ValidationError as error:
        raise ReproError(*_problems(file, error, version)) from None


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = f"name a {FILE}, or a folder that holds one"
        raise mistake(str(file), "there is no such report", hint=hint) from None
    except OSError as error:
        raise mistake(str(file), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise mistake(str(file), "is not a report: it is not text", hint=f"name a {FILE}") from None
    except json.JSONDecodeError as error:
        what = f"is not JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        raise mistake(str(file), what, hint="was it cut short? write the report again") from None
    except RecursionError:
        raise mistake(str(file), "is not a report: it is nested too deeply") from None


def _problems(file: Path, error: ValidationError, version: int) -> list[Problem]:
    written = "" if version == SCHEMA_VERSION else f" (written in format {version})"
    return [
        Problem(f"{file}: {_place(one['loc'])}", f"{one['msg'].lower()}{written}", _received(one))
        for one in error.errors(include_url=False)
    ]


def _place(location: Sequence[str | int]) -> str:
    """Return where in the file: "papers[0].claims[2].verdict"."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return visible(text.removeprefix(".")) or "the whole file"


def _received(one: Any) -> str | None:
    if one["type"] == "missing":
        return None
    text = repr(one["input"])
    return text if len(text) <= _MOST_RECEIVED else text[:_MOST_RECEIVED] + "…"
