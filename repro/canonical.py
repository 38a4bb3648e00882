"""Plain data as canonical JSON, and its hash: what identifies runs, readings and criteria."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def canonical_hash(data: object) -> str:
    """Return 24 hexadecimal digits of SHA-256 over `data` as JSON with sorted keys and no white space.

    Whole floats are written as integers: ``lr = 1`` and ``lr = 1.0`` are the same run.
    """
    return hashlib.sha256(canonical_text(data).encode()).hexdigest()[:DIGITS]


def canonical_text(data: object) -> str:
    """Return what :func:`canonical_hash` hashes."""
    return json.dumps(_integral(data), sort_keys=True, separators=(",", ":"), allow_nan=False)


DIGITS = 24


def _integral(data: object) -> object:
    if isinstance(data, float) and data.is_integer():
        return int(data)
    if isinstance(data, Mapping):
        return {key: _integral(value) for key, value in data.items()}
    return [_integral(value) for value in data] if isinstance(data, list | tuple) else data
