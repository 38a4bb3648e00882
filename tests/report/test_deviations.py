"""Every difference from the paper's protocol is in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from repro.registry import DATASETS, DataRef
from repro.report.build.deviations import deviations
from tests.support.error_claim import ERROR_CLAIM, errors, only
from tests.support.helpers import BASE, World, changed
from tests.support.shipped import library as shipped_library


def test_the_ledger_of_a_shipped_claim() -> None:
    claim = shipped_library().select(["layer-responses"])[0]
    found = {row.what: (row.paper, row.ours) for row in deviations(claim, "smoke")}
    # By hand, from Sec. 4.2 of the paper and the smoke tables of the file.
    assert found == {
        "dataset": ("cifar10", "digits"),
        "recipe batch_size": ("128", "64"),
        "recipe steps": ("64000", "100"),
        "recipe schedule": ("step", "cosine"),
        "recipe augmentation": ("pad-crop-flip", "none"),
        "model width": ("16", "8"),
        "factor depth": (
            "shallow: 20, deep: 56, deepest: depth = 110, warmup_lr = 0.01, warmup_until_train_error = 0.8",
            "shallow: 8, middle: 20, deep: 32",
        ),
        "recipe curve_images": ("5000", "200"),
        "recipe evaluate_every": ("1", "2"),
        "seeds looked at": ("3, 5, 10", "5, 10, 20"),
        "cells left out": ("plain/deepest", "—"),
    }
    assert deviations(claim, "paper") == []
    assert deviations(claim, "exact") == []


GAP = (
    "kind contrast, metric loss, weights plain/deep = 1, plain/shallow = -1, at_least {}, refuted at_most = 0, "
    "role decides"
)
LEDGER: list[tuple[str, dict[str, Any], dict[str, tuple[str, str]]]] = [
    ("nothing", {}, {}),
    (
        "the same number, written otherwise",
        {"experiment__recipe__lr": 0.1, "experiment__recipe__bias_lr_factor": 1},
        {},
    ),
    ("recipe", {"experiment__recipe__lr": 0.5}, {"recipe lr": ("0.1", "0.5")}),
    ("one arm", {"arms__plain__norm": "none"}, {"model norm (plain)": ("—", "none")}),
    (
        "factor",
        {"factors__depth": {"shallow": 8, "deep": 20}},
        {"factor depth": ("shallow: 8, deep: 14", "shallow: 8, deep: 20")},
    ),
    ("seeds", {"experiment__seeds__looks": [3]}, {"seeds looked at": ("5", "3")}),
    (
        "arm",
        {"arms__bare": {"model": "cifar-plain", "norm": "none"}},
        {"arm bare": ("—", "trained")},
    ),
    (
        "criterion",
        {"expect__gap__at_least": 0.5},
        {"criterion gap": (GAP.format(1), GAP.format(0.5))},
    ),
    ("words of a criterion", {"expect__gap__why": "Other words."}, {}),
    (
        "metric",
        {"metrics__loss__of": "test_loss"},
        {"metric loss": ("kind final, of train_loss", "kind final, of test_loss")},
    ),
    (
        "tuning",
        {"tune": {"lr": [0.1, 0.2], "by": "loss"}},
        {
            "learning rates tried": ("—", "0.1, 0.2"),
            "tuning seeds": ("—", "1000"),
            "tuned by": ("—", "loss"),
            "recipe lr": ("0.1", "—"),
        },
    ),
]


@pytest.mark.parametrize(
    ("smoke", "expected"),
    [row[1:] for row in LEDGER],
    ids=[row[0] for row in LEDGER],
)
def test_every_difference_from_the_papers_protocol_is_in_the_ledger(
    world: World, smoke: dict[str, Any], expected: dict[str, tuple[str, str]]
) -> None:
    world.write(changed(BASE, scale__smoke=changed({}, **smoke)))
    found = {row.what: (row.paper, row.ours) for row in deviations(world.claim(), "smoke")}
    assert found == expected


def test_what_factors_set_is_compared_as_factors_only(world: World) -> None:
    eras = {"old": {"lr": 0.1, "width": 4}, "new": {"lr": 0.2, "width": 8}}
    weights = {"plain/deep/old": 1, "plain/shallow/old": -1}
    data = changed(BASE, factors__era=eras, expect__gap__weights=weights)
    world.write(changed(data, scale__smoke__factors__era=changed(eras, old__lr=0.3)))
    found = [(row.what, row.paper, row.ours) for row in deviations(world.claim(), "smoke")]
    assert found == [
        (
            "factor era",
            "old: lr = 0.1, width = 4, new: lr = 0.2, width = 8",
            "old: lr = 0.3, width = 4, new: lr = 0.2, width = 8",
        )
    ]


def test_the_ledger_leaves_out_what_the_schedule_makes_no_use_of_and_tells_directions(world: World) -> None:
    smoke = {"experiment": {"recipe": {"schedule": "cosine", "milestones": [50], "steps": 50}}}
    told = {"schedule": "Not known.", "steps": "Likely a larger gap.", "depth": "Unused."}
    world.write(changed(BASE, scale__smoke=smoke, direction=told))
    found = {row.what: (row.paper, row.ours, row.direction) for row in deviations(world.claim(), "smoke")}
    assert found == {
        "recipe schedule": ("step", "cosine", "Not known."),
        "recipe steps": ("100", "50", "Likely a larger gap."),
    }
    world.write(changed(BASE, scale__smoke__experiment__recipe__milestones=[50]))
    (row,) = deviations(world.claim(), "smoke")
    assert (row.what, row.paper, row.ours, row.direction) == ("recipe milestones", "32000, 48000", "50", None)


def test_a_difference_of_several_arms_is_one_row(world: World) -> None:
    arms = {"plain": {"norm": "none"}, "residual": {"norm": "none"}}
    third = {"arms__third": {"model": "cifar-plain", "width": 4}}
    world.write(changed(BASE, **third, scale__smoke__arms=arms))
    (row,) = deviations(world.claim(), "smoke")
    assert (row.what, row.paper, row.ours) == ("model norm (plain, residual)", "—", "none")


def test_data_that_stand_in_cap_the_words_and_stand_in_the_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs whose fingerprint is not the published one are of other data, whatever their name says."""
    world.write(ERROR_CLAIM)
    world.fill(errors(0.3), scale="paper")
    assert only(world.report("paper")).verdict.word == "supported"
    published = replace(DATASETS["digits"], fingerprint="f" * 64)
    brought = {DataRef("digits"): DATASETS["digits"]}
    monkeypatch.setitem(DATASETS, "digits", published)
    claims = [replace(claim, names=replace(claim.names, data=brought)) for claim in world.library().claims]
    report = world.report("paper", claims=claims)
    claim = only(report)
    assert (claim.verdict.word, claim.verdict.result) == ("holds on stand-in data", "supported")
    assert claim.expectations[0].verdict.word == "holds on stand-in data"
    assert claim.deviations[0].stand_in
    assert report.stand_ins == claim.stand_ins
    assert brought[DataRef("digits")].fingerprint[:12] in claim.stand_ins[0]
    assert {data.stand_in for data in report.datasets} == {True}
