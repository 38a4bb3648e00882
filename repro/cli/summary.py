"""What came out, on standard output: a verdict for each claim, why in plain words, and what would settle it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from repro.cli.styled import dimmed, styled
from repro.cli.wrapped import wrapped
from repro.report.formats import FILES
from repro.report.markdown import SHAPES
from repro.report.model import ClaimReport, PaperReport, Report
from repro.report.model.safe_text import visible
from repro.report.wording.caught import control_said
from repro.report.wording.overview import idle
from repro.report.wording.plain import but, claim_because, statistics
from repro.report.wording.settling import settling
from repro.report.wording.text import plural
from repro.report.wording.typography import typeset

_ALONE = 3
"""So many claims of a paper that are not judged at this scale are told one by one."""


def summarise(report: Report, *, verbose: bool = False) -> None:
    """Print by paper how many verdicts of each kind there are, and each claim's verdict with its reason.

    `verbose` adds what the statistics say (intervals with their levels, and what else bears on them), and why claims
    are not judged at this scale, which are counted otherwise where they are many.
    """
    for paper in typeset(report).papers:
        click.echo(wrapped(visible(f"\n{paper.title} ({paper.year})")))
        counts = Counter(claim.verdict.word for claim in paper.claims)
        click.echo(wrapped(f"  {', '.join(f'{count} {word}' for word, count in counts.most_common())}"))
        waiting = idle(paper)
        counted = not verbose and len(waiting) > _ALONE
        for claim in paper.claims:
            if counted and claim in waiting:
                continue
            click.echo(wrapped(f"  {styled(claim.verdict)}  {visible(claim.title)}  [{visible(claim.id)}]"))
            for line in _reasons(claim):
                click.echo(wrapped(visible(f"      {line}")))
            for line in _statistics(claim) if verbose else ():
                click.echo(dimmed(wrapped(visible(f"      {line}"))))
        for line in _elsewhere(paper, len(waiting), report.scale) if counted else ():
            click.echo(dimmed(wrapped(visible(f"  {line}"))))


def _elsewhere(paper: PaperReport, count: int, scale: str) -> Iterator[str]:
    yield f"{SHAPES[None]} {count} not judged at {scale} scale (--verbose names them)"
    for other in paper.elsewhere:
        yield f"    {len(other.claims)} from the {other.scale} scale on: {other.command}"


def _reasons(claim: ClaimReport) -> Iterator[str]:
    yield claim_because(claim)
    yield from (f"But: {one.title}: {why}" for one, why in but(claim))
    settled = settling(claim)
    if settled is not None:
        yield f"What would settle it: {settled.text}" + (f" {settled.command}" if settled.command else "")
    if claim.protocol is not None and not claim.protocol.of_paper:
        yield f"Words are capped: {'; '.join(claim.protocol.reasons).rstrip('.')}."
    yield from (
        f"Control “{one.title}”: {control_said(one)}" for one in claim.controls if one.passed is not None
    )
    for failed in (one for one in claim.expectations if one.verdict.status == "failed"):
        yield f"{failed.title}: {failed.verdict.sentence}"


def _statistics(claim: ClaimReport) -> Iterator[str]:
    """Yield the sentence of the verdict with its interval and levels, and what was said beside it."""
    if claim.verdict.sentence != claim_because(claim):
        yield claim.verdict.sentence
    yield from (f"{one.title}: {note}" for one in claim.expectations for note in statistics(one))
    yield from (f"Control “{one.title}”: {one.verdict.sentence}" for one in claim.controls if one.because)


def tell(report: Report, written: Sequence[Path], more: int = 0) -> None:
    """Print coverage, what the scale may say, and where the report is: its page if there is one.

    `more` is how many claims it has beside those that are told of.
    """
    click.echo(wrapped(visible(f"\n{report.coverage.text}. {report.scale_says}")))
    pages = [path for path in written if path.name == FILES["html"]]
    besides = f", with {plural(more, 'further claim')} of the report before" if more else ""
    for path in pages or written:
        click.echo(f"Report: {path}{besides}")
