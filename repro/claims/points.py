"""Points of a sensitivity: a claim file with a few settings laid over it, as a scale's are."""

from __future__ import annotations

from repro.claims.scales import merge
from repro.claims.schema import ClaimFile
from repro.claims.schema_variants import Point


def at_point(file: ClaimFile, point: Point) -> ClaimFile:
    """Return `file` with the settings of `point`.

    Raises:
        pydantic.ValidationError: the point makes no claim file.
    """
    override = point.model_dump(exclude_unset=True, exclude={"label"})
    return ClaimFile.model_validate(merge(file.model_dump(exclude_unset=True), override))
