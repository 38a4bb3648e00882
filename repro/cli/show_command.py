"""`repro show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click
from click.core import ParameterSource

from repro.claims import Claim, ClaimFile, Scale, cells
from repro.cli import completing, options, requested
from repro.cli.what_if import show_other_bars
from repro.cli.why import verdict_of, why_lines
from repro.cli.wrapped import wrapped
from repro.errors import mistake
from repro.experiment.basis import basis
from repro.experiment.user_data import with_known_data
from repro.judging.looks import current_look
from repro.report.build.deviations import deviations
from repro.report.build.recipes import recipe_in_full
from repro.report.build.recorded import columns_read
from repro.report.model.safe_text import visible
from repro.report.wording import words
from repro.report.wording.whose import PRINTS, whose
from repro.store import Store


@click.command("show")
@click.argument("claim_ids", metavar="CLAIM...", nargs=-1, required=True, shell_complete=completing.claims)
@click.option(
    "--scale",
    default="smoke",
    shell_complete=completing.scales,
    help="exact, smoke, reduced or paper. Default: the least that each claim declares.",
)
@click.option(
    "--why",
    is_flag=True,
    help="Show what its verdict rests on instead: runs, their code, data and versions, and what has changed since.",
)
@click.option(
    "--what-if",
    "bars",
    metavar="EXPECTATION.BAR=VALUE",
    multiple=True,
    help="Read the kept runs again by another bar; exploratory, nothing is written. May be given several times.",
)
@options.claims_option
@options.store_option
@options.json_option
def command(
    claim_ids: tuple[str, ...],
    scale: str,
    why: bool,
    bars: tuple[str, ...],
    claims_dir: Path | None,
    store_dir: Path,
    as_json: bool,
) -> None:
    """Show claims: their wording, what would be trained at a scale, and what decides.

    CLAIM is an id, the beginning of one, a paper, or a claim file's path.

    \b
    Examples:
      repro show alexnet/relu-speed
      repro show plain-nets-degrade --scale paper
      repro show vgg
      repro show resnet/layer-responses --json
      repro show plain-nets-degrade --why
      repro show relu-speed --what-if faster.at_least=3
    """
    if click.get_current_context().get_parameter_source("scale") is ParameterSource.DEFAULT:
        claims = requested.library_of(claims_dir, claim_ids).select(claim_ids)
        at: dict[str, Scale] = {claim.id: _least(claim) for claim in claims}
    else:
        _, claims, known = requested.chosen(claims_dir, claim_ids, None, scale)
        at = {claim.id: known for claim in claims}
    if bars:
        if len(claims) > 1:
            raise mistake("--what-if", "asks of one claim at a time", len(claims), "name one claim")
        show_other_bars(claims[0], at[claims[0].id], Store(store_dir), bars, as_json)
        return
    if why:
        for claim in claims:
            _show_why(claim, at[claim.id], Store(store_dir), as_json)
        return
    if options.said("store_dir"):
        click.echo(
            "--store changes nothing without --why or --what-if: a claim file is shown, not runs.", err=True
        )
    if as_json:
        plain = [
            {
                "id": claim.id,
                "scale": at[claim.id],
                **claim.at.get(at[claim.id], claim.base).model_dump(mode="json", exclude_defaults=True),
            }
            for claim in claims
        ]
        options.print_json(plain[0] if len(plain) == 1 else plain)
        return
    for number, claim in enumerate(claims):
        if number:
            click.echo()
        for line in _lines(claim, at[claim.id]):
            click.echo(wrapped(line))


def _least(claim: Claim) -> Scale:
    """Return the least scale at which a claim is judged on runs; smoke for one that is computed alone."""
    if claim.recorded:
        return "recorded"
    trained: tuple[Scale, ...] = ("smoke", "reduced", "paper")
    return next((scale for scale in trained if scale in claim.at), "smoke")


def _show_why(claim: Claim, scale: str, store: Store, as_json: bool) -> None:
    (claim,) = with_known_data([claim], scale, store)
    look = current_look(claim, scale, store)
    verdict, found = verdict_of(look, store), basis(look.requirements, store)
    if as_json:
        data = {"id": claim.id, "scale": scale, "verdict": verdict.model_dump(exclude={"sentence"})}
        options.print_json(data | found.as_json())
        return
    for line in why_lines(look, verdict, found):
        click.echo(wrapped(visible(line)))


def _lines(claim: Claim, scale: str) -> Iterator[str]:
    file = claim.at.get(scale, claim.base)
    yield f"{claim.id}: {file.title}"
    yield f"  {file.statement}"
    if file.quote:
        yield f"  “{file.quote}”"
    page = f", p. {file.source.page}" if file.source.page else ""
    yield f"  {claim.paper.title} ({claim.paper.year}), {file.source.where}{page}"
    if file.contrary:
        yield f"  {file.contrary.by} ({file.contrary.where}) say: {file.contrary.says}"
    if claim.trains:
        yield f"\nAt {scale} scale, seeds {file.experiment.seeds.looks}:"
    elif file.results is not None:
        by = f"recorded by {file.results.by}"
        yield f"\nResults in {file.results.place}, {by}; nothing is trained, at any scale:"
        yield from (f"  {line}" for line in columns_read(file.results))
    else:
        yield "\nComputed without training, at every scale:"
    for cell in cells(file):
        yield f"  {cell.address}: {_settings(cell.settings)}"
    yield from _recipe(claim, scale)
    yield from _specs(claim)
    yield from _expectations(file)
    yield from _variants(file)
    yield from _protocol(claim, scale)


def _expectations(file: ClaimFile) -> Iterator[str]:
    """Yield what is expected: what supports and refutes it, what the paper says, and why the bar is there."""
    for name, item in file.expect.items():
        unit = words.unit_as_printed(file.metrics[item.metric], item)
        judged = f", judged from the {item.from_scale} scale on" if item.from_scale else ""
        yield f"\n{name} ({item.role}{judged}): {item.title}"
        supports, refutes = words.needs(item, unit), words.refuting(item, unit)
        yield f"  supported by {supports}; refuted by {refutes}"
        if item.reported:
            yield f"  the paper reports {item.reported}"
        if item.printed:
            numbers = ", ".join(f"{name} {text}" for name, text in item.printed.items())
            yield f"  {PRINTS[whose(file)]}: {numbers}"
        if item.convention:
            others = f"; shown beside: {'; '.join(item.otherwise)}" if item.otherwise else ""
            yield f"  counted: {item.convention}{others}"
        if item.known_beforehand:
            yield f"  known when this was written: {item.known_beforehand}"
        yield f"  why: {item.why}"


def _protocol(claim: Claim, scale: str) -> Iterator[str]:
    """Yield whose protocol it is, what differs from it at this scale, and what the paper does not say."""
    rows = deviations(claim, scale) if claim.trains else []
    if rows:
        whose = "the paper's" if claim.protocol.is_paper else "the file's own"
        yield f"\nDiffers from {whose} protocol:"
        for row in rows:
            yield f"  {row.what}: {row.paper} → {row.ours}"
    if claim.protocol.is_paper:
        yield f"\nDeclared to be the paper's protocol: {claim.protocol.source}."
    for reason in claim.protocol.reasons:
        yield f"\nNot judged in the paper's words: {reason}."
    if claim.base.experiment.unknown:
        yield f"\nThe paper leaves out: {', '.join(claim.base.experiment.unknown)}."


def _variants(file: ClaimFile) -> Iterator[str]:
    """Yield what is changed on purpose: controls, which the criteria must not support, and sensitivity analyses."""
    if file.no_control and not file.control:
        yield f"\nNo control: {file.no_control}"
    for name, control in file.control.items():
        yield f"\nControl {name}: {control.title}; the criteria above must not support it (run with --controls)"
        for arm, item in control.arms.items():
            yield f"  {arm}: {_settings(item.settings)}"
        for metric, changed in control.metrics.items():
            yield f"  metric {metric}: {_settings(changed.model_dump(exclude_unset=True))}"
        yield f"  why: {control.why}"
    for name, sensitivity in file.sensitivity.items():
        points = ", ".join(point.label for point in sensitivity.points)
        yield f"\nSensitivity {name}: {sensitivity.title}, at {points} (run with --sensitivity)"
        yield f"  of {', '.join(sensitivity.expect)}; why: {sensitivity.why}"


def _settings(settings: Mapping[str, object]) -> str:
    return ", ".join(f"{key} = {value}" for key, value in settings.items()) or "nothing set"


def _recipe(claim: Claim, scale: str) -> Iterator[str]:
    found = recipe_in_full(claim, scale)
    if found is None:
        return
    yield f"\nTrained by the recipe {found.name}; what the claim does not set is taken over from it:"
    if found.differs:
        yield "  Arms or levels differ in:"
        for line in found.differs:
            yield f"    {line}"
    for what, fields in (("Set in the claim", found.set_here), ("Taken over", found.taken_over)):
        if fields:
            yield f"  {what}: {'; '.join(fields)}."


def _specs(claim: Claim) -> Iterator[str]:
    specs = {
        f"{name}/{level}".rstrip("/"): spec
        for name, arm in claim.base.arms.items()
        for level, spec in arm.spec.items()
    }
    if specs:
        yield "\nBefore anything is trained, the nets of the paper's own protocol must have these sizes:"
    for name, spec in specs.items():
        sizes = [f"{size.replace('_', '-')} {printed}" for size, printed in spec.printed.items()]
        for size, (low, high) in spec.within.items():
            sizes.append(f"{size.replace('_', '-')} within {low:,.0f} to {high:,.0f}: {spec.why}")
        of = f" ({spec.source})" if spec.source else ""
        yield f"  {name}: {', '.join(sizes)}{of}"
