"""The identity of a user's code: what it is of, what changes it, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.registry import load
from repro.source_code import INSTALLED, code_of, signature_of, versions_of
from repro.source_code.tokens import digest, text_of

SAMPLE = '''# -*- coding: utf-8 -*-
"""Doc ünïcode"""
from __future__ import annotations
import torch as t  # comment
def f(x, *, größe=0x1F, y=1_000.5e-3j):
    """doc
    more"""
    ä = f"ä{x!r:>{größe}} {{literal}} {'nested'} ß" f'{x}' rb'bytes'
    z = rf"""multi
    {x + 1} é {f'{x}'}"""
    if x == 3 and \\
       y:
        return lambda q: q**2 @ x
    else:
        return (1,
                # inner
                2)
class A: pass
async def g():
    await h(); yield 1
    match x:
        case [1, *_]: ...
x: int = 3; y = ...
x <<= 2; x //= 1; (z := 3); a = b if c else d
'''


def tokens(text: str) -> str:
    return digest(text_of(text.encode()))


def test_the_digest_is_the_same_in_every_version_of_python() -> None:
    # Worked out with Python 3.11.7, 3.12.1 and 3.13.0, which cut f-strings into tokens in two ways.
    assert tokens(SAMPLE) == "eb24651fe31127c3f640d7d607d369671bf79ca5cdf5f9e583f9239bdd757db3"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("\n", "\r"),
        ("  # comment", ""),
        ("                # inner\n", ""),
        ("class A: pass", "\n\nclass A: pass\n\n"),
        ("(1,\n", "(1, \n\n"),
        (" and \\\n       y", " and y"),
        ("x: int = 3", "x :  int=3"),
    ],
)
def test_comments_layout_and_line_endings_change_nothing(old: str, new: str) -> None:
    assert old in SAMPLE
    assert tokens(SAMPLE.replace(old, new)) == tokens(SAMPLE)
    indented = SAMPLE.replace("    await h()", "        await h()").replace("    match", "        match")
    assert tokens(indented.replace("        case", "            case")) == tokens(SAMPLE)
    assert digest(text_of(b"\xef\xbb\xbf" + SAMPLE.encode())) == tokens(SAMPLE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0x1F", "31"),
        ("{{literal}}", "{{literall}}"),
        ("{x + 1}", "{x + 2}"),
        ("  else:\n        return (1,", "  if y:\n        return (1,"),
        ("q**2", "q*2"),
        ("multi\n    {x", "multi\n     {x"),
        ('"""doc', '"""docs'),
        ("await h(); yield 1", "await h()\n    yield 1"),
    ],
)
def test_whatever_else_differs_is_other_code(old: str, new: str) -> None:
    assert old in SAMPLE
    assert tokens(SAMPLE.replace(old, new)) != tokens(SAMPLE)


class Folder:
    """A claims folder of Python files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def version(self, target: str = "nets:Net") -> str:
        return code_of(target, "arms.a.model", self.root).version

    def files(self, target: str = "nets:Net") -> set[str]:
        return set(code_of(target, "arms.a.model", self.root).files)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "claims")


NET = "class Net: ...\n"


@pytest.mark.parametrize(
    ("statement", "helper"),
    [
        ("from blocks import ACT", "blocks.py"),
        ("import blocks", "blocks.py"),
        ("import blocks.acts as acts", "blocks/acts.py"),
        ("from blocks import acts", "blocks/acts.py"),
        ("from blocks import *", "blocks/acts.py"),
        ("from . import blocks", None),
        ("if True:\n    try:\n        from blocks import ACT\n    except ImportError: ...", "blocks.py"),
        ("def late():\n    from blocks import ACT", "blocks/__init__.py"),
        ("import importlib\nb = importlib.import_module('blocks')", "blocks.py"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import blocks", "blocks.py"),
    ],
)
def test_what_is_imported_counts_wherever_it_is_imported(
    folder: Folder, statement: str, helper: str | None
) -> None:
    folder.write("nets.py", f"{statement}\n{NET}")
    if helper is None:
        assert any("not there" in note for note in code_of("nets:Net", "", folder.root).unseen)
        return
    if helper == "blocks/acts.py" and "*" in statement:
        folder.write("blocks/__init__.py", "")
    folder.write(helper, "ACT = 1\n")
    before = folder.version()
    assert helper in folder.files()
    folder.write(helper, "ACT = 1  # the same\n")
    assert folder.version() == before
    folder.write(helper, "ACT = 2\n")
    assert folder.version() != before
    folder.write(helper, "ACT = 1\n")
    assert folder.version() == before


def test_imports_are_followed_through_any_number_of_files_and_circles(folder: Folder) -> None:
    folder.write("pkg/__init__.py", "from .a import A\n")
    folder.write("pkg/a.py", "from ..pkg import b\nfrom . import deep\n")
    folder.write("pkg/b.py", "import pkg.a\n")
    folder.write("pkg/deep/__init__.py", "from ..b import *\n")
    folder.write("unrelated.py", "1\n")
    folder.write("nets.py", f"import pkg\n{NET}")
    assert folder.files() == {"nets.py", "pkg/__init__.py", "pkg/a.py", "pkg/b.py", "pkg/deep/__init__.py"}
    before = folder.version()
    folder.write("unrelated.py", "2\n")
    assert folder.version() == before
    folder.write("pkg/b.py", "import pkg.a\nx = 1\n")
    assert folder.version() != before


def test_a_file_that_begins_to_be_imported_or_takes_anothers_place_counts(folder: Folder) -> None:
    folder.write("nets.py", f"try:\n    import blocks\nexcept ImportError: ...\n{NET}")
    alone = folder.version()
    folder.write("blocks.py", "x = 1\n")
    beside = folder.version()
    assert beside != alone
    # A package comes before a module of the same name, as Python has it.
    folder.write("blocks/__init__.py", "x = 1\n")
    assert "blocks/__init__.py" in folder.files()
    assert "blocks.py" not in folder.files()


def test_a_syntax_error_of_a_helper_names_the_helper(folder: Folder) -> None:
    folder.write("nets.py", f"import blocks\n{NET}")
    folder.write("blocks.py", "def f(:\n")
    with pytest.raises(ReproError, match=r"blocks\.py is not valid Python: line 1"):
        folder.version()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("importlib.import_module(name)", "imports what only running it tells (importlib.import_module)"),
        ("__import__('a' + b)", "imports what only running it tells (__import__)"),
        ("x = np.load('weights.npy')", "reads data (np.load)"),
        ("x = torch.load(p)", "reads data (torch.load)"),
        ("x = open('a.txt').read()", "reads a file (open)"),
        ("x = Path('a').read_text()", "reads data (Path('a').read_text)"),
        ("exec(code)", "executes text (exec)"),
        ("sys.path.append('/elsewhere')", "changes where modules are looked for (sys.path)"),
        ("x = os.environ['WIDTH']", "depends on the environment (os.environ)"),
        (
            "x = timm.create_model(n).from_pretrained(n)",
            "fetches data (timm.create_model(n).from_pretrained)",
        ),
    ],
)
def test_what_cannot_be_followed_is_said_with_its_line(folder: Folder, line: str, said: str) -> None:
    folder.write("nets.py", f"import blocks\n{NET}")
    folder.write("blocks.py", f"# a helper\n{line}\n")
    assert code_of("nets:Net", "", folder.root).unseen == (f"blocks.py line 2: {said}",)


def test_a_chain_of_calls_of_any_length_is_no_harm(folder: Folder) -> None:
    folder.write("nets.py", f"x = a{'.b()' * 900}.load()\n{NET}")
    (note,) = code_of("nets:Net", "", folder.root).unseen
    assert note.startswith("nets.py line 1: reads data (")
    assert len(note) < 120
    folder.write("nets.py", f"x = {'(' * 5000}1{')' * 5000}\n{NET}")
    with pytest.raises(ReproError, match=r"nets\.py is not valid Python"):
        folder.version()


def test_a_net_in_evaluation_mode_executes_no_text(folder: Folder) -> None:
    folder.write("nets.py", f"net.eval()\nnet.compile()\n{NET}")
    assert code_of("nets:Net", "", folder.root).unseen == ()


def test_installed_packages_are_named_and_their_versions_known(folder: Folder) -> None:
    folder.write(
        "nets.py", f"import os, torch.nn\nfrom PIL import Image\nimport blocks\nimport repro.spec\n{NET}"
    )
    folder.write("blocks.py", "import numpy as np\n")
    assert code_of("nets:Net", "", folder.root).packages == ("PIL", "numpy", "torch")
    import numpy as np
    import PIL

    versions = versions_of(["numpy", "PIL", "nothing_of_this_name"])
    assert versions["numpy"] == np.__version__
    assert versions["PIL"] == f"pillow {PIL.__version__}"
    assert versions["nothing_of_this_name"] == "no version"


def test_code_outside_the_claims_folder_is_installed(folder: Folder) -> None:
    folder.write("nets.py", NET)
    found = code_of("numpy.linalg:norm", "", folder.root)
    assert (found.version, found.packages) == (INSTALLED, ("numpy",))
    assert code_of("json:loads", "", folder.root).packages == ()
    # A paper's folder that is called like a package is none.
    folder.write("numpy/notes.txt", "")
    assert code_of("numpy.linalg:norm", "", folder.root).version == INSTALLED
    assert signature_of("numpy.linalg:norm", folder.root) is None


def test_code_that_changed_since_it_was_planned_is_not_run(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    folder.write("planned_nets.py", "from planned_blocks import ACT\nclass Net:\n    act = ACT\n")
    blocks = folder.write("planned_blocks.py", "ACT = 1\n")
    target = "planned_nets:Net"
    planned = folder.version(target)
    assert load(target, folder.root, planned).act == 1
    blocks.write_text("ACT = 2\n", encoding="utf-8")
    # Neither under the old key, nor under the new one: this process runs the old code.
    for version in (planned, folder.version(target)):
        with pytest.raises(
            ReproError, match=r"has changed since this run was planned \(planned_blocks\.py\)"
        ):
            load(target, folder.root, version)
    blocks.write_text("ACT = 1\n", encoding="utf-8")
    assert load(target, folder.root, planned).act == 1


def test_kept_bytecode_of_the_same_size_and_second_is_not_believed(tmp_path: Path) -> None:
    claims = tmp_path / "claims"
    claims.mkdir()
    file = claims / "acts.py"
    code = (
        "import sys\nfrom pathlib import Path\nfrom repro.registry import load\n"
        f"print(load('acts:ACT', Path({str(claims)!r})))"
    )

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def printed(code: str) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout.strip()

    plain = f"import sys; sys.path.insert(0, {str(claims)!r}); import acts; print(acts.ACT)"
    for content, believed in (("relu", "relu"), ("tanh", "relu")):
        file.write_text(f"ACT = '{content}'\n", encoding="utf-8")
        os.utime(file, (0, 0))
        assert printed(plain) == believed, "Python believes what it has kept"
        assert printed(code) == content
