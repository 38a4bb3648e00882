"""What the keys of a model mean: the texts below their declarations, read from the source when they are asked for."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return key → what it means, of those keys of a model that have a text; in the order of their declaration."""
    return dict(_of_module(model.__module__).get(model.__name__, {}))


def attributes(documented: type) -> dict[str, str]:
    """Return name → text of the "Attributes:" of a class's docstring, without line breaks."""
    _, _, listed = (inspect.getdoc(documented) or "").partition("Attributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", listed, re.MULTILINE)
    return {name: _one_line(text) for name, text in found}


@cache
def _of_module(module: str) -> Mapping[str, Mapping[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    found = {}
    for declared, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(declared, ast.AnnAssign) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(declared.target, ast.Name) and isinstance(text, str):
                found[declared.target.id] = _one_line(text)
    return found


def _one_line(text: str) -> str:
    return " ".join(text.split())
