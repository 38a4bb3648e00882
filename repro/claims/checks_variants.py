"""Checks of controls and sensitivities: the claims that they make must be able to run."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from repro.claims.cells import cells, too_large
from repro.claims.findings import Finding, cannot_run, known
from repro.claims.points import at_point
from repro.claims.schema import ClaimFile
from repro.registry import Names


def controls(file: ClaimFile, scale: str, names: Names) -> Iterator[Finding]:
    """Find sabotaged arms that do not exist or cannot run.

    A scale may have a control where the base tells why it has none.
    """
    if scale == "paper" and file.control and file.no_control is not None:
        yield "no_control", "there is a control, so that this does not hold", None, "remove one of them"
    for name, control in file.control.items():
        for arm in control.arms:
            yield from known(f"control.{name}.arms", "arm", arm, file.arms)
        for metric in control.metrics:
            yield from known(f"control.{name}.metrics", "metric", metric, file.metrics)
            replaced = file.metrics.get(metric)
            if replaced is not None and replaced.exact != control.metrics[metric].exact:
                place, instead = f"control.{name}.metrics.{metric}.kind", control.metrics[metric].kind
                yield place, f"takes the place of a {replaced.kind} metric", instead, "replace like by like"
        sabotaged = file.model_copy(update={"arms": {**file.arms, **control.arms}})
        for cell in cells(sabotaged):
            if cell.arm in control.arms and cell.arm in file.arms:
                for place, what, received, hint in cannot_run(sabotaged, cell, names):
                    if place.startswith("arms."):
                        yield f"control.{name}.{place}", what, received, hint


def sensitivities(file: ClaimFile, names: Names) -> Iterator[Finding]:
    """Find points that make no claim, and expectations that do not exist."""
    for name, sensitivity in file.sensitivity.items():
        for expectation in sensitivity.expect:
            yield from known(f"sensitivity.{name}.expect", "expectation", expectation, file.expect)
        labels = [point.label for point in sensitivity.points]
        if len(set(labels)) < len(labels):
            yield (
                f"sensitivity.{name}.points",
                "two points have one label",
                ", ".join(labels),
                "name each differently",
            )
        for point in sensitivity.points:
            place = f"sensitivity.{name}.points.{point.label}"
            try:
                changed = at_point(file, point)
            except ValidationError as error:
                detail = error.errors()[0]
                path = ".".join(str(part) for part in detail["loc"])
                yield (
                    f"{place}.{path}",
                    detail["msg"],
                    None,
                    "a point overrides keys of the claim file, as a scale does",
                )
                continue
            if (large := too_large(changed)) is not None:
                yield place, large, None, "name fewer arms, levels or seeds"
                continue
            for cell in cells(changed):
                for where, what, received, hint in cannot_run(changed, cell, names):
                    yield f"{place}.{where}", what, received, hint
