"""Training error as it looks while augmentation is on."""

from __future__ import annotations

import torch

from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import evaluation_mode

IMAGES = 5_000


def augmented_minus_test_error(context: ProbeContext) -> Rows:
    """Return the error of augmented training images less the test error, fractions both.

    The weights are those of one moment and the net is in evaluation mode, so that nothing but the images differs: an
    error that is counted while training runs lags by half of what it is averaged over, and batch normalisation takes
    other statistics there. The images are those of the run's first batches, as it augmented them, about 5,000; the
    test set is whole. The row holds both errors, "augmented" and "test".

    Raises:
        ReproError: not of a run.
    """
    model, data, recipe = context.needs_run()

    def error(batches: object) -> float:
        wrong = images = 0
        for inputs, labels in batches:  # type: ignore[attr-defined]
            wrong += int((model(inputs).argmax(dim=1) != labels).sum())
            images += len(labels)
        return wrong / images

    count = max(1, round(min(IMAGES, data.images) / recipe.batch_size))
    with evaluation_mode(model), torch.inference_mode():
        augmented = error(data.batch(step) for step in range(count))
        test = error(data.clean("test"))
    return [{"value": augmented - test, "augmented": augmented, "test": test}]
