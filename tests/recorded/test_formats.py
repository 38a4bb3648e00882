"""The same runs are read from tables, folders of logs, event files, MLflow's folder and W&B's charts."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from repro.errors import ReproError
from repro.recorded import read_results
from repro.recorded.event_files import checksum, read_events
from tests.support.helpers import World
from tests.support.recorded import problems_of, put

DATA = Path(__file__).parents[1] / "data"
RUNS = {
    (arm, seed): [base + epoch + seed / 4 for epoch in (1, 2, 3)]
    for arm, base in (("Ours (v2)", 70.0), ("sgd", 67.0))
    for seed in range(3)
}
"""(arm as it is called there, seed) → accuracy in percent after each epoch."""
FOLDER = {"results__file": None, "results__folder": "logs", "results__step": "epoch"}


def rows() -> list[dict[str, Any]]:
    return [
        {"method": arm, "seed": seed, "epoch": epoch, "test_acc": value}
        for (arm, seed), values in RUNS.items()
        for epoch, value in enumerate(values, start=1)
    ]


def as_csv(world: World) -> None:
    put(world, pd.DataFrame(rows()).to_csv(index=False), results__step="epoch")


def as_csv_out_of_order(world: World) -> None:
    put(world, pd.DataFrame(rows()[::-1]).to_csv(index=False), results__step="epoch")


def as_tsv(world: World) -> None:
    text = pd.DataFrame(rows()).to_csv(index=False, sep="\t")
    put(world, text, "results.tsv", results__file="results.tsv", results__step="epoch")


def as_json_lines(world: World) -> None:
    """As trackers write them: what was not measured at a step is not there."""
    lines = [json.dumps(row) for row in rows()] + ['{"method": "sgd", "seed": 0, "epoch": 9, "loss": 0.1}']
    put(world, "\n".join(lines), "results.jsonl", results__file="results.jsonl", results__step="epoch")


def as_parquet(world: World) -> None:
    out = io.BytesIO()
    pd.DataFrame(rows()).astype({"seed": float}).to_parquet(out)
    put(world, out.getvalue(), "r.parquet", results__file="r.parquet", results__step="epoch")


def as_parquet_of_decimals(world: World) -> None:
    out = io.BytesIO()
    frame = pd.DataFrame(rows())
    frame["test_acc"] = [Decimal(f"{value:.2f}") for value in frame["test_acc"]]
    frame.to_parquet(out)
    put(world, out.getvalue(), "r.parquet", results__file="r.parquet", results__step="epoch")
    assert read_results(world.claim()).step["accuracy"] == pytest.approx(0.0001)


def test_a_text_of_parquet_that_is_none_is_told(world: World) -> None:
    out = io.BytesIO()
    pd.DataFrame(rows()).to_parquet(out, compression=None, use_dictionary=False)
    content = out.getvalue().replace(b"Ours (v2)", b"Ours \x88v2)")
    put(world, content, "r.parquet", results__file="r.parquet", results__step="epoch")
    (problem,) = problems_of(world)
    assert problem.what == "is no Parquet file that can be read"


def as_a_folder_of_json_lines(world: World) -> None:
    path = put(world, **FOLDER, results__pattern="{arm}/seed{seed}/metrics.jsonl")
    for (arm, seed), values in RUNS.items():
        file = path.with_name("logs") / arm / f"seed{seed}" / "metrics.jsonl"
        file.parent.mkdir(parents=True)
        lines = [json.dumps({"epoch": n, "test_acc": value}) for n, value in enumerate(values, start=1)]
        file.write_text("\n".join(lines), encoding="utf-8")
        file.with_name("config.yaml").write_text("lr: 0.1", encoding="utf-8")


def as_a_folder_of_csv(world: World) -> None:
    """A file an arm; the seed is a column."""
    path = put(world, **FOLDER, results__pattern="{arm}.csv")
    path.with_name("logs").mkdir()
    for arm, own in pd.DataFrame(rows()).groupby("method"):
        own.drop(columns="method").to_csv(path.with_name("logs") / f"{arm}.csv", index=False)


def as_mlflow(world: World) -> None:
    path = put(world, results__file=None, results__folder="mlruns", results__format="mlflow")
    for number, ((arm, seed), values) in enumerate(RUNS.items()):
        run = path.with_name("mlruns") / "4294" / f"{number:032x}"
        lines = [f"1795659159{n} {value} {n}" for n, value in enumerate(values, start=1)]
        texts = {"params/method": arm, "tags/seed": str(seed), "metrics/test_acc": "\n".join(lines)}
        texts |= {"meta.yaml": "lifecycle_stage: active\nstatus: 3\n", "metrics/eval/loss": "1 0.5 1"}
        for name, text in texts.items():
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_text(text, encoding="utf-8")
    deleted = path.with_name("mlruns") / "4294" / "deleted"
    (deleted / "metrics").mkdir(parents=True)
    (deleted / "meta.yaml").write_text("lifecycle_stage: deleted\n", encoding="utf-8")
    (deleted / "metrics" / "test_acc").write_text("1 99.0 1", encoding="utf-8")


def as_a_chart_of_wandb(world: World) -> None:
    table: dict[str, list[float]] = {"Step": [1, 2, 3]}
    for (arm, seed), values in RUNS.items():
        for ending in ("", "__MIN", "__MAX"):
            table[f"{arm}-{seed} - test_acc{ending}"] = values if not ending else [0.0, 0.0, 0.0]
    text = pd.DataFrame(table).to_csv(index=False)
    put(world, text, results__format="wandb", results__pattern="{arm}-{seed}")


@pytest.mark.parametrize(
    "write",
    [
        as_csv,
        as_csv_out_of_order,
        as_tsv,
        as_json_lines,
        as_parquet,
        as_parquet_of_decimals,
        as_a_folder_of_json_lines,
        as_a_folder_of_csv,
        as_mlflow,
        as_a_chart_of_wandb,
    ],
    ids=lambda write: write.__name__,
)
def test_the_same_runs_are_read(world: World, write: Callable[[World], None]) -> None:
    write(world)
    assert problems_of(world) == []
    found = read_results(world.claim())
    named = {"ours": "Ours (v2)", "sgd": "sgd"}
    series = {(named[r.cell], r.seed): r.series["accuracy"] for runs in found.runs.values() for r in runs}
    assert {key: [100 * v for v in one.values] for key, one in series.items()} == {
        key: pytest.approx(values) for key, values in RUNS.items()
    }
    assert {one.steps for one in series.values()} == {(1.0, 2.0, 3.0)}
    assert found.seeds.wanting == {}
    assert world.expectation("better", "recorded").result == "supported"


@pytest.mark.parametrize("name", ["simple-value", "tensor"])
def test_event_files_are_read_as_their_writers_wrote_them(name: str) -> None:
    """Made with tensorboardX 2.6 (numbers) and TensorBoard 2.20 (tensors): 50, 60.5 and 71.2 at steps 10, 20, 30."""
    content = (DATA / f"{name}.tfevents").read_bytes()
    table = read_events(content, name, {"eval/acc"})
    points = zip(table.columns["step"], table.columns["eval/acc"], strict=True)
    assert list(points) == [(10, 50.0), (20, 60.5), (30, 71.2)]
    # A run that was killed leaves a record that is cut short.
    assert len(read_events(content[:-3], name, {"eval/acc"}).rows) in (2, 3)


def test_checksums_are_those_of_the_standard() -> None:
    """RFC 3720, appendix B.4: 32 bytes of zeros, and 0 to 31; unmasked as TensorFlow's crc32c.h says."""

    def crc(data: bytes) -> int:
        rest = (checksum(data) - 0xA282EAD8) & 0xFFFFFFFF
        return (rest >> 17 | rest << 15) & 0xFFFFFFFF

    assert crc(bytes(32)) == 0x8A9136AA
    assert crc(bytes(range(32))) == 0x46DD794E


@pytest.mark.parametrize("name", ["simple-value", "tensor"])
def test_event_files_that_are_damaged_are_refused(name: str) -> None:
    """Whichever bit is another one: never is a number read that nobody wrote."""
    content = (DATA / f"{name}.tfevents").read_bytes()
    whole = read_events(content, name, {"eval/acc"}).columns
    written = dict(zip(whole["step"], whole["eval/acc"], strict=True))
    told = set()
    for place in range(len(content)):
        bad = bytearray(content)
        bad[place] ^= 1 << place % 8
        try:
            found = read_events(bytes(bad), name, {"eval/acc"}).columns
        except ReproError as error:
            told.add(error.problems[0].what.partition(":")[0])
        else:
            points = dict(zip(found["step"], found.get("eval/acc", ()), strict=True))
            assert points.items() <= written.items()
    assert "is damaged" in told


def test_event_files_lie_in_a_folder_for_each_run(world: World) -> None:
    pattern = {
        "results__pattern": "{arm}/{seed}/*tfevents*",
        "results__columns__accuracy__column": "eval/acc",
    }
    path = put(world, results__file=None, results__folder="logs", results__format="tensorboard", **pattern)
    for arm in ("Ours (v2)", "sgd"):
        for seed in range(2):
            file = path.with_name("logs") / arm / str(seed) / "events.out.tfevents.1"
            file.parent.mkdir(parents=True)
            file.write_bytes((DATA / "simple-value.tfevents").read_bytes())
    (ours, _) = read_results(world.claim()).runs["ours"]
    assert ours.series["accuracy"].steps == (10, 20, 30)
    assert ours.series["accuracy"].values == pytest.approx((0.5, 0.605, 0.712))


def test_what_is_no_event_file_is_told(world: World) -> None:
    path = put(world, results__file=None, results__folder="logs", results__pattern="{arm}/{seed}/tfevents")
    (path.with_name("logs") / "sgd" / "0").mkdir(parents=True)
    (path.with_name("logs") / "sgd" / "0" / "tfevents").write_bytes(b"no such thing")
    (problem,) = problems_of(world)
    assert "logs/sgd/0/tfevents" in problem.where
    assert problem.what == "is no event file of TensorBoard"


def test_a_folder_that_holds_no_mlflow_runs_is_told(world: World) -> None:
    path = put(world, results__file=None, results__folder="mlruns", results__format="mlflow")
    path.with_name("mlruns").mkdir()
    (problem,) = problems_of(world)
    assert problem.what == "holds no runs of MLflow"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("write", [as_mlflow, as_a_folder_of_csv], ids=lambda write: write.__name__)
def test_a_link_out_of_the_folder_is_refused(world: World, write: Callable[[World], None]) -> None:
    write(world)
    secret = world.root.parent / "secret"
    secret.write_text("1 99 1", encoding="utf-8")
    folder = next(path for path in (world.root / "p").iterdir() if path.is_dir())
    inside = next(path for path in sorted(folder.rglob("*")) if path.is_file())
    inside.with_name("elsewhere.csv").symlink_to(secret)
    (problem,) = problems_of(world)
    assert problem.what == "is a link out of the folder"
