"""Taking a reading: the one entry point for probes of runs and of models as built, and for formulas."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from repro.datasets import ImageData, ImageFiles
from repro.errors import mistake
from repro.models import build_model
from repro.models.normalisation import group_batch_norm
from repro.probes.context import ProbeContext, Rows
from repro.registry import find_formula, find_probe, load
from repro.spec import ModelSpec, ReadingSpec, RunSpec
from repro.training.feed_choice import feed_for
from repro.training.feeds import Feed
from repro.training.seeds import global_stream


def take_reading(
    reading: ReadingSpec,
    *,
    weights: Mapping[str, Tensor] | None,
    data: ImageData | ImageFiles | None,
    device: torch.device,
    claims_folder: Path | None = None,
) -> Rows:
    """Return the probe's rows.

    Args:
        reading: what to read. Its `run` makes it a probe of a run; its `subject`, ``{"model": {"name",
            "version", "options"}, "in_shape": [C, H, W], "classes": n}``, one of a model as built; neither, the
            value of a formula.
        weights: the run's kept weights at the reading's moment; for a run only.
        data: the run's dataset; for a run only.
        device: where to compute.
        claims_folder: where a user's own probes and models are looked for.

    Raises:
        ReproError: unknown probe or option, the probe does not fit what it is read from, or it returned no
            rows.
    """
    if reading.run is None and reading.subject is None:
        return _computed(reading, claims_folder)
    where = f"probe {reading.probe}"
    entry = find_probe(reading.probe, where, claims_folder)
    unknown = set() if entry.options is None else reading.options.keys() - entry.options
    if unknown:
        raise mistake(
            where, f"unknown option {sorted(unknown)[0]!r}", None, f"known: {sorted(entry.options or ())}"
        )
    probe = load(entry.target, claims_folder, reading.version)
    if reading.run is not None:
        if weights is None or data is None:
            raise mistake(where, "needs the run's kept weights and its data")
        with closing(feed_for(data, reading.run.recipe, reading.run.seed, device)) as feed:
            return _checked(probe(_of_run(reading, reading.run, weights, feed, device, claims_folder)), where)
    assert reading.subject is not None
    if ":" not in reading.probe and ":" not in reading.subject["model"]["name"]:
        # The shipped static probes read sizes of the shipped nets, and no values: nothing is allocated.
        device = torch.device("meta")
    return _checked(probe(_of_model(reading, reading.subject, device, claims_folder)), where)


def _computed(reading: ReadingSpec, claims_folder: Path | None) -> Rows:
    """Return the value of a formula, which knows nothing but its options."""
    where = f"formula {reading.probe}"
    formula = load(find_formula(reading.probe, where, claims_folder).target, claims_folder)
    try:
        value = formula(**reading.options)
    except TypeError as error:
        raise mistake(where, str(error), dict(reading.options), "its options are its arguments") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise mistake(where, "must return a number", value, "turn arrays into numbers with .item()")
    return [{"value": value}]


def _checked(rows: object, where: str) -> Rows:
    """Return a probe's answer if it is one; values may be infinite or NaN, as those of a diverged net are."""
    what = 'must return a list of at least one row, each a dict with a number "value"'
    if not isinstance(rows, list) or not rows:
        raise mistake(where, what, rows if rows is not None else "nothing", 'such as [{"value": 0.5}]')
    for row in rows:
        value = row.get("value") if isinstance(row, dict) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise mistake(where, what, row, "turn tensors and arrays into numbers with .item()")
    return rows


def _of_run(
    reading: ReadingSpec,
    run: RunSpec,
    weights: Mapping[str, Tensor],
    feed: Feed,
    device: torch.device,
    claims_folder: Path | None,
) -> ProbeContext:
    with global_stream(run.seed, torch.device("cpu")):
        model = build_model(run.model, feed.in_shape, feed.classes, claims_folder)
    group_batch_norm(model, run.recipe.bn_group)
    model.load_state_dict(weights)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's stubs
    model.eval()
    return ProbeContext(
        device=device,
        options=reading.options,
        model=model,
        in_shape=feed.in_shape,
        data=feed,
        recipe=run.recipe,
        seed=run.seed,
    )


def _of_model(
    reading: ReadingSpec, subject: Mapping[str, Any], device: torch.device, claims_folder: Path | None
) -> ProbeContext:
    channels, height, width = subject["in_shape"]
    in_shape = (channels, height, width)
    place = device if device.type == "meta" else torch.device("cpu")
    with global_stream(0, torch.device("cpu")), place:
        model = build_model(ModelSpec(**subject["model"]), in_shape, subject["classes"], claims_folder)
    model.to(device)
    return ProbeContext(device=device, options=reading.options, model=model, in_shape=in_shape)
