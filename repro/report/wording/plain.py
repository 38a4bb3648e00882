"""Verdicts for somebody without statistics: what came out and why, from the report's plain data.

Every sentence is one of `SAID`, with names for what is filled in, so that a translator can take them as they are. What
they rest on (levels, shares, power) is told by :mod:`sentences` and :mod:`remarks`, behind a fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from repro.report.model import ClaimReport, ExpectationResult, Part, Result, Verdict
from repro.report.wording import words
from repro.report.wording.compared import compared
from repro.report.wording.deciders import deciding, seems_refuted, telling
from repro.report.wording.text import all_of, plural
from repro.report.wording.whose import PRINTS

SAID: Mapping[str, str] = {
    "supported": "{measured} {here}, where the claim needs {needs}. Allowing for chance it is {range}: all of that "
    "would do.",
    "refuted": "{measured} {here}, but the claim needs {needs}. Allowing for chance it is {range}: all of that speaks "
    "against it.",
    "straddles": "cannot tell yet. {measured} {here}, where the claim needs {needs}; but allowing for chance it is "
    "{range}: some of that would do, and some would not.",
    "between": "cannot tell yet. {measured} {here}, where the claim needs {needs}. Allowing for chance it is {range}: "
    "not enough for the claim, and not enough to speak against it.",
    "nearly refuted": "cannot tell yet. {measured} {here}, but the claim needs {needs}. Allowing for chance it is "
    "{range}, which speaks against it; as one of several comparisons that could, it would have to be clearer.",
    "held back": "cannot tell: {note}. {measured} {here}, where the claim needs {needs}; that decides nothing.",
    "undefined": "cannot tell: {note}. The claim needs {needs}.",
    "as printed": "computed {measured}, and {prints} {printed}.",
    "not as printed": "computed {measured}, but {prints} {printed}.",
    "computed, holds": "computed {measured}, and the claim needs {needs}.",
    "computed, fails": "computed {measured}, but the claim needs {needs}.",
    "computed, between": "computed {measured}. The claim needs {needs}; this neither does nor speaks against it.",
    "all": "{total} comparisons do what the claim needs, {needs}. The closest is {label}: {measured} {here}; "
    "allowing for chance it is {range}.",
    "all computed": "{total} numbers are as the claim needs, {needs}.",
    "all printed": "{total} numbers are what {prints}.",
    "some fail": "{count} of {total} comparisons {fail}. {label}: {one}",
    "some numbers fail": "{count} of {total} numbers {fail}. {label}: {one}",
    "some open": "cannot tell yet: {count} of {total} comparisons {hold} so far. {label}: {one}",
    "several": "{total} things that the claim needs hold. {title}: {one}",
    "single": "{title}: {one}",
    "here": "here",
    "here, with seeds": "here with {seeds}",
    "recorded": "in the recorded results",
    "recorded, with seeds": "in the recorded results of {seeds}",
    "compared": "for {compared} {here}",
    "no number": "there is no number to judge by",
}
"""What is said, by what came out."""


def because(one: ExpectationResult, *, recorded: bool = False) -> str:
    """Say in plain words how an expectation came out and why; one that was not judged says so itself.

    `recorded`: it rests on results that others recorded, not on runs made here.
    """
    return _capital(_because(one, _here(one, recorded=recorded)))


def _here(one: ExpectationResult, *, recorded: bool, seeds: bool = False) -> str:
    """Say where a number is from; of recorded results which way round they are compared, which nothing else tells."""
    part = telling(one)
    counted = part is not None and bool(part.n) and seeds
    count = (part.seeds or plural(part.n, "seed")) if part is not None else ""
    place = ("recorded" if recorded else "here") + (", with seeds" if counted else "")
    here = SAID[place].format(seeds=count)
    if not recorded or part is None or not part.weights:
        return here
    return SAID["compared"].format(compared=compared(part.weights, log=one.kind == "ratio"), here=here)


def _because(one: ExpectationResult, here: str) -> str:
    result, part = one.verdict.result, telling(one)
    if result is None:
        return one.verdict.sentence
    if part is None:
        note = next((each.note for each in one.parts if each.note), SAID["no number"])
        return SAID["undefined"].format(note=note, needs=_needs(one))
    total = len(one.parts)
    if total == 1:
        return _single(part, one, here)
    if result == "supported":
        printed = one.exact and all(each.reported for each in one.parts)
        return SAID["all printed" if printed else "all computed" if one.exact else "all"].format(
            total=all_of(total).lower(),
            prints=PRINTS[one.whose],
            needs=_needs(one),
            label=part.label,
            measured=_measured(part, one),
            range=_range(part, one),
            here=here,
        )
    wanted = "refuted" if result == "refuted" else "supported"
    key = "some open" if result == "inconclusive" else "some numbers fail" if one.exact else "some fail"
    count = sum(each.result == wanted for each in one.parts)
    return SAID[key].format(
        count=count,
        total=total,
        label=part.label,
        one=_single(part, one, here).removeprefix("cannot tell yet. "),
        fail="fails" if count == 1 else "fail",
        hold="holds" if count == 1 else "hold",
    )


def claim_because(claim: ClaimReport) -> str:
    """Say in plain words why a claim stands as it does, and on how many seeds, from the expectation that decided it."""
    return verdict_because(claim.verdict, claim.expectations, recorded=claim.recorded is not None)


def verdict_because(
    verdict: Verdict, expectations: Sequence[ExpectationResult], *, recorded: bool = False
) -> str:
    """Say the same of a verdict and the expectations that it rests on, such as a control's."""
    one = deciding(verdict, expectations)
    if one is None or one.verdict.result is None or verdict.result is None:
        return verdict.sentence
    many = sum(each.role == "decides" and each.verdict.result is not None for each in expectations)
    key = "several" if verdict.result == "supported" and many > 1 else "single"
    here = _here(one, recorded=recorded, seeds=True)
    return SAID[key].format(total=all_of(many), title=one.title, one=_because(one, here))


def but(claim: ClaimReport) -> list[tuple[ExpectationResult, str]]:
    """Return what stands beside a verdict and came out the other way, such as its bars with another recipe, and why."""
    opposites = {("supported", "refuted"), ("refuted", "supported")}
    beside = [
        one
        for one in claim.expectations
        if one.role == "context" and (claim.verdict.result, one.verdict.result) in opposites
    ]
    recorded = claim.recorded is not None
    return [(one, f"{one.verdict.word}. {because(one, recorded=recorded)}") for one in beside]


def statistics(one: ExpectationResult) -> list[str]:
    """Return the sentences that stand behind the plain one of an expectation that decides, and was judged."""
    if one.role != "decides" or one.verdict.result is None:
        return []
    beside = (one.resolves, one.compatibility, one.sampling_note, one.robustness_note)
    return [*one.interval_notes, *(note for note in beside if note)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def spelt(text: str) -> str:
    """Return a number or a region with its unit spelt out: percentage points, times."""
    return text.replace(" pp", " percentage points").replace("×", " times")


def _single(part: Part, one: ExpectationResult, here: str) -> str:
    filled = {
        "measured": _measured(part, one),
        "here": here,
        "note": part.note or SAID["no number"],
        "needs": _needs(one),
        "prints": PRINTS[one.whose],
        "printed": part.reported or one.reported or "",
        "range": _range(part, one),
    }
    case = _case(part, one, part.reported is not None)
    told = SAID[case].format(**filled)
    if part.note and part.result == "inconclusive" and "{note}" not in SAID[case]:
        told += f" {_capital(part.note)}."
    return told


def _needs(one: ExpectationResult) -> str:
    """Return what supports an expectation, without the unit, which stands at our number."""
    return spelt(one.supports.text).removesuffix(_tail(one))


def _case(part: Part, one: ExpectationResult, printed: bool) -> str:
    if part.estimate is None:
        return "undefined"
    if one.exact:
        return _computed(part.result, printed)
    if part.result in ("supported", "refuted"):
        return part.result
    if part.note and _held_back(part, one):
        return "held back"
    if seems_refuted(part, one):
        return "nearly refuted"
    return "straddles" if _reaches(part, one) else "between"


def _computed(result: Result | None, printed: bool) -> str:
    if printed:
        return "as printed" if result == "supported" else "not as printed"
    return {"supported": "computed, holds", "refuted": "computed, fails"}.get(
        result or "", "computed, between"
    )


def _held_back(part: Part, one: ExpectationResult) -> bool:
    """Tell whether an open comparison would be decided, if something else than its interval did not keep it open."""
    regions = ((part.low, part.high, one.supports), (part.refutation_low, part.refutation_high, one.refutes))
    return any(
        (start is None or (low is not None and low >= start))
        and (end is None or (high is not None and high <= end))
        for low, high, region in regions
        if low is not None or high is not None
        for start, end in region.intervals
    )


def _reaches(part: Part, one: ExpectationResult) -> bool:
    """Tell whether a part of the interval would do."""
    return not one.supports.intervals or any(
        (low is None or part.high is None or part.high >= low)
        and (high is None or part.low is None or part.low <= high)
        for low, high in one.supports.intervals
    )


def _measured(part: Part, one: ExpectationResult) -> str:
    if part.estimate is None:
        return "no number"
    lead = {"from_below": "at least ", "from_above": "at most "}.get(part.bound, "")
    if one.exact:
        return spelt(part.estimate_text)
    return lead + _amount(part.estimate, part, one) + _tail(one)


def _range(part: Part, one: ExpectationResult) -> str:
    if part.low is None and part.high is None:
        return "anything"
    if part.low is None:
        return f"anything up to {_amount(part.high or 0.0, part, one)}"
    if part.high is None:
        return f"{_amount(part.low, part, one)} or more"
    return f"anything from {_amount(part.low, part, one)} to {_amount(part.high, part, one)}"


def _amount(value: float, part: Part, one: ExpectationResult) -> str:
    half = None if part.low is None or part.high is None else (part.high - part.low) / 2
    return words.number(value, one.unit, half)


def _tail(one: ExpectationResult) -> str:
    return spelt(words.suffix(one.unit, one.kind))
