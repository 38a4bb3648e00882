"""`repro check` from Python: the command itself, quietly, and its report."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from repro.api.reports import Report, load


def check(
    *claims_named: str,
    claims: str | Path | None = None,
    scale: str | None = None,
    store: str | Path | None = None,
    out: str | Path | None = None,
    options: tuple[str, ...] = (),
) -> Report:
    """Train what is missing, judge, write the report, and return it, as ``repro check`` does.

    Args:
        claims_named: claims by id, by the beginning of one, a paper, or a file; none for all.
        claims: the folder of claims; the shipped ones if None. Its code is trusted, as the command trusts it.
        scale, store, out: as the command's options of the same names.
        options: further options of the command, such as ``("--seeds", "10")``.

    Raises:
        ReproError: what is wrong with what was asked, or with a claim file.
        RuntimeError: something failed to run; the report, which says what, is written all the same.
    """
    from repro.cli.check_command import command
    from repro.cli.writing import REPORTS

    given = {"--claims": claims, "--scale": scale, "--store": store, "--out": out}
    words = [*claims_named, "--quiet", "--json", *options]
    words += [word for name, value in given.items() if value is not None for word in (name, str(value))]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = command.main(words, prog_name="repro check", standalone_mode=False)
    scale_judged = _scale(said.getvalue())
    folder = Path(out) if out is not None else REPORTS / scale_judged
    if code == 3:
        raise RuntimeError(f"something failed to run; the report says what: repro.load({str(folder)!r})")
    return load(folder)


def _scale(text: str) -> str:
    """Return the scale of a report as JSON."""
    import json

    return str(json.loads(text)["scale"])
