"""Every problem of a file at once: what is wrong in one place hides nothing that is wrong in another."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from repro.errors import Problem, suggestion
from tests.support.helpers import BASE, World, changed

SCHEMA: dict[str, dict[str, Any]] = {
    "titel": {"titel": "x"},
    "title": {"title": None},
    "source": {"source": None},
    "source.page": {"source__page": "six"},
    "metrics.m.kind": {"metrics__m": {"kind": "finl", "of": "train_loss"}},
    "metrics.n": {"metrics__n": {"kind": "first_reach", "of": "train_error"}},
    "expect.gap.why": {"expect__gap__why": None},
    "expect.gap.reported": {"expect__gap__reported": 6.0},
    "experiment.seeds.looks": {"experiment__seeds__looks": [5, 3]},
    "table.t.rows": {"table__t": {"title": "T", "source": {"where": "w"}, "metrics": ["loss"], "rows": []}},
}
"""Place → what makes a mistake there that the vocabulary sees."""

OTHERS: dict[str, dict[str, Any]] = {
    "arms.plain.model": {"arms__plain__model": "cifr-plain"},
    "arms.residual.widht": {"arms__residual__widht": 8},
    "experiment.recipe.name": {"experiment__recipe__name": "resnet-cifr"},
    "experiment.recipe.batch_size": {"experiment__recipe__batch_size": "64"},
    "experiment.dataset": {"experiment__dataset": "digts"},
    "expect.gap.metric": {"expect__gap__metric": "los"},
    "expect.gap.weights": {"expect__gap__weights": {"plain/deep": 1, "plain/shalow": -1}},
    "expect.gap.refuted": {"expect__gap__refuted": {"at_least": 0.5}},
    "direction.momentun": {"direction__momentun": "Not known."},
}
"""The same for mistakes that are seen only when parts of the file are held against one another."""


def where(world: World, *changes: dict[str, Any]) -> list[str]:
    data = BASE
    for change in changes:
        data = changed(data, **change)
    path = world.write(data)
    return sorted(problem.where.removeprefix(f"{path}: ") for problem in world.problems())


@pytest.mark.parametrize("schema", SCHEMA)
@pytest.mark.parametrize("other", OTHERS)
def test_a_mistake_of_one_kind_hides_none_of_the_other(world: World, schema: str, other: str) -> None:
    assert where(world, SCHEMA[schema], OTHERS[other]) == sorted([schema, other])


def test_all_of_them_at_once(world: World) -> None:
    # Options of a net that is not known are looked at as those of any net.
    schema = {place: change for place, change in SCHEMA.items() if place != "source"}
    # With an unknown model, a direction may be of an option of it.
    others = {place: change for place, change in OTHERS.items() if place != "direction.momentun"}
    assert where(world, *schema.values(), *others.values()) == sorted([*schema, *others])


def test_what_was_taken_out_is_missed_by_nobody(world: World) -> None:
    for broken in (
        {"metrics__loss__kind": "finl"},
        {"metrics__loss__of": None},
        {"arms__plain__spec": {"shallow": {}}},
        {"expect__gap__at_least": "one"},
        {"expect__gap__kind": "contrst"},
        {"experiment__recipe": {"steps": 10}},
    ):
        assert len(where(world, broken)) == 1, broken


def problem(world: World, **changes: Any) -> Problem:
    world.write(changed(BASE, **changes))
    (found,) = world.problems()
    return found


def test_what_was_received_is_told() -> None:
    assert suggestion("learning_rate", {"lr", "steps", "learning_rule"}) == "did you mean 'lr'?"
    assert suggestion("learning_rate", {"learning_rat"}) == "did you mean 'learning_rat'?"


@pytest.mark.parametrize(
    ("changes", "received", "hint"),
    [
        ({"titel": "Deep nets"}, "'Deep nets'", "did you mean 'title'?"),
        ({"sources": {"where": "x", "page": 3}}, "a table of where, page", "did you mean 'source'?"),
        ({"arms__plain__learning_rate": 0.5}, "0.5", "did you mean 'lr'?"),
        ({"experiment__recipe__learning_rate": 0.5}, "0.5", "did you mean 'lr'?"),
        ({"source__where": None, "source__page": 3}, "only page", "add this key"),
        ({"expect__gap__refuted": {"at_least": 0.5}}, "{'at_least': 0.5}", "cannot support and refute"),
    ],
)
def test_problems_quote_what_they_are_about(
    world: World, changes: dict[str, Any], received: str, hint: str
) -> None:
    found = problem(world, **changes)
    assert found.received == received
    assert hint in (found.hint or "")


@pytest.mark.parametrize(
    "printed",
    [
        "6.43%",
        "<0.1%",
        "1.2 pp",
        "6×",
        "3.6 billion",
        "0.27M",
        "8.27 ± 0.02",
        "36 epochs",
        "5 (best of 5 runs)",
        "2 nats",
    ],
)
def test_printed_numbers_have_units_of_papers(world: World, printed: str) -> None:
    assert where(world, {"expect__gap__reported": printed}) == []


def test_a_printed_number_in_an_unknown_unit(world: World) -> None:
    found = problem(world, expect__gap__reported="1.2 potatoes")
    assert (found.what, found.received) == ("is in a unit that is not known: 'potatoes'", "'1.2 potatoes'")
    # Whoever measures potatoes says so.
    assert (
        where(world, {"expect__gap__reported": "1.2 potatoes", "metrics__loss__title": "loss in potatoes"})
        == []
    )


OWN = {
    "class": "class Net:\n    def __init__(self, in_shape, classes, *, width, depth=8): ...\n",
    "function": "def Net(in_shape, classes, width, depth=8): ...\n",
    "positional": "class Net:\n    def __init__(self, in_shape, classes, width, *, depth=8): ...\n",
}
SILENT = {
    "any": "class Net:\n    def __init__(self, in_shape, classes, **options): ...\n",
    "inherits": "class Net(Base):\n    pass\n",
    "decorated": "@wrap\ndef Net(*arguments): ...\n",
    "elsewhere": "from somewhere import Net\n",
}


def with_own_arm(world: World, source: str, **options: Any) -> list[tuple[str, str | None, str | None]]:
    path = world.write(changed(BASE, arms__own={"model": "my_nets:Net", **options}))
    # What would run on import is not run.
    (world.root / "my_nets.py").write_text(f"import nothing_of_this_name\n{source}", encoding="utf-8")
    return [(p.where.removeprefix(f"{path}: "), p.received, p.hint) for p in world.problems()]


@pytest.mark.parametrize("source", OWN.values(), ids=OWN)
def test_options_of_a_users_own_model_are_held_against_its_source(world: World, source: str) -> None:
    assert with_own_arm(world, source, width=32) == []
    assert with_own_arm(world, source, widht=32) == [("arms.own.widht", "32", "did you mean 'width'?")]
    ((place, _, hint),) = with_own_arm(world, source)
    assert place == "arms.own"
    assert "width" in (hint or "")


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_source_that_does_not_tell_its_options_is_believed(world: World, source: str) -> None:
    assert with_own_arm(world, source, widht=32) == []


def test_common_options_reach_a_users_own_model_too(world: World) -> None:
    path = world.write(changed(BASE, experiment__options={"width": 8}, arms__own={"model": "my_nets:Net"}))
    for options, expected in (("width, depth", []), ("depth", ["experiment.options.width"])):
        (world.root / "my_nets.py").write_text(
            f"def Net(in_shape, classes, *, {options}): ...\n# {options}\n"
        )
        assert [p.where.removeprefix(f"{path}: ") for p in world.problems()] == expected


def test_no_two_cross_checks_are_needed_twice(world: World) -> None:
    for one, two in itertools.combinations(OTHERS, 2):
        if {one, two} & {"direction.momentun"}:
            continue
        assert where(world, OTHERS[one], OTHERS[two]) == sorted([one, two])
