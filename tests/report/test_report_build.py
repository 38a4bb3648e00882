"""The report as data: complete, deterministic, in proper English, and honest about what it may say."""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from repro.claims import Metric, load_library
from repro.claims.schema import Bounds
from repro.experiment.requirements import requirements
from repro.judging.frame import collect
from repro.judging.preregistration import history, record
from repro.judging.verdicts import judge_claim
from repro.planning.plan import make_plan
from repro.registry import DATASETS
from repro.report.build.deviations import deviations
from repro.report.build.report import build_report, runs
from repro.report.model import ClaimReport, Panel, Report
from repro.report.wording import words
from repro.startup.shipped import folder
from repro.store import Store
from tests.support.helpers import BASE, PAPER, PROVENANCE, World, blob, changed, layer_rows, run_record

SPREAD = (-2.0, -1.0, 0.0, 1.0, 2.0)
ERRORS = {"err": {"kind": "final", "of": "test_error", "title": "test error"}}
ERROR_CLAIM = changed(
    BASE,
    metrics=ERRORS,
    expect__gap={**BASE["expect"]["gap"], "metric": "err", "at_least": 0.02, "reported": "5.2 pp"},
)


def errors(deep: float, shallow: float = 0.10, scale: float = 0.01) -> Callable[..., dict[str, Any]]:
    """Return runs whose test errors spread around these means, by 2.236 · scale / √2 each."""

    def run(cell: Any, seed: int) -> dict[str, Any]:
        mean = deep if cell.address == "plain/deep" else shallow
        return {"test_error": mean + scale * SPREAD[seed], "train_error": [0.9, 0.5, 0.1]}

    return run


def only(report: Report) -> ClaimReport:
    (paper,) = report.papers
    (claim,) = paper.claims
    return claim


# --- the shipped claims on a store of made-up runs


def fill_shipped(store: Store, scale: str = "smoke") -> None:
    """Carry out the plan again and again, with results that depend on nothing but the run's key."""
    claims = load_library(folder("claims")).claims
    while jobs := make_plan([requirements(claim, scale, store) for claim in claims], store).jobs:
        for job in jobs:
            if job.run is not None and job.train:
                how = made_up(job.run.key)
                store.put_run(run_record(job.run, **how), {m: blob(job.run, m) for m in how["kept"]})
            record = store.run(job.key)
            for reading in job.readings:
                exact = [{"value": 1e-12}]
                store.put_reading(reading, made_up_rows(reading.key) if record else exact, PROVENANCE)


def made_up(key: str) -> dict[str, Any]:
    """Most runs are ordinary; some diverge, reach a target at once, or never."""
    dice = random.Random(key)
    final = dice.choice([0.0, 0.1, 0.2, 0.6, 0.9])
    diverged = dice.random() < 0.1
    curve = [0.9, (0.9 + final) / 2, final]
    return {
        "outcome": "diverged" if diverged else "finished",
        "kept": ("init", "last") if diverged else ("init", "epoch-1", "mid", "last"),
        "train_error": curve,
        "test_error": [value + 0.01 for value in curve],
        "train_loss": [2.3, 1.0, math.nan if diverged else final],
        "test_loss": [2.3, 1.0, math.inf if diverged else final],
        "running_error": [math.nan, 0.5, final],
        "running_loss": [math.nan, 1.0, final],
    }


def made_up_rows(key: str) -> list[dict[str, Any]]:
    dice = random.Random(key)
    odd = dice.choice([1.0, 1.0, 1.0, 0.0, math.nan, math.inf])
    return layer_rows(dice.random(), odd, dice.random(), 10 ** dice.uniform(-9, 9), stages=(1, 1, 2, 3))


@pytest.fixture(scope="module")
def shipped_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("shipped") / "store")
    store.prepare()
    fill_shipped(store)
    return store


def shipped_report(store: Store, scale: str = "smoke") -> Report:
    library = load_library(folder("claims"))
    required = [requirements(claim, scale, store) for claim in library.claims]
    frame = collect(required, store)
    verdicts = [judge_claim(item, frame, store) for item in required]
    return build_report(library, scale, required, verdicts, frame, store, f"repro check --scale {scale}")


@pytest.mark.parametrize("scale", ["exact", "smoke", "reduced", "paper"])
def test_reports_of_all_scales_go_through_json_unchanged(shipped_store: Store, scale: str) -> None:
    report = shipped_report(shipped_store, scale)
    text = report.model_dump_json()
    assert Report.model_validate_json(text) == report

    def no_number(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    json.loads(text, parse_constant=no_number)
    assert len([claim for paper in report.papers for claim in paper.claims]) == 5


def test_the_same_runs_in_another_order_make_the_same_bytes(shipped_store: Store, tmp_path: Path) -> None:
    copied = Store(tmp_path / "store")
    copied.prepare()
    for kind in ("runs", "readings"):
        paths = list((shipped_store.root / kind).iterdir())
        random.Random(1).shuffle(paths)
        for path in paths:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, copied.root / kind / path.name)
    one, other = shipped_report(shipped_store), shipped_report(copied)
    assert one.model_dump_json() == other.model_dump_json()


def test_the_report_does_not_depend_on_the_order_of_sets(world: World, tmp_path: Path) -> None:
    world.write(
        changed(
            ERROR_CLAIM,
            factors__width=[4, 8, 16],
            scale__smoke__experiment={"recipe": {"lr": 0.5, "momentum": 0.5}},
        )
        | {"expect": {"v": {**VALUE, "levels": {"depth": "deep"}, "each": ["width"], "role": "decides"}}}
    )
    world.fill(lambda cell, seed: {"test_error": 0.1 + seed / 100})
    code = (
        "import sys; from pathlib import Path; from tests.support.helpers import World\n"
        "sys.stdout.write(World(Path(sys.argv[1])).report().model_dump_json())"
    )
    # Sets of texts have another order in another process.
    other = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        cwd=Path(__file__).parents[2],
    ).stdout
    report = world.report()
    assert report.model_dump_json().encode() == other
    assert len(only(report).runs) == 2 * 2 * 3 * 5


VALUE = {
    "kind": "value",
    "title": "The deep plain net's error",
    "metric": "err",
    "arm": "plain",
    "levels": {"depth": "deep"},
    "within": [0.1, 0.2],
    "role": "context",
    "why": "w",
}


# --- what may be said


def sentences(report: Report) -> Iterator[str]:
    """Yield every text that the tool itself puts together about verdicts."""
    for paper in report.papers:
        for claim in paper.claims:
            yield claim.verdict.word
            yield claim.verdict.sentence
            for item in claim.expectations:
                if item.kind != "exact":
                    yield item.verdict.word
                    yield item.verdict.sentence
                    yield from (part.estimate_text for part in item.parts)
                    yield from (part.note or "" for part in item.parts)
    yield report.coverage.text


@pytest.mark.parametrize("scale", ["smoke", "reduced"])
@pytest.mark.parametrize(("deep", "result"), [(0.3, "supported"), (0.05, "refuted"), (0.12, "inconclusive")])
def test_below_the_papers_scale_nothing_is_supported_refuted_or_replicated(
    world: World, scale: str, deep: float, result: str
) -> None:
    world.write(
        changed(ERROR_CLAIM, expect__v=VALUE, scale__reduced={"experiment": {"recipe": {"steps": 50}}})
    )
    world.fill(errors(deep), scale=scale)
    report = world.report(scale)
    claim = only(report)
    assert claim.verdict.result == result
    word = {"supported": "holds", "refuted": "does not hold", "inconclusive": "undecided"}[result]
    assert claim.verdict.word == f"{word} at {scale} scale"
    assert {item.verdict.word.endswith(f" at {scale} scale") for item in claim.expectations} == {True}
    for text in sentences(report):
        assert not re.search(r"support|refut|replicat|reproduc|confirm|inconclusive", text, re.IGNORECASE), (
            text
        )
    assert "never confirms or refutes the paper" in report.scale_says


def test_no_sentence_about_the_shipped_claims_says_more_than_smoke_may(shipped_store: Store) -> None:
    texts = list(sentences(shipped_report(shipped_store)))
    assert len(texts) > 100
    for text in texts:
        assert not re.search(r"support|refut|replicat|reproduc|confirm", text, re.IGNORECASE), text


def test_at_the_papers_scale_the_words_are_the_verdicts(world: World) -> None:
    world.write(ERROR_CLAIM)
    world.fill(errors(0.3), scale="paper")
    claim = only(world.report("paper"))
    assert claim.verdict.word == claim.expectations[0].verdict.word == "supported"
    assert claim.deviations == []


def test_words() -> None:
    assert words.word("supported", "complete", None) == "supported"
    assert words.word("refuted", "complete", "reduced") == "does not hold at reduced scale"
    assert words.word(None, "failed", "smoke") == "failed to run"
    assert words.word(None, "pending", "smoke") == "pending"
    assert words.word(None, "complete", "smoke") == "not judged here"


# --- sentences, to the letter


def sentence(world: World, which: str = "gap", scale: str = "smoke") -> str:
    return next(item.verdict.sentence for item in only(world.report(scale)).expectations if item.id == which)


# Differences of means spread by 2.306 · 0.01 (Student, 8 degrees of freedom; the sd of each mean is 0.01/√2),
# and every end moves by half an image of 500 for each of the two cells: ± 2.306 + 0.2 points.
@pytest.mark.parametrize(
    ("deep", "text"),
    [
        (
            0.15,
            "We measured 5.0 pp (95% interval 2.5 to 7.5, 5 seeds): the whole interval lies in what the claim needs, "
            "at least 2 pp.",
        ),
        (
            0.05,
            "We measured −5.0 pp (95% interval −7.5 to −2.5, 5 seeds): the whole interval lies in what speaks against "
            "the claim, at most 0 pp.",
        ),
        (
            0.12,
            "We measured 2.0 pp (95% interval −0.5 to 4.5, 5 seeds): the claim needs at least 2 pp, and 5 seeds cannot "
            "tell.",
        ),
    ],
)
def test_sentences_of_a_single_comparison(world: World, deep: float, text: str) -> None:
    world.write(ERROR_CLAIM)
    world.fill(errors(deep))
    assert sentence(world) == text
    claim = only(world.report())
    assert (
        claim.verdict.sentence
        == f"Deep plain... {text}"[:0] + f"The deep net has the higher loss: {text[0].lower()}{text[1:]}"
    )
    (part,) = claim.expectations[0].parts
    assert part.estimate_text.startswith(text.split()[2])


def test_sentences_say_the_level_that_was_used(world: World) -> None:
    world.write(changed(ERROR_CLAIM, experiment__seeds={"looks": [5, 7, 10]}))
    world.fill(errors(0.3))
    assert "(98.33% interval " in sentence(world)


def joint(**changes: Any) -> dict[str, Any]:
    item = changed(
        VALUE,
        levels=None,
        each=["depth"],
        within=None,
        at_least=0.02,
        refuted={"at_most": 0.0},
        role="decides",
    )
    return changed(ERROR_CLAIM, expect={"joint": changed(item, **changes)})


def test_sentences_of_a_joint_statement(world: World) -> None:
    world.write(joint())
    world.fill(errors(0.3))
    assert sentence(world, "joint") == "Both comparisons are at least 2%, each with its whole 95% interval."
    world.write(joint(at_least=0.2))
    assert sentence(world, "joint") == (
        "1 of 2 comparisons holds; 1 cannot be told: shallow: 10.0% [7.9, 12.1], n = 5. The claim needs at least 20%."
    )
    world.write(joint(at_least=0.2, refuted={"at_most": 0.15}))
    assert sentence(world, "joint") == (
        "1 of 2 comparisons fails: shallow: 10.0% [7.9, 12.1], n = 5. The claim needs at least 20%."
    )
    world.write(joint(at_least=0.5, refuted=None))
    assert sentence(world, "joint").startswith("2 of 2 comparisons fail: shallow: 10.0%")
    world.write(joint(at_least=None, within=[0.0, 0.5], refuted=None))
    assert (
        sentence(world, "joint")
        == "Both comparisons are between 0 and 50%, each with its whole 95% interval."
    )


def test_sentences_of_what_is_missing_failed_or_not_of_this_scale(world: World) -> None:
    world.write(changed(ERROR_CLAIM, expect__v=changed(VALUE, from_scale="paper")))
    claim = only(world.report())
    # Five seeds of two arms at two depths; the expectation is about one depth.
    assert claim.verdict.sentence == "Not judged: 20 runs are not there yet."
    assert sentence(world) == "Not judged: 10 runs or readings are not there yet."
    assert (claim.verdict.word, claim.verdict.status) == ("pending", "pending")
    assert sentence(world, "v") == "Judged from the paper scale on."
    need = world.requirements().needs[0]
    world.store.put_failure(need.spec.key, "t", "OutOfMemoryError: 12 GiB\nat line 3")
    claim = only(world.report())
    assert claim.verdict.sentence == "Not judged: 1 run or reading failed: OutOfMemoryError: 12 GiB."
    assert (claim.verdict.word, claim.verdict.status) == ("failed to run", "failed")
    claim = only(world.report("exact"))
    assert (claim.verdict.word, claim.verdict.status, claim.verdict.sentence) == (
        "not judged here",
        "complete",
        "Nothing that decides this claim is judged at this scale: judged from the smoke scale on.",
    )


def test_sentences_of_exact_numbers(world: World) -> None:
    exact = {
        "kind": "exact",
        "title": "The net has 0.27M parameters",
        "metric": "n",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "within": [265_000, 275_000],
        "reported": "0.27M",
        "role": "decides",
        "why": "w",
    }
    world.write(changed(BASE, metrics={"n": {"kind": "static", "probe": "parameters"}}, expect={"n": exact}))
    for value, verb, word in ((269_722, "as claimed", "supported"), (264_000, "not as claimed", "refuted")):
        shutil.rmtree(world.store.root / "readings")
        world.store.prepare()
        for need in world.requirements().exact:
            world.read(need.reading, [{"value": value}])
        text = f"Computed: {value:,}; the claim needs between 265,000 and 275,000: {verb}."
        assert sentence(world, "n") == text
        claim = only(world.report())
        assert (claim.verdict.word, claim.expectations[0].verdict.word) == (word, word)


def test_sentences_of_bounds_and_of_what_was_odd(world: World) -> None:
    ratio = changed(
        VALUE,
        kind="ratio",
        arm=None,
        within=None,
        arms=["residual", "plain"],
        metric="t",
        at_least=2.0,
        role="decides",
    )
    reach = {"kind": "first_reach", "of": "train_error", "at_most": 0.25, "unit": "epochs"}
    world.write(changed(BASE, metrics={"t": reach}, expect={"ratio": ratio}))

    def run(cell: Any, seed: int) -> dict[str, Any]:
        if cell.arm == "plain":
            return {"train_error": [0.9, 0.26, 0.24], "epoch": [0.0, 0.9995, 1.0005]}
        diverged = {"outcome": "diverged"} if seed == 0 else {}
        return {"train_error": [0.9, 0.5], **diverged}

    world.fill(run)
    # The budget of 6.4 epochs over 1 ± 0.0005, the distance between evaluations being 0.001.
    assert sentence(world, "ratio") == (
        "We measured at least 6.4× (95% interval 6.39 to ∞, 5 seeds): the whole interval lies in what the claim needs, "
        "at least 2×. Note: 1 diverged run counts as chance or as never reaching the target."
    )


@pytest.mark.parametrize(
    ("region", "supporting", "refuting"),
    [
        ({"at_least": 0.02}, "at least 2 pp", "less than 2 pp"),
        ({"at_most": 0.02}, "at most 2 pp", "more than 2 pp"),
        ({"within": (-0.01, 0.02)}, "between −1 and 2 pp", "below −1 or above 2 pp"),
        ({"outside": (-0.01, 0.02)}, "below −1 or above 2 pp", "between −1 and 2 pp"),
    ],
)
def test_regions_in_words(world: World, region: dict[str, Any], supporting: str, refuting: str) -> None:
    item = changed(changed(ERROR_CLAIM["expect"]["gap"], at_least=None, refuted=None), **region)
    world.write(changed(ERROR_CLAIM, expect__gap=item))
    found = only(world.report()).expectations[0]
    assert (found.supports.text, found.refutes.text) == (supporting, refuting)
    assert words.bounds(Bounds(**region).region, "error", "contrast") == supporting


@pytest.mark.parametrize(
    ("value", "unit", "half", "text"),
    [
        (0.14912, "error", 0.058, "14.9"),
        (0.14912, "error", 0.0058, "14.91"),
        (-0.05, "error", None, "−5"),
        (269_722.0, "count", None, "269,722"),
        (3.6e9, "count", None, "3,600,000,000"),
        (1.62345, "number", 0.02, "1.623"),
        (1.62345, "number", None, "1.62"),
        (1234.4, "number", None, "1,234"),
        (999.7, "number", None, "1,000"),
        (999.4, "number", None, "999"),
        (7.64e-16, "number", None, "7.6·10⁻¹⁶"),
        (1e-9, "number", None, "10⁻⁹"),
        (2e7, "number", None, "2·10⁷"),
        (12.3, "epochs", 4.0, "12.3"),
        (12.3, "epochs", 40.0, "12"),
        (math.inf, "ratio", None, "∞"),
        (-math.inf, "error", 1.0, "−∞"),
        (0.1, "number", 0.0, "0.1"),
        (0.5, "number", 1e-12, "0.500000"),
    ],
)
def test_numbers_have_two_digits_of_their_uncertainty(
    value: float, unit: Any, half: float | None, text: str
) -> None:
    assert words.number(value, unit, half) == text


def test_units() -> None:
    error = Metric(kind="final", of="test_error")
    assert [words.unit_of(error, kind) for kind in ("value", "contrast", "ratio")] == [
        "error",
        "error",
        "ratio",
    ]
    assert words.unit_of(Metric(kind="final", of="test_error", transform="log10"), "value") == "log10"
    assert words.unit_of(Metric(kind="final", of="train_loss"), "value") == "number"
    assert words.unit_of(Metric(kind="first_reach", of="train_error", at_most=0.2), "value") == "epochs"
    assert words.unit_of(Metric(kind="static", probe="parameters"), "exact") == "count"
    assert [words.suffix("error", kind) for kind in ("value", "difference", "contrast", "ordering")] == [
        "%",
        " pp",
        " pp",
        " pp",
    ]


# --- beside the paper


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


# --- figures


def panels(world: World, **figure: Any) -> list[Panel]:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT, figure__f={"title": "F", **figure}))
    (found,) = only(world.report()).figures
    return found.panels


GRADIENT = {"kind": "probe", "probe": "weight_gradient_norm", "at": ["init", "last"], "transform": "log10"}


def test_figures_of_curves_show_every_seed_their_mean_and_the_paper(world: World) -> None:
    path = world.write(ERROR_CLAIM)
    csv = '# read by hand\npanel,series,x,y,style\nleft,"a, train",1,50,dashed\nleft,"a, train",2,25,dashed\n'
    (path.parent / "f.csv").write_text(csv, encoding="utf-8")
    world.fill(errors(0.3))
    reference = {"file": "f.csv", "x": "epoch", "y": "error (%)"}
    paper, plain, residual = panels(
        world, kind="curves", of=["train_error"], panel="arm", reference=reference, target=0.25
    )
    assert paper.title == "paper, left"
    assert [(s.role, s.x, s.y) for s in paper.series] == [("reference", [1.0, 2.0], [0.5, 0.25])]
    assert (plain.title, residual.title) == ("plain", "residual")
    assert [s.role for s in plain.series] == 2 * [*5 * ["seed"], "mean"]
    assert plain.series[5].label == "shallow (8)"
    assert plain.series[5].y == pytest.approx([0.9, 0.5, 0.1])
    assert (plain.target, plain.y_percent, plain.y_log, plain.y_label) == (
        0.25,
        True,
        False,
        "train error (%)",
    )
    losses = panels(world, kind="curves", of=["train_loss", "test_loss"])[0]
    assert (losses.y_percent, losses.y_log) == (False, True)
    assert {s.style for s in losses.series if "train" in s.label} == {"dashed"}
    assert {s.style for s in losses.series if "test" in s.label} == {"solid"}


def test_a_panel_each_column_shows_the_chosen_cells_only(world: World) -> None:
    world.write(ERROR_CLAIM)
    world.fill(lambda cell, seed: {"train_error": [0.9, 0.1], "test_error": [0.9, 0.3]})
    train, test = panels(
        world,
        kind="curves",
        of=["train_error", "test_error"],
        panel="of",
        cells=["plain/deep", "plain/shallow"],
    )
    assert [(panel.title, panel.y_label) for panel in (train, test)] == [
        ("train error", "train error (%)"),
        ("test error", "test error (%)"),
    ]
    for panel, end in ((train, 0.1), (test, 0.3)):
        assert {s.label for s in panel.series} == {"plain, shallow (8)", "plain, deep (14)"}
        assert {s.style for s in panel.series} == {"solid"}
        assert [s.y[-1] for s in panel.series] == [pytest.approx(end)] * len(panel.series)


def test_curves_that_end_at_different_places_have_no_mean(world: World) -> None:
    world.write(ERROR_CLAIM)
    world.fill(lambda cell, seed: {"train_error": [0.9, *[0.5] * (seed + 1)]})
    (panel,) = panels(world, kind="curves", of=["train_error"])
    assert {s.role for s in panel.series} == {"seed"}
    assert {len(s.x) for s in panel.series} == {2, 3, 4, 5, 6}


def test_series_are_as_a_check_of_their_data_would_leave_them(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    world.fill(lambda cell, seed: {"train_error": [0.9, 1 / 3, *[0.5] * (seed % 2)]}, lambda *_: ROWS)
    shown = [
        *panels(world, kind="curves", of=["train_error"]),
        *panels(world, kind="layers", metric="g"),
        *panels(world, kind="moments", metric="g"),
    ]
    assert {series.role for panel in shown for series in panel.series} == {"seed", "mean"}
    for panel in shown:
        assert Panel.model_validate(panel.model_dump()).model_dump_json() == panel.model_dump_json()
    assert shown[0].series[0].y[:2] == [0.9, 0.333333]


ROWS = layer_rows(1 / 3, 2, 1e-7)


def test_figures_leave_out_what_is_no_number(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    bad = layer_rows(3.0, math.nan, 1.0, math.inf, 2.0)
    world.fill(lambda cell, seed: {"train_loss": [1.0, math.nan, 0.5]}, lambda *_: bad)
    ordered, by_size = panels(world, kind="layers", metric="g")
    assert (ordered.series[0].x, ordered.series[0].y) == ([1.0, 3.0, 5.0], [3.0, 1.0, 2.0])
    assert by_size.series[0].y == [3.0, 2.0, 1.0]
    (curves,) = panels(world, kind="curves", of=["train_loss"])
    assert (curves.series[0].x, curves.series[0].y) == ([0.0, 2.0], [1.0, 0.5])
    for panel in panels(world, kind="moments", metric="g"):
        assert panel.series == []


def test_figures_of_moments_have_a_panel_each_and_levels_in_order(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__g=GRADIENT))
    world.fill(errors(0.3), lambda cell, seed, moment: layer_rows(10.0 if moment == "last" else 1000.0))
    first, last = panels(world, kind="moments", metric="g")
    assert (first.title, last.title) == ("ours, init", "ours, last")
    assert first.x_categories == ["shallow (8)", "deep (14)"]
    means = {s.label: s.y for s in last.series if s.role == "mean"}
    assert means == {"plain": pytest.approx([1.0, 1.0]), "residual": pytest.approx([1.0, 1.0])}


def test_a_figure_without_runs_says_so(world: World) -> None:
    world.write(changed(ERROR_CLAIM, figure__f={"kind": "curves", "title": "F", "of": ["train_error"]}))
    (figure,) = only(world.report()).figures
    assert (figure.alt, figure.panels) == ("F. Nothing has been run yet.", [])


# --- the ledger of deviations


def test_the_ledger_of_a_shipped_claim() -> None:
    claim = load_library(folder("claims")).select(["layer-responses"])[0]
    found = {row.what: (row.paper, row.ours) for row in deviations(claim, "smoke")}
    # By hand, from Sec. 4.2 of the paper and the smoke tables of the file.
    assert found == {
        "dataset": ("cifar10", "digits"),
        "recipe batch_size": ("128", "64"),
        "recipe steps": ("64000", "100"),
        "recipe schedule": ("step", "cosine"),
        "recipe augmentation": ("pad-crop-flip", "none"),
        "model width": ("16", "8"),
        "factor depth": (
            "shallow: 20, deep: 56, deepest: depth = 110, warmup_lr = 0.01, warmup_until_train_error = 0.8",
            "shallow: 8, middle: 20, deep: 32",
        ),
        "seeds looked at": ("3, 5, 10", "5"),
        "cells left out": ("plain/deepest", "—"),
    }
    assert deviations(claim, "paper") == []
    assert deviations(claim, "exact") == []


GAP = (
    "kind contrast, metric loss, weights plain/deep = 1, plain/shallow = -1, at_least {}, refuted at_most = 0, "
    "role decides"
)
LEDGER: list[tuple[str, dict[str, Any], dict[str, tuple[str, str]]]] = [
    ("nothing", {}, {}),
    (
        "the same number, written otherwise",
        {"experiment__recipe__lr": 0.1, "experiment__recipe__bias_lr_factor": 1},
        {},
    ),
    ("recipe", {"experiment__recipe__lr": 0.5}, {"recipe lr": ("0.1", "0.5")}),
    ("one arm", {"arms__plain__norm": "none"}, {"model norm (plain)": ("—", "none")}),
    (
        "factor",
        {"factors__depth": {"shallow": 8, "deep": 20}},
        {"factor depth": ("shallow: 8, deep: 14", "shallow: 8, deep: 20")},
    ),
    ("seeds", {"experiment__seeds__looks": [3]}, {"seeds looked at": ("5", "3")}),
    (
        "arm",
        {"arms__bare": {"model": "cifar-plain", "norm": "none"}},
        {"arm bare": ("—", "trained")},
    ),
    (
        "criterion",
        {"expect__gap__at_least": 0.5},
        {"criterion gap": (GAP.format(1), GAP.format(0.5))},
    ),
    ("words of a criterion", {"expect__gap__why": "Other words."}, {}),
    (
        "metric",
        {"metrics__loss__of": "test_loss"},
        {"metric loss": ("kind final, of train_loss", "kind final, of test_loss")},
    ),
    (
        "tuning",
        {"tune": {"lr": [0.1, 0.2], "by": "loss"}},
        {
            "learning rates tried": ("—", "0.1, 0.2"),
            "tuning seeds": ("—", "1000"),
            "tuned by": ("—", "loss"),
            "recipe lr": ("0.1", "—"),
        },
    ),
]


@pytest.mark.parametrize(
    ("smoke", "expected"),
    [row[1:] for row in LEDGER],
    ids=[row[0] for row in LEDGER],
)
def test_every_difference_from_the_papers_protocol_is_in_the_ledger(
    world: World, smoke: dict[str, Any], expected: dict[str, tuple[str, str]]
) -> None:
    world.write(changed(BASE, scale__smoke=changed({}, **smoke)))
    found = {row.what: (row.paper, row.ours) for row in deviations(world.claim(), "smoke")}
    assert found == expected


def test_what_factors_set_is_compared_as_factors_only(world: World) -> None:
    eras = {"old": {"lr": 0.1, "width": 4}, "new": {"lr": 0.2, "width": 8}}
    weights = {"plain/deep/old": 1, "plain/shallow/old": -1}
    data = changed(BASE, factors__era=eras, expect__gap__weights=weights)
    world.write(changed(data, scale__smoke__factors__era=changed(eras, old__lr=0.3)))
    found = [(row.what, row.paper, row.ours) for row in deviations(world.claim(), "smoke")]
    assert found == [
        (
            "factor era",
            "old: lr = 0.1, width = 4, new: lr = 0.2, width = 8",
            "old: lr = 0.3, width = 4, new: lr = 0.2, width = 8",
        )
    ]


def test_the_ledger_leaves_out_what_the_schedule_makes_no_use_of_and_tells_directions(world: World) -> None:
    smoke = {"experiment": {"recipe": {"schedule": "cosine", "milestones": [50], "steps": 50}}}
    told = {"schedule": "Not known.", "steps": "Likely a larger gap.", "depth": "Unused."}
    world.write(changed(BASE, scale__smoke=smoke, direction=told))
    found = {row.what: (row.paper, row.ours, row.direction) for row in deviations(world.claim(), "smoke")}
    assert found == {
        "recipe schedule": ("step", "cosine", "Not known."),
        "recipe steps": ("100", "50", "Likely a larger gap."),
    }
    world.write(changed(BASE, scale__smoke__experiment__recipe__milestones=[50]))
    (row,) = deviations(world.claim(), "smoke")
    assert (row.what, row.paper, row.ours, row.direction) == ("recipe milestones", "32000, 48000", "50", None)


def test_a_difference_of_several_arms_is_one_row(world: World) -> None:
    arms = {"plain": {"norm": "none"}, "residual": {"norm": "none"}}
    third = {"arms__third": {"model": "cifar-plain", "width": 4}}
    world.write(changed(BASE, **third, scale__smoke__arms=arms))
    (row,) = deviations(world.claim(), "smoke")
    assert (row.what, row.paper, row.ours) == ("model norm (plain, residual)", "—", "none")


def test_data_that_stand_in_cap_the_words_and_stand_in_the_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs whose fingerprint is not the published one are of other data, whatever their name says."""
    world.write(ERROR_CLAIM)
    world.fill(errors(0.3), scale="paper")
    assert only(world.report("paper")).verdict.word == "supported"
    published = replace(DATASETS["digits"], fingerprint="f" * 64)
    monkeypatch.setattr(runs, "DATASETS", {"digits": published})
    report = world.report("paper")
    claim = only(report)
    assert (claim.verdict.word, claim.verdict.result) == ("holds on stand-in data", "supported")
    assert claim.expectations[0].verdict.word == "holds on stand-in data"
    assert claim.deviations[0].stand_in
    assert report.stand_ins == claim.stand_ins
    assert DATASETS["digits"].fingerprint[:12] in claim.stand_ins[0]
    assert {data.stand_in for data in report.datasets} == {True}


# --- the ledger of criteria


def test_criteria_that_change_after_runs_existed_are_shown(world: World) -> None:
    world.write(ERROR_CLAIM)
    assert only(world.report()).criteria == []
    for _ in range(2):
        record(world.requirements(), world.store)
    world.fill(errors(0.3))
    record(world.requirements(), world.store)
    (before,) = only(world.report()).criteria
    assert (before.runs_then, before.current) == (0, True)
    world.write(changed(ERROR_CLAIM, expect__gap__at_least=0.05, statement="In other words."))
    (old,) = only(world.report()).criteria
    assert not old.current, "they differ before anybody has recorded the new ones"
    record(world.requirements(), world.store)
    old, new = only(world.report()).criteria
    assert (old.runs_then, old.current, new.runs_then, new.current) == (0, False, 20, True)
    assert old.digest == before.digest != new.digest
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", new.first_seen)
    kept = history("p/c", "smoke", world.store)
    assert [entry.expect["gap"]["at_least"] for entry in kept] == [0.02, 0.05]
    # Back to the old ones: both stay, and the first one is current again.
    world.write(ERROR_CLAIM)
    record(world.requirements(), world.store)
    assert [entry.current for entry in only(world.report()).criteria] == [True, False]


def test_the_ledger_of_criteria_is_of_each_claim_and_scale_and_survives_damage(world: World) -> None:
    world.write(ERROR_CLAIM)
    record(world.requirements(), world.store)
    record(world.requirements("paper"), world.store)
    record(world.requirements("exact"), world.store)
    path = world.store.root / "criteria.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write('{"claim": "p/c", "sca\n')
    assert len(history("p/c", "smoke", world.store)) == len(history("p/c", "paper", world.store)) == 1
    assert history("p/c", "exact", world.store) == []
    assert history("p/other", "smoke", world.store) == []
    assert "criteria.jsonl line 3 cannot be read" in world.store.damaged


# --- everything else that a reader is told


def test_runs_machines_and_coverage(world: World) -> None:
    world.write(ERROR_CLAIM, "p/done")
    world.write(changed(ERROR_CLAIM, experiment__dataset="cifar10"), "p/waits")
    world.write(changed(ERROR_CLAIM, experiment__recipe__lr=0.5), "q/fails", changed(PAPER, year=1990))
    world.fill(errors(0.3), name="p/done")
    world.store.put_failure(world.requirements(name="q/fails").needs[0].spec.key, "t", "ValueError: x\nmore")
    report = world.report()
    assert [paper.id for paper in report.papers] == ["q", "p"]
    assert report.coverage.text == "1 of 3 claims judged, 1 pending, 1 failed"
    (machine,) = report.machines
    assert machine.description == "Linux x86_64, cpu: test bench"
    assert (machine.versions, machine.runs) == ("Python 3.11.0, torch 2.6.0, repro 0.1.0", 20)
    done = next(claim for paper in report.papers for claim in paper.claims if claim.id == "p/done")
    assert report.wall_seconds == done.wall_seconds == pytest.approx(40.0)
    assert len(done.runs) == 20
    row = done.runs[0]
    assert (row.cell, row.purpose, row.seed, row.outcome, row.steps) == (
        "plain/shallow",
        "measure",
        0,
        "finished",
        20,
    )
    assert done.command == "repro check p/done --scale smoke"
    assert done.claim_path == "p/done.toml"
    assert (done.anchor, done.expectations[0].anchor) == ("p/done", "p/done/expect/gap")
    assert (done.source, done.seeds) == ("Sec. 1 (text)", [0, 1, 2, 3, 4])
    fails = next(claim for paper in report.papers for claim in paper.claims if claim.id == "q/fails")
    assert [(row.outcome, row.note) for row in fails.runs][:2] == [
        ("failed", "ValueError: x"),
        ("pending", None),
    ]


def test_runs_tell_sessions_predictions_divergence_data_and_local_changes(world: World) -> None:
    world.write(ERROR_CLAIM)
    first, second, third, *_ = world.requirements().needs
    made = {**PROVENANCE, "commit": "abc+", "predicted_seconds": 1.5, "diverged_at_step": 7}
    sessions = [{"device": "cpu: one"}, {"device": "cpu: two"}]
    world.store.put_run(replace(run_record(first.spec, outcome="diverged"), provenance=made), {})
    world.store.put_run(replace(run_record(second.spec), provenance={**PROVENANCE, "sessions": sessions}), {})
    world.put(third.spec)
    report = world.report()
    rows = only(report).runs
    assert [(row.sessions, row.predicted_seconds, row.diverged_at_step) for row in rows[:3]] == [
        (1, 1.5, 7),
        (2, None, None),
        (1, None, None),
    ]
    # Each run took 2 s; a prediction of one is known. Machines: the second run was at two places.
    assert only(report).cost == report.cost
    assert report.cost is not None
    assert report.cost.model_dump() == {
        "runs": 3,
        "wall_seconds": 6.0,
        "predicted_runs": 1,
        "predicted_seconds": 1.5,
        "predicted_took_seconds": 2.0,
    }
    assert [(one.description.partition(", ")[2], one.commit, one.runs) for one in report.machines] == [
        ("cpu: one", "abc", 1),
        ("cpu: test bench", "abc", 1),
        ("cpu: test bench", "abc, with local changes", 1),
        ("cpu: two", "abc", 1),
    ]
    (data,) = report.datasets
    assert (data.name, data.fingerprint) == ("digits", DATASETS["digits"].fingerprint)
    assert (data.train_images, data.test_images, data.runs, data.stand_in) == (1000, 500, 3, False)


def test_notes_of_readers_are_in_the_report_and_change_nothing_else(world: World) -> None:
    path = world.write(ERROR_CLAIM)
    world.fill(errors(0.3))
    before = only(world.report())
    note = '[[note]]\nauthor = "A. Reader"\ndate = 2026-02-01\ntext = "Low bar."\nabout = "gap"\n'
    path.with_name("c.notes.toml").write_text(note, encoding="utf-8")
    after = only(world.report())
    (review,) = after.reviews
    assert review.model_dump() == {
        "author": "A. Reader",
        "date": "2026-02-01",
        "text": "Low bar.",
        "about": "gap",
    }
    assert after.model_copy(update={"reviews": []}) == before


def test_tuning_is_told_rate_by_rate(world: World) -> None:
    world.write(changed(BASE, tune={"lr": [1.0, 2.0, 4.0], "by": "loss"}))
    while world.plan().jobs:
        for need in world.requirements().needs:
            if world.store.run(need.spec.key) is None:
                world.put(need.spec, train_loss=abs(need.spec.recipe.lr - 4.0) + 1)
    claim = only(world.report())
    assert [tuning.cell for tuning in claim.tuning] == [
        "plain/shallow",
        "plain/deep",
        "residual/shallow",
        "residual/deep",
    ]
    one = claim.tuning[0]
    assert (one.criterion, one.rates, one.values) == ("loss", [1.0, 2.0, 4.0, 8.0], [4.0, 3.0, 1.0, 5.0])
    assert (one.chosen, one.state, one.censored) == (4.0, "settled", [False] * 4)
    assert claim.runs[0].cell == "plain/shallow at lr 1"
