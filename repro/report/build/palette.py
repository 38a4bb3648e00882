"""Who is drawn how, once for a claim: one colour an arm, one shade a level, for the paper's lines as for ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from repro.claims.cells import levels_of
from repro.claims.curves import read_curves
from repro.claims.schema_shown import Figure
from repro.experiment.requirements import Requirements

_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True)
class Colour:
    """What tells lines apart: `group` is the colour, `shade` goes from 0, the lowest level, to 1, the highest."""

    group: int
    shade: float = 0.0


@dataclass(frozen=True)
class Palette:
    """The colours of a claim's lines.

    Attributes:
        groups: arm → colour, in the order of the claim file; lines of the paper's that are of none of its arms follow.
        base, scale: factor → level name → value, of the paper's protocol and of the scale that is shown.
        numbers: that end the names of the paper's lines, such as 110 of "ResNet-110": levels of the paper's.
    """

    groups: Mapping[str, int]
    base: Mapping[str, Mapping[str, Any]]
    scale: Mapping[str, Mapping[str, Any]]
    numbers: frozenset[int]

    def ours(self, arm: str, levels: Mapping[str, str], panel: str | None) -> Colour:
        """Return the colour of a cell's line in a figure with a panel each level of `panel`, if that is a factor."""
        varied = [factor for factor in levels if factor != panel]
        shades = self._shades(varied).get(tuple(levels[factor] for factor in varied), 0.0)
        return Colour(self.groups[arm], shades)

    def varies(self, factor: str) -> bool:
        """Tell whether a factor has more than one level at this scale."""
        return len(self.scale.get(factor, ())) > 1

    def papers(self, row: Mapping[str, str]) -> Colour:
        """Return the colour of a line of the paper's: that of the arm it names, and of the level that ends its name."""
        name = row["series"].split(",")[0]
        number = _NUMBER.search(name)
        group = self.groups[_arm_named(row, self.groups) or name]
        return Colour(group, self._of_number(int(number[1])) if number else 0.0)

    def _shades(self, factors: list[str]) -> dict[tuple[str, ...], float]:
        """Levels that the paper's protocol has, too, look as they do there; others lie between their neighbours."""
        names = list(product(*(self.scale[factor] for factor in factors)))
        known = self._of_base(factors)
        places = [place for place, name in enumerate(names) if name in known]
        shades = list(np.linspace(0.0, 1.0, len(names))) if len(names) > 1 else [0.0]
        if places:
            between = np.interp(range(len(names)), places, [known[names[place]] for place in places])
            shades = list(between) if len(set(between)) == len(names) else shades
        return dict(zip(names, map(float, shades), strict=True))

    def _of_base(self, factors: list[str]) -> dict[tuple[str, ...], float]:
        if len(factors) == 1 and self._numeric(factors[0]):
            values = self.base[factors[0]]
            return {(name,): self._of_number(value) for name, value in values.items()}
        names = list(product(*(self.base.get(factor, {}) for factor in factors)))
        return {name: place / max(len(names) - 1, 1) for place, name in enumerate(names)}

    def _of_number(self, value: float) -> float:
        """Return a level's place among all that the claim and the paper's figures have."""
        factor = next((values for name, values in self.base.items() if self._numeric(name)), {})
        order = sorted({*factor.values(), *self.numbers, value})
        return order.index(value) / max(len(order) - 1, 1)

    def _numeric(self, factor: str) -> bool:
        values = self.base.get(factor, {}).values()
        return bool(values) and all(isinstance(value, int | float) for value in values)


def palette_of(required: Requirements) -> Palette:
    """Return the palette of a claim at a scale, the same for all its figures."""
    base = required.claim.base
    arms = list(dict.fromkeys([*base.arms, *required.file.arms]))
    rows = [row for figure in required.file.figure.values() for row in _rows(figure, required)]
    own = dict.fromkeys(arms)
    others = [row["series"].split(",")[0] for row in rows if _arm_named(row, own) is None]
    names = list(dict.fromkeys([*arms, *others]))
    return Palette(
        groups={name: place for place, name in enumerate(names)},
        base={name: levels_of(factor) for name, factor in base.factors.items()},
        scale={name: levels_of(factor) for name, factor in required.file.factors.items()},
        numbers=frozenset(
            int(number[1]) for row in rows if (number := _NUMBER.search(row["series"].split(",")[0]))
        ),
    )


def _rows(figure: Figure, required: Requirements) -> Iterable[Mapping[str, str]]:
    if figure.reference is None:
        return []
    return read_curves(required.claim.path, figure.reference.file, required.claim.names.root)


def _arm_named(row: Mapping[str, str], arms: Mapping[str, Any]) -> str | None:
    """Return the arm that a row of the paper's lines is of: what its column `arm` says, or how its name begins."""
    if row.get("arm") in arms:
        return row["arm"]
    first = re.split(r"[-, ]", row["series"])[0].casefold()
    return next((arm for arm in arms if arm.casefold() in (first, row["series"].casefold())), None)
