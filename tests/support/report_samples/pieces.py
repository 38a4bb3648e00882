"""What reports are made of: verdicts, parts, expectations, curves, runs, claims, papers."""

from __future__ import annotations

import math
import random
from typing import Any

from repro.report.model import (
    ClaimReport,
    Control,
    Cost,
    Coverage,
    CriteriaChange,
    DataUsed,
    Deviation,
    ExpectationResult,
    Machine,
    PaperReport,
    Part,
    Point,
    Region,
    Report,
    Result,
    RunRow,
    Sensitivity,
    Series,
    SpecRow,
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
    lines = [Series(label=label, role="seed", y=y, **common) for y in seeds]
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
