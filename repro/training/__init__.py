"""Training: one RunSpec and its data → one run."""

from repro.training.loop import train
from repro.training.run import TrainedRun

__all__ = ["TrainedRun", "train"]
