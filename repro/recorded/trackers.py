"""What experiment trackers leave: MLflow's folder of plain text files, and a chart that W&B exports as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from repro.claims.schema_results import Results
from repro.errors import mistake
from repro.recorded.sources import Digest, Pattern, Source, below, content_of
from repro.recorded.table import Table, Value, Wanted, read_csv, text_of

STEP = "step"


@dataclass(frozen=True)
class Piece:
    """A table, and what holds for all of its rows: "arm", "seed", or a factor."""

    table: Table
    fixed: Mapping[str, str]


def mlflow_pieces(
    results: Results, folder: Path, where: str, roles: Mapping[str, str], wanted: Wanted, digest: Digest
) -> Iterator[Piece]:
    """Yield a piece for each run of an ``mlruns`` folder: its metrics by step; its parameters and tags are its roles.

    A metric is a file of lines "time value step"; parameters and tags are files of one text each (MLflow's FileStore).
    Deleted runs are passed over.

    Args:
        results: where they are, as the claim file names it.
        folder: the same on the disk.
        where: the claim file's key, for errors.
        roles: "arm", "seed" or a factor → the parameter or tag that tells it.
        wanted: metrics that are read.
        digest: takes in every file that is read.

    Raises:
        ReproError: no runs, or a file that is not what MLflow writes.
    """
    runs: dict[Path, list[Path]] = {}
    for path in below(folder, where):
        for parent in path.relative_to(folder).parents:
            if (folder / parent / "meta.yaml").is_file() and (folder / parent / "metrics").is_dir():
                runs.setdefault(folder / parent, []).append(path)
    if not runs:
        hint = "it has a folder for each experiment, and there one for each run with metrics/, params/, tags/"
        raise mistake(where, "holds no runs of MLflow", results.folder, hint)
    for run, files in runs.items():
        told: dict[str, str] = {}
        names: list[str] = []
        steps: list[Value] = []
        columns: dict[str, list[Value]] = {}
        rows: list[str] = []
        for path in files:
            kind, _, name = path.relative_to(run).as_posix().partition("/")
            source = Source(path, f"{results.folder}/{path.relative_to(folder).as_posix()}")
            if kind in ("params", "tags") and (name in roles.values() or name == "mlflow.runName"):
                content = content_of(source, where)
                digest.add(source.name, content)
                told.setdefault(name, content.decode("utf-8", "replace").strip())
            elif kind == "metrics":
                names.append(name)
                if wanted is None or name in wanted:
                    content = content_of(source, where)
                    digest.add(source.name, content)
                    for number, line in enumerate(text_of(content, source.name).splitlines(), start=1):
                        fields = line.split()
                        if len(fields) != 3:
                            hint = 'MLflow writes "time value step"'
                            raise mistake(
                                f"{source.name}: line {number}", "is no value of a metric", line, hint
                            )
                        values = columns.setdefault(name, [])
                        values += [None] * (len(steps) - len(values)) + [fields[1]]
                        steps.append(fields[2])
                        rows.append(f"{name}, line {number}")
        if _deleted(run):
            continue
        for column in columns.values():
            column.extend([None] * (len(steps) - len(column)))
        table = Table(
            f"{results.folder}/{run.relative_to(folder).as_posix()}",
            columns | {STEP: steps},
            rows,
            [*names, STEP],
        )
        fixed = {role: told[name] for role, name in roles.items() if name in told}
        yield Piece(table, fixed)


def _deleted(run: Path) -> bool:
    try:
        return "lifecycle_stage: deleted" in (run / "meta.yaml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def wandb_pieces(results: Results, content: bytes, where: str) -> Iterator[Piece]:
    """Yield a piece for each run of a chart that W&B has exported as CSV, with its one metric.

    The header names steps, and "<run> - <metric>" for each run; columns of the least and the most are passed over.

    Raises:
        ReproError: no run's name fits the pattern.
    """
    table = read_csv(content, where, results.separator)
    pattern = Pattern(results.pattern or "")
    step = results.steps or ""
    found = False
    named = []
    for column in table.names:
        run, dash, metric = column.rpartition(" - ")
        if not dash or metric.endswith(("__MIN", "__MAX")) or metric.startswith("_"):
            continue
        named.append(run)
        fixed = pattern.read(run)
        if fixed is not None and step in table.columns:
            found = True
            columns = {metric: table.columns[column], step: table.columns[step]}
            yield Piece(Table(where, columns, table.rows, [metric, step]), fixed)
    if not found:
        if step not in table.columns:
            raise mistake(where, "has no column of steps", step, f"it has: {', '.join(table.names[:8])}")
        hint = f'the header names runs such as "{named[0]}"' if named else 'its header has "<run> - <metric>"'
        raise mistake(where, "has no run whose name fits the pattern", results.pattern, hint)
