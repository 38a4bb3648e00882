"""A command of a claim file → the run that a cell and a seed make of it, and how it is treated while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from repro.claims.cells import Cell
from repro.claims.schema import ClaimFile, Experiment
from repro.claims.schema_command import Process
from repro.command_spec import AT_RUN, CommandSpec, Conduct, FilesSpec, Reads, placeholders
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.registry import Names
from repro.source_code import Code, files_of_command, is_environment
from repro.spec import Until

NOT_WITH_A_COMMAND = ("model", "dataset", "precision", "compiled", "recipe")
"""What is trained here, and has no place beside a command."""

SOURCE = "experiment.process"


def words_of(experiment: Experiment, settings: Mapping[str, Any]) -> list[str] | None:
    """Return the command of a cell: its own, or that of all; None where the cell is trained here."""
    own = settings.get("command", experiment.command)
    return own if isinstance(own, list) and own and all(isinstance(word, str) for word in own) else None


def command_spec(
    experiment: Experiment,
    settings: Mapping[str, Any],
    seed: int,
    names: Names,
    tuned: Mapping[str, float],
    place: Callable[[str], str],
) -> CommandSpec:
    """Return the run of a cell by its command.

    Args:
        experiment: of the claim.
        settings: what arm and levels set.
        seed: of the run.
        names: what names in the claims folder stand for.
        tuned: placeholder → the value that was chosen for it.
        place: setting → where the claim file has it.

    Raises:
        ReproError: a command or a placeholder that is none, or files that are not there; all problems at once.
    """
    words, process = words_of(experiment, settings), experiment.process
    if words is None or process is None:
        raise ReproError(*_incomplete(experiment, settings, place))
    own = {key: value for key, value in settings.items() if key != "command"} | dict(tuned)
    values = experiment.options | own
    problems = [*_wrong_values(values, place), *_unknown(words, process, own, values, place)]
    if problems:
        raise ReproError(*problems)
    return CommandSpec(
        words=(_first_word(words[0], process, names), *words[1:]),
        values={name: values[name] for name in placeholders(words) if name not in AT_RUN},
        folder=process.folder,
        environment=process.environment,
        files=FilesSpec(program_of(words), files_of(words, process, names).version),
        reads=Reads(process.metrics, process.step, process.epoch),
        seed=seed,
        stop_at=None
        if process.stop is None
        else until(process, Until(process.stop.of, process.stop.at_most, at_least=process.stop.at_least)),
    )


def _first_word(program: str, process: Process, names: Names) -> str:
    """Return the program as the run's key has it: the name of one that is part of the environment, not its place."""
    folder = _folder(process, names)
    return Path(program).name if is_environment(program, folder, names.root) else program


def _folder(process: Process, names: Names) -> Path:
    if names.root is None:
        hint = "name the folder with --claims DIR"
        raise mistake(SOURCE, "a command lies in a claims folder", process.folder, hint)
    return (names.root / process.folder).resolve()


def files_of(words: list[str], process: Process, names: Names) -> Code:
    """Return the files that a command's runs rest on, as they lie there now; raises as `files_of_command`."""
    folder = _folder(process, names)
    root = None if names.root is None else names.root.resolve()
    return files_of_command(words, folder, process.inputs, SOURCE, root)


def program_of(words: Iterable[str]) -> str:
    """Return what people call a command: the script that it names, the module after -m, or the program."""
    words = list(words)
    if "-m" in words[1:-1]:
        return words[words.index("-m") + 1]
    plain = [word for word in words[1:] if "{" not in word and not word.startswith("-")]
    return next((word for word in plain if "." in word), words[0]).rsplit("/", 1)[-1]


def until(process: Process, target: Until) -> Until:
    """Return a target, of a column that the claim declares, by the name and in the unit in which it is written."""
    scale = process.columns[target.column].scale
    # To twelve digits, so that 0.7 is 70 percent, and not a rounding error more.
    at_most, at_least = (
        None if bar is None else float(f"{bar / scale:.12g}") for bar in (target.at_most, target.at_least)
    )
    return replace(target, column=process.written(target.column), at_most=at_most, at_least=at_least)


def conduct(file: ClaimFile, cell: Cell, spec: CommandSpec) -> Conduct:
    """Return how the runs of a cell are treated: what they must write is what the claim reads of them."""
    process = file.experiment.process
    words = words_of(file.experiment, cell.settings)
    assert process is not None, "checked when the file was read"
    assert words is not None, "a cell by a command"
    read = {
        process.written(column)
        for metric in file.metrics.values()
        if metric.from_history and (metric.arms is None or cell.arm in metric.arms)
        for column in (metric.of, metric.minus)
        if column in process.columns
    }
    steps = spec.values.get(process.steps) if isinstance(process.steps, str) else process.steps
    return Conduct(
        columns=tuple(sorted(read)),
        shares={
            process.written(name): 1 / column.scale
            for name, column in process.columns.items()
            if column.share
        },
        accuracies=tuple(
            process.written(name)
            for name, column in process.columns.items()
            if column.unit == "percent" and column.better == "higher"
        ),
        inputs=tuple(process.inputs),
        time_limit_seconds=process.time_limit_seconds,
        resume=None if process.resume is None else tuple(process.resume),
        resume_needs=process.resume_needs,
        steps=steps,
        diverges=process.nan == "diverged",
        at_once=process.at_once,
        takes_seconds=process.takes_seconds,
        program=None if words[0] == spec.words[0] else words[0],
    )


def _incomplete(
    experiment: Experiment, settings: Mapping[str, Any], place: Callable[[str], str]
) -> Iterator[Problem]:
    own = settings.get("command", experiment.command)
    if own is not None and words_of(experiment, settings) is None:
        hint = 'such as ["python", "train.py", "--seed", "{seed}"]'
        yield Problem(place("command"), "is no list of words", repr(own), hint)
    if own is None:
        yield Problem("experiment.command", "no command is given", None, "set `command` here or in each arm")
    if experiment.process is None:
        hint = "[experiment.process] says where the command writes what it measures, and in which columns"
        yield Problem("experiment.process", "is missing", None, hint)


def _wrong_values(values: Mapping[str, Any], place: Callable[[str], str]) -> Iterator[Problem]:
    for name, value in values.items():
        one = isinstance(value, str | int | float)
        if not one and not (isinstance(value, list) and all(isinstance(v, str | int | float) for v in value)):
            yield Problem(
                place(name), "is no value for a command", repr(value), "give a text, a number, or a list"
            )


def _unknown(
    words: list[str],
    process: Process,
    own: Mapping[str, Any],
    values: Mapping[str, Any],
    place: Callable[[str], str],
) -> Iterator[Problem]:
    """Find placeholders without a value, a cell's own values without one, and what a run cannot do without."""
    used = placeholders(words)
    at = place("command")
    resume = placeholders(process.resume or [])
    for name in used:
        if name not in values and name not in AT_RUN:
            what = f"nothing sets the placeholder {{{name}}}"
            near = suggestion(name, [*values, *AT_RUN])
            yield Problem(at, what, None, f"{near} (set by arms, factors, options or tune)")
    for name in resume:
        if name not in used and name not in AT_RUN:
            what, near = f"the command has no placeholder {{{name}}}", suggestion(name, [*used, *AT_RUN])
            yield Problem(f"{SOURCE}.resume", what, None, near)
    for name in own.keys() - set(used):
        what = f"does nothing: the command has no placeholder {{{name}}}"
        yield Problem(place(name), what, repr(values[name]), suggestion(name, used))
    for name in values.keys() & set(AT_RUN):
        yield Problem(
            place(name), f"{{{name}}} is filled in when the command runs", repr(values[name]), "rename it"
        )
    if "seed" not in used:
        yield Problem(
            at, "has no {seed}: all its runs would be the same one", None, 'such as "--seed", "{seed}"'
        )
    if "out" not in used and process.metrics != "stdout":
        hint = 'such as "--out", "{out}", or metrics = "stdout"'
        yield Problem(at, f"has no {{out}}, where {process.metrics} is looked for", None, hint)
    if isinstance(process.steps, str) and not isinstance(values.get(process.steps), int | float):
        what, hint = "names no placeholder with a number", suggestion(process.steps, used)
        yield Problem(f"{SOURCE}.steps", what, repr(process.steps), hint)
