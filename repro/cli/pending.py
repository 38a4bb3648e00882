"""What waits for data, told by `plan` and `check`: which, how to bring it, and what it would cost then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from repro.cli.machine import expected_time
from repro.planning.jobs import Plan
from repro.report.wording.text import plural


def known_runs(plan: Plan) -> str:
    """Return what is known of the runs of a plan besides their number: " (…)", or nothing."""
    shared = f"{plural(plan.shared, 'run')} {'serves' if plan.shared == 1 else 'serve'} several claims"
    there = f"{plural(plan.present, 'run')} in the store already"
    told = [text for text, count in ((shared, plan.shared), (there, plan.present)) if count]
    return f" ({', '.join(told)})" if told else ""


def pending_lines(plan: Plan, workers: int) -> Iterator[str]:
    """Return a line for each dataset that is not at hand."""
    readings = Counter(plan.pending.values())
    for what, outlay in plan.pending_outlays.items():
        follow = f" and at most {outlay.follow} more after tuning" if outlay.follow else ""
        seconds = outlay.wall_seconds(workers)
        if not outlay.runs:
            # Trained already: only probes are still to be read from them, for which their images are needed.
            yield f"Pending: readings of {plural(readings[what], 'run')}. {what}."
        elif seconds is None:
            yield f"Pending: {plural(outlay.runs, 'run')}{follow}. {what}."
        else:
            about = expected_time(seconds, workers, outlay.basis, outlay.between(workers), plan.device)
            yield f"Pending: {plural(outlay.runs, 'run')}{follow}. {what}. Once it is there: {about}."
