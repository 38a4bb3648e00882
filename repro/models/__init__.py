"""Models: nets of the papers, each readable beside its paper's table.

A model is a function or class called as ``factory(in_shape, classes, **options)`` that returns an nn.Module.
Attributes that training and probes know, all of them optional: ``probe_role`` of a module ("block": a unit
whose output is probed; "shortcut": off the main path), ``activation``, ``init_std`` and ``init_bias`` of the
whole net (see repro/training/initialisation.py), ``fan_in`` of a weight layer that is neither convolution nor
linear.
"""

from repro.models.build import build_model

__all__ = ["build_model"]
