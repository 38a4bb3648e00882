"""Reports of all kinds to render: judged, pending, failed, large, hostile. Numbers are made up but plausible."""

from __future__ import annotations

import math
import random
from typing import Any

from repro.report.model import (
    Cell,
    ClaimReport,
    Control,
    Cost,
    Coverage,
    CriteriaChange,
    CriteriaDifference,
    DataUsed,
    Deviation,
    Elsewhere,
    ExpectationResult,
    Figure,
    Machine,
    Panel,
    PaperReport,
    Part,
    Point,
    Region,
    Report,
    Result,
    Review,
    Row,
    RunRow,
    Sensitivity,
    Series,
    SpecRow,
    Table,
    Tuning,
    Unit,
    Verdict,
)

SMOKE_SAYS = (
    "Smoke scale: small nets on 8×8 digits, a minute on two cores. It shows that the check works and which "
    "way an effect points here. Nothing on this page is a replication of a paper's result."
)
CAPPED: dict[Result, str] = {
    "supported": "holds at smoke scale",
    "refuted": "does not hold at smoke scale",
    "inconclusive": "undecided at smoke scale",
}
RELU_FIG1 = [0.4719, 0.3767, 0.3209, 0.2895, 0.2636, 0.2483]
TANH_FIG1 = {1: 0.5529, 4: 0.433, 8: 0.3937, 14: 0.3436, 20: 0.3185, 26: 0.2913, 32: 0.2592, 36: 0.2507}


def verdict(result: Result | None, sentence: str, *, word: str | None = None) -> Verdict:
    words = CAPPED[result] if result else "pending"
    return Verdict(
        word=word or words, result=result, status="complete" if result else "pending", sentence=sentence
    )


def part(
    label: str,
    text: str,
    estimate: float | None,
    low: float | None,
    high: float | None,
    result: Result | None,
    n: int = 5,
    **more: Any,
) -> Part:
    values: dict[str, Any] = {"level": 0.95, "bound": "none", **more}
    text = text if estimate is None else f"{text}, n = {n}"
    return Part(
        label=label, estimate=estimate, low=low, high=high, n=n, result=result, estimate_text=text, **values
    )


def expectation(
    claim: str,
    id_: str,
    title: str,
    unit: Unit,
    parts: list[Part],
    judged: Verdict,
    supports: tuple[str, list[tuple[float | None, float | None]]],
    refutes: tuple[str, list[tuple[float | None, float | None]]],
    **more: Any,
) -> ExpectationResult:
    values: dict[str, Any] = {
        "kind": "difference",
        "role": "decides",
        "reported": None,
        "reported_value": None,
        "reported_note": None,
        "why": "",
        **more,
    }
    return ExpectationResult(
        id=id_,
        anchor=f"{claim}--{id_}",
        title=title,
        unit=unit,
        parts=parts,
        verdict=judged,
        supports=Region(text=supports[0], intervals=supports[1]),
        refutes=Region(text=refutes[0], intervals=refutes[1]),
        **values,
    )


def decay(start: float, end: float, speed: float, epochs: int, noise: random.Random) -> list[float]:
    """A learning curve: exponential approach to `end`, with noise that shrinks as it does."""
    curve = []
    for epoch in range(1, epochs + 1):
        level = end + (start - end) * math.exp(-speed * epoch)
        curve.append(max(0.0, level * (1 + noise.gauss(0, 0.05))))
    return curve


def curves(
    label: str, group: int, style: str, start: float, end: float, speed: float, epochs: int = 40
) -> list[Series]:
    """Five seeds and their mean."""
    noise = random.Random(f"{label}{style}")
    x = [float(epoch) for epoch in range(1, epochs + 1)]
    seeds = [
        decay(start, end * noise.uniform(0.7, 1.3), speed * noise.uniform(0.8, 1.2), epochs, noise)
        for _ in range(5)
    ]
    common: dict[str, Any] = {"group": group, "style": style, "x": x}
    lines = [Series(label=f"{label}, seed {i}", role="seed", y=y, **common) for i, y in enumerate(seeds)]
    mean = [sum(values) / 5 for values in zip(*seeds, strict=True)]
    return [*lines, Series(label=label, role="mean", y=mean, **common)]


def runs(cells: list[str], seeds: int = 5, outcome: str = "finished") -> list[RunRow]:
    noise = random.Random(len(cells))
    return [
        RunRow(
            key=f"{noise.getrandbits(64):016x}",
            cell=cell,
            purpose="evidence",
            seed=seed,
            outcome=outcome,  # type: ignore[arg-type]
            steps=880 if outcome == "finished" else None,
            wall_seconds=round(noise.uniform(1.5, 4.0), 2) if outcome == "finished" else None,
            device="cpu" if outcome == "finished" else None,
            note="out of memory" if outcome == "failed" else None,
        )
        for cell in cells
        for seed in range(seeds)
    ]


def claim(id_: str, title: str, statement: str, judged: Verdict, **more: Any) -> ClaimReport:
    values: dict[str, Any] = {
        "quote": None,
        "source": "Sec. 4.2, page 7, read from the text",
        "seeds": [0, 1, 2, 3, 4],
        "expectations": [],
        "tables": [],
        "figures": [],
        "deviations": [
            Deviation(
                what="dataset", paper="cifar10", ours="digits", direction="Likely a smaller gap: easier data."
            ),
            Deviation(what="recipe.steps", paper="64000", ours="880"),
            Deviation(what="factors.depth", paper="20, 32, 44, 56, 110", ours="8, 20, 32"),
        ],
        "unknown": ["initialisation of the projection shortcuts"],
        "ambiguities": ["Training error is read while training, or measured after the epoch."],
        "notes": [],
        "controls": [
            Control(
                id="shuffled-labels",
                title="Labels are shuffled",
                why="Nothing can be learned then.",
                verdict=Verdict(
                    word="does not hold at smoke scale",
                    result="refuted",
                    status="complete",
                    sentence="The interval is −0.4 to 0.6 percentage points.",
                ),
                passed=True,
                text="Caught: the same criteria refute it.",
            )
        ],
        "sensitivities": [
            Sensitivity(
                id="learning-rate",
                title="Are the deep nets just badly tuned?",
                why="All nets share a rate at each point.",
                expectations=["The gap of gaps"],
                points=[
                    Point(
                        label=label,
                        estimates=[f"{gap} pp [{gap - 2}, {gap + 2}], n = 5"],
                        verdicts=[
                            Verdict(word=word, result=result, status="complete", sentence="As measured.")
                        ],
                    )
                    for label, gap, word, result in (
                        ("lr-0.02", 9, "holds at smoke scale", "supported"),
                        ("lr-0.2", 1, "undecided at smoke scale", "inconclusive"),
                    )
                ],
                text="The verdict is not the same everywhere on this grid, but it does not turn round.",
            )
        ],
        "tuning": [],
        "runs": runs(["plain/shallow", "plain/deep"]),
        "criteria": [
            CriteriaChange(
                first_seen="2026-01-12 09:30 UTC",
                runs_then=0,
                digest="sha256:4be1c0ffee12",
                current=True,
                lines=["main: at least 2 pp, refuted by at most 0 pp (decides); kind difference"],
            )
        ],
        "wall_seconds": 21.4,
        "claim_path": f"claims/{id_}.toml",
        "claim_text": f'statement = "{statement}"\n\n[experiment]\ndataset = "cifar10"\n',
        "command": f"repro check {id_} --scale smoke",
        "spec_rows": [
            SpecRow(net="ResNet-20", size="parameters", paper="0.27M", ours="269,722", ok=True, says=None),
            SpecRow(
                net="ResNet-56", size="layers", paper="56", ours="57", ok=False, says="the paper prints 56"
            ),
        ],
        "cost": Cost(
            runs=10, wall_seconds=21.4, predicted_runs=8, predicted_seconds=15.0, predicted_took_seconds=17.2
        ),
        **more,
    }
    return ClaimReport(
        id=id_, anchor=id_.replace("/", "--"), title=title, statement=statement, verdict=judged, **values
    )


def relu_speed() -> ClaimReport:
    id_, anchor = "alexnet/relu-speed", "alexnet--relu-speed"
    reference = [
        Series(
            label="paper: ReLU",
            group=0,
            style="solid",
            role="reference",
            x=[float(i) for i in range(1, 7)],
            y=RELU_FIG1,
        ),
        Series(
            label="paper: tanh",
            group=1,
            style="dashed",
            role="reference",
            x=[float(i) for i in TANH_FIG1],
            y=list(TANH_FIG1.values()),
        ),
    ]
    panels = [
        Panel(
            title=f"net {net}",
            x_label="epoch",
            y_label="training error",
            y_percent=True,
            target=0.25,
            series=[
                *reference,
                *curves("ReLU", 0, "solid", 0.9, 0.01, 0.10, 36),
                *curves("tanh", 1, "dashed", 0.9, 0.01, speed, 36),
            ],
        )
        for net, speed in (("conv3-fc", 0.14), ("conv2-local2-fc", 0.08))
    ]
    faster = expectation(
        anchor,
        "faster",
        "tanh needs at least twice as many epochs",
        "ratio",
        [
            part(
                "conv3-fc", "0.71 [0.52, 0.97]", 0.71, 0.52, 0.97, "refuted", note="tanh is faster on digits"
            ),
            part(
                "conv2-local2-fc", "≥ 1.3 [0.9, …)", 1.3, 0.9, None, "inconclusive", n=3, bound="from_below"
            ),
        ],
        verdict("refuted", "On conv3-fc the ratio lies between 0.52 and 0.97, below 1.5."),
        ("at least 2", [(2.0, None)]),
        ("at most 1.5", [(None, 1.5)]),
        kind="ratio",
        why="'several times'; the paper says that the magnitude varies with the architecture",
        resolves="5 seeds can tell ratios apart that differ by a factor of 1.4.",
    )
    six = expectation(
        anchor,
        "six-times",
        "tanh needs six times as many epochs",
        "ratio",
        [
            part(
                "both nets", "0.9 [0.5, 1.7]", 0.9, 0.5, 1.7, None, note="only the paper's scale can judge it"
            )
        ],
        Verdict(
            word="not judged at this scale",
            result=None,
            status="complete",
            sentence="Judged from paper scale.",
        ),
        ("between 4 and 9", [(4.0, 9.0)]),
        ("outside 4 to 9", [(None, 4.0), (9.0, None)]),
        kind="ratio",
        role="context",
        reported="6",
        reported_value=6.0,
        reported_note="read from the figure",
    )
    return claim(
        id_,
        "ReLU nets learn several times faster than tanh nets",
        "A four-layer ReLU network reaches 25% training error on CIFAR-10 six times faster than a tanh network.",
        verdict(
            "refuted", "tanh reached the target first: it needed 0.71 times ReLU's epochs (0.52 to 0.97)."
        ),
        quote="A four-layer convolutional neural network with ReLUs (solid line) reaches a 25% training error "
        "rate on CIFAR-10 six times faster",
        source="Sec. 3.1, Fig. 1, page 3, read from the figure",
        expectations=[faster, six],
        figures=[
            Figure(
                id="fig-1",
                anchor=f"{anchor}--fig-1",
                title="Fig. 1: training error by epoch",
                alt="On digits the tanh net reaches 25% training error before the ReLU net does; in the paper "
                "ReLU reaches it at epoch 6 and tanh at epoch 36.",
                caption="Thin lines are single seeds, the bold line is their mean, the wide pale line is the "
                "paper's curve, read from its vector plot.",
                panels=panels,
            )
        ],
        tuning=[
            Tuning(
                cell="relu, conv3-fc",
                criterion="epochs to 25% training error",
                rates=[0.0005, 0.001, 0.002, 0.004, 0.008],
                values=[12.4, 8.2, 5.5, 4.1, 4.9],
                censored=[False] * 5,
                chosen=0.004,
                state="settled",
            ),
            Tuning(
                cell="tanh, conv3-fc",
                criterion="epochs to 25% training error",
                rates=[0.0005, 0.001, 0.002, 0.004, 0.008],
                values=[36.0, 21.0, 9.1, 5.2, None],
                censored=[True, False, False, False, False],
                chosen=None,
                state="open",
            ),
        ],
        unknown=["architecture", "initialisation", "learning rates", "tanh variant"],
        notes=["The order depends on input scale and initialisation: the recipe of 2012 gives 1.6 to 2.1."],
    )


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
    points: list[tuple[str, float, float, float, Result]] = [
        ("lr-0.02", 0.152, 0.069, 0.235, "supported"),
        ("lr-0.1", 0.031, -0.01, 0.072, "inconclusive"),
        ("lr-0.5", -0.06, -0.09, -0.03, "refuted"),
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
            )
            for label, middle, low, high, result in points
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
        for seed in range(5):
            y = [level * math.exp(noise.gauss(0, 0.3)) for level in levels]
            series.append(
                Series(
                    label=f"{name}, seed {seed}",
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
    )


def pending_claim(id_: str = "vgg/depth-helps", title: str = "Depth helps") -> ClaimReport:
    waiting = Verdict(
        word="pending", result=None, status="pending", sentence="Needs imagenet, which is not at hand."
    )
    anchor = id_.replace("/", "--")
    one = expectation(
        anchor,
        "deeper-is-better",
        "16 layers beat 11",
        "error",
        [part("D − A", "not run", None, None, None, None, n=0)],
        waiting,
        ("at most −1 pp", [(None, -0.01)]),
        ("at least 0 pp", [(0.0, None)]),
        reported="−4.1 pp",
        reported_value=-0.041,
    )
    return claim(
        id_,
        title,
        "Classification error decreases with depth, from 11 layers to 19.",
        waiting,
        expectations=[one],
        figures=[
            Figure(
                id="fig",
                anchor=f"{anchor}--fig",
                title="Error by depth",
                alt="",
                caption="",
                panels=[Panel(title="", x_label="depth", y_label="error", series=[])],
            )
        ],
        runs=runs(["A", "D"], outcome="pending"),
        wall_seconds=0.0,
        criteria=[],
        controls=[],
    )


def paper(id_: str, title: str, claims: list[ClaimReport], **more: Any) -> PaperReport:
    values: dict[str, Any] = {
        "authors": ["Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"],
        "venue": "CVPR",
        "year": 2016,
        "identifier": "arXiv:1512.03385",
        "url": "https://arxiv.org/abs/1512.03385",
        "bibtex_key": "he2016deep",
        "version_read": "v1 of 2015",
        "anchor": id_,
        **more,
    }
    return PaperReport(id=id_, title=title, claims=claims, **values)


def report(papers: list[PaperReport], **more: Any) -> Report:
    statuses = [claim.verdict for paper in papers for claim in paper.claims]
    judged = sum(verdict.result is not None for verdict in statuses)
    coverage = Coverage(
        total=len(statuses),
        judged=judged,
        pending=sum(verdict.status == "pending" for verdict in statuses),
        failed=sum(verdict.status == "failed" for verdict in statuses),
        text=f"{judged} of {len(statuses)} claims judged",
    )
    values: dict[str, Any] = {
        "tool_version": "0.1.0",
        "scale": "smoke",
        "scale_says": SMOKE_SAYS,
        "machines": [
            Machine(
                description="Linux 6.1, x86_64, 2 cores",
                versions="Python 3.11.7, torch 2.6.0, numpy 2.1.0",
                commit="1f2e3d4c5b6a, with local changes",
                runs=60,
            )
        ],
        "wall_seconds": 83.2,
        "command": "repro check --scale smoke",
        "datasets": [
            DataUsed(
                name="digits",
                fingerprint="16d55714a455",
                train_images=1400,
                test_images=397,
                runs=60,
                stand_in=False,
            ),
            DataUsed(
                name="cifar10",
                fingerprint="0badcafe0bad",
                train_images=500,
                test_images=100,
                runs=3,
                stand_in=True,
            ),
        ],
        "cost": Cost(
            runs=60, wall_seconds=83.2, predicted_runs=0, predicted_seconds=0.0, predicted_took_seconds=0.0
        ),
        **more,
    }
    return Report(papers=papers, coverage=coverage, **values)


def alexnet(claims: list[ClaimReport]) -> PaperReport:
    return paper(
        "alexnet",
        "ImageNet Classification with Deep Convolutional Neural Networks",
        claims,
        authors=["Alex Krizhevsky", "Ilya Sutskever", "Geoffrey E. Hinton"],
        venue="NIPS",
        year=2012,
        identifier="NIPS 2012",
        url=None,
        bibtex_key="krizhevsky2012imagenet",
    )


def resnet(claims: list[ClaimReport]) -> PaperReport:
    return paper("resnet", "Deep Residual Learning for Image Recognition", claims)


def five_claims() -> Report:
    """Mixed verdicts: refuted, supported, inconclusive, exact, pending."""
    vgg = paper(
        "vgg",
        "Very Deep Convolutional Networks for Large-Scale Image Recognition",
        [pending_claim()],
        authors=["Karen Simonyan", "Andrew Zisserman"],
        venue="ICLR",
        year=2015,
        identifier="arXiv:1409.1556",
    )
    return report([alexnet([relu_speed()]), resnet([degradation(), gradients(), parameters()]), vgg])


def stand_in() -> Report:
    """The paper's protocol on other data: what is printed is capped, and every part says so."""
    says = ["another data set in its place, fingerprint 0badcafe0bad of cifar10, fingerprint 16d55714a455"]
    judged = Verdict(
        word="holds on stand-in data",
        result="supported",
        status="complete",
        sentence="Plain nets lose 15.2 percentage points more by depth than residual ones (6.9 to 23.5).",
    )
    rows = [Deviation(what="data set cifar10", paper="cifar10", ours="another", stand_in=True)]
    own = degradation().model_copy(update={"verdict": judged, "stand_ins": says, "deviations": rows})
    return report([resnet([own])], scale="paper", scale_says="Paper scale: …", stand_ins=says)


def none_judged() -> Report:
    """Everything pending: the page of somebody who has just started."""
    claims = [pending_claim("vgg/depth-helps"), pending_claim("vgg/lrn-does-not-help", "LRN does not help")]
    return report([paper("vgg", "Very Deep Convolutional Networks", claims)], machines=[], wall_seconds=0.0)


def all_failed() -> Report:
    """Every run failed."""
    broken = Verdict(
        word="failed to run", result=None, status="failed", sentence="4 of 10 runs failed: out of memory."
    )
    claims = [
        pending_claim(f"vgg/claim-{number}", f"Claim {number}").model_copy(
            update={"verdict": broken, "runs": runs(["A", "D"], outcome="failed")}
        )
        for number in range(3)
    ]
    return report([paper("vgg", "Very Deep Convolutional Networks", claims)])


def many_claims(count: int = 60, runs_each: int = 34) -> Report:
    """A large report: sixty claims over six papers, about two thousand runs."""
    results: list[Result] = ["supported", "refuted", "inconclusive"]
    claims = []
    for number in range(count):
        id_ = f"paper-{number // 10}/claim-{number}"
        anchor = id_.replace("/", "--")
        result = results[number % 3]
        one = expectation(
            anchor,
            "main",
            f"Effect number {number}",
            "error",
            [part("deep − shallow", "+2 pp [1, 3]", 0.02, 0.01, 0.03, result)],
            verdict(result, "The interval says so."),
            ("at least 0.5 pp", [(0.005, None)]),
            ("at most 0 pp", [(None, 0.0)]),
        )
        panel = Panel(
            title="",
            x_label="epoch",
            y_label="error",
            y_percent=True,
            series=curves(f"net {number}", number % 8, "solid", 0.9, 0.1, 0.1),
        )
        figure = Figure(
            id="fig", anchor=f"{anchor}--fig", title="Error", alt="Error falls.", caption="", panels=[panel]
        )
        claims.append(
            claim(
                id_,
                f"Claim number {number}",
                "Something holds.",
                verdict(result, "The interval says so."),
                expectations=[one],
                figures=[figure],
                runs=runs(["shallow", "deep"], seeds=runs_each // 2),
            )
        )
    papers = [
        paper(f"paper-{start}", f"Paper number {start}", claims[start * 10 : start * 10 + 10])
        for start in range((count + 9) // 10)
    ]
    return report(papers)


HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    "<style>*{display:none}</style>\"'><svg onload=alert(2)> {{ 7*7 }} $x_1$ ]]> --> \x00\x07\x1b[31m\x85\u202egnp.exe"
)


def hostile() -> Report:
    """Every text of a report tries to be more than text."""
    stands_in = degradation().model_copy(update={"stand_ins": ["other data"]})
    plain = report([alexnet([relu_speed()]), resnet([stands_in, gradients()])], stand_ins=["x"]).model_dump()
    kept = {
        "anchor",
        "expectation",
        "ids",
        "status",
        "result",
        "role",
        "kind",
        "unit",
        "style",
        "bound",
        "outcome",
        "state",
    }
    report_ = Report.model_validate(_poisoned(plain, kept))
    urls = ["javascript:alert(1)", "JaVaScRiPt:alert(1)//https://example.org"]
    papers = [paper.model_copy(update={"url": url}) for paper, url in zip(report_.papers, urls, strict=True)]
    return report_.model_copy(update={"papers": papers})


def _poisoned(value: Any, kept: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: item if key in kept else _poisoned(item, kept) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_poisoned(item, kept) for item in value]
    return HOSTILE if isinstance(value, str) else value
