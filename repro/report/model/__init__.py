"""The report as plain data: `report.json` is the contract, every rendering derives from it.

Numbers are raw (errors are fractions); `*_text` and sentences are ready to print. All text may come from
claim files or machines and is untrusted: renderings escape it.
"""

from __future__ import annotations

from repro.report.model.background import (
    Control,
    Cost,
    CriteriaChange,
    CriteriaDifference,
    DataUsed,
    Deviation,
    Machine,
    Point,
    Review,
    RunRow,
    Sensitivity,
    SpecRow,
    Tuning,
)
from repro.report.model.evidence import (
    Cell,
    Data,
    Elsewhere,
    ExpectationResult,
    Figure,
    OtherConvention,
    Panel,
    Part,
    Region,
    Result,
    Row,
    Series,
    Status,
    Table,
    Tile,
    Unit,
    Verdict,
)
from repro.report.model.report import SCHEMA_VERSION, ClaimReport, Coverage, PaperReport, Report

__all__ = [
    "SCHEMA_VERSION",
    "Cell",
    "ClaimReport",
    "Control",
    "Cost",
    "Coverage",
    "CriteriaChange",
    "CriteriaDifference",
    "Data",
    "DataUsed",
    "Deviation",
    "Elsewhere",
    "ExpectationResult",
    "Figure",
    "Machine",
    "OtherConvention",
    "Panel",
    "PaperReport",
    "Part",
    "Point",
    "Region",
    "Report",
    "Result",
    "Review",
    "Row",
    "RunRow",
    "Sensitivity",
    "Series",
    "SpecRow",
    "Status",
    "Table",
    "Tile",
    "Tuning",
    "Unit",
    "Verdict",
]
