"""Drawings that are kept: the same bytes as drawn anew, and never those of another figure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.report.drawing import drawn, figures
from repro.report.html.render import render_html
from repro.report.model import Figure
from repro.store.files import sealed
from tests.support import drawings
from tests.support import report_samples as samples
from tests.support.page import html

REPORT = samples.five_claims()
FIGURE = next(figure for paper in REPORT.papers for claim in paper.claims for figure in claim.figures)


@pytest.fixture(scope="module")
def anew() -> list[str]:
    return figures.draw(FIGURE, "p")


def test_a_page_of_kept_drawings_has_the_bytes_of_one_drawn_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = html("five claims")  # drawn by whichever process came first
    assert render_html(REPORT, kept=tmp_path / "drawn") == page
    monkeypatch.setattr(figures, "draw", lambda figure, prefix: pytest.fail(f"{figure.id} is drawn"))
    assert render_html(REPORT, kept=tmp_path / "drawn") == page


def test_a_page_of_kept_drawings_needs_no_matplotlib(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.support import report_samples as s;"
        "from repro.report.html.render import render_html\n"
        "for kept in map(Path, sys.argv[1:]):\n"
        "    render_html(s.five_claims(), kept=kept); print('matplotlib' in sys.modules)"
    )
    html("five claims")  # draws what nobody has drawn yet
    said = subprocess.run(
        [sys.executable, "-c", code, drawings.kept(), tmp_path / "drawn"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert said == ["False", "True"], "where nothing is kept, it is needed"


def test_another_figure_prefix_or_drawer_is_drawn_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anew: list[str]
) -> None:
    drawings: list[tuple[str, str]] = []

    def draw(figure: Figure, prefix: str) -> list[str]:
        drawings.append((figure.title, prefix))
        return anew

    monkeypatch.setattr(figures, "draw", draw)
    renamed = FIGURE.model_copy(update={"title": "another"})
    for figure, prefix in ((FIGURE, "p"), (FIGURE, "q"), (renamed, "p"), (FIGURE, "p")):
        assert drawn.drawn(figure, prefix, tmp_path / "drawn") == anew
    assert drawings == [(FIGURE.title, "p"), (FIGURE.title, "q"), ("another", "p")]
    monkeypatch.setattr(drawn, "_drawer", lambda: "another matplotlib")
    drawn.drawn(FIGURE, "p", tmp_path / "drawn")
    assert len(drawings) == 4


@pytest.mark.parametrize("damage", ["", "{}", "[]", sealed({"other": 1}), "cut"])
def test_a_damaged_drawing_is_drawn_anew(damage: str, tmp_path: Path, anew: list[str]) -> None:
    drawn.drawn(FIGURE, "p", tmp_path / "drawn")
    (kept,) = (tmp_path / "drawn").iterdir()
    whole = kept.read_text(encoding="utf-8")
    kept.write_text(whole[:-9] if damage == "cut" else damage, encoding="utf-8")
    assert drawn.drawn(FIGURE, "p", tmp_path / "drawn") == anew
    assert kept.read_text(encoding="utf-8") == whole


def test_a_folder_that_cannot_be_made_or_written_costs_only_time(tmp_path: Path, anew: list[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "no store" / "drawn", tmp_path / "file", None):
        assert drawn.drawn(FIGURE, "p", folder) == anew
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_oldest_drawings_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "draw", lambda figure, prefix: [prefix * 400])
    monkeypatch.setattr(drawn, "MOST_BYTES", 1_200)
    kept: list[set[str]] = []
    for age, prefix in ((30, "a"), (20, "b"), (10, "c")):
        before = kept[-1] if kept else set()
        drawn.drawn(FIGURE, prefix, tmp_path)
        there = {path.name for path in tmp_path.iterdir()}
        for path in there - before:
            moment = (tmp_path / path).stat().st_mtime - age
            os.utime(tmp_path / path, (moment, moment))
        kept.append(there)
    assert [len(names) for names in kept] == [1, 2, 2]
    assert not kept[0] & kept[2], "the first is gone"
    assert all(json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in kept[2])
