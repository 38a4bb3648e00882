"""`bench/results/speed.md`: the targets, and beside each what was reached, or the command that measures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.documents import read


@dataclass(frozen=True)
class Target:
    """A number to be reached.

    Attributes:
        measure, bar: in words.
        document, row, arm, field: where the number is found in a document.
        factor: what it is multiplied by for people.
        command: that fills the document.
    """

    measure: str
    bar: str
    document: str
    row: str
    field: str
    command: str
    arm: str | None = None
    factor: float = 1.0
    unit: str = ""


_SPEED, _CUDA = "python -m bench speed", "python -m bench cuda"
_FULL = "python -m bench speed --device cuda --full"
_STORE = "python -m bench store"
_RACING, _RACED = "python -m bench racing", "alexnet/relu-speed, tuned at smoke scale"
_MB = 1e-6

_STORES = (
    ("store", " of five claims", "first looks used", _STORE, "≤ 2.5"),
    ("store", "", "first looks of all claims used", _STORE, "none"),
    ("store-all-used", "", "nearly all used", f"{_STORE}-all-used", "≤ 10"),
)
_MEMORY = "≤ 500 MB"

TARGETS = (
    *(
        Target(
            f"`repro check`, {which} claims, empty store",
            bar,
            "smoke",
            f"repro check, {which} claims, empty store",
            "wall_seconds",
            "python -m bench smoke",
            unit=" s",
        )
        for which, bar in (("five", "≤ 90 s"), ("all", "≤ 180 s"))
    ),
    Target(
        "its machine's pace: a step of a plain net of 32 layers, all cores at once",
        "none",
        "smoke",
        "repro check, five claims, empty store",
        "milliseconds_a_step",
        "python -m bench smoke",
        unit=" ms",
    ),
    Target(
        "relu-speed at smoke scale, cells tuned by racing to the rate of exhaustive tuning",
        "4, all",
        "racing",
        _RACED,
        "cells_alike",
        _RACING,
        "raced",
    ),
    Target(
        "the same, processor time of exhaustive tuning ÷ racing",
        "> 1",
        "racing",
        _RACED,
        "ratio",
        _RACING,
        "raced",
    ),
    Target(
        "ResNet-20 on 8×8, all cores ÷ textbook",
        "≥ 1.9 (2.5)",
        "speed-cpu",
        "ResNet-20, 8×8",
        "ratio",
        _SPEED,
        "ours",
    ),
    Target(
        "ResNet-20 on 32×32, all cores ÷ textbook",
        "≥ 1.45 (1.7)",
        "speed-cpu",
        "ResNet-20, 32×32",
        "ratio",
        _SPEED,
        "ours",
    ),
    Target(
        "the same, each with the evaluations that it needs, ÷ textbook",
        "≥ 1.5",
        "speed-cpu",
        "ResNet-20, 32×32, end to end",
        "ratio",
        _SPEED,
        "ours",
    ),
    Target(
        "four layers on 32×32, all cores ÷ textbook",
        "≥ 2",
        "speed-cpu",
        "four layers, 32×32",
        "ratio",
        _SPEED,
        "ours",
    ),
    Target(
        "`repro --help` ÷ `python -c pass`",
        "≤ 1.6",
        "startup",
        "repro --help",
        "ratio",
        "python -m bench startup",
    ),
    Target(
        "`import repro` ÷ `python -c pass`",
        "≤ 1.6",
        "startup",
        "import repro",
        "ratio",
        "python -m bench startup",
    ),
    Target(
        "`repro list` ÷ `python -c pass`", "≤ 4", "startup", "repro list", "ratio", "python -m bench startup"
    ),
    *(
        Target(
            f"`repro {what}`{of}, 10,000 runs, {used}{told}",
            bar,
            document,
            f"repro {what}{of}",
            field,
            command,
            factor=factor,
            unit=unit,
        )
        for document, of, used, command, ratio in _STORES
        for what in ("check", "report")
        for bar, field, factor, unit, told in (
            (ratio, "processor_ratio", 1.0, "", " ÷ imports, processor time"),
            (_MEMORY, "peak_bytes", _MB, " MB", ", memory"),
        )
    ),
    Target(
        "H200: ResNet-20 alone, 64k iterations",
        "≤ 30 s",
        "speed-cuda",
        "ResNet-20 alone",
        "paper_seconds",
        _CUDA,
        "ours",
        unit=" s",
    ),
    Target("H200: the same ÷ textbook", "≥ 12", "speed-cuda", "ResNet-20 alone", "ratio", _CUDA, "ours"),
    Target(
        "H200: ResNet-110 alone, 64k iterations",
        "≤ 160 s",
        "speed-cuda",
        "ResNet-110 alone",
        "paper_seconds",
        _CUDA,
        "ours",
        unit=" s",
    ),
    Target("H200: the same ÷ textbook", "≥ 6", "speed-cuda", "ResNet-110 alone", "ratio", _CUDA, "ours"),
    Target(
        "H200: 16 ResNet-20 together",
        "≤ 200 s",
        "speed-cuda",
        "16 ResNet-20 together",
        "paper_seconds",
        _CUDA,
        "ours",
        unit=" s",
    ),
    Target(
        "H200: nine nets, one seed",
        "≤ 300 s",
        "speed-cuda",
        "nine nets, one seed",
        "paper_seconds",
        _CUDA,
        "ours",
        unit=" s",
    ),
    Target(
        "H200: nine nets, five seeds",
        "≤ 1,400 s (1,200 s)",
        "speed-cuda",
        "nine nets, five seeds",
        "paper_seconds",
        _CUDA,
        "ours",
        unit=" s",
    ),
    Target(
        "H200: four-layer nets together",
        "≥ 2.5 M images/s",
        "speed-cuda",
        "16 four-layer nets together",
        "images_per_second",
        _CUDA,
        "ours",
        1e-6,
        " M images/s",
    ),
    Target(
        "H200: ResNet-20 alone, in full",
        "≤ 30 s",
        "speed-cuda-full",
        "ResNet-20 alone",
        "wall_seconds",
        f"{_FULL} --only 'ResNet-20 alone'",
        "ours",
        unit=" s",
    ),
)
"""The bars were set before anything was measured; in brackets, what would be better still."""


def markdown(folder: Path) -> str:
    """Return the document for the results that lie in `folder`."""
    lines = [
        "# Speed",
        "",
        "Written by `python -m bench table` from the JSON files beside it, which name machine, versions and load.",
        "A ratio is the median of the rounds' ratios; in brackets, the range.",
        "",
        "| measure | target | reached | measured by |",
        "|---|---|---|---|",
        *(f"| {t.measure} | {t.bar} | {_reached(t, folder)} | `{t.command}` |" for t in TARGETS),
        "",
    ]
    # Other benches keep their results in the same folder.
    for name in dict.fromkeys([*(target.document for target in TARGETS), "gpu-facts"]):
        content = read(folder / f"{name}.json")
        if content:
            lines += _document(name, content)
    return "\n".join(lines)


def _reached(target: Target, folder: Path) -> str:
    content = read(folder / f"{target.document}.json") or {"rows": [], "machine": {}}
    found = []
    for row in content["rows"]:
        # An arm's name goes on with how it differs.
        same = row["row"] == target.row or _of_store(row, target)
        arm, _, differs = row.get("arm", "").partition(", ")
        if same and (target.arm is None or arm == target.arm) and row.get(target.field) is not None:
            text = _number(row[target.field] * target.factor) + target.unit + _spread(row, target)
            found.append(f"{text}{', ' if differs else ''}{differs}" + _elsewhere(target, content["machine"]))
    return "; ".join(found) or "not measured"


def _of_store(row: Mapping[str, Any], target: Target) -> bool:
    """Tell whether a row is of the target's command over a store that is large enough."""
    return row.get("runs", 0) >= _RUNS and row["row"].startswith(f"{target.row}, ")


_RUNS = 10_000


def _elsewhere(target: Target, machine: Mapping[str, Any]) -> str:
    """Name the device where the target is for another one."""
    device = machine.get("device", "")
    return f", but on {device}" if target.measure.startswith("H200") and "H200" not in device else ""


def _spread(row: dict[str, Any], target: Target) -> str:
    low, high = row.get(f"{target.field}_range") or (None, None)
    if low is None or high is None or row["rounds"] < 2:
        return ""
    return f" ({_number(low * target.factor)} to {_number(high * target.factor)})"


def _document(name: str, content: dict[str, Any]) -> Iterator[str]:
    machine = content["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items() if v)
    load = machine["load_before"]
    yield from (f"## {name}", "", f"`{content['command']}`, {content['measured']}.", "")
    yield f"{machine['processor']}, {machine['cores']} cores, {machine['system']}" + (
        f", {machine['device']}" if "device" in machine else ""
    )
    yield f"Python {machine['python']}, {versions}." + ("" if load is None else f" Load before: {load:.1f}.")
    yield ""
    columns = list(dict.fromkeys(key for row in content["rows"] for key in row if not key.endswith("_range")))
    yield f"| {' | '.join(column.replace('_', ' ') for column in columns)} |"
    yield "|" + "---|" * len(columns)
    for row in content["rows"]:
        yield f"| {' | '.join(_cell(row.get(column)) for column in columns)} |"
    yield ""


def _cell(value: object) -> str:
    if value is None:
        return ""
    return _number(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    if isinstance(value, int) or abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
