"""Verdicts as plain sentences, made from the evidence: what was compared, by how much, how sure, against which bar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from repro.claims import Expectation
from repro.judging.missing import not_there
from repro.judging.verdicts import ClaimVerdict, ExpectationVerdict, PartVerdict
from repro.report.model import Unit, Whose
from repro.report.wording.compared import compared, groups, runs_a_value, seeds_that_differ
from repro.report.wording.text import all_of, percent
from repro.report.wording.whose import PRINTS
from repro.report.wording.words import bounds, estimate, needs, number, suffix
from repro.stats import SCREEN


def expectation_sentence(verdict: ExpectationVerdict, unit: Unit, whose: Whose = "paper") -> str:
    """Say what was compared, by how much, how sure, against which bar; `whose` are numbers that are printed."""
    item = verdict.expectation
    if verdict.note:
        return f"{verdict.note[:1].upper()}{verdict.note[1:]}."
    if verdict.result is None:
        told = so_far(verdict, unit)
        return f"Not judged: {_why_not(verdict)}." + (f" So far, {told}." if told else "")
    if len(verdict.parts) == 1:
        return _one(verdict.parts[0], item, unit, whose, recorded=verdict.recorded)
    found = {r: [p for p in verdict.parts if p.result == r] for r in ("supported", "refuted", "inconclusive")}
    total = len(verdict.parts)
    if verdict.result == "supported":
        return _all(verdict, unit)
    if verdict.result == "refuted":
        failed = found["refuted"]
        verb = "fails" if len(failed) == 1 else "fail"
        named = _named(failed[0], item, unit)
        what = "numbers" if verdict.exact else "comparisons"
        return f"{len(failed)} of {total} {what} {verb}: {named}. {_needed(item, unit)}"
    held, open_ = len(found["supported"]), found["inconclusive"]
    verb = "holds" if held == 1 else "hold"
    # Of those that cannot be told, one that seems to be refuted needs words most.
    shown = next((part for part in open_ if _stricter(part, item, unit)), open_[0])
    named = _named(shown, item, unit)
    return (
        f"{held} of {total} comparisons {verb}; {len(open_)} cannot be told: {named}. "
        f"{_needed(item, unit)}{_stricter(shown, item, unit)}"
    )


def so_far(verdict: ExpectationVerdict, unit: Unit) -> str:
    """Say what those comparisons show that need not wait for the others; "" where all of them wait."""
    there = [part for part in verdict.parts if part.interval is not None]
    if verdict.result is not None or not there:
        return ""
    return "; ".join(_named(part, verdict.expectation, unit) for part in there)


def _all(verdict: ExpectationVerdict, unit: Unit) -> str:
    """Say that every part of a joint statement holds."""
    total, needed = len(verdict.parts), needs(verdict.expectation, unit)
    which = all_of(total)
    if verdict.exact:
        return f"{which} numbers are as claimed: {needed}."
    level = verdict.parts[0].interval.level if verdict.parts[0].interval else 0.95
    return f"{which} comparisons are {needed}, each with its whole {percent(level)} interval."


def _why_not(verdict: ExpectationVerdict) -> str:
    """Say what all parts together wait for; what failed, or is wanting for another reason, in its own words."""
    absent = frozenset[str]().union(*(part.absent for part in verdict.parts))
    if verdict.status == "pending" and absent:
        return not_there(len(absent))
    notes = list(dict.fromkeys(part.note for part in verdict.parts if part.note))
    return "; ".join(notes) or "nothing has been run"


def _stricter(part: PartVerdict, expectation: Expectation, unit: Unit) -> str:
    """Say why a part is undecided whose shown interval lies in what refutes: refuting takes a wider one."""
    shown, wider, refutes = part.interval, part.refutation, expectation.refutes
    if part.result != "inconclusive" or shown is None or wider is None:
        return ""
    if not refutes.contains(shown) or refutes.contains(wider):
        return ""
    half = (wider.high - wider.low) / 2
    low, high = (number(end, unit, half) for end in (wider.low, wider.high))
    among = round((1 - SCREEN / 2) * (1 - shown.level) / (1 - wider.level))
    against = bounds(refutes, unit, expectation.kind)
    return (
        f" The {percent(shown.level)} interval lies in what speaks against the claim, {against}; but any "
        f"of {among} comparisons could refute, so that it takes the {percent(wider.level)} interval, {low} to {high}, "
        "which does not lie there."
    )


def _named(part: PartVerdict, expectation: Expectation, unit: Unit) -> str:
    note = f" ({part.note})" if part.note else ""
    printed = expectation.printed.get(part.estimand.label)
    beside = f", where {printed} is printed" if printed else ""
    return (
        f"{part.estimand.label or expectation.title}: {estimate(part, unit, expectation.kind)}{beside}{note}"
    )


def _needed(expectation: Expectation, unit: Unit) -> str:
    return f"The claim needs {needs(expectation, unit)}."


def _one(part: PartVerdict, expectation: Expectation, unit: Unit, whose: Whose, *, recorded: bool) -> str:
    interval, tail = part.interval, suffix(unit, expectation.kind)
    wanted = bounds(part.needs, unit, expectation.kind) if part.needs else needs(expectation, unit)
    note = f" Note: {part.note}." if part.note else ""
    if interval is None or math.isnan(interval.estimate):
        return f"There is no estimate to judge; the claim needs {wanted}.{note}"
    if part.exact:
        verb = {"supported": "as claimed", "refuted": "not as claimed"}.get(
            part.result or "", "between the regions"
        )
        printed = expectation.printed.get(part.estimand.label)
        bar = f"{PRINTS[whose]} {printed}" if printed else f"the claim needs {wanted}"
        return f"Computed: {number(interval.estimate, unit)}{tail}; {bar}: {verb}.{note}"
    half = (interval.high - interval.low) / 2
    spread = half if math.isfinite(half) else None
    low, high = number(interval.low, unit, half), number(interval.high, unit, half)
    sign = {"from_below": "at least ", "from_above": "at most "}.get(interval.bound, "")
    middle = f"{sign}{number(interval.estimate, unit, spread)}{tail}"
    seeds = seeds_that_differ(part) if recorded or runs_a_value(part) > 1 else ""
    seeds = seeds or f"{part.n} seeds"
    measured = f"We measured {middle}"
    if recorded:
        # Which way round is for the author of the claim file to see: nothing else tells it of results.
        measured = f"The results give {middle} for {compared(part.estimand.weights, log=part.estimand.log)}"
    measured = f"{measured} ({percent(interval.level)} interval {low} to {high}, {seeds})"
    refutes = bounds(expectation.refutes, unit, expectation.kind)
    end = {
        "supported": f"the whole interval lies in what the claim needs, {wanted}",
        "refuted": f"the whole interval lies in what speaks against the claim, {refutes}",
        "inconclusive": f"the claim needs {wanted}, and {groups(part.n, runs_a_value(part))} cannot tell",
    }[part.result or "inconclusive"]
    return f"{measured}: {end}.{_stricter(part, expectation, unit)}{note}"


def claim_sentence(
    verdict: ClaimVerdict,
    sentences: Mapping[str, str],
    awaits: str | None = None,
    shown: Mapping[str, str] | None = None,
) -> str:
    """Say in one sentence why the claim stands as it does, from the expectations that decide.

    `awaits` says what all of them together still need, `shown` what a half of an expectation shows until then, by its
    id; what stands beside a deciding one, of the same metric, is told with it.
    """
    if verdict.barred is not None:
        return f"Not trained, for the nets are not the paper’s: {verdict.barred}."
    deciding = [e for e in verdict.expectations if e.expectation.role == "decides"]
    judged = [e for e in deciding if not e.note]
    if not judged:
        reasons = dict.fromkeys(e.note for e in deciding if e.note)
        return f"Nothing that decides this claim is judged at this scale: {'; '.join(reasons)}."
    if verdict.result is None and verdict.status == "pending" and awaits:
        return f"Not judged: {awaits}.{_shown_so_far(verdict, judged, shown or {})}"
    if verdict.result is None:
        return sentences[next((e for e in deciding if e.result is None), judged[0]).id]
    return _because(verdict, judged, sentences)


def _because(
    verdict: ClaimVerdict, judged: Sequence[ExpectationVerdict], sentences: Mapping[str, str]
) -> str:
    """Say why a claim is judged as it is, by the first of the expectations that make it so."""
    chosen = [e for e in judged if e.result == verdict.result] or list(judged)
    # What was trained says more than what could be computed without it.
    chosen.sort(key=lambda e: e.exact)
    first = f"{chosen[0].expectation.title}: {_lower(sentences[chosen[0].id])}"
    if verdict.result == "supported" and len(chosen) > 1:
        return f"{all_of(len(chosen))} deciding expectations hold. {first}"
    return first


def _shown_so_far(
    verdict: ClaimVerdict, judged: Sequence[ExpectationVerdict], shown: Mapping[str, str]
) -> str:
    """Say what a half of the deciding expectations shows, and of those of the same metric beside them."""
    metrics = {e.expectation.metric for e in judged if e.id in shown}
    beside = [e for e in verdict.expectations if e.id in shown and e.expectation.metric in metrics]
    told = [f"{e.expectation.title}: {shown[e.id]}" for e in beside]
    return f" So far: {'. '.join(told)}." if told else ""


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
