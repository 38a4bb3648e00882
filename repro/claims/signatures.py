"""What options a user's own model takes, read from its source: nothing of a claims folder is executed here."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

GIVEN = 2
"""Arguments that every model is given by place: the shape of its inputs, and the number of classes."""


@dataclass(frozen=True, slots=True)
class Signature:
    """The keyword arguments of a model's class or function.

    Attributes:
        options: all of them.
        required: those without a default.
    """

    options: frozenset[str]
    required: frozenset[str]


def signature_of(target: str, claims_folder: Path | None) -> Signature | None:
    """Return the options of ``package.module:Name``; None where the source does not tell: it takes any, or inherits."""
    module, _, name = target.partition(":")
    if claims_folder is None or not name:
        return None
    path = claims_folder.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return _read(file, file.stat().st_mtime_ns).get(name)
    return None


@lru_cache(maxsize=256)
def _read(file: Path, _changed: int) -> dict[str, Signature]:
    try:
        body = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return {}  # said by whoever looks for the name
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
