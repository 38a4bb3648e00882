"""`repro show`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from repro.claims import Claim, cells
from repro.cli import options
from repro.cli.wrapped import wrapped
from repro.report.build.deviations import deviations
from repro.report.wording import words


@click.command("show")
@click.argument("claim_id", metavar="CLAIM")
@click.option("--scale", default="smoke", show_default=True, help="exact, smoke, reduced or paper.")
@options.claims_option
@options.json_option
def command(claim_id: str, scale: str, claims_dir: Path | None, as_json: bool) -> None:
    """Show one claim: its wording, what would be trained at a scale, and what decides.

    \b
    Examples:
      repro show alexnet/relu-speed
      repro show plain-nets-degrade --scale paper
      repro show resnet/layer-responses --json
    """
    _, (claim,), known = options.chosen(claims_dir, (claim_id,), None, scale)
    if as_json:
        file = claim.at.get(known, claim.base)
        options.print_json(
            {"id": claim.id, "scale": known, **file.model_dump(mode="json", exclude_defaults=True)}
        )
        return
    for line in _lines(claim, known):
        click.echo(wrapped(line))


def _lines(claim: Claim, scale: str) -> Iterator[str]:
    file = claim.at.get(scale, claim.base)
    yield f"{claim.id}: {file.title}"
    yield f"  {file.statement}"
    if file.quote:
        yield f"  “{file.quote}”"
    page = f", p. {file.source.page}" if file.source.page else ""
    yield f"  {claim.paper.title} ({claim.paper.year}), {file.source.where}{page}"
    yield f"\nAt {scale} scale, seeds {file.experiment.seeds.looks}:"
    for cell in cells(file):
        settings = ", ".join(f"{key} = {value}" for key, value in cell.settings.items())
        yield f"  {cell.address}: {settings}"
    yield from _specs(claim)
    for name, item in file.expect.items():
        unit = words.unit_of(file.metrics[item.metric], item.kind)
        judged = f", judged from the {item.from_scale} scale on" if item.from_scale else ""
        yield f"\n{name} ({item.role}{judged}): {item.title}"
        yield f"  supported by {words.needs(item, unit)}; refuted by {words.refuting(item, unit)}"
        if item.reported:
            yield f"  the paper reports {item.reported}"
        yield f"  why: {item.why}"
    rows = deviations(claim, scale)
    if rows:
        yield "\nDiffers from the paper's protocol:"
        for row in rows:
            yield f"  {row.what}: {row.paper} → {row.ours}"
    if claim.base.experiment.unknown:
        yield f"\nThe paper leaves out: {', '.join(claim.base.experiment.unknown)}."


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
