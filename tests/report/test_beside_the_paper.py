"""The paper's numbers and tables beside ours."""

from __future__ import annotations

import pytest

from repro.report.wording import words
from tests.support.error_claim import ERROR_CLAIM, ERRORS, VALUE, errors, only
from tests.support.helpers import BASE, World, changed


def test_reported_numbers_stand_beside_ours(world: World) -> None:
    item = changed(
        VALUE,
        reported="13.2%",
        uncertainty={"of": "best of n", "n": 5, "sd": "0.16", "reading_error": "0.05"},
    )
    world.write(changed(ERROR_CLAIM, expect__v=item))
    world.fill(errors(0.15))
    gap, value = only(world.report()).expectations
    assert (value.reported, value.reported_value) == ("13.2%", pytest.approx(0.132))
    assert value.reported_note == "best of 5, sd 0.16, reading error ±0.05"
    assert (gap.reported, gap.reported_value, gap.reported_note) == ("5.2 pp", pytest.approx(0.052), None)
    (part,) = gap.parts
    assert part.estimate == pytest.approx(0.05)
    assert (part.n, part.level, part.bound, part.result) == (5, 0.95, "none", "supported")
    assert gap.supports.intervals == [(0.02, None)]
    assert gap.refutes.intervals == [(None, 0.0)]
    assert words.reading_error("whole epochs: 6.0 to 7.4") == "read to whole epochs: 6.0 to 7.4"


TABLE = {
    "title": "Table 6",
    "source": {"where": "Table 6", "page": 7, "read_from": "table"},
    "metrics": ["err", "train"],
    "uncertainty": {"of": "single run", "reading_error": "0.05"},
    "rows": [
        {
            "label": "plain-56",
            "cell": "plain/deep",
            "reported": {"err": "13.23", "train": "5.85"},
            "note": "n",
        },
        {"label": "plain-20", "cell": "plain/shallow", "reported": {"err": "9.69 (9.80±0.1)"}},
        {"label": "VGG", "reported": {"err": "7.0"}},
    ],
}


@pytest.mark.parametrize(("scale", "difference"), [("smoke", None), ("paper", "+1.8 pp")])
def test_tables_are_the_papers_with_our_columns_beside(
    world: World, scale: str, difference: str | None
) -> None:
    metrics = {**ERRORS, "train": {"kind": "final", "of": "train_error"}}
    world.write(changed(ERROR_CLAIM, metrics=metrics, table__t=TABLE))
    world.fill(errors(0.15), scale=scale)
    (table,) = only(world.report(scale)).tables
    assert table.columns == ["test error", "train"]
    assert table.source == "Table 6, read from the table, reading error ±0.05; single run"
    deep, shallow, vgg = table.rows
    assert (deep.label, deep.ours_label, deep.note) == ("plain-56", "plain, depth 14", "n")
    # ± 2.776 · 0.01/√2 (Student, 4 degrees of freedom) and half an image of 500.
    assert (deep.cells[0].reported, deep.cells[0].ours, deep.cells[0].n) == ("13.23", "15.0% [12.9, 17.1]", 5)
    assert deep.cells[0].difference == difference
    assert shallow.cells[0].difference == (None if difference is None else "+0.3 pp")
    assert shallow.cells[1].reported is None
    assert shallow.cells[1].ours is not None
    assert (vgg.ours_label, vgg.cells[0].reported, vgg.cells[0].ours) == (None, "7.0", None)


def test_a_cell_has_region_and_verdict_of_the_expectation_about_its_own_value(world: World) -> None:
    near = {
        "kind": "value",
        "title": "Errors as printed",
        "metric": "err",
        "arm": "plain",
        "each": ["depth"],
        "within": [0.12, 0.2],
        "role": "decides",
        "from_scale": "paper",
        "why": "A reason.",
    }
    metrics = {**ERRORS, "train": {"kind": "final", "of": "train_error"}}
    world.write(changed(ERROR_CLAIM, metrics=metrics, table__t=TABLE, expect__near=near))
    world.fill(errors(0.15), scale="paper")
    claim = only(world.report("paper"))
    deep, shallow, vgg = claim.tables[0].rows
    # 0.15 ± 0.021 lies inside 0.12 to 0.2; 0.10 ± 0.021 neither inside nor, wholly, below.
    assert deep.cells[0].verdict is not None
    assert shallow.cells[0].verdict is not None
    assert (deep.cells[0].verdict.word, deep.cells[0].region) == ("supported", "between 12 and 20%")
    assert shallow.cells[0].verdict.word == "inconclusive"
    assert deep.cells[0].expectation == "p/c/expect/near" == claim.expectations[1].anchor
    assert [cell.verdict for cell in (deep.cells[1], *vgg.cells)] == [None, None, None]
    world.fill(errors(0.15), scale="smoke")
    below = only(world.report("smoke")).tables[0].rows[0].cells[0]
    assert below.verdict is None, "judged from the paper's scale on"


def test_what_reproductions_report_stands_in_the_papers_rows_and_columns(world: World) -> None:
    table = {
        **TABLE,
        "source": {"where": "Fig. 6", "page": 8, "read_from": "figure"},
        "reproductions": [
            {
                "label": "somebody",
                "source": "README",
                "note": "best epoch",
                "values": {"VGG": {"err": "7.2"}, "plain-56": {"train": "5.1"}},
            }
        ],
    }
    metrics = {**ERRORS, "train": {"kind": "final", "of": "train_error"}}
    world.write(changed(ERROR_CLAIM, metrics=metrics, table__t=table))
    (built,) = only(world.report()).tables
    assert built.from_figure
    assert built.anchor == "p/c/table/t"
    (one,) = built.elsewhere
    assert (one.label, one.source, one.note) == ("somebody", "README", "best epoch")
    assert one.values == [[None, "5.1"], [None, None], ["7.2", None]]


def test_a_number_may_be_read_from_another_place_than_its_table(world: World) -> None:
    first, *others = TABLE["rows"]  # type: ignore[misc]
    table = {
        **TABLE,
        "source": {"where": "Fig. 6 and Table 6", "read_from": "figure"},
        "rows": [{**first, "read_from": {"err": "table"}}, *others],  # type: ignore[dict-item]
    }
    metrics = {**ERRORS, "train": {"kind": "final", "of": "train_error"}}
    world.write(changed(ERROR_CLAIM, metrics=metrics, table__t=table))
    (built,) = only(world.report()).tables
    assert [[cell.from_figure for cell in row.cells] for row in built.rows] == [
        [False, True],
        [True, True],
        [True, True],
    ]


def test_below_the_papers_scale_no_row_has_the_papers_words_whatever_scale_it_is_judged_from(
    world: World,
) -> None:
    near = {
        "kind": "value",
        "title": "Errors near the printed ones",
        "metric": "err",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "within": [0.12, 0.2],
        "role": "context",
        "from_scale": "reduced",
        "why": "A reason.",
    }
    other = changed(near, from_scale=None, protocol="own")
    world.write(
        changed(
            ERROR_CLAIM,
            expect={**ERROR_CLAIM["expect"], "near": near, "other": other},
            scale__reduced={"experiment": {"recipe": {"steps": 50}}},
        )
    )
    words = {}
    for scale in ("reduced", "paper"):
        world.fill(errors(0.15), scale=scale)
        rows = {one.id: one.verdict.word for one in only(world.report(scale)).expectations}
        words[scale] = (rows["near"], rows["other"])
    assert words["reduced"] == ("holds at reduced scale", "holds at reduced scale")
    assert words["paper"] == ("supported", "holds by the file’s own protocol"), (
        "it is not the paper's protocol"
    )


def test_what_is_not_of_the_papers_protocol_decides_nothing(world: World) -> None:
    world.write(changed(BASE, expect__gap__protocol="own"))
    (problem,) = world.problems()
    assert "decides nothing" in str(problem)
