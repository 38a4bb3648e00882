"""The connection to a Ray cluster, as long as jobs are carried out there."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from repro.errors import mistake


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give the module `ray`, connected to "ray", the cluster that this machine is part of, or to "ray://HOST:PORT".

    Raises:
        ReproError: Ray is not installed, or no cluster can be reached.
    """
    # Under `uv run` Ray would send the working folder to the nodes and have uv make an environment of it there; what
    # carries jobs out is the repro that is installed on the node. Whoever sets it has their way.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        ray = importlib.import_module("ray")
    except ImportError:
        raise mistake("--on", "Ray is not installed", hint="pip install 'repro-claims[ray]'") from None
    # Ray prints what it has to say of nodes, where results in JSON may be expected.
    with redirect_stdout(sys.stderr):
        try:
            ray.init(
                address="auto" if address == "ray" else address, log_to_driver=False, configure_logging=False
            )
        except Exception as error:  # of Ray's several, and of the network's
            hint = "`ray start --head` starts one here; ray://HOST:10001 names one elsewhere"
            lines = [line for line in str(error).splitlines() if line.strip()] or [repr(error)]
            what = f"no Ray cluster can be reached: {' … '.join(dict.fromkeys([lines[0], lines[-1]]))}"
            raise mistake("--on", what, address, hint) from None
        try:
            yield ray
        finally:
            ray.shutdown()
