"""The store: one folder a run, content-addressed, written atomically; the union of two stores is a store.

    .repro/store.json                   the format of the store, and where its ledgers end (with a checksum)
    .repro/runs/<key>/run.json          spec, history, outcome, provenance (with a checksum)
    .repro/runs/<key>/weights-<moment>.pt
    .repro/runs/<key>.theirs-<n>/       another result of the same run, imported: kept, shown, not used
    .repro/readings/<key>.json          a probe's rows (with a checksum)
    .repro/environments/<hash>.json     installed packages with versions; many runs share a list (with a checksum)
    .repro/checkpoints/<key>/step-<n>.checkpoint   where an unfinished run goes on (with a checksum); in the
                                        header, the history of one that tuning stopped
    .repro/commands/<key>/              of a run that somebody's command carries out: out/ is its own, stdout.txt and
                                        stderr.txt are what it printed last, attempt.json tells where it goes on
    .repro/failures/<key>.json          why the last attempt at a run or reading failed
    .repro/criteria.jsonl               append-only ledger: when criteria were first seen: each line seals the last
    .repro/seen.jsonl                   append-only ledger: which runs the checks of a claim have seen
    .repro/results.jsonl                append-only ledger: versions of results that were recorded elsewhere
    .repro/locks/<key>.lock             held while a run is carried out
    .repro/slurm/<when>/                scripts and logs of jobs that were handed over to Slurm; may be deleted
    .repro/drawn/<hash>.json            drawings of figures, to spare drawing them again; may be deleted
    .repro/snapshot                     what was read of a large store, in one file; may be deleted

A damaged entry is never used and never deleted: it counts as absent and is moved aside when replaced. The checkpoints
of a run go when the run is there.
"""

from repro.store.checkpoints import Checkpoint, CheckpointFolder
from repro.store.ledgers import FORMAT
from repro.store.packed import column_of, common_column, fields_of, matrix_of, numbers_of, value_at
from repro.store.record import VERSIONS, Outcome, RunRecord, lineage
from repro.store.spent import Spent, predicted_seconds, processor_seconds, spent_on
from repro.store.store import Failure, Store

__all__ = [
    "FORMAT",
    "VERSIONS",
    "Checkpoint",
    "CheckpointFolder",
    "Failure",
    "Outcome",
    "RunRecord",
    "Spent",
    "Store",
    "column_of",
    "common_column",
    "fields_of",
    "lineage",
    "matrix_of",
    "numbers_of",
    "predicted_seconds",
    "processor_seconds",
    "spent_on",
    "value_at",
]
