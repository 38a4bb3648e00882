"""The front door for Python: `import repro` offers these names, and loads this room when the first is asked for."""

from repro.api.checking import check
from repro.api.judging import Judgement, judge
from repro.api.reports import Claim, Figure, Report, load
from repro.errors import ReproError

__all__ = ["Claim", "Figure", "Judgement", "Report", "ReproError", "check", "judge", "load"]
