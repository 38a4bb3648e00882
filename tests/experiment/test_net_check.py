"""The net check: nets are built and held against what the paper prints before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from repro.claims import Claim
from repro.claims.schema_arms import NetSpec
from repro.experiment.net_check import NetCheck, SpecRow, check_nets
from repro.models import build_model
from repro.models.imagenet import resnet
from repro.planning.costs import START_UP_SECONDS
from repro.planning.schedule import Schedule
from repro.probes.context import ProbeContext
from repro.probes.static import multiply_adds, parameters, weight_layers
from repro.spec import ModelSpec
from repro.store import Store
from tests.support.command import repro
from tests.support.helpers import BASE, World, changed
from tests.support.shipped import library as shipped_library

META = torch.device("meta")
SPEC = {"shallow": {"layers": "8"}, "deep": {"layers": "14"}}
GATED = changed(BASE, arms__plain__spec=SPEC)

# What the papers print (and cuda-convnet's layer files, of the candidates for AlexNet's Fig. 1), net by net: layers,
# then parameters (ResNet, Table 6) or multiply-adds (ResNet, Table 1; Fig. 3 for the plain net).
RESNET_56 = {"20": "0.27M", "56": "0.85M"}
TABLE_6 = {"20": "0.27M", "32": "0.46M", "44": "0.66M", "56": "0.85M", "110": "1.7M"}
PRINTED = {
    "alexnet/relu-speed": [
        ("ReLU", "4", "89,578"),
        ("relu/conv2-local2-fc", "5", None),
        ("tanh", "4", "89,578"),
        ("tanh/conv2-local2-fc", "5", None),
    ],
    "resnet/gradient-preservation": [
        (f"{arm}/{level}", layers, TABLE_6[layers])
        for arm in ("residual", "plain")
        for level, layers in (("shallow", "20"), ("middle", "56"), ("deep", "110"))
    ],
    "resnet/layer-responses": [
        *((f"plain-{layers}", layers, size) for layers, size in RESNET_56.items()),
        *((f"ResNet-{layers}", layers, size) for layers, size in (RESNET_56 | {"110": "1.7M"}).items()),
    ],
    "resnet/plain-nets-degrade": [
        *((f"plain-{layers}", layers, size) for layers, size in TABLE_6.items() if layers != "110"),
        *((f"ResNet-{layers}", layers, size) for layers, size in TABLE_6.items()),
    ],
    "resnet/projection-shortcuts": [
        ("ResNet-34 A", "34", "3.6 billion"),
        ("ResNet-34 B", "34", None),
        ("ResNet-34 C", "34", None),
        ("plain-34", "34", "3.6 billion"),
    ],
}


def rows(world: World, name: str = "p/c") -> tuple[SpecRow, ...]:
    return check_nets(world.claim(name), world.store).rows


def read(world: World, *layers: int, name: str = "p/c") -> None:
    """Put what a worker would have computed: the layers of the claim's nets, in the order of its rows."""
    for row, value in zip(rows(world, name), layers, strict=True):
        assert row.reading is not None
        world.read(row.reading, [{"value": value}])


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [
        ("34", 33.5, 34.5),
        ("89,578", 89_577.5, 89_578.5),
        ("0.27M", 265_000, 275_000),
        ("1.7M", 1_650_000, 1_750_000),
        ("19.4M", 19_350_000, 19_450_000),
        ("3.6 billion", 3.55e9, 3.65e9),
        ("60 million", 59.5e6, 60.5e6),
        ("11.3G", 11.25e9, 11.35e9),
        ("270k", 269_500, 270_500),
    ],
)
def test_a_printed_size_stands_for_half_a_unit_of_its_last_digit(
    printed: str, low: float, high: float
) -> None:
    assert NetSpec(parameters=printed).region("parameters") == pytest.approx((low, high), rel=1e-12)


def test_a_declared_range_replaces_that_of_the_print() -> None:
    spec = NetSpec(multiply_adds="3.8 billion", within={"multiply_adds": (3.8e9, 3.9e9)}, why="Truncated.")
    assert spec.region("multiply_adds") == (3.8e9, 3.9e9)


def test_training_waits_until_the_nets_are_known_to_be_the_papers(world: World) -> None:
    world.write(GATED)
    plan = world.plan()
    assert [(job.run, job.readings[0].probe) for job in plan.jobs] == [(None, "weight_layers")] * 2
    assert len(plan.held) == plan.runs == 20
    assert all(job.train for job in plan.held)
    seconds = [job.wall_seconds for job in (*plan.jobs, *plan.held)]
    assert plan.wall_seconds(workers=1) == pytest.approx(START_UP_SECONDS + sum(seconds))
    read(world, 8, 14)
    assert check_nets(world.claim(), world.store).state == "passed"
    after = world.plan()
    assert {job.key for job in after.jobs} == {job.key for job in plan.held}
    assert (after.held, after.stopped) == ((), {})


def test_nothing_is_trained_while_one_of_several_sizes_is_unknown(world: World) -> None:
    world.write(GATED)
    row = rows(world)[0]
    assert row.reading is not None
    world.read(row.reading, [{"value": 8}])
    plan = world.plan()
    assert check_nets(world.claim(), world.store).state == "open"
    assert (len(plan.jobs), len(plan.held)) == (1, 20)


def test_a_size_that_differs_stops_the_claim_and_only_it(world: World) -> None:
    world.write(changed(GATED, title="Stopped"), "p/a")
    world.write(changed(BASE, title="Open"), "p/b")
    read(world, 8, 20, name="p/a")
    plan = world.plan()
    said = "plain/deep: layers: the paper prints 14, ours has 20"
    assert plan.stopped == {"p/a": said}
    # Both claims need the same runs; they are trained for the other one only.
    assert plan.runs == len(plan.jobs) == 20
    assert {job.claims for job in plan.jobs} == {("p/b",)}

    world.fill(lambda *_: {"train_loss": 0.5}, name="p/b")
    stopped, other = world.judge(name="p/a"), world.judge(name="p/b")
    assert (stopped.status, stopped.result, stopped.barred) == ("failed", None, said)
    assert [e.status for e in stopped.expectations] == ["failed"]
    assert stopped.expectations[0].parts[0].note == said
    assert (other.status, other.barred) == ("complete", None)
    assert other.result is not None


def test_runs_that_another_claim_may_train_are_not_held_back(world: World) -> None:
    world.write(GATED, "p/a")
    world.write(BASE, "p/b")
    plan = world.plan()
    assert (len(plan.jobs), len(plan.held)) == (22, 0)
    # What others wait for comes first.
    assert [job.run for job in plan.jobs[:2]] == [None, None]


def test_a_size_that_could_not_be_computed_fails_the_claim_and_is_tried_again(world: World) -> None:
    world.write(GATED)
    read(world, 8, 14)
    row = rows(world)[0]
    assert row.reading is not None
    world.write(changed(GATED, arms__plain__spec={"shallow": {"parameters": "0.1M"}}))
    (new,) = rows(world)
    assert new.reading is not None
    world.store.put_failure(new.reading.key, "parameters", "out of memory\nsecond line")
    verdict = world.judge()
    assert verdict.status == "failed"
    assert verdict.barred == "plain/shallow: parameters could not be computed: out of memory"
    plan = world.plan()
    assert [job.key for job in plan.jobs] == [new.reading.key]
    assert len(plan.held) == 20


def test_exact_arithmetic_on_a_net_that_is_not_the_papers_refutes_nothing(world: World) -> None:
    exact = {
        "kind": "exact",
        "title": "t",
        "metric": "size",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "within": [13.5, 14.5],
        "role": "decides",
        "why": "w",
    }
    size = {"kind": "static", "probe": "weight_layers", "arms": ["plain"]}
    world.write(changed(GATED, metrics__size=size, expect={"size": exact}))
    read(world, 8, 20)
    verdict = world.judge()
    assert [e.result for e in verdict.expectations] == ["refuted"]
    assert (verdict.result, verdict.status) == (None, "failed")


def test_variants_of_a_stopped_claim_are_stopped_too(world: World) -> None:
    control = {"title": "t", "why": "w", "arms": {"residual": {"model": "cifar-plain"}}}
    world.write(changed(GATED, control={"same": control}))
    read(world, 8, 20)
    plan = Schedule([world.claim()], "smoke", world.store, kinds=("control",)).plan()
    assert set(plan.stopped) == {"p/c", "p/c~control~same"}
    assert plan.jobs == ()


def test_a_spec_without_levels_is_of_every_cell_of_its_arm_and_one_net_is_built_once(world: World) -> None:
    rates = {"depth": None, "lr": [0.1, 0.2]}
    arms = {"plain": {"model": "cifar-plain", "depth": 8, "spec": {"layers": "8", "source": "somebody"}}}
    contrast = {"plain/0.1": 1, "plain/0.2": -1}
    data = changed(BASE, factors={"lr": rates["lr"]}, arms=arms, expect__gap__weights=contrast)
    world.write(data)
    (row,) = rows(world)
    assert (row.net, row.size, row.paper) == ("plain", "layers", "8")
    read(world, 9)
    assert check_nets(world.claim(), world.store).barred == "plain: layers: somebody prints 8, ours has 9"


def test_a_row_is_named_as_the_papers_table_names_its_cell(world: World) -> None:
    table = {
        "title": "T",
        "source": {"where": "Table 1"},
        "metrics": ["loss"],
        "rows": [{"label": "plain-14", "cell": "plain/deep"}],
    }
    world.write(changed(GATED, table={"t": table}))
    assert [row.net for row in rows(world)] == ["plain/shallow", "plain-14"]


@pytest.mark.parametrize(
    ("printed", "ours", "said"),
    [
        ("0.27M", 310_000, "0.31M"),
        ("3.6 billion", 4_100_000_000, "4.1 billion"),
        ("89,578", 89_577, "89,577"),
        ("0.27M", 274_999, "274,999"),  # in the same digits the difference could not be seen
    ],
)
def test_our_number_is_written_as_the_paper_writes_its_own(printed: str, ours: int, said: str) -> None:
    row = SpecRow("net", "parameters", printed, None, 0.0, 1.0, None, ours)
    assert row.says == f"net: parameters: the paper prints {printed}, ours has {said}"
    assert NetCheck((row,)).state == "stopped"


SPEC_MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"arms__plain__spec": {"shallow": {"layer": "8"}}}, "arms.plain.spec.shallow.layer", "unknown key"),
    ({"arms__plain__spec": {"layers": 8}}, "arms.plain.spec.layers", "valid string"),
    ({"arms__plain__spec": {"shalow": {"layers": "8"}}}, "arms.plain.spec.shalow", "unknown level"),
    ({"arms__plain__spec": {"layers": "8 or so"}}, "arms.plain.spec", "no size"),
    ({"arms__plain__spec": {"parameters": "~0.3M"}}, "arms.plain.spec", "say how far"),
    ({"arms__plain__spec": {"why": "w"}}, "arms.plain.spec", "at least one of"),
    ({"arms__plain__spec": {"layers": "8", "within": {"layers": [7, 9]}}}, "arms.plain.spec", "why"),
    (
        {"arms__plain__spec": {"layers": "8", "within": {"parameters": [7, 9]}, "why": "w"}},
        "arms.plain.spec",
        "not",
    ),
    ({"scale__smoke__arms__plain__spec": {"layers": "8"}}, "scale.smoke.arms.plain.spec", "does nothing"),
    (
        {
            "control__c": {
                "title": "t",
                "why": "w",
                "arms": {"plain": {"model": "cifar-resnet", "spec": SPEC}},
            }
        },
        "control.c.arms.plain.spec",
        "does nothing",
    ),
    (
        {
            "sensitivity__s": {
                "title": "t",
                "why": "w",
                "expect": ["gap"],
                "points": [{"label": "a", "arms": {"plain": {"spec": SPEC}}}],
            }
        },
        "sensitivity.s.points.a.arms.plain.spec",
        "does nothing",
    ),
]


@pytest.mark.parametrize(("changes", "place", "what"), SPEC_MISTAKES)
def test_mistakes_in_a_spec(changes: dict[str, Any], place: str, what: str, world: World) -> None:
    world.write(changed(BASE, **changes))
    (problem,) = world.problems()
    assert problem.where.endswith(f": {place}")
    assert what in problem.what


@pytest.fixture(scope="module")
def shipped() -> dict[str, Claim]:
    return {claim.id: claim for claim in shipped_library().claims}


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_the_shipped_claims_print_what_the_papers_print(
    name: str, shipped: dict[str, Claim], tmp_path: Path
) -> None:
    found: dict[str, list[str]] = {}
    for row in check_nets(shipped[name], Store(tmp_path)).rows:
        found.setdefault(row.net, []).append(row.paper)
    assert found == {net: [text for text in sizes if text] for net, *sizes in PRINTED[name]}


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_the_shipped_nets_have_the_sizes_that_are_printed(
    name: str, shipped: dict[str, Claim], tmp_path: Path
) -> None:
    probes = {"weight_layers": weight_layers, "parameters": parameters, "multiply_adds": multiply_adds}
    for row in check_nets(shipped[name], Store(tmp_path)).rows:
        assert row.reading is not None
        assert row.reading.subject is not None
        shape = tuple(row.reading.subject["in_shape"])
        with META:
            model = build_model(
                ModelSpec(**row.reading.subject["model"]), shape, row.reading.subject["classes"]
            )
        context = ProbeContext(device=META, model=model, in_shape=shape)
        (found,) = probes[row.reading.probe](context)
        assert row.low <= found["value"] <= row.high, row


@pytest.mark.parametrize(("depth", "printed"), [(18, 1.8), (34, 3.6), (50, 3.8), (101, 7.6), (152, 11.3)])
def test_imagenet_nets_have_torchvisions_parameters_and_table_1s_multiply_adds(
    depth: int, printed: float
) -> None:
    with META:
        ours = resnet((3, 224, 224), 1000, depth=depth, shortcut="B")
        theirs = getattr(torchvision.models, f"resnet{depth}")()
    contexts = [ProbeContext(device=META, model=net, in_shape=(3, 224, 224)) for net in (ours, theirs)]
    assert parameters(contexts[0]) == parameters(contexts[1])
    # Table 1 prints two digits, and 3.8 for 3.86; it does not say whether projections are counted.
    assert multiply_adds(contexts[0])[0]["value"] == pytest.approx(printed * 1e9, abs=0.1e9)
    assert weight_layers(contexts[0]) == [{"value": depth}]


def test_a_check_trains_the_claims_whose_nets_are_the_papers_and_fails_the_others(tmp_path: Path) -> None:
    world = World(tmp_path)
    short = changed(
        GATED,
        experiment__recipe={"name": "resnet-cifar", "batch_size": 64, "steps": 1, "evaluate_every": 100.0},
        experiment__options={"width": 4},
        experiment__seeds={"looks": [2]},
    )
    world.write(changed(short, arms__residual=None), "p/good")
    wrong = {"shallow": {"layers": "8"}, "deep": {"layers": "20"}}
    world.write(
        changed(short, arms__residual=None, arms__plain__spec=wrong, experiment__seeds__first=10), "p/wrong"
    )
    done = repro(
        "check",
        "--claims",
        "claims",
        "--store",
        "store",
        "--out",
        "out",
        "--quiet",
        "--workers",
        1,
        cwd=tmp_path,
    )
    assert done.returncode == 3, done.stderr
    report = json.loads((tmp_path / "out/report.json").read_text(encoding="utf-8"))
    good, bad = report["papers"][0]["claims"]
    assert (good["verdict"]["status"], bad["verdict"]["status"]) == ("complete", "failed")
    assert "plain/deep: layers: the paper prints 20, ours has 14" in bad["verdict"]["sentence"]
    assert sorted(record.spec["seed"] for record in Store(tmp_path / "store").runs()) == [0, 0, 1, 1]
