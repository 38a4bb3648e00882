"""Signs as a compositor sets them, in prose and nowhere else."""

from __future__ import annotations

import pytest

from repro.report.html.columns import table_columns
from repro.report.wording.typography import prose, typeset
from tests.support import report_samples as samples


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("AlexNet's nets' depth", "AlexNet’s nets’ depth"),
        ("between -1 and 1", "between −1 and 1"),
        ("ResNet-20 on CIFAR-10, 2012-2015, 18-layer", "ResNet-20 on CIFAR-10, 2012-2015, 18-layer"),
        ("at most 10^-6", "at most 10⁻⁶"),
        ("about 1e-15, or 2.5e-3 of 3e4", "about 10⁻¹⁵, or 2.5·10⁻³ of 3·10⁴"),
        ("commit 1e41eb, the key 3e", "commit 1e41eb, the key 3e"),
        ("run `repro check --seeds -1` and don't", "run `repro check --seeds -1` and don’t"),
    ],
)
def test_prose(typed: str, set_: str) -> None:
    claim = samples.degradation().model_copy(
        update={"statement": typed, "claim_text": typed, "command": typed}
    )
    told = typeset(claim)
    assert told.statement == set_
    assert (told.claim_text, told.command) == (typed, typed), "code keeps every sign"


def test_code_in_prose_is_code_and_all_else_is_escaped() -> None:
    assert prose("see `a <b>` & <i>") == "see <code>a &lt;b&gt;</code> &amp; &lt;i&gt;"


def test_the_unit_of_ours_stands_in_the_head_where_the_paper_prints_none() -> None:
    (table,) = samples.degradation().tables
    cells = [
        cell.model_copy(update={"reported": "1.44", "ours": "0.09% [0.00, 0.24]"})
        for cell in table.rows[0].cells
    ]
    one = table.model_copy(
        update={
            "title": "Table 6",
            "columns": ["Row", "error", "loss"],
            "rows": [table.rows[0].model_copy(update={"cells": cells})],
        }
    )
    first = table_columns(one).groups[0]
    assert first.title == "error (%)"
    assert first.ours("0.09% [0.00, 0.24]") == "0.09 [0.00, 0.24]"
    with_unit = [cell.model_copy(update={"reported": "1.44%"}) for cell in cells]
    kept = one.model_copy(update={"rows": [table.rows[0].model_copy(update={"cells": with_unit})]})
    assert table_columns(kept).groups[0].unit == ""
