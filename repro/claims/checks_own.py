"""Checks of the options of a user's own models, whose source tells what they take."""

from __future__ import annotations

from collections.abc import Iterator

from repro.claims.cells import Cell, place_of
from repro.claims.findings import Finding
from repro.claims.schema import ClaimFile
from repro.errors import suggestion
from repro.recipes import RECIPE_FIELDS
from repro.registry import Names
from repro.source_code import signature_of
from repro.spec import NUMERICS_FIELDS


def own_options(file: ClaimFile, cell: Cell, names: Names) -> Iterator[Finding]:
    """Find options that a user's own model does not take, and those that it needs and does not get."""
    model = str(cell.settings.get("model", file.experiment.model))
    signature = signature_of(model, names.root) if ":" in model else None
    if signature is None:
        return
    set_here = {
        key: value for key, value in cell.settings.items() if key not in (*_NO_OPTIONS, *RECIPE_FIELDS)
    }
    given = file.experiment.options | set_here
    for key in sorted(given.keys() - signature.options):
        place = place_of(file, cell, key) if key in set_here else f"experiment.options.{key}"
        what = f"{model} takes no such option, and no recipe has such a field"
        yield place, what, repr(given[key]), suggestion(key, signature.options | RECIPE_FIELDS)
    for key in sorted(signature.required - given.keys()):
        # One that is mistyped is said already.
        if not given.keys() - signature.options:
            hint = f"give {key} = … here, by a factor or in experiment.options"
            yield f"arms.{cell.arm}", f"lacks the option {key!r}, which {model} needs", None, hint


_NO_OPTIONS = ("model", "dataset", *NUMERICS_FIELDS)
