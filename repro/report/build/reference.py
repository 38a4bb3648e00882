"""The paper's own curves, read from its figures, and the axes that ours share with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from repro.claims.curves import read_curves
from repro.claims.schema_shown import Figure
from repro.experiment.requirements import Requirements
from repro.report import model
from repro.report.build.lines import Numbers
from repro.report.build.palette import Palette
from repro.store import RunRecord, numbers_of

Style = Literal["solid", "dashed", "dotted"]

_ITERATIONS = re.compile(r"iterations?(?: \((?:1e(\d))\))?$")


@dataclass(frozen=True, slots=True)
class Places:
    """What a run's history is drawn against: epochs, or iterations in units of `unit`."""

    label: str
    unit: float | None

    def __call__(self, run: RunRecord) -> Numbers:
        """Return the place of each evaluation."""
        return numbers_of(run.history, "step") / self.unit if self.unit else numbers_of(run.history, "epoch")


def places(figure: Figure, required: Requirements) -> Places:
    """Return the x axis of ours: at the paper's scale the paper's, such as "iteration (1e4)", else epochs."""
    label = figure.reference.x if figure.reference else "epoch"
    match = _ITERATIONS.match(label)
    if match is None or required.scale != "paper":
        return Places("epoch", None)
    return Places(label, 10.0 ** int(match[1] or 0))


def styles(figure: Figure, required: Requirements, palette: Palette) -> dict[int, Style]:
    """Return colour → dashes of the paper's lines, where all of one colour are drawn alike: ours are, too."""
    if figure.reference is None:
        return {}
    known: dict[str, Style] = {"solid": "solid", "dashed": "dashed", "dotted": "dotted"}
    found: dict[int, set[Style]] = {}
    for row in _rows(figure, required):
        found.setdefault(palette.papers(row).group, set()).add(known.get(row["style"], "solid"))
    return {group: next(iter(styles)) for group, styles in found.items() if len(styles) == 1}


def mirrored(
    ours: Sequence[model.Panel], paper: Sequence[model.Panel]
) -> tuple[list[model.Panel], list[model.Panel]]:
    """Return our panels and the paper's with common axes, the paper's; as they are where they show another quantity."""
    x = [place for panel in paper for series in panel.series for place in series.x]
    y = [value for panel in paper for series in panel.series for value in series.y]
    y += [panel.target for panel in paper if panel.target is not None]
    if not x or any(panel.y_log or panel.y_percent != paper[0].y_percent for panel in (*ours, *paper)):
        return list(ours), list(paper)
    margin = 0.0 if paper[0].y_percent else 0.05 * (max(y) - min(y))
    axes = {
        "y_label": paper[0].y_label,
        "y_limits": (0.0 if paper[0].y_percent else min(y) - margin, max(y) + margin),
    }
    if all(panel.x_label == paper[0].x_label for panel in ours):
        axes["x_limits"] = (0.0, max(x))
    return [panel.model_copy(update=axes) for panel in ours], [
        panel.model_copy(update=axes) for panel in paper
    ]


def overlaid(panel: model.Panel, paper: model.Panel) -> model.Panel:
    """Return one of our panels with the paper's lines behind, in the colours of ours."""
    if panel.x_label != paper.x_label:
        return panel
    behind = [series.model_copy(update={"label": f"paper: {series.label}"}) for series in paper.series]
    return panel.model_copy(update={"series": [*behind, *panel.series]})


def _rows(figure: Figure, required: Requirements) -> Sequence[Mapping[str, str]]:
    assert figure.reference is not None
    return read_curves(required.claim.path, figure.reference.file, required.claim.names.root)


def panels(figure: Figure, required: Requirements, palette: Palette) -> list[model.Panel]:
    """Read the paper's curves: columns `panel`, `series`, `x`, `y`, `style` and, where there is one, `arm`."""
    assert figure.reference is not None
    rows = _rows(figure, required)
    percent = figure.reference.y.endswith("(%)")
    return [
        model.Panel(
            title=f"paper, {title}",
            x_label=figure.reference.x,
            y_label=figure.reference.y,
            y_percent=percent,
            target=figure.target,
            series=_series([row for row in rows if row["panel"] == title], 0.01 if percent else 1.0, palette),
        )
        for title in dict.fromkeys(row["panel"] for row in rows)
    ]


def _series(rows: list[Mapping[str, str]], scale: float, palette: Palette) -> list[model.Series]:
    lines: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        lines.setdefault(row["series"], []).append(row)
    looks = {name: palette.papers(line[0]) for name, line in lines.items()}
    return [
        model.Series.model_validate(
            {
                "label": name,
                "name": name.split(",")[0],
                "group": looks[name].group,
                "shade": looks[name].shade,
                "style": line[0]["style"],
                "role": "reference",
                "x": [float(row["x"]) for row in line],
                "y": [float(row["y"]) * scale for row in line],
            }
        )
        for name, line in lines.items()
    ]
