"""Does this paper's claim hold? Declarative checks of deep-learning papers.

Data flows one way: claims → plan → execution → training → store → metrics → verdicts → report.

    import repro

    report = repro.load("reports/smoke")                    # a finished report: objects and DataFrames
    report = repro.check("resnet/layer-responses")          # `repro check`
    repro.judge({"A": [...], "B": [...]}, at_least=0.01)    # the rule alone, on numbers of yours
"""

TYPE_CHECKING = False  # typing's own takes longer to import than all else here

__version__ = "0.1.0"

if TYPE_CHECKING:
    from repro.api import Claim, Figure, Judgement, Report, ReproError, check, judge, load

__all__ = ["Claim", "Figure", "Judgement", "Report", "ReproError", "__version__", "check", "judge", "load"]


def __getattr__(name: str) -> object:
    # Whoever imports a module of this package waits for nothing that it does not use.
    if name not in __all__:
        raise AttributeError(f"module 'repro' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("repro.api"), name)


def __dir__() -> list[str]:
    return __all__
