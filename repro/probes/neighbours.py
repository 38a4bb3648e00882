"""Which training images lie nearest to a test image: AlexNet, Sec. 6.1 and the right half of Fig. 4."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import torch
from torch import Tensor, nn

from repro.errors import mistake
from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import evaluation_mode
from repro.probes.pictures import as_pixels
from repro.training.feeds import Feed

NEIGHBOURS = 6
"""Columns of training images in Fig. 4."""

QUERIES = 1_000
SHOWN = 4

SPACES = ("features", "pixels", "features-pixels")

Embed = Callable[[Tensor], Tensor]


def same_class_neighbours(context: ProbeContext) -> Rows:
    """Return which share of the 6 nearest training images has the test image's class.

    Over the first 1,000 test images and all training images that the recipe evaluates, by Euclidean distance. Chance
    is the share of the class, 0.1 on CIFAR-10.

    Option `space`: "features" (default), what the net's last linear layer takes; "pixels", the net's input;
    "features-pixels", the first share less the second.

    Raises:
        ReproError: not of a run, unknown space, or the net has no linear layer.
    """
    model, data, _ = context.needs_run()
    space = context.options.get("space", "features")
    if space not in SPACES:
        raise mistake("probe option space", f"must be one of {', '.join(SPACES)}", space)
    shares = [_share(data, embed) for embed in _embeddings(model, str(space).split("-"))]
    return [{"value": shares[0] if len(shares) == 1 else shares[0] - shares[1]}]


def nearest_images(context: ProbeContext) -> Rows:
    """Return four test images and the 6 training images nearest to each, in the order of their distance, as pictures.

    The four are the first test images of different classes. Rows hold "pixels" (base64 of RGB bytes), "height",
    "width", "line" (which line of the picture), "caption", "gap" (whether it stands apart) and as value whether the
    class is that of the test image, which itself comes first. Option `space`: "features" (default) or "pixels".

    Raises:
        ReproError: not of a run, unknown space, or the net has no linear layer.
    """
    model, data, _ = context.needs_run()
    space = context.options.get("space", "features")
    if space not in SPACES[:2]:
        raise mistake("probe option space", f"must be one of {', '.join(SPACES[:2])}", space)
    (embed,) = _embeddings(model, [str(space)])
    inputs, labels = _together(data.clean("test"), QUERIES)
    seen: dict[int, int] = {}
    for place, label in enumerate(labels.tolist()):
        seen.setdefault(label, place)
    chosen = sorted(seen.values())[:SHOWN]
    nearest, classes = _nearest(data, embed, embed(inputs[chosen]))
    images = dict(zip(sorted(set(nearest.flatten().tolist())), _at(data, nearest), strict=True))
    rows: Rows = []
    for line, place in enumerate(chosen):
        rows.append(
            _picture(inputs[place], line, f"test image of class {int(labels[place])}", 1.0) | {"gap": True}
        )
        for index, label in zip(nearest[line].tolist(), classes[line].tolist(), strict=True):
            same = float(label == int(labels[place]))
            rows.append(_picture(images[index], line, f"class {label}", same) | {"gap": False})
    return rows


def _share(data: Feed, embed: Embed) -> float:
    inputs, labels = _together(data.clean("test"), QUERIES)
    parts = [embed(part) for part in inputs.split(250)]  # type: ignore[no-untyped-call]
    _, classes = _nearest(data, embed, torch.cat(parts))
    return float((classes == labels[:, None]).double().mean())


def _nearest(data: Feed, embed: Embed, queries: Tensor) -> tuple[Tensor, Tensor]:
    """Return indices and classes of the training images nearest to each query: (queries, 6) both."""
    distances = torch.full((len(queries), 0), torch.inf, device=queries.device)
    indices = torch.zeros((len(queries), 0), dtype=torch.int64, device=queries.device)
    classes = torch.zeros_like(indices)
    first = 0
    for inputs, labels in data.clean("train"):
        # Pieces are small next to the set: only the best so far are kept.
        here = torch.cdist(queries, embed(inputs))
        numbers = torch.arange(first, first + len(labels), device=labels.device)
        distances = torch.cat([distances, here], dim=1)
        indices = torch.cat([indices, numbers.expand(len(queries), -1)], dim=1)
        classes = torch.cat([classes, labels.expand(len(queries), -1)], dim=1)
        distances, order = distances.topk(min(NEIGHBOURS, distances.shape[1]), dim=1, largest=False)
        indices, classes = indices.gather(1, order), classes.gather(1, order)
        first += len(labels)
    return indices, classes


def _at(data: Feed, wanted: Tensor) -> Iterator[Tensor]:
    """Yield training images by their places, in ascending order."""
    places = sorted(set(wanted.flatten().tolist()))
    first = 0
    for inputs, labels in data.clean("train"):
        yield from (inputs[place - first] for place in places if first <= place < first + len(labels))
        first += len(labels)


def _together(batches: Iterator[tuple[Tensor, Tensor]], count: int) -> tuple[Tensor, Tensor]:
    """Return the first `count` images of a set, or all there are."""
    parts = list(islice(batches, -(-count // 100)))
    return torch.cat([x for x, _ in parts])[:count], torch.cat([y for _, y in parts])[:count]


def _embeddings(model: nn.Module, spaces: list[str]) -> list[Embed]:
    last = next((m for m in reversed(list(model.modules())) if isinstance(m, nn.Linear)), None)

    def features(inputs: Tensor) -> Tensor:
        assert last is not None
        taken: list[Tensor] = []
        handle = last.register_forward_pre_hook(lambda _, given: taken.append(given[0]))
        try:
            with evaluation_mode(model), torch.inference_mode():
                model(inputs)
        finally:
            handle.remove()
        return taken[0].flatten(1).float()

    def pixels(inputs: Tensor) -> Tensor:
        return inputs.flatten(1)

    if "features" in spaces and last is None:
        raise mistake("probe option space", "the net has no linear layer whose input would be its features")
    return [{"features": features, "pixels": pixels}[space] for space in spaces]


def _picture(image: Tensor, line: int, caption: str, value: float) -> dict[str, object]:
    return {"line": line, "caption": caption, **as_pixels(image), "value": value}
