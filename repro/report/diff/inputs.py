"""What two reports rest on, and where it differs: scale, criteria, protocol, seeds, runs, versions, machines."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

from repro.report.model import ClaimReport, CriteriaChange, Report, RunRow
from repro.report.model.comparison import Input, InputChange
from repro.report.wording.text import plural

_WHERE: tuple[tuple[Input, str, str], ...] = (
    ("commit", "Runs were made at other commits.", "commit"),
    ("versions", "Runs were made with other versions.", "versions"),
    ("machine", "Runs were made on other machines.", "description"),
)
"""Input, sentence, and the field of a machine that holds it."""

_NAMED = 8  # more runs than this are counted, not listed


def of_reports(a: Report, b: Report) -> list[InputChange]:
    """Return what differs between two reports as wholes."""
    found = []
    if a.scale != b.scale:
        found.append(
            InputChange(
                input="scale",
                says="The scale differs: other data, nets and schedule, so that numbers are not compared.",
                before=[a.scale],
                after=[b.scale],
            )
        )
    if a.tool_version != b.tool_version:
        found.append(
            InputChange(
                input="version of repro",
                says="Judged by another version of repro.",
                before=[a.tool_version],
                after=[b.tool_version],
            )
        )
    if a.datasets and b.datasets:  # reports of format 1 do not tell
        old, new = ([f"{one.name}: {one.fingerprint}" for one in side.datasets] for side in (a, b))
        found += _sets("data", "Runs were trained on other data.", old, new)
    for name, says, field in _WHERE:
        old, new = ([str(getattr(machine, field)) for machine in side.machines] for side in (a, b))
        if old and new:
            found += _sets(name, says, old, new)
    return found


def of_claims(a: ClaimReport, b: ClaimReport) -> list[InputChange]:
    """Return what differs between two reports of one claim, from what decides to what is decided upon."""
    return [*_criteria(a, b), *_file(a, b), *_protocol(a, b), *_seeds(a, b), *_tuning(a, b), *_runs(a, b)]


def criteria_known(a: ClaimReport, b: ClaimReport) -> bool:
    """Tell whether both ledgers hold the criteria, so that a change of the claim file need not be one of them."""
    return _present(a) is not None and _present(b) is not None


def _criteria(a: ClaimReport, b: ClaimReport) -> Iterator[InputChange]:
    old, new = _present(a), _present(b)
    if old is None or new is None or old.digest == new.digest:
        return
    yield InputChange(
        input="criteria",
        says="The criteria differ.",
        before=[line for line in old.lines if line not in new.lines],
        after=[line for line in new.lines if line not in old.lines],
    )


def _present(claim: ClaimReport) -> CriteriaChange | None:
    return next((entry for entry in claim.criteria if entry.current), None)


def _file(a: ClaimReport, b: ClaimReport) -> Iterator[InputChange]:
    if a.claim_text == b.claim_text:
        return
    old, new = (claim.claim_text.splitlines() for claim in (a, b))
    blocks = [
        code
        for code in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes()
        if code[0] != "equal"
    ]
    yield InputChange(
        input="claim file",
        says="The text of the claim file differs.",
        before=[line.strip() for _, start, end, _, _ in blocks for line in old[start:end] if line.strip()],
        after=[line.strip() for _, _, _, start, end in blocks for line in new[start:end] if line.strip()],
    )


def _protocol(a: ClaimReport, b: ClaimReport) -> Iterator[InputChange]:
    old, new = ([f"{row.what}: {row.ours}" for row in claim.deviations] for claim in (a, b))
    yield from _sets("protocol", "The protocol deviates from the paper's in other ways.", old, new)


def _seeds(a: ClaimReport, b: ClaimReport) -> Iterator[InputChange]:
    if a.seeds != b.seeds:
        yield InputChange(
            input="seeds",
            says=f"Judged on {plural(len(a.seeds), 'seed')} before and on {len(b.seeds)} after.",
            before=[", ".join(map(str, a.seeds))],
            after=[", ".join(map(str, b.seeds))],
        )


def _tuning(a: ClaimReport, b: ClaimReport) -> Iterator[InputChange]:
    old, new = ([f"{one.cell}: {_rate(one.chosen)}" for one in claim.tuning] for claim in (a, b))
    yield from _sets("learning rates", "Tuning chose other learning rates.", old, new)


def _rate(rate: float | None) -> str:
    return "open" if rate is None else f"{rate:g}"


def _runs(a: ClaimReport, b: ClaimReport) -> Iterator[InputChange]:
    """Compare what was trained for each cell and seed, then how runs with the same key ended."""
    old, new = ({_slot(run): run for run in claim.runs} for claim in (a, b))
    other = [slot for slot in old if slot in new and old[slot].key != new[slot].key]
    if other:
        yield InputChange(
            input="what is trained",
            says=f"{plural(len(other), 'run')} of the same cell and seed under another key: the protocol, the data, "
            "or the version of a model or recipe differs.",
            before=_listed(f"{_named(old[slot])}: {old[slot].key}" for slot in other),
            after=_listed(f"{_named(new[slot])}: {new[slot].key}" for slot in other),
        )
    by_key = {run.key: run for run in b.runs}
    ended = [(run, by_key[run.key]) for run in a.runs if run.key in by_key]
    ended = [(run, later) for run, later in ended if run.outcome != later.outcome]
    if ended:
        yield InputChange(
            input="finished runs",
            says=f"{plural(len(ended), 'run')} with the same key ended otherwise.",
            before=_listed(f"{_named(run)}: {run.outcome}" for run, _ in ended),
            after=_listed(f"{_named(later)}: {later.outcome}" for _, later in ended),
        )


def _slot(run: RunRow) -> tuple[str, str, int]:
    return run.purpose, run.cell, run.seed


def _named(run: RunRow) -> str:
    return f"{run.cell}, seed {run.seed}"


def _listed(items: Iterable[str]) -> list[str]:
    found = list(items)
    rest = len(found) - _NAMED
    return found if rest <= 0 else [*found[:_NAMED], f"and {rest} more"]


def _sets(name: Input, says: str, a: Sequence[str], b: Sequence[str]) -> Iterator[InputChange]:
    if set(a) != set(b):
        before = [item for item in dict.fromkeys(a) if item not in b]
        after = [item for item in dict.fromkeys(b) if item not in a]
        yield InputChange(input=name, says=says, before=before, after=after)
