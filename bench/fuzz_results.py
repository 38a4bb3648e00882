"""Recorded results that are wrong in every way: `python -m bench fuzz --results 2000`.

Sound results of two arms are changed at random, as rows (values, runs, names) and as files (bytes, lines, encodings,
files gone), in each format that is read. Such results are refused with a message, or read as a second reader reads
them: what is judged then is the difference of the means of all runs that were declared, or nothing is decided and a
note says why. Anything else is a failure: a traceback, a hang, a number that nobody recorded, a run that is missing
and not named. The same seed tries the same results.
"""

from __future__ import annotations

import io
import json
import math
import random
import shutil
import statistics
import struct
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.attempts import Tally, outcome, repro
from bench.fuzz import as_bytes, as_toml
from repro.claims import load_library
from repro.experiment.requirements import requirements
from repro.judging.evidence import MOST_FAULTS
from repro.judging.frame import collect
from repro.judging.verdicts import judge_claim
from repro.recorded.event_files import checksum
from repro.recorded.guess import guess
from repro.store import Store

Row = dict[str, Any]
"""method, seed, epoch and test_acc, and whatever a change adds."""

Runs = Mapping[tuple[str, int], Mapping[float, float]]
"""(arm of the claim, seed) → step → accuracy as a fraction."""

ARMS = {"Ours (v2)": "ours", "sgd": "sgd"}
"""Name in the results → in the claim."""

CLAIM: Mapping[str, Any] = {
    "title": "Ours is better",
    "statement": "Ours has the higher accuracy.",
    "source": {"where": "Table 1"},
    "no_control": "These are made up.",
    "arms": {"ours": {"named": "Ours (v2)"}, "sgd": {}},
    "metrics": {"accuracy": {"kind": "final", "of": "accuracy"}},
    "expect": {
        "better": {
            "kind": "difference",
            "title": "Ours has the higher accuracy",
            "metric": "accuracy",
            "arms": ["ours", "sgd"],
            "at_least": 0.01,
            "role": "decides",
            "why": "A reason.",
        }
    },
}
PAPER = {
    "title": "A paper",
    "authors": ["A. Author"],
    "venue": "Nowhere",
    "year": 2020,
    "identifier": "arXiv:0",
    "bibtex_key": "author2020",
}


def tried(files: int, seed: int = 0) -> Tally:
    """Change and read results so often."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        for number in range(files):
            draw = random.Random(f"results/{seed}/{number}")
            root = Path(name) / str(number)
            attempt = _Attempt(root, draw)
            ended, failure = outcome(attempt.read)
            if ended == "taken":
                failure = attempt.wrong or failure
            elif ended == "refused" and failure is None and attempt.kind in HARMLESS:
                failure = "refused, although nothing is wrong with it"
            tally.add(attempt.kind, ended, failure, f"{attempt.kind}, --seed {seed}, results {number}")
            shutil.rmtree(root)
    return tally


class _Attempt:
    """Some results, changed, with a claim about them."""

    def __init__(self, root: Path, draw: random.Random) -> None:
        self.root, self.draw = root, draw
        self.seeds = list(range(draw.randint(3, 5)))
        self.rows = list(_sound(self.seeds, draw))
        self.format = draw.choice(list(FORMATS))
        change = draw.choice([*AS_ROWS, *AS_FILES])
        self.kind = f"{self.format}: {change}"
        self.wrong: str | None = None
        if change in AS_ROWS:
            AS_ROWS[change](self.rows, draw)
        (root / "p").mkdir(parents=True)
        self.about = FORMATS[self.format](root / "p", self.rows)
        self.changed = change in AS_FILES
        if self.changed:
            _change_file(root / "p", AS_FILES[change], draw)
        columns = {"accuracy": {"column": "test_acc", "unit": "percent", "better": "higher"}}
        results = {"by": "us", "arm": "method", "step": "epoch", "seeds": self.seeds, "columns": columns}
        claim = as_toml({**CLAIM, "results": results | self.about})
        (root / "p" / "c.toml").write_text(claim, encoding="utf-8")
        (root / "p" / "paper.toml").write_text(as_toml(PAPER), encoding="utf-8")

    def read(self) -> None:
        """Judge the claim, and hold what is read against a second reader of the same rows."""
        (claim,) = load_library(self.root).claims
        if "file" in self.about and self.draw.random() < 0.3:
            outcome_of_guess, failure = outcome(lambda: guess(self.root / "p" / self.about["file"]))
            if outcome_of_guess not in ("taken", "refused"):
                self.wrong = f"guess: {failure}"
        store = Store(self.root / "store")
        required = requirements(claim, "recorded", store)
        assert required.recorded is not None
        (expectation,) = judge_claim(required, collect([required], store)).expectations
        (part,) = expectation.parts
        runs = required.recorded.results.runs
        there = {
            (run.cell, run.seed): dict(zip(one.steps, one.values, strict=True))
            for found in runs.values()
            for run in found
            for one in run.series.values()
        }
        told = " ".join([part.note or "", *required.recorded.odd, *required.recorded.results.notes])
        estimate = part.interval.estimate if part.interval else None
        try:
            meant = self._as_it_is(there)
            _as_judged(meant, self.seeds, part.result in ("supported", "refuted"), estimate, told)
        except _WrongError as error:
            self.wrong = self.wrong or str(error)
        if self.draw.random() < 0.1:
            place = ("--claims", self.root, "--store", self.root / "store", "--out", self.root / "out")
            repro("check", "--quiet", "--format", "json", *place)

    def _as_it_is(self, there: Runs) -> Runs:
        """Return what was recorded, as a second reader finds it; raises `_WrongError` where something else was read."""
        if self.format == "tensorboard" and self.changed:
            # Its checksums keep every number: what is left are numbers that were written.
            written = _meant(list(_rows_of_events(self.rows)))
            for run, points in there.items():
                for step, value in points.items():
                    if not _same(written.get(run, {}).get(step, math.nan), value):
                        raise _WrongError(f"a number that nobody wrote: {value} of {run} at {step}")
            return there
        try:
            if self.format == "tensorboard":
                rows = list(_rows_of_events(self.rows))
            else:
                known = self.changed or self.format in ("logs", "parquet")
                gone = "file" in self.about and not (self.root / "p" / self.about["file"]).is_file()
                rows = [] if gone else list(SECOND[self.format](self.root / "p")) if known else self.rows
            meant = {run: points for run, points in _meant(rows).items() if run[1] in self.seeds}
        except ValueError as error:
            raise _WrongError(f"took what is none: {error}") from None
        for run in meant.keys() | there.keys():
            mine, theirs = meant.get(run, {}), there.get(run, {})
            if mine.keys() != theirs.keys() or any(not _same(mine[step], theirs[step]) for step in mine):
                raise _WrongError(f"{run} is {theirs}, and {mine} was recorded")
        return meant


class _WrongError(Exception):
    """What is read or judged is not what was recorded."""


def _as_judged(meant: Runs, seeds: list[int], decided: bool, estimate: float | None, told: str) -> None:
    """Raise `_WrongError` where something was left out and is not named, or an estimate is not that of the numbers."""
    end = max((step for points in meant.values() for step in points), default=0.0)
    declared = [(arm, seed) for arm in ARMS.values() for seed in seeds]
    lacking = [run for run in declared if not math.isfinite(meant.get(run, {}).get(end, math.nan))]
    if lacking:
        if decided:
            raise _WrongError(f"decided, and {lacking[0]} has no number at the end")
        # Of many, the first few are named.
        if len(lacking) <= MOST_FAULTS and any(
            arm not in told or str(seed) not in told for arm, seed in lacking
        ):
            raise _WrongError(f"one of {lacking} is not named: {told}")
        return
    for (arm, seed), points in meant.items():
        if any(not math.isfinite(value) for value in points.values()) and f"{arm}, seed {seed}: " not in told:
            raise _WrongError(f"{arm}, seed {seed} has a value that is no number, and is not named")
    ours, theirs = (statistics.fmean(meant[arm, seed][end] for seed in seeds) for arm in ("ours", "sgd"))
    if estimate is None or not math.isclose(estimate, ours - theirs, abs_tol=1e-9):
        raise _WrongError(f"the estimate is {estimate}, of the numbers {ours - theirs}")


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-9)


def _meant(rows: list[Row]) -> dict[tuple[str, int], dict[float, float]]:
    """Return (arm, seed) → step → accuracy as a fraction; raises ValueError where a row of the arms says none."""
    found: dict[tuple[str, int], dict[float, float]] = {}
    for row in rows:
        arm = ARMS.get(str(row.get("method", "")).strip())
        if arm is None:
            continue
        seed, step, value = (row.get(name) for name in ("seed", "epoch", "test_acc"))
        number = _number(seed)
        if not number.is_integer() or not 0 <= number < 2**63:
            raise ValueError(f"seed {seed!r}")
        if not math.isfinite(_number(step)):
            raise ValueError(f"epoch {step!r}")
        points = found.setdefault((arm, int(number)), {})
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        accuracy = _number(value)
        if math.isfinite(accuracy) and not 0 <= accuracy <= 100:
            raise ValueError(f"accuracy {value!r}")
        if _number(step) in points:
            raise ValueError(f"{arm}, seed {seed} twice at {step}")
        points[_number(step)] = accuracy / 100
    return {run: points for run, points in found.items() if points}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
        raise ValueError(repr(value))
    try:
        return float(value)
    except OverflowError:
        raise ValueError(repr(value)) from None


# Sound results, and how each format has them ------------------------------------------------------------------------


def _sound(seeds: list[int], draw: random.Random) -> Iterator[Row]:
    for arm, base in (("Ours (v2)", 72), ("sgd", draw.choice((60, 70, 71.5)))):
        for seed in seeds:
            for epoch in (1, 2, 3):
                accuracy = round(base - 10 * (3 - epoch) + draw.random(), 1)
                yield {"method": arm, "seed": seed, "epoch": epoch, "test_acc": accuracy}


def _by_run(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        place = tuple(str(row.get(name)).replace("/", "-")[:100] or "-" for name in ("method", "seed"))
        found.setdefault(place, []).append(row)  # type: ignore[arg-type]
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _csv(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names), *(",".join(_text(row.get(name)) for name in names) for row in rows)]
    return "\n".join(lines) + "\n"


def _jsonl(rows: list[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _put_csv(folder: Path, rows: list[Row]) -> dict[str, str]:
    (folder / "r.csv").write_text(_csv(rows), encoding="utf-8")
    return {"file": "r.csv"}


def _put_jsonl(folder: Path, rows: list[Row]) -> dict[str, str]:
    (folder / "r.jsonl").write_text(_jsonl(rows), encoding="utf-8")
    return {"file": "r.jsonl"}


def _put_parquet(folder: Path, rows: list[Row]) -> dict[str, str]:
    import pandas as pd

    frame = pd.DataFrame(rows)
    for name in frame.columns:
        kinds = {type(value) for value in frame[name]}
        if kinds - {int, float} or any(isinstance(value, int) and value >= 2**63 for value in frame[name]):
            frame[name] = [None if value is None else str(value) for value in frame[name]]
    out = io.BytesIO()
    frame.to_parquet(out)
    (folder / "r.parquet").write_bytes(out.getvalue())
    return {"file": "r.parquet"}


def _put_logs(folder: Path, rows: list[Row]) -> dict[str, str]:
    for (arm, seed), own in _by_run(rows).items():
        file = folder / "logs" / arm / f"seed{seed}" / "metrics.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        left = [{name: value for name, value in row.items() if name not in ("method", "seed")} for row in own]
        file.write_text(_jsonl(left), encoding="utf-8")
    return {"folder": "logs", "pattern": "{arm}/seed{seed}/metrics.jsonl"}


def _put_events(folder: Path, rows: list[Row]) -> dict[str, str]:
    for (arm, seed), own in _by_run(rows).items():
        file = folder / "tb" / arm / seed / "events.out.tfevents.1"
        file.parent.mkdir(parents=True, exist_ok=True)
        records = [_record(b"\x1a\x0dbrain.Event:2")]
        records += [_event(row) for row in own if _is_event(row)]
        file.write_bytes(b"".join(records))
    return {"folder": "tb", "pattern": "{arm}/{seed}/*tfevents*", "format": "tensorboard", "step": "step"}


def _is_event(row: Row) -> bool:
    """Tell whether a row can stand in an event file: the others are not written."""
    value, step = row.get("test_acc"), row.get("epoch")
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in (value, step)):
        return False
    fits = (isinstance(value, float) and not math.isfinite(value)) or abs(value) < 1e38
    return fits and isinstance(step, int) and 0 <= step < 128


def _rows_of_events(rows: list[Row]) -> Iterator[Row]:
    """Yield rows as event files have them, whose places say arm and seed."""
    for (arm, seed), own in _by_run(rows).items():
        yield from (row | {"method": arm, "seed": seed} for row in own if _is_event(row))


def _event(row: Row) -> bytes:
    """Return `Event { step = 2; summary = 5 { value = 1 { tag = 1; simple_value = 2 } } }` as a record."""
    value = b"\x0a\x08test_acc\x15" + struct.pack("<f", float(row["test_acc"]))
    summary = b"\x0a" + bytes([len(value)]) + value
    return _record(b"\x10" + bytes([row["epoch"]]) + b"\x2a" + bytes([len(summary)]) + summary)


def _record(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", checksum(head)) + data + struct.pack("<I", checksum(data))


FORMATS: Mapping[str, Callable[[Path, list[Row]], dict[str, str]]] = {
    "csv": _put_csv,
    "jsonl": _put_jsonl,
    "parquet": _put_parquet,
    "logs": _put_logs,
    "tensorboard": _put_events,
}


# The second reader: of files that were changed ----------------------------------------------------------------------


def _rows_of_csv(folder: Path) -> Iterator[Row]:
    import pandas as pd

    content = (folder / "r.csv").read_bytes()
    frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    frame.columns = [str(name).strip() for name in frame.columns]
    yield from (
        {str(name): str(value).strip() for name, value in row.items()} for row in frame.to_dict("records")
    )


def _rows_of_jsonl(folder: Path, name: str = "r.jsonl") -> Iterator[Row]:
    for line in (folder / name).read_bytes().decode("utf-8-sig").split("\n"):
        if line.strip():
            yield json.loads(line)


def _rows_of_parquet(folder: Path) -> Iterator[Row]:
    from pyarrow import parquet

    table = parquet.ParquetFile(folder / "r.parquet").read(columns=["method", "seed", "epoch", "test_acc"])
    columns = [table.column(name).to_pylist() for name in table.column_names]
    for values in zip(*columns, strict=True):
        yield dict(zip(table.column_names, values, strict=True))


def _rows_of_logs(folder: Path) -> Iterator[Row]:
    for file in sorted((folder / "logs").glob("*/seed*/metrics.jsonl")):
        if not file.is_file():
            continue
        own = {"method": file.parts[-3], "seed": file.parts[-2].removeprefix("seed")}
        yield from (row | own for row in _rows_of_jsonl(file.parent, file.name))


SECOND: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    "csv": _rows_of_csv,
    "jsonl": _rows_of_jsonl,
    "parquet": _rows_of_parquet,
    "logs": _rows_of_logs,
}


# Changes --------------------------------------------------------------------------------------------------------------

NO_NUMBERS: tuple[Any, ...] = (
    *(
        math.nan,
        math.inf,
        -math.inf,
        None,
        "",
        " ",
        "n/a",
        "72,1",
        "72.1%",
        "1_0",
        "0x10",
        True,
        [],
        {},
        [72.1],
    ),
    *(
        -1,
        -0.0,
        0,
        100,
        100.1,
        1e308,
        10**400,
        "1e400",
        "1e-400",
        "9" * 5000,
        "1e" + "9" * 5000,
        "72.1.0",
        "--1",
    ),
)
NO_SEEDS: tuple[Any, ...] = (
    -1,
    1.5,
    "three",
    "",
    None,
    10**30,
    math.nan,
    "1e0",
    " 1",
    "0x1",
    True,
    2**63,
    99,
)
NO_ARMS: tuple[Any, ...] = (
    "",
    " sgd ",
    "SGD",
    "Ours",
    "ours (v2)",
    "x" * 1000,
    None,
    1.0,
    "\u202esgd",
    "sgd\u200b",
    ".",
)


def _one(rows: list[Row], draw: random.Random) -> Row:
    return draw.choice(rows)


def _run(rows: list[Row], draw: random.Random) -> list[Row]:
    chosen = _one(rows, draw)
    return [row for row in rows if (row["method"], row["seed"]) == (chosen["method"], chosen["seed"])]


def _set(name: str, values: tuple[Any, ...]) -> Callable[[list[Row], random.Random], None]:
    def change(rows: list[Row], draw: random.Random) -> None:
        _one(rows, draw)[name] = draw.choice(values)

    return change


def _run_gone(rows: list[Row], draw: random.Random) -> None:
    gone = _run(rows, draw)
    rows[:] = [row for row in rows if row not in gone]


def _run_cut(rows: list[Row], draw: random.Random) -> None:
    gone = _run(rows, draw)[draw.choice((1, 2)) :]
    rows[:] = [row for row in rows if row not in gone]


def _run_called(name: str, values: tuple[Any, ...]) -> Callable[[list[Row], random.Random], None]:
    def change(rows: list[Row], draw: random.Random) -> None:
        value = draw.choice(values)
        for row in _run(rows, draw):
            row[name] = value

    return change


def _as_fraction(rows: list[Row], draw: random.Random) -> None:
    for row in draw.choice((rows, _run(rows, draw), [_one(rows, draw)])):
        row["test_acc"] = round(row["test_acc"] / 100, 4)


def _other_arm(rows: list[Row], draw: random.Random) -> None:
    rows += [
        {"method": "Adam", "seed": seed, "epoch": 1, "test_acc": 5.0} for seed in range(draw.choice((1, 9)))
    ]


def _column(rows: list[Row], draw: random.Random) -> None:
    name, other = draw.choice(list(rows[0])), draw.choice(("test_acc2", "Seed", "x"))
    for row in rows:
        row[other] = row.pop(name)


def _further_column(rows: list[Row], draw: random.Random) -> None:
    for row in rows:
        row["loss"] = draw.choice((0.1, None))


AS_ROWS: Mapping[str, Callable[[list[Row], random.Random], None]] = {
    "rows in another order": lambda rows, draw: draw.shuffle(rows),
    "a row gone": lambda rows, draw: rows.remove(_one(rows, draw)),
    "a run gone": _run_gone,
    "a run cut": _run_cut,
    "a row twice": lambda rows, draw: rows.append(dict(_one(rows, draw))),
    "a value that is none": _set("test_acc", NO_NUMBERS),
    "a seed that is none": _set("seed", NO_SEEDS),
    "a step that is none": _set("epoch", (*NO_NUMBERS, 2, 99, 1.5)),
    "an arm called otherwise": _set("method", NO_ARMS),
    "a run of another arm": _run_called("method", NO_ARMS),
    "a run of another seed": _run_called("seed", NO_SEEDS),
    "fractions": _as_fraction,
    "rows of another arm": _other_arm,
    "a column called otherwise": _column,
    "a further column": _further_column,
}


def _change_file(
    folder: Path, change: Callable[[bytes, random.Random], bytes | None], draw: random.Random
) -> None:
    file = draw.choice(sorted(path for path in folder.rglob("*") if path.is_file()))
    content = change(file.read_bytes(), draw)
    if content is None:
        file.unlink()
        if draw.random() < 0.3:
            file.mkdir()
    else:
        file.write_bytes(content)


AS_FILES: Mapping[str, Callable[[bytes, random.Random], bytes | None]] = {
    **as_bytes(),
    "line ends of Windows": lambda text, _: text.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda text, _: b"\xef\xbb\xbf" + text,
    "empty": lambda _text, _: b"",
    "not there": lambda _text, _: None,
    "zeros": lambda text, draw: text + b"\0" * draw.choice((1, 1000)),
    "quotes": lambda text, draw: text.replace(
        b",", draw.choice((b'","', b'",', b',"')), draw.choice((1, 2, 9))
    ),
}

HARMLESS = {
    f"{kind}: {change}"
    for kind in FORMATS
    for change in ("rows in another order", "rows of another arm", "a further column")
} | {
    f"{kind}: {change}"
    for kind in ("csv", "jsonl")
    for change in ("line ends of Windows", "a byte order mark")
}
"""What no results are refused for."""
