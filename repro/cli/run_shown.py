"""What `repro runs show` tells of one run: what was asked for, how it ended, and what it was made with."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from repro.cli.run_rows import title
from repro.command_spec import CommandSpec
from repro.report.wording.text import duration, plural
from repro.store import RunRecord, Store, spent_on
from repro.store.environments import environment_of

_MADE = {
    "host": "host",
    "machine": "machine",
    "os": "system",
    "device": "device",
    "driver": "driver",
    "threads": "threads",
    "python": "Python",
    "torch": "torch",
    "repro": "repro",
    "commit": "commit of repro",
    "finished": "finished",
}


def run_data(record: RunRecord, store: Store) -> dict[str, Any]:
    """Return all that a store knows of a run, its installed packages included, as plain data."""
    packages = {name: store.environment(name) for name in environment_of(record.provenance)}
    return {"title": title(record.spec), **record.as_json(), "installed": packages}


def run_lines(record: RunRecord, store: Store) -> Iterator[str]:
    """Yield the same for people."""
    yield f"{record.key}  {title(record.spec)}"
    yield f"  {record.outcome}: {_spent(record)}"
    ended = {name: values[-1] for name, values in record.history.items() if name not in ("step", "epoch")}
    yield "  ended with: " + ", ".join(
        f"{name} {value:.4g}" if math.isfinite(value) else f"{name} {value}" for name, value in ended.items()
    )
    if record.weights:
        yield f"  weights kept: {', '.join(record.weights)}"
    yield "\nWhat was asked for:"
    for name, value in record.spec.items():
        yield f"  {name}: {_text(value)}"
    yield "\nWhat it was made with:"
    yield from _made_with(record.provenance)
    yield from _installed(record, store)


def _spent(record: RunRecord) -> str:
    steps = f"{plural(record.steps_done, 'step')} in {duration(record.wall_seconds)}"
    spent = spent_on(record)
    if spent.processor_seconds is not None:
        steps += f", {duration(spent.processor_seconds)} of processor time"
    if spent.predicted_seconds is not None:
        steps += f"; predicted: {duration(spent.predicted_seconds)}"
    return steps


def _made_with(made: Mapping[str, Any]) -> Iterator[str]:
    for key, word in _MADE.items():
        if key in made:
            yield f"  {word}: {made[key]}"
    sessions = made.get("sessions", ())
    if len(sessions) > 1:
        yield f"  in {len(sessions)} sessions:"
        for session in sessions:
            yield f"    from step {session.get('from_step', '?')}: {session.get('machine')}, {session.get('device')}"
    command = made.get("command") or {}
    for where, git in (("claims folder", made.get("git")), ("command", command.get("git"))):
        if git:
            changed = git.get("uncommitted")
            local = f", with local changes in {', '.join(changed['files'])}" if changed else ""
            yield f"  git, of the {where}: commit {git.get('commit', '?')}{local}"
    if command:
        python = f", Python {command['python']}" if "python" in command else ""
        yield f"  program: {command.get('program')}{python}"
        if command.get("packages"):
            yield f"  its packages: {_versions(command['packages'])}"
    for target, files in (made.get("code") or {}).items():
        yield f"  code of {target}: " + ", ".join(f"{file} {digest[:12]}" for file, digest in files.items())
    if made.get("packages"):
        yield f"  imported by that code: {_versions(made['packages'])}"


def _installed(record: RunRecord, store: Store) -> Iterator[str]:
    lists = environment_of(record.provenance)
    if not lists:
        yield "  installed packages: not recorded"
    for name in lists:
        packages = store.environment(name)
        if packages is None:
            yield f"  installed packages: the list {name[:12]} is not there"
        else:
            yield f"  {plural(len(packages), 'installed package')}: {_versions(packages)}"
    if "command" in record.spec:
        yield from _of_command(record, store)


def _of_command(record: RunRecord, store: Store) -> Iterator[str]:
    """Yield where a command's output lies, and what of its repository was not committed."""
    output = store.output(CommandSpec.from_json(record.spec))
    if output.out.is_dir():
        yield f"  what it wrote: {output.out}"
    git = (record.provenance.get("command") or {}).get("git") or {}
    changed = git.get("uncommitted") or {}
    if changed.get("diff"):
        yield "\nWhat was not committed:"
        yield from (f"  {line}" for line in changed["diff"])
        left = changed["lines"] - len(changed["diff"])
        if left:
            yield f"  … and {plural(left, 'more line')}"


def _versions(packages: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
