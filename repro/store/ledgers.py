"""The ledgers that a store has, criteria and what was seen, and where their last seals are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from repro.errors import mistake
from repro.store import files, sealed_lines
from repro.store.entries import Entries
from repro.store.recent import Recent

FORMAT = 2
"""Of the folder. 1 had no `store.json` and no checkpoints; its entries are read as they are."""

DOUBTED = "doubted"
"""Key of a line that was taken in although it was not as it was written: what was the matter with it."""

LEDGER_SECONDS = 30.0
"""How long another process may hold the lock of the ledgers; it needs milliseconds."""


class Ledgers(Entries):
    """The part of a store that holds ledgers."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._recent_lines = Recent[Sequence[dict[str, Any]]](lambda ledger: str(root / ledger))

    def sound_lines(self, ledger: str) -> Sequence[dict[str, Any]]:
        """Return what the lines of a ledger say that make sense, in their order; the others are named in `damaged`."""
        return self._recent_lines.read(ledger, self._read_sound_lines) or ()

    def _read_sound_lines(self, ledger: str) -> Sequence[dict[str, Any]]:
        from repro.store.contract import wrong_with  # pydantic, not before something is read

        sound = []
        for number, line in enumerate(self.lines(ledger), start=1):
            wrong = wrong_with(f"line of {ledger}", line)
            if wrong is None:
                sound.append(line)
            else:
                self.damaged.append(f"{ledger} entry {number} {wrong}")
        return sound

    def lines(self, ledger: str) -> Iterator[dict[str, Any]]:
        """Return what the lines of a ledger say, in their order; what is wrong with one is named in `damaged`."""
        for line in self._ledger(ledger):
            if line.wrong is not None:
                self.damaged.append(f"{ledger} line {line.number} {line.wrong}")
            if line.content is not None:
                if DOUBTED in line.content:
                    says = f"came from another store, where it {line.content[DOUBTED]}"
                    self.damaged.append(f"{ledger} line {line.number} {says}")
                yield {key: value for key, value in line.content.items() if key != DOUBTED}

    def lines_to_merge(self, ledger: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Return each line of a ledger as it reads, and as another store is to keep it.

        What is not as it was written here is kept there with a mark that says so: sealed anew without it, it would look
        as if nobody had touched it.
        """
        for line in self._ledger(ledger):
            if line.content is not None:
                plain = {key: value for key, value in line.content.items() if key != DOUBTED}
                why = line.wrong or line.content.get(DOUBTED)
                yield plain, plain if why is None else plain | {DOUBTED: str(why)[:200]}

    def append(self, ledger: str, *lines: Mapping[str, Any]) -> None:
        """Append lines to a ledger.

        Raises:
            ReproError: it cannot be written.
        """
        path = self.root / ledger
        try:
            with files.held(self.root / "locks" / "ledgers.lock", seconds=LEDGER_SECONDS) as mine:
                if not mine:
                    raise OSError(None, "another process does not let go of its lock")
                about = self._read(self.root / "store.json") or {"format": FORMAT}
                ends = _ends(about)
                seals = [line.seal for line in self._ledger(ledger)]
                # Lines that are missing at the end stay missed: what follows is sealed over them.
                before = seals[-1] if seals else sealed_lines.FIRST
                if ledger in ends and ends[ledger] not in seals:
                    before = ends[ledger]
                written = []
                for line in lines:
                    text, before = sealed_lines.sealed(line, before)
                    written.append(text)
                files.append_lines(path, written)
                about["ledgers"] = {**ends, ledger: before}
                files.write(self.root / "store.json", files.sealed(about).encode())
        except OSError as error:
            hint = "make room, or choose another folder with --store DIR; runs that are there are safe"
            raise mistake(str(path), f"cannot be written: {error.strerror}", hint=hint) from None

    def check_ledgers(self) -> None:
        """Name in `damaged` what is wrong with `store.json` and with the ledgers, lines that are gone among it."""
        about = self._read(self.root / "store.json")
        if about is None:
            # A store of format 1 has none; it had no checkpoints, either.
            if (self.root / "checkpoints").is_dir() and not (self.root / "store.json").exists():
                self.damaged.append("store.json is missing, and with it where the ledgers end")
            about = {}
        ends = _ends(about)
        for ledger in sorted({path.name for path in self.root.glob("*.jsonl")} | ends.keys()):
            for _ in self.lines(ledger):
                pass
            if ledger in ends and ends[ledger] not in {line.seal for line in self._ledger(ledger)}:
                self.damaged.append(f"{ledger} lacks its end: lines that were there are gone")

    def _ledger(self, name: str) -> Iterator[sealed_lines.Line]:
        try:
            text = (self.root / name).read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self.damaged.append(f"{name} cannot be read: {error.strerror}")
            return
        yield from sealed_lines.read(text)


def _ends(about: Mapping[str, Any]) -> dict[str, str]:
    """Return ledger → the seal of its last line, as `store.json` tells it."""
    ends = about.get("ledgers")
    return {str(name): str(seal) for name, seal in ends.items()} if isinstance(ends, dict) else {}
