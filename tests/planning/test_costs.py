"""What runs will cost: sizes of nets by arithmetic, a rough model, and runs of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

from repro.datasets import ImageData, load_dataset
from repro.models import build_model
from repro.planning.costs import Costs
from repro.planning.net_size import net_size
from repro.planning.reading_costs import passes
from repro.planning.rough import steps
from repro.probes.context import ProbeContext
from repro.probes.static import multiply_adds, weight_layers
from repro.recipes import recipe
from repro.registry import DATASETS, PROBES, load
from repro.spec import DatasetSpec, ModelSpec, ReadingSpec, RunSpec
from repro.training.feeds import MemoryFeed
from repro.training.loop import evaluation_steps
from tests.support.helpers import run_record, spec_of

CIFAR = DatasetSpec("cifar10", DATASETS["cifar10"].fingerprint)


def test_a_reading_is_priced_by_the_images_that_it_passes_through_the_net() -> None:
    spec = RunSpec(
        DatasetSpec("digits", DATASETS["digits"].fingerprint),
        ModelSpec("cifar-plain", 1, {"depth": 14, "width": 4}),
        recipe("resnet-cifar", {"steps": 1, "batch_size": 64}),
        0,
    )
    data = load_dataset(spec.dataset)
    assert isinstance(data, ImageData)
    priced: dict[str, dict[str, object]] = {
        "weight_gradient_norm": {},
        "output_gradient_norm": {},
        "response_std": {},
        "block_left_out": {},
        "same_class_neighbours": {"space": "features"},
        "nearest_images": {"space": "features"},
        "test_outputs": {},
        "augmented_minus_test_error": {},
    }
    for probe, options in [*priced.items(), ("block_left_out", {"together": True})]:
        counted = 0

        def count(_: object, inputs: tuple[torch.Tensor, ...]) -> None:
            nonlocal counted
            counted += len(inputs[0])

        model = build_model(spec.model, (1, 8, 8), 10, None).eval()
        next(m for m in model.modules() if isinstance(m, torch.nn.Conv2d)).register_forward_pre_hook(count)
        feed = MemoryFeed(data, spec.recipe, 0, torch.device("cpu"))
        context = ProbeContext(
            torch.device("cpu"), options, model, (1, 8, 8), data=feed, recipe=spec.recipe, seed=0
        )
        load(PROBES[probe].target, None, 1)(context)
        reading = ReadingSpec(probe, 1, options, run=spec, moment="last")
        found = passes(
            reading, net_size(spec.model, (1, 8, 8), 10), len(data.train_labels), len(data.test_labels)
        )
        # Nets are held against their inputs with an image or two before they are measured.
        assert found.learnt + found.evaluated == pytest.approx(counted, rel=0.02), (probe, options)
        assert bool(found.learnt) == probe.endswith("gradient_norm")


def cifar(model: str = "cifar-plain", recipe_name: str = "resnet-cifar", **options: Any) -> RunSpec:
    return RunSpec(CIFAR, ModelSpec(model, 1, options), recipe(recipe_name, {"steps": 100}), 0)


@pytest.mark.parametrize(
    ("name", "options", "in_shape"),
    [
        ("cifar-plain", {"depth": 20}, (3, 32, 32)),
        ("cifar-plain", {"depth": 8, "width": 8, "norm": "none"}, (1, 8, 8)),
        ("cifar-resnet", {"depth": 56, "shortcut": "A"}, (3, 32, 32)),
        ("cifar-resnet", {"depth": 20, "width": 8, "shortcut": "B"}, (1, 8, 8)),
        ("cifar-resnet", {"depth": 32, "width": 8, "shortcut": "C"}, (3, 17, 9)),
        ("conv3-fc", {}, (3, 32, 32)),
        ("conv3-fc", {"activation": "tanh", "lrn": True}, (1, 8, 8)),
        ("conv3-fc", {"left_out": "conv2", "filters": 47}, (3, 32, 32)),
        ("conv3-fc", {"left_out": "conv3", "filters": 55}, (3, 32, 32)),
        ("small-vgg", {"configuration": "B", "width": 8}, (3, 32, 32)),
        ("small-vgg", {"configuration": "B-5x5", "width": 8}, (1, 8, 8)),
        ("conv2-local2-fc", {}, (3, 32, 32)),
        ("conv2-local2-fc", {"local3_filters": 64}, (3, 24, 24)),
    ],
)
def test_sizes_by_arithmetic_are_those_of_the_nets_as_built(
    name: str, options: Mapping[str, Any], in_shape: tuple[int, int, int]
) -> None:
    model = ModelSpec(name, 1, options)
    context = ProbeContext(
        torch.device("cpu"), model=build_model(model, in_shape, 10, None), in_shape=in_shape
    )
    found = net_size(model, in_shape, 10)
    assert found.multiply_adds == multiply_adds(context)[0]["value"]
    assert found.layers == weight_layers(context)[0]["value"]
    assert found.known


def test_a_users_own_net_is_known_for_unknown() -> None:
    assert not net_size(ModelSpec("my_nets:Net", "v", {}), (3, 32, 32), 10).known


@pytest.mark.parametrize(
    ("spec", "seconds_a_step"),
    [
        # Measured on two cores, a thread each, batches of 128, evaluations aside.
        (cifar(depth=20), 0.37),
        (cifar(depth=56), 1.17),
        (cifar("conv3-fc", "cuda-convnet-2012"), 0.115),
        (cifar("conv2-local2-fc", "cuda-convnet-2012"), 0.4),
    ],
)
def test_the_rough_model_is_within_a_third_of_the_steps_measured(
    spec: RunSpec, seconds_a_step: float
) -> None:
    few, many = (
        replace(spec, recipe=replace(spec.recipe, steps=count, evaluate_every=99.0)) for count in (10, 60)
    )
    found = (Costs().wall_seconds(many) - Costs().wall_seconds(few)) / 50
    assert found == pytest.approx(seconds_a_step, rel=0.33)


def test_evaluations_cost_time() -> None:
    spec = cifar(depth=20)
    seldom, often = (
        Costs().wall_seconds(replace(spec, recipe=replace(spec.recipe, steps=3910, evaluate_every=every)))
        for every in (10.0, 1.0)
    )
    # 60,000 images at 1.35 ms each, measured; eight more times.
    assert often - seldom == pytest.approx(8 * 81, rel=0.2)


@pytest.mark.parametrize(
    ("count", "every"), [(391, 1.0), (391, 2.0), (3200, 2.0), (100, 0.25), (0, 1.0), (7, 99.0)]
)
def test_as_many_evaluations_are_counted_as_the_loop_makes(count: int, every: float) -> None:
    spec = cifar(depth=20)
    run = replace(spec, recipe=replace(spec.recipe, steps=count, evaluate_every=every))
    none = Costs().wall_seconds(replace(run, recipe=replace(run.recipe, evaluate_every=1e9)))
    more = Costs().wall_seconds(run) - none
    an_evaluation = 60_000 * net_size(spec.model, (3, 32, 32), 10).multiply_adds / 3e10
    made = len(evaluation_steps(count, every * 50_000 / 128))
    assert more / an_evaluation == pytest.approx(made - (1 if count else 0))


def test_predicted_time_rests_on_measured_runs_of_the_same_kind() -> None:
    spec = spec_of()
    rough = Costs()
    runs = [run_record(spec_of(seed=i), wall_seconds=w, steps_done=50) for i, w in enumerate((1.0, 5.0, 2.0))]
    costs = Costs([*runs, run_record(spec_of(seed=9), steps_done=0)])
    longer = spec_of(steps=200)
    # Each run took so many times what the rough model says of its 50 steps and two evaluations: the median counts.
    factor = 2.0 / rough.wall_seconds(spec_of(steps=50, evaluate_every=99.0))
    for each in (spec, longer):
        assert costs.wall_seconds(each) == pytest.approx(factor * rough.wall_seconds(each))
    assert (
        costs.basis([spec, longer])
        == "from runs of the same kinds in the store, ±30% if the machine is as busy as then"
    )


def test_what_runs_took_of_a_processor_counts_before_what_the_clock_says() -> None:
    spec, rough = spec_of(), Costs()
    slow = [run_record(spec_of(seed=i), wall_seconds=90.0, steps_done=50) for i in range(3)]
    quick = [
        replace(run, key=str(i), provenance={**run.provenance, "processor_seconds": seconds})
        for i, (run, seconds) in enumerate(zip(slow, (2.0, 3.0, 7.0), strict=True))
    ]
    known = run_record(spec_of(seed=9), wall_seconds=90.0, steps_done=50)
    factor = 3.0 / rough.wall_seconds(spec_of(steps=50, evaluate_every=99.0))
    costs = Costs([*quick, known])
    assert costs.wall_seconds(spec) == pytest.approx(factor * rough.wall_seconds(spec))
    assert (
        costs.basis([spec])
        == "from what runs of the same kinds in the store took of a processor, ±30% where nothing else runs"
    )


def test_what_a_gpu_took_says_nothing_of_a_cpu_and_the_other_way_round() -> None:
    spec = cifar("conv3-fc", "cuda-convnet-2012")
    run = run_record(spec, steps_done=391, wall_seconds=0.4)
    quick = replace(run, provenance={**run.provenance, "device": "cuda: NVIDIA H200"})
    assert Costs([quick]).wall_seconds(spec) == Costs().wall_seconds(spec)
    assert Costs([run], device="cuda").wall_seconds(spec) == Costs(device="cuda").wall_seconds(spec)
    for record, device in ((quick, "cuda"), (run, "cpu")):
        assert Costs([record], device=device).basis([spec]).startswith("from runs of the same kinds")


@pytest.mark.parametrize(
    ("model", "epochs", "seconds"),
    # A net's share of an H200 with 16 nets side by side, fp32, 10,000 images evaluated after each epoch.
    [("conv3-fc", 38, 17.0), ("conv3-fc", 5, 2.5), ("conv2-local2-fc", 11, 7.9), ("conv2-local2-fc", 4, 3.3)],
)
def test_the_rough_model_of_a_gpu_is_within_a_factor_of_two_of_what_was_measured(
    model: str, epochs: float, seconds: float
) -> None:
    fields = {"epochs": epochs, "evaluate": ("train",), "curve_images": 10_000}
    spec = cifar(model, "cuda-convnet-2012")
    run = replace(spec, recipe=replace(spec.recipe, steps=None, **fields))
    assert 1 / 2 < Costs(device="cuda").wall_seconds(run) / seconds < 2
    assert "an idle H200 with 16 nets side by side" in Costs(device="cuda").basis([run])


def test_runs_of_another_image_size_or_model_change_no_prediction() -> None:
    measured = [run_record(spec_of(seed=seed), wall_seconds=300.0, steps_done=50) for seed in range(3)]
    rough, costs = Costs(), Costs(measured)
    for spec in (cifar(depth=8), cifar(depth=56), cifar("conv3-fc", "cuda-convnet-2012")):
        assert costs.wall_seconds(spec) == rough.wall_seconds(spec)
        assert costs.basis([spec]) == rough.basis([spec])
    # The same model on images of the same size was measured, at another depth.
    other = replace(spec_of(), model=ModelSpec("cifar-plain", 1, {"depth": 32}))
    assert costs.wall_seconds(other) > 10 * rough.wall_seconds(other)
    assert "rough model" in costs.basis([other]), "and is no measurement of it"


def test_the_basis_says_how_much_of_the_time_rests_on_what() -> None:
    known, unknown = spec_of(), cifar(depth=20)
    own = replace(unknown, model=ModelSpec("my_nets:Net", "source", {}))
    assert Costs().basis([]) == ""
    assert Costs().basis([unknown]) == "from a rough model of an idle CPU, within a factor of about 2"
    assert Costs().basis([own]) == "a guess: nothing like it was ever measured"
    seconds = Costs().wall_seconds(unknown)
    record = run_record(known, wall_seconds=seconds, steps_done=100)
    costs = Costs([replace(record, history={"step": [0.0] * 6})])
    share = costs.wall_seconds(known) / (costs.wall_seconds(known) + seconds)
    assert costs.basis([known, unknown]) == (
        f"{share:.0%} of it from runs of the same kinds in the store, ±30% if the machine is as busy as then; "
        f"{1 - share:.0%} of it from a rough model of an idle CPU, within a factor of about 2"
    )


def test_runs_of_other_times_and_odd_options_do_not_stop_a_prediction() -> None:
    record = run_record(spec_of())
    old = replace(record, spec={**record.spec, "recipe": {"name": "x", "temperature": 1}})
    odd = replace(spec_of(), model=ModelSpec("cifar-plain", 1, {"depth": "deep"}))
    assert Costs([old]).wall_seconds(odd) == Costs().wall_seconds(odd) > 0


def test_steps_of_a_run() -> None:
    digits = DATASETS["digits"]
    assert steps(spec_of(steps=7), digits) == 7
    # 1400 digits in batches of 64, three times.
    assert steps(spec_of(steps=None, epochs=3), digits) == round(3 * 1400 / 64)
