"""What a net says of each test image: what is averaged over several nets."""

from __future__ import annotations

import torch

from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import evaluation_mode

IMAGES = 2_000


def test_outputs(context: ProbeContext) -> Rows:
    """Return the softmax outputs for the first 2,000 test images, a row each image.

    What AlexNet, Sec. 6, averages over five nets. Rows hold "label", the class, and "p0", "p1" …,
    the probabilities to four decimals; the value is that of the true class.

    Raises:
        ReproError: not of a run.
    """
    model, data, _ = context.needs_run()
    rows: Rows = []
    with evaluation_mode(model), torch.inference_mode():
        for inputs, labels in data.clean("test"):
            outputs = model(inputs).double().softmax(dim=1).cpu()
            for output, label in zip(outputs.tolist(), labels.tolist(), strict=True):
                own = {f"p{number}": round(p, 4) for number, p in enumerate(output)}
                rows.append({"label": label, **own, "value": round(output[label], 4)})
            if len(rows) >= IMAGES:
                break
    return rows[:IMAGES]


test_outputs.__test__ = False  # type: ignore[attr-defined]  # a probe, and no test of pytest's
