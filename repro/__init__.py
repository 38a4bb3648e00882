"""Does this paper's claim hold? Declarative checks of deep-learning papers.

Data flows one way: claims → plan → execution → training → store → metrics → verdicts → report.
"""

__version__ = "0.1.0"
