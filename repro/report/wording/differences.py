"""The ledger of deviations for people: human names and numbers, what we assumed, and the likely effect on the claim."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from repro.report.model import ClaimReport, Deviation
from repro.report.wording.text import plural

Effect = Literal["against", "for", "moves", "unknown", "none", "untold"]

EFFECTS: dict[Effect, str] = {
    "against": "Likely against the claim",
    "for": "Likely for the claim",
    "moves": "Likely to move the result; for or against the claim is not said",
    "unknown": "Effect not known",
    "none": "No effect on the result",
    "untold": "Effect not told by the claim file",
}
"""In the order in which they are shown, with their headings."""

_STARTS: dict[str, Effect] = {
    "against the claim": "against",
    "for the claim": "for",
    "not known": "unknown",
    "none": "none",
}
_TITLES = {
    "dataset": "data",
    "lr": "learning rate",
    "steps": "training steps",
    "epochs": "training epochs",
    "model": "net",
    "width": "width of the net",
    "depth": "depth of the net",
    "bn_group": "images a batch-normalisation group",
    "evaluate_every": "epochs between evaluations",
    "curve_images": "training images evaluated for curves",
    "train_error_images": "training images evaluated at the end",
    "test_views": "views of a test image",
    "crop_size": "side of a crop in pixels",
    "milestones": "steps at which the rate drops",
    "seeds looked at": "seeds at each look",
    "bias_lr_factor": "learning rate of biases, as a factor",
    "stop_at_train_error": "stops at a training error of",
}
_DATA = {
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "imagenet": "ImageNet",
    "digits": "digits (8×8 pixels)",
}
# What a paper may leave open, by the settings that fill it.
_OPEN = {
    "batch size": "batch size",
    "training epochs": "epoch",
    "learning rates tried": "learning rate",
    "learning rate": "learning rate",
    "net": "architecture",
    "seeds at each look": "run",
    "input": "input scale",
    "training images evaluated for curves": "definition of training error",
    "training images evaluated at the end": "definition of training error",
    "epochs between evaluations": "definition of training error",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of the ledger: `paper` says what the paper states, or that it does not and what we assumed."""

    row: Deviation
    what: str
    paper: str
    here: str


def differences(claim: ClaimReport) -> list[tuple[str, list[Difference]]]:
    """Return a claim's deviations by their likely effect on the verdict, each group with its heading."""
    grouped: dict[Effect, list[Difference]] = {effect: [] for effect in EFFECTS}
    for row in claim.deviations:
        grouped[effect(row)].append(_difference(row, claim.unknown))
    return [(EFFECTS[name], rows) for name, rows in grouped.items() if rows]


def counted(claim: ClaimReport) -> str:
    """Count a claim's deviations in words: "9 differences, 1 likely against the claim"; "" where there is none."""
    if not claim.deviations:
        return ""
    found = [effect(row) for row in claim.deviations]
    text = plural(len(found), "difference")
    told = {"against": "likely against the claim", "for": "likely for it"}
    parts = [f"{found.count(name)} {says}" for name, says in told.items() if name in found]
    return ", ".join([text, *parts])


def effect(row: Deviation) -> Effect:
    """Return the likely effect that a claim file tells of a deviation, by how its sentence begins."""
    if not row.direction:
        return "untold"
    start = row.direction.casefold()
    return next((name for words, name in _STARTS.items() if start.startswith(words)), "moves")


def _difference(row: Deviation, unknown: Sequence[str]) -> Difference:
    what = _title(row.what)
    paper = _value(row.paper, row.what)
    if _left_open(what, unknown):
        paper = f"not stated; assumed: {paper}"
    return Difference(row, what, paper, _value(row.ours, row.what))


def _left_open(what: str, unknown: Sequence[str]) -> bool:
    name = _OPEN.get(what.partition(" (")[0], what.partition(" (")[0])
    return any(name == item.casefold().removeprefix("number of ").removesuffix("s") for item in unknown)


def _title(what: str) -> str:
    name, bracket, arms = what.partition(" (")
    kind, _, rest = name.partition(" ")
    if kind in ("recipe", "model", "factor") and rest:
        name = rest
    return _TITLES.get(name, name.replace("_", " ")) + bracket + arms


def _value(text: str, what: str) -> str:
    if text in ("true", "false"):
        return "yes" if text == "true" else "no"
    if what == "dataset":
        return _DATA.get(text, text)
    if text == "—":
        return "none"
    spaced = re.sub(r"(?<=[a-z])_(?=[a-z])", " ", text)
    return re.sub(r"(?<![\w.])\d{5,}(?![\w.])", lambda match: f"{int(match[0]):,}", spaced)
