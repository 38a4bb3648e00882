"""docs/own-paper.md, tried as it is written: its table, its commands, its keys, its Python."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from repro.claims.schema_results import Results
from repro.claims.toml import validated
from tests.support.command import repro
from tests.support.helpers import World
from tests.support.recorded import RECORDED
from tests.test_documents import blocks, laid_over

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "own-paper.md").read_text(encoding="utf-8")
RESULTS, PYTHON = (part.partition("\n## ")[0] for part in re.split(r"\n## (?=Results|From Python)", TEXT)[1:])
TABLE, NEW, CHECK, VERDICT, *KEYS = blocks(RESULTS)
COLUMNS = {"accuracy": {"unit": "percent", "better": "higher"}}


def test_the_five_minutes_are_as_written(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(f"{TABLE}\n", encoding="utf-8")
    assert repro(*shlex.split(NEW)[1:], cwd=tmp_path).returncode == 0
    by = re.fullmatch(r"holds as recorded by (.*), not trained here", VERDICT)
    assert by is not None
    for name in ("paper", "ours-is-better"):
        file = tmp_path / "mypaper" / f"{name}.toml"
        text = re.sub(r'by = "TODO:[^"]*"', f'by = "{by[1]}"', file.read_text(encoding="utf-8"))
        file.write_text(text.replace("TODO: ", ""), encoding="utf-8")
    for line in CHECK.splitlines():
        done = repro(*shlex.split(line)[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert f"● {VERDICT}  " in done.stdout
    page = (tmp_path / "reports/recorded/index.html").read_text(encoding="utf-8")
    assert VERDICT in page
    assert "have no looks, which say beforehand when one may stop, and no control" in page


def places() -> list[dict[str, Any]]:
    parts = [part for block in KEYS if "[" not in block for part in block.split("\n\n")]
    return [tomllib.loads(part) for part in parts]


@pytest.mark.parametrize("place", places(), ids=str)
def test_each_place_of_results_is_one(place: dict[str, Any]) -> None:
    assert len(places()) == 5
    results = validated(Results, {"by": "us", "columns": COLUMNS} | place)
    assert results.place in place.values()


def test_the_keys_make_a_sound_claim(world: World) -> None:
    (whole,) = [tomllib.loads(block) for block in KEYS if "[results]" in block]
    (metric,) = [tomllib.loads(block) for block in KEYS if "[metrics." in block]
    claim = laid_over(RECORDED, metric)
    each = {"expect": {"better": {"each": ["depth"]}}}
    world.write(laid_over(laid_over(claim, whole), each))
    assert world.problems() == []


def test_the_python_prints_what_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, tables, _joins, figure, check = blocks(PYTHON)
    names: dict[str, Any] = {}
    exec(code, names)
    assert capsys.readouterr().out.strip() == printed
    report = names["repro"].load(ROOT / "reports" / "showcase" / "smoke")
    for name in re.findall(r"report\.(\w+) +#", tables):
        assert len(getattr(report, name))
    plt.close("all")  # of other tests
    with mpl.rc_context({"backend": "agg"}):
        exec(figure, {"report": report})
        series = [
            one for panel in report["plain-nets-degrade"].data.figures[0].panels for one in panel.series
        ]
        drawn = [list(line.get_xdata()) for line in plt.gca().lines]
        plt.close()
    assert drawn == [one.x for one in series if one.role == "seed"]
    assert check.startswith("report = repro.check(")
