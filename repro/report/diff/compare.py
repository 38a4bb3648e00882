"""Two reports → which verdicts changed, and which input explains it.

What explains a change is reasoned, not guessed: numbers that did not move leave only the criteria; numbers that moved
although the same runs were judged by the same criteria leave only where and with what they were made. Where several
inputs changed at once the reports cannot tell them apart, and that is what is said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from repro.report.diff import inputs
from repro.report.model import ClaimReport, ExpectationResult, Part, Report, Verdict
from repro.report.model.comparison import (
    ClaimChange,
    Comparison,
    ExpectationChange,
    Input,
    InputChange,
    PartChange,
    Relation,
    Side,
)
from repro.report.wording.text import plural

SAYS: Mapping[Relation, str] = {
    "same": "no change",
    "within": "within: each estimate lies in the other’s interval",
    "overlap": "the intervals overlap",
    "beyond": "beyond: the intervals do not overlap",
    "not compared": "not compared",
}

_PLACES: tuple[Input, ...] = ("commit", "versions", "machine")
"""Where and with what runs were made: never part of a run's key."""

_TRAINED: tuple[Input, ...] = ("what is trained", "seeds", "finished runs")
"""What moves numbers because other runs were judged."""

_MADE_OF: tuple[Input, ...] = ("claim file", "protocol", "data", "learning rates")
"""What runs under other keys can differ in; a version of a model or recipe is not told."""

_JUDGED_BY: tuple[Input, ...] = ("criteria", "claim file")
"""What may judge the same numbers otherwise; the claim file only where no ledger holds its criteria."""

_TOOL: Input = "version of repro"

_NOUNS: Mapping[Input, str] = {
    "scale": "the scale",
    "criteria": "the criteria",
    "claim file": "the claim file, whose criteria no ledger holds",
    "what is trained": "what is trained",
    "seeds": "the seeds",
    "finished runs": "runs that ended otherwise",
}


def compare(a: Report, b: Report, names: tuple[str, str]) -> Comparison:
    """Return what differs from report `a` to report `b`, which are called by `names`."""
    common = inputs.of_reports(a, b)
    old, new = ({claim.id: claim for paper in r.papers for claim in paper.claims} for r in (a, b))
    claims = [_claim(old.get(id_), new.get(id_), common) for id_ in dict.fromkeys([*old, *new])]
    changed = sum(claim.changed for claim in claims)
    both = sum(claim.before is not None and claim.after is not None for claim in claims)
    lone = [
        f"{count} only in {name}"
        for name, count in zip(names, (len(old) - both, len(new) - both), strict=True)
        if count
    ]
    return Comparison(
        before=_side(a, names[0]),
        after=_side(b, names[1]),
        text="; ".join([f"{changed} of {plural(both, 'verdict')} changed", *lone]),
        changed=changed,
        inputs=common,
        claims=claims,
    )


def _side(report: Report, name: str) -> Side:
    return Side(
        name=name, **{field: getattr(report, field) for field in Side.model_fields if field != "name"}
    )


def _claim(a: ClaimReport | None, b: ClaimReport | None, common: Sequence[InputChange]) -> ClaimChange:
    one = b or a
    assert one is not None
    if a is None or b is None:
        return ClaimChange(
            id=one.id,
            title=one.title,
            before=a.verdict if a else None,
            after=b.verdict if b else None,
            changed=False,
            explanation=f"Only in the {'second' if a is None else 'first'} report.",
            causes=[],
            inputs=[],
            expectations=[],
        )
    own = inputs.of_claims(a, b)
    scales_differ = any(change.input == "scale" for change in common)
    expectations = _expectations(a, b, scales_differ)
    moved = any(part.relation != "same" for change in expectations for part in change.parts)
    changed = _differs(a.verdict, b.verdict)
    differing = {change.input for change in [*common, *own]}
    judged_by: tuple[Input, ...] = ("criteria",) if inputs.criteria_known(a, b) else _JUDGED_BY
    causes = _causes(moved, differing, judged_by) if changed or expectations else []
    return ClaimChange(
        id=one.id,
        title=one.title,
        before=a.verdict,
        after=b.verdict,
        changed=changed,
        explanation=_explanation(changed, moved, causes, differing),
        causes=causes,
        inputs=own,
        expectations=expectations,
    )


def _differs(a: Verdict, b: Verdict) -> bool:
    return (a.result, a.status) != (b.result, b.status)


def _causes(moved: bool, differing: set[Input], judged_by: Sequence[Input]) -> list[Input]:
    """Return the inputs that can have changed a verdict, or numbers where those moved."""
    if "scale" in differing:
        return ["scale"]
    found = [name for name in _TRAINED if name in differing] if moved else []
    found += [name for name in judged_by if name in differing]
    if found:
        return found
    possible = (*_PLACES, _TOOL) if moved else (_TOOL,)
    return [name for name in possible if name in differing]


def _explanation(changed: bool, moved: bool, causes: Sequence[Input], differing: set[Input]) -> str:
    verdict = "The verdict changed" if changed else "The verdict is the same"
    numbers = "the numbers moved" if moved else "the numbers are the same"
    said = f"{verdict}, and {numbers}" if changed == moved else f"{verdict}; {numbers}"
    if causes:
        return f"{said}: {_reason(causes, moved, differing)}."
    return f"{said}. Nothing that the reports hold explains it." if changed or moved else f"{said}."


def _reason(causes: Sequence[Input], moved: bool, differing: set[Input]) -> str:
    if causes[0] == "scale":
        return "the scale differs, so these are not the same experiment"
    if causes == [_TOOL]:
        return "the same runs and criteria, judged by another version of repro"
    if causes[0] in (*_PLACES, _TOOL):
        listed = ", ".join(causes)
        return (
            f"the same runs and criteria gave other numbers; what differs is where they were made ({listed})"
        )
    nouns = [_NOUNS[cause] for cause in causes]
    trained = [name for name in _MADE_OF if name in differing]
    if "what is trained" in causes and trained:
        nouns[causes.index("what is trained")] += f" ({', '.join(trained)})"
    if len(nouns) > 1:
        listed = f"{', '.join(nouns[:-1])} and {nouns[-1]}"
        return f"{listed} differ, and the reports cannot tell which of them it was"
    places = [name for name in _PLACES if name in differing]
    beside = f"; where runs were made differs, too ({', '.join(places)})" if moved and places else ""
    return f"explained by {nouns[0]}{beside}"


def _expectations(a: ClaimReport, b: ClaimReport, scales_differ: bool) -> list[ExpectationChange]:
    old, new = ({one.id: one for one in claim.expectations} for claim in (a, b))
    found = []
    for id_ in dict.fromkeys([*old, *new]):
        before, after = old.get(id_), new.get(id_)
        one = after or before
        assert one is not None
        parts = _parts(before, after, scales_differ)
        alike = before is not None and after is not None and not _differs(before.verdict, after.verdict)
        if alike and all(part.relation == "same" for part in parts):
            continue
        found.append(
            ExpectationChange(
                id=id_,
                title=one.title,
                role=one.role,
                before=before.verdict if before else None,
                after=after.verdict if after else None,
                parts=parts,
            )
        )
    return found


def _parts(
    before: ExpectationResult | None, after: ExpectationResult | None, scales_differ: bool
) -> list[PartChange]:
    old, new = ({part.label: part for part in one.parts} if one else {} for one in (before, after))
    found = []
    for label in dict.fromkeys([*old, *new]):
        a, b = old.get(label), new.get(label)
        how: Relation = "not compared"
        if before and after and a and b and _comparable(before, after, scales_differ):
            how = relation(a, b)
        found.append(
            PartChange(
                label=label,
                before=a.estimate_text if a else None,
                after=b.estimate_text if b else None,
                relation=how,
                says=_says(how, a, b),
            )
        )
    return found


def _comparable(a: ExpectationResult, b: ExpectationResult, scales_differ: bool) -> bool:
    """Tell whether numbers are of the same thing; what is computed without training is, at every scale."""
    return (a.kind, a.unit) == (b.kind, b.unit) and (a.exact or a.kind == "exact" or not scales_differ)


def relation(a: Part, b: Part) -> Relation:
    """Return how two estimates with intervals lie to each other; an interval without an end goes on for ever."""
    if (a.estimate, a.low, a.high, a.n, a.bound) == (b.estimate, b.low, b.high, b.n, b.bound):
        return "same"
    if a.estimate is None or b.estimate is None:
        return "not compared"
    (a_low, a_high), (b_low, b_high) = _ends(a), _ends(b)
    if a_low <= b.estimate <= a_high and b_low <= a.estimate <= b_high:
        return "within"
    return "overlap" if a_low <= b_high and b_low <= a_high else "beyond"


def _ends(part: Part) -> tuple[float, float]:
    low = -math.inf if part.low is None else part.low
    return low, math.inf if part.high is None else part.high


def _says(how: Relation, a: Part | None, b: Part | None) -> str:
    if how in ("same", "not compared") or a is None or b is None:
        return SAYS[how]
    if a.low == a.high and b.low == b.high:
        return "other numbers, and neither has an interval"
    levels = f" (at levels of {100 * a.level:.4g}% and {100 * b.level:.4g}%)" if a.level != b.level else ""
    return SAYS[how] + levels
