"""What `repro runs list` tells of a store: a row for each run, and how it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from repro.command_spec import run_from_json
from repro.report.wording.text import duration
from repro.store import Checkpoint, Store


def rows_of(store: Store) -> Iterator[dict[str, object]]:
    """Return a row for each finished run and other result of it, unfinished run, and failure."""
    conflicting = dict[str, list[str]]()
    for name, other in store.conflicts():
        conflicting.setdefault(other.key, []).append(name)
    # A run that is there has not failed: a probe has, which is told of it as long as the reading is wanting.
    failures = list(store.failures())
    trained = {failure.key for failure in failures if store.run(failure.key) is not None}
    wanting = {failure.reason for failure in failures if failure.key not in trained}
    unread = {f.key: f.reason for f in failures if f.key in trained and f.reason in wanting}
    for run in store.runs():
        says = f"{run.steps_done:,} steps in {duration(run.wall_seconds)}"
        if len(run.provenance.get("sessions", ())) > 1:
            says += f", in {len(run.provenance['sessions'])} sessions"
        host = run.provenance.get("host")
        if host:
            says += f", on {host}"
        if run.key in unread:
            says += f"; a probe of it failed: {_first_line(unread[run.key])}"
        row = {"key": run.key, "title": title(run.spec)}
        yield {"state": run.outcome, **row, "says": says, "steps_done": run.steps_done, "host": host}
        for name in conflicting.get(run.key, ()):
            yield {"state": "conflict", **row, "says": f"another result is kept in runs/{name}"}
    failed = {failure.key: _first_line(failure.reason) for failure in failures}
    unfinished = set[str]()
    for checkpoint in store.unfinished():
        unfinished.add(checkpoint.key)
        yield _of_checkpoint(checkpoint, failed.get(checkpoint.key))
    for failure in failures:
        if failure.key not in trained | unfinished:
            says = _first_line(failure.reason)
            yield {"state": "failed", "key": failure.key, "title": failure.title, "says": says}


def _of_checkpoint(checkpoint: Checkpoint, failed: str | None) -> dict[str, object]:
    """Return the row of a run that can go on; its last attempt may have failed."""
    steps = max(checkpoint.steps, checkpoint.step)
    says = f"step {checkpoint.step:,}" + (f" of {steps:,}" if steps > checkpoint.step else "")
    if checkpoint.stopped is not None:
        state, says = "stopped", f"{says}: tuning needs no more of it"
    elif failed is not None:
        state, says = "failed", f"{failed}; goes on from {says}"
    else:
        state = "unfinished"
    row = {"state": state, "key": checkpoint.key, "title": title(checkpoint.spec), "says": says}
    return row | {"steps_done": checkpoint.step, "steps": checkpoint.steps}


def title(spec: Mapping[str, object]) -> str:
    """Return what a run is called, by its spec as plain data."""
    try:
        return run_from_json(spec).title
    except (KeyError, TypeError):
        return "of another version"


def _first_line(reason: str) -> str:
    return reason.splitlines()[0] if reason else "for no known reason"
