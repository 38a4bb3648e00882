"""A small world to test in: claim files written from plain data, and a store of runs that nobody trained."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from repro.claims import Cell, Claim, Library, load_library
from repro.errors import Problem, ReproError
from repro.experiment.request import Request
from repro.experiment.requirements import Need, Requirements, requirements
from repro.judging.frame import collect
from repro.judging.judgement import judge_claims
from repro.judging.verdicts import ClaimVerdict, ExpectationVerdict, judge_claim
from repro.planning.jobs import Plan
from repro.planning.plan import make_plan
from repro.recipes import recipe
from repro.report.build.report import build_report
from repro.report.model import Report
from repro.spec import DatasetSpec, ModelSpec, ReadingSpec, RunSpec
from repro.store import RunRecord, Store

MOMENTS = ("init", "epoch-1", "mid", "last")
TRAIN_IMAGES, TEST_IMAGES = 1000, 500
PROVENANCE = {
    "machine": "Linux x86_64",
    "device": "cpu: test bench",
    "python": "3.11.0",
    "torch": "2.6.0",
    "repro": "0.1.0",
    "commit": "abc",
    "finished": "2026-01-01T00:00:00Z",
}
PAPER: dict[str, Any] = {
    "title": "A paper",
    "authors": ["A. Author"],
    "venue": "Nowhere",
    "year": 2020,
    "identifier": "arXiv:0",
    "bibtex_key": "author2020",
}
BASE: dict[str, Any] = {
    "title": "Deep plain nets fit worse",
    "statement": "A deep plain net has a higher training loss than a shallow one.",
    "source": {"where": "Sec. 1"},
    "experiment": {
        "protocol": {"of": "paper", "source": "Sec. 1"},
        "dataset": "digits",
        "recipe": {"name": "resnet-cifar", "batch_size": 64, "steps": 100},
        "seeds": {"looks": [5]},
    },
    "factors": {"depth": {"shallow": 8, "deep": 14}},
    "arms": {"plain": {"model": "cifar-plain"}, "residual": {"model": "cifar-resnet", "shortcut": "A"}},
    "metrics": {"loss": {"kind": "final", "of": "train_loss"}},
    "expect": {
        "gap": {
            "kind": "contrast",
            "title": "The deep net has the higher loss",
            "metric": "loss",
            "weights": {"plain/deep": 1, "plain/shallow": -1},
            "at_least": 1.0,
            "refuted": {"at_most": 0.0},
            "role": "decides",
            "why": "A reason.",
        }
    },
    "scale": {"smoke": {}},
}
"""A sound claim; tests change it."""


def changed(data: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a copy with the values at dotted paths (dots written ``__``) set; None removes."""
    result = copy.deepcopy(dict(data))
    for path, value in changes.items():
        *parents, last = path.split("__")
        table = result
        for name in parents:
            table = table.setdefault(name, {})
        if value is None:
            table.pop(last)
        else:
            table[last] = value
    return result


def toml(value: Any) -> str:
    """Write plain data as TOML: one inline value, or a whole file for a table at the top."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + " }"
    return repr(value)


class World:
    """A claims folder and a store under one temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "claims"
        self.store = Store(folder / "store")
        self.store.prepare()

    def write(self, data: Mapping[str, Any], name: str = "p/c", paper: Mapping[str, Any] = PAPER) -> Path:
        path = self.root / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        for target, content in ((path.parent / "paper.toml", paper), (path, data)):
            text = "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in content.items())
            target.write_text(text, encoding="utf-8")
        return path

    def library(self) -> Library:
        return load_library(self.root)

    def claim(self, name: str = "p/c") -> Claim:
        return self.library().select([name])[0]

    def problems(self) -> list[Problem]:
        """Return what `lint` finds."""
        try:
            self.library()
        except ReproError as error:
            return list(error.problems)
        return []

    def requirements(self, scale: str = "smoke", seeds: int | None = None, name: str = "p/c") -> Requirements:
        return requirements(self.claim(name), scale, self.store, seeds)

    def plan(self, scale: str = "smoke", seeds: int | None = None) -> Plan:
        return make_plan(
            [requirements(claim, scale, self.store, seeds) for claim in self.library().claims], self.store
        )

    def put(self, spec: RunSpec, **how: Any) -> RunRecord:
        made = run_record(spec, **how)
        self.store.put_run(made, {moment: blob(spec, moment) for moment in made.weights})
        return made

    def read(self, spec: ReadingSpec, rows: list[dict[str, Any]]) -> None:
        self.store.put_reading(spec, rows, PROVENANCE)

    def fill(
        self,
        how: Callable[[Cell, int], Mapping[str, Any]],
        rows: Callable[[Cell, int, str], list[dict[str, Any]]] | None = None,
        *,
        scale: str = "smoke",
        seeds: int | None = None,
        name: str = "p/c",
    ) -> None:
        """Put every measured run that a claim needs: `how` gives (cell, seed) → arguments of `run_record`."""
        for need in self.requirements(scale, seeds, name).needs:
            self.put(need.spec, **how(need.cell, need.spec.seed))
            if rows is not None:
                self.read_all(need, rows)

    def read_all(self, need: Need, rows: Callable[[Cell, int, str], list[dict[str, Any]]]) -> None:
        record = self.store.run(need.spec.key)
        assert record is not None
        for reading in need.readings.values():
            if reading.moment in record.weights:
                self.read(reading, rows(need.cell, need.spec.seed, reading.moment or ""))

    def frame(self, scale: str = "smoke", seeds: int | None = None, name: str = "p/c") -> pd.DataFrame:
        return collect([self.requirements(scale, seeds, name)], self.store).frame

    def judge(self, scale: str = "smoke", seeds: int | None = None, name: str = "p/c") -> ClaimVerdict:
        item = self.requirements(scale, seeds, name)
        return judge_claim(item, collect([item], self.store))

    def expectation(self, which: str, scale: str = "smoke", seeds: int | None = None) -> ExpectationVerdict:
        return next(e for e in self.judge(scale, seeds).expectations if e.id == which)

    def report(
        self, scale: str = "smoke", seeds: int | None = None, claims: Sequence[Claim] | None = None
    ) -> Report:
        library = self.library()
        claims = library.claims if claims is None else claims
        required = [requirements(claim, scale, self.store, seeds) for claim in claims]
        return build_report(Request(library, claims, scale, self.store), judge_claims(required, self.store))


def blob(spec: RunSpec, moment: str) -> bytes:
    """Return what stands for kept weights."""
    return f"weights of {spec.key} at {moment}".encode()


def run_record(
    spec: RunSpec,
    *,
    outcome: str = "finished",
    kept: tuple[str, ...] = MOMENTS,
    wall_seconds: float = 2.0,
    steps_done: int | None = None,
    **columns: float | list[float],
) -> RunRecord:
    """Return a run as if trained; columns of the history are lists, or one number that it ends with."""
    length = max([len(values) for values in columns.values() if isinstance(values, list)], default=2)
    epochs = [float(i) for i in range(length)]
    history: dict[str, list[float]] = {"step": [10 * epoch for epoch in epochs], "epoch": epochs}
    names = ("train_error", "train_loss", "test_error", "test_loss", "running_error", "running_loss")
    for name in names:
        value = columns.pop(name, 0.5)
        history[name] = value if isinstance(value, list) else [0.9] * (length - 1) + [value]
    history |= {name: value for name, value in columns.items() if isinstance(value, list)}
    return RunRecord(
        key=spec.key,
        spec=spec.as_json(),
        history=history,
        outcome=outcome,  # type: ignore[arg-type]
        steps_done=int(history["step"][-1]) if steps_done is None else steps_done,
        chance_error=0.9,
        images={"train": TRAIN_IMAGES, "test": TEST_IMAGES},
        wall_seconds=wall_seconds,
        weights={moment: hashlib.sha256(blob(spec, moment)).hexdigest() for moment in kept},
        provenance=PROVENANCE,
    )


def spec_of(seed: int = 0, lr: float = 0.1, **recipe_fields: Any) -> RunSpec:
    """Return some run."""
    return RunSpec(
        dataset=DatasetSpec("digits", "f" * 64),
        model=ModelSpec("cifar-plain", 1, {"depth": 8}),
        recipe=recipe("resnet-cifar", {"batch_size": 64, "steps": 100, "lr": lr, **recipe_fields}),
        seed=seed,
    )


def layer_rows(*values: float, stages: tuple[int, ...] | None = None) -> list[dict[str, Any]]:
    """Return a probe's rows, one a layer."""
    stages = stages or tuple(range(1, len(values) + 1))
    return [
        {"layer": f"layer{i}", "index": i, "stage": stage, "value": value}
        for i, (value, stage) in enumerate(zip(values, stages, strict=True), start=1)
    ]
