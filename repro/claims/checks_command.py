"""What a schema cannot see of a claim by a command: what has no place beside it, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator

from repro.claims.cells import Cell, by_command, cells, place_of
from repro.claims.checks_columns import column_findings, target_findings
from repro.claims.commands import NOT_WITH_A_COMMAND, words_of
from repro.claims.findings import Finding, known
from repro.claims.schema import ClaimFile
from repro.claims.schema_command import Process
from repro.command_spec import placeholders
from repro.errors import suggestion
from repro.registry import Names


def command_findings(file: ClaimFile, names: Names) -> Iterator[Finding]:
    """Find what has no place beside a command, names that refer to nothing, and scripts that are not there."""
    experiment, process = file.experiment, file.experiment.process
    own = [cell for cell in cells(file) if by_command(file, cell)]
    if not own:
        if process is not None:
            yield (
                "experiment.process",
                "is of a command, and none is given",
                None,
                "set `command`, or remove it",
            )
        if file.tune is not None and file.tune.over:
            yield "tune.over", "is of a command's placeholders", None, "use `lr`"
        return
    hint = "remove it: the command trains"
    for key in NOT_WITH_A_COMMAND:
        if key in experiment.model_fields_set:
            yield f"experiment.{key}", "is of runs that are trained here", None, hint
    if experiment.seeds.allowance_seconds is not None:
        what = "what a command's runs cost is not known beforehand"
        yield (
            "experiment.seeds.allowance_seconds",
            what,
            None,
            "remove it; --seeds and --budget go on to further looks",
        )
    for name, arm in file.arms.items():
        if arm.spec:
            what = "is of a net that is built here, and a command builds its own"
            yield f"arms.{name}.spec", what, None, "remove it"
    for cell in own:
        yield from _cell(file, cell, names)
    used = {name for cell in own for name in placeholders(words_of(experiment, cell.settings) or [])}
    for key in sorted(experiment.options.keys() - used):
        what = f"does nothing: no command has a placeholder {{{key}}}"
        yield f"experiment.options.{key}", what, None, suggestion(key, used)
    if process is not None:
        yield from _process(file, process)


def _cell(file: ClaimFile, cell: Cell, names: Names) -> Iterator[Finding]:
    for key in NOT_WITH_A_COMMAND:
        if key in cell.settings:
            yield (
                place_of(file, cell, key),
                "is of runs that are trained here",
                None,
                "remove it: the command trains",
            )
    words, process = words_of(file.experiment, cell.settings), file.experiment.process
    if words is None or process is None or names.root is None:
        return
    folder = names.root / process.folder
    for word in words:
        if word.endswith(".py") and "{" not in word and folder.is_dir() and not (folder / word).is_file():
            near = suggestion(word, [path.name for path in folder.glob("*.py")])
            what = f"no such file in the working folder {process.folder!r} of the claims folder"
            yield place_of(file, cell, "command"), what, repr(word), near


def _process(file: ClaimFile, process: Process) -> Iterator[Finding]:
    for arm in process.deterministic:
        yield from known("experiment.process.deterministic", "arm", arm, file.arms)
    if process.stop is not None:
        place, stop = "experiment.process.stop", process.stop
        yield from known(f"{place}.of", "column", stop.of, process.columns)
        column = process.columns.get(stop.of)
        if column is not None:
            yield from target_findings(place, stop.of, column, stop.at_most, stop.at_least)
    for name, column in process.columns.items():
        if name.endswith("error") and not column.share:
            place = f"experiment.process.columns.{name}"
            hint = f'call it otherwise, such as {{ column = "{process.written(name)}", unit = "number", … }}'
            yield place, "an error is a fraction here, and this is a number", None, hint
    yield from column_findings(file, "experiment.process", steps=True)
