"""The report as data: complete and deterministic at every scale, and honest about what it may say."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from repro.report.model import Report
from repro.report.wording import words
from repro.store import Store
from tests.support.error_claim import ERROR_CLAIM, VALUE, errors, only
from tests.support.helpers import World, changed
from tests.support.made_up import fill_shipped, shipped_report
from tests.support.shipped import library as shipped_library

# --- the shipped claims on a store of made-up runs


@pytest.fixture(scope="module")
def shipped_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("shipped") / "store")
    store.prepare()
    fill_shipped(store)
    return store


@pytest.fixture(scope="module")
def reported(shipped_store: Store) -> Callable[[str], Report]:
    """Scale → its report, built once."""
    return cache(partial(shipped_report, shipped_store))


@pytest.mark.parametrize("scale", ["exact", "smoke", "reduced", "paper"])
def test_reports_of_all_scales_go_through_json_unchanged(
    reported: Callable[[str], Report], scale: str
) -> None:
    report = reported(scale)
    text = report.model_dump_json()
    assert Report.model_validate_json(text) == report

    def no_number(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    json.loads(text, parse_constant=no_number)
    told = [claim.id for paper in report.papers for claim in paper.claims]
    assert sorted(told) == sorted(claim.id for claim in shipped_library().claims)


def test_the_same_runs_in_another_order_make_the_same_bytes(
    shipped_store: Store, reported: Callable[[str], Report], tmp_path: Path
) -> None:
    copied = Store(tmp_path / "store")
    copied.prepare()
    for kind in ("runs", "readings"):
        paths = list((shipped_store.root / kind).iterdir())
        random.Random(1).shuffle(paths)
        for path in paths:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, copied.root / kind / path.name)
    one, other = reported("smoke"), shipped_report(copied)
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


# --- what may be said


def sentences(report: Report) -> Iterator[str]:
    """Yield every text that the tool itself puts together about verdicts that rest on training."""
    for paper in report.papers:
        for claim in (claim for claim in paper.claims if claim.trains):
            yield claim.verdict.word
            yield claim.verdict.sentence
            for item in claim.expectations:
                if not item.exact:
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


def test_no_sentence_about_the_shipped_claims_says_more_than_smoke_may(
    reported: Callable[[str], Report],
) -> None:
    texts = list(sentences(reported("smoke")))
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
