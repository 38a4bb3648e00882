"""Nets that were trained elsewhere: their weights become a net here, and nothing else is believed of them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from repro.datasets import load_dataset
from repro.errors import ReproError
from repro.models import build_model
from repro.models.pretrained import pretrained_state
from repro.recipes import recipe
from repro.registry import DATASETS
from repro.source_code import digest_of
from repro.spec import DatasetSpec, ModelSpec, RunSpec, WeightsSpec
from repro.training import train
from repro.training.pretrained import take

SPEC = RunSpec(
    DatasetSpec("digits", DATASETS["digits"].fingerprint),
    ModelSpec("cifar-resnet", 1, {"depth": 8, "width": 4}),
    recipe("resnet-cifar", {"steps": 30, "batch_size": 32, "augmentation": "none", "bn_group": None}),
    0,
)
CPU = torch.device("cpu")

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def trained() -> Any:
    torch.set_num_threads(1)
    return train(SPEC, load_dataset(SPEC.dataset, None, None), CPU)


def taken(folder: Path, state: Any, name: str = "net.pt", **how: Any) -> Any:
    path = folder / name
    if name.endswith(".safetensors"):
        from safetensors.torch import save_file

        save_file({key: tensor.contiguous() for key, tensor in state.items()}, path)
    else:
        torch.save(state, path)
    weights = WeightsSpec(name, digest_of(path), **how)
    return take(replace(SPEC, weights=weights), load_dataset(SPEC.dataset, None, None), CPU, folder)


@pytest.mark.parametrize("name", ["net.pt", "net.safetensors"])
def test_a_brought_net_has_the_errors_that_it_had_where_it_was_trained(
    tmp_path: Path, trained: Any, name: str
) -> None:
    run = taken(tmp_path, trained.weights["last"], name)
    (row,) = run.history
    last = trained.history[-1]
    for column in ("train_error", "test_error", "train_loss", "test_loss"):
        assert row[column] == pytest.approx(last[column], rel=1e-6)
    assert set(run.weights) == {"last"}
    assert all(torch.equal(run.weights["last"][key], value) for key, value in trained.weights["last"].items())


def test_names_are_replaced_in_their_order_and_a_checkpoint_is_opened(tmp_path: Path, trained: Any) -> None:
    theirs = OrderedDict(
        (f"module.{key.replace('blocks', 'layers').replace('bn', 'norm')}", value)
        for key, value in trained.weights["last"].items()
        if not key.endswith("num_batches_tracked")
    )
    names = (("module.", ""), ("layers", "blocks"), ("norm", "bn"))
    run = taken(tmp_path, {"epoch": 3, "state_dict": theirs}, inside="state_dict", names=names)
    assert run.history[0]["test_error"] == pytest.approx(trained.history[-1]["test_error"])


def test_a_file_of_safetensors_is_a_state_whatever_checkpoints_hold(tmp_path: Path, trained: Any) -> None:
    run = taken(tmp_path, trained.weights["last"], "net.safetensors", inside="state_dict")
    assert run.history[0]["test_error"] == pytest.approx(trained.history[-1]["test_error"])


def test_kernels_of_keras_are_turned(tmp_path: Path, trained: Any) -> None:
    def turned(tensor: Tensor) -> Tensor:
        return (
            tensor.permute(2, 3, 1, 0) if tensor.dim() == 4 else tensor.t() if tensor.dim() == 2 else tensor
        )

    theirs = {key: turned(value).contiguous() for key, value in trained.weights["last"].items()}
    run = taken(tmp_path, theirs, layout="keras")
    assert run.history[0]["test_loss"] == pytest.approx(trained.history[-1]["test_loss"], rel=1e-6)


def test_the_first_layer_of_a_net_for_bgr_is_turned_round(tmp_path: Path) -> None:
    model = build_model(ModelSpec("cifar-plain", 1, {"depth": 8}), (3, 32, 32), 10)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    torch.save(state, tmp_path / "net.pt")
    spec = WeightsSpec("net.pt", "", input_channels="BGR")
    found = pretrained_state(model, spec, tmp_path / "net.pt")
    assert torch.equal(found["conv1.weight"], state["conv1.weight"][:, [2, 1, 0]])
    others = [key for key in state if key != "conv1.weight"]
    assert all(torch.equal(found[key], state[key]) for key in others)


class Evil:
    """Executes something where it is loaded without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("change", "how", "says"),
    [
        (lambda s: dict(list(s.items())[1:]), {}, r"lacks weights of the net .*conv1\.weight"),
        (lambda s: s | {"extra.weight": torch.zeros(2)}, {}, r"that the net does not have .*extra\.weight"),
        (
            lambda s: s | {"conv1.weight": torch.zeros(9, 1, 3, 3)},
            {},
            r"conv1\.weight has another shape .*\(9, 1, 3, 3\)",
        ),
        (lambda s: {"model": s}, {}, r"is no state of a net.*\n.*inside"),
        (lambda s: {"model": s}, {"inside": "state"}, "has nothing under this key .*'state'"),
        (lambda s: 3, {}, "is no state of a net"),
        (
            lambda s: s,
            {"test_error": (0.0, 0.001)},
            r"has a test error of \d.* here, and 0.00% to 0.10% are published",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, trained: Any, change: Any, how: dict[str, Any], says: str
) -> None:
    with pytest.raises(ReproError, match=says):
        taken(tmp_path, change(dict(trained.weights["last"])), **how)


def test_a_published_error_that_the_net_has_lets_it_pass(tmp_path: Path, trained: Any) -> None:
    error = trained.history[-1]["test_error"]
    assert (
        taken(tmp_path, trained.weights["last"], test_error=(error - 1e-4, error + 1e-4)).outcome
        == "finished"
    )


def test_nothing_that_a_file_holds_is_executed(tmp_path: Path) -> None:
    with pytest.raises(ReproError, match="does not load"):
        taken(tmp_path, {"conv1.weight": Evil(tmp_path / "executed")})
    assert not (tmp_path / "executed").exists()


def test_a_file_that_is_none_and_one_that_changed_are_refused(tmp_path: Path, trained: Any) -> None:
    for name in ("net.pt", "net.safetensors"):
        (tmp_path / name).write_bytes(b"no weights at all")
        spec = replace(SPEC, weights=WeightsSpec(name, digest_of(tmp_path / name)))
        with pytest.raises(ReproError, match="does not load"):
            take(spec, load_dataset(SPEC.dataset, None, None), CPU, tmp_path)
    spec = replace(SPEC, weights=WeightsSpec("net.pt", "0" * 64))
    with pytest.raises(ReproError, match="has changed since the run was planned"):
        take(spec, load_dataset(SPEC.dataset, None, None), CPU, tmp_path)


def test_keys_of_runs_that_are_trained_are_what_they_were_and_those_of_brought_nets_their_own() -> None:
    pretrained = replace(
        SPEC, weights=WeightsSpec("a.pt", "0" * 64, names=(("a", "b"),), test_error=(0.1, 0.2))
    )
    assert "weights" not in SPEC.as_json()
    other = replace(SPEC, weights=WeightsSpec("a.pt", "1" * 64))
    assert len({SPEC.key, pretrained.key, other.key}) == 3
    assert RunSpec.from_json(pretrained.as_json()) == pretrained
