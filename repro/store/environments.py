"""With which installed packages runs were made: a list each, known by its hash, which many runs share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from repro.store import files
from repro.store.entries import Entries

FOLDER = "environments"


class Environments(Entries):
    """The part of a store that holds lists of packages."""

    def put_environment(self, packages: Mapping[str, str]) -> str:
        """Keep a list of package → version unless it is there, and return its hash."""
        content = {"packages": dict(packages)}
        name = files.digest(content)
        path = self.root / FOLDER / f"{name}.json"
        if self.environment(name) is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write(path, files.sealed(content).encode())
        return name

    def environment(self, name: str) -> Mapping[str, str] | None:
        """Return package → version of a list; None where it is absent, damaged, or not of its name."""
        path = self.root / FOLDER / f"{name}.json"
        content = self._usable("environment", path)
        if content is None:
            return None
        if files.digest(content) != name:
            self.damaged.append(f"{FOLDER}/{path.name} is of another name than its content")
            return None
        packages: Mapping[str, str] = content["packages"]
        return packages

    def environments(self) -> Iterator[str]:
        """Return the hashes of all lists, damaged ones included."""
        return (name.removesuffix(".json") for name in self._names(FOLDER) if name.endswith(".json"))


def environment_of(provenance: Mapping[str, Any]) -> list[str]:
    """Return the hashes of the lists that a run's provenance names, those of its sessions included."""
    told = [provenance, *provenance.get("sessions", ())]
    return list(dict.fromkeys(str(each["installed"]) for each in told if "installed" in each))
