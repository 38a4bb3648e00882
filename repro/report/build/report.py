"""Verdicts and evidence → the report as plain data. Nothing is judged here, and nothing is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_

import repro
from repro.claims import SCALES, papers_of, unseen
from repro.experiment.net_check import SpecRow
from repro.experiment.request import Request
from repro.experiment.requirements import Requirements
from repro.experiment.spent import Outgoings
from repro.judging.frame import Collected
from repro.judging.judgement import JudgedClaim, Judgement
from repro.report import model
from repro.report.build import ledger, runs
from repro.report.build.alternatives import build_controls, build_sensitivities
from repro.report.build.costs import total
from repro.report.build.deviations import deviations
from repro.report.build.evidence import expectation
from repro.report.build.figures import build_figure
from repro.report.build.idle import elsewhere
from repro.report.build.recipes import recipe_in_full
from repro.report.build.recorded import recorded, recorded_rows
from repro.report.build.tables import build_table
from repro.report.wording import words
from repro.report.wording.missing import runs_needed
from repro.report.wording.sentences import claim_sentence, so_far


def build_report(request: Request, judgement: Judgement) -> model.Report:
    """Return the report of the claims of `request`; the same store gives the same report.

    Args:
        request: what was asked.
        judgement: the claims with their verdicts, and what these rest on.
    """
    collected = judgement.collected
    required = [one.required for one in judgement.claims]
    claims = {one.required.claim.id: _claim(request, one, collected) for one in judgement.claims}
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
            version_read=paper.version_read,
            anchor=paper_id,
            coverage=paper.coverage,
            checkable=[
                model.Checkable(
                    where=one.where,
                    says=one.says,
                    claims=[name if "/" in name else f"{paper_id}/{name}" for name in one.claims],
                    open=one.open,
                    note=one.note,
                )
                for one in paper.checkable
            ],
            claims=[claim for claim_id, claim in claims.items() if claim_id.startswith(f"{paper_id}/")],
            elsewhere=elsewhere(request, paper_id, judgement.claims),
            whose="notes" if paper.is_teaching else "paper",
        )
        for paper_id, paper in papers_of(request.claims).items()
    ]
    keys = {need.spec.key for item in required for need in item.needs}
    spent = reduce(or_, (one.spent for one in judgement.claims), Outgoings())
    whole = total(spent)
    ran = runs.ran(keys, collected.runs)
    return model.Report(
        tool_version=repro.__version__,
        scale=request.scale,
        scale_says=SCALES[request.scale],
        coverage=_coverage(list(claims.values())),
        papers=[paper for paper in papers if paper.claims],
        machines=runs.machines(
            keys, collected, {need.spec.key for item in required for need in item.stopped}
        ),
        wall_seconds=whole.wall_seconds,
        command=request.again,
        datasets=runs.datasets(keys, collected.runs, required),
        stand_ins=sorted({said for claim in claims.values() for said in claim.stand_ins}),
        cost=whole,
        bring=sorted({said for claim in claims.values() for said in claim.bring}),
        ran=ran,
        as_of=max([*([ran.last] if ran else []), *_criteria_dates(claims.values())], default=None),
    )


def _criteria_dates(claims: Iterable[model.ClaimReport]) -> Iterator[str]:
    return (change.first_seen for claim in claims for change in claim.criteria)


def _coverage(claims: Sequence[model.ClaimReport]) -> model.Coverage:
    judged = sum(claim.verdict.result is not None for claim in claims)
    open_ = [claim.verdict.status for claim in claims if claim.verdict.result is None]
    text = f"{judged} of {len(claims)} claims judged"
    counts = {"pending": open_.count("pending"), "failed": open_.count("failed")}
    named_counts = counts | {"not judged at this scale": open_.count("complete")}
    rest = [f"{count} {name}" for name, count in named_counts.items() if count]
    return model.Coverage(
        total=len(claims),
        judged=judged,
        pending=counts["pending"],
        failed=counts["failed"],
        text=", ".join([text, *rest]),
    )


def _claim(request: Request, judged: JudgedClaim, collected: Collected) -> model.ClaimReport:
    required, verdict = judged.required, judged.verdict
    claim, file = required.claim, required.file
    lesser = words.claim_cap(verdict, required)
    expectations = [
        expectation(e, required, f"{claim.id}/expect/{e.id}", collected.runs) for e in verdict.expectations
    ]
    sentences = {e.id: e.verdict.sentence for e in expectations}
    source = ", ".join(
        part for part in (file.source.where, f"p. {file.source.page}" if file.source.page else "") if part
    )
    halves = {
        e.id: so_far(e, words.unit_of(file.metrics[e.expectation.metric], e.expectation.kind))
        for e in verdict.expectations
    }
    shown = {name: text for name, text in halves.items() if text}
    rows = [runs.run_row(need, collected) for need in required.needs]
    rows += [runs.stopped_row(need, collected) for need in required.stopped]
    rows += recorded_rows(required)
    spent = total(judged.spent)
    stand_ins = runs.stand_ins(required)
    return model.ClaimReport(
        id=claim.id,
        anchor=claim.id,
        title=file.title,
        statement=file.statement,
        quote=file.quote,
        source=f"{source} ({file.source.read_from})",
        verdict=model.Verdict(
            word=words.word(verdict.result, verdict.status, lesser),
            result=verdict.result,
            status=verdict.status,
            sentence=claim_sentence(verdict, sentences, runs_needed(judged.missing), shown),
        ),
        seeds=list(required.seeds),
        expectations=expectations,
        tables=[
            build_table(name, table, required, collected.frame, verdict) for name, table in file.table.items()
        ],
        figures=[build_figure(name, figure, required, collected) for name, figure in file.figure.items()],
        deviations=[*stand_ins, *deviations(claim, required.scale)],
        unknown=claim.base.experiment.unknown,
        ambiguities=file.ambiguities,
        notes=file.notes,
        controls=build_controls(request, judged),
        sensitivities=build_sensitivities(request, judged),
        tuning=[_tuning(address, required) for address in required.tuning],
        runs=rows,
        criteria=ledger.criteria(judged.ledger),
        criteria_changes=ledger.changes(judged.ledger),
        wall_seconds=spent.wall_seconds,
        claim_path=f"{claim.path.parent.name}/{claim.path.name}",
        claim_text=claim.text,
        command=request.command("check", claim.id),
        stand_ins=[f"{row.ours} (the paper's: {row.paper})" for row in stand_ins],
        spec_rows=[_spec_row(row) for row in required.net_check.rows],
        reviews=[
            model.Review(author=note.author, date=str(note.date), text=note.text, about=note.about)
            for note in claim.reviews
        ],
        cost=spent,
        bring=list(judged.missing.bring),
        contrary=model.Contrary(**file.contrary.model_dump()) if file.contrary else None,
        no_control=None if file.control else file.no_control,
        trains=claim.trains,
        protocol=model.Protocol(
            of_paper=claim.protocol.is_paper,
            source=claim.protocol.source,
            reasons=list(claim.protocol.reasons),
        ),
        recipe=recipe_in_full(claim, required.scale),
        code_notes=[*unseen(claim), *runs.differences(required, collected.runs)],
        recorded=recorded(judged),
        ran=runs.ran({need.spec.key for need in required.needs}, collected.runs),
        looks=_looks(required),
    )


def _looks(required: Requirements) -> list[int]:
    """Return the numbers of seeds that a claim's file has it looked at with; none where no seeds are run."""
    return (
        list(required.file.experiment.seeds.looks) if required.seeds and not required.claim.recorded else []
    )


def _spec_row(row: SpecRow) -> model.SpecRow:
    return model.SpecRow(
        net=row.net,
        size=row.size.replace("_", "-"),
        paper=f"{row.paper} ({row.source})" if row.source else row.paper,
        source=row.source,
        ours=None if row.ours is None else f"{row.ours:,}",
        ok=row.ok,
        says=row.says,
    )


def _tuning(address: str, required: Requirements) -> model.Tuning:
    assert required.file.tune is not None
    state = required.tuning[address]
    return model.Tuning(
        cell=address,
        criterion=required.file.tune.by,
        rates=list(state.rates),
        values=list(state.values),
        censored=list(state.censored),
        stopped=list(state.stopped),
        chosen=state.chosen,
        state=state.state,
        decays=[decay for decay in state.decays if decay is not None],
        chosen_decay=state.chosen_decay,
    )
