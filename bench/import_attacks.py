"""Archives of strangers: `python -m bench import-attacks --archives 1000`.

Hostile ones (names that lead elsewhere, links, devices, code in weights, damage) and odd ones: whole, well sealed and
listed, of content that makes no sense. Each is imported into a store with runs of its own. Whatever becomes of it, no
command may end in a traceback or hang afterwards, no code of it may be executed, no file may lie elsewhere, and no
entry of ours may be lost or changed. Archives that are sound must come in. The same seed tries the same archives.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import io
import json
import pickle
import random
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.attempts import Tally, outcome, repro
from bench.fuzz import ODD
from bench.synthetic import PROVENANCE, fill
from repro.canonical import canonical_hash
from repro.claims import Claim, load_library
from repro.exchange import Loaded, verify
from repro.exchange.archives import LIST
from repro.judging.preregistration import record, remember
from repro.planning.schedule import Schedule
from repro.spec import RunSpec
from repro.store import Checkpoint, Store
from repro.store.files import sealed, unsealed

RESULTS = Path(__file__).parent / "results" / "import-attacks.json"

CLAIM = """
title = "Wider is better"
statement = "A wider net errs less."
source = { where = "Sec. 1" }
experiment.dataset = "digits"
experiment.model = "cifar-plain"
experiment.recipe = { name = "resnet-cifar", batch_size = 64, steps = 100 }
experiment.seeds.looks = [3]
arms = { narrow = { depth = 8, width = 2 }, wide = { depth = 8, width = 4 } }
tune = { lr = [0.05, 0.1], by = "loss" }
[metrics]
loss = { kind = "final", of = "train_loss", unit = "number" }
error = { kind = "final", of = "test_error", unit = "error" }
reached = { kind = "first_reach", of = "train_error", at_most = 0.5, unit = "epochs" }
response = { kind = "probe", probe = "response_std", layers = "conv3x3", at = ["init", "last"], reduce = "mean" }
[metrics.stages]
kind = "probe"
probe = "weight_gradient_norm"
layers = "conv3x3"
at = ["last"]
reduce = "first_stage_over_last_stage"
transform = "log10"
[expect]
less = { kind = "difference", title = "t", metric = "error", arms = ["narrow", "wide"], at_least = 0.0, role = "decides", why = "w" }
sooner = { kind = "ratio", title = "t", metric = "reached", arms = ["narrow", "wide"], at_least = 1.0, role = "context", why = "w" }
mean = { kind = "value", title = "t", metric = "response", arm = "wide", at = "last", at_least = 0.0, role = "context", why = "w" }
[figure]
curves = { kind = "curves", title = "t", of = ["train_error", "running_loss"] }
layers = { kind = "layers", title = "t", metric = "response" }
[scale.smoke]
"""  # noqa: E501 - a table of TOML is one line

PAPER = """
title = "A paper"
authors = ["A. Author"]
venue = "Nowhere"
year = 2020
identifier = "arXiv:0"
bibtex_key = "author2020"
"""

Files = dict[str, bytes]
"""Name in an archive → content."""


def main() -> int:
    """Try archives, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench import-attacks", description=__doc__)
    parser.add_argument("--archives", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    tally = tried(given.archives, given.seed)
    return tally.write(
        given.out, f"python -m bench import-attacks --archives {given.archives} --seed {given.seed}"
    )


def tried(archives: int, seed: int = 0) -> Tally:
    """Import so many archives, of all kinds in turn."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        world = _World(Path(name))
        kinds = [*_SOUND.items(), *_HOSTILE.items(), *_ODD.items()]
        for number in range(archives):
            kind, make = kinds[number % len(kinds)]
            draw = random.Random(f"{seed}/{number}")
            archive = world.root / f"{number}.bin"
            archive.write_bytes(make(copy.copy(world.files), draw))
            ended, failure = world.imported(archive, sound=kind in _SOUND)
            tally.add(kind, ended, failure, f"{kind}, --seed {seed}, archive {number}")
            archive.unlink()
    return tally


class _World:
    """A claims folder, a store with some of its runs, and an export of a store with all of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        paper = root / "claims" / "p"
        paper.mkdir(parents=True)
        (paper / "c.toml").write_text(CLAIM, encoding="utf-8")
        (paper / "paper.toml").write_text(PAPER, encoding="utf-8")
        claims = list(load_library(root / "claims").claims)
        self.ours, theirs = root / "ours", root / "theirs"
        _filled(theirs, claims)
        shutil.copytree(theirs, self.ours)
        # Half of the runs are missing here, so that both what is new and what is known come in.
        for folder in sorted((self.ours / "runs").iterdir())[::2]:
            shutil.rmtree(folder)
        for path in sorted((self.ours / "readings").iterdir())[::2]:
            path.unlink()
        shutil.rmtree(self.ours / "checkpoints")
        (self.ours / "checkpoints").mkdir()
        for ledger in self.ours.glob("*.jsonl"):
            ledger.unlink()
        (self.ours / "store.json").write_text(sealed({"format": 2}), encoding="utf-8")
        repro("runs", "export", root / "export.tar", "--store", theirs)
        with tarfile.open(root / "export.tar") as tar:
            self.files: Files = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}  # type: ignore[union-attr]
        # Empty weights load nowhere; whether they do is not looked at here.
        self.before = _content(self.ours)
        self.outside = {path.name for path in root.iterdir()}

    def imported(self, archive: Path, *, sound: bool) -> tuple[str, str | None]:
        """Import an archive into a copy of our store, and use that in every way."""
        store = self.root / "store"
        shutil.copytree(self.ours, store)
        places = ("--claims", self.root / "claims", "--store", store)
        ended, failure = outcome(lambda: repro("runs", "import", archive, "--store", store))
        if sound and ended != "taken" and failure is None:
            failure = f"a sound archive was {ended}"

        def used() -> None:
            repro("plan", *places)
            repro("report", *places, "--format", "json,markdown", "--out", store / "report")
            repro("runs", "list", *places)
            verify(Store(store), lambda paths: Loaded())

        what, broken = outcome(used)
        if failure is None and broken is not None:
            failure = f"afterwards: {broken}"
        if failure is None and what == "refused":
            failure = "afterwards: refused"
        if failure is None:
            failure = self._changed(store)
        shutil.rmtree(store)
        if MARK.exists():
            MARK.unlink()
            failure = "its code was executed"
        return ended, failure

    def _changed(self, store: Path) -> str | None:
        after = _content(store)
        lost = [
            name
            for name, content in self.before.items()
            if after.get(name) != content and name != "store.json"
        ]
        if lost:
            return f"changed or lost: {lost[0]}"
        elsewhere = {path.name for path in self.root.iterdir()} - self.outside - {"store"}
        strange = [name for name in elsewhere if not name.endswith(".bin")]
        return f"written elsewhere: {strange[0]}" if strange else None


MARK = Path(tempfile.gettempdir()) / "repro-import-attack-was-executed"
"""Made by code that must not be executed."""


def _filled(root: Path, claims: list[Claim]) -> None:
    store = Store(root)
    store.prepare()
    fill(store, claims, "smoke", 0)
    for look in Schedule(claims, "smoke", store).looks():
        record(look.requirements, store)
        remember(look.requirements, store)
    one = next(store.runs())
    spec = RunSpec.from_json({**one.spec, "seed": 77})
    store.checkpoints(spec.key).put(
        Checkpoint(spec.key, spec.as_json(), 40, 100, 1, [PROVENANCE]), b"a state"
    )


def _content(root: Path) -> Files:
    names = ("runs", "readings", "checkpoints")
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for name in names
        for path in (root / name).rglob("*")
        if path.is_file()
    }


# Writing archives ---------------------------------------------------------------------------------------------------


def _listed(files: Files) -> Files:
    """Return the files with a list that is right."""
    rest = {name: content for name, content in files.items() if name != LIST}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in rest.items()}
    return {**rest, LIST: json.dumps({"repro": "0", "files": sums}).encode()}


def _tar(
    files: Files, mode: str = "w", change: Callable[[tarfile.TarInfo], None] = lambda info: None
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            change(info)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _zip(files: Files) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def _one_run(files: Files, draw: random.Random) -> Files:
    """Return an export of a single run with weights that are a zip of their own, as torch writes them."""
    key = draw.choice(sorted({name.split("/")[1] for name in files if name.startswith("runs/")}))
    content = unsealed(files[f"runs/{key}/run.json"])
    weights = _zip({"archive/data.pkl": b"x" * draw.randrange(500), "archive/version": b"3"})
    content["weights"] = {"last": hashlib.sha256(weights).hexdigest()}
    return {
        "store.json": files["store.json"],
        f"runs/{key}/run.json": sealed(content).encode(),
        f"runs/{key}/weights-last.pt": weights,
    }


_SOUND: Mapping[str, Callable[[Files, random.Random], bytes]] = {
    "sound: .tar": lambda files, draw: _tar(files),
    "sound: .tar.gz": lambda files, draw: _tar(files, "w:gz"),
    "sound: .zip": lambda files, draw: _zip(files),
    "sound: .tar of one run": lambda files, draw: _tar(_listed(_one_run(files, draw))),
    "sound: .zip of one run": lambda files, draw: _zip(_listed(_one_run(files, draw))),
}


# Hostile ------------------------------------------------------------------------------------------------------------


class _Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (MARK,)


def _elsewhere(files: Files, draw: random.Random) -> bytes:
    climbing = ["../x", "../../x", "/x", "runs/../../x", "C:\\x", "runs\\..\\..\\x"]
    name = draw.choice([*climbing, "./x", "runs//x", "~/x", "x" * 300, f"runs/{'0' * 24}/x.pt"])
    packed = draw.choice([_tar, _zip])
    return packed(_listed({**files, name: b"x"}))


def _special(files: Files, draw: random.Random) -> bytes:
    kinds = [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.DIRTYPE,
    ]
    kind, target = draw.choice(kinds), draw.choice(["/etc/passwd", "../../x", "store.json", "/dev/zero"])
    victim = draw.choice(sorted(files))

    def change(info: tarfile.TarInfo) -> None:
        if info.name == victim:
            info.type, info.linkname, info.size = kind, target, 0

    return _tar(files, change=change)


def _sizes(files: Files, draw: random.Random) -> bytes:
    bomb = b"\0" * draw.choice([1 << 20, 1 << 24])
    name = draw.choice([name for name in files if name.startswith("runs/")])
    return draw.choice([lambda f: _tar(f, "w:gz"), _zip])(_listed({**files, name: bomb}))


def _cut(files: Files, draw: random.Random) -> bytes:
    whole = draw.choice([_tar(files), _tar(files, "w:gz"), _zip(files)])
    return whole[: draw.randrange(len(whole))]


def _flipped(files: Files, draw: random.Random) -> bytes:
    whole = bytearray(draw.choice([_tar(files), _tar(files, "w:gz"), _zip(files)]))
    for _ in range(draw.choice([1, 10])):
        whole[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
    return bytes(whole)


def _list_of_lies(files: Files, draw: random.Random) -> bytes:
    lies: list[Any] = [
        {},
        [],
        None,
        7,
        {"files": []},
        {"files": {"x": 1}},
        {"files": {"../x": "0"}},
        {"files": None},
    ]
    text = draw.choice(
        [json.dumps(draw.choice(lies)).encode(), b"[" * 100_000, b"", b"\xff\xfe", b"9" * 10_000]
    )
    return _tar({**files, LIST: text})


def _twice(files: Files, draw: random.Random) -> bytes:
    name = draw.choice(sorted(files))
    return _tar(files)[:-1024] + _tar({name: b"another"})


def _code(files: Files, draw: random.Random) -> bytes:
    code = pickle.dumps(_Code())
    blob = draw.choice([code, _zip({"archive/data.pkl": code, "archive/version": b"3"})])
    made = _one_run(files, draw)
    (name,) = (name for name in made if name.endswith(".json") and name.startswith("runs/"))
    content = unsealed(made[name])
    content["weights"] = {"last": hashlib.sha256(blob).hexdigest()}
    made |= {name: sealed(content).encode(), name.replace("run.json", "weights-last.pt"): blob}
    return _tar(_listed(made))


def _both(files: Files, draw: random.Random) -> bytes:
    little = _zip(_listed({"store.json": b"{}"}))
    first, second = draw.sample([_tar(files), _zip(files), little, b"PK\x03\x04", b"\x1f\x8b"], 2)
    return first + second


_HOSTILE: Mapping[str, Callable[[Files, random.Random], bytes]] = {
    "hostile: names that lead elsewhere": _elsewhere,
    "hostile: links, devices, pipes, folders": _special,
    "hostile: bombs": _sizes,
    "hostile: cut short": _cut,
    "hostile: bits flipped": _flipped,
    "hostile: a list of lies": _list_of_lies,
    "hostile: a name twice": _twice,
    "hostile: code in weights": _code,
    "hostile: two archives in one": _both,
    "hostile: noise": lambda files, draw: draw.randbytes(draw.randrange(5000)),
}


# Odd ----------------------------------------------------------------------------------------------------------------


def _spoiled(content: Any, draw: random.Random) -> None:
    """Change some places of plain data."""
    for _ in range(draw.choice([1, 1, 1, 3])):
        table: Any = content
        while True:
            keys = list(table) if isinstance(table, dict) else list(range(len(table)))
            key = draw.choice(keys)
            if not isinstance(table[key], dict | list) or not table[key] or draw.random() < 0.25:
                break
            table = table[key]
        how = draw.random()
        if how < 0.7:
            table[key] = copy.deepcopy(draw.choice(ODD))
        elif how < 0.85 and len(table) > 1:
            del table[key]
        elif isinstance(table, dict):
            table[draw.choice(["x", "", "value", "step"])] = copy.deepcopy(draw.choice(ODD))
        else:
            table.append(copy.deepcopy(draw.choice(ODD)))


def _seal(content: Any) -> bytes:
    text = json.dumps(content, sort_keys=True)
    return f'{{"sha256": "{hashlib.sha256(text.encode()).hexdigest()}", "content": {text}}}'.encode()


def _key_of(spec: Any) -> str:
    try:
        return RunSpec.from_json(spec).key
    except (KeyError, TypeError, ValueError, AttributeError):
        return canonical_hash(spec)


def _odd_run(files: Files, draw: random.Random) -> bytes:
    name = draw.choice([name for name in files if name.endswith("/run.json")])
    content = unsealed(files[name])
    _spoiled(content, draw)
    if draw.random() < 0.5 and isinstance(content.get("spec"), dict):
        return _renamed(files, name, content, draw)
    return _tar(_listed({**files, name: _seal(content)}))


def _renamed(files: Files, name: str, content: Any, draw: random.Random) -> bytes:
    """Give a run the key that its odd spec has."""
    try:
        key = _key_of(content["spec"])
    except (ValueError, TypeError, RecursionError, OverflowError):
        key = "0" * 24
    content["key"] = key
    return _tar(_listed({**files, f"runs/{key}/run.json": _seal(content)}))


def _odd_reading(files: Files, draw: random.Random) -> bytes:
    name = draw.choice([name for name in files if name.startswith("readings/")])
    content = unsealed(files[name])
    _spoiled(content["rows"] if draw.random() < 0.6 else content, draw)
    return _tar(_listed({**files, name: _seal(content)}))


def _odd_checkpoint(files: Files, draw: random.Random) -> bytes:
    name = next(name for name in files if name.startswith("checkpoints/"))
    line, _, state = files[name].partition(b"\n")
    head = json.loads(line)
    _spoiled(head["content"] if draw.random() < 0.9 else head, draw)
    if isinstance(head.get("content"), dict):
        whole = hashlib.sha256(json.dumps(head["content"], sort_keys=True).encode())
        whole.update(state)
        head["sha256"] = whole.hexdigest()
    return _tar(_listed({**files, name: json.dumps(head).encode() + b"\n" + state}))


def _odd_ledger(files: Files, draw: random.Random) -> bytes:
    name = draw.choice(["criteria.jsonl", "seen.jsonl"])
    content = json.loads(files[name].splitlines()[0])["content"]
    _spoiled(content, draw)
    # As earlier versions wrote it: without a seal.
    return _tar(_listed({**files, name: json.dumps(content).encode() + b"\n"}))


def _odd_store(files: Files, draw: random.Random) -> bytes:
    content = unsealed(files["store.json"])
    _spoiled(content, draw)
    return _tar(_listed({**files, "store.json": _seal(content)}))


_ODD: Mapping[str, Callable[[Files, random.Random], bytes]] = {
    "odd: a run": _odd_run,
    "odd: a reading": _odd_reading,
    "odd: a checkpoint": _odd_checkpoint,
    "odd: a line of a ledger": _odd_ledger,
    "odd: the store's own file": _odd_store,
    "odd: another run": _odd_run,
    "odd: another reading": _odd_reading,
}


if __name__ == "__main__":
    raise SystemExit(main())
