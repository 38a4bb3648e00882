"""One Python file, read without being executed: what it defines, imports, and does that its source does not tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from repro.source_code.tokens import digest, text_of

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
class Import:
    """One import, wherever in the file it stands.

    Attributes:
        module: dotted; "" for ``from . import name``.
        level: dots in front; 0 for an absolute import.
        names: what is taken from it, which may be modules; "*" for all.
        line: where.
    """

    module: str
    level: int = 0
    names: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Module:
    """What the source of a Python file says without being executed.

    Attributes:
        digest: hash of its tokens.
        names: defined at the top, with "*" where some are out of sight.
        signatures: of the classes and functions whose arguments the source tells.
        imports: in the order of the file.
        unseen: line and what its identity does not cover: imports that only running it tells, data that it reads.
        error: why it is no Python.
    """

    digest: str
    names: frozenset[str] = frozenset()
    signatures: dict[str, Signature] = field(default_factory=dict)
    imports: tuple[Import, ...] = ()
    unseen: tuple[tuple[int, str], ...] = ()
    error: str | None = None


def read_module(content: bytes) -> Module:
    """Return what a Python file of this content says."""
    try:
        text = text_of(content)
        tree = ast.parse(text)
        whole = digest(text)
    except SyntaxError as error:
        at = "" if error.lineno is None else f"line {error.lineno}: "
        return Module("", error=f"{at}{error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        return Module("", error=str(error) or "it is nested too deeply")
    imports: list[Import] = []
    unseen: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        imports += _imports(node)
        unseen += _unseen(node)
    return Module(
        whole,
        _names(tree.body),
        _signatures(tree.body),
        tuple(sorted(imports, key=lambda found: found.line)),
        tuple(sorted(set(unseen))),
    )


def _imports(node: ast.AST) -> Iterator[Import]:
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                yield Import(alias.name, line=node.lineno)
        case ast.ImportFrom(module=module, names=aliases, level=level):
            yield Import(module or "", level, tuple(alias.name for alias in aliases), node.lineno)
        case ast.Call(func=func, args=[ast.Constant(value=str(name))]) if _called(func) in _IMPORTERS:
            if not name.startswith("."):
                yield Import(name, line=node.lineno)


_IMPORTERS = ("import_module", "__import__")

_ALONE = {"open": "reads a file", "exec": "executes text", "eval": "executes text"}
"""Builtins, called by their bare name: `net.eval()` is another thing."""

_CALLS = {
    **dict.fromkeys(_IMPORTERS, "imports what only running it tells"),
    **dict.fromkeys(
        ("run_path", "run_module", "spec_from_file_location"), "imports what only running it tells"
    ),
    **dict.fromkeys(
        (
            *("open", "read_text", "read_bytes", "load", "loadtxt", "genfromtxt", "fromfile", "memmap"),
            *("read_csv", "read_table", "read_json", "read_excel", "read_parquet", "read_pickle"),
            *("imread", "read_image", "loadmat", "load_file", "ImageFolder"),
        ),
        "reads data",
    ),
    **dict.fromkeys(
        ("urlopen", "urlretrieve", "load_state_dict_from_url", "from_pretrained", "hf_hub_download"),
        "fetches data",
    ),
    "getenv": "depends on the environment",
}
"""By the last part of what is called: an attribute of whatever object."""


def _unseen(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Call(func=func):
            name = _called(func)
            what = _CALLS.get(name)
            if isinstance(func, ast.Name):
                what = _ALONE.get(name, what)
            if what is not None and not list(_imports(node)):  # an import by a literal name is followed
                yield node.lineno, f"{what} ({_written(func)})"
        case ast.Attribute(value=ast.Name(id="sys"), attr="path"):
            yield node.lineno, "changes where modules are looked for (sys.path)"
        case ast.Attribute(value=ast.Name(id="os"), attr="environ"):
            yield node.lineno, "depends on the environment (os.environ)"


_MOST_SHOWN = 60


def _written(func: ast.expr) -> str:
    """Return a called expression as it is written, its end where it is long."""
    try:
        text = ast.unparse(func)
    except RecursionError:
        text = _called(func)
    return text if len(text) <= _MOST_SHOWN else f"…{text[-_MOST_SHOWN:]}"


def _called(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


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
