"""An expectation with its verdict as plain data: regions, parts, and what stands beside."""

from __future__ import annotations

import math
from collections.abc import Mapping

from repro.claims.schema_expectations import Expectation
from repro.experiment.requirements import Requirements
from repro.judging.exact import OtherNumber
from repro.judging.paper_number import printed_value
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.report import model
from repro.report.wording import remarks, sentences, words
from repro.report.wording.compared import seeds_that_differ
from repro.report.wording.interval_notes import interval_notes
from repro.report.wording.whose import whose
from repro.stats import Interval, Region
from repro.store import RunRecord


def expectation(
    verdict: ExpectationVerdict, required: Requirements, anchor: str, runs: Mapping[str, RunRecord]
) -> model.ExpectationResult:
    """Return an expectation as one row of the report, with what stands beside; `anchor` is its place in the page."""
    unit = words.unit_at(verdict, required)
    beside = remarks.beside(verdict, required, unit, runs)
    return judged_expectation(verdict, required, anchor).model_copy(update=beside)


def judged_expectation(
    verdict: ExpectationVerdict, required: Requirements, anchor: str
) -> model.ExpectationResult:
    """Return an expectation with its verdict and evidence alone."""
    expected = verdict.expectation
    unit = words.unit_at(verdict, required)
    lesser = words.expectation_cap(verdict, required)
    return model.ExpectationResult(
        id=verdict.id,
        anchor=anchor,
        title=expected.title,
        kind=expected.kind,
        role=expected.role,
        unit=unit,
        reported=expected.reported,
        reported_value=printed_value(expected.reported, words.notation(unit)),
        reported_note=_reported_note(expected),
        supports=_region(expected.supports, expected, unit, words.needs(expected, unit)),
        refutes=_region(expected.refutes, expected, unit, words.refuting(expected, unit)),
        why=expected.why,
        verdict=model.Verdict(
            word=words.word(verdict.result, verdict.status, lesser),
            result=verdict.result,
            status=verdict.status,
            sentence=sentences.expectation_sentence(verdict, unit, whose(required.file)),
        ),
        parts=[part(one, expected.kind, unit, expected.printed) for one in verdict.parts],
        exact=verdict.exact,
        convention=expected.convention,
        otherwise=_otherwise(verdict, unit),
        known_beforehand=expected.known_beforehand,
        interval_notes=interval_notes(verdict, unit),
        metric=expected.metric,
        whose=whose(required.file),
    )


def _otherwise(verdict: ExpectationVerdict, unit: model.Unit) -> list[model.OtherConvention]:
    """Return what other conventions give, one line each: of several parts, each with its name."""
    by_label: dict[str, list[OtherNumber]] = {}
    for one in verdict.otherwise:
        by_label.setdefault(one.convention, []).append(one)
    tail = words.suffix(unit, verdict.expectation.kind)
    found = []
    for label, numbers in by_label.items():
        told = [
            (f"{one.part}: " if len(numbers) > 1 else "")
            + ("not computed yet" if one.value is None else words.number(one.value, unit) + tail)
            for one in numbers
        ]
        do = {one.would_do for one in numbers}
        would_do = None if None in do else do == {True}
        found.append(model.OtherConvention(convention=label, text=", ".join(told), would_do=would_do))
    return found


def part(
    verdict: PartVerdict, kind: str, unit: model.Unit, printed: Mapping[str, str] | None = None
) -> model.Part:
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
        reported=(printed or {}).get(verdict.estimand.label),
        weights=dict(verdict.estimand.weights),
        moment="" if verdict.exact else verdict.estimand.moment or "last",
        seeds=seeds_that_differ(verdict),
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


def _region(found: Region, expected: Expectation, unit: model.Unit, text: str) -> model.Region:
    """Return a region for drawing; where each part has its own there is none for all."""
    pieces = () if expected.printed else found.pieces
    return model.Region(
        text=text,
        intervals=[(_end(piece.low), _end(piece.high)) for piece in pieces],
        brief="" if expected.printed else words.brief(found, unit, expected.kind),
    )


def _end(value: float) -> float | None:
    return value if math.isfinite(value) else None
