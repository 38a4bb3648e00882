"""What a scale lays over the paper's protocol."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.claims import check_scale, levels_of
from repro.claims.scales import SCALES, below, merge
from repro.errors import ReproError
from tests.support.helpers import BASE, World, changed


def test_a_scale_merges_tables_and_replaces_lists_and_factors_whole(world: World) -> None:
    smoke = {
        "experiment": {"recipe": {"steps": 7}, "seeds": {"looks": [3]}, "options": {"width": 4}},
        "factors": {"depth": {"shallow": 8, "deep": 20}},
        "expect": {"gap": {"at_least": 0.5}},
    }
    data = changed(
        BASE,
        experiment__options={"norm": "none"},
        experiment__seeds__looks=[3, 5, 10],
        factors__width=[8, 16],
        expect__gap__weights={"plain/deep/8": 1, "plain/shallow/8": -1},
        factors__depth={"shallow": 8, "third": 14, "deep": 32},
        scale__smoke=smoke,
    )
    world.write(data)
    claim = world.claim()
    ours, paper = claim.at["smoke"], claim.base
    assert ours.experiment.recipe == {"name": "resnet-cifar", "batch_size": 64, "steps": 7}
    assert ours.experiment.options == {"norm": "none", "width": 4}
    assert ours.experiment.seeds.looks == [3]
    assert ours.factors == {"depth": {"shallow": 8, "deep": 20}, "width": [8, 16]}
    assert (ours.expect["gap"].at_least, ours.expect["gap"].refuted) == (0.5, paper.expect["gap"].refuted)
    assert paper.experiment.recipe["steps"] == 100
    assert paper.experiment.seeds.looks == [3, 5, 10]
    assert list(levels_of(paper.factors["depth"])) == ["shallow", "third", "deep"]
    assert list(claim.at) == ["paper", "smoke"]


TABLES = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict))


@given(TABLES, TABLES)
def test_merging_is_idempotent_and_an_empty_override_changes_nothing(base: Any, override: Any) -> None:
    merged = merge(base, override)
    assert merge(base, {}) == base
    assert merge(merged, override) == merged
    assert set(merged) == set(base) | set(override)


def test_scales_are_ordered_and_checked() -> None:
    names = ["exact", "recorded", "smoke", "reduced", "paper"]
    assert list(SCALES) == names
    for one, other in itertools.product(names, names):
        assert below(one, other) == (names.index(one) < names.index(other))
    assert check_scale("smoke") == "smoke"
    with pytest.raises(ReproError, match="did you mean 'reduced'"):
        check_scale("reduce")
