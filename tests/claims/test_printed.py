"""One reader of printed numbers, for regions, tables, specs and the net check."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.claims.printed import read_printed, read_range
from repro.claims.schema_arms import NetSpec
from repro.report.wording.words import number


@pytest.mark.parametrize(
    ("text", "value", "low", "high", "unit"),
    [
        ("34", 34, 33.5, 34.5, ""),
        ("89,578", 89_578, 89_577.5, 89_578.5, ""),
        ("1,234.5", 1234.5, 1234.45, 1234.55, ""),
        ("0.27M", 270_000, 265_000, 275_000, ""),
        ("1.7 M", 1_700_000, 1_650_000, 1_750_000, ""),
        ("3.6 thousand", 3_600, 3_550, 3_650, ""),
        ("3.8 billion", 3.8e9, 3.75e9, 3.85e9, ""),
        ("3.6 GFLOPs", 3.6e9, 3.55e9, 3.65e9, "FLOPs"),
        ("2 G of them", 2e9, 1.5e9, 2.5e9, "of them"),
        ("6 Gates", 6, 5.5, 6.5, "Gates"),
        ("1.2e-3", 0.0012, 0.00115, 0.00125, ""),
        ("1.5E+3 s", 1_500, 1_450, 1_550, "s"),
        ("7.6·10⁻¹⁶", 7.6e-16, 7.55e-16, 7.65e-16, ""),
        ("2 × 10^-3", 0.002, 0.0015, 0.0025, ""),
        ("10⁻¹⁶", 1e-16, 0.5e-16, 1.5e-16, ""),
        ("4.4 pp", 0.044, 0.0435, 0.0445, "pp"),
        ("−4.1 pp", -0.041, -0.0415, -0.0405, "pp"),
        ("-0.8", -0.8, -0.85, -0.75, ""),
        ("<0.1%", 0.001, -math.inf, 0.001, "%"),
        (">50", 50, 50, math.inf, ""),
        ("~6", 6, 5, 7, ""),
        ("≈3.6 billion", 3.6e9, 3.5e9, 3.7e9, ""),
        ("6×", 6, 5.5, 6.5, "×"),
        ("6.43 (6.61±0.16)", 6.43, 6.425, 6.435, "(6.61±0.16)"),
        ("6 epochs", 6, 5.5, 6.5, "epochs"),
        ("2–3×", 2.5, 2, 3, "×"),
        ("6.0 to 7.4 epochs", 6.7, 6.0, 7.4, "epochs"),
    ],
)
def test_what_a_printed_number_stands_for(
    text: str, value: float, low: float, high: float, unit: str
) -> None:
    read = read_printed(text)
    assert read is not None
    assert (read.value, read.low, read.high) == pytest.approx((value, low, high), rel=1e-12)
    assert (read.unit, read.about) == (unit, text[0] in "~≈")


@pytest.mark.parametrize("text", [None, "", "—", "six", "±0.2", "1.2.3", "1,23", "1234,567", ".5"])
def test_what_is_no_printed_number(text: str | None) -> None:
    assert read_printed(text) is None


@pytest.mark.parametrize("text", ["6.43", "6.43%", "6.43 (6.61±0.16)"])
def test_a_bare_number_in_a_column_of_errors_is_in_percent(text: str) -> None:
    read = read_printed(text, percent=True)
    assert read is not None
    assert read.value == 0.0643


def test_a_range_stands_anywhere_in_a_reading_error() -> None:
    assert read_range("whole epochs: 6.0 to 7.4") == (6.0, 7.4)
    assert read_range("0.1 to 0.3", percent=True) == (0.001, 0.003)
    assert read_range("1 epoch") is None


@pytest.mark.parametrize(
    ("printed", "ours", "written"),
    [
        ("0.27M", 464_154, "0.46M"),
        ("0.27M", 270_896, "270,896"),  # "0.27M" would hide the difference
        ("3.6 billion", 11.3e9, "11.3 billion"),
        ("3.6 thousand", 4_700, "4.7 thousand"),
        ("34", 35, "35"),
        ("89,578", 89_579, "89,579"),
    ],
)
def test_ours_is_written_as_the_paper_writes_its_own(printed: str, ours: float, written: str) -> None:
    read = read_printed(printed)
    assert read is not None
    assert read.like_it(int(ours)) == written


PLAIN = st.decimals(min_value=-10_000, max_value=10_000, places=2)


@given(PLAIN, st.sampled_from([("", 0), ("M", 6), (" thousand", 3), ("k", 3), (" billion", 9)]))
def test_any_decimal_is_read_to_its_last_digit(value: Decimal, magnitude: tuple[str, int]) -> None:
    word, power = magnitude
    read = read_printed(f"{value:,}{word}")
    assert read is not None
    assert read.value == float(value.scaleb(power))
    assert read.low == float((value - Decimal("0.005")).scaleb(power))
    assert read.high == float((value + Decimal("0.005")).scaleb(power))
    assert (read.magnitude, read.decimals) == (word, 2)


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_three_ways_of_writing_a_power_of_ten_are_one(value: float) -> None:
    mantissa, _, exponent = f"{value:.3e}".partition("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    texts = [f"{mantissa}e{exponent}", f"{mantissa}·10{raised}", f"{mantissa} × 10^{int(exponent)}"]
    found = [read_printed(text) for text in texts]
    assert found[0] is not None
    assert found[0].value == float(f"{value:.3e}")
    assert [(f.value, f.low, f.high) for f in found if f] == [
        (found[0].value, found[0].low, found[0].high)
    ] * 3


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_what_a_report_prints_is_read_back(value: float) -> None:
    read = read_printed(number(value, "number"))
    assert read is not None
    # Two digits of the mantissa beyond a thousandth and a million, three between.
    assert read.value == pytest.approx(value, rel=0.06)
    assert read.low <= value * (1 + 1e-9)
    assert value <= read.high * (1 + 1e-9)


@pytest.mark.parametrize("size", ["-3", "<5M", "3.6 billion FLOPs", "1.2.3"])
def test_a_size_is_a_plain_number(size: str) -> None:
    with pytest.raises(ValueError, match=r"is no size|as printed"):
        NetSpec(parameters=size)
