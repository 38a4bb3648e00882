"""Claims: TOML files → frozen papers and claims, with every problem of a file at once."""

from repro.claims.cells import Cell, by_command, cells, levels_of
from repro.claims.claim import Claim
from repro.claims.commands import conduct, until
from repro.claims.library import Library, find_library, load_library, papers_of
from repro.claims.own_code import notices, own_code, unseen
from repro.claims.run_specs import data_of, run_spec, trained_spec
from repro.claims.scales import SCALES, Scale, below, check_scale
from repro.claims.schema import ClaimFile
from repro.claims.schema_arms import Size
from repro.claims.schema_expectations import Expectation
from repro.claims.schema_metrics import Metric, Target
from repro.claims.schema_paper import Paper

__all__ = [
    "SCALES",
    "Cell",
    "Claim",
    "ClaimFile",
    "Expectation",
    "Library",
    "Metric",
    "Paper",
    "Scale",
    "Size",
    "Target",
    "below",
    "by_command",
    "cells",
    "check_scale",
    "conduct",
    "data_of",
    "find_library",
    "levels_of",
    "load_library",
    "notices",
    "own_code",
    "papers_of",
    "run_spec",
    "trained_spec",
    "unseen",
    "until",
]
