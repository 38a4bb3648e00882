"""The expectations of a claim file: estimands over cells, and the regions that support and refute."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import ValidationError, model_validator

from repro.claims.printed import read_printed
from repro.claims.vocabulary import (
    Frozen,
    Moment,
    Printed,
    Reported,
    distinct,
    no_others,
)
from repro.stats.regions import Region


class Bounds(Frozen):
    """A region of the real line: exactly one of its keys."""

    at_least: float | None = None
    """This, or more."""
    at_most: float | None = None
    """This, or less."""
    within: tuple[float, float] | None = None
    """From the first number to the second."""
    outside: tuple[float, float] | None = None
    """Below the first number, or above the second."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [
            key for key in ("at_least", "at_most", "within", "outside") if getattr(self, key) is not None
        ]
        if len(given) != 1:
            raise ValueError("give exactly one of at_least, at_most, within, outside")
        pair = self.within or self.outside
        if pair and pair[0] >= pair[1]:
            raise ValueError(f"[{pair[0]}, {pair[1]}] is empty: the first number must be the smaller")
        return self

    @property
    def region(self) -> Region:
        """The region that the keys name; the only place that tells them apart."""
        if self.within is not None:
            return Region.within(*self.within)
        if self.outside is not None:
            return Region.outside(*self.outside)
        if self.at_least is not None:
            return Region.at_least(self.at_least)
        assert self.at_most is not None
        return Region.at_most(self.at_most)


_EXPECTATION_OF_KIND = {
    "exact": "arm arms levels each printed",
    "value": "arm levels each at",
    "difference": "arms levels each at paired",
    "ratio": "arms levels each at paired",
    "ordering": "arms arm over along levels each at paired",
    "contrast": "weights each at paired",
    "slope": "arm over levels each at paired",
}
_EVERY_EXPECTATION = (
    "kind title metric at_least at_most within outside refuted reported uncertainty role protocol from_scale why "
    "known_beforehand convention otherwise"
)

EXPECTATION_KEYS = {kind: f"{own} {_EVERY_EXPECTATION}" for kind, own in _EXPECTATION_OF_KIND.items()}
"""Kind → the keys that it makes use of."""

EXPECTATION_NEEDS: dict[str, list[str]] = {
    "exact": [],
    "value": ["arm"],
    "slope": ["arm", "over"],
    "contrast": ["weights"],
    "difference": ["arms"],
    "ratio": ["arms"],
    "ordering": [],
}
"""Kind → the keys that it cannot do without. An ordering is of `arms`, or of one `arm` along a factor."""


class Otherwise(Frozen):
    """The number that another convention of counting gives: the same estimand of another metric, arm or level."""

    metric: str | None = None
    """Another metric."""
    arm: str | None = None
    """Another arm, case or value."""
    arms: list[str] = []
    """Other arms, cases or values."""
    levels: dict[str, str] = {}
    """Other levels of factors."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        distinct(self, "arms")
        return self


class Expectation(Frozen):
    """An estimand over cells, the region that supports the claim, and the region that refutes it.

    kind "exact": a number computed without training, of each arm that is named (or case of the metric); with
    `printed`, each is held against its own printed number, to half a unit of the last digit. "value": one cell's mean.
    "difference", "ratio": of two arms' means (the ratio on the log scale). "contrast": weighted sum of cell means.
    "slope": of cell means over the numeric levels of factor `over`. "ordering": cell means increase along `arms`, or
    for one arm along the levels `along` of the factor `over`, by at least `at_least` each.
    Differences, ratios, contrasts and orderings of exact numbers are exact.

    `convention` says how things are counted for the number to come out, `otherwise` what the other conventions are,
    whose numbers are shown and decide nothing. `known_beforehand`: the values that were known when the criterion was
    written, shown beside the verdict.
    """

    kind: Literal["exact", "value", "difference", "ratio", "contrast", "slope", "ordering"]
    """What is estimated, or computed."""
    title: str
    """What is expected, in a short sentence."""
    metric: str
    """The metric that it is about."""
    arm: str | None = None
    """The one arm of a value, a slope, or an ordering along a factor."""
    arms: list[str] = []
    """Of a difference or a ratio the two arms: the first less, or over, the second. Of an ordering all, from the
    lowest mean to the highest. Of an exact number those it is of."""
    weights: dict[str, float] = {}
    """Of a contrast: cell (``arm/level``) → its weight. They sum to zero."""
    over: str | None = None
    """Of a slope, or of one arm's ordering: the factor along which it runs."""
    along: list[str] = []
    """Of one arm's ordering: levels of `over`, from the lowest mean to the highest."""
    levels: dict[str, str] = {}
    """Factor → level: only there."""
    each: list[str] = []
    """Factors (or "at", for moments) over which it is repeated, as a joint statement."""
    at: Moment | None = None
    """The moment, of a metric that is read at several."""
    at_least: float | None = None
    """Supported by this, or more; of an ordering: by each step."""
    at_most: float | None = None
    """Supported by this, or less."""
    within: tuple[float, float] | None = None
    """Supported from the first number to the second."""
    outside: tuple[float, float] | None = None
    """Supported below the first number, or above the second."""
    printed: dict[str, Printed] = {}
    """Of exact numbers: arm or case → its number as printed, held to half a unit of its last digit."""
    refuted: Bounds | None = None
    """The region that refutes it; without it, everything that does not support it."""
    reported: Printed | None = None
    """The paper's own number, as printed; shown beside ours, it decides nothing."""
    uncertainty: Reported = Reported()
    """How sure the paper's number is."""
    convention: str | None = None
    """How things are counted for the number to come out."""
    otherwise: dict[str, Otherwise] = {}
    """What other conventions there are → what they count; their numbers are shown and decide nothing."""
    known_beforehand: str | None = None
    """The values that were known when the criterion was written."""
    role: Literal["decides", "context"]
    """"decides" the claim, or is "context", shown beside."""
    protocol: Literal["own"] | None = None
    """"own": what stands beside is of a protocol that is not the paper's, whatever that of the claim is."""
    from_scale: Literal["reduced", "paper"] | None = None
    """The least scale at which it is judged; below, it is shown as not judged."""
    paired: bool = False
    """Whether arms are compared seed by seed: what a seed determines is then the same in both."""
    why: str
    """Why this bar and no other."""

    @property
    def supports(self) -> Region:
        """The region that supports the claim; of several printed numbers, all that lies between them."""
        if self.printed:
            numbers = [number for text in self.printed.values() if (number := read_printed(text))]
            return Region.within(min(one.low for one in numbers), max(one.high for one in numbers))
        own = Bounds(at_least=self.at_least, at_most=self.at_most, within=self.within, outside=self.outside)
        return own.region

    @property
    def refutes(self) -> Region:
        """The region that refutes the claim: where the file names none, everything that does not support it."""
        return self.supports.complement() if self.refuted is None else self.refuted.region

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_keys()
        if self.kind in ("difference", "ratio") and len(self.arms) != 2:
            raise ValueError(f"a {self.kind} compares two arms: arms = [first, second]")
        if self.kind == "ordering":
            self._check_ordering()
        self._check_weights()
        if self.protocol is not None and self.role == "decides":
            raise ValueError('what is not of the paper\'s protocol decides nothing: role = "context"')
        if self.known_beforehand is not None and not re.search(r"\d", self.known_beforehand):
            raise ValueError("known_beforehand gives the values that were known, not only that they were")
        self._check_printed()
        if self.at is not None and "at" in self.each:
            raise ValueError('give a moment with `at`, or all of them with each = ["at"], not both')
        self._check_region()
        return self

    def _check_keys(self) -> None:
        needs = EXPECTATION_NEEDS[self.kind]
        if self.kind == "ordering":
            needs = ["arm", "over", "along"] if self.over else ["arms"]
        missing = [key for key in needs if not getattr(self, key)]
        if missing:
            raise ValueError(f"a {self.kind} expectation needs {' and '.join(f'`{key}`' for key in missing)}")
        no_others(self, f"a {self.kind} expectation", EXPECTATION_KEYS[self.kind])
        distinct(self, "arms", "each", "along")

    def _check_ordering(self) -> None:
        if self.over and self.arms:
            raise ValueError(
                "an ordering is of `arms`, or of one `arm` along the levels of a factor, not both"
            )
        if len(self.along if self.over else self.arms) < 2:
            what = "levels: along" if self.over else "arms: arms"
            raise ValueError(f"an ordering is of at least two {what} = [lowest, …, highest]")

    def _check_weights(self) -> None:
        if self.kind == "contrast" and abs(sum(self.weights.values())) > 1e-9:
            raise ValueError("the weights of a contrast sum to zero")
        if not all(self.weights.values()):
            raise ValueError("a weight of zero leaves its cell out: remove it")
        if self.kind == "contrast" and set(self.each) - {"at"}:
            raise ValueError(
                'a contrast names its cells by `weights`; it can be repeated over each = ["at"] only'
            )

    def _check_region(self) -> None:
        try:
            supports = self.supports
        except ValidationError as error:
            message = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ValueError(f"the supporting region: {message}") from None
        if self.kind == "ratio" and min(supports.ends) <= 0:
            raise ValueError("a ratio is above 0 whatever is measured: its region has ends above 0")

    def _check_printed(self) -> None:
        for name, text in self.printed.items():
            number = read_printed(text)
            if number is None or number.about:
                raise ValueError(
                    f'printed {name} = "{text}" is no plain number: "133M", "253,440", "3.6 billion", "18%"'
                )
        given = {"at_least", "at_most", "within", "outside", "refuted", "arm", "arms"} & self.model_fields_set
        if self.printed and given:
            raise ValueError(
                f"printed numbers have regions and arms of their own: remove {', '.join(sorted(given))}"
            )
