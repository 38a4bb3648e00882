"""A claim about test errors, runs that spread around given means, and the one claim of its report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from repro.report.model import ClaimReport, Report
from tests.support.helpers import BASE, changed

SPREAD = (-2.0, -1.0, 0.0, 1.0, 2.0)
ERRORS = {"err": {"kind": "final", "of": "test_error", "title": "test error"}}
ERROR_CLAIM = changed(
    BASE,
    metrics=ERRORS,
    expect__gap={**BASE["expect"]["gap"], "metric": "err", "at_least": 0.02, "reported": "5.2 pp"},
)


def errors(deep: float, shallow: float = 0.10, scale: float = 0.01) -> Callable[..., dict[str, Any]]:
    """Return runs whose test errors spread around these means, by 2.236 · scale / √2 each."""

    def run(cell: Any, seed: int) -> dict[str, Any]:
        mean = deep if cell.address == "plain/deep" else shallow
        return {"test_error": mean + scale * SPREAD[seed], "train_error": [0.9, 0.5, 0.1]}

    return run


def only(report: Report) -> ClaimReport:
    (paper,) = report.papers
    (claim,) = paper.claims
    return claim


VALUE = {
    "kind": "value",
    "title": "The deep plain net's error",
    "metric": "err",
    "arm": "plain",
    "levels": {"depth": "deep"},
    "within": [0.1, 0.2],
    "role": "context",
    "why": "w",
}
