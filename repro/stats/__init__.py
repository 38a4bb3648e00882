"""Interval estimates and decision rules: pure functions of numbers, with no type of the project in them.

Everything rests on runs being independent draws with a roughly normal spread on the scale used (linear, or
logs for ratios). What that buys, and what is left of it when it fails, is measured in
``bench/results/coverage.md``.
"""

from repro.stats.intervals import contrast, slope_weights
from repro.stats.power import decision_power, detectable_difference, fewest, if_known, seeds_needed
from repro.stats.prediction import (
    best_of_interval,
    binomial_se,
    contrast_prediction,
    prediction_interval,
    shared_images_se,
)
from repro.stats.regions import Piece, Region
from repro.stats.robustness import oddities, rank_estimate
from repro.stats.rule import SCREEN, Verdict3, clear_of, joint, judge, look_shares, opposed, refutation_shares
from repro.stats.samples import Bound, Interval, Sample
from repro.stats.spread import Spread, likely_effects, observed_spread

__all__ = [
    "SCREEN",
    "Bound",
    "Interval",
    "Piece",
    "Region",
    "Sample",
    "Spread",
    "Verdict3",
    "best_of_interval",
    "binomial_se",
    "clear_of",
    "contrast",
    "contrast_prediction",
    "decision_power",
    "detectable_difference",
    "fewest",
    "if_known",
    "joint",
    "judge",
    "likely_effects",
    "look_shares",
    "observed_spread",
    "oddities",
    "opposed",
    "prediction_interval",
    "rank_estimate",
    "refutation_shares",
    "seeds_needed",
    "shared_images_se",
    "slope_weights",
]
