"""All GPUs of a machine, pretended on the CPU: who computes where."""

from __future__ import annotations

import sys
from collections import defaultdict

import pytest

from repro.errors import ReproError
from repro.execution import Progress, Workload
from repro.execution.devices import Place, named, others
from repro.execution.pool import Pool
from repro.planning.jobs import Job
from repro.store import Store
from tests.support import killing


def pool_of(store: Store, device: str, jobs: list[Job], seen: int, told: list[str]) -> Pool:
    def show(progress: Progress) -> None:
        if progress.message:
            told.append(progress.message)

    pool = Pool(Workload(jobs, store, show), store.root, device)
    options = pool.command[pool.command.index("repro.worker.process") + 1 :]
    pool.command = [sys.executable, "-m", "tests.support.pretended_gpus", str(seen), *options]
    return pool


def jobs_of(*seconds: float) -> list[Job]:
    """Return jobs of seeds 0, 1 …, the longest first, as a plan has them."""
    assert list(seconds) == sorted(seconds, reverse=True)
    specs = [killing.spec_of(seed) for seed in range(len(seconds))]
    return [
        Job(spec, True, (), ("p/c",), "not run yet", wall_seconds)
        for spec, wall_seconds in zip(specs, seconds, strict=True)
    ]


def made_on(store: Store) -> dict[str, set[int]]:
    """Return GPU → seeds of the runs that it carried out."""
    found = defaultdict(set)
    for line in (store.root / "made-on").read_text(encoding="utf-8").splitlines():
        gpu, seed = line.split()
        found[gpu].add(int(seed))
    return dict(found)


@pytest.mark.usefixtures("one_thread", "forked")
def test_cuda_is_all_gpus_each_with_several_nets_the_longest_first_and_a_broken_one_is_left_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three GPUs, the second broken. The others: the run of 10 s beside nothing, those of 3, 3 and 2 s on the other."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    told: list[str] = []
    jobs = jobs_of(10, 3, 3, 2)
    outcome = pool_of(store, "cuda", jobs, 3, told).run(1, nets=4)
    assert outcome.done == 4
    assert outcome.failures == {}
    assert made_on(store) == {"first": {0}, "2": {1, 2, 3}}
    assert any("CUDA_VISIBLE_DEVICES=1" in text and "this GPU is broken" in text for text in told)
    # What a GPU's worker makes of them is what a worker on the CPU makes of them.
    alone = Store(store.root / "alone")
    alone.prepare()
    killing.carry_out(killing.worker_of(alone.root, None), 1)
    one, other = (place.run(killing.spec_of(1).key) for place in (store, alone))
    assert one is not None
    assert other is not None
    assert one.weights == other.weights


def test_named_gpus_are_those_numbers_among_the_visible_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert named("cuda:0,3") == [
        Place("cuda", {"CUDA_VISIBLE_DEVICES": "0"}),
        Place("cuda", {"CUDA_VISIBLE_DEVICES": "3"}),
    ]
    assert named("cuda") is named("cpu") is named("auto") is None
    # As a batch system hands them out.
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,GPU-8932f937,7")
    assert named("cuda:1") == [Place("cuda", {"CUDA_VISIBLE_DEVICES": "GPU-8932f937"})]
    assert [place.environment["CUDA_VISIBLE_DEVICES"] for place in others(3)] == ["GPU-8932f937", "7"]
    with pytest.raises(ReproError, match="there is no GPU 3: CUDA_VISIBLE_DEVICES is 4,GPU-8932f937,7"):
        named("cuda:0,3")
    with pytest.raises(ReproError, match="names a GPU twice"):
        named("cuda:1,1")


@pytest.mark.usefixtures("forked")
def test_no_gpu_that_can_be_used_is_a_mistake(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with pytest.raises(ReproError, match="this GPU is broken"):
        pool_of(store, "cuda:1", jobs_of(1), 1, []).run(1, nets=2)
