"""The rule on numbers that were published, and a fast version of `bench.coverage`.

Sources: He et al., arXiv:1512.03385v1, Table 6; the READMEs and issues named; the layer files of
computerhistory/AlexNet-Source-Code@2f8b81f, which end with the raw results behind the AlexNet paper's reductions.
"""

import math
from pathlib import Path

import numpy as np
import pytest

from repro.stats import Region, Sample, best_of_interval, contrast, judge, levels, prediction_interval
from tests_support import summarised  # replaced below
