"""Claims about nets that were trained elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from repro.judging.looks import judge
from repro.report.wording import words
from repro.spec import RunSpec
from repro.store import RunRecord
from tests.support.helpers import BASE, PROVENANCE, World, changed

FILES = {
    f"{arm}/{level}": [f"{arm}-{level}-{n}.pt" for n in range(3)]
    for arm in ("plain", "residual")
    for level in ("shallow", "deep")
}
WEIGHTS: dict[str, Any] = {"files": FILES, "by": "the authors", "selected": "every seed that was run"}
CLAIM = changed(BASE, scale=None, weights=WEIGHTS, experiment__seeds={"looks": [3]})


@pytest.fixture
def folder(world: World) -> World:
    world.root.mkdir(parents=True)
    for files in FILES.values():
        for name in files:
            (world.root / name).write_bytes(name.encode())
    return world


def fill(world: World) -> None:
    for need in world.requirements("paper").needs:
        spec = need.spec
        assert isinstance(spec, RunSpec)
        loss = 3.0 + 0.01 * spec.seed if need.cell.address == "plain/deep" else 1.0 + 0.02 * spec.seed
        columns = {"step": [0.0], "epoch": [0.0], "running_error": [math.nan], "running_loss": [math.nan]}
        columns |= {"train_error": [0.1], "test_error": [0.2], "train_loss": [loss], "test_loss": [loss]}
        record = RunRecord(
            spec.key,
            spec.as_json(),
            columns,
            "finished",
            0,
            0.9,
            {"train": 9, "test": 9},
            1.0,
            {},
            {**PROVENANCE, "sessions": [{"from_step": 0, "to_step": 0}]},
        )
        world.store.put_run(record, {})


def test_each_file_is_the_net_of_one_seed(folder: World) -> None:
    folder.write(CLAIM)
    needs = folder.requirements("paper").measured["plain/deep"]
    found = [need.spec.weights for need in needs if isinstance(need.spec, RunSpec)]
    assert [weights.file for weights in found if weights] == FILES["plain/deep"]
    assert len({need.spec.key for need in needs}) == 3
    (folder.root / "plain-deep-1.pt").write_bytes(b"another net")
    again = folder.requirements("paper").measured["plain/deep"]
    assert [a.spec.key == b.spec.key for a, b in zip(needs, again, strict=True)] == [True, False, True]


def test_enough_nets_are_judged_in_words_that_say_whose_they_are(folder: World) -> None:
    folder.write(CLAIM)
    fill(folder)
    required = folder.requirements("paper")
    verdict = judge(required, folder.store)
    assert verdict.result == "supported"
    cap = words.claim_cap(verdict, required)
    assert (
        words.word(verdict.result, verdict.status, cap) == "holds with nets trained elsewhere, by the authors"
    )
    assert "every seed that was run" in folder.claim().protocol.reasons[0]


def test_fewer_nets_than_a_look_are_not_judged_and_say_how_they_were_selected(folder: World) -> None:
    few = {address: files[:1] for address, files in FILES.items()}
    weights = WEIGHTS | {"files": few, "selected": "the best of 5 on the test set"}
    folder.write(changed(CLAIM, weights=weights))
    assert len(folder.requirements("paper").needs) == 4
    fill(folder)
    verdict = judge(folder.requirements("paper"), folder.store)
    assert verdict.result is None
    note = verdict.expectations[0].parts[0].note
    assert note is not None
    assert "1 net of plain/deep, trained elsewhere by the authors (the best of 5 on the test set)" in note
    assert note.endswith("not judged: a look takes 3")  # and one alone has no spread


def test_how_fewer_nets_can_be_judged_is_told(folder: World) -> None:
    two = WEIGHTS | {"files": {address: files[:2] for address, files in FILES.items()}}
    folder.write(changed(CLAIM, weights=two))
    fill(folder)
    note = judge(folder.requirements("paper"), folder.store).expectations[0].parts[0].note
    assert note is not None
    assert note.endswith("a look takes 3 (seeds = { looks = [2] } in [experiment] takes these)")
    folder.write(changed(CLAIM, weights=two, experiment__seeds={"looks": [2]}))
    assert judge(folder.requirements("paper"), folder.store).result is not None


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        ({"weights__files": {"plain/dep": ["plain-deep-0.pt"]}}, "weights.files.plain/dep", "unknown cell"),
        ({"weights__files": {"plain/deep": ["plain-deep-0.pt"]}}, "weights.files", "has no nets of a cell"),
        (
            {"weights__files": FILES | {"plain/deep": ["gone.pt"]}},
            "weights.files.plain/deep",
            "cannot be read",
        ),
        ({"weights__files": {"plain/deep": ["../x.pt"]}}, "weights.files", "lies outside"),
        ({"weights__files": {"plain/deep": ["a.pt", "a.pt"]}}, "weights", "is named twice"),
        ({"weights__check": {"plain/deep": "good"}}, "weights.check.plain/deep", "a reported number"),
        ({"weights__check": {"plain/deep": "6.97"}}, "weights", "is no error"),
        ({"weights__selected": ""}, "weights.selected", ""),
        ({"tune": {"lr": [0.1, 1.0], "by": "loss"}}, "tune", "is of runs that are trained"),
        (
            {"metrics__loss": {"kind": "first_reach", "of": "train_error", "at_most": 0.1}},
            "metrics.loss.kind",
            "history",
        ),
        ({"metrics__loss__of": "running_loss"}, "metrics.loss.of", "is of training"),
        (
            {"metrics__loss": {"kind": "probe", "probe": "response_std", "at": ["mid"], "reduce": "mean"}},
            "metrics.loss.at",
            "a moment",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(folder: World, change: Any, where: str, says: str) -> None:
    folder.write(changed(CLAIM, **change))
    found = [(problem.where.split("c.toml: ")[1], problem.what) for problem in folder.problems()]
    assert any(place == where and says in what for place, what in found), found


def test_a_run_of_a_brought_net_is_another_one_than_that_of_training_it(folder: World) -> None:
    folder.write(CLAIM)
    spec = folder.claim().untuned("paper")["plain/deep"]
    assert isinstance(spec, RunSpec)
    assert replace(spec, weights=None).key != spec.key
