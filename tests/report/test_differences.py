"""The ledger for people: names, numbers, what was assumed, and the likely effect; by hand."""

from __future__ import annotations

from repro.report.model import Deviation
from repro.report.wording.differences import counted, differences
from tests.support import report_samples as samples


def _row(what: str, paper: str, ours: str, direction: str | None = None) -> Deviation:
    return Deviation(what=what, paper=paper, ours=ours, direction=direction)


ROWS = [
    _row("dataset", "cifar10", "digits", "Against the claim: in trials tanh was the faster one."),
    _row("recipe batch_size", "128", "32", "Not known."),
    _row("recipe steps (plain)", "64000", "100", "For the claim: deep plain nets converge slowly."),
    _row("recipe evaluate_every", "1", "0.25", "None on training."),
    _row("recipe epochs", "60", "8", "Towards no decision."),
    _row("model width", "16", "8"),
]


def test_deviations_are_grouped_by_their_likely_effect_with_human_names_and_numbers() -> None:
    claim = samples.degradation().model_copy(
        update={"deviations": ROWS, "unknown": ["batch size", "number of epochs"]}
    )
    found = [
        (heading, [(one.what, one.paper, one.here) for one in rows]) for heading, rows in differences(claim)
    ]
    assert found == [
        ("Likely against the claim", [("data", "CIFAR-10", "digits (8×8 pixels)")]),
        ("Likely for the claim", [("training steps (plain)", "64,000", "100")]),
        (
            "Likely to move the result; for or against the claim is not said",
            [("training epochs", "not stated; assumed: 60", "8")],
        ),
        ("Effect not known", [("batch size", "not stated; assumed: 128", "32")]),
        ("No effect on the result", [("epochs between evaluations", "1", "0.25")]),
        ("Effect not told by the claim file", [("width of the net", "16", "8")]),
    ]
    assert counted(claim) == "6 differences, 1 likely against the claim, 1 likely for it"
    assert counted(claim.model_copy(update={"deviations": []})) == ""
