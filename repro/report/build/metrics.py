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
    import pandas as pd

    of_claim = {item.claim.id: item for item in required}
    groups = frame.groupby(list(_TOLD_BY), observed=True, sort=False)
    told = []
    for claim, scale, name in frame[list(_TOLD_BY)].drop_duplicates().itertuples(index=False):
        file = of_claim[claim].claim.base if scale == "exact" else of_claim[claim].file
        own, _, variant = claim.partition("~")
        told.append((own, variant, *_told(name, file.metrics[name])))
    # Each text once, and numbers in the place of the rows'.
    columns = zip(*told, strict=True) if told else [()] * 5
    numbers = groups.ngroup().to_numpy()
    texts = [pd.Series(pd.Categorical(column).take(numbers), index=frame.index) for column in columns]
    table = frame.assign(claim=texts[0], title=texts[2], unit=texts[3], transform=texts[4])
    table.insert(1, "variant", texts[1])
    return table


_TOLD_BY = ("claim", "scale", "metric")


def _told(name: str, metric: Metric) -> tuple[str, str, str]:
    unit: Unit = unit_of(metric, "value")
    names: dict[Unit, str] = {"number": "", "log10-value": "log10"}
    shown = "fraction" if unit in PERCENT else names.get(unit, unit)
    return (
        metric.title or name.replace("_", " "),
        shown,
        "" if metric.transform == "none" else metric.transform,
    )
