"""What is common to all that a store holds: entries that carry a checksum, and what is damaged among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from repro.store import files
from repro.store.packed import Packer
from repro.store.snapshot import Snapshot


class Entries:
    """The folder of a store; `damaged` names what cannot be used."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: list[str] = []
        self._packer = Packer()
        self.snapshot = Snapshot(root / "snapshot")

    def _names(self, folder: str) -> list[str]:
        path = self.root / folder
        # Names that begin with a dot are those of editors and file managers.
        names = (entry.name for entry in path.iterdir()) if path.is_dir() else ()
        return sorted(name for name in names if not name.startswith("."))

    def _usable(self, kind: str, path: Path | str) -> dict[str, Any] | None:
        """Return the content of an entry that is whole and makes sense; others are named in `damaged`."""
        content = self._read(path)
        if content is None:
            return None
        from repro.store.contract import wrong_with  # pydantic, not before something is read

        wrong = wrong_with(kind, content)
        if wrong is not None:
            self.damaged.append(f"{Path(path).relative_to(self.root).as_posix()} {wrong}")
            return None
        return content

    def _read(self, path: Path | str) -> dict[str, Any] | None:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - of tens of thousands of files
                return files.unsealed(file.read())
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            self.damaged.append(
                f"{Path(path).relative_to(self.root).as_posix()} cannot be read or does not match its checksum"
            )
            return None
