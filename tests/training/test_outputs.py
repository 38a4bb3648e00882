"""A net that returns something else than logits is told so, naming what came."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from repro.errors import ReproError
from repro.training.outputs import checked


class Small(nn.Module):
    """Some net of a user's."""


@pytest.mark.parametrize(
    ("outputs", "came"),
    [
        (
            (torch.zeros(4, 10), torch.zeros(4, 10)),
            "a tuple of a tensor (4, 10) of float32, a tensor (4, 10) of float32",
        ),
        (torch.zeros(4, 9), "a tensor (4, 9) of float32"),
        (torch.zeros(4, 10, 1, 1), "a tensor (4, 10, 1, 1) of float32"),
        (torch.zeros(10), "a tensor (10,) of float32"),
        (torch.zeros(4, 10, dtype=torch.int64), "a tensor (4, 10) of int64"),
        ({"logits": torch.zeros(4, 10)}, "dict"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_tensor_of_images_and_classes_is_named(outputs: object, came: str) -> None:
    with pytest.raises(ReproError) as caught:
        checked(outputs, Small(), 4, 10)
    assert "net Small: must return a tensor of floats of shape (N, classes) = (4, 10)" in str(caught.value)
    assert came in str(caught.value)


def test_logits_are_passed_on_as_they_are() -> None:
    for kind in (torch.float32, torch.bfloat16):
        logits = torch.zeros(4, 10, dtype=kind)
        assert checked(logits, Small(), 4, 10) is logits
