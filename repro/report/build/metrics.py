"""The tidy metrics of each run, as they are handed out: what each is called, its unit, and of which variant it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from repro.claims import Metric
from repro.experiment.requirements import Requirements
from repro.report.model import Unit
from repro.report.wording.words import PERCENT, unit_of

if TYPE_CHECKING:
    import pandas as pd


def metrics_table(frame: pd.DataFrame, required: Iterable[Requirements]) -> pd.DataFrame:
    """Return `frame` with further columns.

    Those are `variant`, empty for the claim itself, else its control or the point of its sensitivity analysis ("claim"
    then names the claim alone); `title` of the metric; `unit` of its values, after `transform`.
    """
    of_claim = {item.claim.id: item for item in required}
    told: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    rows = []
    for place in zip(frame["claim"], frame["scale"], frame["metric"], strict=True):
        if place not in told:
            claim, scale, name = place
            file = of_claim[claim].claim.base if scale == "exact" else of_claim[claim].file
            told[place] = _told(name, file.metrics[name])
        rows.append(told[place])
    titles, units, transforms = zip(*rows, strict=True) if rows else ((), (), ())
    names = {str(claim): str(claim).partition("~") for claim in set(frame["claim"])}
    own = [names[claim][0] for claim in frame["claim"]]
    table = frame.assign(claim=own, title=titles, unit=units, transform=transforms)
    table.insert(1, "variant", [names[claim][2] for claim in frame["claim"]])
    return table


def _told(name: str, metric: Metric) -> tuple[str, str, str]:
    unit: Unit = unit_of(metric, "value")
    names: dict[Unit, str] = {"number": "", "log10": "log10"}
    shown = "fraction" if unit in PERCENT else names.get(unit, unit)
    return (
        metric.title or name.replace("_", " "),
        shown,
        "" if metric.transform == "none" else metric.transform,
    )
