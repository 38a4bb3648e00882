"""`repro show --what-if`: kept runs, read again by other bars; printed only, written to no report and no ledger."""

from __future__ import annotations

from collections.abc import Sequence

import click

from repro.claims import Claim
from repro.cli import options
from repro.cli.wrapped import wrapped
from repro.experiment.other_bars import with_other_bars
from repro.experiment.user_data import with_known_data
from repro.judging.looks import Look, current_look, judge
from repro.judging.verdicts import ClaimVerdict, ExpectationVerdict
from repro.report.model.safe_text import visible
from repro.report.wording import sentences, words
from repro.report.wording.whose import whose
from repro.store import Store

EXPLORATORY = "Exploratory: bars that are changed after runs were seen decide nothing. Nothing is written."


def show_other_bars(claim: Claim, scale: str, store: Store, bars: Sequence[str], as_json: bool) -> None:
    """Print what is said of a claim's kept runs by its own bars and by others.

    Raises:
        ReproError: bars that cannot be read (`with_other_bars`).
    """
    (claim,) = with_known_data([claim], scale, store)
    looks = [current_look(each, scale, store) for each in (claim, with_other_bars(claim, scale, bars))]
    declared, other = (judge(look.requirements, store) for look in looks)
    changed = {
        mine.id: (mine, theirs)
        for mine, theirs in zip(declared.expectations, other.expectations, strict=True)
        if mine.expectation != theirs.expectation or mine.result != theirs.result
    }
    if as_json:
        options.print_json(
            {
                "id": claim.id,
                "scale": scale,
                "exploratory": True,
                "bars": list(bars),
                "declared": _plain(declared, looks[0]),
                "what_if": _plain(other, looks[1]),
            }
        )
        return
    click.echo(
        wrapped(f"{claim.id}, {len(looks[0].requirements.seeds)} seeds at {scale} scale. {EXPLORATORY}")
    )
    for name, pair in changed.items():
        click.echo(f"\n{name}")
        for title, one, look in zip(("declared", "what if"), pair, looks, strict=True):
            click.echo(wrapped(visible(f"  {title}: {_told(one, look)}")))
    click.echo()
    for title, judged, look in zip(("declared", "what if"), (declared, other), looks, strict=True):
        seeds = len(look.requirements.seeds)
        click.echo(f"The claim, {title}: {_claim_word(judged, look)} ({seeds} seeds)")


def _told(one: ExpectationVerdict, look: Look) -> str:
    item = look.requirements
    unit = words.unit_at(one, item)
    word = words.word(one.result, one.status, words.expectation_cap(one, item))
    sentence = sentences.expectation_sentence(one, unit, whose(item.file))
    return f"{words.needs(one.expectation, unit)} → {word}. {sentence}"


def _claim_word(one: ClaimVerdict, look: Look) -> str:
    return words.word(one.result, one.status, words.claim_cap(one, look.requirements))


def _plain(one: ClaimVerdict, look: Look) -> dict[str, object]:
    return {
        "word": _claim_word(one, look),
        "result": one.result,
        "seeds": len(look.requirements.seeds),
        "expectations": {
            each.id: {"result": each.result, "sentence": _told(each, look)} for each in one.expectations
        },
    }
