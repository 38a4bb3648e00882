"""Scales: how much of the paper's protocol is carried out, and which words its results may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from repro.errors import mistake, suggestion

Scale = Literal["exact", "recorded", "smoke", "reduced", "paper"]

SCALES: dict[str, str] = {
    "exact": "Exact scale: only what can be computed without training is judged.",
    "recorded": (
        "Recorded scale: nothing is trained. Results that others recorded are judged as they stand, beside what is "
        "computed. What holds there holds as it was recorded; it never confirms or refutes the paper."
    ),
    "smoke": (
        "Smoke scale: small nets on small images, such as embedded 8×8 digits, for minutes on a CPU. It shows whether "
        "an effect can be seen in miniature and how the check works. What is trained here never "
        "confirms or refutes the paper."
    ),
    "reduced": (
        "Reduced scale: the data of the full protocol, but less of it, a shorter schedule or a stand-in. It says what "
        "holds there; what is trained here never confirms or refutes the paper."
    ),
    "paper": (
        "Paper scale: the whole protocol of each claim file. Verdicts are in the paper's words where the file declares "
        "the protocol to be the paper's, with its source; all others are capped."
    ),
}
"""From the least to the most; the words say what a report at that scale may claim.

No claim file has a table for "recorded": claims about results that exist already are judged there, and there alone,
whatever greater scale the claims beside them are judged at.
"""


OWN_TABLES = [name for name in SCALES if name != "recorded"]
"""The scales that a claim file may have a table for."""


def check_scale(name: str, where: str = "--scale") -> Scale:
    """Return `name` as a scale; raises ReproError with a suggestion where it is none."""
    if name not in SCALES:
        raise mistake(where, "unknown scale", name, suggestion(name, SCALES))
    return name  # type: ignore[return-value]


def below(scale: str, own: str) -> bool:
    """Tell whether `scale` is less than the scale `own` that an expectation needs."""
    order = list(SCALES)
    return order.index(scale) < order.index(own)


def merge(base: Mapping[str, Any], override: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return `base` with `override` laid over it: tables are merged by key; lists, factors, data replaced whole."""
    merged = dict(base)
    for key, value in override.items():
        whole = path == ("factors",) or key == "dataset"
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping) and not whole:
            merged[key] = merge(merged[key], value, (*path, key))
        else:
            merged[key] = value
    return merged
