"""A finished report as objects, and as tables of pandas."""

from __future__ import annotations

import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from repro.api.as_html import chip, figure_html, paragraph, rows_html, safe
from repro.api.tables import CURVES, UNITS, VERDICTS, comparisons, points, table
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
        return table(points(self.claim, self.data), CURVES)

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
        return table(comparisons(self.data), VERDICTS)

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
        """A row for each comparison of each expectation.

        claim, expectation: which one; role: "decides" or "context"; kind: of the expectation.
        metric, moment: what is compared; as in `metrics`.
        part: tells the comparisons of one expectation apart; "" where there is one.
        compares: in signs, such as "ours − sgd"; cells: those that it rests on, a tuple.
        estimate, low, high, level: the estimate and its interval, in `unit`, as in `metrics`; "ratio" for a ratio.
        n: the fewest runs of any of its cells.
        reported: the paper's number, where it prints one.
        result: the machine's term for the region that the comparison lies in.
        word: what may be said of the expectation; claim_word: of its claim; sentence: why.

        It joins `metrics` by claim, metric, moment and cell: ``verdicts.explode("cells").merge(metrics,
        left_on=["claim", "metric", "moment", "cells"], right_on=["claim", "metric", "moment", "cell"])``.
        """
        return table((row for claim in self.claims for row in comparisons(claim.data)), VERDICTS)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row for each point of each line of each figure.

        claim, figure, panel: where it is drawn.
        series: numbers the lines of a figure: group by it to draw them.
        line: what the legend calls it; the lines of several runs, and of several panels, share one.
        role: "seed" of a single run, "mean" of several, "reference" of what was read from the paper.
        cell, seed, run: of which run it is, as in `metrics`; not there where it is of several.
        x, y: the point; x_label, y_label: of the axes; unit: of y, "fraction" or "" for a plain number.

        Figures are of the claim itself: it joins ``metrics[metrics["variant"] == ""]`` by claim, cell, seed and run.
        Of more than twelve runs a figure has the mean alone.
        """
        rows = (
            row
            for claim in self.claims
            for one in claim.figures.values()
            for row in points(claim.id, one.data)
        )
        return table(rows, CURVES)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A row for each run and metric, from the `metrics.csv` beside the report.

        claim: which one; variant: "" for the claim itself, else the control or the point of a sensitivity analysis.
        scale: of the report, or "exact" for what is computed without training.
        cell: arm and levels, such as "plain/deep"; arm; factors: such as "depth=deep".
        seed: of the run, -1 where no run stands behind it; run: its key.
        metric, title: the name in the claim file, and in words; moment: of training, "last" for the end.
        value: in `unit`, which is "fraction", "epochs", "steps", "count", "log10", or "" for a plain number.
        resolution: the smallest step that the value can show, in the same unit.
        censored: the value is a bound, such as of a target that was not reached; diverged: the run diverged.
        transform: what was done to the value, such as "log10".

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


def _units(claim: Claim) -> dict[str, str]:
    """Return metric → the unit of its values, by the claim file that the report carries."""
    try:
        written = tomllib.loads(claim.data.claim_text)
        scale = written.pop("scale", {}).get(claim.scale, {})
        file = with_units(validated(ClaimFile, merge(written, scale)))
    except (ReproError, tomllib.TOMLDecodeError, AttributeError):
        return {}
    units = {name: unit_of(metric, "value") for name, metric in file.metrics.items()}
    return {name: UNITS.get(unit, unit) for name, unit in units.items()}
