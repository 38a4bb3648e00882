"""The identity of a user's code: of the file that is named and of everything that it imports from the claims folder.

Nothing is executed. A module is looked for as `importing` does: in Python's own library, then in the claims folder, a
package before a module of the same name, then among what is installed. Every import of a file counts, also one inside a
function or under a condition, since whether it is reached is known only when the code runs.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from repro.errors import mistake, suggestion
from repro.source_code.modules import Import, Module, Signature, read_module

INSTALLED = "installed"
"""The version of code that lies outside the claims folder: what is installed is recorded with a run, see `packages`."""

HASHED = "code-"
"""What the version of code in the claims folder begins with."""

_COMPILED = (*importlib.machinery.EXTENSION_SUFFIXES, *importlib.machinery.BYTECODE_SUFFIXES)

_SUFFIXES = (*importlib.machinery.EXTENSION_SUFFIXES, ".py", ".pyc")
"""In the order in which Python looks for them."""

State = tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class Code:
    """What is known of the code behind ``package.module:Name``.

    Attributes:
        version: a hash of all its files; "installed" for code outside the claims folder.
        files: its files, relative to the claims folder with forward slashes → a hash of each; the one named first.
        packages: top-level modules from elsewhere that these import, Python's own aside.
        unseen: what the hash does not cover: "nets.py line 3: reads data (np.load)".
    """

    version: str
    files: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def code_of(target: str, where: str, claims_folder: Path | None) -> Code:
    """Return what is known of ``package.module:Name``, looked for in the claims folder first.

    Raises:
        ReproError: there is no such module, it or one that it imports is not valid Python, or nothing in it has this
            name.
    """
    module, _, name = target.partition(":")
    if claims_folder is None:
        return Code(INSTALLED)
    file = _Search(claims_folder).file(module.split("."))
    if file is None:
        top = module.partition(".")[0]
        if importlib.util.find_spec(top) is None:
            near = suggestion(module, [path.stem for path in claims_folder.glob("*.py")])
            raise mistake(
                where, f"no module {module!r} in {claims_folder}, and none is installed", target, near
            )
        return Code(INSTALLED, packages=() if top in sys.stdlib_module_names else (top,))
    found = _module(file)
    if found.error is None and name not in found.names and "*" not in found.names:
        raise mistake(where, f"{file} defines no {name!r}", target, suggestion(name, found.names))
    code = _closure(module, claims_folder)
    broken = next((path for path in code.files if _module(claims_folder / path).error is not None), None)
    if broken is not None:
        what = f"{claims_folder / broken} is not valid Python: {_module(claims_folder / broken).error}"
        raise mistake(where, what, target, "mend the line named")
    return code


def script_code(script: Path) -> Code:
    """Return what is known of a script that Python is started with: its modules lie in its own folder."""
    stem = script.stem
    if "." in stem or stem in sys.stdlib_module_names:
        what = f"{script.name}: what it imports is not followed, since no module can have its name"
        return Code("", {script.name: digest_of(script)}, unseen=(what,))
    return _closure(stem, script.parent)


def digest_of(file: Path) -> str:
    """Return a hash of a file's content; of Python's, of what it says, whatever its comments and layout.

    Raises:
        OSError: it cannot be read.
    """
    return _digest(file, state_of(file))


@lru_cache(maxsize=100_000)
def _digest(file: Path, state: State) -> str:
    if file.suffix == ".py" and (module := _read(file, state)).error is None:
        return module.digest
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def signature_of(target: str, claims_folder: Path | None) -> Signature | None:
    """Return the options of ``package.module:Name``; None where the source does not tell: it takes any, or inherits."""
    module, _, name = target.partition(":")
    if claims_folder is None or not name:
        return None
    file = _Search(claims_folder).file(module.split("."))
    return None if file is None else _module(file).signatures.get(name)


class _Search:
    """Looks for modules below a claims folder, and notes where: what is made there later changes the answer."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.looked: dict[Path, State] = {}

    def file(self, parts: list[str]) -> Path | None:
        """Return the file of a dotted module; None where there is none, or a folder without `__init__.py` only."""
        path = self.root.joinpath(*parts)
        # A file that is called like a module of Python's own is never imported, see `importing`.
        if not all(parts) or parts[0] in sys.stdlib_module_names:
            return None
        inits = [path / f"__init__{suffix}" for suffix in _SUFFIXES] if self._is_there(path) else []
        beside = (path.with_name(path.name + suffix) for suffix in _SUFFIXES)
        return next((file for file in (*inits, *beside) if self._is_there(file) and file.is_file()), None)

    def _is_there(self, path: Path) -> bool:
        if path not in self.looked:
            self.looked[path] = state_of(path)
        return self.looked[path] is not None

    def reached(self, found: Import, package: list[str]) -> Iterator[list[str]]:
        """Yield the dotted modules, as parts, that an import in a module of `package` may import."""
        if found.level > len(package):
            return
        base = package[: len(package) + 1 - found.level] if found.level else []
        module = [*base, *(found.module.split(".") if found.module else [])]
        # Importing a.b.c executes a, a.b and a.b.c.
        yield from (module[: length + 1] for length in range(len(module)))
        for name in found.names:
            if name != "*":
                yield [*module, name]
                continue
            # What `from package import *` takes is said by the package when it runs: any of its modules.
            folder = self.root.joinpath(*module)
            self.looked.setdefault(folder, state_of(folder))
            if module and folder.is_dir():
                yield from ([*module, other.stem] for other in sorted(folder.glob("*.py")))


_known: dict[tuple[str, Path], tuple[Mapping[Path, State], Code]] = {}
"""By module and claims folder, with the state of every place that was looked at: every stage asks again."""


def _closure(module: str, root: Path) -> Code:
    looked, code = _known.get((module, root), ({}, Code("")))
    if not looked or any(state_of(path) != state for path, state in looked.items()):
        search = _Search(root)
        code = _followed(module, search)
        _known[module, root] = search.looked, code
    return code


def _followed(module: str, search: _Search) -> Code:
    files: dict[str, str] = {}
    packages: set[str] = set()
    unseen: list[str] = []
    waiting = [module.split(".")[: length + 1] for length in range(module.count(".") + 1)][::-1]
    while waiting:
        parts = waiting.pop(0)
        file = search.file(parts)
        if file is None:
            continue
        name = file.relative_to(search.root).as_posix()
        if name in files:
            continue
        found = _module(file)
        files[name] = found.digest
        if file.name.endswith(_COMPILED):
            unseen.append(f"{name}: is compiled, and what it imports is not known")
        unseen += [f"{name} line {line}: {what}" for line, what in found.unseen]
        package = parts if file.name.startswith("__init__.") else parts[:-1]
        for one in found.imports:
            reached = list(search.reached(one, package))
            there = [other for other in reached if search.file(other) is not None]
            waiting += there
            top = one.module.partition(".")[0]
            if not there and one.level:
                unseen.append(f"{name} line {one.line}: imports something that is not there")
            elif not there and top not in sys.stdlib_module_names and top != "repro":
                packages.add(top)
    combined = hashlib.sha256("".join(f"{name} {files[name]}\n" for name in sorted(files)).encode())
    return Code(f"{HASHED}{combined.hexdigest()[:12]}", files, tuple(sorted(packages)), tuple(unseen))


def state_of(path: Path) -> State:
    """Return what changes with a file's content or a folder's entries; None where nothing is there."""
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib's takes twice as long
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _module(file: Path) -> Module:
    return _read(file, state_of(file))


@lru_cache(maxsize=256)
def _read(file: Path, _state: State) -> Module:
    try:
        content = file.read_bytes()
    except OSError as error:
        return Module("", error=f"it cannot be read: {error.strerror}")
    if file.name.endswith(_COMPILED):
        return Module(hashlib.sha256(content).hexdigest(), names=frozenset("*"))
    return read_module(content)
