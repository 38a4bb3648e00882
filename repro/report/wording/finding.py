"""A figure's finding in words: the alternative text of its drawing, from the numbers that it draws."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

from repro.report import model
from repro.report.wording import words
from repro.report.wording.text import plural

MOST_CAPTIONS = 32


def finding(panels: Sequence[model.Panel], paper: Sequence[model.Panel] = ()) -> str:
    """Say of each panel which line is lowest and which is highest, or which reaches the target first; then the paper's.

    Of curves that is where they end, of layers their average, of categories the first and the last.
    """
    ours = list(_told(panels)) or ["Nothing has been run yet."]
    return " ".join([*ours, *_told(paper)])


def _told(panels: Sequence[model.Panel]) -> Iterator[str]:
    layers = False
    for panel in panels:
        if layers and _of_layers(panel):
            continue  # the same layers, sorted
        said = _said(panel) or _shown(panel)
        layers = _of_layers(panel)
        if said:
            yield f"{panel.title}: {said}." if panel.title else f"{said}."


def _of_layers(panel: model.Panel) -> bool:
    return panel.x_label.startswith("layer")


def _shown(panel: model.Panel) -> str | None:
    """Say what the pictures of a panel show: line by line, or the first and the last where they are many."""
    tiles = [tile for line in panel.tiles for tile in line]
    if not tiles:
        return None
    if len(tiles) < MOST_CAPTIONS:
        return "; ".join(", ".join(tile.caption for tile in line) for line in panel.tiles)
    return f"{len(tiles)} pictures, from “{tiles[0].caption}” to “{tiles[-1].caption}”"


def _said(panel: model.Panel) -> str | None:
    lines = _lines(panel)
    if not lines:
        return None
    if panel.x_categories:
        return "; ".join(_across(line, panel, panel.x_categories) for line in lines) + _runs(panel)
    if panel.target is not None:
        return _reaching(lines, panel, panel.target) + _runs(panel)
    layers = _of_layers(panel)
    values = [(_average(line, panel) if layers else line.y[-1], line.label) for line in lines]
    what = "averaged over layers" if layers else "at the end"
    order = ", from the lowest to the highest" if len(values) > 1 else ""
    return (
        f"{what}{order}: "
        + "; ".join(f"{label} {_value(y, panel)}" for y, label in sorted(values))
        + _runs(panel)
    )


def _lines(panel: model.Panel) -> list[model.Series]:
    """Return a line for each label: its mean, or what there is where runs have none."""
    found: dict[str, model.Series] = {}
    for series in sorted(panel.series, key=lambda one: one.role != "mean"):
        if series.y:
            found.setdefault(series.label, series)
    return list(found.values())


def _runs(panel: model.Panel) -> str:
    """Say how many runs a line stands for, where all stand for as many."""
    counts = {band.label: band.runs for band in panel.bands}
    for series in panel.series:
        if series.role == "seed" and not panel.bands:
            counts[series.label] = counts.get(series.label, 0) + 1
    means = {series.label for series in panel.series if series.role == "mean"}
    numbers = {count for label, count in counts.items() if label in means}
    return f" (means of {plural(numbers.pop(), 'run')} each)" if len(numbers) == 1 else ""


def _reaching(lines: Sequence[model.Series], panel: model.Panel, target: float) -> str:
    """Say when lines first are at the target or beyond, the first first, and which never are."""
    rising = all(line.y[0] < target for line in lines)
    reached, never = [], []
    for line in lines:
        # a line that ends at the target was rounded
        within = [(y >= target * (1 - 1e-5)) if rising else (y <= target * (1 + 1e-5)) for y in line.y]
        if any(within):
            reached.append((line.x[within.index(True)], line.label))
        else:
            never.append(f"{line.label} never, ending at {_value(line.y[-1], panel)}")
    told = [f"{label} at {panel.x_label} {x:.3g}" for x, label in sorted(reached)]
    beyond = "or above" if rising else "or below"
    return f"{_value(target, panel)} {beyond} is reached by " + "; ".join([*told, *never])


def _across(line: model.Series, panel: model.Panel, categories: Sequence[str]) -> str:
    first, last = line.y[0], line.y[-1]
    if len(line.y) == 1:
        return f"{line.label} {_value(first, panel)} at {categories[int(line.x[0])]}"
    verb = "rises" if last > first else "falls"
    ends = [
        f"{_value(y, panel)} at {categories[int(x)]}" for x, y in ((line.x[0], first), (line.x[-1], last))
    ]
    return f"{line.label} {verb} from {ends[0]} to {ends[1]}"


def _average(line: model.Series, panel: model.Panel) -> float:
    """Return the average height; on a logarithmic axis that of the logarithms."""
    if panel.y_log:
        return math.exp(fmean(math.log(y) for y in line.y if y > 0)) if any(y > 0 for y in line.y) else 0.0
    return fmean(line.y)


def _value(value: float, panel: model.Panel) -> str:
    return words.number(value, "error") + "%" if panel.y_percent else words.number(value, "number")
