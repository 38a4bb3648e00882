"""The recorded results of a claim: its runs, which seeds are missing, what is left out, and the hash of it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from repro.claims import Claim
from repro.claims.schema_results import Results
from repro.errors import Problem, ReproError
from repro.recorded.runs import Gathered, RecordedRun, gather
from repro.recorded.seeds import Seeds, numbers, seeds_of
from repro.recorded.sources import Digest, Source, content_of, place_of, sources, table_of
from repro.recorded.trackers import Piece, mlflow_pieces, wandb_pieces


@dataclass(frozen=True)
class Recorded:
    """Results as they were recorded.

    Attributes:
        by: who recorded them.
        place: the file or folder, as the claim names it.
        digest: SHA-256 of all that was read; "" where nothing is there yet.
        files: how many were read.
        runs: cell → its runs, by seed.
        seeds: which the cells are to have, and have not.
        notes: what is left out, declared to be missing, or not as one would expect.
        step: column → the smallest step that its numbers show: as declared, or as many digits as were written.
    """

    by: str
    place: str
    digest: str = ""
    files: int = 0
    runs: Mapping[str, Sequence[RecordedRun]] = field(default_factory=dict)
    seeds: Seeds = field(default_factory=lambda: Seeds({}, {}, {}, {}))
    notes: Sequence[str] = ()
    step: Mapping[str, float] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many runs there are."""
        return sum(map(len, self.runs.values()))


_READ: dict[tuple[object, ...], Recorded] = {}
"""By claim file and what the file system tells of the results: every stage of a command asks for them again."""


def read_results(claim: Claim) -> Recorded:
    """Return the recorded results of a claim; of results that are not there yet, that nothing is there.

    Raises:
        ReproError: results that are none, or say nothing that could be judged: where, what, the value, what to do.
    """
    results, root = claim.base.results, claim.names.root
    assert results is not None, "a claim about results"
    folder = root or claim.path.parent.parent
    try:
        identity = (claim.path, claim.text, *_signature(place_of(results, claim.path, folder)))
        if identity not in _READ:
            _READ[identity] = _read(claim, results, folder)
    except ReproError as error:
        own = f"{claim.path}: "
        raise ReproError(
            *(p if p.where.startswith(own) else replace(p, where=f"{own}{p.where}") for p in error.problems)
        ) from None
    return _READ[identity]


def _signature(path: Path) -> Iterator[object]:
    """Yield what tells that files have changed, short of reading them."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file():
            about = file.stat()
            yield file, about.st_size, about.st_mtime_ns


def _read(claim: Claim, results: Results, root: Path) -> Recorded:
    file = claim.base
    digest, where = Digest(), f"{claim.path}: results"
    pieces: list[Piece] = []
    files = 0
    roles = {"arm": results.arm, "seed": results.seed}
    roles |= {name: results.factors.get(name, name) for name in file.factors}
    measured = {results.named(name) for name in results.columns}
    wanted = {*roles.values(), *measured, *([results.steps] if results.steps else [])}
    path = place_of(results, claim.path, root)
    if results.format == "mlflow" and path.is_dir():
        pieces = list(mlflow_pieces(results, path, where, roles, measured, digest))
        files = len(pieces)
    else:
        found: list[Source] = sources(results, claim.path, root)
        files = len(found)
        for source in found:
            content = content_of(source, where)
            digest.add(source.name, content)
            if results.format == "wandb":
                pieces += wandb_pieces(results, content, source.name)
            else:
                pieces.append(Piece(table_of(source, content, results, wanted), source.fixed))
    if not pieces:
        return Recorded(results.by, results.place)
    gathered = gather(file, pieces)
    seeds = seeds_of(results, gathered.runs)
    return Recorded(
        results.by,
        results.place,
        digest.text(),
        files,
        {
            address: tuple(run for run in runs if run.seed not in seeds.further.get(address, ()))
            for address, runs in gathered.runs.items()
        },
        seeds,
        [*_left_out(gathered), *_further(seeds), *_missing(results), *_ends_early(results)],
        {name: _step(results, gathered, name) for name in results.columns},
    )


def _step(results: Results, gathered: Gathered, name: str) -> float:
    column = results.columns[name]
    written = 10.0 ** -gathered.decimals.get(name, 300)
    return max(column.resolution or 0.0, written) * column.scale


def _left_out(gathered: Gathered) -> Iterator[str]:
    """Say which rows are of no cell of the claim."""
    roles: dict[str, Counter[str]] = {}
    for (role, text), count in gathered.left_out.items():
        roles.setdefault(role, Counter())[text] = count
    for role, texts in roles.items():
        what = "arms" if role == "arm" else f"levels of {role}"
        named = ", ".join(repr(text) for text in list(texts)[:5]) + (" …" if len(texts) > 5 else "")
        yield f"{sum(texts.values()):,} rows of other {what} are left out: {named}"


def _further(seeds: Seeds) -> Iterator[str]:
    for address, beside in seeds.further.items():
        yield f"{address} has further seeds, which are left out: {numbers(beside)}"


def _missing(results: Results) -> Iterator[str]:
    for name, why in results.missing.items():
        address, _, seed = name.rpartition("/")
        yield f"{address} lacks seed {seed}, as declared: {why}"


def _ends_early(results: Results) -> Iterator[str]:
    if results.ends_early is not None:
        yield f"runs that end before others are judged as they ended, as declared: {results.ends_early}"


def check_results(claims: Sequence[Claim]) -> None:
    """Read the results of all claims that are about any; raises ReproError with what is wrong in any of them."""
    problems: list[Problem] = []
    for claim in claims:
        if claim.recorded:
            try:
                read_results(claim)
            except ReproError as error:
                problems += error.problems
    if problems:
        raise ReproError(*problems)
