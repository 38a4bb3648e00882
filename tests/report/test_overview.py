"""The first screen in words: outcome, chance, and the pair of numbers of each row; all counted by hand."""

from __future__ import annotations

import pytest

from repro.report.model import ClaimReport, CriteriaChange, OtherScale, Part, Report
from repro.report.wording.deciders import telling
from repro.report.wording.meanings import meanings
from repro.report.wording.overview import as_printed, filters, groups, outcome, row
from repro.report.wording.registered import criteria_stand
from tests.support import report_samples as samples
from tests.support.page import Page, rendered
from tests.support.report_samples.pieces import claim, expectation, paper, part, report, verdict


def _claim(
    result: str | None, number: int = 0, *, exact: bool = False, word: str | None = None
) -> ClaimReport:
    said = verdict(result, "So.", word=word)  # type: ignore[arg-type]
    one = expectation(
        f"p--{number}",
        "e",
        "An effect",
        "error",
        [part("", "+2 pp [1, 3]", 0.02, 0.01, 0.03, result)],  # type: ignore[arg-type]
        said,
        ("at least 0.5 pp", [(0.005, None)]),
        ("at most 0 pp", [(None, 0.0)]),
        exact=exact,
    )
    return claim(f"p/{number}", f"Claim {number}", "S.", said, expectations=[one], trains=not exact)


def _report(*claims: ClaimReport) -> Report:
    return report([paper("p", "A paper", list(claims))])


def test_the_title_tells_the_outcome_of_what_was_trained_apart_from_what_was_computed() -> None:
    trained = [
        _claim(result, i) for i, result in enumerate(["supported", "supported", "refuted", "inconclusive"])
    ]
    computed = [
        _claim("supported", 7, exact=True, word="supported"),
        _claim("refuted", 8, exact=True, word="refuted"),
    ]
    assert outcome(_report(*trained, *computed)) == (
        "Trained: 2 hold at smoke scale, 1 does not, 1 undecided. Computed: 1 supported, 1 refuted"
    )
    assert outcome(_report(_claim("refuted"))) == "Trained: 1 does not at smoke scale"
    assert outcome(_report()) == "No claims"


def test_a_first_reader_is_told_what_trained_and_computed_mean_and_of_what_their_words_speak() -> None:
    """Of n verdicts on runs that each are wrong in at most 5%, 0.05 n on average; computed ones are not."""
    trained = [_claim("supported", i) for i in range(12)]
    computed = _claim("supported", 20, exact=True, word="supported")
    told = dict(meanings(_report(*trained, computed, _claim(None, 21))))
    assert list(told) == ["Trained", "Computed"]
    assert "“holds” speaks of what ran here only" in told["Trained"]
    assert "“supported”" not in told["Trained"]
    assert told["Trained"].endswith("Of 12 verdicts, at most 0.6 are wrong by chance on average.")
    assert "need no training" in told["Computed"]
    assert "“supported” and “refuted” speak of the paper itself" in told["Computed"]
    assert told["Computed"].endswith("Chance has no part in them.")
    assert list(dict(meanings(_report(computed)))) == ["Computed"]
    (alone,) = dict(meanings(_report(_claim("refuted", word="refuted")))).values()
    assert "“supported” and “refuted” speak of the paper itself. The verdict may be wrong" in alone
    assert "“holds”" not in alone
    (waiting,) = dict(meanings(_report(_claim(None)))).values()
    assert waiting == "nets trained here, measured with an interval."
    assert meanings(_report()) == []


def test_a_joint_statement_shows_the_part_that_tells_most() -> None:
    """Of supported parts the least clear: 0.6 − 0.5 = 0.1 pp inside; of others the first that came out so."""
    parts = [
        part("far", "a", 0.02, 0.015, 0.03, "supported"),
        part("near", "b", 0.01, 0.006, 0.03, "supported"),
        part("open", "c", 0.01, -0.01, 0.03, "inconclusive"),
        part("wrong", "d", -0.02, -0.03, -0.01, "refuted"),
    ]
    regions = ("at least 0.5 pp", [(0.005, None)]), ("at most 0 pp", [(None, 0.0)])
    for result, kept, shown in (
        ("supported", parts[:2], "near"),
        ("inconclusive", parts[:3], "open"),
        ("refuted", parts, "wrong"),
    ):
        one = expectation("p--c", "e", "E", "error", kept, verdict(result, ""), *regions)  # type: ignore[arg-type]
        found = telling(one)
        assert found is not None
        assert found.label == shown


def test_claims_that_are_not_judged_here_are_counted_and_the_command_stands_beside() -> None:
    waits = verdict(None, "Judged from the paper scale on.", word="not judged here")
    idle = [
        claim(f"p/{i}", f"Idle {i}", "S.", waits.model_copy(update={"status": "complete"})) for i in range(3)
    ]
    other = OtherScale(
        scale="paper", claims=["p/0", "p/1", "p/2"], command="repro check --paper p --scale paper"
    )
    full = report([paper("p", "A paper", [*idle, _claim("supported", 9)], elsewhere=[other])])
    source = rendered(full)
    text = " ".join(Page(source).text().split())
    assert "Not judged at smoke scale (3)" in text
    assert "3 from the paper scale on: repro check --paper p --scale paper" in text
    assert [len(one.papers[0].rows) for one in groups(full)] == [1]
    assert source.count('<tr role="row" class="result-row"') == 1


def test_a_row_has_the_bar_where_the_paper_prints_no_number() -> None:
    found = row(_claim("supported"))
    assert (found.paper, found.ours, found.interval) == ("", "+2 pp", "[1, 3]")


@pytest.mark.parametrize("count", [1, 6, 30])
def test_few_pending_claims_have_rows_many_are_folded(count: int) -> None:
    pending = [samples.pending_claim(f"p/{i}", f"Pending {i}") for i in range(count)]
    (found,) = groups(_report(*pending))
    shown = found.papers[0]
    assert (len(shown.rows), len(shown.waiting)) == ((count, 0) if count <= 5 else (0, count))
    assert len(found.claims) == count


@pytest.mark.parametrize(
    ("ours", "paper", "shown"),
    [
        ("60,965,224", "60 million", "61.0 million"),
        ("269,722", "0.27M", "0.270M"),
        ("2,178", "2048", "2178"),
        ("290,400", "253,440", "290,400"),
        ("27×", "27", "27"),
        ("3.25", "3.3×", "3.25×"),
        ("1.29×", "6×", "1.29×"),
        ("8.59%", "9%", "8.59%"),
        ("−1.3 pp", "", "−1.3 pp"),
        ("4,161,798,144", "", "4.16 billion"),
        ("853,018", "", "853,018"),
    ],
)
def test_our_number_is_written_as_the_papers(ours: str, paper: str, shown: str) -> None:
    assert as_printed(ours, paper) == shown


def test_filters_begin_with_what_was_judged() -> None:
    results = [None, "refuted", "supported", "inconclusive", "supported"]
    every = [_claim(result, i) for i, result in enumerate(results)]
    every.append(_claim("refuted", 9, exact=True, word="refuted"))
    assert filters(_report(*every)) == [
        ("holds", 2), ("does not hold", 1), ("undecided", 1), ("refuted", 1), ("pending", 1)
    ]  # fmt: skip


def test_the_page_tells_how_many_criteria_stood_before_the_runs() -> None:
    """One claim's ledger says that they came first, one's that runs existed, one's nothing."""
    found = part("", "3 pp [1, 5]", 0.03, 0.01, 0.05, "supported")
    bars = ("at least 0 pp", [(0.0, None)]), ("less than 0 pp", [(None, 0.0)])
    one = expectation("c", "e", "An effect", "error", [found], verdict("supported", "S."), *bars)

    def judged(name: str, *runs_then: int) -> ClaimReport:
        entries = [
            CriteriaChange(
                first_seen="2026-01-01T00:00:00Z", runs_then=runs, digest="0", current=True, lines=[]
            )
            for runs in runs_then
        ]
        return claim(
            f"p/{name}", name, "S.", verdict("supported", "S."), expectations=[one], criteria=entries
        )

    told = criteria_stand(report([paper("p", "P", [judged("a", 0), judged("b", 4), judged("c")])]))
    assert "Of the 3 claims here that are judged on runs or results" in told
    assert "1 had their present criteria before any of these existed" in told
    assert "1 got them when some existed already" in told
    assert "of 1 the ledger does not tell" in told
    all_before = criteria_stand(report([paper("p", "P", [judged("a", 0)])]))
    assert "existed already" not in all_before
    assert "before the runs" not in rendered(report([paper("p", "P", [judged("b", 4)])]))


def test_a_row_without_regions_has_no_plot() -> None:
    """Numbers that are each held against their own printed one have no common region to lie in."""
    alone = Part(
        label="a", estimate=5.0, low=5.0, high=5.0, level=1.0, n=1, bound="none", result="refuted",
        estimate_text="5", reported="4",
    )  # fmt: skip
    none: tuple[str, list[tuple[float | None, float | None]]] = ("each as printed", [])
    one = expectation(
        "c",
        "e",
        "A number",
        "count",
        [alone],
        verdict("refuted", "S.", word="refuted"),
        none,
        none,
        exact=True,
    )
    shown = claim(
        "p/c", "T", "S.", verdict("refuted", "S.", word="refuted"), expectations=[one], trains=False
    )
    page = rendered(report([paper("p", "P", [shown])]))
    assert 'class="strip"' not in page
    assert 'class="forest"' not in page
