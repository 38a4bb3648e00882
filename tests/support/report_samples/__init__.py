"""Reports of all kinds to render: judged, pending, failed, large, hostile. Numbers are made up but plausible."""

from tests.support.report_samples.alexnet import relu_speed
from tests.support.report_samples.pieces import claim, expectation, paper, part, report, verdict
from tests.support.report_samples.resnet import degradation, gradients, resnet
from tests.support.report_samples.whole import (
    HOSTILE,
    all_failed,
    five_claims,
    hostile,
    many_claims,
    none_judged,
    pending_claim,
    stand_in,
)

__all__ = [
    "HOSTILE",
    "all_failed",
    "claim",
    "degradation",
    "expectation",
    "five_claims",
    "gradients",
    "hostile",
    "many_claims",
    "none_judged",
    "paper",
    "part",
    "pending_claim",
    "relu_speed",
    "report",
    "resnet",
    "stand_in",
    "verdict",
]
