"""A store as it would be after the shipped claims were checked at the paper's scale: made-up runs of full length."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from repro.experiment.net_check import check_nets
from repro.experiment.request import Request
from repro.experiment.requirements import Need, Requirements, requirements
from repro.judging.judgement import judge_claims
from repro.report.build.report import build_report
from repro.report.model import Report
from repro.spec import ReadingSpec
from repro.store import RunRecord, Store
from tests.support.helpers import PROVENANCE, layer_rows, run_record
from tests.support.shipped import library as shipped_library

SEEDS = 10
EPOCHS = 164  # 64,000 iterations of 128 images, as in ResNet's Sec. 4.2
ENDS = {
    "20": (0.015, 0.097),
    "32": (0.012, 0.101),
    "44": (0.032, 0.114),
    "56": (0.058, 0.132),
    "110": (0.01, 0.064),
}
"""Depth → training and test error at the end, near those of the plain nets of ResNet's Fig. 6."""


FIVE = (
    "alexnet/relu-speed",
    "resnet/gradient-preservation",
    "resnet/layer-responses",
    "resnet/plain-nets-degrade",
    "resnet/projection-shortcuts",
)


class InMemory(Store):
    """Keeps runs and readings in memory: hundreds of long histories, looked at some ten times each."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.kept: dict[str, RunRecord] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def run(self, key: str) -> RunRecord | None:
        return self.kept.get(key)

    def reading(self, key: str) -> list[dict[str, Any]] | None:
        return self.rows.get(key)


def report(root: Path) -> Report:
    """Return the report of the five first claims on a store of made-up runs in `root`, ten seeds of each."""
    store = InMemory(root)
    library = shipped_library()
    claims = library.select(FIVE)
    required = []
    for claim in claims:
        for reading in [need.reading for need in requirements(claim, "paper", store).exact]:
            store.rows[reading.key] = [{"value": 1e-12}]
        for row in check_nets(claim, store).rows:
            if row.reading is not None:
                store.rows[row.reading.key] = [{"value": math.ceil(row.low)}]
        # Tuning tries one rate after the other, and what is measured is known once it has chosen.
        while missing(store, needed := requirements(claim, "paper", store, SEEDS)):
            fill(store, needed)
        required.append(needed)
    return build_report(Request(library, claims, "paper", store), judge_claims(required, store))


def missing(store: InMemory, required: Requirements) -> bool:
    return any(store.run(need.spec.key) is None for need in required.needs)


def fill(store: InMemory, required: Requirements) -> None:
    """Put what a claim still needs."""
    for need in required.needs:
        if store.run(need.spec.key) is None:
            record = replace(
                run_record(need.spec, wall_seconds=900.0, steps_done=64_000), history=history(need)
            )
            record = replace(record, provenance={**PROVENANCE, "predicted_seconds": 840.0})
            store.kept[need.spec.key] = record
        for reading in need.readings.values():
            store.rows[reading.key] = rows(need, reading)


def history(need: Need) -> dict[str, list[float]]:
    """Return learning curves with drops at half and three quarters, as the paper's schedule has them."""
    dice = random.Random(need.spec.key)
    depth = str(need.spec.model.options.get("depth", 20))
    train, test = ENDS.get(depth, (0.2, 0.25))
    if "resnet" in need.spec.model.name:
        train, test = 0.004, 0.07
    slow = 3.0 if need.spec.model.options.get("activation") == "tanh" else 1.0
    columns: dict[str, list[float]] = {"step": [], "epoch": []}
    ends = {
        "train_error": train,
        "test_error": test,
        "ten_crop_error": test - 0.01,
        "running_error": train + 0.01,
    }
    recipe = need.spec.recipe
    epochs = round(recipe.epochs or (120 if need.spec.dataset.name == "imagenet" else EPOCHS))
    for epoch in range(epochs + 1):
        columns["step"].append(64_000.0 * epoch / epochs)
        columns["epoch"].append(float(epoch))
        late = 0.06 if epoch < epochs / 2 else 0.01 if epoch < 3 * epochs / 4 else 0.0
        for name, end in ends.items():
            level = end + late + 0.8 * math.exp(-epoch / (4 * slow))
            noise = dice.gauss(0, 0.02 if late > 0.05 else 0.002)
            images = 50_000 if name == "train_error" else 10_000  # an error is a number of images
            wrong = round(images * min(0.9, max(0.0, level + noise * level * 5)))
            columns.setdefault(name, []).append(wrong / images)
        if columns["train_error"][-1] <= (recipe.stop_at_train_error or -1.0):
            break
    for name, errors in {
        "train_loss": "train_error",
        "test_loss": "test_error",
        "running_loss": "running_error",
    }.items():
        columns[name] = [3 * value + 1e-3 for value in columns[errors]]
    return columns


def rows(need: Need, reading: ReadingSpec) -> list[dict[str, Any]]:
    """Return a number for each 3×3 layer, falling from the first to the last, smaller in residual nets."""
    dice = random.Random(reading.key)
    layers = int(need.spec.model.options.get("depth", 20)) - 1
    scale = 1.1 if "resnet" in need.spec.model.name else 1.7
    values = [scale * (1 + 0.3 * math.sin(i / 3)) * dice.uniform(0.9, 1.1) for i in range(layers)]
    return layer_rows(*values, stages=tuple(1 + 3 * i // layers for i in range(layers)))
