"""What a verdict rests on and where that came from: runs, their code, data and versions, and what has changed since."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import repro
from repro.claims import own_code
from repro.experiment.data_index import DataIndex, short
from repro.experiment.requirements import Requirements
from repro.source_code import Code, versions_of
from repro.spec import RunSpec
from repro.store import RunRecord, Store, lineage


@dataclass(frozen=True)
class RunBasis:
    """A run, or a number computed without one, that a claim rests on.

    Attributes:
        key: in the store.
        what: cell and seed, or the metric.
        state: "finished", "diverged", "failed", "not there" or "recorded elsewhere".
        finished: UTC, ISO 8601; None where nothing is known.
        where: machine and device, or file and line.
        versions: of Python, torch, this program, and the packages that a user's code imports.
    """

    key: str
    what: str
    state: str
    finished: str | None = None
    where: str | None = None
    versions: Mapping[str, str] | None = None


@dataclass(frozen=True)
class DataBasis:
    """A data set: name, fingerprint, where it lies, and whether that is as it was when it was read."""

    name: str
    fingerprint: str
    place: str | None
    state: str


@dataclass(frozen=True)
class Basis:
    """All that a claim rests on at a scale.

    Attributes:
        runs: in the order of cells and seeds, then numbers that are computed.
        code: ``module:Name`` → the claims folder's own code as it is now.
        data: by name.
        changes: what differs between now and when the runs were made; their keys do not tell.
        kept: runs of the same cells and seeds by other code, data or recipes, which are in the store and not used.
    """

    runs: tuple[RunBasis, ...]
    code: Mapping[str, Code]
    data: tuple[DataBasis, ...]
    changes: tuple[str, ...]
    kept: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "runs": [asdict(run) for run in self.runs],
            "code": {
                name: {"version": code.version, "files": dict(code.files), "unseen": list(code.unseen)}
                for name, code in self.code.items()
            },
            "data": [asdict(one) for one in self.data],
            "changes": list(self.changes),
            "kept": list(self.kept),
        }


def basis(required: Requirements, store: Store) -> Basis:
    """Return what a claim rests on as the store stands; nothing is run and no data is read."""
    records = {need.spec.key: store.run(need.spec.key) for need in required.needs}
    return Basis(
        runs=(*_runs(required, records, store), *_recorded(required), *_numbers(required, store)),
        code=own_code(required.claim),
        data=tuple(_data(required, store)),
        changes=tuple(drift([required], store)),
        kept=tuple(_kept(required, store)),
    )


def _runs(
    required: Requirements, records: Mapping[str, RunRecord | None], store: Store
) -> Iterator[RunBasis]:
    for need in required.needs:
        record, key = records[need.spec.key], need.spec.key
        what = f"{need.cell.address}, seed {need.spec.seed}"
        if need.purpose == "tune":
            what += f", tuning at {need.tried}"
        if record is None:
            yield RunBasis(key, what, "failed" if store.failure(key) else "not there")
        else:
            yield _made(key, what, record.outcome, record.provenance)


def _recorded(required: Requirements) -> Iterator[RunBasis]:
    runs = required.recorded.results.runs.values() if required.recorded is not None else ()
    for run in (one for of_cell in runs for one in of_cell):
        yield RunBasis(run.key, f"{run.cell}, seed {run.seed}", "recorded elsewhere", where=run.where)


def _numbers(required: Requirements, store: Store) -> Iterator[RunBasis]:
    for need in required.exact:
        content = store.complete_reading(need.reading.key)
        what = f"{need.metric}{f' of {need.cell.address}' if need.cell else ''}, computed"
        if content is None:
            yield RunBasis(need.reading.key, what, "not there")
        else:
            yield _made(need.reading.key, what, "finished", content.get("provenance") or {})


def _made(key: str, what: str, state: str, made: Mapping[str, Any]) -> RunBasis:
    where = f"{made.get('machine', '?')}, {made.get('device', '?')}"
    versions = _versions(made) | _of_command(made)
    return RunBasis(key, what, state, made.get("finished"), where, versions)


def _versions(made: Mapping[str, Any]) -> dict[str, str]:
    told = {name: made.get(name) for name in ("python", "torch", "repro")}
    packages = made.get("packages")
    told |= packages if isinstance(packages, Mapping) else {}
    return {name: version for name, version in told.items() if isinstance(version, str)}


def _of_command(made: Mapping[str, Any]) -> dict[str, str]:
    """Return what a command was carried out with: its Python and packages, and the state of its repository."""
    own = made.get("command")
    if not isinstance(own, Mapping):
        return {}
    packages, git = own.get("packages"), own.get("git")
    told = {"its python": own.get("python"), **(packages if isinstance(packages, Mapping) else {})}
    if isinstance(git, Mapping) and isinstance(git.get("commit"), str):
        told["commit"] = git["commit"][:12] + (" with local changes" if git.get("uncommitted") else "")
    return {name: version for name, version in told.items() if isinstance(version, str)}


def _data(required: Requirements, store: Store) -> Iterator[DataBasis]:
    index = DataIndex(store.root)
    trained = [need.spec for need in required.needs if isinstance(need.spec, RunSpec)]
    specs = {spec.dataset.identity: spec.dataset for spec in trained}
    for identity, spec in sorted(specs.items()):
        known = required.claim.names.known(identity)
        if ":" in spec.name:
            yield DataBasis(spec.name, spec.fingerprint, None, "made by the claims folder's code")
        elif known.source is None:
            yield DataBasis(spec.name, spec.fingerprint, None, known.missing or "shipped with this program")
        elif not Path(known.source.path or "").exists():
            yield DataBasis(spec.name, spec.fingerprint, known.source.path, "no longer there")
        else:
            same = index.unchanged(known.source)
            state = (
                "as it was when it was read" if same else "changed since it was read: check reads it again"
            )
            yield DataBasis(spec.name, spec.fingerprint, known.source.path, state)


def drift(required: Iterable[Requirements], store: Store) -> Iterator[str]:
    """Yield each version that what claims rest on was made with and that is another one here, with how many."""
    made: dict[str, Mapping[str, Any]] = {}
    for item in required:
        for need in item.needs:
            record = store.run(need.spec.key)
            if record is not None:
                made[record.key] = record.provenance
        for number in item.exact:
            content = store.complete_reading(number.reading.key)
            if content is not None:
                made[number.reading.key] = content.get("provenance") or {}
    counts: dict[tuple[str, str], int] = {}
    for one in made.values():
        for pair in _versions(one).items():
            counts[pair] = counts.get(pair, 0) + 1
    here = {"python": platform.python_version(), "repro": repro.__version__}
    here |= versions_of({name for name, _ in counts} - here.keys())
    for (name, version), count in sorted(counts.items()):
        # A build of torch says after a "+" what it was built for, and its package does not.
        if version.partition("+")[0] != here[name].partition("+")[0]:
            yield f"{name} {version} → {here[name]} here ({count} made with the former)"


def _kept(required: Requirements, store: Store) -> Iterator[str]:
    """Yield what the store keeps of the same cells and seeds by other code or data, and in what it differs."""
    wanted = {lineage(need.spec.as_json()): need for need in required.needs}
    used = {need.spec.key for need in required.needs}
    code = own_code(required.claim)
    counts: dict[str, int] = {}
    for record in store.runs():
        need = wanted.get(lineage(record.spec)) if record.key not in used else None
        if need is None:
            continue
        why = "; ".join(_differs(record, need.spec.as_json(), code)) or "of another version of this program"
        counts[why] = counts.get(why, 0) + 1
    yield from (f"{count} × {why}" for why, count in sorted(counts.items()))


def _differs(record: RunRecord, now: Mapping[str, Any], code: Mapping[str, Code]) -> Iterator[str]:
    if "files" in now:
        yield _other_files(record, now, code)
        return
    model, data, recipe = (record.spec[part] for part in ("model", "dataset", "recipe"))
    if model.get("version") != now["model"]["version"]:
        name = str(model["name"])
        told = _changed_files(record, name, code)
        yield f"other code of {name}{told} ({model.get('version')}, now {now['model']['version']})"
    if data.get("fingerprint") != now["dataset"]["fingerprint"]:
        was, is_ = short(str(data.get("fingerprint"))), short(now["dataset"]["fingerprint"])
        yield f"other data of {data['name']} ({was}, now {is_})"
    if recipe.get("version") != now["recipe"]["version"]:
        yield f"another version of the recipe {recipe.get('name')}"


def _other_files(record: RunRecord, now: Mapping[str, Any], code: Mapping[str, Code]) -> str:
    name, version = str(now["files"]["name"]), record.spec["files"].get("version")
    told = _changed_files(record, name, code)
    git = (record.provenance.get("command") or {}).get("git") or {}
    at = f", of commit {str(git['commit'])[:12]}" if isinstance(git.get("commit"), str) else ""
    return f"other files of {name}{told} ({version}{at}, now {now['files']['version']})"


def _changed_files(record: RunRecord, name: str, code: Mapping[str, Code]) -> str:
    """Return ": a.py, b.py", the files of some code that are not what they were when a run was made."""
    before = (record.provenance.get("code") or {}).get(name) or {}
    after = code[name].files if name in code else {}
    changed = [file for file in {**before, **after} if before.get(file) != after.get(file)]
    more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
    return f": {', '.join(changed[:MOST_NAMED])}{more}" if before and changed else ""


MOST_NAMED = 10
"""Of files that have changed."""
