"""What a verdict rests on, as `repro show --why` prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

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
    claim = look.requirements.claim
    yield f"{claim.id}: {verdict.word}"
    states = Counter(run.state for run in found.runs)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common()) or "nothing"
    yield f"\nRests on {plural(len(found.runs), 'run or number', 'runs and numbers')}: {counts}."
    if claim.protocol.is_paper:
        yield f"\nProtocol: declared to be the paper's ({claim.protocol.source})."
    for reason in claim.protocol.reasons:
        yield f"\nProtocol: {reason}; words are capped."
    yield from _headed("Code of the claims folder, now:", _code(found))
    yield from _headed("Data:", _data(found))
    yield from _headed("Made with:", _versions(found))
    yield "\nChanged since: " + ("; ".join(found.changes) or "nothing that is known") + "."
    yield from _headed("Kept in the store and not used, of the same cells and seeds:", found.kept)
    yield from _headed("Runs:", _runs(found))


def _headed(heading: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines under a heading; nothing where there are none."""
    for number, line in enumerate(lines):
        if number == 0:
            yield f"\n{heading}"
        yield f"  {line}"


def _code(found: Basis) -> Iterator[str]:
    for name, code in found.code.items():
        yield f"{name}, {code.version}: {', '.join(code.files) or 'installed'}"
        yield from (f"  not covered: {note}" for note in code.unseen)


def _data(found: Basis) -> Iterator[str]:
    for one in found.data:
        place = f", {one.place}" if one.place else ""
        yield f"{one.name}, {short(one.fingerprint)}{place}: {one.state}"


def _versions(found: Basis) -> Iterator[str]:
    versions = Counter(
        (run.where, ", ".join(f"{name} {version}" for name, version in run.versions.items()))
        for run in found.runs
        if run.versions is not None
    )
    for (where, made), count in versions.most_common():
        yield f"{plural(count, 'run or number', 'runs and numbers')}: {where}; {made}"


def _runs(found: Basis) -> Iterator[str]:
    for run in found.runs:
        finished = f" {run.finished}" if run.finished else ""
        yield f"{run.key}  {run.what}: {run.state}{finished}"
