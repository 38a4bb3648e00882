"""Results that were recorded elsewhere: files of several kinds → runs, with everything that is wrong named."""

from repro.recorded.results import Recorded, check_results, read_results
from repro.recorded.runs import RecordedRun

__all__ = ["Recorded", "RecordedRun", "check_results", "read_results"]
