"""torch.compile by block: what lies between convolutions becomes one kernel, and equal blocks are compiled once.

A small net on a GPU moves its activations more often than it computes with them; fused, ReLU, additions and batch
normalisation read and write them once. A net of 110 layers has five kinds of blocks: compiled whole, it would take
minutes, block by block it takes as long as one of 20 layers.
"""

from __future__ import annotations

import threading

import torch
from torch import nn

MOST_KINDS = 64
"""Of blocks in a process: shapes, strides and shortcuts, each in training and in evaluation. torch's own bound is 8."""

compiling = threading.RLock()
"""Held for passes that may compile: nets that train side by side in one process compile one at a time."""


def compile_blocks(model: nn.Module) -> None:
    """Have the model's blocks compiled when they are first called; a net without blocks as a whole.

    A block is a module with ``probe_role = "block"``. Parameters and their names stay as they are.
    """
    torch._dynamo.config.cache_size_limit = MOST_KINDS  # recompile_limit's name in every version
    if hasattr(torch._inductor.config, "deterministic"):
        # No kernel is chosen by timing, which depends on what else runs.
        torch._inductor.config.deterministic = True
    blocks = [module for module in model.modules() if getattr(module, "probe_role", None) == "block"]
    for module in blocks or [model]:
        module.compile(dynamic=False)
