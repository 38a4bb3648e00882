"""Keys that nothing knows, at every level of a claim file."""

from __future__ import annotations

import pytest

from tests.support.helpers import World, changed
from tests.support.mistakes import TABLE, Mistake, assert_one_clear_problem

MISTAKES: list[Mistake] = [
    ("key of the file", {"titel": "x"}, "titel", "unknown key", None, "'title'"),
    ("key of the source", {"source__wher": "x"}, "source.wher", "unknown key", None, "'where'"),
    (
        "key of the experiment",
        {"experiment__datset": 1},
        "experiment.datset",
        "unknown key",
        None,
        "'dataset'",
    ),
    (
        "key of seeds",
        {"experiment__seeds__look": [3]},
        "experiment.seeds.look",
        "unknown key",
        None,
        "'looks'",
    ),
    ("key of a metric", {"metrics__loss__off": "x"}, "metrics.loss.off", "unknown key", None, "'of'"),
    (
        "key of an expectation",
        {"expect__gap__wieghts": 1},
        "expect.gap.wieghts",
        "unknown key",
        None,
        "'weights'",
    ),
    (
        "key of a region",
        {"expect__gap__refuted": {"at_most": 0.0, "atleast": 1.0}},
        "expect.gap.refuted.atleast",
        "unknown key",
        None,
        "'at_least'",
    ),
    (
        "key of a table's row",
        {"table__t": changed(TABLE, rows=[{"lable": "x", "label": "x"}])},
        "table.t.rows.0.lable",
        "unknown key",
        None,
        "'label'",
    ),
    (
        "key of a recipe",
        {"experiment__recipe__step": 5},
        "experiment.recipe.step",
        "unknown recipe field",
        None,
        "'steps'",
    ),
    (
        "key of an arm",
        {"arms__plain__widht": 8},
        "arms.plain.widht",
        "neither an option of cifar-plain nor a recipe field",
        None,
        "'width'",
    ),
    (
        "common option",
        {"experiment__options": {"widht": 8}},
        "experiment.options.widht",
        "no model takes this option",
        None,
        "'width'",
    ),
    ("scale", {"scale__smok": {}}, "scale.smok", "unknown scale", None, "'smoke'"),
    (
        "key of a scale",
        {"scale__smoke__experiment__sedes": {}},
        "scale.smoke.experiment.sedes",
        "unknown key",
        None,
        "'seeds'",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_one_mistake_is_one_clear_problem(world: World, mistake: Mistake) -> None:
    assert_one_clear_problem(world, mistake)
