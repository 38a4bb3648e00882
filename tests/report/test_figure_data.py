"""What a claim's figures show, as data."""

from __future__ import annotations

import math
from typing import Any

import pytest

from repro.report.model import Panel
from tests.support.error_claim import ERROR_CLAIM, errors, only
from tests.support.helpers import World, changed, layer_rows


def panels(world: World, **figure: Any) -> list[Panel]:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT, figure__f={"title": "F", **figure}))
    (found,) = only(world.report()).figures
    return found.panels


GRADIENT = {"kind": "probe", "probe": "weight_gradient_norm", "at": ["init", "last"], "transform": "log10"}


def test_figures_of_curves_show_every_seed_their_mean_and_the_paper(world: World) -> None:
    path = world.write(ERROR_CLAIM)
    csv = '# read by hand\npanel,series,x,y,style\nleft,"a, train",1,50,dashed\nleft,"a, train",2,25,dashed\n'
    (path.parent / "f.csv").write_text(csv, encoding="utf-8")
    world.fill(errors(0.3))
    reference = {"file": "f.csv", "x": "epoch", "y": "error (%)"}
    paper, plain, residual = panels(
        world, kind="curves", of=["train_error"], panel="arm", reference=reference, target=0.25
    )
    assert paper.title == "paper, left"
    assert [(s.role, s.x, s.y) for s in paper.series] == [("reference", [1.0, 2.0], [0.5, 0.25])]
    assert (plain.title, residual.title) == ("ours, plain", "ours, residual")
    assert [s.role for s in plain.series] == 2 * [*5 * ["seed"], "mean"]
    assert plain.series[5].label == "shallow (8)"
    assert plain.series[5].y == pytest.approx([0.9, 0.5, 0.1])
    assert (plain.target, plain.y_percent, plain.y_log, plain.y_label) == (
        0.25,
        True,
        False,
        "training error (%)",
    )
    losses = panels(world, kind="curves", of=["train_loss", "test_loss"])[0]
    assert (losses.y_percent, losses.y_log) == (False, True)
    assert {s.style for s in losses.series if "train" in s.label} == {"dashed"}
    assert {s.style for s in losses.series if "test" in s.label} == {"solid"}


def test_a_panel_each_column_shows_the_chosen_cells_only(world: World) -> None:
    world.write(ERROR_CLAIM)
    world.fill(lambda cell, seed: {"train_error": [0.9, 0.1], "test_error": [0.9, 0.3]})
    train, test = panels(
        world,
        kind="curves",
        of=["train_error", "test_error"],
        panel="of",
        cells=["plain/deep", "plain/shallow"],
    )
    assert [(panel.title, panel.y_label) for panel in (train, test)] == [
        ("training error", "training error (%)"),
        ("test error", "test error (%)"),
    ]
    for panel, end in ((train, 0.1), (test, 0.3)):
        assert {s.label for s in panel.series} == {"plain, shallow (8)", "plain, deep (14)"}
        assert {s.style for s in panel.series} == {"solid"}
        assert [s.y[-1] for s in panel.series] == [pytest.approx(end)] * len(panel.series)


def test_curves_that_end_at_different_places_have_no_mean(world: World) -> None:
    world.write(ERROR_CLAIM)
    world.fill(lambda cell, seed: {"train_error": [0.9, *[0.5] * (seed + 1)]})
    (panel,) = panels(world, kind="curves", of=["train_error"])
    assert {s.role for s in panel.series} == {"seed"}
    assert {len(s.x) for s in panel.series} == {2, 3, 4, 5, 6}


def test_series_are_as_a_check_of_their_data_would_leave_them(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    world.fill(lambda cell, seed: {"train_error": [0.9, 1 / 3, *[0.5] * (seed % 2)]}, lambda *_: ROWS)
    shown = [
        *panels(world, kind="curves", of=["train_error"]),
        *panels(world, kind="layers", metric="g"),
        *panels(world, kind="moments", metric="g"),
    ]
    assert {series.role for panel in shown for series in panel.series} == {"seed", "mean"}
    for panel in shown:
        assert Panel.model_validate(panel.model_dump()).model_dump_json() == panel.model_dump_json()
    assert shown[0].series[0].y[:2] == [0.9, 0.333333]


ROWS = layer_rows(1 / 3, 2, 1e-7)


def test_figures_leave_out_what_is_no_number(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    bad = layer_rows(3.0, math.nan, 1.0, math.inf, 2.0)
    world.fill(lambda cell, seed: {"train_loss": [1.0, math.nan, 0.5]}, lambda *_: bad)
    ordered, by_size = panels(world, kind="layers", metric="g")
    assert (ordered.series[0].x, ordered.series[0].y) == ([1.0, 3.0, 5.0], [3.0, 1.0, 2.0])
    assert by_size.series[0].y == [3.0, 2.0, 1.0]
    (curves,) = panels(world, kind="curves", of=["train_loss"])
    assert (curves.series[0].x, curves.series[0].y) == ([0.0, 2.0], [1.0, 0.5])
    for panel in panels(world, kind="moments", metric="g"):
        assert panel.series == []


def test_figures_of_moments_have_a_panel_each_and_levels_in_order(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    world.fill(errors(0.3), lambda cell, seed, moment: layer_rows(10.0 if moment == "last" else 1000.0))
    first, last = panels(world, kind="moments", metric="g")
    assert (first.title, last.title) == ("ours, init: before training", "ours, last: after training")
    assert first.x_categories == ["shallow (8)", "deep (14)"]
    means = {s.label: s.y for s in last.series if s.role == "mean"}
    assert means == {"plain": pytest.approx([10.0, 10.0]), "residual": pytest.approx([10.0, 10.0])}


def test_a_mean_of_logarithms_is_geometric(world: World) -> None:
    """1, 10, 1, 10 and 1 have a mean logarithm of 0.4."""
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    world.fill(errors(0.3), lambda cell, seed, moment: layer_rows(10.0 if seed % 2 else 1.0))
    first, _ = panels(world, kind="moments", metric="g")
    assert first.y_log
    (mean, *_) = [series for series in first.series if series.role == "mean"]
    assert mean.y == pytest.approx([10**0.4, 10**0.4], rel=1e-5)
    assert {y for series in first.series if series.role == "seed" for y in series.y} == {1.0, 10.0}


def test_an_arm_has_one_colour_and_a_level_one_shade_in_every_figure_and_in_the_papers(world: World) -> None:
    """Depth is 8 and 14; the paper draws 20 layers, too. Its ResNet is our residual arm."""
    path = world.write(ERROR_CLAIM)
    names = "panel,series,x,y,style,arm\n"
    rows = [f'left,"{kind}-{depth}, {column}",{x},50,solid,{arm}\n'
            for kind, arm in (("plain", ""), ("ResNet", "residual")) for depth in (8, 14, 20)
            for column in ("train", "test") for x in (1, 2)]  # fmt: skip
    (path.parent / "f.csv").write_text(names + "".join(rows), encoding="utf-8")
    world.fill(errors(0.3))
    reference = {"file": "f.csv", "x": "epoch", "y": "error (%)"}
    both = {"kind": "curves", "of": ["train_error", "test_error"], "reference": reference}
    found = [
        *panels(world, **both, panel="arm"),
        *panels(world, **both),
        *panels(world, kind="curves", of=["test_error"], cells=["residual/deep"], reference=reference),
    ]
    looks: dict[str, set[tuple[int, float]]] = {}
    for panel in found:
        for series in panel.series:
            title = panel.title.removeprefix("ours, ")
            arm = title if title in ("plain", "residual") else series.label
            kind = "residual" if "res" in arm.casefold() else "plain"
            depth = next(d for d in ("8", "14", "20") if d in series.label)
            looks.setdefault(f"{kind}-{depth}", set()).add((series.group, series.shade))
    assert looks == {
        f"{kind}-{depth}": {(group, shade)}
        for kind, group in (("plain", 0), ("residual", 1))
        for depth, shade in (("8", 0.0), ("14", 0.5), ("20", 1.0))
    }


def test_a_figures_alternative_text_states_what_it_shows(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    world.fill(
        lambda cell, seed: {"train_error": [0.9, *[0.5] * seed, 0.1 if cell.arm == "plain" else 0.2]},
        lambda cell, seed, moment: layer_rows(10.0 if cell.address.endswith("deep") else 1000.0, 1.0),
    )

    def alt(**figure: Any) -> str:
        world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT, figure__f={"title": "F", **figure}))
        return only(world.report()).figures[0].alt

    stopping = alt(kind="curves", of=["train_error"], panel="arm", target=0.15)
    # (0.75/0.8 + Σ (s + 0.35/0.4 for s = 1 to 4)) / 5 = 2.8875
    assert (
        "plain: 15% or below is reached by deep (14) at epoch 2.89; shallow (8) at epoch 2.89 (means"
        in stopping
    )
    assert "residual: 15% or below is reached by shallow (8) never, ending at 20%" in stopping
    ends = alt(kind="curves", of=["train_error"])
    assert (
        "at the end, from the lowest to the highest: plain, deep (14) 10%; plain, shallow (8) 10%; residual"
        in ends
    )
    assert "plain falls from 1,000 at shallow (8) to 10 at deep (14)" in alt(kind="moments", metric="g")
    assert "averaged over layers, from the lowest to the highest: plain, deep (14) 3.16; " in alt(
        kind="layers", metric="g"
    )


def test_a_figure_without_runs_says_so(world: World) -> None:
    world.write(changed(ERROR_CLAIM, figure__f={"kind": "curves", "title": "F", "of": ["train_error"]}))
    (figure,) = only(world.report()).figures
    assert (figure.alt, figure.panels) == ("F. Nothing has been run yet.", [])
