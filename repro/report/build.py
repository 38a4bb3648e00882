"""Verdicts and evidence → the report as plain data. Nothing is judged here, and nothing is drawn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import repro
from repro.claims import SCALES, Library
from repro.claims.schema import Expectation
from repro.demand import Demand, Need
from repro.report import ledger, model, remarks, words
from repro.report.alternatives import build_controls, build_sensitivities
from repro.report.curves import build_figure
from repro.report.deviations import deviations
from repro.report.tables import build_table, printed_value
from repro.stats import Region
from repro.store import Store
from repro.variants import Variant
from repro.verdicts import ClaimVerdict, ExpectationVerdict, PartVerdict, complement, region

if TYPE_CHECKING:
    import pandas as pd


def build_report(
    library: Library,
    scale: str,
    demands: Sequence[Demand],
    verdicts: Sequence[ClaimVerdict],
    frame: pd.DataFrame,
    store: Store,
    command: str,
    variants: Sequence[tuple[Variant, ClaimVerdict]] = (),
    places: str = "",
) -> model.Report:
    """Return the report of these claims at `scale`; the same store gives the same report.

    `command` checks all of them again; `places` are options that every such command needs, such as ``--claims DIR``.
    """
    claims = {}
    for item, verdict in zip(demands, verdicts, strict=True):
        own = [pair for pair in variants if pair[0].claim.id.startswith(f"{item.claim.id}~")]
        claims[item.claim.id] = _claim(item, verdict, own, frame, store, places)
    papers = [
        model.PaperReport(
            id=paper_id,
            title=paper.title,
            authors=paper.authors,
            venue=paper.venue,
            year=paper.year,
            identifier=paper.identifier,
            url=paper.url,
            bibtex_key=paper.bibtex_key,
            claims=[claim for claim_id, claim in claims.items() if claim_id.startswith(f"{paper_id}/")],
        )
        for paper_id, paper in library.papers.items()
    ]
    keys = {need.spec.key for item in demands for need in item.needs}
    return model.Report(
        tool_version=repro.__version__,
        scale=scale,
        scale_says=SCALES[scale],
        coverage=_coverage(list(claims.values())),
        papers=[paper for paper in papers if paper.claims],
        machines=_machines(keys, store),
        wall_seconds=sum(record.wall_seconds for key in sorted(keys) if (record := store.run(key))),
        command=command,
    )


def _coverage(claims: Sequence[model.ClaimReport]) -> model.Coverage:
    judged = sum(claim.verdict.result is not None for claim in claims)
    open_ = [claim.verdict.status for claim in claims if claim.verdict.result is None]
    text = f"{judged} of {len(claims)} claims judged"
    counts = {"pending": open_.count("pending"), "failed": open_.count("failed")}
    rest = [f"{count} {name}" for name, count in counts.items() if count]
    return model.Coverage(
        total=len(claims),
        judged=judged,
        pending=counts["pending"],
        failed=counts["failed"],
        text=", ".join([text, *rest]),
    )


def _machines(keys: set[str], store: Store) -> list[model.Machine]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for key in keys:
        record = store.run(key)
        if record is not None:
            made = record.provenance
            versions = f"Python {made['python']}, torch {made['torch']}, repro {made['repro']}"
            counts[f"{made['machine']}, {made['device']}", versions, str(made["commit"])] += 1
    return [
        model.Machine(description=machine, versions=versions, commit=commit, runs=runs)
        for (machine, versions, commit), runs in sorted(counts.items())
    ]


def _claim(
    item: Demand,
    verdict: ClaimVerdict,
    variants: Sequence[tuple[Variant, ClaimVerdict]],
    frame: pd.DataFrame,
    store: Store,
    places: str,
) -> model.ClaimReport:
    claim, file = item.claim, item.file
    anchor = claim.id.replace("/", "-")
    lesser = item.scale if verdict.capped else None
    expectations = [_expectation(e, item, anchor, store) for e in verdict.expectations]
    sentences = {e.id: e.verdict.sentence for e in expectations}
    source = ", ".join(
        part for part in (file.source.where, f"p. {file.source.page}" if file.source.page else "") if part
    )
    runs = [_run(need, store) for need in item.needs]
    return model.ClaimReport(
        id=claim.id,
        anchor=anchor,
        title=file.title,
        statement=file.statement,
        quote=file.quote,
        source=f"{source} ({file.source.read_from})",
        verdict=model.Verdict(
            word=words.word(verdict.result, verdict.status, lesser),
            result=verdict.result,
            status=verdict.status,
            sentence=words.claim_sentence(verdict, sentences),
        ),
        seeds=list(item.seeds),
        expectations=expectations,
        tables=[build_table(name, table, item, frame) for name, table in file.table.items()],
        figures=[build_figure(name, figure, item, store, anchor) for name, figure in file.figure.items()],
        deviations=deviations(claim, item.scale),
        unknown=claim.base.experiment.unknown,
        ambiguities=file.ambiguities,
        notes=file.notes,
        controls=build_controls(item, variants, places),
        sensitivities=build_sensitivities(item, variants, places),
        tuning=[_tuning(address, item) for address in item.tuning],
        runs=runs,
        criteria=ledger.criteria(item, store),
        criteria_changes=ledger.changes(item, store),
        wall_seconds=sum(run.wall_seconds or 0.0 for run in runs),
        claim_path=f"{claim.path.parent.name}/{claim.path.name}",
        claim_text=claim.text,
        command=f"repro check {claim.id} --scale {item.scale}{places}",
    )


def _expectation(
    verdict: ExpectationVerdict, item: Demand, anchor: str, store: Store
) -> model.ExpectationResult:
    expected = verdict.item
    unit = words.unit_at(verdict, item)
    lesser = item.scale if verdict.own_scale == "paper" and item.scale != "paper" else None
    lesser = item.scale if verdict.own_scale == "reduced" and item.scale in ("exact", "smoke") else lesser
    printed = printed_value(expected.reported)
    return model.ExpectationResult(
        id=verdict.id,
        anchor=f"{anchor}--{verdict.id}",
        title=expected.title,
        kind=expected.kind,
        role=expected.role,
        unit=unit,
        reported=expected.reported,
        reported_value=None if printed is None else printed / 100 if unit == "error" else printed,
        reported_note=_reported_note(expected),
        supports=_region(region(expected.supports), words.bounds(expected.supports, unit, expected.kind)),
        refutes=_region(
            region(expected.refuted) if expected.refuted else complement(expected.supports),
            words.refuting(expected, unit),
        ),
        why=expected.why,
        verdict=model.Verdict(
            word=words.word(verdict.result, verdict.status, lesser),
            result=verdict.result,
            status=verdict.status,
            sentence=words.expectation_sentence(verdict, unit, lesser),
        ),
        parts=[_part(part, expected, unit) for part in verdict.parts],
        **remarks.beside(verdict, item, unit, store),
    )


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


def _part(part: PartVerdict, expected: Expectation, unit: model.Unit) -> model.Part:
    interval = part.interval
    ratio = expected.kind == "ratio"
    return model.Part(
        label=part.estimand.label,
        estimate=_end(interval.estimate) if interval else None,
        low=None if interval is None or (ratio and interval.low == 0) else _end(interval.low),
        high=_end(interval.high) if interval else None,
        level=interval.level if interval else 0.95,
        n=part.n,
        bound=interval.bound if interval else "none",
        result=part.result,
        estimate_text=words.estimate(part, unit, expected.kind),
        note=part.note,
    )


def _tuning(address: str, item: Demand) -> model.Tuning:
    assert item.file.tune is not None
    state = item.tuning[address]
    return model.Tuning(
        cell=address,
        criterion=item.file.tune.by,
        rates=list(state.rates),
        values=list(state.values),
        censored=list(state.censored),
        chosen=state.chosen,
        state=state.state,
    )


def _run(need: Need, store: Store) -> model.RunRow:
    record = store.run(need.spec.key)
    failure = store.failure(need.spec.key) if record is None else None
    return model.RunRow(
        key=need.spec.key,
        cell=need.cell.address + (f" at lr {need.spec.recipe.lr:g}" if need.purpose == "tune" else ""),
        purpose=need.purpose,
        seed=need.spec.seed,
        outcome=record.outcome if record else "failed" if failure else "pending",
        steps=record.steps_done if record else None,
        wall_seconds=record.wall_seconds if record else None,
        device=str(record.provenance["device"]) if record else None,
        note=failure.splitlines()[0] if failure else None,
    )
