"""What stands in a field of a table: a number, a name of an arm or a level, or something else."""

from __future__ import annotations

import math

from repro.claims.schema_columns import Column
from repro.recorded.table import Value


def as_number(value: Value) -> float | None:
    """Return a number as it stands; None for what is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and "_" in value:
        return None  # Python reads 1_000, and nobody else does
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def number_hint(value: Value, column: Column) -> str:
    """Return what to do about a value that is no number."""
    text = str(value)
    if text.endswith("%"):
        return f"write it without the sign; the unit is {column.unit!r} for all of the column"
    if as_number(text.replace(",", ".")) is not None:
        return "write a decimal point"
    return "write a number, or nothing where nothing was recorded; NaN is a number that is not defined"


def decimals(value: Value) -> int:
    """Return how many digits after the point a number was written with."""
    text = str(value)  # a decimal number of Parquet, too, has its digits there
    mantissa, _, exponent = text.lower().partition("e")
    # An exponent of very many digits is of no number that can be told from 0 or from infinity.
    known = len(exponent) < 6 and exponent.lstrip("+-").isdecimal()
    return max(0, len(mantissa.partition(".")[2]) - (int(exponent) if known else 0))


def label(value: Value) -> str:
    """Return what a value is called: 20, 20.0 and " 20" are one level."""
    text = str(value).strip()
    number = as_number(text)
    if number is None or not math.isfinite(number):
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
