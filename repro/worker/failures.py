"""What is said of an error that ended a run, and whether the process can go on after it."""

from __future__ import annotations

import traceback
from pathlib import Path

import torch

from repro.errors import Problem, ReproError
from repro.training.capture import BrokenCaptureError
from repro.training.devices import is_out_of_memory, is_usable


class UnwritableError(ReproError):
    """A run that is done and cannot be kept: further ones could not, either."""


def unwritable(root: Path, error: OSError, kept: str) -> UnwritableError:
    """Return the error of a store that cannot be written; `kept` says what there is of the run all the same."""
    what = f"the run was trained but cannot be written: {error.strerror}; {kept}"
    return UnwritableError(Problem(str(root), what, hint="make room and run the same command again"))


def reason(error: Exception, claims_folder: Path) -> str:
    """Return what an error says, and where: in the user's own code, if it passed through that."""
    if isinstance(error, ReproError):
        return str(error)
    text = f"{type(error).__name__}: {error}"
    if is_out_of_memory(error):
        return f"out of memory: {text}\n    → fewer workers (--workers 1), or a device with more memory"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if claims_folder.resolve() in Path(frame.filename).resolve().parents]
    place = (own or frames)[-1]
    return f"{text} ({Path(place.filename).name}:{place.lineno})"


def ends_the_process(error: Exception, device: torch.device) -> bool:
    """Tell whether a GPU does nothing more for this process: what comes after would fail for no reason of its own."""
    if device.type != "cuda" or isinstance(error, ReproError):
        return False
    return isinstance(error, BrokenCaptureError) or not is_usable(device)
