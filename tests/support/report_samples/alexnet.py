"""The claim of AlexNet, refuted, with a tuning that is open."""

from __future__ import annotations

from repro.report.model import (
    ClaimReport,
    Figure,
    Panel,
    PaperReport,
    Series,
    Tuning,
    Verdict,
)
from tests.support.report_samples.pieces import claim, curves, expectation, paper, part, verdict

RELU_FIG1 = [0.4719, 0.3767, 0.3209, 0.2895, 0.2636, 0.2483]
TANH_FIG1 = {1: 0.5529, 4: 0.433, 8: 0.3937, 14: 0.3436, 20: 0.3185, 26: 0.2913, 32: 0.2592, 36: 0.2507}


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
