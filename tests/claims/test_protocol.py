"""Whose protocol: the paper's words are for a protocol that is declared to be the paper's, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from repro.claims import notices
from repro.claims.protocol import Ownership
from repro.planning.plan import make_plan
from repro.report.html.render import render_html
from repro.report.junit import to_junit
from repro.report.markdown import to_markdown
from tests.support import helpers
from tests.support.helpers import World, changed
from tests.support.shipped import library as shipped_library

BASE = changed(helpers.BASE, experiment__protocol=None)

PAPERS = {"of": "paper", "source": "Sec. 4.2"}
NETS = "class Net:\n    def __init__(self, in_shape, classes): ...\n"


def filled(world: World, scale: str = "paper", **changes: Any) -> None:
    """Write the claim, and runs that support it."""
    world.write(changed(BASE, experiment__seeds={"looks": [3]}, **changes))
    loss = {"plain/deep": 3.0, "plain/shallow": 1.0}
    world.fill(lambda cell, seed: {"train_loss": loss.get(cell.address, 1.0) + 0.01 * seed}, scale=scale)


def word(world: World, scale: str = "paper") -> str:
    return world.report(scale).papers[0].claims[0].verdict.word


def test_only_a_declared_protocol_of_the_paper_is_judged_in_its_words(world: World) -> None:
    filled(world)
    assert word(world) == "holds by the file’s own protocol"
    filled(world, experiment__protocol=PAPERS)
    assert word(world) == "supported"
    filled(world, experiment__protocol={"of": "own", "source": "my thesis"})
    assert word(world) == "holds by the file’s own protocol"
    # A lesser scale caps by itself.
    filled(world, "smoke")
    assert word(world, "smoke") == "holds at smoke scale"


def test_every_form_of_a_report_says_whose_protocol_it_is(world: World) -> None:
    filled(world)
    report = world.report("paper")
    (claim,) = report.papers[0].claims
    assert claim.protocol is not None
    assert (claim.protocol.of_paper, claim.protocol.source) == (False, None)
    html = render_html(report)
    for text in (html, to_markdown(report), to_junit(report)):
        assert "does not declare whose protocol" in text
    # Nothing reassures about a protocol that nobody declared, and an empty list never does.
    assert "The full protocol" not in html
    assert "protocol (0)" not in html
    assert all(e.verdict.word.startswith("holds by") for e in claim.expectations)
    filled(world, experiment__protocol=PAPERS)
    html = render_html(world.report("paper"))
    assert "The full protocol that the claim file declares to be the paper’s (Sec. 4.2)" in html
    assert "protocol (0)" not in html


def test_ones_own_net_or_data_is_the_papers_only_where_the_file_says_what_makes_it_so(world: World) -> None:
    own: dict[str, Any] = {
        "arms__plain": {"model": "nets:Net"},
        "experiment__dataset": "pets",
        "expect__gap__kind": "difference",
        "expect__gap__arms": ["plain", "residual"],
        "expect__gap__weights": None,
        "factors": None,
    }
    world.root.mkdir()
    (world.root / "nets.py").write_text(NETS, encoding="utf-8")

    def reasons(**protocol: Any) -> tuple[str, ...]:
        world.write(changed(BASE, experiment__protocol=PAPERS | protocol, **own))
        return world.claim().protocol.reasons

    assert [text.partition(" is ")[0] for text in reasons()] == ["nets:Net", "pets"]
    assert [text.partition(" is ")[0] for text in reasons(as_in_paper={"pets": "the authors' archive"})] == [
        "nets:Net"
    ]
    said = {"pets": "the authors' archive", "nets:Net": "Table 1's net"}
    assert reasons(as_in_paper=said) == ()
    world.write(changed(BASE, experiment__protocol=PAPERS | {"as_in_paper": {**said, "pet": "?"}}, **own))
    (problem,) = world.problems()
    assert "as_in_paper" in problem.where
    assert problem.hint == "did you mean 'pets'?"


@pytest.mark.parametrize(
    ("changes", "where", "what"),
    [
        (
            {"experiment__protocol": {"of": "papers", "source": "x"}},
            "experiment.protocol.of",
            "input should be",
        ),
        ({"experiment__protocol": {"of": "paper"}}, "experiment.protocol.source", "is missing"),
        (
            {"experiment__protocol": {"of": "paper", "source": " "}},
            "experiment.protocol.source",
            "should match",
        ),
        (
            {"experiment__protocol": {"of": "own", "source": "x", "as_in_paper": {"a": "b"}}},
            "experiment.protocol",
            'is of a protocol with of = "paper"',
        ),
        (
            {"scale": {"smoke": {"experiment": {"protocol": PAPERS}}}},
            "scale.smoke.experiment.protocol",
            "is of the base tables",
        ),
        (
            {"experiment__not_implemented": {"cifar-plain": "no"}},
            "experiment.not_implemented.cifar-plain",
            "is implemented here",
        ),
        (
            {"experiment__not_implemented": {"bert": "no"}},
            "experiment.not_implemented.bert",
            "no cell of the base",
        ),
    ],
)
def test_a_declaration_that_says_nothing_or_too_much_is_an_error(
    world: World, changes: dict[str, Any], where: str, what: str
) -> None:
    world.write(changed(BASE, **changes))
    problem = next(problem for problem in world.problems() if problem.where.endswith(where))
    assert what in problem.what


def test_mathematics_alone_is_nobodys_protocol(world: World) -> None:
    computed: dict[str, Any] = {
        "metrics": {
            "weights": {
                "kind": "computed",
                "formula": "stack_weights",
                "options": {"channels": 8},
                "cases": {"small": {"kernel": 3, "layers": 3}},
            }
        },
        "expect": {
            "holds": {
                "kind": "exact",
                "title": "27 C²",
                "metric": "weights",
                "arm": "small",
                "within": [1727, 1729],
                "role": "decides",
                "why": "Exact.",
            }
        },
        **dict.fromkeys(("factors", "arms", "experiment", "scale")),
    }
    world.write(changed(BASE, **computed))
    assert world.claim().protocol == Ownership("Sec. 1", ())
    # By code of one's own, it is the paper's only where the file says so.
    (world.root / "sums.py").write_text("def weights(channels, kernel, layers): ...\n", encoding="utf-8")
    computed["metrics"]["weights"]["formula"] = "sums:weights"
    world.write(changed(BASE, **computed))
    assert not world.claim().protocol.is_paper
    declared = {"protocol": PAPERS | {"as_in_paper": {"sums:weights": "Eq. 3"}}}
    world.write(changed(BASE, **{**computed, "experiment": declared}))
    assert world.claim().protocol.is_paper


def test_every_shipped_claim_declares_whose_protocol_it_is() -> None:
    for claim in shipped_library().claims:
        assert claim.protocol.source is not None, claim.path


def test_lint_says_what_caps_the_words(world: World) -> None:
    world.write(BASE)
    (notice,) = notices(world.claim())
    assert notice.startswith("p/c.toml: the file does not declare whose protocol [experiment] is")
    assert 'protocol = { of = "paper", source = "Sec. …" }' in notice
    world.write(changed(BASE, experiment__protocol=PAPERS))
    assert list(notices(world.claim())) == []


ABSENT = changed(
    BASE,
    experiment__protocol=PAPERS,
    experiment__not_implemented={"their-net": "no encoder here yet", "wmt14": "no text here yet"},
    arms__plain={"model": "their-net", "layers": 6, "spec": {"layers": "6"}},
    experiment__dataset="wmt14",
    metrics__size={"kind": "static", "probe": "parameters", "arms": ["plain"]},
    expect__size={
        "kind": "exact",
        "title": "Its size",
        "metric": "size",
        "arm": "plain",
        "each": ["depth"],
        "within": [1, 2],
        "role": "context",
        "why": "A reason.",
    },
    scale={"smoke": {"experiment": {"dataset": "digits"}, "arms": {"plain": {"model": "cifar-plain"}}}},
)


def test_what_is_not_implemented_can_be_declared_and_stays_pending_with_its_reason(world: World) -> None:
    data = changed(ABSENT, scale__smoke__arms__plain={"model": "cifar-plain"})
    # The arm's option is one of their net's, which the stand-in does not take.
    data["arms"]["plain"].pop("layers")
    world.write(data)
    assert world.problems() == []
    plan = make_plan([world.requirements("paper")], world.store)
    assert not plan.jobs
    assert set(plan.pending.values()) == {
        "the net their-net is not implemented here: no encoder here yet",
        "the data set wmt14 is not implemented here: no text here yet",
    }
    assert all(outlay.seconds is None for outlay in plan.pending_outlays.values())
    (claim,) = world.report("paper").papers[0].claims
    assert (claim.verdict.result, claim.verdict.status) == (None, "pending")
    assert "no encoder here yet" in claim.verdict.sentence
    assert claim.bring == []
    (size,) = [e for e in claim.expectations if e.id == "size"]
    assert size.verdict.status == "pending"
    assert "not implemented here" in size.verdict.sentence
    # In miniature, what stands for it is trained.
    assert make_plan([world.requirements("smoke")], world.store).runs == 20


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"statement": "TODO: the claim in one sentence"}, "p/c.toml: statement"),
        ({"expect__gap__why": "Say why this bar and no other."}, "p/c.toml: expect.gap.why"),
        ({"notes": ["A note.", "TODO"]}, "p/c.toml: notes"),
        ({"scale": {"smoke": {"direction": {"steps": "TODO"}}}}, "p/c.toml: scale.smoke.direction.steps"),
    ],
)
def test_placeholders_that_are_left_are_errors(world: World, changes: dict[str, Any], place: str) -> None:
    world.write(changed(BASE, **changes))
    (problem,) = world.problems()
    assert problem.where.endswith(place)
    assert problem.what == "is a placeholder"


def test_what_a_recipe_lacks_does_not_hide_the_rest_of_the_file(world: World) -> None:
    world.write(
        changed(
            BASE,
            experiment__recipe={"batch_size": 0, "lrr": 0.1},
            arms__plain={"model": "cifar-plane"},
            expect__gap__metric="los",
        )
    )
    found = {problem.where.partition(": ")[2]: problem.what for problem in world.problems()}
    assert found["experiment.recipe"].startswith("a recipe starts from a named one")
    assert found["experiment.recipe.batch_size"] == "is out of range"
    assert found["experiment.recipe.lrr"] == "unknown recipe field"
    assert found["arms.plain.model"] == "unknown model"
    assert found["expect.gap.metric"] == "unknown metric"
    assert len(found) == 5


@pytest.mark.parametrize(
    ("recipe", "what"),
    [
        ("resnet-cifar", "input should be a valid dictionary"),
        (None, "no recipe is given"),
        ({"name": 3}, "a recipe"),
    ],
)
def test_a_recipe_that_is_none_does_not_hide_the_rest_of_the_file(
    world: World, recipe: object, what: str
) -> None:
    data = changed(BASE, arms__plain={"model": "cifar-plane", "lr": -1}, experiment__dataset="digit")
    data["experiment"].pop("recipe")
    if recipe is not None:
        data["experiment"]["recipe"] = recipe
    world.write(data)
    found = {problem.where.partition(": ")[2]: problem.what for problem in world.problems()}
    assert found.pop("experiment.recipe").startswith(what)
    assert found == {
        "arms.plain.model": "unknown model",
        "arms.plain.lr": "is out of range",
        "experiment.dataset": "unknown dataset",
    }


def test_nobody_is_blamed_for_a_field_that_nobody_wrote(world: World) -> None:
    world.write(changed(BASE, experiment__recipe={"name": "resnet-cifar", "batch_size": 8, "steps": 10}))
    (problem,) = world.problems()
    assert problem.where.endswith("experiment.recipe.batch_size")
    assert problem.what == "must be a multiple of 64, the recipe's own bn_group"
    world.write(changed(BASE, experiment__recipe={"name": "resnet-cifar", "bn_group": 7, "steps": 10}))
    (problem,) = world.problems()
    assert problem.where.endswith("experiment.recipe.bn_group")
