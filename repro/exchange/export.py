"""Writing runs of a store into a file or folder that another store can take in."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from repro import __version__
from repro.errors import mistake
from repro.exchange.archives import LIST
from repro.judging.preregistration import LEDGERS
from repro.store import RunRecord, Store
from repro.store.checkpoints import header
from repro.store.environments import FOLDER, environment_of
from repro.store.files import part_of, sync_folder, write_synced

Put = Callable[[str, bytes], None]


@dataclass(frozen=True)
class Exported:
    """How many of what an export holds, and its bytes."""

    runs: int
    unfinished: int
    readings: int
    bytes: int


def export(
    store: Store, target: Path, keys: Collection[str] | None, *, with_weights: bool = True
) -> Exported:
    """Write runs, finished or not, with their readings, and both ledgers.

    Damaged entries stay behind; the store's `damaged` names them.

    Args:
        store: where from.
        target: a file that ends in .tar, .tar.gz, .tgz or .zip, or a folder that is not there yet.
        keys: of runs, and of readings that need no run; None for all.
        with_weights: without, what is to be read from weights later cannot be, and tuning runs that racing stopped tell
            their history but begin anew should more of them be needed. Interrupted runs keep their state.

    Raises:
        ReproError: the target exists or cannot be written.
    """
    if target.exists():
        raise mistake(str(target), "exists already", hint="name a file or folder that does not")
    listed: dict[str, str] = {}
    size = 0
    counts = dict.fromkeys(("runs", "unfinished", "readings"), 0)
    try:
        with _writer(target) as put:
            for kind, name, content in _files(store, keys, with_weights):
                if kind in counts:
                    counts[kind] += 1
                listed[name] = hashlib.sha256(content).hexdigest()
                size += len(content)
                put(name, content)
            # Last, so that what was cut short lacks it.
            put(LIST, json.dumps({"repro": __version__, "files": listed}, indent=1).encode())
    except OSError as error:
        raise mistake(str(target), f"cannot be written: {error.strerror or error}") from None
    return Exported(**counts, bytes=size)


def _files(
    store: Store, keys: Collection[str] | None, with_weights: bool
) -> Iterator[tuple[str, str, bytes]]:
    """Yield kind, name and content of every file; each is read once, whatever a check changes meanwhile."""
    for name in ("store.json", *LEDGERS):
        path = store.root / name
        if path.is_file():
            yield "ledger", name, path.read_bytes()
    wanted = {record.key for record in store.runs()} if keys is None else set(keys)
    environments = set[str]()
    for key in sorted(wanted):
        record = store.run(key)
        if record is not None:
            environments.update(environment_of(record.provenance))
            yield from _of_run(store, record, with_weights)
    for name in sorted(environments):
        if store.environment(name) is not None:
            path = store.root / FOLDER / f"{name}.json"
            yield "environments", f"{FOLDER}/{name}.json", path.read_bytes()
    for checkpoint in store.unfinished():
        if keys is None or checkpoint.key in keys:
            for path, whole, state in store.checkpoints(checkpoint.key).complete():
                kept = state if with_weights or whole.stopped is None else b""
                yield "unfinished", f"checkpoints/{checkpoint.key}/{path.name}", header(whole, kept) + kept
                break
    for key in store.readings():
        reading = store.complete_reading(key)
        if reading is not None and (keys is None or key in keys or reading["spec"].get("run") in wanted):
            name = f"readings/{key}.json"
            yield "readings", name, (store.root / name).read_bytes()


def _of_run(store: Store, record: RunRecord, with_weights: bool) -> Iterator[tuple[str, str, bytes]]:
    folder = f"runs/{record.key}"
    yield "runs", f"{folder}/run.json", (store.root / folder / "run.json").read_bytes()
    for moment in record.weights if with_weights and store.has_weights(record) else ():
        blob = store.weights(record.key, moment)
        if blob is not None:
            yield "weights", f"{folder}/weights-{moment}.pt", blob


@contextmanager
def _writer(target: Path) -> Iterator[Put]:
    """Give what takes files; the target is there once all of them are written, or not at all."""
    part = part_of(target)
    try:
        if target.name.endswith(".zip"):
            with zipfile.ZipFile(part, "x", zipfile.ZIP_DEFLATED) as packed:
                yield packed.writestr
        elif target.name.endswith((".tar", ".tar.gz", ".tgz")):
            with tarfile.open(part, "x:" if target.suffix == ".tar" else "x:gz") as tar:
                yield lambda name, content: tar.addfile(_tar_info(name, content), io.BytesIO(content))
        elif target.suffix:
            hint = "end its name in .tar, .tar.gz or .zip, or name a folder"
            raise mistake(str(target), "is of no known kind", target.suffix, hint)
        else:
            part.mkdir(parents=True)
            yield lambda name, content: _put_file(part / name, content)
        part.rename(target)
        sync_folder(target.absolute().parent)
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)


def _tar_info(name: str, content: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), int(time.time())
    return info


def _put_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_synced(path, content)
