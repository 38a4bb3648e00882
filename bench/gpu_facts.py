"""What decides how fast small nets train on a GPU: launches, gaps between kernels, nets side by side, layouts.

On a CPU what needs no CUDA is measured, so that the bench itself can be tried there.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise
from statistics import median

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from bench.documents import Document, Row
from bench.work import BATCH, NETS
from repro.models import build_model
from repro.models.normalisation import group_batch_norm
from repro.training.capture import EAGER_STEPS, captured, graph_pool
from repro.training.compiled import compile_blocks
from repro.training.devices import fix_algorithms, own_stream
from repro.worker.process import choose_device

Body = Callable[[], None]
SHAPE = (3, 32, 32)


def measure(document: Document, name: str, *, quick: bool = False) -> None:
    """Measure fact by fact; one that fails is told in its row, and the others go on."""
    device = choose_device(name)
    fix_algorithms("bf16", device)
    times = 3 if quick else 50
    depths = ("resnet-20",) if quick else ("resnet-20", "resnet-110")
    # What is most likely to fail comes last.
    facts: list[tuple[str, Callable[[], Iterator[Row]]]] = [
        *((f"{net}: step", lambda net=net: steps(net, device, times)) for net in depths),
        ("convolution, 16 channels", lambda: convolutions(device, times)),
    ]
    if device.type == "cuda":
        facts += [
            ("launch of a graph", lambda: launches(device, times)),
            *(
                (f"{net}: side by side", lambda net=net: side_by_side(net, device, times))
                for net in ("resnet-20", "conv3-fc")
            ),
            *((f"{net}: a graph of one step", lambda net=net: inside_a_graph(net, device)) for net in depths),
        ]
    facts += [
        (f"{net}: compiled step", lambda net=net: steps(net, device, times, compiles=True)) for net in depths
    ]
    for fact, taken in facts:
        if document.wants(fact):
            rows = []
            try:
                rows += taken()
            except Exception as error:
                rows.append({"failed": f"{type(error).__name__}: {error}"})
            document.add([{"row": fact, **row} for row in rows])


def step_of(net: str, device: torch.device, *, compiles: bool = False, bn_group: int | None = None) -> Body:
    """Return one training step on fixed images: bf16 on CUDA, channels last, fused SGD."""
    model = group_batch_norm(build_model(NETS[net], SHAPE, 10), bn_group)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if compiles:
        compile_blocks(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True)
    inputs = torch.randn(BATCH, *SHAPE, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(BATCH, dtype=torch.int64, device=device)

    def body() -> None:
        optimiser.zero_grad(set_to_none=True)
        # Casts are not cached: a graph makes them anew.
        with torch.autocast("cuda", torch.bfloat16, cache_enabled=False) if _cuda(device) else nullcontext():
            loss = F.cross_entropy(model(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return body


def graphed(body: Body, warm: int = EAGER_STEPS) -> Body:
    """Return a body as a CUDA graph, captured on the current stream, which is a side stream."""
    for _ in range(warm):
        body()
    return captured(body, graph_pool())


def steps(net: str, device: torch.device, times: int, *, compiles: bool = False) -> Iterator[Row]:
    """Time a step that is launched from Python, and as a graph; BN over the batch, and over groups as in the paper."""
    for group in (None, 64):
        about = {"bn_group": group, "compiled": compiles}
        with own_stream(device):
            began = time.perf_counter()
            body = step_of(net, device, compiles=compiles, bn_group=group)
            body()
            _wait(device)
            first = time.perf_counter() - began
            eager = timed(body, device, times)
            yield {"how": "eager", **about, "milliseconds": eager, "first_step_seconds": first}
            if _cuda(device):
                yield {"how": "graphed", **about, "milliseconds": timed(graphed(body), device, times)}


def inside_a_graph(net: str, device: torch.device) -> Iterator[Row]:
    """Count the kernels of a step's graph, and how long the GPU stands still between them."""
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with own_stream(device):
        # The profiler must have been there before a graph, or it may not see inside.
        with torch.profiler.profile(activities=activities):
            torch.zeros(1, device=device)
        replay = graphed(step_of(net, device))
        with torch.profiler.profile(activities=activities) as profile:
            replay()
            torch.cuda.synchronize()
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in profile.events() or ()
        if event.device_type.name == "CUDA"
    )
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    names = Counter(event.name for event in profile.events() or () if event.device_type.name == "CUDA")
    yield {
        "most": "; ".join(f"{count} {name[:60]}" for name, count in names.most_common(12)),
        "kernels": len(spans),
        "span_microseconds": spans[-1][1] - spans[0][0],
        "busy_microseconds": sum(end - start for start, end in spans),
        "median_gap_microseconds": median(gaps),
        "median_kernel_microseconds": median(end - start for start, end in spans),
    }


def launches(device: torch.device, times: int) -> Iterator[Row]:
    """Time launching graphs of 1, 100 and 1,000 tiny kernels: what the host pays, and what passes on the device."""
    tensor = torch.zeros(1, device=device)
    with own_stream(device):
        for kernels in (1, 100, 1_000):

            def body(kernels: int = kernels) -> None:
                for _ in range(kernels):
                    tensor.add_(1)

            replay = graphed(body, warm=1)
            torch.cuda.synchronize()
            began = time.perf_counter()
            replay()
            host = time.perf_counter() - began
            yield {
                "kernels": kernels,
                "host_microseconds": 1e6 * host,
                "milliseconds": timed(replay, device, times),
            }


def convolutions(device: torch.device, times: int) -> Iterator[Row]:
    """Time a 3×3 convolution of 16 channels on 128 maps of 32×32, forward and backward."""
    kinds = [(torch.float32, "fp32")] + ([(torch.bfloat16, "bf16")] if _cuda(device) else [])
    layouts = {"channels last": torch.channels_last, "channels first": torch.contiguous_format}
    for dtype, precision in kinds:
        for layout, memory in layouts.items():
            module = nn.Conv2d(16, 16, 3, padding=1, bias=False).to(device, dtype, memory_format=memory)  # type: ignore[call-overload]
            maps = torch.randn(BATCH, 16, 32, 32, device=device, dtype=dtype).contiguous(memory_format=memory)
            maps.requires_grad_(True)

            def body(module: nn.Module = module, maps: torch.Tensor = maps) -> None:
                module(maps).sum().backward()

            yield {"precision": precision, "layout": layout, "milliseconds": timed(body, device, times)}


def side_by_side(net: str, device: torch.device, times: int) -> Iterator[Row]:
    """Train 1 to 16 nets at once, each with its graph, thread and stream; images a second of all together."""
    for count in (1, 2, 4, 8, 16):
        ready = threading.Barrier(count + 1)

        def run(ready: threading.Barrier = ready) -> None:
            try:
                with own_stream(device):
                    replay = graphed(step_of(net, device))
                    torch.cuda.current_stream().synchronize()
                    ready.wait()
                    for _ in range(10 * times):
                        replay()
            except BaseException:
                ready.abort()
                raise

        with ThreadPoolExecutor(count) as threads:
            running = [threads.submit(run) for _ in range(count)]
            with contextlib.suppress(threading.BrokenBarrierError):
                ready.wait()
            began = time.perf_counter()
            for one in running:
                one.result()
            seconds = time.perf_counter() - began
        yield {"nets": count, "images_per_second": count * 10 * times * BATCH / seconds}


def timed(body: Body, device: torch.device, times: int) -> float:
    """Return the median milliseconds of a body over five series of `times`, after a first series."""
    series = []
    for _ in range(6):
        _wait(device)
        began = time.perf_counter()
        for _ in range(times):
            body()
        _wait(device)
        series.append(1e3 * (time.perf_counter() - began) / times)
    return median(series[1:])


def _wait(device: torch.device) -> None:
    if _cuda(device):
        torch.cuda.synchronize()


def _cuda(device: torch.device) -> bool:
    return device.type == "cuda"
