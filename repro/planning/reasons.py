"""Why a run is carried out: it is new, was interrupted, failed before, is damaged, or was made by another version."""

from __future__ import annotations

from collections.abc import Mapping

from repro.command_spec import AnyRun, CommandSpec, Conduct
from repro.source_code import HASHED
from repro.store import VERSIONS, RunRecord, Store, lineage


def reason_of(spec: AnyRun, store: Store, relatives: Mapping[str, RunRecord]) -> str:
    """Say why a run is carried out.

    `relatives`: lineage → a run that differs at most in versions.
    """
    failed = failed_before(spec.key, store)
    unfinished = store.checkpoints(spec.key).newest()
    if unfinished is not None:
        of = f" of {unfinished.steps:,}" if unfinished.steps > unfinished.step else ""
        resumes = f"resumes at step {unfinished.step:,}{of}"
        return f"{failed}; {resumes}" if failed else resumes
    if failed:
        return failed
    if any(spec.key in entry for entry in store.damaged):
        return "its entry in the store is damaged"
    new = spec.as_json()
    relative = relatives.get(lineage(new))
    if relative is None:
        return "not run yet"
    old = relative.spec
    changes = [
        _change(part, field, old[part].get(field), new[part][field])
        for part, field in VERSIONS
        if part in new and old[part].get(field) != new[part][field]
    ]
    return "; ".join(changes) or "not run yet"


def unfinished(spec: AnyRun, conduct: Conduct | None, store: Store) -> str | None:
    """Say how a command's run goes on of which an attempt did not end; None where there was none."""
    if conduct is None or not isinstance(spec, CommandSpec):
        return None
    output = store.output(spec)
    try:
        note = output.note()
    except ValueError:
        return None
    if note is None or note["ended"] is not None:
        return None
    how = (
        "goes on from its earlier attempt"
        if output.can_go_on(conduct)
        else "begins anew: its last attempt did not end"
    )
    failed = failed_before(spec.key, store)
    return f"{failed}; {how}" if failed else how


def read_anew(key: str, store: Store) -> str:
    """Say why a run is read whose command has written all there is of it."""
    failed = failed_before(key, store)
    read = "what the command wrote is there and is read anew; it is not run"
    return f"{failed}; {read}" if failed else read


def _change(part: str, field: str, old: object, new: object) -> str:
    if part == "files":
        return (
            "files that the command rests on have changed (repro show --why names them, `inputs` says which count); "
            "the run that rests on the former is kept, and not used"
        )
    if str(old).startswith("source-") and str(new).startswith(HASHED):
        kept = "the run that an earlier version made is kept, and not used"
        return f"the code that a {part} imports counts now, too; {kept}"
    return f"{part} {field} changed from {old} to {new}"


def failed_before(key: str, store: Store) -> str | None:
    """Return how the last attempt at a run or reading failed; None where it did not."""
    reason = store.failure(key)
    return f"failed before: {reason.splitlines()[0]}" if reason else None
