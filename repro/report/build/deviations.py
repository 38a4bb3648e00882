"""The ledger of deviations: where the protocol that was run differs from the paper's, computed from the specs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from repro.claims import Claim, ClaimFile, Expectation, Metric, levels_of
from repro.claims.findings import arm_of
from repro.claims.vocabulary import WORDS
from repro.command_spec import AnyRun, CommandSpec
from repro.report.model import Deviation

MILESTONES = "recipe milestones"

HIDDEN = {"model version", "recipe version", "dataset fingerprint", "recipe name"}
"""Not part of a protocol, or said by its other fields."""


DIRECTION_OF = {
    "learning rates tried": "tune",
    "tuned by": "tune",
    "seeds looked at": "seeds",
    "cells left out": "skip",
}
"""Row → the setting under which a claim file tells its direction, where it is not the row's own name."""


def deviations(claim: Claim, scale: str) -> list[Deviation]:
    """Return one row for each setting that differs between the paper's protocol and `scale`.

    What the schedule that is run makes no use of is left out. A row says which way the difference likely moves the
    result, where the claim file does.
    """
    if scale == "paper" or scale not in claim.at or claim.recorded:
        return []
    directions = claim.at[scale].direction
    rows = [*_settings(claim, scale), *_design(claim.base, claim.at[scale])]
    return [row.model_copy(update={"direction": directions.get(_setting(row.what))}) for row in rows]


def _setting(what: str) -> str:
    """Return the name under which a claim file speaks of a row: "recipe steps (plain)" → "steps"."""
    what = what.partition(" (")[0]
    what = what.removeprefix("value of ")
    kind, _, rest = what.partition(" ")
    return rest if kind in ("recipe", "model", "factor") and rest else DIRECTION_OF.get(what, what)


def _settings(claim: Claim, scale: str) -> Iterator[Deviation]:
    paper, ours = (_by_arm(claim, name) for name in ("paper", scale))
    shared = [arm for arm in ours if arm in paper]
    names = dict.fromkeys(name for arm in shared for name in (*paper[arm], *ours[arm]))
    by_factors = _set_by_factors(claim.base) | _set_by_factors(claim.at[scale])
    for name in names:
        if name in HIDDEN or _setting(name) in by_factors:
            continue
        if name == MILESTONES and not any(ours[arm][name] for arm in shared):
            continue  # said by the schedule
        pairs = {arm: (shown(paper[arm].get(name)), shown(ours[arm].get(name))) for arm in shared}
        different = {arm: pair for arm, pair in pairs.items() if pair[0] != pair[1]}
        if not different:
            continue
        for was, is_ in dict.fromkeys(different.values()):
            arms = [arm for arm, pair in different.items() if pair == (was, is_)]
            of = "" if len(arms) == len(shared) else f" ({', '.join(arms)})"
            yield Deviation(what=f"{name}{of}", paper=was, ours=is_)


def _design(paper: ClaimFile, ours: ClaimFile) -> Iterator[Deviation]:
    """Compare factors, arms, tuning, seeds and criteria."""
    for name in dict.fromkeys([*paper.factors, *ours.factors]):
        was, is_ = (_levels(file, name) for file in (paper, ours))
        if was != is_:
            yield Deviation(what=f"factor {name}", paper=was, ours=is_)
    pairs: list[tuple[str, Any, Any]] = [
        ("learning rates tried", paper.tune and paper.tune.grid, ours.tune and ours.tune.grid),
        ("tuning seeds", paper.tune and paper.tune.seeds, ours.tune and ours.tune.seeds),
        ("tuned by", paper.tune and paper.tune.by, ours.tune and ours.tune.by),
        ("seeds looked at", paper.experiment.seeds.looks, ours.experiment.seeds.looks),
        ("cells left out", paper.experiment.skip, ours.experiment.skip),
    ]
    trained = {True: "trained", False: None}
    for name in dict.fromkeys([*paper.arms, *ours.arms]):
        pairs.append((f"arm {name}", trained[name in paper.arms], trained[name in ours.arms]))
    for name in dict.fromkeys([*paper.metrics, *ours.metrics]):
        pairs.append((f"metric {name}", _metric(paper.metrics.get(name)), _metric(ours.metrics.get(name))))
    for name in dict.fromkeys([*paper.expect, *ours.expect]):
        was_item, is_item = paper.expect.get(name), ours.expect.get(name)
        if was_item != is_item:
            pairs.append((f"criterion {name}", _criterion(was_item), _criterion(is_item)))
    for what, was_value, is_value in pairs:
        if was_value != is_value:
            yield Deviation(what=what, paper=shown(was_value), ours=shown(is_value))


def _criterion(expectation: Expectation | None) -> str | None:
    return None if expectation is None else _plain(expectation, without={*WORDS})


def _metric(metric: Metric | None) -> str | None:
    return None if metric is None else _plain(metric, without={"title", "unit"})


def _plain(model: BaseModel, without: set[str]) -> str:
    plain = model.model_dump(mode="json", exclude_defaults=True, exclude=without)
    return ", ".join(f"{key} {shown(value)}" for key, value in plain.items())


def _set_by_factors(file: ClaimFile) -> set[str]:
    """Return the settings that factors set: they are compared factor by factor."""
    keys: set[str] = set()
    for name, factor in file.factors.items():
        for value in levels_of(factor).values():
            keys |= value.keys() if isinstance(value, dict) else {name}
    return keys


def _levels(file: ClaimFile, name: str) -> str:
    factor = file.factors.get(name)
    if factor is None:
        return "—"
    return ", ".join(
        shown(value) if str(value) == level else f"{level}: {shown(value)}"
        for level, value in levels_of(factor).items()
    )


def _by_arm(claim: Claim, scale: str) -> dict[str, dict[str, Any]]:
    """Return arm → setting → value, of the arm's first cell; what factors set is compared as factors."""
    found: dict[str, dict[str, Any]] = {}
    for address, spec in claim.untuned(scale).items():
        arm = arm_of(address)
        if arm not in found:
            found[arm] = _flat(spec)
            tune = claim.at[scale].tune
            if tune is not None:
                found[arm].pop("recipe lr", None)
                found[arm].pop(f"value of {tune.what}", None)
    return found


def _flat(spec: AnyRun) -> dict[str, Any]:
    if isinstance(spec, CommandSpec):
        own: dict[str, Any] = {"command": " ".join(spec.words), "working folder": spec.folder}
        own |= {f"value of {name}": value for name, value in spec.values.items()}
        return own | {f"variable {name}": value for name, value in spec.environment.items()}
    plain = spec.as_json()
    flat: dict[str, Any] = {"dataset": spec.dataset.title, "model": plain["model"]["name"]}
    flat |= {f"model {key}": value for key, value in plain["model"]["options"].items()}
    flat |= {f"recipe {key}": value for key, value in plain["recipe"].items()}
    if spec.recipe.schedule != "step":
        flat[MILESTONES] = None
    return flat | dict(plain["numerics"])


def shown(value: Any) -> str:
    """Return a setting as a reader sees it: "—" for none, without marks of code."""
    if value in (None, "", []):
        return "—"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {shown(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    # 60 epochs are 60.0 epochs.
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)
