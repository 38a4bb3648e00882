"""`python -m bench speed|startup|smoke|store|gpu-facts|table|coverage`: measure, and keep what was measured."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.documents import RESULTS, Document


def main() -> int:
    """Measure what the command line asks for."""
    if sys.argv[1:2] == ["coverage"]:
        from bench.coverage import main as coverage

        del sys.argv[1]
        return coverage()
    given = _parser().parse_args()
    if given.what == "table":
        from bench.table import markdown

        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "speed.md").write_text(markdown(given.out), encoding="utf-8")
        print(f"{given.out / 'speed.md'}")
        return 0
    about = {}
    if getattr(given, "device", "cpu").startswith("cuda"):
        import torch

        if not torch.cuda.is_available():
            print("no CUDA device: nothing was measured", file=sys.stderr)
            return 2
        about["device"] = torch.cuda.get_device_name(given.device)
    name = given.what if given.what not in ("speed", "store") else _name(given)
    document = Document(given.out / f"{name}.json", f"python -m bench {' '.join(sys.argv[1:])}", about)
    _measure(given, document)
    for row in document.content["rows"]:
        print(row)
    print(f"{document.path}", file=sys.stderr)
    return 0


def _name(given: argparse.Namespace) -> str:
    if given.what == "store":
        return "store-all-used" if given.all_used else "store"
    return f"speed-{given.device.partition(':')[0]}{'-full' if given.full else ''}"


def _measure(given: argparse.Namespace, document: Document) -> None:
    if given.what == "speed":
        from bench.speed import measure

        measure(
            document,
            given.device,
            given.rounds,
            only=given.only,
            smallest=given.quick,
            compiles=given.compile,
            full=given.full,
        )
    elif given.what == "gpu-facts":
        from bench.gpu_facts import measure as facts

        facts(document, given.device, quick=given.quick)
    else:
        from bench import commands

        if given.what == "startup":
            commands.startup(document, given.rounds)
        elif given.what == "smoke":
            commands.smoke(document, given.rounds)
        else:
            commands.large_store(document, given.rounds, given.runs, all_used=given.all_used)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    kinds = parser.add_subparsers(dest="what", required=True)
    for what, rounds, text in (
        ("speed", 5, "training, three arms in turns"),
        ("startup", 20, "repro --help and repro list"),
        ("smoke", 1, "repro check into an empty store"),
        ("store", 5, "repro check and repro report over 10,000 runs"),
        ("gpu-facts", 1, "step times, launch costs and how many nets a GPU takes at once"),
        ("table", 1, "write speed.md from what was measured"),
    ):
        kind = kinds.add_parser(what, help=text, description=text)
        kind.add_argument("--out", type=Path, default=RESULTS, help="folder of results")
        if what not in ("gpu-facts", "table"):
            kind.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
        if what in ("speed", "gpu-facts"):
            kind.add_argument("--device", default="cpu" if what == "speed" else "cuda")
            kind.add_argument("--quick", action="store_true", help="a few steps only: does everything run?")
        if what == "speed":
            kind.add_argument("--only", default="", help="rows whose name holds this")
            kind.add_argument("--compile", action="store_true", help="competent arm: compile on the CPU, too")
            kind.add_argument("--full", action="store_true", help="64,000 iterations, our arm alone")
        if what == "store":
            kind.add_argument("--runs", type=int, default=10_000)
            kind.add_argument("--all-used", action="store_true", help="claims that use nearly all of them")
    kinds.add_parser("coverage", help="error rates of the verdict rule: python -m bench coverage --help")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
