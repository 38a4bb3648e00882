"""Controls and sensitivities as plain data: what the criteria made of a claim that was changed on purpose."""

from __future__ import annotations

from collections.abc import Sequence

from repro.experiment.request import Request
from repro.experiment.requirements import Requirements
from repro.experiment.variants import Variant
from repro.judging.judgement import JudgedClaim
from repro.judging.verdicts import ClaimVerdict
from repro.report import model
from repro.report.build.evidence import judged_expectation
from repro.report.wording import sentences, words
from repro.report.wording.plain import because, verdict_because


def build_controls(request: Request, judged: JudgedClaim) -> list[model.Control]:
    """Return each declared control with its verdict."""
    return [
        _control(request, judged.required, variant, verdict)
        for variant, verdict in judged.variants
        if variant.kind == "control"
    ]


def _control(
    request: Request, required: Requirements, variant: Variant, verdict: ClaimVerdict
) -> model.Control:
    name = variant.of
    declared = required.file.control[name]
    lesser = words.claim_cap(verdict, required)
    expectations = [judged_expectation(e, required, "") for e in verdict.expectations]
    sentence = sentences.claim_sentence(verdict, {e.id: e.verdict.sentence for e in expectations})
    found = model.Verdict(
        word=words.word(verdict.result, verdict.status, lesser),
        result=verdict.result,
        status=verdict.status,
        sentence=sentence,
    )
    text = {
        None: f"Not judged yet: `{request.command('check', required.claim.id, '--controls')}` runs it.",
        "refuted": "Caught: the same criteria refute it.",
        "inconclusive": "Not supported, but not caught either, so the control shows little.",
        "supported": "Not caught: the criteria support a claim that was sabotaged, so they prove nothing here.",
    }[verdict.result]
    return model.Control(
        id=name,
        title=declared.title,
        why=declared.why,
        verdict=found,
        passed=None if verdict.result is None else verdict.result != "supported",
        caught=None if verdict.result is None else verdict.result == "refuted",
        text=text,
        because="" if verdict.result is None else verdict_because(found, expectations),
    )


def build_sensitivities(request: Request, judged: JudgedClaim) -> list[model.Sensitivity]:
    """Return each declared sensitivity, a row a point, and say where verdicts flip."""
    required, built = judged.required, []
    for name, declared in required.file.sensitivity.items():
        points = [
            _point(required, v.label, verdict, declared.expect)
            for v, verdict in judged.variants
            if (v.kind, v.of) == ("sensitivity", name)
        ]
        built.append(
            model.Sensitivity(
                id=name,
                title=declared.title,
                why=declared.why,
                expectations=[required.file.expect[expectation].title for expectation in declared.expect],
                points=points,
                text=_flips(request, required, points),
                ids=list(declared.expect),
            )
        )
    return built


def _point(required: Requirements, label: str, verdict: ClaimVerdict, ids: Sequence[str]) -> model.Point:
    by_id = {one.id: one for one in verdict.expectations}
    judged = [judged_expectation(by_id[name], required, "") for name in ids]
    return model.Point(
        label=label,
        estimates=["; ".join(part.estimate_text for part in one.parts) for one in judged],
        verdicts=[one.verdict for one in judged],
        parts=[one.parts for one in judged],
        because=[because(one) for one in judged],
    )


def _flips(request: Request, required: Requirements, points: Sequence[model.Point]) -> str:
    seen = {verdict.result for point in points for verdict in point.verdicts}
    if not seen or None in seen:
        return f"Not judged yet: `{request.command('check', required.claim.id, '--sensitivity')}` runs it."
    if {"supported", "refuted"} <= seen:
        return "The verdict flips on this grid: the claim hinges on the setting."
    if len(seen) == 1:
        return "The verdict is the same at every point of this grid."
    return "The verdict is not the same everywhere on this grid, but it does not turn round."
