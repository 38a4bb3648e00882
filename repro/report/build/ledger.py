"""The ledger of criteria in words: what stood when, and what was changed after runs existed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from repro.claims import Expectation, Metric
from repro.claims.vocabulary import WORDS
from repro.judging.preregistration import Ledger, LedgerEntry
from repro.report import model
from repro.report.wording import words
from repro.stats import Region

# These stand at the head of an expectation's line.
_SHOWN = WORDS | {"role", "refuted", "at_least", "at_most", "within", "outside"}


def criteria(ledger: Ledger) -> list[model.CriteriaChange]:
    """Return the entries of a claim at its scale, oldest first."""
    now = ledger.present
    return [
        model.CriteriaChange(
            first_seen=entry.first_seen,
            runs_then=entry.runs_then,
            digest=entry.digest,
            current=now is not None and entry.digest == now.digest,
            lines=lines(entry, now.metrics if now else {}),
        )
        for entry in ledger.entries
    ]


def changes(ledger: Ledger) -> list[model.CriteriaDifference]:
    """Return every change of criteria that was made after runs existed, oldest first.

    One that no check has recorded yet, because the claim file was changed since, comes last.
    """
    entries, now = ledger.entries, ledger.present
    found = [
        _difference(before, after, f"Criteria changed on {after.first_seen}", after.runs_then)
        for before, after in itertools.pairwise(entries)
        if after.runs_then
    ]
    if not entries or now is None or now.digest == entries[-1].digest:
        return found
    if any(entry.digest == now.digest for entry in entries):
        says = "Criteria changed back since to those of an earlier entry"
    else:
        says = "Criteria changed in the claim file since the last check"
    return [*found, _difference(entries[-1], now, says, now.runs_then)] if now.runs_then else found


def _difference(before: LedgerEntry, after: LedgerEntry, says: str, runs: int) -> model.CriteriaDifference:
    # Entries written before metrics were kept tell of expectations only: compare no more than both tell.
    both = bool(before.metrics and after.metrics)
    old, new = (lines(entry, after.metrics, everything=both) for entry in (before, after))
    existed = "1 of its runs" if runs == 1 else f"{runs} of its runs"
    return model.CriteriaDifference(
        says=f"{says}, when {existed} existed.",
        old=[line for line in old if line not in new],
        new=[line for line in new if line not in old],
    )


def lines(entry: LedgerEntry, metrics: Mapping[str, Any], everything: bool = True) -> list[str]:
    """Return criteria as one line each: "gap: at least 2 pp, refuted by at most 0 pp (decides); …".

    A line says all that its criterion decides by, so that criteria that differ have lines that differ.

    Args:
        entry: of the ledger.
        metrics: for the units of expectations whose metric the entry does not hold.
        everything: metrics, tuning and seeds too, not only expectations.
    """
    known = {**metrics, **entry.metrics}
    found = [_expectation(name, data, known) for name, data in sorted(entry.expect.items())]
    if not everything:
        return found
    found += [f"metric {name}: {_said(data)}" for name, data in sorted(entry.metrics.items())]
    if entry.tune:
        found.append(f"tuning: {_said(entry.tune)}")
    if entry.looks:
        found.append(f"seeds: judged after {' and '.join(str(look) for look in entry.looks)}")
    if entry.results:
        found.append(f"results are read so: {_said(entry.results)}")
    return found


def _expectation(name: str, data: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    try:
        item = Expectation.model_validate(data)
        metric = metrics.get(item.metric)
        unit = words.unit_of(Metric.model_validate(metric), item.kind) if metric else "number"
    except ValidationError:  # written in another version's vocabulary
        return f"{name}: {_said(data)}"
    refuted = _bounds(item.refuted.region, unit, item.kind) if item.refuted else "anything else"
    rest = {key: value for key, value in data.items() if key not in _SHOWN}
    supports = words.AS_PRINTED if item.printed else _bounds(item.supports, unit, item.kind)
    return f"{name}: {supports}, refuted by {refuted} ({item.role}); {_said(rest)}"


def _bounds(region: Region, unit: model.Unit, kind: str) -> str:
    """Return a region in words with all its digits: a small change is a change."""

    def write(end: float) -> str:
        if unit in words.LOGARITHMS and abs(end) < 300:
            end = 10.0**end
        return f"{100 * end if unit in words.PERCENT else end:.10g}".replace("-", "−")

    return words.region_in_words(region, write, words.suffix(unit, kind), apart="outside of {} and {}")


def _said(data: Mapping[str, Any]) -> str:
    """Return plain data as words, in an order of its own: "kind final, of train_error"."""
    shown = sorted(item for item in data.items() if item[0] not in WORDS)
    return ", ".join(f"{key.replace('_', ' ')} {_value(value)}" for key, value in shown)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} {_value(inner)}" for key, inner in sorted(value.items())) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    if isinstance(value, str):
        return value
    return (f"{value:.10g}" if isinstance(value, float) else str(value)).replace("-", "−")
