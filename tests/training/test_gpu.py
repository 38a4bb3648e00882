"""What a GPU does, as far as it can be seen without one: streams, captures, devices of tensors, what an error ends."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from repro.datasets import ImageData
from repro.errors import mistake
from repro.models import build_model
from repro.models.normalisation import group_batch_norm
from repro.recipes import RECIPES, Recipe
from repro.spec import DatasetSpec, ModelSpec, Numerics, RunSpec
from repro.training import train
from repro.training.capture import SINCE, BrokenCaptureError, captured
from repro.training.compiled import compile_blocks, compiling
from repro.training.devices import MOST_STREAMS, is_out_of_memory, own_stream
from repro.training.feeds import MemoryFeed
from repro.training.learner import Learner
from repro.training.seeds import nobody_else_draws
from repro.worker.failures import ends_the_process, reason

GPU = torch.device("cuda", 0)
CPU = torch.device("cpu")
RESNET = {"depth": 8, "width": 4, "shortcut": "A"}


def pictures(count: int, shape: tuple[int, int, int] = (3, 32, 32)) -> ImageData:
    draw = np.random.default_rng(0)
    return ImageData(
        draw.integers(0, 256, (count, *shape), dtype=np.uint8),
        draw.integers(0, 10, count),
        draw.integers(0, 256, (32, *shape), dtype=np.uint8),
        draw.integers(0, 10, 32),
        10,
        "made up",
    )


# Streams ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """torch's streams as it hands them out: 32, over and over. Returns the one that each entry made current."""
    turn = iter(range(10_000))
    entered: list[int] = []

    class Stream:
        def __init__(self, device: torch.device) -> None:
            self.cuda_stream = next(turn) % 32

        def synchronize(self) -> None:
            pass

    def current(stream: Stream) -> contextlib.AbstractContextManager[None]:
        entered.append(stream.cuda_stream)
        return contextlib.nullcontext()

    monkeypatch.setattr("torch.cuda.Stream", Stream)
    monkeypatch.setattr("torch.cuda.stream", current)
    monkeypatch.setattr("repro.training.devices._idle", [])
    monkeypatch.setattr("repro.training.devices._taken", set())
    return entered


def test_no_two_runs_share_a_stream(streams: list[int]) -> None:
    """A long run stays while a hundred short ones come and go, and others draw from torch's streams, too."""
    with own_stream(GPU):
        for _ in range(100):
            torch.cuda.Stream(GPU)
            with own_stream(GPU), own_stream(GPU):
                pass
    long, short = streams[0], streams[1:]
    assert long not in short
    assert all(a != b for a, b in zip(short[::2], short[1::2], strict=True))
    assert len(set(streams)) == 3  # found again, and so is their memory


def test_there_are_no_more_runs_than_streams(streams: list[int]) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(MOST_STREAMS):
            stack.enter_context(own_stream(GPU))
        assert len(set(streams)) == MOST_STREAMS
        with pytest.raises(RuntimeError, match="more than 32 runs"), own_stream(GPU):
            pass
    with own_stream(GPU):
        pass


# Captures -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of CUDA, in order."""
    told: list[str] = []

    class Graph:
        def capture_begin(self, **_: Any) -> None:
            told.append("begin")

        def capture_end(self) -> None:
            told.append("end")

        def replay(self) -> None:
            told.append("replay")

    class Event:
        number = 0

        def __init__(self, blocking: bool) -> None:
            Event.number += 1
            self.name = Event.number

        def synchronize(self) -> None:
            told.append(f"wait {self.name}")

        def record(self) -> None:
            told.append(f"mark {self.name}")

    monkeypatch.setattr("torch.cuda.CUDAGraph", Graph)
    monkeypatch.setattr("torch.cuda.Event", Event)
    monkeypatch.setattr("torch.cuda.empty_cache", lambda: told.append("give back"))
    return told


def test_at_most_two_replays_are_under_way(story: list[str]) -> None:
    replay = captured(lambda: story.append("body"), (0, 0))  # type: ignore[arg-type]
    # During a capture torch gives nothing back: what ended nets have left goes before it.
    assert story == ["give back", "begin", "body", "end"]
    story.clear()
    for _ in range(4):
        replay()
    # The third waits for the first, the fourth for the second.
    assert " ".join(story) == " ".join(f"wait {one} replay mark {one}" for one in (1, 2, 1, 2))


def test_a_capture_has_the_random_stream_and_the_compiler_to_itself(story: list[str]) -> None:
    seen: list[bool] = []

    def body() -> None:
        with ThreadPoolExecutor(1) as other:
            seen.extend(
                other.submit(lock.acquire, blocking=False).result() for lock in (nobody_else_draws, compiling)
            )

    captured(body, (0, 0))  # type: ignore[arg-type]
    assert seen == [False, False]
    assert nobody_else_draws.acquire(blocking=False)
    nobody_else_draws.release()


def test_no_cycle_is_collected_during_a_capture(story: list[str]) -> None:
    """Freeing another net's graph in the capturing thread invalidates the capture, as torch's own context says."""
    freed: list[bool] = []

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            freed.append(True)

    def body() -> None:
        for _ in range(20_000):  # many times the collector's threshold
            Cycle()
        assert not freed

    assert gc.isenabled()
    captured(body, (0, 0))  # type: ignore[arg-type]
    assert gc.isenabled()
    gc.collect()
    assert len(freed) == 20_000


def test_a_body_that_fails_leaves_the_device_as_it_was_and_a_capture_that_cannot_end_does_not(
    story: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def body() -> None:
        raise torch.OutOfMemoryError("too large")

    with pytest.raises(torch.OutOfMemoryError):
        captured(body, (0, 0))  # type: ignore[arg-type]
    assert story == ["give back", "begin", "end"]

    def capture_end(self: Any) -> None:
        raise RuntimeError("operation failed due to a previous error during capture")

    monkeypatch.setattr("torch.cuda.CUDAGraph.capture_end", capture_end, raising=False)
    monkeypatch.setattr(torch.cuda.CUDAGraph, "capture_end", capture_end)
    with pytest.raises(BrokenCaptureError, match="previous error"):
        captured(lambda: None, (0, 0))  # type: ignore[arg-type]
    assert not nobody_else_draws.locked()


# Errors -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("out of memory of last year"), False),
    ],
)
def test_what_says_that_memory_ran_out(error: Exception, told: bool) -> None:
    assert is_out_of_memory(error) is told


def test_after_which_errors_a_process_is_of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repro.worker.failures.is_usable", lambda device: True)
    assert not ends_the_process(ValueError("a bug of the user's net"), GPU)
    assert ends_the_process(BrokenCaptureError("cannot be ended"), GPU)
    monkeypatch.setattr("repro.worker.failures.is_usable", lambda device: False)
    assert ends_the_process(RuntimeError("CUDA error: device-side assert triggered"), GPU)
    assert not ends_the_process(mistake("recipe", "wrong"), GPU)
    assert not ends_the_process(RuntimeError("on a CPU every error is over when it is over"), CPU)


def test_an_error_is_shown_at_the_users_own_line(tmp_path: Path) -> None:
    claims = tmp_path / "claims"
    claims.mkdir()
    own = claims / "own_net.py"
    own.write_text("import torch\ndef net():\n    return torch.zeros(2, 3) @ torch.zeros(2, 3)\n", "utf-8")
    names: dict[str, Callable[[], Tensor]] = {}
    exec(compile(own.read_text("utf-8"), str(own), "exec"), names)
    with pytest.raises(RuntimeError) as wrong:
        names["net"]()
    assert reason(wrong.value, claims).endswith("(own_net.py:3)")
    (tmp_path / "elsewhere.py").write_text("def net():\n\n\n\n    raise ValueError('4')\n", "utf-8")
    exec(compile((tmp_path / "elsewhere.py").read_text("utf-8"), "elsewhere.py", "exec"), names)
    with pytest.raises(ValueError, match="4") as other:
        names["net"]()
    assert reason(other.value, claims) == "ValueError: 4 (elsewhere.py:5)"


# Devices ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tensors without content that pretend to be on a GPU: operators refuse to mix them with others, or to be read.

    What needs a GPU to be there, the backward pass and the fused update, is left out.
    """
    if not torch.backends.cuda.is_built() or torch.cuda.is_available():
        pytest.skip("is for a build of torch for CUDA without a GPU")
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < SINCE:
        pytest.skip("older versions cannot pretend without a driver")

    def fused_sgd(*lists: list[Tensor], lr: Tensor, **_: Any) -> None:
        assert {tensor.device for tensors in lists for tensor in tensors} == {GPU} == {lr.device}

    monkeypatch.setattr("torch._fused_sgd_", fused_sgd)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


@pytest.mark.parametrize("net", ["cifar-resnet", "cifar-plain", "conv3-fc", "conv2-local2-fc"])
def test_a_run_stays_on_its_device_and_is_never_waited_for(
    net: str, pretended: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(RECIPES["resnet-cifar"], batch_size=32, bn_group=16)
    options = {"depth": 8, "width": 4} if net.startswith("cifar") else {}
    feed = MemoryFeed(pictures(256), recipe, 0, GPU, 4)
    with GPU:
        model = build_model(ModelSpec(net, 1, options), feed.in_shape, 10)
        group_batch_norm(model, recipe.bn_group)

    def backward(loss: Tensor) -> None:
        assert loss.device == GPU
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)

    monkeypatch.setattr("torch.Tensor.backward", backward)
    learner = Learner(recipe, 0, model, feed)
    # What is copied to a GPU without waiting for it comes from pinned memory.
    monkeypatch.setattr("torch.Tensor.pin_memory", lambda tensor: tensor)
    learner.advance(0, [0.1])
    feed.stage(1, 4)
    for number, (inputs, labels) in enumerate(feed.staged(4)):
        assert {inputs.device, labels.device} == {GPU}
        learner.learn(inputs, labels, learner.lr_table[number])
    for split in ("train", "test"):
        for inputs, _ in feed.clean(split):  # type: ignore[arg-type]
            assert learner.predict(inputs).device == GPU
    assert learner.finite_steps.device == GPU
    assert {value.device for value in model.state_dict().values()} == {GPU}


# Compiling ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """torch.compile as it is, but for the last stage: what it found is carried out as it stands. One entry each."""
    made: list[int] = []

    def backend(graph: Any, inputs: Any) -> Any:
        made.append(len(inputs))
        return graph.forward

    real = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda self, **given: real(self, backend=backend, **given)
    )
    torch._dynamo.reset()
    yield made
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch's own look at what it compiles
def test_blocks_of_one_kind_are_compiled_once_whatever_the_depth(compilations: list[int]) -> None:
    """Three sizes of maps and two steps between them make five kinds; the deeper net has no others."""
    inputs = torch.randn(4, 3, 16, 16).contiguous(memory_format=torch.channels_last)
    for depth, kinds in ((14, 5), (20, 5)):
        model = build_model(ModelSpec("cifar-resnet", 1, {**RESNET, "depth": depth}), (3, 16, 16), 10)
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        names = list(model.state_dict())
        expected = model(inputs)
        compile_blocks(model)
        assert torch.equal(model(inputs), expected)
        assert len(compilations) == kinds
        assert list(model.state_dict()) == names


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
def test_a_compiled_run_is_another_run_and_learns_the_same(compilations: list[int]) -> None:
    recipe = Recipe(name="quick", batch_size=25, steps=6, lr=0.05, bn_group=None, evaluate_every=1.0)
    specs = [
        RunSpec(
            DatasetSpec("made up", ""), ModelSpec("cifar-resnet", 1, RESNET), recipe, 0, Numerics("fp32", on)
        )
        for on in (False, True)
    ]
    assert specs[0].key != specs[1].key
    data = pictures(100, (1, 8, 8))
    plain, compiled = (train(spec, data, CPU) for spec in specs)
    assert compilations
    assert repr(compiled.history) == repr(plain.history)
    assert list(compiled.weights["last"]) == list(plain.weights["last"])


def test_nets_side_by_side_compile_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forward pass that finds another one in its midst says so."""
    inside, most = 0, 0
    guard = threading.Lock()

    def forward(self: torch.nn.Module, inputs: Tensor) -> Tensor:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.002)
        with guard:
            inside -= 1
        return inputs.flatten(1)[:, :10] * self.fc.weight.sum()  # type: ignore[union-attr,operator]

    monkeypatch.setattr("repro.models.cifar.CifarNet.forward", forward)
    monkeypatch.setattr("repro.training.learner.compile_blocks", lambda model: None)
    recipe = Recipe(name="quick", batch_size=25, steps=4, lr=0.001, bn_group=None)
    data = pictures(50, (1, 8, 8))

    def one(seed: int) -> None:
        model = ModelSpec("cifar-resnet", 1, RESNET)
        train(RunSpec(DatasetSpec("made up", ""), model, recipe, seed, Numerics("fp32", True)), data, CPU)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(one, range(3)))
    assert most == 1


# For real -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> torch.device:
    """The CPU, and a GPU where there is one: the same must be true of both."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    return torch.device(request.param)


def short_run(model: ModelSpec, seed: int, precision: str = "fp32") -> RunSpec:
    """Long enough for steps and evaluations to be captured and replayed, with a rest of single steps."""
    recipe = Recipe(
        name="quick", batch_size=25, steps=75, lr=0.02, augmentation="pad-crop-flip", evaluate_every=6.0
    )
    return RunSpec(DatasetSpec("made up", ""), model, recipe, seed, Numerics(precision))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_captured_steps_are_the_steps_one_by_one(
    device: torch.device, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (device.type, precision) == ("cpu", "bf16"):
        pytest.skip("a CPU captures nothing, and takes its time in bf16")
    data = pictures(100, (3, 16, 16))
    spec = short_run(ModelSpec("cifar-resnet", 1, RESNET), 3, precision)
    captured_run = train(spec, data, device)
    monkeypatch.setattr("repro.training.loop.can_be_captured", lambda model, device: False)
    one_by_one = train(spec, data, device)
    assert repr(captured_run.history) == repr(one_by_one.history)
    for moment, weights in one_by_one.weights.items():
        assert all(torch.equal(weights[name], captured_run.weights[moment][name]) for name in weights)


def test_nets_together_are_nets_alone(device: torch.device, tmp_path: Path) -> None:
    """More runs than threads, of different lengths, one of the nets with dropout, which is never captured."""
    (tmp_path / "own_dropping_together.py").write_text(
        "from torch import nn\n"
        "def net(in_shape, classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(768, classes))\n"
    )
    data = pictures(100, (3, 16, 16))
    models = [
        ModelSpec("cifar-resnet", 1, RESNET),
        ModelSpec("cifar-plain", 1, {"depth": 14, "width": 4}),
        ModelSpec("own_dropping_together:net", "1"),
    ]
    specs = [short_run(model, seed) for seed in range(12 if device.type == "cuda" else 2) for model in models]

    def one(spec: RunSpec) -> str:
        result = train(spec, data, device, claims_folder=tmp_path)
        return repr(result.history) + repr([float(value.sum()) for value in result.weights["last"].values()])

    alone = [one(spec) for spec in specs[:3]]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(one, specs))
    assert together[:3] == alone
    assert len(set(together)) == len(specs)
