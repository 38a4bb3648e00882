"""What becomes of a trained net when layers are put in or taken out."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from repro.errors import mistake
from repro.models.cifar import Block, CifarNet
from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import evaluation_mode, layers_of
from repro.training.feeds import Feed

INSERTION_IMAGES = 200
LESION_IMAGES = 2_000

INSERTED = ("identity", "he")


def insertion_difference(context: ProbeContext) -> Rows:
    """Return how far the logits move when a plain net is made deeper by construction.

    ResNet, Sec. 1: added layers that are identities, and the others copied from the trained shallower net, make a
    deeper net that is no worse. Blocks of two 3×3 layers are appended to each stage until the net has `depth` layers;
    the value is the largest difference of a logit over the first 200 training images, divided by the range of the
    shallow net's logits there, in evaluation mode and double precision. It is 0 but for rounding where the construction
    holds.

    Options: `depth`, 6n + 2 and more than the net has. `inserted`: "identity" (default), a convolution that copies
    each channel and a normalisation with γ = √(variance + ε) and β = mean; or "he", He's random weights and a
    normalisation as built, which is no construction.

    Raises:
        ReproError: not of a run, not a plain net of :mod:`repro.models.cifar`, or an option is out of range.
    """
    model, data, _ = context.needs_run()
    depth = context.options.get("depth")
    inserted = context.options.get("inserted", "identity")
    if inserted not in INSERTED:
        raise mistake("probe option inserted", f"must be one of {', '.join(INSERTED)}", inserted)
    deeper = _deepened(model, depth, identity=inserted == "identity", seed=context.seed or 0)
    inputs = data.first(INSERTION_IMAGES)[0].double()
    with torch.inference_mode():
        before = copy.deepcopy(model).double().eval()(inputs)
        after = deeper.eval()(inputs)
    spread = float(before.max() - before.min())
    largest = float((after - before).abs().max())
    # A difference of exactly 0 counts nothing: it is one below what the numbers' precision can show.
    rounding = torch.finfo(torch.float64).eps
    value = largest / spread if spread else math.nan
    return [{"value": value, "resolution": rounding, "depth": int(str(depth))}]


def _deepened(model: nn.Module, depth: object, *, identity: bool, seed: int) -> CifarNet:
    """Return a copy of a plain net with blocks appended to each stage."""
    if not isinstance(model, CifarNet) or any(block.shortcut is not None for block in _blocks(model)):
        raise mistake("probe insertion_difference", "is of the plain nets of ResNet, Sec. 4.2 (cifar-plain)")
    own = 2 * len(model.blocks) + 2
    if not isinstance(depth, int) or depth <= own or (depth - 2) % 6:
        what = f"must be 6n + 2 and more than the {own} layers of the net"
        raise mistake("probe option depth", what, depth, "such as options = { depth = 56 }")
    more = (depth - own) // 6
    # In double precision from here on: γ in single precision is off by 6e-8, and depth multiplies that.
    deeper = copy.deepcopy(model).double()
    generator = torch.Generator().manual_seed(seed)
    blocks: list[nn.Module] = []
    for _, stage in itertools.groupby(_blocks(deeper), key=lambda block: block.conv2.out_channels):
        blocks += stage
        last = blocks[-1]
        assert isinstance(last, Block)
        blocks += [_inserted(last, identity, generator) for _ in range(more)]
    deeper.blocks = nn.Sequential(*blocks)
    return deeper


def _blocks(model: CifarNet) -> Iterator[Block]:
    for block in model.blocks:
        assert isinstance(block, Block)
        yield block


def _inserted(like: Block, identity: bool, generator: torch.Generator) -> Block:
    channels = like.conv2.out_channels
    norm = "none" if isinstance(like.bn2, nn.Identity) else "batch"
    block = Block(channels, channels, 1, norm, None).double()
    for conv, bn in ((block.conv1, block.bn1), (block.conv2, block.bn2)):
        if identity:
            nn.init.dirac_(conv.weight)
        else:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu", generator=generator)
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
        if identity and isinstance(bn, nn.BatchNorm2d):
            assert bn.running_var is not None
            assert bn.running_mean is not None
            with torch.no_grad():
                bn.weight.copy_((bn.running_var + bn.eps).sqrt())
                bn.bias.copy_(bn.running_mean)
    return block.to(like.conv2.weight.device)


def block_left_out(context: ProbeContext) -> Rows:
    """Return how much the test error rises when one block is left out, a row each block.

    After Veit, Wilber, Belongie (arXiv:1605.06431), Sec. 4.1. What enters the block leaves it as it is: of a residual
    block the shortcut remains, of a plain one nothing. The first block of each stage, which changes the size of the
    maps or has a counterpart that does, stays. Errors are fractions of the first 2,000 test images, in evaluation
    mode.

    Options: `first`, the number of the first block that is left out, counted from 1 (default) in the order of
    execution; `together`, whether all of them are left out at once, which gives one row.

    Raises:
        ReproError: not of a run, or the net has no blocks that can be left out.
    """
    model, data, _ = context.needs_run()
    layers = layers_of(model, "block", data.first(1)[0])
    firsts = {layer.stage: layer.index for layer in reversed(layers)}
    least = context.options.get("first", 1)
    if not isinstance(least, int):
        raise mistake("probe option first", "must be the number of a block", least)
    droppable = [layer for layer in layers if layer.index != firsts[layer.stage] and layer.index >= least]
    if not droppable:
        raise mistake(
            "probe block_left_out", "no block is left that is not the first of its stage: take a deeper net"
        )
    batches = list(_first_tests(data, LESION_IMAGES))
    with evaluation_mode(model), torch.inference_mode():
        whole = _error(model, batches)
        groups = [droppable] if context.options.get("together") else [[layer] for layer in droppable]
        rows = []
        for group in groups:
            handles = [one.module.register_forward_hook(lambda _, inputs, __: inputs[0]) for one in group]
            try:
                rows.append(group[0].row(_error(model, batches) - whole) | {"whole": whole})
            finally:
                for handle in handles:
                    handle.remove()
    return rows


def _first_tests(data: Feed, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    for inputs, labels in data.clean("test"):
        yield inputs[:count], labels[:count]
        count -= len(labels)
        if count <= 0:
            return


def _error(model: nn.Module, batches: list[tuple[Tensor, Tensor]]) -> float:
    wrong = sum(int((model(inputs).argmax(dim=1) != labels).sum()) for inputs, labels in batches)
    return wrong / sum(len(labels) for _, labels in batches)
