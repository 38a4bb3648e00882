"""Probes: what is measured on a net besides loss and error.

A probe is a function called as ``probe(context: ProbeContext) -> list[dict]``. Each row is plain data with a
"value" (float); rows of layers also say "layer" (module name), "index" (1-based, in the order of execution)
and "stage" (1-based: consecutive layers whose outputs have the same height and width).
"""

from repro.probes.context import ProbeContext, Rows

__all__ = ["ProbeContext", "Rows"]
