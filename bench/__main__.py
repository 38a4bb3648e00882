"""`python -m bench cpu|cuda` measures all that is measured on a device; the other commands, one thing each."""

from __future__ import annotations

import argparse
import math
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.documents import RESULTS, Document

ALL = {"cpu": ("speed", "startup", "smoke", "store", "store-all-used"), "cuda": ("gpu-facts", "speed")}

APART = {
    "coverage": "bench.coverage",
    "surviving": "bench.surviving",
    "fuzz": "bench.fuzz",
    "import-attacks": "bench.import_attacks",
    "cluster": "bench.cluster",
    "trials": "bench.trials",
}
"""Commands with options of their own."""


def main() -> int:
    """Measure what the command line asks for."""
    if sys.argv[1:2] and sys.argv[1] in APART:
        module = import_module(APART[sys.argv.pop(1)])
        return int(module.main() or 0)
    given = _parser().parse_args()
    if given.what == "table":
        return _table(given.out)
    device = given.what if given.what in ALL else given.device
    about: dict[str, Any] = {}
    if device.startswith("cuda"):
        import torch

        if not torch.cuda.is_available():
            print("no CUDA device: nothing was measured", file=sys.stderr)
            return 2
        about["device"] = torch.cuda.get_device_name(device)
    ends_at = time.monotonic() + 60 * given.minutes
    command = f"python -m bench {' '.join(sys.argv[1:])}"
    cut_short = False
    for what in ALL.get(given.what, (given.what,)):
        path = given.out / f"{_name(what, device, given)}.json"
        document = Document(path, command, about, goes_on=given.go_on, ends_at=ends_at)
        _measure(what, document, device, given)
        for row in document.content["rows"]:
            print(row)
        print(f"{document.path}", file=sys.stderr)
        cut_short |= document.cut_short
    if cut_short:
        print("The time is over: the same command with --go-on measures the rest.", file=sys.stderr)
    return _table(given.out) if given.what in ALL else 0


def _table(out: Path) -> int:
    from bench.table import markdown

    out.mkdir(parents=True, exist_ok=True)
    (out / "speed.md").write_text(markdown(out), encoding="utf-8")
    print(f"{out / 'speed.md'}")
    return 0


def _name(what: str, device: str, given: argparse.Namespace) -> str:
    if what == "speed":
        return f"speed-{device.partition(':')[0]}{'-full' if given.full else ''}"
    return what


def _measure(what: str, document: Document, device: str, given: argparse.Namespace) -> None:
    rounds = given.rounds
    if what == "speed":
        from bench.speed import Way, measure

        way = Way(device, rounds or (3 if device == "cpu" else 1), given.quick, given.compile, given.full)
        measure(document, way, given.only)
    elif what == "gpu-facts":
        from bench.gpu_facts import measure as facts

        facts(document, device, quick=given.quick)
    elif what == "racing":
        from bench.racing import measure as race

        race(document)
    else:
        from bench import commands

        if what == "startup":
            commands.startup(document, rounds or 20)
        elif what == "smoke":
            commands.smoke(document, rounds or 1)
        elif what == "store":
            commands.large_store(document, rounds or 5, given.runs, all_used=False)
        else:
            commands.large_store(document, rounds or 3, given.runs, all_used=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, text in (
        ("cpu", f"all of {', '.join(ALL['cpu'])}, and the table"),
        ("cuda", f"all of {', '.join(ALL['cuda'])} on a GPU, and the table"),
        ("speed", "training: ours, a competent loop and a textbook one, in turns"),
        ("startup", "repro --help and repro list"),
        ("smoke", "repro check into an empty store, of five claims and of all"),
        ("racing", "tuning by racing beside tuning to the end, at smoke scale"),
        (
            "store",
            "repro check and repro report, of five claims and of all, over 10,000 runs of which few are used",
        ),
        ("store-all-used", "the same, with claims that use nearly all of them"),
        ("gpu-facts", "step times, launch costs and how many nets a GPU takes at once"),
        ("table", "write speed.md from what was measured"),
    ):
        kind = kinds.add_parser(what, help=text, description=text)
        kind.add_argument("--out", type=Path, default=RESULTS, help="folder of results")
        kind.set_defaults(rounds=None, minutes=math.inf, go_on=False, quick=False, device="cpu")
        kind.set_defaults(only="", compile=False, full=False, runs=10_000)
        trains, measures = {"cpu", "cuda", "speed"}, what != "table"
        if measures:
            kind.add_argument("--minutes", type=float, help="begin nothing more after so long")
            kind.add_argument(
                "--go-on", action="store_true", help="keep what is there, measure what is missing"
            )
        if measures and what not in {"gpu-facts", "racing"}:
            kind.add_argument("--rounds", type=int, help="default: by measure")
        if what in trains | {"gpu-facts"}:
            kind.add_argument("--quick", action="store_true", help="a few steps only: does everything run?")
        if what in {"speed", "gpu-facts"}:
            kind.add_argument("--device", default="cpu" if what == "speed" else "cuda")
        if what in trains:
            kind.add_argument("--only", help="rows of speed whose name holds this")
            kind.add_argument("--compile", action="store_true", help="compile on the CPU, too: minutes")
        if what == "speed":
            kind.add_argument("--full", action="store_true", help="64,000 iterations, our arms alone")
        if what in {"cpu", "store", "store-all-used"}:
            kind.add_argument("--runs", type=int, help="in the store")
    for what, text in (
        ("coverage", "error rates of the verdict rule"),
        ("surviving", "the papers' protocols on CIFAR-10, killed again and again"),
        ("fuzz", "claim files that are wrong in every way"),
        ("import-attacks", "hostile and odd archives, imported"),
        (
            "trials",
            "what a protocol costs and how widely its estimand spreads, on seeds that are never judged",
        ),
    ):
        kinds.add_parser(what, help=f"{text}: python -m bench {what} --help")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
