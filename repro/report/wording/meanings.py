"""What a first reader has to know of verdicts: what they rest on, of what they speak, and what chance may have made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from repro.report.model import Report, Verdict
from repro.report.wording.overview import Basis, Group, groups
from repro.report.wording.text import plural

ERROR_RATE = 0.05
"""At most so often is a claim falsely supported, and so often falsely refuted (docs/rule.md); exact ones never are."""

_EVIDENCE: Mapping[Basis, str] = {
    "trained": "nets trained here, measured with an interval",
    "recorded": "runs that others made, measured with an interval; nothing was trained here",
    "computed": "exact numbers that need no training, such as a net’s size",
}
_CAPPED: Mapping[Basis, str] = {
    "trained": "“holds” speaks of what ran here only",
    "recorded": "“holds” speaks of what was recorded only",
    "computed": "“holds” speaks of the claim file’s own protocol only",
}
_IN_FULL = "“supported” and “refuted” speak of {}"


def meanings(report: Report) -> list[tuple[str, str]]:
    """Say, for a first reader, what each kind of evidence is, of what its verdicts speak, and what chance may do.

    Returns:
        ("Trained", "nets were trained here …") for each kind that the report has.
    """
    return [(one.basis.capitalize(), " ".join(_meaning(one))) for one in groups(report)]


def _meaning(group: Group) -> Iterator[str]:
    judged = [claim.verdict for claim in group.claims if claim.verdict.result is not None]
    speaks = [_CAPPED[group.basis]] if any(map(is_capped, judged)) else []
    speaks += [] if all(map(is_capped, judged)) else [_IN_FULL.format(_source(group))]
    yield "; ".join([_EVIDENCE[group.basis], *speaks]) + "."
    yield from _of_notes(group)
    if group.basis == "computed":
        yield "Chance has no part in them."
    elif len(judged) == 1:
        yield "The verdict may be wrong by chance, in at most 5 of 100 repetitions."
    elif judged:
        expected = f"{ERROR_RATE * len(judged):.2g}"
        yield f"Of {len(judged)} verdicts, at most {expected} are wrong by chance on average."


def _source(group: Group) -> str:
    kinds = {one.paper.whose for one in group.papers}
    if len(kinds) > 1:
        return "the source itself: a paper, or reading notes"
    return "the paper itself" if "paper" in kinds else "the notes themselves"


def _of_notes(group: Group) -> Iterator[str]:
    """Say how many of what was refuted no paper says, where a reader could take it for the papers'."""
    refuted = [one.paper.whose for one in group.papers for row in one.rows if _is_refuted(row.claim.verdict)]
    noted = refuted.count("notes")
    if noted and len(set(refuted)) > 1:
        yield f"Of the {len(refuted)} refuted, {plural(noted, 'is a sentence', 'are sentences')} of reading notes."


def _is_refuted(verdict: Verdict) -> bool:
    return verdict.result == "refuted" and not is_capped(verdict)


def is_capped(verdict: Verdict) -> bool:
    """Tell whether the scale allows less than the result says, such as "holds" for "supported"."""
    return verdict.result is not None and verdict.word.strip().casefold() != verdict.result
