"""Weights that were trained elsewhere → the state of a net here: read without executing code, renamed, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from repro.errors import Problem, ReproError, mistake, suggestion
from repro.spec import WeightsSpec

MOST_NAMED = 8
"""Weights that one problem names."""

KERNEL_DIMENSIONS, MATRIX_DIMENSIONS = 4, 2


def pretrained_state(model: nn.Module, spec: WeightsSpec, path: Path) -> dict[str, Tensor]:
    """Return the state of `model` that a file holds.

    Args:
        model: the net, on the CPU.
        spec: how names and axes of the file become those of the net.
        path: .safetensors, or what torch.save wrote of a state dict.

    Returns:
        A tensor for each of the net's own, of its shape. Counters of batches, which some frameworks do not keep, may be
        missing: they stay as they are.

    Raises:
        ReproError: the file cannot be read without executing code, holds no state, or does not fit the net.
    """
    where = f"weights {spec.file}"
    found = {_renamed(name, spec): tensor for name, tensor in _read(path, spec, where).items()}
    own = model.state_dict()
    missing = [name for name in own if name not in found and not name.endswith("num_batches_tracked")]
    idle = [name for name in found if name not in own and not name.endswith("num_batches_tracked")]
    problems: list[Problem] = []
    if missing:
        near = f"; of {missing[0]}: {suggestion(missing[0], idle)}" if idle else ""
        hint = f"say with `names` what they are called in the file{near}"
        problems.append(Problem(where, "lacks weights of the net", _named(missing), hint))
    if idle:
        hint = "is it another net, or are they called otherwise? see `names`"
        problems.append(Problem(where, "has weights that the net does not have", _named(idle), hint))
    if problems:
        raise ReproError(*problems)
    state = dict(own)
    first = next((name for name, tensor in own.items() if tensor.dim() == KERNEL_DIMENSIONS), None)
    for name, tensor in found.items():
        if name not in own:
            continue
        turned = _turned(tensor, spec)
        if name == first and spec.input_channels == "BGR":
            turned = turned.flip(1)
        if turned.shape != own[name].shape:
            hint = 'is it another net? layout = "keras" turns kernels that are (height, width, in, out)'
            received = f"{tuple(tensor.shape)} in the file, {tuple(own[name].shape)} here"
            problems.append(Problem(where, f"{name} has another shape", received, hint))
        else:
            state[name] = turned.to(own[name].dtype).contiguous()
    if problems:
        raise ReproError(*problems[:MOST_NAMED])
    return state


def _read(path: Path, spec: WeightsSpec, where: str) -> dict[str, Tensor]:
    """Return the tensors of a file by their names; nothing that it holds is executed."""
    try:
        content = _safetensors(path, where) if path.suffix == ".safetensors" else _pickled(path)
    except ReproError:
        raise
    except Exception as error:  # whatever somebody put there
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        hint = "save its state_dict() with torch.save, or as safetensors: objects and code are not loaded"
        raise mistake(where, f"does not load: {reason[:300]}", None, hint) from None
    # A file of safetensors is a state, whatever checkpoints beside it hold.
    if spec.inside is not None and path.suffix != ".safetensors":
        inner = content.get(spec.inside) if isinstance(content, Mapping) else None
        if inner is None:
            there = sorted(map(str, content)) if isinstance(content, Mapping) else []
            raise mistake(where, "has nothing under this key", spec.inside, suggestion(spec.inside, there))
        content = inner
    tensors = (
        {str(k): v for k, v in content.items() if isinstance(v, Tensor)}
        if isinstance(content, Mapping)
        else {}
    )
    if not tensors or len(tensors) < len(content):
        keys = (
            ", ".join(map(str, list(content)[:MOST_NAMED]))
            if isinstance(content, Mapping)
            else type(content).__name__
        )
        hint = 'name the key of its state with `inside`, such as inside = "state_dict"'
        raise mistake(where, "is no state of a net: names and tensors", keys, hint)
    return tensors


def _pickled(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _safetensors(path: Path, where: str) -> dict[str, Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError:
        hint = "install repro with the extra `weights`: pip install repro[weights]"
        raise mistake(
            where, "is read by the package safetensors, which is not installed", None, hint
        ) from None
    return load_file(path)


def _renamed(name: str, spec: WeightsSpec) -> str:
    for before, after in spec.names:
        name = name.replace(before, after)
    return name


def _turned(tensor: Tensor, spec: WeightsSpec) -> Tensor:
    if spec.layout != "keras":
        return tensor
    if tensor.dim() == KERNEL_DIMENSIONS:
        return tensor.permute(3, 2, 0, 1)
    return tensor.t() if tensor.dim() == MATRIX_DIMENSIONS else tensor


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
