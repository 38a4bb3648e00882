"""Whose protocol a claim is judged by: the paper's words are for a protocol that is declared to be the paper's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from repro.claims.cells import by_command, cells
from repro.claims.data import data_ref, names_data
from repro.claims.findings import Finding, known
from repro.claims.schema import ClaimFile
from repro.errors import ReproError
from repro.registry import DATASETS, MODELS


@dataclass(frozen=True)
class Ownership:
    """Whose protocol the base of a claim file is.

    Attributes:
        source: where it is described; of what is computed alone, where the paper says it; None where nobody has
            declared it.
        reasons: why it is not taken for the paper's; empty where it is.
    """

    source: str | None
    reasons: tuple[str, ...]

    @property
    def is_paper(self) -> bool:
        """Whether verdicts may be in the paper's words, at the paper's scale and on its data."""
        return not self.reasons


_OF_NETS = ("final", "first_reach", "probe", "static")
"""Kinds of metrics that rest on nets, which a protocol describes."""


def ownership(base: ClaimFile) -> Ownership:
    """Return whose protocol the base of a claim file is, as far as the file declares it."""
    protocol = base.experiment.protocol
    if base.results is not None:
        by = f"recorded by {base.results.by}"
        return Ownership(by, (f"the results were {by}, not trained here",))
    if base.weights is not None:
        nets = f"the nets were trained elsewhere, by {base.weights.by}, and are {base.weights.selected}"
        return Ownership(f"trained elsewhere by {base.weights.by}", (nets,))
    # Mathematics alone is nobody's protocol: what is computed is in the file, and where the paper says it.
    if protocol is None and any(metric.kind in _OF_NETS for metric in base.metrics.values()):
        return Ownership(None, ("the file does not declare whose protocol [experiment] is",))
    if protocol is not None and protocol.of == "own":
        return Ownership(protocol.source, (f"the protocol is not a paper's: {protocol.source}",))
    said = protocol.as_in_paper if protocol is not None else {}
    reasons = [
        f"{_named(name)} is the claims folder's own, and `as_in_paper` does not say what makes it the paper's {kind}"
        for name, kind in own(base).items()
        if name not in said
    ]
    return Ownership(protocol.source if protocol is not None else base.source.where, tuple(reasons))


def _named(name: str) -> str:
    return "the command" if name == "command" else name


def own(base: ClaimFile) -> dict[str, str]:
    """Return name → "net", "data set", "number" or, of "command", "protocol": what the registry does not have."""
    found: dict[str, str] = {}
    absent = base.experiment.not_implemented
    for cell in cells(base):
        if by_command(base, cell):
            found["command"] = "protocol"
            continue
        net = cell.settings.get("model", base.experiment.model)
        if isinstance(net, str) and ":" in net:
            found[net] = "net"
        data = cell.settings.get("dataset", base.experiment.dataset)
        if names_data(data):
            try:
                name = data_ref(data, "", None).name
            except ReproError:
                continue  # said elsewhere
            if name not in DATASETS and name not in absent:
                found[name] = "data set"
    for metric in base.metrics.values():
        if metric.formula is not None and ":" in metric.formula:
            found[metric.formula] = "number"
    return found


def protocol_findings(base: ClaimFile) -> Iterator[Finding]:
    """Find declarations about something that the protocol does not use, or that is there after all."""
    protocol = base.experiment.protocol
    for name in protocol.as_in_paper if protocol is not None else ():
        yield from known("experiment.protocol.as_in_paper", "name", name, own(base))
    used = {
        value if isinstance(value, str) else ""
        for cell in cells(base)
        for key in ("model", "dataset")
        for value in [cell.settings.get(key, getattr(base.experiment, key))]
    }
    for name in base.experiment.not_implemented:
        place = f"experiment.not_implemented.{name}"
        if name in MODELS or name in DATASETS:
            yield place, "is implemented here", None, "remove it"
        elif name not in used:
            hint = "name it with `model` or `dataset` in the base tables, or remove it"
            yield place, "no cell of the base uses this net or data set", None, hint
