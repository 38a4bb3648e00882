"""Claims of the ResNet paper: supported, inconclusive, exact."""

from __future__ import annotations

import math
import random

from repro.report.model import (
    Cell,
    ClaimReport,
    CriteriaDifference,
    Elsewhere,
    ExpectationResult,
    Figure,
    Panel,
    PaperReport,
    Point,
    Result,
    Review,
    Row,
    Sensitivity,
    Series,
    Table,
)
from tests.support.report_samples.pieces import claim, curves, decay, expectation, paper, part, verdict


def degradation() -> ClaimReport:
    id_, anchor = "resnet/plain-nets-degrade", "resnet--plain-nets-degrade"
    nets = [("20", 0, 0.004), ("32", 1, 0.15), ("56", 2, 0.60)]
    plain = [
        line
        for depth, group, end in nets
        for style in ("dashed", "solid")
        for line in curves(
            f"{depth}, {'train' if style == 'dashed' else 'test'}", group, style, 0.9, end, 0.12
        )
    ]
    residual = [
        line
        for depth, group, _ in nets
        for style in ("dashed", "solid")
        for line in curves(
            f"{depth}, {'train' if style == 'dashed' else 'test'}", group, style, 0.9, 0.004, 0.3
        )
    ]
    printed = [
        Series(
            label=f"plain-{depth}, {name}",
            group=group,
            style=style,
            role="reference",
            x=[0.4 + 0.2 * i for i in range(30)],
            y=decay(0.2, end, 0.1, 30, random.Random(depth + name)),
        )
        for depth, group, end in (("20", 0, 0.014), ("32", 1, 0.02), ("56", 2, 0.059))
        for style, name in (("dashed", "train"), ("solid", "test"))
    ]
    parts = [
        part("plain, 32 − 8", "+15.3 pp [7.1, 23.5]", 0.153, 0.071, 0.235, "supported"),
        part("plain, 20 − 8", "+0.35 pp [−0.2, 0.9]", 0.0035, -0.002, 0.009, "inconclusive"),
    ]
    gap = expectation(
        anchor,
        "gap-of-gaps",
        "The gap grows more in plain nets than in residual ones",
        "error",
        [part("plain − residual", "+15.2 pp [6.9, 23.5]", 0.152, 0.069, 0.235, "supported")],
        verdict("supported", "The gap lies between 6.9 and 23.5 percentage points, above 2."),
        ("at least 2 pp", [(0.02, None)]),
        ("at most 0 pp", [(None, 0.0)]),
        reported="4.4 pp",
        reported_value=0.044,
        reported_note="read from the figure",
        why="half of the paper's gap, and ten times the spread of seeds",
        resolves="With 5 seeds, 5.9 pp from the bar is decided (80% power); ours is 13 pp from it.",
        compatibility="Single runs like ours, one a cell, would give 3.1 to 4.9 pp (95% prediction interval, "
        "1.8 pp wide); the paper’s 4.4 pp is compatible.",
        sampling_note="The test set of 397 images adds a sampling error of at most ±3.2 pp (95%) that more "
        "seeds do not reduce.",
    )
    each = expectation(
        anchor,
        "deeper-is-worse",
        "Deeper plain nets have higher training error",
        "error",
        parts,
        verdict("inconclusive", "Shown for 32 layers; 20 against 8 layers cannot be told apart."),
        ("at least 2 pp", [(0.02, None)]),
        ("at most 0 pp", [(None, 0.0)]),
        role="context",
    )
    rows = [
        Row(
            label="plain-20",
            ours_label="plain-8",
            note=None,
            cells=_cells("9.7", "1.2 ± 0.3", "—", "1.4", "0.01"),
        ),
        Row(
            label="plain-56",
            ours_label="plain-32",
            note=None,
            cells=_cells("13.2", "17.9 ± 8", "—", "5.9", "15.3"),
        ),
        Row(
            label="ResNet-20",
            ours_label="ResNet-8",
            note=None,
            cells=_cells("8.75", "0.9 ± 0.3", "—", None, "0"),
        ),
        Row(
            label="ResNet-110",
            ours_label=None,
            note="not run at this scale",
            cells=_cells("6.43", None, None, None, None),
        ),
    ]
    return claim(
        id_,
        "Plain nets degrade with depth, residual nets do not",
        "The deeper plain network has higher training error, and thus test error.",
        verdict(
            "supported",
            "Plain nets lose 15.2 percentage points more by depth than residual ones (6.9 to 23.5).",
        ),
        quote="The deeper network has higher training error, and thus test error.",
        source="Fig. 1, Fig. 6 left, page 7, read from the figure",
        expectations=[gap, each],
        reviews=[
            Review(
                author="A. Reader",
                date="2026-02-01",
                text="The bar is low.\nHalf the paper's gap would be fairer.",
                about="gap-of-gaps",
            ),
            Review(author="B. Reader", date="2026-02-03", text="Digits are easy data.", about=None),
        ],
        sensitivities=[flips(gap)],
        criteria_changes=[
            CriteriaDifference(
                says="Criteria changed on 2026-01-14T10:00:00Z, when 30 of its runs existed.",
                old=["gap-of-gaps: at least 4 pp, refuted by at most 0 pp (decides)"],
                new=["gap-of-gaps: at least 2 pp, refuted by at most 0 pp (decides)"],
            ),
            CriteriaDifference(
                says="Criteria changed in the claim file since the last check, when 60 of its runs existed.",
                old=[],
                new=[],
            ),
        ],
        figures=[
            Figure(
                id="fig-6",
                anchor=f"{anchor}--fig-6",
                title="Fig. 6: error by epoch",
                alt="Plain nets with 32 and 56 layers stay above 15% error; residual nets of every depth reach 0%.",
                caption="Dashed: training error; solid: test error. Thin lines are single seeds.",
                panels=[
                    Panel(
                        title="paper, plain nets",
                        x_label="iteration (1e4)",
                        y_label="error (%)",
                        y_percent=True,
                        series=printed,
                    ),
                    Panel(title="plain", x_label="epoch", y_label="error (%)", y_percent=True, series=plain),
                    Panel(
                        title="residual",
                        x_label="epoch",
                        y_label="error (%)",
                        y_percent=True,
                        series=residual,
                    ),
                ],
            )
        ],
        tables=[
            Table(
                id="tab-6",
                title="Table 6: error on CIFAR-10",
                source="ResNet, Table 6 and Fig. 6; plain nets are read from the figure",
                columns=["test error, %", "training error, %"],
                rows=rows,
                anchor=f"{id_}/table/tab-6",
                from_figure=True,
                elsewhere=[
                    Elsewhere(
                        label="somebody/pytorch-resnets",
                        source="README, 2018",
                        note="best epoch",
                        values=[[None, None], [None, None], ["8.27", None], ["6.32", None]],
                    ),
                    Elsewhere(
                        label="a textbook",
                        source="Ch. 8",
                        note=None,
                        values=[[None, None], [None, None], ["8.6", "0.9"], [None, None]],
                    ),
                ],
            )
        ],
    )


def flips(one: ExpectationResult) -> Sensitivity:
    """The expectation over a grid on which it flips: the points of a forest plot."""
    points: list[tuple[str, float, float, float, Result, str]] = [
        ("lr-0.02", 0.152, 0.069, 0.235, "supported", "As it must be."),
        ("lr-0.1", 0.031, -0.01, 0.072, "inconclusive", "Some would do."),
        ("lr-0.5", -0.06, -0.09, -0.03, "refuted", "It is not."),
    ]
    return Sensitivity(
        id="rate",
        title="Does the learning rate matter?",
        why="Deep plain nets want a small one.",
        expectations=[one.title],
        ids=[one.id],
        points=[
            Point(
                label=label,
                estimates=[f"{100 * middle:.1f} pp"],
                verdicts=[verdict(result, "As measured.")],
                parts=[[part("", f"{100 * middle:.1f} pp [{low}, {high}]", middle, low, high, result)]],
                because=[because],
            )
            for label, middle, low, high, result, because in points
        ],
        text="The verdict flips on this grid: the claim hinges on the setting.",
    )


def _cells(
    test: str | None, ours: str | None, difference: str | None, train: str | None, our_train: str | None
) -> list[Cell]:
    return [
        Cell(
            metric="test_error",
            reported=test,
            ours=ours,
            difference=difference,
            n=5 if ours else 0,
            expectation="resnet--plain-nets-degrade--gap-of-gaps" if ours else None,
            region="at least 2 pp" if ours else None,
            verdict=verdict("supported", "The interval says so.") if ours else None,
        ),
        Cell(
            metric="train_error",
            reported=train,
            ours=our_train,
            difference="+0.2" if our_train and train else None,
            n=5 if our_train else 0,
        ),
    ]


def gradients() -> ClaimReport:
    id_, anchor = "resnet/gradient-preservation", "resnet--gradient-preservation"
    values = {"plain": [0.81, 2.9, 68.0], "bare": [6e-3, 2e-4, 5e-8], "residual": [0.76, 0.99, 1.18]}
    noise = random.Random(7)
    series = []
    for group, (name, levels) in enumerate(values.items()):
        for _ in range(5):
            y = [level * math.exp(noise.gauss(0, 0.3)) for level in levels]
            series.append(
                Series(
                    label=name,
                    group=group,
                    style="solid",
                    role="seed",
                    x=[0.0, 1.0, 2.0],
                    y=y,
                )
            )
        series.append(
            Series(label=name, group=group, style="solid", role="mean", x=[0.0, 1.0, 2.0], y=levels)
        )
    within = ("within −1 and 1", [(-1.0, 1.0)])
    outside = ("outside −2 and 2", [(None, -2.0), (2.0, None)])
    healthy = expectation(
        anchor,
        "residual-is-healthy",
        "Gradients of residual nets keep their size",
        "log10",
        [
            part("8 layers, at init", "−0.12 [−0.25, 0.01]", -0.12, -0.25, 0.01, "supported"),
            part("20 layers, at init", "0.00 [−0.2, 0.2]", 0.0, -0.2, 0.2, "supported"),
            part("56 layers, at init", "0.07 [−0.2, 0.3]", 0.07, -0.2, 0.3, "supported"),
            part("56 layers, last", "−0.9 [−1.9, 0.1]", -0.9, -1.9, 0.1, "inconclusive"),
            part("110 layers, last", "not run", None, None, None, None, n=0, note="no kept weights"),
        ],
        verdict(
            "inconclusive",
            "At 56 layers the last moment's interval leaves the region; the others are inside.",
        ),
        within,
        outside,
        kind="value",
        why="a factor of ten either way",
    )
    vanish = expectation(
        anchor,
        "plain-vanishes",
        "Gradients of plain nets vanish",
        "log10",
        [part("56 layers, at init", "+1.83 [1.2, 2.5]", 1.83, 1.2, 2.5, "refuted")],
        verdict("refuted", "They grow toward the input by 10 to the 1.8 (1.2 to 2.5) instead of shrinking."),
        ("at most −2", [(None, -2.0)]),
        ("at least −1", [(-1.0, None)]),
        kind="value",
        role="context",
    )
    return claim(
        id_,
        "Residual connections preserve gradients",
        "With batch normalisation backward gradients have healthy norms; residual nets keep them at any depth.",
        verdict(
            "inconclusive",
            "Healthy wherever it was decided; one of five moments cannot be decided with 5 seeds.",
        ),
        expectations=[healthy, vanish],
        figures=[
            Figure(
                id="ratio",
                anchor=f"{anchor}--ratio",
                title="Gradient norm, first stage over last stage",
                alt="The ratio stays near 1 in residual nets, rises to 68 in plain nets and falls to 5e-8 without "
                "normalisation.",
                caption="Dots are seeds, lines join means; the axis is logarithmic.",
                panels=[
                    Panel(
                        title="",
                        x_label="layers",
                        y_label="first stage / last stage",
                        y_log=True,
                        x_categories=["8", "20", "56"],
                        series=series,
                    )
                ],
            )
        ],
    )


def parameters() -> ClaimReport:
    id_, anchor = "resnet/parameter-counts", "resnet--parameter-counts"
    counts = [("ResNet-20", "0.27 M", 0.27e6, 269722.0), ("ResNet-1202", "19.4 M", 19.4e6, 19421274.0)]
    expectations = [
        expectation(
            anchor,
            name.lower(),
            f"{name} has {printed} parameters",
            "count",
            [part(name, f"{ours:,.0f}", ours, ours, ours, "supported", n=1)],
            verdict("supported", f"{ours:,.0f} rounds to {printed}.", word="supported"),
            (f"rounds to {printed}", [(value * 0.99, value * 1.01)]),
            ("anything else", [(None, value * 0.99), (value * 1.01, None)]),
            kind="exact",
            reported=printed,
            reported_value=value,
            why="half a unit of the last printed digit",
            exact=True,
        )
        for name, printed, value, ours in counts
    ]
    return claim(
        id_,
        "Parameter counts of the CIFAR nets",
        "The CIFAR-10 nets have 0.27 to 19.4 million parameters.",
        verdict("supported", "Both counts round to the printed numbers.", word="supported"),
        expectations=expectations,
        seeds=[],
        runs=[],
        controls=[],
        deviations=[],
        wall_seconds=0.0,
        trains=False,
    )


def resnet(claims: list[ClaimReport]) -> PaperReport:
    return paper("resnet", "Deep Residual Learning for Image Recognition", claims)
