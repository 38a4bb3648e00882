"""A user's own code, read without being executed: where it lies, what it defines, which options it takes, its hash."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from repro.errors import mistake, suggestion

INSTALLED = "installed"
"""The version of code that lies outside the claims folder: its changes are not noticed."""

GIVEN = 2
"""Arguments that every model is given by position: the shape of its inputs, and the number of classes."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The keyword arguments of a model's class or function.

    Attributes:
        options: all of them.
        required: those without a default.
    """

    options: frozenset[str]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Module:
    """What the source of a Python file says without being executed.

    Attributes:
        digest: hash of its content.
        names: defined at the top, with "*" where some are out of sight.
        signatures: of the classes and functions whose arguments the source tells.
        error: a syntax error.
    """

    digest: str
    names: frozenset[str] = frozenset()
    signatures: dict[str, Signature] = field(default_factory=dict)
    error: str | None = None


def source_version(target: str, where: str, claims_folder: Path | None) -> str:
    """Return a hash of the file behind ``package.module:Name`` in the claims folder, or "installed".

    Raises:
        ReproError: there is no such module, it is not valid Python, or nothing in it has this name.
    """
    module, _, name = target.partition(":")
    if claims_folder is None:
        return INSTALLED
    file = _file_of(module, claims_folder)
    if file is not None:
        found = _module(file)
        if found.error is not None:
            raise mistake(where, f"{file} is not valid Python: {found.error}", target, "mend the line named")
        if name not in found.names and "*" not in found.names:
            raise mistake(where, f"{file} defines no {name!r}", target, suggestion(name, found.names))
        return found.digest
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        near = suggestion(module, [path.stem for path in claims_folder.glob("*.py")])
        raise mistake(where, f"no module {module!r} in {claims_folder}, and none is installed", target, near)
    return INSTALLED


def signature_of(target: str, claims_folder: Path | None) -> Signature | None:
    """Return the options of ``package.module:Name``; None where the source does not tell: it takes any, or inherits."""
    module, _, name = target.partition(":")
    if claims_folder is None or not name:
        return None
    file = _file_of(module, claims_folder)
    return None if file is None else _module(file).signatures.get(name)


def _file_of(module: str, claims_folder: Path) -> Path | None:
    path = claims_folder.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _module(file: Path) -> Module:
    stat = file.stat()
    return _read(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _read(file: Path, _changed: int, _size: int) -> Module:
    content = file.read_bytes()
    digest = "source-" + hashlib.sha256(content).hexdigest()[:12]
    try:
        body = ast.parse(content).body
    except SyntaxError as error:
        return Module(digest, error=f"line {error.lineno}: {error.msg}")
    return Module(digest, _names(body), _signatures(body))


def _names(body: list[ast.stmt]) -> frozenset[str]:
    names: set[str] = set()
    for node in body:
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
    return frozenset(names)


def _signatures(body: list[ast.stmt]) -> dict[str, Signature]:
    found = {}
    for node in body:
        function: ast.stmt | None = node
        given = GIVEN
        if isinstance(node, ast.ClassDef):
            inits = (item for item in node.body if getattr(item, "name", "") == "__init__")
            # A metaclass, a decorator or a base may make it another way.
            function = None if node.decorator_list or node.keywords else next(inits, None)
            given += 1
        if isinstance(function, ast.FunctionDef) and not function.decorator_list:
            signature = _signature(function.args, given)
            if signature is not None and isinstance(node, ast.ClassDef | ast.FunctionDef):
                found[node.name] = signature
    return found


def _signature(arguments: ast.arguments, given: int) -> Signature | None:
    if arguments.kwarg is not None:
        return None
    plain = [*arguments.posonlyargs, *arguments.args]
    free = [argument.arg for argument in arguments.args if argument in plain[given:]]
    without = max(given, len(plain) - len(arguments.defaults))
    required = {argument.arg for argument in plain[given:without]}
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        free.append(argument.arg)
        if default is None:
            required.add(argument.arg)
    return Signature(frozenset(free), frozenset(required))
