"""What is kept small comes back as it was, to the type and the bit; JSON tells 1, 1.0 and true apart."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.store import column_of, common_column, matrix_of, value_at
from repro.store.files import as_text, sealed, unsealed
from repro.store.packed import Packer, Rows, length_of

NUMBERS = st.floats() | st.integers() | st.sampled_from([0.0, -0.0, 2**63, 2**63 - 1, -(2**63), math.nan])
VALUES = NUMBERS | st.booleans() | st.none() | st.text(max_size=3)
COLUMNS = (
    st.lists(st.floats(), max_size=5) | st.lists(st.integers(), max_size=5) | st.lists(VALUES, max_size=5)
)
ROWS = st.lists(st.fixed_dictionaries({"value": VALUES, "layer": st.text(max_size=3), "index": NUMBERS}))


@given(st.lists(st.dictionaries(st.text(max_size=3), COLUMNS), max_size=4))
def test_histories_come_back_as_they_were(histories: list[dict[str, list[Any]]]) -> None:
    packer = Packer()
    packed = [packer.history(history) for history in histories]
    assert as_text([dict(history) for history in packed]) == as_text(histories)
    assert [len(history) for history in packed] == [len(history) for history in histories]
    for held, history in zip(packed, histories, strict=True):
        for name, column in history.items():
            found = [value_at(held, name, row) for row in range(len(column))]
            assert as_text(found) == as_text(column)
            assert length_of(held, name) == len(column)


@given(ROWS)
def test_rows_and_their_columns_come_back_as_they_were(rows: list[dict[str, Any]]) -> None:
    packed = Packer().rows(rows)
    assert as_text(list(packed)) == as_text(rows)
    assert [tuple(row) for row in packed] == [tuple(row) for row in rows]
    assert len(packed) == len(rows)
    for name in rows[0] if rows else ():
        assert as_text(column_of(packed, name)) == as_text([row[name] for row in rows])


def test_readings_of_one_length_are_a_matrix_packed_or_not() -> None:
    numbers = [[1.5, -0.0], [2.0, float("inf")], [3, 4]]
    readings = [[{"layer": str(i), "value": one} for i, one in enumerate(line)] for line in numbers]
    for held in (
        readings,
        [Packer().rows(rows) for rows in readings],
        [Packer().rows(readings[0]), *readings[1:]],
    ):
        found = matrix_of(held, "value")
        assert found is not None
        assert found.tolist() == numbers
        assert common_column(held, "layer") == ["0", "1"]
        assert common_column(held, "value") is None
    assert matrix_of([*readings, readings[0][:1]], "value") is None


@pytest.mark.parametrize(
    "rows", [[], [{}], [{"value": 1}, {"other": 2}], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]]
)
def test_rows_without_common_fields_stay_as_they_are(rows: list[dict[str, Any]]) -> None:
    assert Packer().rows(rows) is rows
    assert column_of([{"value": 1, "more": 2}, {"value": 3}], "value") == [1, 3]


def test_packed_rows_are_the_rows() -> None:
    rows = [{"layer": "a", "value": 1.0}, {"layer": "b", "value": 2.0}]
    packed = Packer().rows(rows)
    assert isinstance(packed, Rows)
    assert packed == rows
    assert packed != rows[:1]
    assert packed[1] == rows[1]
    assert packed[:1] == rows[:1]
    assert repr(packed) == repr(rows)


def test_equal_parts_of_specs_are_kept_once_and_those_of_other_types_apart() -> None:
    packer = Packer()
    first, second, third = (packer.spec({"recipe": {"lr": lr}, "seed": 1}) for lr in (1, 1, 1.0))
    assert first["recipe"] is second["recipe"]
    assert as_text(third) == as_text({"recipe": {"lr": 1.0}, "seed": 1})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**30), 10**30) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_sealed_data_is_read_as_the_standard_library_reads_it(content: dict[str, Any]) -> None:
    text = sealed(content)
    assert as_text(unsealed(text.encode())) == as_text(json.loads(text)["content"])


@pytest.mark.parametrize("odd", ["\ud800", [[]]])
def test_what_only_the_standard_library_reads_is_read(odd: Any) -> None:
    for _ in range(300 if isinstance(odd, list) else 0):
        odd = [odd]
    assert unsealed(sealed({"odd": odd}).encode()) == {"odd": odd}
