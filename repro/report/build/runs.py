"""The runs behind a report: what each was, where and on what data they were made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from repro.experiment.requirements import Need, Requirements
from repro.judging.frame import Collected
from repro.registry import DATASETS, stands_in
from repro.report import model
from repro.spec import DatasetSpec
from repro.store import RunRecord, Spent, spent_on


def run_row(need: Need, collected: Collected) -> model.RunRow:
    """Return what is known of a run that a claim needs, whether it is there or not."""
    record = collected.runs.get(need.spec.key)
    failure = collected.absent.get(need.spec.key)
    made: Mapping[str, Any] = record.provenance if record else {}
    return model.RunRow(
        key=need.spec.key,
        cell=_tried(need),
        purpose=need.purpose,
        seed=need.spec.seed,
        outcome=record.outcome if record else "failed" if failure else "pending",
        steps=record.steps_done if record else None,
        wall_seconds=record.wall_seconds if record else None,
        processor_seconds=made.get("processor_seconds"),
        device=str(made["device"]) if record else None,
        note=failure.splitlines()[0] if failure else None,
        sessions=len(_sessions(record)) if record else 1,
        predicted_seconds=made.get("predicted_seconds"),
        diverged_at_step=made.get("diverged_at_step"),
    )


def stopped_row(need: Need, collected: Collected) -> model.RunRow:
    """Return what is known of a tuning run that was stopped since it could no longer win."""
    kept = collected.stopped.get(need.spec.key)
    sessions = kept.sessions if kept else []
    spent = spent_on(kept) if kept else Spent()
    return model.RunRow(
        key=need.spec.key,
        cell=_tried(need),
        purpose=need.purpose,
        seed=need.spec.seed,
        outcome="stopped",
        steps=kept.step if kept else None,
        wall_seconds=spent.wall_seconds,
        processor_seconds=spent.processor_seconds,
        device=str(sessions[-1].get("device")) if sessions else None,
        note="could no longer win",
        sessions=max(len(sessions), 1),
        predicted_seconds=spent.predicted_seconds,
    )


def _tried(need: Need) -> str:
    return f"{need.cell.address} at {need.tried}" if need.purpose == "tune" else need.cell.address


def ran(keys: Collection[str], runs: Mapping[str, RunRecord]) -> model.Span | None:
    """Return when the first and the last of the runs with these keys ended; None where none tells."""
    ended = sorted(
        record.provenance["finished"]
        for record in _records(keys, runs)
        if isinstance(record.provenance.get("finished"), str)
    )
    return model.Span(first=ended[0], last=ended[-1]) if ended else None


def machines(
    keys: Collection[str], collected: Collected, stopped: Collection[str] = ()
) -> list[model.Machine]:
    """Return where the runs with these keys were made, with what, and how many at each place.

    `stopped` are the keys of tuning runs that went no further than they were needed.
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    made_of = [_sessions(record) for record in _records(keys, collected.runs)]
    made_of += [collected.stopped[key].sessions for key in stopped if key in collected.stopped]
    for sessions in made_of:
        places = {
            (
                ", ".join(filter(None, map(made.get, ("host", "machine", "device")))),
                ", ".join(
                    [*_made_with(made), f"repro {made['repro']}"] if made.get("repro") else _made_with(made)
                ),
                _commit(str(made["commit"])) if made.get("commit") else "",
            )
            for made in sessions
        }
        counts.update(places)
    return [
        model.Machine(description=machine, versions=versions, commit=commit, runs=runs)
        for (machine, versions, commit), runs in sorted(counts.items())
    ]


def _made_with(made: Mapping[str, Any]) -> list[str]:
    """Return the versions behind a run; of a command's they are those of its own Python and repository."""
    own = made.get("command")
    told = {"Python": made.get("python"), "torch": made.get("torch")} if own is None else _told(own)
    told |= made.get("packages") or {}
    return [f"{name} {version}" for name, version in told.items() if version]


def _told(own: Mapping[str, Any]) -> dict[str, Any]:
    git = own.get("git") or {}
    state = (
        f"{str(git['commit'])[:12]}{' with local changes' if git.get('uncommitted') else ''}" if git else None
    )
    told = {"its Python": own.get("python"), **(own.get("packages") or {}), "its repository at": state}
    return {"program": own.get("program")} | told


def datasets(
    keys: Collection[str], runs: Mapping[str, RunRecord], required: Iterable[Requirements] = ()
) -> list[model.DataUsed]:
    """Return what the runs with these keys were trained on, by the fingerprint that each run carries."""
    remarks = {
        (ref.name, entry.fingerprint): entry.remarks
        for item in required
        for ref, entry in item.claim.names.data.items()
    }
    counts: Counter[tuple[str, str, int | None, int | None]] = Counter()
    for record in _records(keys, runs):
        if "dataset" not in record.spec:
            continue  # a command reads what it reads
        spec = record.spec["dataset"]
        images = record.images
        counts[spec["name"], spec["fingerprint"], images.get("train"), images.get("test")] += 1
    return [
        model.DataUsed(
            name=name,
            fingerprint=fingerprint,
            train_images=train,
            test_images=test,
            runs=runs,
            stand_in=stands_in(name, fingerprint),
            remarks=list(remarks.get((name, fingerprint), ())),
        )
        for (name, fingerprint, train, test), runs in sorted(counts.items(), key=str)
    ]


def stand_ins(required: Requirements) -> list[model.Deviation]:
    """Return a row of the ledger for each data set of a claim's runs that stands in for the paper's."""
    return [
        model.Deviation(
            what=f"data set {dataset.name}",
            paper=f"{dataset.name}, fingerprint {DATASETS[dataset.name].fingerprint[:12]}",
            ours=f"{_lies(required, dataset)} in its place, fingerprint {dataset.fingerprint[:12]}",
            direction=required.file.direction.get("dataset"),
            stand_in=True,
        )
        for dataset in required.stand_ins
    ]


def differences(required: Requirements, runs: Mapping[str, RunRecord]) -> list[str]:
    """Return in what a claim's runs differ although their keys do not tell: versions, data made by code, devices.

    Different devices round differently, and arms that are compared may not have an equal share of each.
    """
    made: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for record in _records({need.spec.key for need in required.needs}, runs):
        for session in _sessions(record):
            # Of a command's run they are those of its own Python.
            own = session.get("command") or session
            told = {name: own.get(name) for name in ("python", "torch")} | dict(own.get("packages") or {})
            for name, version in told.items():
                if isinstance(version, str):
                    made[f"different versions of {name}"][version] += 1
            if isinstance(session.get("data"), str):
                what = (
                    f"different data from {record.spec['dataset']['name']}, whose code reads what has changed"
                )
                made[what][f"fingerprint {session['data'][:12]}"] += 1
    devices: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for key, need in {need.spec.key: need for need in required.needs}.items():
        for device in {session.get("device") for session in _sessions(runs[key])} if key in runs else ():
            devices[need.cell.arm][str(device)] += 1
    found = {f"runs were made with {what}": counts for what, counts in sorted(made.items())}
    found |= {f"runs of {arm} are from different kinds of device": counts for arm, counts in devices.items()}
    return [
        f"{what}: {', '.join(f'{which} ({count})' for which, count in sorted(counts.items()))}"
        for what, counts in found.items()
        if len(counts) > 1
    ]


def _lies(required: Requirements, dataset: DatasetSpec) -> str:
    """Return what a stand-in's file or folder is called, without its place."""
    source = required.claim.names.known(dataset.identity).source
    return Path(source.path).name if source and source.path else "another data set"


def _records(keys: Collection[str], runs: Mapping[str, RunRecord]) -> Iterable[RunRecord]:
    return (runs[key] for key in sorted(keys) if key in runs)


def _sessions(record: RunRecord) -> Sequence[Mapping[str, Any]]:
    """A run that was interrupted and went on tells of each session what differs from the last."""
    sessions = record.provenance.get("sessions")
    if not sessions:
        return [record.provenance]
    return [{**record.provenance, **session} for session in sessions]


def _commit(text: str) -> str:
    return f"{text[:-1]}, with local changes" if text.endswith("+") else text
