"""An expectation → its parts: which cell means, with which weights, at which moment (docs/design.md)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from repro.claims import ClaimFile, Expectation, cells, levels_of
from repro.stats import slope_weights


@dataclass(frozen=True)
class Estimand:
    """One number to estimate: a linear contrast of cell means, on the log scale for a ratio.

    Attributes:
        label: tells the part from its siblings; "" where the expectation has one part.
        weights: cell address → weight.
        moment: of a probe metric, or None.
        log: a ratio; the contrast is of mean logarithms.
    """

    label: str
    weights: Mapping[str, float]
    moment: str | None
    log: bool = False


def rests_on(file: ClaimFile, expectation: Expectation, part: Estimand) -> list[str]:
    """Return the cells whose runs a part is measured on: its own, and those that set a target for them."""
    target = file.metrics[expectation.metric].at_most_of
    if target is None:
        return list(part.weights)
    others = ("/".join([target, *address.split("/")[1:]]) for address in part.weights)
    return list(dict.fromkeys([*part.weights, *others]))


def estimands(file: ClaimFile, expectation: Expectation) -> list[Estimand]:
    """Return the parts of a joint statement (`each`, "ordering"), or the one part of a plain one.

    Parts with a cell that the experiment skips are left out, and later moments of cells that it does not train.
    """
    skipped, steps = set(file.experiment.skip), file.experiment.recipe.get("steps")
    untrained = {cell.address for cell in cells(file) if cell.settings.get("steps", steps) == 0}
    return [
        part
        for fixed, moment in _repeats(file, expectation)
        for part in _parts(file, expectation, fixed, moment)
        if not skipped & part.weights.keys()
        and (moment in (None, "init") or not untrained & part.weights.keys())
    ]


def otherwise(file: ClaimFile, expectation: Expectation) -> list[tuple[str, list[Estimand]]]:
    """Return (metric, parts) of an exact expectation by each of the other conventions that it names, in their order."""
    found = []
    for other in expectation.otherwise.values():
        changed = {name: getattr(other, name) for name in other.model_fields_set}
        if "arm" in changed or "arms" in changed:
            changed = {"arm": None, "arms": [], "printed": {}} | changed
        theirs = expectation.model_copy(update=changed)
        found.append((theirs.metric, estimands(file, theirs)))
    return found


def _repeats(file: ClaimFile, expectation: Expectation) -> Iterator[tuple[dict[str, str], str | None]]:
    """Yield (factor → level, moment) for every combination of what `each` repeats over."""
    metric = file.metrics[expectation.metric]
    factors = [name for name in expectation.each if name != "at"]
    moments: list[str | None] = (
        [expectation.at] if expectation.at else list(metric.at) if metric.at else [None]
    )
    for combination in itertools.product(*(levels_of(file.factors[name]) for name in factors)):
        for moment in moments:
            yield {**expectation.levels, **dict(zip(factors, combination, strict=True))}, moment


def _parts(
    file: ClaimFile, expectation: Expectation, fixed: Mapping[str, str], moment: str | None
) -> Iterator[Estimand]:
    where = [fixed[name] for name in expectation.each if name != "at"]
    when = [moment] if moment and "at" in expectation.each else []
    label = ", ".join([*where, *(str(part) for part in when)])

    address = partial(_address, file, expectation, fixed)
    if expectation.kind == "exact":
        for own, cell in _numbers(file, expectation, label, address):
            yield Estimand(own, {cell: 1.0}, None)
    elif expectation.kind == "ordering":
        for low, high in itertools.pairwise(_steps(expectation, address)):
            own = ", ".join(filter(None, [label, f"{high.name} − {low.name}"]))
            yield Estimand(own, {high.cell: 1.0, low.cell: -1.0}, moment)
    else:
        weights = _weights(file, expectation, address)
        yield Estimand(label, weights, moment, log=expectation.kind == "ratio")


class _Address(Protocol):
    """Arm and, where the expectation runs over a factor, its level → the cell's address."""

    def __call__(self, arm: str, over: str | None = None) -> str: ...


def _weights(file: ClaimFile, expectation: Expectation, address: _Address) -> dict[str, float]:
    """Return the weights of the cells of an expectation that is one contrast."""
    match expectation.kind:
        case "contrast":
            return dict(expectation.weights)
        case "difference" | "ratio":
            first, second = expectation.arms
            return {address(first): 1.0, address(second): -1.0}
        case "slope":
            assert expectation.over is not None
            levels = levels_of(file.factors[expectation.over])
            arm = expectation.arm or next(iter(file.arms))
            slope = slope_weights([float(value) for value in levels.values()])
            return {address(arm, level): weight for level, weight in zip(levels, slope, strict=True)}
        case _:
            assert expectation.arm is not None
            return {address(expectation.arm): 1.0}


class _Step(NamedTuple):
    name: str
    cell: str


def _steps(expectation: Expectation, address: _Address) -> list[_Step]:
    """Return the cells of an ordering, from the lowest mean to the highest, by arm or by level."""
    if expectation.over is not None and expectation.arm is not None:
        return [_Step(level, address(expectation.arm, level)) for level in expectation.along]
    return [_Step(arm, address(arm)) for arm in expectation.arms]


def _address(
    file: ClaimFile, expectation: Expectation, fixed: Mapping[str, str], arm: str, over: str | None = None
) -> str:
    """Return the address of an arm's cell at fixed levels, and at the level `over` of what is compared over."""
    if file.metrics[expectation.metric].own_cells is not None:
        return arm
    levels = dict(fixed) if over is None or expectation.over is None else {**fixed, expectation.over: over}
    return "/".join([arm, *(levels[factor] for factor in file.factors if factor in levels)])


def _numbers(
    file: ClaimFile, expectation: Expectation, label: str, address: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """Yield (label, address) of each number of an exact expectation."""
    if expectation.printed:
        yield from zip(expectation.printed, expectation.printed, strict=True)
        return
    named = [expectation.arm] if expectation.arm else expectation.arms
    for arm in named or file.metrics[expectation.metric].own_cells or list(file.arms):
        yield label if expectation.arm else ", ".join(filter(None, [label, arm])), address(arm)
