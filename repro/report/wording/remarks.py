"""What stands beside a verdict and decides nothing: what the seeds resolve, the paper's number, the test set."""

from __future__ import annotations

import math
from collections.abc import Mapping

from repro.claims import Metric
from repro.experiment.requirements import Requirements
from repro.judging.paper_number import paper_number
from repro.judging.power import MOST, POWER, Resolving, of_verdict
from repro.judging.replication import Compatibility, Predicted, compatibility
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.report.model import Unit
from repro.report.wording import words
from repro.report.wording.compared import groups
from repro.report.wording.robustness import robustness_note
from repro.stats import Interval, binomial_se, shared_images_se
from repro.store import RunRecord

Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95% interval."""

_NAMED = 4  # more comparisons are counted instead


def beside(
    verdict: ExpectationVerdict, required: Requirements, unit: Unit, runs: Mapping[str, RunRecord]
) -> dict[str, str | int | bool | None]:
    """Return what stands beside a verdict that rests on training, by the report's fields; it decides nothing."""
    if verdict.exact or not any(part.samples for part in verdict.parts):
        return {}
    metric, notation = required.file.metrics[verdict.expectation.metric], words.notation(unit)
    paper = paper_number(verdict.expectation, notation)
    resolved = of_verdict(verdict, required, paper.value if paper else None)
    # The paper's number is of the paper's data and protocol.
    other = required.stand_ins or not required.claim.protocol.is_paper
    compared = None if other else compatibility(verdict, metric, required.scale, notation)
    keys = [
        need.spec.key for part in verdict.parts for a in part.samples for need in required.measured.get(a, ())
    ]
    run = next((runs[key] for key in keys if key in runs), None)
    return {
        "resolves": resolves(resolved, unit, required.scale) if resolved else None,
        **(settling(resolved) if resolved and verdict.result == "inconclusive" else {}),
        "compatibility": compatible(compared, verdict, unit) if compared else None,
        "sampling_note": sampling_note(verdict, metric, run.images.get("test") if run else None),
        "robustness_note": robustness_note(verdict, unit),
    }


def resolves(found: Resolving, unit: Unit, scale: str = "paper") -> str:
    """Say what the seeds resolve, how far ours lies from the bar, and how many seeds that would take.

    Below the paper's `scale`, the spread is of other nets and data than the paper's number, which is then said.

    Such as "With 5 seeds, 6.1 pp from the bar is decided (80% power); ours is 1.2 pp from it: about 60 seeds
    needed."
    """
    where = f"{found.label}: with" if found.label else "With"
    power = f"{POWER:.0%} power" + (f" for all {found.parts} comparisons" if found.parts > 1 else "")
    if math.isinf(found.detectable):
        text = f"{where} {_seeds(found.n, found)}, not even the middle between the two bars is decided ({power}); "
    else:
        reach = words.distance(found.detectable, unit, found.log)
        text = f"{where} {_seeds(found.n, found)}, {reach} from {_bar(found.refutes)} is decided ({power}); "
    open_ = found.result in (None, "inconclusive")
    if found.distance is None:
        text += "ours lies between the two regions"
        text += ", where no number of seeds decides" if found.between else ""
    else:
        text += f"ours is {words.distance(found.distance, unit, found.log)} from it"
        if open_ and (found.needed is None or found.needed > found.n):
            text += f": {_seeds(found.needed, found)} needed{_range_of(found.needed_range, found)}"
    if found.paper_distance is None:
        return f"{text}."
    apart = words.distance(found.paper_distance, unit, found.log)
    text += f". The paper’s number is {apart} from {_bar(found.paper_refutes)}"
    if scale != "paper":
        text += f", on its own nets and data; by the spread of the runs at {scale} scale, which is another"
    if found.paper_needed is not None and found.paper_needed <= found.n:
        return f"{text}: for such an effect {_seeds(found.paper_needed, found)} suffice."
    return (
        f"{text}: such an effect cannot be decided with {_seeds(found.n, found)}, "
        f"{_seeds(found.paper_needed, found)} needed"
        f"{_range_of(found.paper_range, found)}."
    )


def _bar(refutes: bool) -> str:
    return "the refuting bar" if refutes else "the bar"


def settling(found: Resolving) -> dict[str, str | int | bool | None]:
    """Return in plain words how many seeds would settle what is open, and their number where there is one."""
    if found.between:
        text = (
            "More seeds would most likely not: our number, with all that chance allows, lies between what supports the "
            "claim and what speaks against it."
        )
        return {"settles": text, "settles_never": True}
    if found.distance is None:
        text = (
            "How many seeds, nobody can tell: our number lies between what supports the claim and what speaks against "
            "it, and the truth may lie in either."
        )
        return {"settles": text}
    if found.needed is None:
        return {
            "settles": f"{_capital(_seeds(None, found))}, where there are {found.n}.",
            "settles_never": True,
        }
    if found.needed <= found.n:
        return {}
    low, high = found.needed_range or (None, None)
    bounds = ""
    if low is not None and low != high:
        most = f"more than {MOST}" if high is None else _count(high)
        bounds = f" So few runs tell this only roughly: it may be anything from {_count(low)} to {most}."
    text = f"{_capital(_seeds(found.needed, found))} instead of {found.n}.{bounds}"
    return {"settles": text, "settles_seeds": found.needed * found.runs_a_value}


def _range_of(found: tuple[int | None, int | None] | None, of: Resolving) -> str:
    """Say how few and how many seeds that may be, as far as the spread of the runs tells."""
    if found is None or found == (None, None):
        return ""
    low, high = (f"more than {MOST}" if end is None else _count(end) for end in found)
    return f" ({low} to {high}, as far as {of.observed} runs tell)" if low != high else ""


def _seeds(count: int | None, of: Resolving) -> str:
    """Say how many seeds that are, or groups of seeds of which each makes one value."""
    if count is None:
        return f"more than {groups(MOST, of.runs_a_value)}"
    return groups(count, of.runs_a_value) if count <= 20 else f"about {_count(count)} {_many(of)}"


def _many(of: Resolving) -> str:
    return groups(2, of.runs_a_value).removeprefix("2 ")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(count: int) -> str:
    # Beyond twenty, two digits already say more than spreads from a few runs know.
    return str(count) if count <= 20 else f"{float(f'{count:.2g}'):.0f}"


def compatible(found: Compatibility, verdict: ExpectationVerdict, unit: Unit) -> str:
    """Say where runs like ours would fall, how wide that is, and whether the paper's number lies there."""
    item = verdict.expectation
    assumed = (
        "The paper does not say what its number is of; taken for a single run: " if found.assumed else ""
    )
    theirs = f"the paper’s {item.reported}"
    if found.paper.tolerance and item.uncertainty.reading_error:
        theirs += f" ({words.reading_error(item.uncertainty.reading_error)})"
    if not found.parts:
        return (
            f"{theirs[0].upper()}{theirs[1:]} is made of bests: what runs like ours would give is not known."
        )
    tail = words.suffix(unit, item.kind)
    lead = {
        "run": "a single run like ours" if found.cells == 1 else "single runs like ours, one a cell,",
        "mean": f"the mean of {found.m} runs like ours"
        if found.cells == 1
        else f"means of {found.m} runs like ours",
        "best": f"the best of {found.m} runs like ours",
    }[found.of]
    if len(found.parts) == 1:
        (one,) = found.parts
        if one.compatible is None:
            text = f"where {lead} would fall is not known; {theirs} cannot be compared"
        else:
            said = "compatible" if one.compatible else "not compatible"
            text = f"{lead} would give {_range(one.interval, unit, tail)}; {theirs} is {said}"
    elif len(found.parts) > _NAMED:
        known = [one for one in found.parts if one.compatible is not None]
        count = sum(one.compatible is True for one in known)
        text = f"{theirs} is what {lead} would give in {count} of {len(found.parts)} comparisons"
    else:
        each = "; ".join(_each(one, unit, tail) for one in found.parts)
        text = f"{theirs} against what {lead} would give: {each}"
    return f"{assumed}{text}." if assumed else f"{text[0].upper()}{text[1:]}."


def _each(one: Predicted, unit: Unit, tail: str) -> str:
    if one.compatible is None:
        return f"{one.label} not known"
    return f"{one.label} {_range(one.interval, unit, tail)}, {'' if one.compatible else 'not '}compatible"


def _range(interval: Interval, unit: Unit, tail: str) -> str:
    """Return "3.1 to 4.9 pp (95% prediction interval, 1.8 pp wide)"; ends that are open are said so."""
    half = (interval.high - interval.low) / 2
    low, high = (words.number(end, unit, half) for end in (interval.low, interval.high))
    level = f"{interval.level:.0%} prediction interval"
    if interval.high == math.inf:
        return f"at least {low}{tail} ({level}, open above)"
    if interval.low == -math.inf:
        return f"at most {high}{tail} ({level}, open below)"
    log = unit == "ratio"
    width = words.distance(math.log(interval.high / interval.low) if log else 2 * half, unit, log)
    return f"{low} to {high}{tail} ({level}, {width} wide)"


def sampling_note(verdict: ExpectationVerdict, metric: Metric, images: int | None) -> str | None:
    """Say how far other test images would move the number, which seeds on one test set do not show.

    None for anything but final test errors on their own scale. The cells of a contrast are taken as if each
    had test images of its own: they share them, which makes the true error smaller, hence "at most".

    Args:
        verdict: with its evidence; the largest error of its parts is told.
        metric: what it is about.
        images: in the test set; None where no run has told.
    """
    if images is None or metric.kind != "final" or metric.of != "test_error" or metric.transform != "none":
        return None
    errors = [_sampling_error(part, images) for part in verdict.parts if part.samples and part.n > 0]
    if not errors:
        return None
    unit = words.unit_of(metric, verdict.expectation.kind)
    log = verdict.expectation.kind == "ratio"
    reach = words.distance(max(errors), unit, log) if log else f"±{words.distance(max(errors), unit, log)}"
    most = "" if all(len(part.estimand.weights) == 1 for part in verdict.parts) else "at most "
    return (
        f"The test set of {images:,} images adds a sampling error of {most}{reach} (95%) "
        f"that more seeds do not reduce.{_on_the_same_images(verdict, unit, images)}"
    )


def _on_the_same_images(verdict: ExpectationVerdict, unit: Unit, images: int) -> str:
    """Say how much smaller it may be because two nets share the test set; "" for anything but a difference of two."""
    pairs = [
        [
            math.fsum(cell.values) / len(cell.values)
            for cell in (part.samples[a] for a in part.estimand.weights)
        ]
        for part in verdict.parts
        if part.n > 0 and sorted(part.estimand.weights.values()) == [-1, 1] and not part.estimand.log
    ]
    if not pairs:
        return ""
    least = words.distance(
        Z95 * max(shared_images_se(first, second, images)[0] for first, second in pairs), unit, False
    )
    return (
        f" Of one pair of nets it would be ±{least} if the better one failed only where the "
        "other fails, too (McNemar); which images a net fails on is not kept."
    )


def _sampling_error(part: PartVerdict, images: int) -> float:
    """Return the half width of a 95% interval over test sets; of natural logs for a ratio."""
    means = {a: math.fsum(sample.values) / len(sample.values) for a, sample in part.samples.items()}
    # No error among these images still leaves room for one among others.
    rates = {a: min(max(mean, 1 / images), 1 - 1 / images) for a, mean in means.items()}
    slopes: Mapping[str, float] = {a: 1 / rate if part.estimand.log else 1.0 for a, rate in rates.items()}
    terms = [
        (weight * slopes[address] * binomial_se(rates[address], images)) ** 2
        for address, weight in part.estimand.weights.items()
    ]
    return Z95 * math.sqrt(math.fsum(terms))
