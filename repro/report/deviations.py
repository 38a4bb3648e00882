"""The ledger of deviations: where the protocol that was run differs from the paper's, computed from the specs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from repro.claims import Claim, ClaimFile, cells, levels_of, run_spec
from repro.report.model import Deviation
from repro.spec import RunSpec

HIDDEN = {"model version", "recipe version", "dataset fingerprint", "recipe name"}
"""Not part of a protocol, or said by its other fields."""


def deviations(claim: Claim, scale: str) -> list[Deviation]:
    """Return one row for each setting that differs between the paper's protocol and `scale`."""
    if scale == "paper" or scale not in claim.at:
        return []
    return [*_settings(claim, scale), *_design(claim.base, claim.at[scale])]


def _settings(claim: Claim, scale: str) -> Iterator[Deviation]:
    paper, ours = (_by_arm(claim, claim.at[name]) for name in ("paper", scale))
    shared = [arm for arm in ours if arm in paper]
    names = dict.fromkeys(name for arm in shared for name in (*paper[arm], *ours[arm]))
    for name in names:
        if name in HIDDEN or name.removeprefix("model ") in {*claim.base.factors, *claim.at[scale].factors}:
            continue
        pairs = {arm: (_show(paper[arm].get(name)), _show(ours[arm].get(name))) for arm in shared}
        different = {arm: pair for arm, pair in pairs.items() if pair[0] != pair[1]}
        if not different:
            continue
        if len(set(pairs.values())) == 1:
            was, is_ = next(iter(pairs.values()))
            yield Deviation(what=name, paper=was, ours=is_)
        else:
            for arm, (was, is_) in different.items():
                yield Deviation(what=f"{name} ({arm})", paper=was, ours=is_)


def _design(paper: ClaimFile, ours: ClaimFile) -> Iterator[Deviation]:
    """Compare factors, arms, tuning, seeds and criteria."""
    for name in dict.fromkeys([*paper.factors, *ours.factors]):
        was, is_ = (_levels(file, name) for file in (paper, ours))
        if was != is_:
            yield Deviation(what=f"factor {name}", paper=was, ours=is_)
    for arm in paper.arms.keys() - ours.arms.keys():
        yield Deviation(what=f"arm {arm}", paper="trained", ours="left out")
    pairs: list[tuple[str, Any, Any]] = [
        ("learning rates tried", paper.tune and paper.tune.lr, ours.tune and ours.tune.lr),
        ("tuning seeds", paper.tune and paper.tune.seeds, ours.tune and ours.tune.seeds),
        ("seeds looked at", paper.experiment.seeds.looks, ours.experiment.seeds.looks),
    ]
    for name in dict.fromkeys([*paper.expect, *ours.expect]):
        was_item, is_item = paper.expect.get(name), ours.expect.get(name)
        if was_item != is_item:
            pairs.append((f"criterion {name}", _criterion(was_item), _criterion(is_item)))
    for what, was_value, is_value in pairs:
        if was_value != is_value:
            yield Deviation(what=what, paper=_show(was_value), ours=_show(is_value))


def _criterion(item: Any) -> str | None:
    if item is None:
        return None
    keys = ("metric", "at_least", "at_most", "within", "outside", "refuted", "each", "weights", "role")
    plain = item.model_dump(mode="json", exclude_defaults=True)
    return ", ".join(f"{key} {_show(plain[key])}" for key in keys if key in plain)


def _levels(file: ClaimFile, name: str) -> str:
    factor = file.factors.get(name)
    if factor is None:
        return "—"
    return ", ".join(
        _show(value) if str(value) == level else f"{level}: {_show(value)}"
        for level, value in levels_of(factor).items()
    )


def _by_arm(claim: Claim, file: ClaimFile) -> dict[str, dict[str, Any]]:
    """Return arm → setting → value, of the arm's first cell; what factors set is compared as factors."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells(file):
        if cell.arm not in found:
            spec = run_spec(file, cell, 0, claim.root)
            found[cell.arm] = _flat(spec)
            if file.tune is not None:
                found[cell.arm].pop("recipe lr")
    return found


def _flat(spec: RunSpec) -> dict[str, Any]:
    plain = spec.as_json()
    flat: dict[str, Any] = {"dataset": plain["dataset"]["name"], "model": plain["model"]["name"]}
    flat |= {f"model {key}": value for key, value in plain["model"]["options"].items()}
    flat |= {f"recipe {key}": value for key, value in plain["recipe"].items()}
    return flat | {"precision": plain["numerics"]["precision"]}


def _show(value: Any) -> str:
    if value in (None, "", []):
        return "—"
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_show(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_show(item) for item in value)
    return json.dumps(value)
