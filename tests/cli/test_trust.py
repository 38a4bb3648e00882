"""SECURITY.md, held against what the commands do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench.attempts import repro
from repro.cli import COMMANDS, cli
from repro.errors import ReproError
from repro.report.html import render
from tests.support import report_samples
from tests.support.helpers import BASE, World, changed

TRACE = "from pathlib import Path\nPath(__file__).with_name('executed').touch()\n"


@pytest.fixture
def own(world: World) -> Iterator[World]:
    """Claims with a net, a probe and a data set of their own; importing any of them leaves a trace."""
    for name in ("my_nets", "my_probes", "my_data"):
        (world.root / f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
        text = (
            "def Net(in_shape, classes, *, width=1, depth=1): ...\ndef probe(context): ...\ndef data(): ...\n"
        )
        (world.root / f"{name}.py").write_text(f"{TRACE}\n{text}", encoding="utf-8")
    probe = {"kind": "probe", "probe": "my_probes:probe", "at": ["last"]}
    change: dict[str, Any] = {
        "arms__own": {"model": "my_nets:Net", "width": 3},
        "experiment__dataset": "my_data:data",
        "metrics__own": probe,
        "no_control": "A reason.",
    }
    world.write(changed(BASE, **change))
    before = dict(sys.modules)
    yield world
    assert not {"my_nets", "my_probes", "my_data"} & (sys.modules.keys() - before.keys())


def test_no_command_but_check_executes_code_of_a_claims_folder(own: World, tmp_path: Path) -> None:
    claims, store = ("--claims", own.root), ("--store", own.store.root)
    repro("lint", own.root)
    repro("list", *claims)
    repro("show", "p/c", *claims)
    repro("plan", *claims, *store, "--controls", "--sensitivity")
    repro("report", *claims, *store, "--out", tmp_path / "one", "--format", "json,html")
    repro("diff", tmp_path / "one" / "report.json", tmp_path / "one" / "report.json")
    repro("index", tmp_path)
    repro("new", "other/claim", *claims)
    for of_store in (("list",), ("verify",), ("export", tmp_path / "x.tar")):
        repro("runs", *of_store, *store)
    repro("runs", "import", tmp_path / "x.tar", *store)
    assert not (own.root / "executed").exists()
    tried = {"lint", "list", "show", "plan", "report", "diff", "index", "new", "runs"}
    assert COMMANDS.keys() - tried == {"check", "submit"}, "submit hands a check on to jobs"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ report.__init__.__globals__ }}",
        "{{ plural.__globals__['os'].system('x') }}",
        "{{ (report | attr('__class__')) }}{{ report.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ 1 / 0 }}",
        "{{ 'x' * 10**12 }}",
        "{% for x in range(10**10) %}{% endfor %}",
        "{{ report.nothing }}",
        "{% include '../../../etc/passwd' %}",
        "{{",
    ],
)
def test_templates_are_no_code_and_their_mistakes_are_told(text: str, tmp_path: Path) -> None:
    (tmp_path / render.PAGE).write_text(text, encoding="utf-8")
    with pytest.raises(ReproError, match="template"):
        render.render_html(report_samples.five_claims(), templates=tmp_path)


def test_a_template_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / render.PAGE).write_bytes(b"\xef\xbb\xbf{{ report.scale }}")
    assert render.render_html(report_samples.five_claims(), templates=tmp_path) == "smoke"


def test_what_is_printed_can_be_pasted(world: World, tmp_path: Path) -> None:
    world.write(BASE, "Müller & Søn 2020/größer ist besser")
    out = tmp_path / "a 'b"
    done = CliRunner().invoke(
        cli,
        ["report", "Müller & Søn 2020/größer ist besser", "--claims", str(world.root), "--out", str(out)],
        catch_exceptions=False,
        standalone_mode=False,
    )
    assert done.exit_code == 0, done.output
    command = json.loads((out / "report.json").read_text(encoding="utf-8"))["papers"][0]["claims"][0][
        "command"
    ]
    if sys.platform != "win32":
        import shlex

        assert shlex.split(command)[:3] == ["repro", "check", "Müller & Søn 2020/größer ist besser"]
