"""The ledger of criteria in words: both versions of what changed after runs existed, calm where nothing did."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from repro.claims.schema import Tune
from repro.claims.schema_expectations import Expectation
from repro.claims.schema_metrics import Metric
from repro.claims.vocabulary import WORDS
from repro.judging.preregistration import FILE, SEEN, LedgerEntry, history, record, remember
from repro.report.build.ledger import lines
from repro.report.html.render import render_html
from repro.report.model import ClaimReport
from tests.support.helpers import BASE, World, changed

ERROR_CLAIM = changed(
    BASE,
    metrics={"err": {"kind": "final", "of": "test_error"}},
    expect__gap={**BASE["expect"]["gap"], "metric": "err", "at_least": 0.02},
)
GAP = (
    "gap: at least 2 pp, refuted by at most 0 pp (decides); kind contrast, metric err, "
    "weights {plain/deep 1, plain/shallow −1}"
)


def reported(world: World) -> ClaimReport:
    return world.report().papers[0].claims[0]


def run_all(world: World) -> None:
    world.fill(lambda cell, seed: {"test_error": 0.1 + 0.01 * seed})


def write_and_record(world: World, data: dict[str, Any]) -> None:
    world.write(data)
    record(world.requirements(), world.store)


def test_unchanged_criteria_are_one_entry_and_no_warning(world: World) -> None:
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    claim = reported(world)
    assert claim.criteria_changes == []
    (entry,) = claim.criteria
    assert entry.lines == [GAP, "metric err: kind final, of test_error", "seeds: judged after 5"]
    page = render_html(world.report())
    assert 'class="changed"' not in page
    assert page.count("the present criteria; no run existed then") == 1


def test_a_bar_moved_after_the_runs_shows_both_versions(world: World) -> None:
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    write_and_record(world, changed(ERROR_CLAIM, expect__gap__at_least=0.05))
    (change,) = reported(world).criteria_changes
    assert re.fullmatch(r"Criteria changed on \S+Z, when 20 of its runs existed\.", change.says)
    assert change.old == [GAP]
    assert change.new == [GAP.replace("2 pp", "5 pp")]
    page = render_html(world.report())
    box = page[page.index("Criteria changed on") : page.index("<h4>Evidence</h4>")]
    assert box.index("at least 2 pp") < box.index("at least 5 pp")


def test_a_change_before_any_run_is_no_matter(world: World) -> None:
    write_and_record(world, ERROR_CLAIM)
    write_and_record(world, changed(ERROR_CLAIM, expect__gap__at_least=0.05))
    run_all(world)
    assert len(reported(world).criteria) == 2
    assert reported(world).criteria_changes == []


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        ({"expect__gap__at_least": 0.0200001}, "at least 2 pp", "at least 2.00001 pp"),
        ({"expect__gap__refuted": None}, "refuted by at most 0 pp", "refuted by anything else"),
        ({"expect__gap__weights": {"plain/deep": 2, "plain/shallow": -2}}, "plain/deep 1,", "plain/deep 2,"),
        ({"expect__gap__paired": True}, "metric err, weights", "metric err, paired True, weights"),
        ({"metrics__err__of": "train_error"}, "of test_error", "of train_error"),
        ({"experiment__seeds": {"looks": [5, 10]}}, "judged after 5", "judged after 5 and 10"),
    ],
)
def test_every_kind_of_change_shows_in_a_line(world: World, change: Any, old: str, new: str) -> None:
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    write_and_record(world, changed(ERROR_CLAIM, **change))
    (found,) = reported(world).criteria_changes
    assert len(found.old) == len(found.new) == 1, "lines that stay are not repeated"
    assert old in found.old[0]
    assert new in found.new[0]
    assert new not in found.old[0]


def test_bars_of_logarithms_are_those_of_what_they_are_of(world: World) -> None:
    """10^0.3 is 1.995262315."""
    logarithm = {"err": {"kind": "final", "of": "train_loss", "transform": "log10"}}
    write_and_record(world, changed(ERROR_CLAIM, metrics=logarithm, expect__gap__at_least=0.3))
    run_all(world)
    assert (
        reported(world).criteria[0].lines[0].startswith("gap: at least 1.995262315×, refuted by at most 1× (")
    )


def test_an_expectation_that_was_added_or_dropped(world: World) -> None:
    more = changed(ERROR_CLAIM["expect"]["gap"], at_least=0.0, refuted=None)
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    write_and_record(world, changed(ERROR_CLAIM, expect__more=more))
    (found,) = reported(world).criteria_changes
    assert found.old == []
    assert [line.split(":")[0] for line in found.new] == ["more"]


def test_order_and_prose_change_nothing(world: World) -> None:
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    gap = ERROR_CLAIM["expect"]["gap"]
    turned = dict(reversed(list(gap.items())))
    turned["weights"] = dict(reversed(list(gap["weights"].items())))
    prose = changed(ERROR_CLAIM, statement="In other words.", notes=["A note."], expect__gap=turned)
    write_and_record(world, changed(prose, expect__gap__why="Another.", expect__gap__title="T"))
    assert len(reported(world).criteria) == 1
    assert reported(world).criteria[0].current
    assert reported(world).criteria_changes == []


def test_a_change_that_no_check_has_seen_is_told_too(world: World) -> None:
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    world.write(changed(ERROR_CLAIM, expect__gap__at_least=0.01))
    (change,) = reported(world).criteria_changes
    assert change.says == (
        "Criteria changed in the claim file since the last check, when 20 of its runs existed."
    )
    assert change.new == [GAP.replace("2 pp", "1 pp")]


def test_going_back_is_a_change_as_well(world: World) -> None:
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    write_and_record(world, changed(ERROR_CLAIM, expect__gap__at_least=0.05))
    write_and_record(world, ERROR_CLAIM)
    first, second = reported(world).criteria_changes
    assert first.new == second.old == [GAP.replace("2 pp", "5 pp")]
    assert second.says.startswith("Criteria changed back since to those of an earlier entry")
    assert second.new == [GAP]


def test_runs_of_an_earlier_protocol_count_as_seen(world: World) -> None:
    """Moving the bar and the protocol at once, or touching a model's source, must not look like a fresh start."""
    write_and_record(world, ERROR_CLAIM)
    run_all(world)
    remember(world.requirements(), world.store)
    recipe = {**ERROR_CLAIM["experiment"]["recipe"], "lr": 0.05}
    write_and_record(world, changed(ERROR_CLAIM, experiment__recipe=recipe, expect__gap__at_least=0.05))
    assert not any(world.store.run(need.spec.key) for need in world.requirements().needs)
    assert [entry.runs_then for entry in history("p/c", "smoke", world.store)] == [0, 20]
    remember(world.requirements(), world.store)
    assert len((world.store.root / SEEN).read_text(encoding="utf-8").splitlines()) == 1


def test_entries_of_an_earlier_version_tell_of_expectations_only(world: World) -> None:
    write_and_record(world, ERROR_CLAIM)
    path = world.store.root / FILE
    old = json.loads(path.read_text(encoding="utf-8"))["content"]
    path.write_text(
        json.dumps({k: v for k, v in old.items() if k not in ("metrics", "tune", "looks")}) + "\n",
        encoding="utf-8",
    )
    assert reported(world).criteria[0].lines == [GAP], "the unit is that of the metric as it is now"
    run_all(world)
    write_and_record(world, changed(ERROR_CLAIM, expect__gap__at_least=0.05))
    (change,) = reported(world).criteria_changes
    assert (change.old, change.new) == ([GAP], [GAP.replace("2 pp", "5 pp")])
    path.write_text(path.read_text(encoding="utf-8").replace('"kind": "contrast"', '"kind": "riddle"'))
    assert "kind riddle" in reported(world).criteria[0].lines[0], "another vocabulary is shown as it stands"


def test_a_line_tells_every_key_that_decides() -> None:
    """What the digest is of and no line shows would be a change that nobody sees."""
    expectation = {
        "kind": "value", "title": "t", "metric": "m", "arm": "a-arm", "arms": ["b-arm"], "weights": {"c/d": 3},
        "over": "factor", "along": ["y", "z"], "levels": {"f": "lev"}, "each": ["g"], "at": "mid", "at_least": 7.5,
        "role": "context",
        "from_scale": "reduced", "paired": True, "why": "w", "refuted": {"at_most": 6.5},
        "printed": {"h": "12M"},
    }  # fmt: skip
    item = Expectation.model_construct(**{**expectation, "refuted": None})
    assert set(type(item).model_fields) - WORDS <= set(expectation) | {"at_most", "within", "outside"}
    metric = {"kind": "probe", "probe": "p", "layers": "l", "at": ["mid"], "arms": ["a"], "reduce": "min"}
    tune = {"lr": [0.1, 0.2], "weight_decay": [0.0, 0.3], "by": "m", "over": "p", "seeds": [1000]}
    entry = LedgerEntry("p/c", "smoke", "d", "now", 0, {"x": expectation}, {"m": metric}, tune, [3, 5])
    text = "\n".join(lines(entry, {}))
    for shown in (
        "a-arm", "b-arm", "c/d 3", "over factor", "f lev", "each [g]", "at mid", "7.5", "6.5", "context",
        "from scale reduced", "paired True", "printed {h 12M}", "probe p", "layers l", "at [mid]", "arms [a]",
        "reduce min",
        "along [y, z]", "lr [0.1, 0.2]", "weight decay [0, 0.3]", "by m", "seeds [1000]", "3 and 5",
    ):  # fmt: skip
        assert shown in text
    assert set(Metric.model_fields) - WORDS >= set(metric)
    assert set(Tune.model_fields) == set(tune)
