"""A ModelSpec → the net, by its name in the registry or a user's own."""

from __future__ import annotations

import inspect
from pathlib import Path

from torch import nn

from repro.errors import Problem, ReproError, mistake, suggestion
from repro.registry import find_model, load
from repro.spec import ModelSpec


def build_model(
    spec: ModelSpec, in_shape: tuple[int, int, int], classes: int, claims_folder: Path | None = None
) -> nn.Module:
    """Return the net of `spec` for inputs (C, H, W) = `in_shape`, initialised as PyTorch does by default.

    Raises:
        ReproError: unknown model or option, an option's value out of range, or not an nn.Module.
    """
    where = f"model {spec.name}"
    entry = find_model(spec.name, where, claims_folder)
    unknown = [] if entry.options is None else sorted(spec.options.keys() - entry.options)
    if unknown:
        raise ReproError(*(_unknown(where, key, entry.options or frozenset()) for key in unknown))
    factory = load(entry.target, claims_folder, spec.version)
    try:
        inspect.signature(factory).bind(in_shape, classes, **spec.options)
    except TypeError as error:
        raise mistake(where, f"cannot be called as factory(in_shape, classes, **options): {error}") from None
    model = factory(in_shape, classes, **spec.options)
    if not isinstance(model, nn.Module):
        raise mistake(where, "its factory must return a torch.nn.Module", type(model).__name__)
    return model


def _unknown(where: str, option: str, known: frozenset[str]) -> Problem:
    return Problem(where, f"unknown option {option!r}", None, suggestion(option, known))
