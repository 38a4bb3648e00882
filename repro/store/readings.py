"""The readings of a store: a file each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from repro.spec import ReadingSpec
from repro.store import files
from repro.store.entries import Entries
from repro.store.packed import Rows
from repro.store.recent import Recent, Signature
from repro.store.snapshot import Packed
from repro.store.spent import Spent


@dataclass(frozen=True, slots=True)
class _Reading:
    """Of a reading, what is asked for again and again."""

    rows: Sequence[Mapping[str, Any]]
    spent: Spent


class Readings(Entries):
    """The part of a store that holds readings."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._readings = str(root / "readings")
        self.recent_readings = Recent[_Reading](lambda key: f"{self._readings}/{key}.json")

    def reading(self, key: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the rows of a reading; None where it is absent or damaged."""
        found = self._reading(key)
        return None if found is None else found.rows

    def spent_reading(self, key: str) -> Spent:
        """Return what a reading took; nothing is known of one that is absent or damaged."""
        found = self._reading(key)
        return Spent() if found is None else found.spent

    def _reading(self, key: str) -> _Reading | None:
        return self.recent_readings.read(key, self._read_reading, self._kept_reading)

    def _read_reading(self, key: str) -> _Reading | None:
        content = self.complete_reading(key)
        if content is None:
            return None
        return _Reading(self._packer.rows(content["rows"]), Spent.noted(content["provenance"]))

    def _kept_reading(self, key: str, unchanged: Signature) -> _Reading | None:
        found = self.snapshot.take(f"readings/{key}.json", unchanged)
        return None if found is None else _Reading(Rows(found[1]), Spent(**found[0]))

    def _kept_readings(self) -> Iterator[tuple[str, Signature, Packed]]:
        """Yield what a snapshot can hold of the readings that were read."""
        for key, unchanged, found in self.recent_readings.items():
            if isinstance(found.rows, Rows):
                head = {name: told for name, told in asdict(found.spent).items() if told is not None}
                yield f"readings/{key}.json", unchanged, (head, found.rows.columns)

    def complete_reading(self, key: str) -> dict[str, Any] | None:
        """Return a reading's "spec", "rows" and "provenance", read anew; None where it is absent or damaged."""
        return self._usable("reading", f"{self._readings}/{key}.json")

    def readings(self) -> Iterator[str]:
        """Return the keys of all readings, damaged ones included."""
        return (name.removesuffix(".json") for name in self._names("readings") if name.endswith(".json"))

    def put_reading(
        self, spec: ReadingSpec, rows: list[dict[str, Any]], provenance: Mapping[str, Any]
    ) -> None:
        """Write a reading atomically."""
        content = {"spec": spec.as_json(), "rows": rows, "provenance": dict(provenance)}
        self.put_complete_reading(spec.key, content)

    def put_complete_reading(self, key: str, content: Mapping[str, Any]) -> None:
        """Write what :meth:`complete_reading` gave; a damaged one in its place is moved aside."""
        path = self.root / "readings" / f"{key}.json"
        if path.exists() and self.reading(key) is None:
            path.rename(files.free_name(path, "damaged"))
        files.write(path, files.sealed(content).encode())

    def put_reading_beside(self, key: str, content: Mapping[str, Any]) -> str | None:
        """Keep another result of a reading beside ours, and return its file's name; None where it is there by now."""
        path = self.root / "readings" / f"{key}.json"
        for there in path.parent.glob(f"{path.name}.theirs-*"):
            kept = self._usable("reading", there)
            if kept is not None and files.as_text(kept["rows"]) == files.as_text(content["rows"]):
                return None
        beside = files.free_name(path, "theirs")
        files.write(beside, files.sealed(content).encode())
        return beside.name
