"""What a schema cannot see of a claim about nets that were trained elsewhere: nothing of their training is known."""

from __future__ import annotations

from collections.abc import Iterator

from repro.claims.cells import all_cells
from repro.claims.findings import Finding, known
from repro.claims.schema import ClaimFile
from repro.claims.schema_metrics import Metric

_MEASURED = ("train_error", "test_error", "train_loss", "test_loss")
"""Of a pretrained net: what needs no history."""


def weights_findings(file: ClaimFile) -> Iterator[Finding]:
    """Find what has no place beside pretrained weights, and names that refer to nothing."""
    weights = file.weights
    if weights is None:
        return
    addresses = [cell.address for cell in all_cells(file)]
    for key in ("files", "check"):
        for address in getattr(weights, key):
            yield from known(f"weights.{key}.{address}", "cell", address, addresses)
    for address in addresses:
        if address not in weights.files and address not in file.experiment.skip:
            hint = "name the files of its nets, or skip the cell"
            yield "weights.files", "has no nets of a cell", repr(address), hint
    hint = "remove it: nothing is trained"
    for key in ("tune", "control", "sensitivity"):
        if getattr(file, key):
            yield key, "is of runs that are trained, and these nets are there already", None, hint
    if file.experiment.command is not None:
        yield (
            "experiment.command",
            "trains nets of its own, and these are brought",
            None,
            "remove it, or [weights]",
        )
    for name, metric in file.metrics.items():
        yield from _metric(f"metrics.{name}", metric)
    for name, figure in file.figure.items():
        if figure.kind == "curves":
            yield f"figure.{name}.kind", "draws a history, and brought nets have none", None, "remove it"


def _metric(place: str, metric: Metric) -> Iterator[Finding]:
    """Find a metric that rests on a training that was elsewhere."""
    if metric.trains and metric.kind not in ("final", "probe", "ensemble"):
        what = "rests on the history of a training that was elsewhere"
        yield f"{place}.kind", what, repr(metric.kind), "use final, probe or ensemble"
    for key, column in (("of", metric.of), ("minus", metric.minus)):
        if column is not None and metric.kind == "final" and column not in _MEASURED:
            what = "is of training, which was elsewhere"
            yield f"{place}.{key}", what, repr(column), f"known: {', '.join(_MEASURED)}"
    for moment in metric.read_at:
        if moment != "last":
            what = "is a moment of a training that was elsewhere"
            yield f"{place}.at", what, repr(moment), 'use "last"'
