"""What became of a claim's controls: one that was caught is good news, whatever its verdict's word."""

from __future__ import annotations

from typing import Literal

from repro.report.model import ClaimReport, Control
from repro.report.wording.text import plural

Fate = Literal["caught", "missed", "open", "pending"]


def fate(control: Control) -> Fate:
    """Return what became of a control: refuted, supported as it must not be, neither, or not run."""
    if control.passed is None:
        return "pending"
    if not control.passed:
        return "missed"
    return "caught" if control.verdict.result == "refuted" else "open"


def control_said(control: Control) -> str:
    """Say what became of a control, and of one that was not caught why."""
    why = f" {control.because}" if control.because and fate(control) != "caught" else ""
    return f"{control.text}{why}"


def controls_said(claim: ClaimReport) -> str:
    """Say in one sentence what became of the controls that were run; "" where none was."""
    fates = [fate(control) for control in claim.controls]
    if "missed" in fates:
        return "A sabotaged version of this claim was supported too: the criteria prove nothing here."
    if caught := fates.count("caught"):
        return (
            f"{plural(caught, 'sabotaged version')} of this claim {'was' if caught == 1 else 'were'} caught."
        )
    return ""
