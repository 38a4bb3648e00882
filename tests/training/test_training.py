from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from repro.datasets import ImageData, load_dataset
from repro.errors import ReproError
from repro.models import build_model
from repro.models.four_layer import Conv2Local2FC, Conv3FC
from repro.models.normalisation import group_batch_norm
from repro.recipes import RECIPES, EvaluatedSet, Recipe
from repro.registry import DATASETS
from repro.spec import DatasetSpec, ModelSpec, Numerics, RunSpec, Until
from repro.training import TrainedRun, train
from repro.training import learner as learner_module
from repro.training.capture import EAGER_STEPS
from repro.training.checkpoints import Interrupted, Stopped
from repro.training.evaluation import evaluate
from repro.training.feeds import MemoryFeed
from repro.training.initialisation import initialise
from repro.training.learner import Learner
from repro.training.loop import evaluation_steps
from repro.training.parameter_groups import parameter_groups
from repro.training.schedules import WarmUp, scheduled_lr

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
DIGITS = DatasetSpec("digits", DATASETS["digits"].fingerprint)
QUICK = Recipe(name="quick", batch_size=50, steps=6, lr=0.05, weight_decay=1e-4)
SMALL = {"depth": 8, "width": 2}


@cache
def digits(n_train: int = 1400) -> ImageData:
    data = load_dataset(DIGITS)
    return replace(data, train_images=data.train_images[:n_train], train_labels=data.train_labels[:n_train])


def run(
    recipe: Recipe = QUICK,
    model: str = "cifar-resnet",
    options: Mapping[str, Any] | None = None,
    seed: int = 1000,
    n_train: int = 200,
    **how: Any,
) -> TrainedRun:
    options = SMALL if options is None else options
    spec = RunSpec(DIGITS, ModelSpec(model, 1, options), recipe, seed)
    return train(spec, digits(n_train), CPU, **how)


def same(a: Mapping[str, torch.Tensor], b: Mapping[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# The loop ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("claims")
    (folder / "own_linear_t.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, in_shape, classes):\n"
        "        super().__init__()\n        self.fc = nn.Linear(64, classes)\n"
        "    def forward(self, x):\n        return self.fc(x.flatten(1))\n"
    )
    return folder


def test_updates_against_gradients_and_sgd_by_hand(linear: Path) -> None:
    n = 40  # one batch is the whole set, so that its order does not matter
    recipe = Recipe(name="x", batch_size=n, steps=5, lr=0.1, momentum=0.9, weight_decay=0.01, decay="weights",
                    bias_lr_factor=2.0, schedule="step", milestones=(3,), evaluate_every=1)  # fmt: skip
    result = run(recipe, "own_linear_t:Net", {}, n_train=n, claims_folder=linear)

    data = digits(n)
    x = data.train_images.reshape(n, 64) / 255
    x = x - x.mean(axis=0)
    onehot = np.eye(10)[data.train_labels]
    w = result.weights["init"]["fc.weight"].double().numpy()
    b = np.zeros(10)
    vw, vb = np.zeros_like(w), np.zeros_like(b)
    for step, lr in enumerate([0.1, 0.1, 0.1, 0.01, 0.01]):
        p = np.exp(x @ w.T + b)
        p /= p.sum(axis=1, keepdims=True)
        row = result.history[step]
        assert row["step"] == step
        assert row["train_loss"] == pytest.approx(-np.log((p * onehot).sum(axis=1)).mean(), rel=1e-4)
        assert row["train_error"] == pytest.approx((p.argmax(axis=1) != data.train_labels).mean())
        assert result.history[step + 1]["lr"] == pytest.approx(lr)
        assert result.history[step + 1]["running_loss"] == pytest.approx(row["train_loss"], rel=1e-4)
        assert result.history[step + 1]["running_error"] == pytest.approx(row["train_error"])
        g = (p - onehot) / n
        vw = 0.9 * vw + g.T @ x + 0.01 * w
        vb = 0.9 * vb + g.sum(axis=0)
        w, b = w - lr * vw, b - 2 * lr * vb
    np.testing.assert_allclose(result.weights["last"]["fc.weight"], w, atol=1e-5)
    np.testing.assert_allclose(result.weights["last"]["fc.bias"], b, atol=1e-5)


@pytest.mark.parametrize("optimiser", ["adam", "adamw"])
def test_adam_by_hand(linear: Path, optimiser: Any) -> None:
    n, lr, decay, b1, b2, eps = 40, 0.02, 0.3, 0.8, 0.95, 1e-6
    recipe = Recipe(name="x", batch_size=n, steps=4, lr=lr, optimiser=optimiser, beta1=b1, beta2=b2, epsilon=eps,
                    weight_decay=decay, decay="weights", bias_lr_factor=2.0)  # fmt: skip
    result = run(recipe, "own_linear_t:Net", {}, n_train=n, claims_folder=linear)
    data = digits(n)
    x = data.train_images.reshape(n, 64) / 255
    x = x - x.mean(axis=0)
    onehot = np.eye(10)[data.train_labels]
    w, b = result.weights["init"]["fc.weight"].double().numpy(), np.zeros(10)
    moments = {name: [np.zeros_like(value), np.zeros_like(value)] for name, value in (("w", w), ("b", b))}

    def step_of(name: str, gradient: np.ndarray, t: int) -> np.ndarray:
        # Kingma and Ba (arXiv:1412.6980), Algorithm 1.
        m, v = moments[name]
        m[:] = b1 * m + (1 - b1) * gradient
        v[:] = b2 * v + (1 - b2) * gradient**2
        return np.asarray((m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps))

    for t in range(1, 5):
        p = np.exp(x @ w.T + b)
        p /= p.sum(axis=1, keepdims=True)
        g = ((p - onehot) / n).T
        coupled, decoupled = (decay, 0.0) if optimiser == "adam" else (0.0, decay)
        w = w - lr * step_of("w", g @ x + coupled * w, t) - lr * decoupled * w
        b = b - 2 * lr * step_of("b", g.sum(axis=1), t)
    np.testing.assert_allclose(result.weights["last"]["fc.weight"], w, atol=2e-5)
    np.testing.assert_allclose(result.weights["last"]["fc.bias"], b, atol=2e-5)


def test_same_spec_same_bits_whatever_happened_before() -> None:
    recipe = replace(QUICK, augmentation="pad-crop-flip")
    first = run(recipe)
    torch.manual_seed(123)
    run(recipe, seed=5)
    second = run(recipe)
    assert first.history[1:] == second.history[1:]
    assert first.weights.keys() == second.weights.keys()
    assert all(same(first.weights[m], second.weights[m]) for m in first.weights)
    other = run(recipe, seed=1001)
    assert not same(first.weights["init"], other.weights["init"])
    assert first.history[-1]["running_loss"] != other.history[-1]["running_loss"]


def test_layers_that_draw_random_numbers_draw_the_same_ones_again(tmp_path: Path) -> None:
    (tmp_path / "own_dropout_t.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, in_shape, classes):\n"
        "        super().__init__()\n"
        "        self.net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, classes))\n"
        "    def forward(self, x):\n        return self.net(x)\n"
    )
    runs = []
    for state, seed in ((1, 1000), (2, 1000), (3, 1001)):
        torch.manual_seed(state)
        runs.append(run(QUICK, "own_dropout_t:Net", {}, seed=seed, claims_folder=tmp_path))
    assert same(runs[0].weights["last"], runs[1].weights["last"])
    assert runs[0].history[1:] == runs[1].history[1:]
    assert runs[0].history[-1]["running_loss"] != runs[2].history[-1]["running_loss"]


def test_training_leaves_the_global_random_state_alone() -> None:
    before = torch.get_rng_state()
    run()
    assert torch.equal(before, torch.get_rng_state())


def test_running_figures_of_a_net_that_does_not_move_are_those_of_an_evaluation() -> None:
    recipe = replace(QUICK, lr=0.0, steps=None, epochs=1, evaluate_every=1, initialisation="he")
    first, last = run(recipe, "conv3-fc", {}).history
    assert last["running_loss"] == pytest.approx(first["train_loss"], rel=1e-5)
    assert last["running_error"] == pytest.approx(first["train_error"])
    assert math.isnan(first["running_loss"])


def test_moments_and_epochs() -> None:
    result = run(replace(QUICK, steps=None, epochs=2.1, evaluate_every=0.5))  # 200 images: 4 steps an epoch
    assert result.steps_done == 9
    assert [row["step"] for row in result.history] == [0, 2, 4, 6, 8, 9]
    assert [row["epoch"] for row in result.history] == [0, 0.5, 1, 1.5, 2, 2.25]
    tracked = {moment: int(state["bn1.num_batches_tracked"]) for moment, state in result.weights.items()}
    assert tracked == {"init": 0, "epoch-1": 4, "mid": 4, "last": 9}


def test_a_run_of_no_steps_keeps_its_beginning_only() -> None:
    result = run(replace(QUICK, steps=0, schedule="cosine"))
    assert result.outcome == "finished"
    assert set(result.weights) == {"init"}
    assert [row["step"] for row in result.history] == [0]


def test_a_short_run_lacks_the_moments_it_does_not_reach() -> None:
    assert set(run(replace(QUICK, steps=3)).weights) == {"init", "mid", "last"}


def test_stops_at_the_first_evaluation_at_or_below_the_target() -> None:
    recipe = replace(QUICK, steps=200, evaluate_every=0.5, stop_at_train_error=0.5)
    result = run(recipe)
    errors = [row["train_error"] for row in result.history]
    assert errors[-1] <= 0.5 < min(errors[:-1])
    assert result.steps_done == result.history[-1]["step"] < 200
    assert int(result.weights["last"]["bn1.num_batches_tracked"]) == result.steps_done
    assert "mid" not in result.weights


def test_divergence_is_a_result() -> None:
    recipe = replace(QUICK, lr=1e6, steps=60, evaluate_every=2, initialisation="he")
    result = run(recipe, "conv3-fc", {})
    assert result.outcome == "diverged"
    assert result.chance_error == pytest.approx(0.9)
    assert result.history[-1]["train_error"] == result.history[-1]["test_error"] == result.chance_error
    assert not math.isfinite(result.history[-1]["train_loss"])
    assert result.steps_done == result.history[-1]["step"] < 60
    assert result.diverged_at_step is not None
    # The step is exact although losses are looked at only now and then.
    exact = run(replace(recipe, evaluate_every=0.01), "conv3-fc", {})
    bad = [row["step"] for row in exact.history[1:] if not math.isfinite(row["running_loss"])]
    first_bad = bad[0] if bad else exact.history[-1]["step"] + 1
    assert result.diverged_at_step == pytest.approx(first_bad, abs=0)


def test_progress_counts_every_step() -> None:
    seen: list[tuple[int, int]] = []
    run(on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]


def test_warm_up_holds_the_lower_rate_until_training_catches_on() -> None:
    recipe = replace(
        QUICK, steps=60, lr=0.1, warmup_lr=0.01, warmup_until_train_error=0.6, evaluate_every=0.01
    )
    rows = run(recipe).history[1:]
    caught = next(i for i, row in enumerate(rows) if row["running_error"] < 0.6)
    assert 0 < caught < 50
    assert [row["lr"] for row in rows] == [0.01] * (caught + 1) + [0.1] * (len(rows) - caught - 1)
    assert [row["warmup_steps"] for row in rows] == [min(row["step"], caught + 1) for row in rows]
    assert "warmup_steps" not in run().history[0]


def test_grouped_normalisation_is_in_force() -> None:
    plain, whole, halves = (run(replace(QUICK, bn_group=group)) for group in (None, 50, 25))
    assert same(plain.weights["last"], whole.weights["last"])
    assert not same(plain.weights["last"], halves.weights["last"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bn_group": 7}, "must divide batch_size = 50"),
        ({"steps": None}, "`steps` or `epochs`"),
        ({"epochs": 1.0}, "`steps` or `epochs`"),
        ({"warmup_lr": 0.1}, "neither"),
        ({"evaluate_every": 0.0}, "positive"),
        ({"initialisation": "cuda-convnet"}, "init_std"),
    ],
)
def test_recipes_that_cannot_be_carried_out(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ReproError, match=message):
        run(replace(QUICK, **change))


def test_unknown_precision() -> None:
    spec = RunSpec(DIGITS, ModelSpec("conv3-fc", 1), QUICK, 0, Numerics("fp8"))
    with pytest.raises(ReproError, match="fp32, tf32, bf16"):
        train(spec, digits(200), CPU)


def test_bf16_multiplies_in_bf16_and_keeps_weights_statistics_and_loss_in_fp32() -> None:
    spec = RunSpec(DIGITS, ModelSpec("cifar-resnet", 1, SMALL), QUICK, 1000, Numerics("bf16"))
    coarse, fine = train(spec, digits(200), CPU), run()
    assert {value.dtype for value in coarse.weights["last"].values()} == {torch.float32, torch.int64}
    losses = [[row["train_loss"] for row in result.history] for result in (coarse, fine)]
    # bf16 keeps 8 bits: about 0.4% a product.
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


# Interruptions -------------------------------------------------------------------------------------------------------


class Memory:
    """Keeps states as bytes, loads them as a store does, and stops the run at given steps."""

    def __init__(self, *stops: int) -> None:
        self.stops = list(stops)
        self.steps = 0
        self.kept: bytes | None = None
        self.stopping = False

    def load(self) -> Mapping[str, Any] | None:
        self.stopping = False
        return None if self.kept is None else torch.load(io.BytesIO(self.kept), weights_only=True)

    def due(self) -> bool:
        self.steps += 1
        self.stopping = self.steps in self.stops
        return self.stopping

    def save(self, state: Mapping[str, Any], *, stopped: bool = False) -> None:
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.kept = buffer.getvalue()


HARD = {
    "augmentation, steps, grouped BN": replace(
        QUICK, steps=14, augmentation="pad-crop-flip", schedule="step", milestones=(4, 9), bn_group=25
    ),
    "warm-up": replace(QUICK, steps=14, lr=0.1, warmup_lr=0.01, warmup_until_train_error=0.85),
    "biases apart, rare evaluations": replace(QUICK, steps=14, bias_lr_factor=2.0, evaluate_every=3.0),
    "AdamW": replace(QUICK, steps=14, optimiser="adamw", lr=0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("recipe", HARD.values(), ids=HARD)
def test_an_interrupted_run_ends_with_the_same_bits(recipe: Recipe) -> None:
    whole = run(recipe)
    for stops in ((1,), (2, 3, 4), (7, 13), (10,)):
        memory = Memory(*stops)
        for step in stops:
            with pytest.raises(Interrupted, match=f"step {step} of 14"):
                run(recipe, checkpoints=memory)
        result = run(recipe, checkpoints=memory)
        assert repr(result.history) == repr(whole.history)  # NaN is NaN
        assert result.weights.keys() == whole.weights.keys()
        assert all(same(result.weights[m], whole.weights[m]) for m in whole.weights)
        assert (result.outcome, result.steps_done) == (whole.outcome, whole.steps_done)


@pytest.mark.parametrize("batches", [0, 1, 3, 7])
def test_a_stop_in_the_midst_of_an_evaluation_is_heard_at_once(batches: int) -> None:
    """Each evaluation is of two batches, 200 training and 397 test images; there is one after 0, 4, 8 … steps."""
    recipe = replace(QUICK, steps=14)

    class Impatient(Memory):
        asked = 0

        @property
        def stopping(self) -> bool:
            self.asked += 1
            return self.asked == batches + 1

        @stopping.setter
        def stopping(self, value: bool) -> None: ...

        def due(self) -> bool:
            return False

    memory = Impatient()
    with pytest.raises(Interrupted, match=f"step {4 * (batches // 2)} of 14"):
        run(recipe, checkpoints=memory)
    rest, whole = run(recipe, checkpoints=memory), run(recipe)
    assert repr(rest.history) == repr(whole.history)
    assert all(same(rest.weights[m], whole.weights[m]) for m in whole.weights)


@pytest.mark.parametrize("evaluate", [("train", "test"), ("train",), ("test",), ()])
def test_what_is_evaluated_is_declared_and_changes_nothing_else(evaluate: tuple[EvaluatedSet, ...]) -> None:
    whole, part = run(), run(replace(QUICK, evaluate=evaluate))
    left_out = {f"{name}_{what}" for name in {"train", "test"} - {*evaluate} for what in ("error", "loss")}
    assert repr(part.history) == repr(
        [{name: value for name, value in row.items() if name not in left_out} for row in whole.history]
    )
    assert all(same(part.weights[m], whole.weights[m]) for m in whole.weights)


def test_curves_come_from_a_sample_and_the_last_point_from_all(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    evaluate = learner_module.evaluate

    def counted(model: Any, batches: Any, forward: Any) -> tuple[float, float]:
        kept = list(batches)
        seen.append(sum(len(labels) for _, labels in kept))
        return evaluate(model, kept, forward)

    monkeypatch.setattr(learner_module, "evaluate", counted)
    result = run(replace(QUICK, steps=8, curve_images=20))
    assert seen == [20, 20, 20, 20, 200, 397], (
        "before the first step, after an epoch, and after the last step"
    )
    assert result.history[-1] == run(replace(QUICK, steps=8)).history[-1]
    seen.clear()
    assert run(replace(QUICK, steps=0)).history[0].keys() == {
        "step",
        "epoch",
        "lr",
        "running_error",
        "running_loss",
    }
    assert seen == []


def test_a_net_that_diverges_is_seen_without_any_evaluation() -> None:
    wild = replace(QUICK, lr=1e20, evaluate=())
    result = run(wild, "cifar-plain", {**SMALL, "norm": "none"})
    assert result.outcome == "diverged"
    assert result.history[-1]["running_error"] == 0.9


@pytest.mark.parametrize(
    ("until", "epochs"),
    [
        # Four steps an epoch, evaluated every two of them.
        (Until("train_error", 0.0, epochs=0.5), 1.0),
        (Until("train_error", 0.0, epochs=0.2), 0.5),
        (Until("train_error", 0.0, epochs=0.0), 0.5),
        (Until("train_error", 1.0), 0.0),
    ],
)
def test_a_run_stops_at_the_first_evaluation_that_is_far_enough_and_goes_on_with_the_same_bits(
    until: Until, epochs: float
) -> None:
    recipe = replace(QUICK, steps=14, evaluate_every=0.5)
    whole, memory = run(recipe), Memory()
    with pytest.raises(Stopped) as stopped:
        run(recipe, checkpoints=memory, until=until)
    assert stopped.value.row["epoch"] == epochs
    with pytest.raises(Stopped):
        run(recipe, checkpoints=memory, until=until)  # it is there already
    rest = run(recipe, checkpoints=memory)
    assert repr(rest.history) == repr(whole.history)
    assert all(same(rest.weights[m], whole.weights[m]) for m in whole.weights)


def test_a_run_that_ends_before_it_is_far_enough_simply_ends() -> None:
    recipe = replace(QUICK, steps=14, evaluate_every=0.5)
    ended = run(recipe, until=Until("train_error", 0.0, epochs=99.0))
    assert repr(ended.history) == repr(run(recipe).history)
    # The recipe's own target is an end, not a stop.
    target = replace(recipe, stop_at_train_error=1.0)
    assert run(target, until=Until("train_error", 1.0)).steps_done == 0


def test_dropout_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "own_dropout_u.py").write_text(
        "from torch import nn\n"
        "def net(in_shape, classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, classes))\n"
    )
    whole = run(QUICK, "own_dropout_u:net", {}, claims_folder=tmp_path)
    memory = Memory(3)
    with pytest.raises(Interrupted):
        run(QUICK, "own_dropout_u:net", {}, claims_folder=tmp_path, checkpoints=memory)
    torch.manual_seed(99)
    rest = run(QUICK, "own_dropout_u:net", {}, claims_folder=tmp_path, checkpoints=memory)
    assert same(rest.weights["last"], whole.weights["last"])


@pytest.mark.parametrize("recipe", HARD.values(), ids=HARD)
def test_several_steps_a_launch_are_the_steps_one_by_one(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything of the graphs but the launch: a "graph" here carries its body out from Python."""
    recipe = replace(recipe, steps=61)
    whole = run(recipe)
    launches: list[Any] = []

    def replayed(body: Any, pool: Any) -> Any:
        assert pool == (0, 1)

        def replay() -> None:
            launches.append(body)
            body()

        return replay

    monkeypatch.setattr("repro.training.loop.can_be_captured", lambda model, device: True)
    monkeypatch.setattr("repro.training.learner.captured", replayed)
    monkeypatch.setattr("repro.training.learner.graph_pool", lambda: (0, 1))
    monkeypatch.setattr("repro.training.learner.unrolled_steps", lambda model: 3)
    monkeypatch.setattr("repro.training.capture.captured", replayed)
    told: list[int] = []
    result = run(recipe, on_progress=lambda done, total: told.append(done))
    assert repr(result.history) == repr(whole.history)
    assert all(same(result.weights[m], whole.weights[m]) for m in whole.weights)
    assert told[:EAGER_STEPS] == list(range(1, EAGER_STEPS + 1))
    assert len(set(launches)) < len(launches) < 400  # replayed, steps and evaluations
    if recipe.evaluate_every == 3.0:
        assert len(told) < 61  # several steps in one


def test_a_step_waits_for_nothing_from_the_device() -> None:
    """What a CUDA graph forbids is seen without a GPU: reading a tensor's value from Python.

    Every way of doing so ends in one operator, and a captured step must not call it.
    """
    recipe = replace(QUICK, bn_group=25, augmentation="pad-crop-flip")
    seen: list[str] = []

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(func.name())
            return func(*args, **(kwargs or {}))

    feed = MemoryFeed(digits(200), recipe, 0, CPU)
    net = build_model(ModelSpec("cifar-resnet", 1, SMALL), feed.in_shape, feed.classes)
    group_batch_norm(net, 25)
    learner = Learner(recipe, 0, net, feed)
    learner.advance(0, [0.1])
    with Watch():
        learner.learn(*feed.staged(1)[0], learner.lr_table[0])
    assert "aten::convolution" in seen
    assert not {"aten::_local_scalar_dense", "aten::nonzero", "aten::masked_select"} & set(seen)


PINNED = {
    ("resnet-cifar", "cifar-plain"): [2.46799, 2.45083, 2.50498, 757.486],
    ("resnet-cifar", "cifar-resnet"): [2.94264, 2.72652, 2.63505, 763.921],
    ("resnet-cifar", "conv3-fc"): [2.32025, 2.31128, 2.30467, 3339.83],
    ("resnet-cifar", "conv2-local2-fc"): [2.33129, 2.28988, 2.29143, 9331.51],
    ("cuda-convnet-2012", "conv3-fc"): [2.30259, 2.30258, 2.30259, 619.644],
    ("cuda-convnet-2012", "conv2-local2-fc"): [2.30262, 2.30255, 2.30255, 4377.82],
}


@pytest.mark.parametrize(("name", "model"), PINNED)
def test_first_steps_are_pinned(name: str, model: str) -> None:
    """A change here changes what stored runs claim to be: bump the version of the recipe or the model."""
    recipe = replace(RECIPES[name], steps=3, epochs=None, evaluate_every=0.01)
    result = run(recipe, model, {"depth": 8, "width": 4} if model.startswith("cifar") else {}, n_train=1400)
    losses = [row["running_loss"] for row in result.history[1:]]
    size = sum(value.abs().sum().item() for value in result.weights["last"].values())
    assert [*losses, size] == pytest.approx(PINNED[name, model], rel=1e-3)


# Schedules -----------------------------------------------------------------------------------------------------------


def test_the_papers_schedule() -> None:
    recipe = RECIPES["resnet-cifar"]
    at = {0: 0.1, 31_999: 0.1, 32_000: 0.01, 47_999: 0.01, 48_000: 0.001, 63_999: 0.001}
    assert {step: scheduled_lr(recipe, step, 64_000) for step in at} == pytest.approx(at)


def test_cosine_against_torch() -> None:
    recipe = replace(QUICK, schedule="cosine", lr=0.3)
    optimiser = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=20)
    for step in range(20):
        assert scheduled_lr(recipe, step, 20) == pytest.approx(theirs.get_last_lr()[0])
        optimiser.step()
        theirs.step()


def test_warm_up_looks_at_tenths_of_an_epoch() -> None:
    warm_up = WarmUp(replace(QUICK, batch_size=100, warmup_lr=0.01, warmup_until_train_error=0.8), 5_000)
    assert [step for step in range(1, 16) if warm_up.ends_window(step)] == [5, 10, 15]
    warm_up.see(0.8)
    assert warm_up.applied_to(0.1) == 0.01
    warm_up.see(0.79)
    assert warm_up.applied_to(0.1) == 0.1
    assert not WarmUp(QUICK, 5_000).active


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [(10, 4.0, [4, 8, 10]), (10, 2.5, [2, 5, 8, 10]), (3, 0.2, [1, 2, 3]), (0, 5.0, []), (5, 100.0, [5])],
)
def test_evaluation_steps(steps: int, every: float, expected: list[int]) -> None:
    assert sorted(evaluation_steps(steps, every)) == expected


# Initialisation and parameter groups ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "activation", "expected"),
    [
        (
            "he",
            "tanh",
            {"conv2": math.sqrt(2 / 1600), "local3": math.sqrt(2 / 576), "fc": math.sqrt(2 / 1152)},
        ),
        ("fan-in", "relu", {"conv2": math.sqrt(2 / 1600), "local4": math.sqrt(2 / 288)}),
        ("fan-in", "tanh", {"conv2": math.sqrt(1 / 1600), "local4": math.sqrt(1 / 288)}),
        ("gaussian-0.01", "relu", {"conv1": 0.01, "local3": 0.01, "fc": 0.01}),
        ("cuda-convnet", "relu", {"conv1": 1e-4, "conv2": 0.01, "local3": 0.04, "local4": 0.04, "fc": 0.01}),
    ],
)
def test_initial_deviations(kind: Any, activation: str, expected: dict[str, float]) -> None:
    net = Conv2Local2FC((3, 24, 24), 10, activation=activation)
    initialise(net, kind, 0)
    for name, std in expected.items():
        layer = net.get_submodule(name)
        assert layer.weight.std().item() == pytest.approx(std, rel=0.05)
        assert abs(layer.weight.mean().item()) < 0.05 * std
        assert not layer.bias.any()


def test_initial_weights_depend_on_the_seed_alone() -> None:
    nets = [Conv3FC((1, 8, 8), 10) for _ in range(3)]
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        initialise(net, "he", seed)
    assert same(nets[0].state_dict(), nets[1].state_dict())
    assert not same(nets[0].state_dict(), nets[2].state_dict())


def test_parameter_groups() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 3))
    weights = {net[0].weight, net[2].weight}
    biases = {net[0].bias, net[1].bias, net[2].bias}
    groups = parameter_groups(
        net, replace(QUICK, decay="weights", bias_lr_factor=2.0, lr=0.1, weight_decay=0.5)
    )
    found = {(g["weight_decay"], g["lr"]): set(g["params"]) for g in groups}
    assert found == {(0.5, 0.1): weights, (0.0, 0.2): biases, (0.0, 0.1): {net[1].weight}}
    (everything,) = parameter_groups(net, replace(QUICK, weight_decay=0.5))
    assert everything["weight_decay"] == 0.5
    assert set(everything["params"]) == set(net.parameters())


def test_local_biases_are_biases_though_they_have_three_dimensions() -> None:
    net = Conv2Local2FC((1, 8, 8), 10)
    groups = parameter_groups(net, replace(QUICK, decay="weights", weight_decay=0.5))
    decayed = {id(p) for g in groups if g["weight_decay"] for p in g["params"]}
    assert decayed == {id(p) for name, p in net.named_parameters() if name.endswith("weight")}


def test_evaluation_against_one_image_at_a_time() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(4), nn.Linear(4, 3))
    net[1].running_mean.fill_(0.3)
    x, y = torch.randn(1203, 1, 2, 2), torch.randint(0, 3, (1203,))
    error, loss = evaluate(net.train(), zip(x.split(500), y.split(500), strict=True))
    logits = torch.stack([net[2]((v.flatten() - 0.3) / math.sqrt(1 + 1e-5)) for v in x])
    assert error == (logits.argmax(1) != y).double().mean().item()
    assert loss == pytest.approx(F.cross_entropy(logits, y).item(), rel=1e-5)
    assert not net.training
