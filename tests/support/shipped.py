"""The shipped claims, loaded and checked once a process: they are frozen, and each of a dozen tests reads them all."""

from __future__ import annotations

from functools import cache

from repro.claims import Library, load_library
from repro.startup.shipped import folder


@cache
def library() -> Library:
    return load_library(folder("claims"))
