"""Claim files, and recorded results, that are wrong in every way: `python -m bench fuzz --files 2000 --results 2000`.

Sound files are changed at random, as data (values, keys, tables) and as text (bytes, lines, encodings), and looked at
as a user's would be. A file is refused with a message, or it lints, and then every command that reads it must work:
`plan`, `show` and `report`, with and without runs in the store. Anything else is a failure: a traceback, a hang, a
message that nobody can read. The same seed tries the same files. bench/fuzz_results.py has the results.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.attempts import Tally, outcome, repro
from bench.synthetic import fill
from repro.claims import load_library
from repro.startup.shipped import folder
from repro.store import Store

RESULTS = Path(__file__).parent / "results" / "fuzz.json"

SOURCES = (
    *(
        "alexnet/relu-speed",
        "resnet/layer-responses",
        "resnet/gradient-preservation",
        "resnet/plain-nets-degrade",
    ),
    *("transformer/sizes", "notes/dropout-is-l2", "mae/decoder-cost"),
)
"""Claims that are changed: of every kind of metric and expectation."""

ODD: tuple[Any, ...] = (
    *(0, -1, 1, 2, 10**6, 10**12, 2**53, 2**63, 2**64, 10**400, -(10**30)),
    *(0.0, -0.0, 0.5, 1e-30, 5e-324, 1e30, 1e308, float("inf"), float("-inf"), float("nan"), True, False),
    *(
        "",
        " ",
        "x",
        "last",
        "paper",
        "train_error",
        "%s",
        "{0}",
        "../../etc/passwd",
        "/dev/zero",
        "os:system",
    ),
    *("builtins:exec", "a:b", "a:b:c", ":", "\u0000", "\u202e", "\ud7ff", "e\u0301", "\u00e9", "x" * 10_000),
    *("9" * 5000, "<script>", "{{ 7*7 }}", "1/0", "0%", "~1", "1e400"),
    *(
        [],
        [[]],
        [0],
        [1, 2],
        [2, 1],
        ["a", "a"],
        ["plain", "residual"],
        list(range(2000)),
        ["x" * 1000] * 100,
    ),
    *({}, {"": 1}, {"a": {}}, {"name": "resnet-cifar"}, {"npz": "../x.npz"}, {"folder": "/"}),
    {"npz": "x.npz", "size": [0, 0]},
)
"""What is put in the place of values."""


def main() -> int:
    """Try files, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=2000, help="claim files")
    parser.add_argument("--results", type=int, default=2000, help="files and folders of recorded results")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    from bench import fuzz_results  # which changes bytes as this module does

    tally = tried(given.files, given.seed)
    tally.join(fuzz_results.tried(given.results, given.seed))
    counts = f"--files {given.files} --results {given.results}"
    return tally.write(given.out, f"python -m bench fuzz {counts} --seed {given.seed}")


def tried(files: int, seed: int = 0) -> Tally:
    """Change and look at so many files."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        for number in range(files):
            draw = random.Random(f"{seed}/{number}")
            source = draw.choice(SOURCES)
            root = Path(name) / str(number)
            kind = _changed(source, root, draw)
            ended, failure = outcome(lambda root=root: load_library(root / "claims"))  # type: ignore[misc]
            if ended == "taken":
                used, failure = outcome(lambda root=root: _used(root))  # type: ignore[misc]
                if used == "refused":
                    failure = "it lints, and a command refuses it"
            tally.add(kind, ended, failure, f"{source}, {kind}, --seed {seed}, file {number}")
            shutil.rmtree(root)
    return tally


def _used(root: Path) -> None:
    """Use a claims folder that is sound in every way."""
    claims = list(load_library(root / "claims").claims)
    places = ("--claims", root / "claims", "--store", root / "store")
    store = Store(root / "store")
    store.prepare()
    for claim in claims:
        repro("show", claim.id, "--claims", root / "claims")
    for scale in ("smoke", "exact", "paper"):
        repro("plan", "--scale", scale, "--controls", "--sensitivity", *places)
    form = ("--format", "json,markdown,csv", "--out", root / "report")
    repro("report", *places, *form)
    if repro("plan", "--json", *places) == 0 and _few_runs(claims):
        fill(store, claims, "smoke", 0)
        repro("report", *places, *form)
        repro("plan", *places)


def _few_runs(claims: list[Any]) -> bool:
    """Tell whether the runs of some claims are few enough to be made up in a moment."""
    at = [claim.at["smoke"] for claim in claims if "smoke" in claim.at]
    return sum(len(file.arms) * file.experiment.seeds.looks[-1] for file in at) < 100


def _changed(source: str, root: Path, draw: random.Random) -> str:
    """Write a claims folder with one sound claim that was changed; return how."""
    paper, _, claim = source.partition("/")
    there = root / "claims" / paper
    shutil.copytree(
        folder("claims") / paper, there, ignore=lambda _, names: [n for n in names if _other(n, claim)]
    )
    publication = there / "paper.toml"
    data = tomllib.loads(publication.read_text(encoding="utf-8"))
    # What the paper's other claims answer is looked up; they are not here.
    listed = [one for one in data.get("checkable", []) if set(one.get("claims", [claim])) <= {claim}]
    publication.write_text(
        as_toml({**data, "checkable": listed} if listed else _without(data)), encoding="utf-8"
    )
    path = there / draw.choice([f"{claim}.toml"] * 9 + ["paper.toml"])
    text = path.read_text(encoding="utf-8")
    kind, change = draw.choice([*_AS_DATA.items(), *_AS_TEXT.items()])
    if kind in _AS_DATA:
        data = tomllib.loads(text)
        for _ in range(draw.choice((1, 1, 1, 2, 5))):
            change(data, draw)
        path.write_text(as_toml(data), encoding="utf-8", errors="surrogatepass")
    else:
        path.write_bytes(change(text.encode(), draw))
    return kind


def _without(paper: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in paper.items() if key != "checkable"}


def _other(name: str, claim: str) -> bool:
    return name.endswith(".toml") and name not in (f"{claim}.toml", "paper.toml")


# As data ------------------------------------------------------------------------------------------------------------


def _spot(data: Any, draw: random.Random) -> tuple[Any, Any]:
    """Return a table or list somewhere in some data, and one of its keys."""
    while True:
        keys = list(data) if isinstance(data, dict) else list(range(len(data)))
        key = draw.choice(keys)
        inner = data[key]
        if not isinstance(inner, dict | list) or not inner or draw.random() < 0.15:
            return data, key
        data = inner


def _replace(data: Any, draw: random.Random) -> None:
    table, key = _spot(data, draw)
    table[key] = copy.deepcopy(draw.choice(ODD))


def _remove(data: Any, draw: random.Random) -> None:
    table, key = _spot(data, draw)
    del table[key]
    if not data:
        data["title"] = "nothing is left"


def _rename(data: Any, draw: random.Random) -> None:
    table, key = _spot(data, draw)
    if isinstance(table, dict):
        table[draw.choice(["", "x", " ", "a.b", "ü", "x" * 300, "arms", "at", "\n"])] = table.pop(key)


def _add(data: Any, draw: random.Random) -> None:
    table, key = _spot(data, draw)
    value = copy.deepcopy(draw.choice(ODD))
    if isinstance(table, dict):
        table[f"{key}2" if draw.random() < 0.5 else draw.choice(["lr", "epochs", "seeds", "role", "at"])] = (
            value
        )
    else:
        table.append(value)


def _swap(data: Any, draw: random.Random) -> None:
    (one, key), (other, its) = _spot(data, draw), _spot(data, draw)
    first, second = copy.deepcopy(one[key]), copy.deepcopy(other[its])
    one[key] = second
    if its in other if isinstance(other, dict) else its < len(other):
        other[its] = first


def _scale_up(data: Any, draw: random.Random) -> None:
    table, key = _spot(data, draw)
    value = table[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        table[key] = value * draw.choice([-1, 10, 1000, 10**9, 1e-9, 1e25])
    elif isinstance(value, list):
        table[key] = value * draw.choice([2, 100])
    elif isinstance(value, str):
        table[key] = value * draw.choice([2, 1000])


_AS_DATA: Mapping[str, Callable[[Any, random.Random], None]] = {
    "a value replaced": _replace,
    "a key removed": _remove,
    "a key renamed": _rename,
    "a key added": _add,
    "two values swapped": _swap,
    "a value scaled": _scale_up,
}


def as_toml(value: Any, *, top: bool = True) -> str:
    """Write plain data as TOML, tables in one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)} = {as_toml(inner, top=False)}" for key, inner in value.items()]
        return "\n".join(lines) + "\n" if top else "{ " + ", ".join(lines) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(item, top=False) for item in value) + "]"
    return str(value)


# As text ------------------------------------------------------------------------------------------------------------


def _flip(text: bytes, draw: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(draw.choice((1, 3, 20))):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _cut(text: bytes, draw: random.Random) -> bytes:
    return text[: draw.randrange(len(text))]


def _lines(text: bytes, draw: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    place = draw.randrange(len(lines))
    lines[place : place + 1] = draw.choice([[], lines[place : place + 1] * 2, lines[place : place + 1] * 500])
    return b"".join(lines)


def _nested(text: bytes, draw: random.Random) -> bytes:
    depth = draw.choice([5, 50, 2000, 50_000])
    opening, closing = draw.choice([(b"[", b"]"), (b"{a=", b"}"), (b"[{a=", b"}]")])
    inner = b"1" if opening != b"[" else b""
    return b"deep = " + opening * depth + inner + closing * depth + b"\n" + text


def _dotted(text: bytes, draw: random.Random) -> bytes:
    return b".".join([b"a"] * draw.choice([10, 1000, 100_000])) + b" = 1\n" + text


def _encoded(text: bytes, draw: random.Random) -> bytes:
    return text.decode().encode(
        draw.choice(["utf-16", "utf-32", "utf-8-sig", "utf-16-be", "latin-1"]), "replace"
    )


def _long(text: bytes, draw: random.Random) -> bytes:
    return text + b"# " + b"x" * draw.choice([100_000, 3_000_000])


_AS_TEXT: Mapping[str, Callable[[bytes, random.Random], bytes]] = {
    "bytes changed": _flip,
    "cut short": _cut,
    "lines taken out or repeated": _lines,
    "nested deeply": _nested,
    "a long dotted key": _dotted,
    "another encoding": _encoded,
    "a long file": _long,
}


def as_bytes() -> Mapping[str, Callable[[bytes, random.Random], bytes]]:
    """Return the changes that make sense of any text: what they are called → the change."""
    return {name: _AS_TEXT[name] for name in ("bytes changed", "cut short", "lines taken out or repeated")}


if __name__ == "__main__":
    raise SystemExit(main())
