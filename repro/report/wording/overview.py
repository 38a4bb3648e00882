"""The first screen in words: what came out, and a row for each claim."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from repro.report.model import ClaimReport, ExpectationResult, PaperReport, Part, Report
from repro.report.wording.costs import spent_seconds
from repro.report.wording.deciders import decider, telling
from repro.report.wording.text import duration, plural

Basis = Literal["trained", "recorded", "computed"]
"""What a verdict rests on: runs that were trained, runs that others recorded, or numbers computed without any."""

BASES: tuple[Basis, ...] = ("trained", "recorded", "computed")

_ESTIMATE = re.compile(r"^(?P<middle>.*?)(?: (?P<interval>\[[^\]]*\]))?(?:, n = \d+)?$", re.DOTALL)
_RECORDED = re.compile(r" as recorded by .*", re.DOTALL)
_MILLIONS = re.compile(r"^[\d,]+(?:\.(?P<decimals>\d+))?(?P<space> ?)(?P<unit>million|billion|M|B)$")
_LONG = re.compile(r"\d{1,3}(?:,\d{3}){2,}")
_ALONE = 5  # so many pending claims of a paper have rows of their own; more are folded


@dataclass(frozen=True, slots=True)
class Row:
    """A claim in the table of results.

    Attributes:
        claim: what it is of.
        decider: the expectation that its verdict rests on; None where nothing decides it.
        part: the comparison that `ours` is of, see :func:`telling`.
        paper: the paper's number, "" where it prints none.
        needs: what would support the claim, in signs: "≥ 2 pp"; "" where a report does not tell.
        ours: our number without its interval, "" where there is none.
        interval: "[1.02, 1.64]", or "".
        which: which of several comparisons it is, "" for an only one.
        count: the same in brief, "1 of 12".
    """

    claim: ClaimReport
    decider: ExpectationResult | None
    part: Part | None
    paper: str
    needs: str
    ours: str
    interval: str
    which: str = ""
    count: str = ""


@dataclass(frozen=True, slots=True)
class PaperRows:
    """The rows of a paper, and those of its claims that are only counted, since they wait."""

    paper: PaperReport
    rows: list[Row]
    waiting: list[ClaimReport]


@dataclass(frozen=True, slots=True)
class Group:
    """All claims whose verdicts rest on the same kind of evidence; `outcome` counts their verdicts in words."""

    basis: Basis
    papers: list[PaperRows]
    outcome: str

    @property
    def claims(self) -> list[ClaimReport]:
        """All claims of the group, in order."""
        return [row.claim for paper in self.papers for row in paper.rows] + [
            claim for paper in self.papers for claim in paper.waiting
        ]


def split_estimate(text: str) -> tuple[str, str]:
    """Return an estimate's text as number and interval, without its n: ("14.9 pp", "[9.1, 20.7]")."""
    found = _ESTIMATE.match(text)
    return (found["middle"], found["interval"] or "") if found else (text, "")


def as_printed(ours: str, paper: str) -> str:
    """Return our number as the paper writes its own: in millions, with or without commas, with or without a sign ×.

    Only how it is written changes: a count in millions keeps a digit more than the paper prints. Where the paper prints
    none, a count of millions has three digits.
    """
    if not paper and _LONG.fullmatch(ours):
        number = int(ours.replace(",", ""))
        return f"{number / 1e9:.3g} billion" if number >= 1e9 else f"{number / 1e6:.3g} million"
    millions = _MILLIONS.match(paper)
    if millions and ours.replace(",", "").isdigit():
        size = {"m": 1e6, "b": 1e9}[millions["unit"][0].casefold()]
        digits = len(millions["decimals"] or "") + 1
        return f"{int(ours.replace(',', '')) / size:,.{digits}f}{millions['space']}{millions['unit']}"
    if re.fullmatch(r"\d{4,}", paper) and re.fullmatch(r"[\d,]+", ours):
        return ours.replace(",", "")
    if re.fullmatch(r"[\d.,]+", paper):
        return ours.removesuffix("×")
    if paper.endswith("×") and re.fullmatch(r"[\d.,]+", ours):
        return f"{ours}×"
    return ours


def row(claim: ClaimReport) -> Row:
    """Return the row of a claim: the pair of numbers is that of the expectation which decided it."""
    one = decider(claim)
    if one is None:
        return Row(claim, None, None, "", "", "", "")
    part, total = telling(one), len(one.parts)
    printed = [each for each in one.parts if each.reported]
    if len(printed) > 1 and one.verdict.result == "supported":
        return Row(claim, one, None, f"{len(printed)} numbers", "", "all as printed", "")
    if part is None:
        return Row(claim, one, None, one.reported or "", one.supports.brief, "", "")
    ours, interval = split_estimate(part.estimate_text)
    which = part.label if total > 1 else ""
    if which and one.verdict.result == "supported":
        which = f"{which}: the closest of {total} comparisons"
    elif which:
        which = f"{which}: one of {total} comparisons"
    held = one.verdict.result == "supported"
    count = (f"closest of {total}" if held else f"one of {total}") if which else ""
    paper = part.reported or one.reported or ""
    return Row(claim, one, part, paper, one.supports.brief, as_printed(ours, paper), interval, which, count)


def basis(claim: ClaimReport) -> Basis:
    """Return what a claim's verdict rests on; of one that is not judged, what it would rest on."""
    one = decider(claim)
    if claim.verdict.result is not None and one is not None and one.exact:
        return "computed"
    if claim.recorded is not None:
        return "recorded"
    return "trained" if claim.trains else "computed"


def is_idle(claim: ClaimReport) -> bool:
    """Tell whether a claim is not judged at this scale, and awaits nothing there."""
    return claim.verdict.result is None and claim.verdict.status == "complete"


def groups(report: Report) -> list[Group]:
    """Return the table of results: what was trained, then what was computed, each by paper."""
    found = []
    for kind in BASES:
        papers = []
        for paper in report.papers:
            claims = [one for one in paper.claims if not is_idle(one) and basis(one) == kind]
            waiting = [one for one in claims if one.verdict.status == "pending" and not _begun(one)]
            waiting = waiting if len(waiting) > _ALONE else []
            rows = [row(one) for one in claims if one not in waiting]
            if claims:
                papers.append(PaperRows(paper, rows, waiting))
        if papers:
            every = [r.claim for one in papers for r in one.rows] + [c for one in papers for c in one.waiting]
            found.append(Group(kind, papers, _outcome(every)))
    return found


def _begun(claim: ClaimReport) -> bool:
    return any(part.estimate is not None for one in claim.expectations for part in one.parts)


def idle(paper: PaperReport) -> list[ClaimReport]:
    """Return the claims of a paper that are not judged at the scale of the report."""
    return [one for one in paper.claims if is_idle(one)]


def without_n(text: str, seeds: int) -> str:
    """Return an estimate's text without its n where that is the claim's number of seeds, which its page tells once."""
    return text.removesuffix(f", n = {seeds}")


WORDS = (
    "holds",
    "does not hold",
    "undecided",
    "supported",
    "refuted",
    "inconclusive",
    "failed to run",
    "pending",
)


def filters(report: Report) -> list[tuple[str, int]]:
    """Return the verdicts' short words with their counts, what was judged first: what the page filters by."""
    counts = Counter(short_word(claim, report.scale) for paper in report.papers for claim in paper.claims)

    def place(word: str) -> tuple[int, str]:
        return next((i for i, known in enumerate(WORDS) if word.startswith(known)), len(WORDS)), word

    return sorted(counts.items(), key=lambda one: place(one[0]))


def short_word(claim: ClaimReport, scale: str) -> str:
    """Return the verdict's word without the scale, or who recorded it, for a table whose head names that."""
    return without_scale(claim.verdict.word, scale)


def without_scale(word: str, scale: str) -> str:
    """Return the word of a verdict without what stands beside it anyway: the scale, and who recorded the runs."""
    return _RECORDED.sub("", word).removesuffix(f" at {scale} scale")


def outcome(report: Report) -> str:
    """Return what came out, what was trained apart from what was computed: the title of the page."""
    parts = [f"{one.basis.capitalize()}: {one.outcome}" for one in groups(report)]
    if not parts:
        waiting = sum(len(idle(paper)) for paper in report.papers)
        return (
            f"None of {plural(waiting, 'claim')} is judged at {report.scale} scale"
            if waiting
            else "No claims"
        )
    return ". ".join(parts)


_VERBS = {
    "holds": ("holds", "hold"),
    "does not hold": ("does not", "do not"),
    "undecided": ("undecided", "undecided"),
    "inconclusive": ("undecided", "undecided"),
    "pending": ("waits for runs", "wait for runs"),
    "failed to run": ("failed to run", "failed to run"),
}


def _outcome(claims: Iterable[ClaimReport]) -> str:
    """Count verdicts in words: "6 hold at smoke scale, 1 does not, 4 undecided"."""
    counts = Counter(_RECORDED.sub("", claim.verdict.word) for claim in claims)
    order = ["supported", "holds", "refuted", "does not hold", "undecided", "inconclusive", "pending"]

    def place(word: str) -> int:
        return next((i for i, one in enumerate(order) if word.startswith(one)), len(order))

    said: list[str] = []
    told: set[str] = set()
    for word in sorted(counts, key=lambda word: (place(word), word)):
        stem = next((one for one in _VERBS if word == one or word.startswith(f"{one} ")), word)
        where = word[len(stem) :]
        one, more = _VERBS.get(stem, (stem, stem))
        verb = one if counts[word] == 1 else more
        said.append(f"{counts[word]} {verb}{where if where not in told else ''}")
        told.add(where)
    return ", ".join(said)


def cost(claim: ClaimReport) -> Iterator[str]:
    """Yield what a claim's runs were and took; nothing for what needs none."""
    if claim.runs:
        yield plural(len(claim.runs), "run")
        if seconds := spent_seconds(claim):
            yield duration(seconds) if seconds >= 1 else "under 1 s"
