"""Whole reports: mixed, on other data, pending, failed, large, hostile."""

from __future__ import annotations

from typing import Any

from repro.report.model import (
    ClaimReport,
    Deviation,
    Figure,
    Panel,
    Report,
    Result,
    Verdict,
)
from tests.support.report_samples.alexnet import alexnet, relu_speed
from tests.support.report_samples.pieces import claim, curves, expectation, paper, part, report, runs, verdict
from tests.support.report_samples.resnet import degradation, gradients, parameters, resnet


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
        "whose",
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
