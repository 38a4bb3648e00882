"""Results that were recorded elsewhere, as plain data: what was read, what it lacks, and in what it has changed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from repro.claims.schema_results import Results
from repro.experiment.requirements import Requirements
from repro.judging.judgement import JudgedClaim
from repro.judging.preregistration import Ledger
from repro.judging.result_versions import ResultVersion
from repro.report import model
from repro.report.wording import words
from repro.report.wording.text import plural

MOST_LINES = 20
"""Of a change, or of what is odd about runs; more are counted."""


def recorded(judged: JudgedClaim) -> model.Recorded | None:
    """Return the results that a claim is about; None where it rests on runs."""
    required, versions = judged.required, judged.result_versions
    results = required.file.results
    if required.recorded is None or results is None:
        return None
    found = required.recorded.results
    return model.Recorded(
        by=found.by,
        place=found.place,
        digest=found.digest,
        files=found.files,
        runs=found.count,
        columns=list(columns_read(results)),
        notes=[*found.seeds.wanting.values(), *found.notes, *_odd(required)],
        criteria_after=_criteria_after(judged.ledger),
        versions=_versions(versions),
        changes=list(_changes(versions, required)),
    )


def recorded_rows(required: Requirements) -> list[model.RunRow]:
    """Return a row for each run that was recorded elsewhere."""
    if required.recorded is None or required.file.results is None:
        return []
    steps = required.file.results.steps is not None
    return [
        model.RunRow(
            key=run.key,
            cell=address,
            purpose="measure",
            seed=run.seed,
            outcome="finished",
            steps=round(run.last_step) if steps else None,
            wall_seconds=None,
            device=None,
            note=f"recorded in {run.where}",
        )
        for address in required.recorded.cells
        for run in required.recorded.results.runs.get(address, ())
    ]


def columns_read(results: Results) -> Iterator[str]:
    """Yield what is read of each run, in words: its name in the results, its unit, which way is better."""
    for name, column in results.columns.items():
        called = "" if results.named(name) == name else f", called “{results.named(name)}” there"
        yield f"{name}{called}: in {_UNITS[column.unit]}, {column.better} is better"


_UNITS = {"percent": "percent", "fraction": "fractions", "number": "its own unit"}


def _odd(required: Requirements) -> list[str]:
    """Return what is odd about runs; of very much, the first, and how many more there are."""
    every = required.recorded.odd if required.recorded is not None else []
    more = len(every) - MOST_LINES
    return [*every[:MOST_LINES], *([f"and {more:,} more like these"] if more > 0 else [])]


def _criteria_after(ledger: Ledger) -> str | None:
    first = next(iter(ledger.entries), None)
    if first is None or not first.runs_then:
        return None
    existed = f"{plural(first.runs_then, 'run')} had been recorded"
    return (
        f"The criteria came after the results: they were first seen on {first.first_seen}, when {existed}. "
        "Who wrote them may have known the outcome."
    )


def _versions(known: Sequence[ResultVersion]) -> list[model.ResultVersion]:
    return [
        model.ResultVersion(
            first_seen=one.first_seen, digest=one.digest, runs=one.runs, current=one is known[-1]
        )
        for one in known
    ]


def _changes(versions: Sequence[ResultVersion], required: Requirements) -> Iterator[model.ResultChange]:
    for before, after in itertools.pairwise(versions):
        lines = list(_differences(before, after, required))
        more = len(lines) - MOST_LINES
        shown = [*lines[:MOST_LINES], *([f"and {more:,} more"] if more > 0 else [])]
        says = f"The results changed after {plural(before.runs, 'run')} of them had been judged (seen on "
        says += f"{after.first_seen}; before, on {before.first_seen})."
        if after.runs > before.runs:
            says += " Runs were added: to look again until something holds makes a false verdict likelier than 5%."
        yield model.ResultChange(says=says, lines=shown or ["no value that is judged differs"])


def _differences(before: ResultVersion, after: ResultVersion, required: Requirements) -> Iterator[str]:
    old, new = _flat(before), _flat(after)
    for place in dict.fromkeys([*old, *new]):
        cell, metric, seed = place
        what = f"{cell}, seed {seed}, {metric}"
        if place not in old:
            yield f"{what}: {_said(new[place], metric, required)}, which was not there before"
        elif place not in new:
            yield f"{what}: was {_said(old[place], metric, required)}, and is not there any more"
        elif old[place] != new[place]:
            yield f"{what}: was {_said(old[place], metric, required)}, is {_said(new[place], metric, required)}"


def _flat(version: ResultVersion) -> dict[tuple[str, str, str], float | None]:
    return {
        (cell, metric, seed): value
        for cell, metrics in version.values.items()
        for metric, seeds in metrics.items()
        for seed, value in seeds.items()
    }


def _said(value: float | None, metric: str, required: Requirements) -> str:
    known = required.file.metrics.get(metric)
    if value is None:
        return "no finite number"
    unit = words.unit_of(known, "value") if known is not None else "number"
    return words.end(value, unit) + words.suffix(unit, "value")
