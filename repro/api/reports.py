"""A finished report as objects, and as tables of pandas."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.api.as_html import chip, figure_html, paragraph, rows_html, safe
from repro.claims.scales import merge
from repro.claims.schema import ClaimFile
from repro.claims.toml import validated
from repro.claims.units import with_units
from repro.errors import ReproError, mistake, suggestion
from repro.report import model
from repro.report.formats import METRICS
from repro.report.model.loading import read_report
from repro.report.wording.words import unit_of

if TYPE_CHECKING:
    import pandas as pd

_UNITS = {"error": "fraction", "share": "fraction", "number": ""}
"""Unit of the report → what tables call it, where that is something else: as in `metrics.csv`."""


class Figure:
    """A figure of a report; a notebook shows its drawing.

    Attributes:
        data: as it stands in the report.
        curves: a row for each point, as `Report.curves`.
    """

    def __init__(self, claim: str, data: model.Figure) -> None:
        self.claim, self.data = claim, data

    @property
    def title(self) -> str:
        """What it shows."""
        return self.data.title

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Its points as a table."""
        return _table(_points(self.claim, self.data), _CURVES)

    def __repr__(self) -> str:
        return f"<Figure {self.claim}/{self.data.id}: {self.title}>"

    def _repr_html_(self) -> str:
        return figure_html(self.data)


class Claim:
    """A claim of a report; a notebook shows its verdict as a card.

    Attributes:
        data: everything that the report knows of it.
        figures: id → figure.
    """

    def __init__(self, data: model.ClaimReport, scale: str) -> None:
        self.data, self.scale = data, scale
        self.figures = {one.id: Figure(data.id, one) for one in data.figures}

    @property
    def id(self) -> str:
        """``<paper>/<claim>``."""
        return self.data.id

    @property
    def statement(self) -> str:
        """What it says."""
        return self.data.statement

    @property
    def verdict(self) -> model.Verdict:
        """Word, result, status, and the sentence that says why."""
        return self.data.verdict

    @cached_property
    def expectations(self) -> pd.DataFrame:
        """A row for each comparison of each expectation; as `Report.verdicts`."""
        return _table(_comparisons(self.data), _VERDICTS)

    def __repr__(self) -> str:
        return f"<Claim {self.id}: {self.verdict.word}>"

    def _repr_html_(self) -> str:
        told = [(one.verdict, one.title, one.verdict.sentence, one.role) for one in self.data.expectations]
        rows = [
            [chip(v.result, v.word), f"<b>{safe(title)}</b> ({role})<br>{safe(s)}"]
            for v, title, s, role in told
        ]
        return (
            f"<h4>{safe(self.data.title)}</h4>{paragraph(self.statement)}"
            f"{chip(self.verdict.result, self.verdict.word)}{paragraph(self.verdict.sentence)}"
            f"{rows_html(['Verdict', 'Expectation'], rows)}{paragraph(self.id, soft=True)}"
        )


class Report:
    """A finished report.

    Errors and other shares are fractions in all tables; the column `unit` says what a number is in.

    Attributes:
        data: everything that `report.json` holds.
        folder: where it lies.
        claims: in the order of the page.
    """

    def __init__(self, data: model.Report, folder: Path) -> None:
        self.data, self.folder = data, folder
        self.claims = [Claim(claim, data.scale) for paper in data.papers for claim in paper.claims]

    def __getitem__(self, name: str) -> Claim:
        """Return a claim by its id, or by its bare name where that is unique.

        Raises:
            ReproError: no such claim, or several.
        """
        found = [claim for claim in self.claims if name in (claim.id, claim.id.partition("/")[2])]
        if len(found) != 1:
            what = "names several claims" if found else "is no claim of this report"
            raise mistake(
                "Report", what, name, suggestion(name, [claim.id for claim in found or self.claims])
            )
        return found[0]

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """A row for each comparison of each expectation: claim, estimate, interval, n, unit, result and word.

        `result` is the machine's term for the region that the comparison lies in; what may be said of its expectation
        stands under `word`, and of its claim under `claim_word`.
        """
        return _table((row for claim in self.claims for row in _comparisons(claim.data)), _VERDICTS)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row for each point of each line of each figure; `unit` is that of y.

        `series` numbers the lines of a figure: group by it to draw them. `line` is what the legend calls it; lines of
        several runs, and of several panels, share one. `role` is "seed", "mean" or "reference"; `run` numbers the seeds
        of a line in its panel.
        """
        rows = (
            row
            for claim in self.claims
            for one in claim.figures.values()
            for row in _points(claim.id, one.data)
        )
        return _table(rows, _CURVES)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A row for each run and metric, from the `metrics.csv` beside the report.

        `variant` is "" for the claim itself, or names the control or the point of a sensitivity analysis that a row is
        of; `unit` says what `value` is in: "fraction", "epochs", "steps", "count", "log10", and "" for a plain number.

        Raises:
            ReproError: there is no such file.
        """
        import pandas as pd

        path = self.folder / METRICS
        if not path.is_file():
            hint = "the forms of a report that have it are csv: repro report --format html,json,csv"
            raise mistake(str(path), "is not there", hint=hint)
        frame = pd.read_csv(path, keep_default_na=False, na_values={"value": ["", "nan"]}, dtype={"run": str})
        if "variant" in frame:
            return frame
        # Earlier versions wrote neither variants nor units.
        whole = [str(name).partition("~") for name in frame["claim"]]
        frame["claim"] = [claim for claim, _, _ in whole]
        frame.insert(1, "variant", [variant for _, _, variant in whole])
        units = {(claim.id, name): unit for claim in self.claims for name, unit in _units(claim).items()}
        frame["unit"] = [units.get(pair) for pair in zip(frame["claim"], frame["metric"], strict=True)]
        return frame

    def __repr__(self) -> str:
        return f"<Report at {self.data.scale} scale: {self.data.coverage.text}>"

    def _repr_html_(self) -> str:
        rows = [
            [chip(one.verdict.result, one.verdict.word), f"<b>{safe(one.data.title)}</b><br>{safe(one.id)}"]
            for one in self.claims
        ]
        head = f"{self.data.coverage.text}. {self.data.scale_says}"
        return paragraph(head) + rows_html(["Verdict", "Claim"], rows)


def load(path: str | Path) -> Report:
    """Return a finished report: its folder, or the `report.json` in it, of any version.

    Raises:
        ReproError: there is none, or it cannot be read.
    """
    place = Path(path)
    return Report(read_report(place), place if place.is_dir() else place.parent)


_VERDICTS = [
    *("claim", "expectation", "role", "kind", "part", "estimate", "low", "high", "level", "n", "unit"),
    *("reported", "result", "word", "claim_word", "sentence"),
]
_CURVES = [
    "claim",
    "figure",
    "panel",
    "series",
    "line",
    "role",
    "run",
    "x",
    "y",
    "x_label",
    "y_label",
    "unit",
]


def _table(rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))


def _comparisons(claim: model.ClaimReport) -> Iterator[dict[str, Any]]:
    for one in claim.expectations:
        head: dict[str, Any] = {"claim": claim.id, "expectation": one.id, "role": one.role, "kind": one.kind}
        head |= {"unit": _UNITS.get(one.unit, one.unit), "reported": one.reported_value}
        head |= {"word": one.verdict.word, "claim_word": claim.verdict.word, "sentence": one.verdict.sentence}
        for part in one.parts:
            numbers = {
                name: getattr(part, name) for name in ("estimate", "low", "high", "level", "n", "result")
            }
            yield head | numbers | {"part": part.label}


def _points(claim: str, figure: model.Figure) -> Iterator[dict[str, Any]]:
    number = 0
    for panel in figure.panels:
        head = {"claim": claim, "figure": figure.id, "panel": panel.title}
        head |= {"x_label": panel.x_label, "y_label": panel.y_label.removesuffix(" (%)")}
        head["unit"] = "fraction" if panel.y_percent else ""
        runs: dict[str, int] = {}
        for series in panel.series:
            run = None
            if series.role == "seed":
                run = runs[series.label] = runs.get(series.label, 0) + 1
            number += 1
            line = {"series": number, "line": series.label, "role": series.role, "run": run}
            yield from (head | line | {"x": x, "y": y} for x, y in zip(series.x, series.y, strict=True))


def _units(claim: Claim) -> dict[str, str]:
    """Return metric → the unit of its values, by the claim file that the report carries."""
    try:
        written = tomllib.loads(claim.data.claim_text)
        scale = written.pop("scale", {}).get(claim.scale, {})
        file = with_units(validated(ClaimFile, merge(written, scale)))
    except (ReproError, tomllib.TOMLDecodeError, AttributeError):
        return {}
    units = {name: unit_of(metric, "value") for name, metric in file.metrics.items()}
    return {name: _UNITS.get(unit, unit) for name, unit in units.items()}
