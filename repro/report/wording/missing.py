"""What a claim still needs before it is judged, in words."""

from __future__ import annotations

from repro.judging.missing import MissingRuns
from repro.report.wording.text import plural


def runs_needed(missing: MissingRuns) -> str | None:
    """Say how many runs a claim still needs, all of them together as `repro plan` counts them; None where none."""
    count = len(missing.keys)
    if not count:
        return None
    text = f"{plural(count, 'run')} {'is' if count == 1 else 'are'} not there yet"
    if missing.unavailable is not None:
        return f"{text}, and cannot be made: {missing.unavailable}"
    return f"{text}, and at most {missing.follow:,} more follow after tuning" if missing.follow else text
