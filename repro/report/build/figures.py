"""A claim's figures as data: our runs in the manner of the paper's figure, the paper's own curves beside."""

from __future__ import annotations

import math
from collections.abc import Sequence

from repro.claims.schema_shown import Figure
from repro.experiment.requirements import Requirements
from repro.judging.frame import Collected
from repro.report import model
from repro.report.build import reference
from repro.report.build.curves import curve_panels
from repro.report.build.palette import palette_of
from repro.report.build.pictures import picture_panels
from repro.report.build.probe_panels import layer_panels, moment_panels
from repro.report.wording.finding import finding


def build_figure(name: str, figure: Figure, required: Requirements, collected: Collected) -> model.Figure:
    """Return a figure's panels: the paper's reference first, where there is one, then ours.

    At the paper's scale ours have the paper's axes, its unit of x and its limits; a reference of a single panel is laid
    behind ours there instead of standing beside.
    """
    kinds = {"curves": curve_panels, "layers": layer_panels, "moments": moment_panels}
    palette = palette_of(required)
    if figure.kind == "images":
        ours = list(picture_panels(figure, required, collected))
    else:
        ours = list(kinds[figure.kind](figure, required, collected, palette))
    paper = reference.panels(figure, required, palette) if figure.reference else []
    alt = f"{figure.title}. {finding(ours, paper)}"
    caption = _caption(figure, ours)
    if paper and ours and required.scale == "paper":
        ours, paper = reference.mirrored(ours, paper)
        caption += " Axes are the paper’s."
        if len(paper) == 1:
            ours, paper = [reference.overlaid(panel, paper[0]) for panel in ours], []
            caption += " Wide pale lines were read from the paper."
    if paper:
        caption += " Panels marked “paper” were read from the paper; their axes are the paper’s own."
    return model.Figure(
        id=name,
        anchor=f"{required.claim.id}/figure/{name}",
        title=figure.title,
        alt=alt,
        caption=caption.strip(),
        panels=[*paper, *ours],
    )


def _caption(figure: Figure, ours: Sequence[model.Panel]) -> str:
    """Say what is a run, what their mean, and what the dashes."""
    if figure.kind == "images":
        return "Contrast is stretched in each picture by itself. What a picture shows is its tooltip."
    roles = {series.role for panel in ours for series in panel.series}
    told = []
    if "seed" in roles:
        what = "Dots" if figure.kind == "moments" else "Thin lines"
        told.append(f"{what} are single runs.")
    if any(panel.bands for panel in ours):
        told.append("Pale bands hold nine of ten runs.")
    if "mean" in roles:
        stops = any(_stops(series, figure.target) for panel in ours for series in panel.series)
        when = ", over the runs, of when each error is first reached" if stops else ""
        told.append(f"Bold lines are means{when}.")
    if {series.style for panel in ours for series in panel.series} == {"dashed", "solid"} and len(
        figure.of
    ) > 1:
        told.append("Dashed is training, solid is test.")
    return " ".join(told)


def _stops(series: model.Series, target: float | None) -> bool:
    """Tell whether a mean ends at the target, as that of runs which stop there does."""
    return series.role == "mean" and target is not None and math.isclose(series.y[-1], target, rel_tol=1e-5)
