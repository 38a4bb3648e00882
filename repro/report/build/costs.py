"""What runs and readings took, beside what was predicted before they were begun."""

from __future__ import annotations

from repro.experiment.spent import Outgoings
from repro.report import model


def total(spent: Outgoings) -> model.Cost:
    """Return what was spent, added up."""
    everything = [*spent.runs.values(), *spent.readings.values()]
    predicted = [one for one in everything if one.predicted_seconds is not None]
    return model.Cost(
        runs=len(spent.runs),
        readings=len(spent.readings),
        wall_seconds=sum(one.wall_seconds or 0.0 for one in everything),
        processor_runs=sum(one.processor_seconds is not None for one in spent.runs.values()),
        processor_seconds=sum(one.processor_seconds or 0.0 for one in everything),
        predicted_runs=sum(one.predicted_seconds is not None for one in spent.runs.values()),
        predicted_seconds=sum(one.predicted_seconds or 0.0 for one in predicted),
        predicted_took_seconds=sum(one.seconds or 0.0 for one in predicted),
    )
