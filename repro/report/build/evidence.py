"""An expectation with its verdict as plain data: regions, parts, and what stands beside."""

from __future__ import annotations

import math

from repro.claims.printed import read_printed
from repro.claims.schema import Expectation
from repro.experiment.requirements import Requirements
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.report import model
from repro.report.wording import remarks, sentences, words
from repro.stats import Interval, Region
from repro.store import Store


def expectation(
    verdict: ExpectationVerdict, item: Requirements, anchor: str, store: Store
) -> model.ExpectationResult:
    """Return an expectation as one row of the report; `anchor` is its place in the page."""
    expected = verdict.item
    unit = words.unit_at(verdict, item)
    lesser = words.expectation_cap(verdict, item)
    printed = read_printed(expected.reported, percent=unit == "error")
    return model.ExpectationResult(
        id=verdict.id,
        anchor=anchor,
        title=expected.title,
        kind=expected.kind,
        role=expected.role,
        unit=unit,
        reported=expected.reported,
        reported_value=None if printed is None else printed.value,
        reported_note=_reported_note(expected),
        supports=_region(expected.supports, words.bounds(expected.supports, unit, expected.kind)),
        refutes=_region(expected.refutes, words.bounds(expected.refutes, unit, expected.kind)),
        why=expected.why,
        verdict=model.Verdict(
            word=words.word(verdict.result, verdict.status, lesser),
            result=verdict.result,
            status=verdict.status,
            sentence=sentences.expectation_sentence(verdict, unit),
        ),
        parts=[part(one, expected.kind, unit) for one in verdict.parts],
        **remarks.beside(verdict, item, unit, store),
    )


def part(verdict: PartVerdict, kind: str, unit: model.Unit) -> model.Part:
    """Return one comparison of an expectation of this kind, shown in `unit`."""
    interval, wider = verdict.interval, verdict.refutation
    return model.Part(
        label=verdict.estimand.label,
        estimate=_end(interval.estimate) if interval else None,
        low=_low(interval, kind),
        high=_end(interval.high) if interval else None,
        level=interval.level if interval else 0.95,
        n=verdict.n,
        bound=interval.bound if interval else "none",
        result=verdict.result,
        estimate_text=words.estimate(verdict, unit, kind),
        note=verdict.note,
        refutation_low=_low(wider, kind),
        refutation_high=_end(wider.high) if wider else None,
        refutation_level=wider.level if wider else None,
    )


def _low(interval: Interval | None, kind: str) -> float | None:
    """A ratio's interval that begins at zero is open: no ratio is below."""
    return None if interval is None or (kind == "ratio" and interval.low == 0) else _end(interval.low)


def _reported_note(expected: Expectation) -> str | None:
    sure = expected.uncertainty
    if expected.reported is None:
        return None
    parts = [] if sure.of == "unknown" else [sure.of.replace(" n", f" {sure.n}") if sure.n else sure.of]
    if sure.sd:
        parts.append(f"sd {sure.sd}")
    if sure.reading_error:
        parts.append(words.reading_error(sure.reading_error))
    return ", ".join(parts) or None


def _region(found: Region, text: str) -> model.Region:
    return model.Region(text=text, intervals=[(_end(piece.low), _end(piece.high)) for piece in found.pieces])


def _end(value: float) -> float | None:
    return value if math.isfinite(value) else None
