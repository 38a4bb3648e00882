"""A user's own code, looked at without being executed: where it lies, what it defines, and a hash of it."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path

from repro.errors import mistake, suggestion

INSTALLED = "installed"
"""The version of code that lies outside the claims folder: its changes are not noticed."""


def source_version(target: str, where: str, claims_folder: Path | None) -> str:
    """Return a hash of the file behind ``package.module:Name`` in the claims folder, or "installed".

    Raises:
        ReproError: there is no such module, it is not valid Python, or nothing in it has this name.
    """
    module, _, name = target.partition(":")
    if claims_folder is None:
        return INSTALLED
    path = claims_folder.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            stat = file.stat()
            digest, names, error = _read(file, stat.st_mtime_ns, stat.st_size)
            if error is not None:
                raise mistake(where, f"{file} is not valid Python: {error}", target, "mend the line named")
            if name not in names and "*" not in names:
                raise mistake(where, f"{file} defines no {name!r}", target, suggestion(name, names))
            return digest
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        near = suggestion(module, [file.stem for file in claims_folder.glob("*.py")])
        raise mistake(where, f"no module {module!r} in {claims_folder}, and none is installed", target, near)
    return INSTALLED


@lru_cache(maxsize=256)
def _read(file: Path, _changed: int, _size: int) -> tuple[str, frozenset[str], str | None]:
    """Return hash, names defined at the top (with "*" where some are out of sight), and a syntax error."""
    content = file.read_bytes()
    digest = "source-" + hashlib.sha256(content).hexdigest()[:12]
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        return digest, frozenset(), f"line {error.lineno}: {error.msg}"
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {(alias.asname or alias.name).partition(".")[0] for alias in aliases}
            case ast.Assign(targets=targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.If() | ast.Try() | ast.With() | ast.For():
                names.add("*")  # what such blocks define is seen only when they run
    return digest, frozenset(names), None
