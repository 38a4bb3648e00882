"""The recipe of a claim's runs in full: what the claim sets, what it takes over, and in what its arms differ."""

from __future__ import annotations

from repro.claims import Claim
from repro.claims.effective import TUNED, Setting, settings
from repro.report.build.deviations import shown
from repro.report.model import RecipeInFull


def recipe_in_full(claim: Claim, scale: str) -> RecipeInFull | None:
    """Return the recipe at a scale; None where nothing that is had here is trained."""
    file = claim.at.get(scale, claim.base)
    found = settings(file, claim.names)
    if not found:
        return None
    common = [setting for setting in found if setting.common]
    return RecipeInFull(
        name=file.experiment.recipe["name"],
        set_here=[_of_all(setting) for setting in common if not setting.taken_over],
        taken_over=[_of_all(setting) for setting in common if setting.taken_over],
        differs=[_by_value(setting) for setting in found if not setting.common],
    )


def _of_all(setting: Setting) -> str:
    return f"{setting.field} {_value(next(iter(setting.by_cell.values())))}"


def _by_value(setting: Setting) -> str:
    """Name each value with the cells that have it: by their arms or levels alone, where these tell."""
    cells_of: dict[str, list[str]] = {}
    for address, value in setting.by_cell.items():
        cells_of.setdefault(_value(value), []).append(address)
    parts = [f"{value} for {', '.join(_named(own, setting))}" for value, own in cells_of.items()]
    origin = " (taken over)" if setting.taken_over else ""
    return f"{setting.field}{origin}: {'; '.join(parts)}"


def _named(addresses: list[str], setting: Setting) -> list[str]:
    """Return the arms or the levels that tell these cells from all others; their addresses where none do."""
    every = [address.split("/") for address in setting.by_cell]
    mine = [address.split("/") for address in addresses]
    for place in range(len(every[0])):
        names = {parts[place] for parts in mine}
        if all((parts[place] in names) == (parts in mine) for parts in every):
            return list(dict.fromkeys(parts[place] for parts in mine))
    return addresses


def _value(value: object) -> str:
    if value is None:
        return "none"
    if value == TUNED:
        return "chosen by [tune]"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else shown(value)
