"""What a verdict rests on, as `repro show --why` prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from repro.experiment.basis import Basis
from repro.experiment.data_index import short
from repro.judging.looks import Look, judge
from repro.report.model import Verdict
from repro.report.wording import words
from repro.report.wording.text import plural
from repro.store import Store


def verdict_of(look: Look, store: Store) -> Verdict:
    """Return the verdict of a claim as the store stands, with no sentence."""
    judged = judge(look.requirements, store)
    word = words.word(judged.result, judged.status, words.claim_cap(judged, look.requirements))
    return Verdict(word=word, result=judged.result, status=judged.status, sentence="")


def why_lines(look: Look, verdict: Verdict, found: Basis) -> Iterator[str]:
    """Yield what a verdict rests on: whose protocol, code, data, versions, changes, runs."""
    item = look.requirements
    yield f"{item.claim.id}: {verdict.word}"
    states = Counter(run.state for run in found.runs)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common()) or "nothing"
    yield f"\nRests on {plural(len(found.runs), 'run or number', 'runs and numbers')}: {counts}."
    protocol = item.claim.protocol
    if protocol.is_paper:
        yield f"\nProtocol: declared to be the paper's ({protocol.source})."
    for reason in protocol.reasons:
        yield f"\nProtocol: {reason}; words are capped."
    if found.code:
        yield "\nCode of the claims folder, now:"
    for name, code in found.code.items():
        yield f"  {name}, {code.version}: {', '.join(code.files) or 'installed'}"
        yield from (f"    not covered: {note}" for note in code.unseen)
    if found.data:
        yield "\nData:"
    for one in found.data:
        place = f", {one.place}" if one.place else ""
        yield f"  {one.name}, {short(one.fingerprint)}{place}: {one.state}"
    versions = Counter(
        (run.where, ", ".join(f"{name} {version}" for name, version in run.versions.items()))
        for run in found.runs
        if run.versions is not None
    )
    if versions:
        yield "\nMade with:"
    for (where, made), count in versions.most_common():
        yield f"  {plural(count, 'run or number', 'runs and numbers')}: {where}; {made}"
    yield "\nChanged since: " + ("; ".join(found.changes) or "nothing that is known") + "."
    if found.kept:
        yield "\nKept in the store and not used, of the same cells and seeds:"
        yield from (f"  {line}" for line in found.kept)
    if found.runs:
        yield "\nRuns:"
    for run in found.runs:
        finished = f" {run.finished}" if run.finished else ""
        yield f"  {run.key}  {run.what}: {run.state}{finished}"
