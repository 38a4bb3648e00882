"""What a command writes about its run, read while it writes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from repro.command_spec import Reads
from repro.errors import ReproError
from repro.worker.rows import Curve, RowReader, cut_torn_line

STEPS = Reads("metrics.jsonl", "step", "epoch")


def test_only_whole_lines_are_read_until_the_last_look(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    reader = RowReader(path)
    assert reader.new() == []  # nothing is there yet
    path.write_text('{"step": 1, "loss": 2}\n{"step": 2, "lo', encoding="utf-8")
    assert reader.new() == [{"step": 1.0, "loss": 2.0}]
    assert reader.new() == []
    with path.open("a", encoding="utf-8") as file:
        file.write('ss": 1.5}')
    assert reader.new() == []
    assert reader.new(last=True) == [{"step": 2.0, "loss": 1.5}]


def test_a_file_that_is_begun_anew_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("step,loss\n1,5\n2,4\n", encoding="utf-8")
    reader = RowReader(path)
    assert len(reader.new()) == 2
    path.write_text("step,acc\n1,0.5\n", encoding="utf-8")
    assert reader.new() == [{"step": 1.0, "acc": 0.5}]


def test_csv_skips_repeated_heads_empty_fields_and_texts(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_text("\ufeffstep\tloss\tnote\n1\t5\tx\n\nstep\tloss\tnote\n2\t\ty\n", encoding="utf-8")
    assert RowReader(path).new() == [{"step": 1.0, "loss": 5.0}, {"step": 2.0}]


def test_nested_numbers_have_the_names_of_their_places(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"val": {"acc": 0.5, "ok": true}, "loss": NaN, "note": "x"}\n', encoding="utf-8")
    (row,) = RowReader(path).new()
    assert row["val/acc"] == 0.5
    assert math.isnan(row["loss"])
    assert set(row) == {"val/acc", "loss"}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("m.jsonl", '{"step": 1}\n{"step": 2,}\n', "line 2: is no JSON"),
        ("m.jsonl", "[1, 2]\n", "line 1: is no JSON object"),
        ("m.csv", "step,loss\n1,2,3\n", "line 2: has 3 fields, its head 2"),
        ("m.csv", "step,loss,loss\n", "line 1: names a column twice"),
    ],
)
def test_a_line_that_is_no_row_is_named_and_shown(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReproError, match=says) as error:
        RowReader(path).new()
    assert error.value.problems[0].received == repr(text.splitlines()[-1])


def test_prints_may_stand_between_the_rows_of_an_output(tmp_path: Path) -> None:
    path = tmp_path / "stdout.txt"
    path.write_text('Loading …\n{"step": 1, "loss": 2}\n{not json}\n3\n', encoding="utf-8")
    assert RowReader(path, prints=True).new(last=True) == [{"step": 1.0, "loss": 2.0}]


def test_the_end_of_a_torn_line_goes(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_bytes(b'{"step": 1}\n{"st')
    cut_torn_line(path)
    cut_torn_line(tmp_path / "none")
    assert path.read_bytes() == b'{"step": 1}\n'


def added(*rows: dict[str, float], reads: Reads = STEPS) -> dict[str, list[float]]:
    curve = Curve(reads)
    for row in rows:
        curve.add(row)
    return {name: [None if math.isnan(v) else v for v in values] for name, values in curve.columns().items()}  # type: ignore[misc]


def test_rows_of_one_step_are_one_and_steps_done_anew_replace_the_old() -> None:
    found = added(
        {"step": 1, "loss": 5},
        {"step": 1, "acc": 0.1},
        {"step": 2, "loss": 4},
        {"step": 3, "loss": 3},
        {"step": 2, "loss": 4.5},
        {"step": 3, "loss": 3.5},
    )
    assert found["step"] == [1, 2, 3]
    assert found["loss"] == [5, 4.5, 3.5]
    assert found["acc"] == [0.1, None, None]


def test_rows_without_steps_are_counted_and_one_at_the_end_belongs_to_the_last_step() -> None:
    assert added({"loss": 3}, {"loss": 2})["step"] == [1, 2]
    found = added({"step": 10, "loss": 3}, {"step": 20, "loss": 2}, {"test_acc": 0.9})
    assert found["step"] == [10, 20]
    assert found["test_acc"] == [None, 0.9]


def test_epochs_are_the_column_that_is_named_or_the_steps() -> None:
    rows: list[dict[str, float]] = [{"step": 1, "loss": 3}, {"step": 2, "epoch": 1}, {"step": 3, "loss": 2}]
    assert added(*rows)["epoch"] == [0, 1, 1]
    assert added(*rows, reads=Reads("m", "step"))["epoch"] == [1, 2, 3]


@pytest.mark.parametrize("step", [1.5, -1.0, math.nan, math.inf])
def test_a_step_that_is_none_is_refused(step: float) -> None:
    with pytest.raises(ReproError, match="step is no whole number"):
        Curve(STEPS).add({"step": step})
