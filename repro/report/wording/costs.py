"""What was spent, in words and as a table: what runs and readings took, beside what was predicted before they began."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from repro.report.wording.text import duration, plural

if TYPE_CHECKING:
    from repro.report.model import ClaimReport, Cost, Report


def cost(found: Cost, stopped: int = 0) -> str:
    """Say what runs and readings took, beside what was predicted for them beforehand; `stopped` are among the runs."""
    return " ".join([f"{_took(found, stopped)}.", *_predicted(found)])


def stopped_runs(claims: Iterable[ClaimReport]) -> int:
    """Return how many runs of some claims were stopped early, in tuning; each counts once."""
    return len({run.key for claim in claims for run in claim.runs if run.outcome == "stopped"})


def _took(found: Cost, stopped: int) -> str:
    runs, readings = plural(found.runs, "run"), plural(found.readings, "measurement")
    runs += f" ({stopped:,} of them stopped early, in tuning)" if stopped else ""
    what = " and ".join(
        [*([runs] if found.runs or not found.readings else []), *([readings] if found.readings else [])]
    )
    clock, processor = duration(found.wall_seconds), duration(found.processor_seconds)
    if found.processor_seconds and found.processor_runs == found.runs:
        return f"{what} took {processor} of processor time, {clock} on the clock"
    if not found.processor_runs:
        return f"{what} took {clock}"
    known = f"of {found.processor_runs:,} of the runs the processor time is known"
    return f"{what} took {clock} on the clock; {known}: {processor}, measurements included"


def _predicted(found: Cost) -> Iterator[str]:
    if not found.predicted_seconds:
        if found.runs:
            yield "What was predicted beforehand is unknown."
        return
    predicted, actual = duration(found.predicted_seconds), duration(found.predicted_took_seconds)
    if found.predicted_runs == found.runs:
        yield f"Predicted beforehand: {predicted}."
    else:
        yield f"Predicted beforehand for {found.predicted_runs:,} of them: {predicted}; these took {actual}."


def spent_seconds(claim: ClaimReport) -> float:
    """Return what a claim took: of a processor where that is known of all its runs, else on the clock."""
    known = (
        claim.cost is not None
        and claim.cost.processor_seconds
        and claim.cost.processor_runs == claim.cost.runs
    )
    return claim.cost.processor_seconds if claim.cost and known else claim.wall_seconds


COLUMNS = ("Claim", "Runs", "Measurements", "Predicted", "Took", "Took ÷ predicted", "On the clock")


def cost_table(report: Report) -> Sequence[Sequence[str]]:
    """Return a row for each claim that has cost anything, of the texts of `COLUMNS`, and one for all of them.

    "Took" is processor time where it is known, of what something was predicted for. What claims share is in the row of
    each, and once in that of all.
    """
    claims = [claim for paper in report.papers for claim in paper.claims if _cost_something(claim)]
    rows = [_row(claim.id, claim.cost) for claim in claims if claim.cost]
    return [*rows, _row("all", report.cost)] if report.cost and rows else []


def _cost_something(claim: ClaimReport) -> bool:
    return claim.cost is not None and claim.cost.runs > 0


def _row(name: str, found: Cost) -> list[str]:
    told = found.predicted_seconds > 0
    return [
        name,
        f"{found.runs:,}",
        f"{found.readings:,}",
        duration(found.predicted_seconds) if told else "unknown",
        duration(found.predicted_took_seconds if told else found.processor_seconds or found.wall_seconds),
        f"{found.predicted_took_seconds / found.predicted_seconds:.2g}" if told else "",
        duration(found.wall_seconds),
    ]
