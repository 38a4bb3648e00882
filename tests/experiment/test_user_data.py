"""Bringing data: what it is recognised as, what is remembered of it, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from repro import registry
from repro.claims import Claim, cells, run_spec
from repro.claims.schema_data import OwnData
from repro.cli.requested import user_data
from repro.errors import ReproError
from repro.experiment.data_index import UserData
from repro.experiment.readings import static_reading
from repro.experiment.requirements import requirements
from repro.experiment.user_data import with_user_data
from repro.planning.costs import START_UP_SECONDS
from repro.planning.jobs import Plan
from repro.planning.plan import make_plan
from repro.planning.rough import model_of
from repro.registry import DATASETS, DataRef, find_dataset
from repro.report.build.runs import stand_ins
from repro.spec import RunSpec
from tests.support.command import repro
from tests.support.data_files import (
    CIFAR_CLASSES,
    arrays,
    as_data,
    batches,
    save_archive,
    save_folders,
    save_npz,
)
from tests.support.helpers import BASE, World, changed

OWN = changed(BASE, experiment__dataset="pets")
CIFAR = changed(BASE, experiment__dataset="cifar10")


class Shop:
    """A world, and what was said while data was brought into it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.said: list[str] = []

    def claims(self, *, scale: str = "smoke", stand_in: bool = False, **given: Path | str) -> list[Claim]:
        items = {name: UserData(str(path), stand_in) for name, path in given.items()}
        return with_user_data(self.world.library().claims, scale, items, self.world.store, self.said.append)

    def plan(self, **given: Any) -> Plan:
        items = [requirements(claim, "smoke", self.world.store) for claim in self.claims(**given)]
        return make_plan(items, self.world.store)

    def refused(self, **given: Any) -> list[str]:
        with pytest.raises(ReproError) as caught:
            self.claims(**given)
        return [str(problem) for problem in caught.value.problems]


@pytest.fixture
def shop(world: World) -> Shop:
    return Shop(world)


@pytest.fixture
def cifar(monkeypatch: pytest.MonkeyPatch) -> str:
    """Let fifty made-up images be CIFAR-10; return their fingerprint."""
    fingerprint = as_data(arrays()).fingerprint
    entry = replace(DATASETS["cifar10"], fingerprint=fingerprint, n_train=50)
    monkeypatch.setitem(registry.DATASETS, "cifar10", entry)
    return fingerprint


def spec_of(claim: Claim, scale: str = "smoke") -> RunSpec:
    return run_spec(claim.at[scale], cells(claim.at[scale])[0], 0, claim.names)


# --- the data of a paper


def test_runs_wait_for_their_data_and_say_how_to_bring_it(shop: Shop, tmp_path: Path, cifar: str) -> None:
    shop.world.write(CIFAR)
    plan = shop.plan()
    assert (plan.runs, len(plan.pending)) == (0, 20)
    assert all("--data cifar10=PATH" in why for why in plan.pending.values())
    path = save_npz(tmp_path / "a.npz", arrays())
    plan = shop.plan(cifar10=path)
    assert (plan.runs, len(plan.pending)) == (20, 0)
    assert {job.source for job in plan.jobs} == {DataRef("cifar10", str(path))}


def test_a_run_is_the_same_run_whatever_its_data_came_in(shop: Shop, tmp_path: Path, cifar: str) -> None:
    shop.world.write(CIFAR)
    forms = [
        save_npz(tmp_path / "a.npz", arrays()),
        save_folders(tmp_path / "folders", arrays(), CIFAR_CLASSES),
        save_archive(tmp_path / "cifar-10-python.tar.gz", batches(arrays())),
    ]
    keys = {spec_of(shop.claims(cifar10=path)[0]).key for path in forms}
    # What is not at hand has the same key, so that finished runs are found without the data.
    assert keys == {spec_of(shop.world.claim()).key}


def test_other_data_is_refused_unless_it_is_said_to_stand_in(shop: Shop, tmp_path: Path) -> None:
    path = shop.world.write(CIFAR)
    other = save_npz(tmp_path / "flowers.npz", arrays((3, 8, 8), n_train=30, n_test=12, classes=3))
    (problem,) = shop.refused(cifar10=other)
    for part in (
        "flowers.npz: is not cifar10",
        DATASETS["cifar10"].fingerprint[:12],
        "30 training and 12 test images of 3×8×8, 3 classes",
        f"--stand-in cifar10={other}",
    ):
        assert part in problem
    (claim,) = shop.claims(cifar10=other, stand_in=True)
    spec = spec_of(claim)
    assert spec.dataset.fingerprint == as_data(arrays((3, 8, 8), 30, 12, 3)).fingerprint
    assert spec.key != spec_of(shop.world.claim()).key
    # The report tells, by the file's name and not by its place.
    (row,) = stand_ins(requirements(claim, "smoke", shop.world.store))
    assert row.stand_in
    assert row.ours.startswith("flowers.npz")
    assert str(tmp_path) not in row.ours
    # The nets of the paper's own protocol stay those of its data.
    reading = static_reading(claim, cells(claim.base)[0], "parameters", "")
    assert reading is not None
    assert reading.subject is not None
    assert (reading.subject["in_shape"], reading.subject["classes"]) == ([3, 32, 32], 10)
    # It is remembered, and said each time, since nothing else on the command line tells of it.
    shop.said.clear()
    assert spec_of(shop.claims()[0]).key == spec.key
    assert shop.said == ["flowers.npz stands in for cifar10, as brought before with --stand-in"]
    # To bring it as the real thing again is refused, and forgets nothing.
    assert "is not cifar10" in shop.refused(cifar10=other)[0]
    assert path.exists()


def test_the_real_data_brought_as_a_stand_in_is_the_real_data(shop: Shop, tmp_path: Path, cifar: str) -> None:
    shop.world.write(CIFAR)
    (claim,) = shop.claims(cifar10=save_npz(tmp_path / "a.npz", arrays()), stand_in=True)
    assert spec_of(claim).key == spec_of(shop.world.claim()).key
    assert stand_ins(requirements(claim, "smoke", shop.world.store)) == []


def test_imagenet_stays_in_files_and_anything_else_only_stands_in(shop: Shop, tmp_path: Path) -> None:
    shop.world.write(
        changed(
            BASE,
            experiment__dataset="imagenet",
            experiment__recipe={"name": "resnet-imagenet", "steps": 5, "milestones": []},
            arms={"plain": {"model": "imagenet-plain"}, "residual": {"model": "imagenet-resnet"}},
            factors__depth={"shallow": 18, "deep": 34},
        )
    )
    root = save_folders(tmp_path / "photos", arrays((3, 8, 8), classes=2), ["n1", "n2"], "val")
    assert "50 training and 20 test images, 2 classes" in shop.refused(imagenet=root)[0]
    (claim,) = shop.claims(imagenet=root, stand_in=True)
    spec = spec_of(claim)
    known = claim.names.known(spec.dataset.identity)
    assert (known.n_train, known.classes, known.shape, known.missing) == (50, 2, None, None)
    assert known.source == DataRef("imagenet", str(root), as_files=True)
    assert spec.in_shape(known) == (3, 224, 224)
    # Steps of epochs count the images that are there.
    assert {job.source for job in shop.plan().jobs} == {known.source}


@pytest.mark.parametrize(
    ("dataset", "recipe", "says"),
    [
        ("imagenet", "resnet-cifar", "is images in files, of any size"),
        ("cifar10", "resnet-imagenet", "is whole in memory"),
    ],
)
def test_a_recipe_must_fit_its_data(dataset: str, recipe: str, says: str, world: World) -> None:
    world.write(changed(BASE, experiment__dataset=dataset, experiment__recipe={"name": recipe, "steps": 1}))
    problems = [problem for problem in world.problems() if says in problem.what]
    assert [(problem.where.split(": ")[1], problem.received) for problem in problems] == [
        ("experiment.dataset", repr(dataset))
    ]


# --- what the store remembers


def test_data_is_read_once(shop: Shop, tmp_path: Path, cifar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.world.write(CIFAR)
    root = save_folders(tmp_path / "a", arrays(), CIFAR_CLASSES)
    claims = shop.claims(cifar10=root)
    assert shop.said == [f"Reading {root} …"]

    def not_again(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("repro.datasets.read_dataset", not_again)
    assert shop.claims(cifar10=root) == claims
    assert shop.claims() == claims
    image = root / "train/cat/003.png"
    image.write_bytes(image.read_bytes() + b"\n")
    with pytest.raises(AssertionError, match="read again"):
        shop.claims()


def test_a_report_finds_runs_whose_data_has_gone(shop: Shop, tmp_path: Path) -> None:
    shop.world.write(changed(BASE, experiment__dataset={"npz": "own.npz"}), "p/inline")
    shop.world.write(OWN, "p/named")
    shop.world.write(CIFAR, "p/stand-in")
    files = [tmp_path / "claims/p/own.npz", tmp_path / "pets.npz", tmp_path / "flowers.npz"]
    for number, path in enumerate(files):
        save_npz(path, arrays((3, 8, 8), 30, 12 + number, 3))
    shop.claims(pets=files[1])
    shop.claims(cifar10=files[2], stand_in=True)
    claims = shop.claims()
    for claim in claims:
        for number, need in enumerate(requirements(claim, "smoke", shop.world.store).needs):
            if number:  # one is left to be trained
                shop.world.put(need.spec, train_loss=1.0 if "deep" in need.cell.address else 0.5)
    for path in files:
        path.unlink()
    later = shop.claims()
    assert [spec_of(claim) for claim in later] == [spec_of(claim) for claim in claims]
    plan = make_plan([requirements(claim, "smoke", shop.world.store) for claim in later], shop.world.store)
    assert (plan.present, plan.runs) == (3 * 19, 0)
    assert sorted(plan.pending.values()) == sorted(
        [
            "own.npz does no longer lie beside the claim file: put it there",
            f"pets is no longer at {files[1]}: bring it again with --data pets=PATH",
            f"cifar10 is no longer at {files[2]}: bring it again with --data cifar10=PATH",
        ]
    )
    # To name a place where nothing is, is a mistake all the same.
    assert "is not there" in shop.refused(pets=files[1])[0]


def test_a_damaged_memory_is_made_anew(shop: Shop, tmp_path: Path, cifar: str) -> None:
    shop.world.write(CIFAR)
    path = save_npz(tmp_path / "a.npz", arrays())
    claims = shop.claims(cifar10=path)
    memory = shop.world.store.root / "data.json"
    for content in ("", "{", json.dumps(json.loads(memory.read_text(encoding="utf-8")) | {"sha256": "0"})):
        memory.write_text(content, encoding="utf-8")
        shop.said.clear()
        assert shop.claims(cifar10=path) == claims
        assert shop.said == [f"Reading {path} …"]


# --- data of a user's own


def test_data_of_your_own_waits_until_it_is_brought(shop: Shop, tmp_path: Path) -> None:
    shop.world.write(
        changed(
            OWN,
            experiment__recipe={"name": "resnet-cifar", "batch_size": 64, "epochs": 64, "evaluate_every": 99},
        )
    )
    assert shop.world.problems() == []
    plan = shop.plan()
    assert plan.runs == 0
    assert all("bring it with --data pets=PATH" in why for why in plan.pending.values())
    plan = shop.plan(pets=save_npz(tmp_path / "some-pets.npz", arrays((1, 8, 8), n_train=30, classes=3)))
    assert plan.runs == 20
    spec = next(job.run for job in plan.jobs if job.run is not None)
    assert asdict(spec.dataset) == {
        "name": "pets",
        "fingerprint": as_data(arrays((1, 8, 8), n_train=30, classes=3)).fingerprint,
        "options": {},
    }
    # 64 epochs of 30 images in batches of 64 are 30 steps: predicted by what the data is.
    more = shop.plan(pets=save_npz(tmp_path / "many.npz", arrays((1, 8, 8), n_train=300, classes=3)))
    fixed = START_UP_SECONDS + 20 * model_of("cpu").run_seconds
    assert more.wall_seconds(1) - fixed == pytest.approx(10 * (plan.wall_seconds(1) - fixed))


def test_data_beside_the_claim_needs_no_option(shop: Shop, tmp_path: Path) -> None:
    made = arrays((3, 8, 8), 40, 12, 3)
    for name in ("p/c", "q/c"):
        shop.world.write(
            changed(BASE, experiment__dataset={"folder": "my pets", "test_fraction": 0.25}), name
        )
    assert {"my pets does not lie beside the claim file: put it there"} == set(shop.plan().pending.values())
    save_folders(tmp_path / "claims/p/my pets", made, ["a", "b", "c"])
    assert "has test images already" in shop.refused()[0]
    for path in (tmp_path / "claims/p/my pets/test").rglob("*.png"):
        path.unlink()
    for path in sorted((tmp_path / "claims/p/my pets/test").rglob("*"), reverse=True):
        path.rmdir()
    (tmp_path / "claims/p/my pets/test").rmdir()
    mine, theirs = shop.claims()
    entry = mine.names.known(spec_of(mine).dataset.identity)
    assert (spec_of(mine).dataset.name, entry.n_train, entry.shape) == ("my-pets", 30, (3, 8, 8))
    # The other paper's folder lies elsewhere: it is other data, and missing.
    assert theirs.names.known(spec_of(theirs).dataset.identity).missing is not None


def test_arms_may_name_data_of_their_own(shop: Shop, tmp_path: Path) -> None:
    arms = {
        "plain": {"model": "cifar-plain", "dataset": {"folder": "pets", "size": [6, 5]}},
        "residual": {"model": "cifar-plain", "dataset": {"folder": "pets", "size": [5, 6]}},
    }
    shop.world.write(changed(BASE, arms=arms))
    assert shop.world.problems() == []
    save_folders(tmp_path / "claims/p/pets", arrays((3, 8, 8), 30, 12, 3), ["a", "b", "c"])
    (claim,) = shop.claims()
    assert {entry.shape for entry in claim.names.data.values()} == {(3, 6, 5), (3, 5, 6)}


def test_listing_and_checking_claims_reads_no_data(world: World, tmp_path: Path) -> None:
    world.write(changed(BASE, experiment__dataset={"npz": "pets.npz"}, no_control="A test of data."))
    (tmp_path / "claims/p/pets.npz").write_bytes(b"no archive")
    assert world.problems() == []
    for command in (["list"], ["show", "p/c"], ["lint", world.root]):
        options = [] if command[0] == "lint" else ["--claims", world.root]
        assert repro(*command, *options, cwd=tmp_path).returncode == 0
    assert not (tmp_path / ".repro").exists()


OWN_TABLES: list[tuple[Mapping[str, Any], str]] = [
    ({}, "give one of npz, folder and subset_of"),
    ({"npz": "a.npz", "folder": "a"}, "give one of npz, folder and subset_of"),
    ({"npz": "a.npz", "size": [2, 2]}, "size is of images in a folder"),
    ({"folder": "a", "test_fraction": 1.0}, "less than 1"),
    ({"folder": "/data/a"}, "lies beside the claim file"),
    ({"npz": "C:\\a.npz"}, "lies beside the claim file"),
    ({"npz": ""}, "names no file"),
    ({"folder": "a", "sise": [2, 2]}, "unknown key"),
]


@pytest.mark.parametrize(("table", "says"), OWN_TABLES)
def test_a_table_that_names_no_data_is_refused(table: Mapping[str, Any], says: str, world: World) -> None:
    world.write(changed(BASE, experiment__dataset=table))
    assert says in str(world.problems()[0])
    assert "experiment.dataset" in world.problems()[0].where


def test_own_data_is_called_by_its_file_and_never_as_a_known_dataset() -> None:
    names = {text: OwnData(npz=text).name for text in ("x/my_pets.v2.npz", "cifar10.npz", "…")}
    assert names == {"x/my_pets.v2.npz": "my-pets-v2", "cifar10.npz": "own-cifar10", "…": "data"}


# --- names


@pytest.mark.parametrize(
    "name", ["digts", "Digits", "cifra10", "cifar-10", "CIFAR10", "image-net", "imagnet"]
)
def test_a_mistyped_name_is_answered_with_the_right_one(name: str) -> None:
    with pytest.raises(ReproError, match=r"unknown dataset(.|\n)*did you mean"):
        find_dataset(DataRef(name), "", registry.Names())


@pytest.mark.parametrize("name", ["cifar100", "cifar-100", "imagenette", "tiny-imagenet", "mnist", "pets"])
def test_another_name_is_that_of_data_to_be_brought(name: str) -> None:
    assert f"--data {name}=PATH" in (find_dataset(DataRef(name), "", registry.Names()).missing or "")


def test_data_that_no_claim_uses_at_the_scale_is_said_to_be_left_unread(shop: Shop, tmp_path: Path) -> None:
    shop.world.write(BASE)
    shop.claims(cifar10=tmp_path / "nowhere")
    assert shop.said == ["No claim here uses cifar10 at smoke scale: it was not read, and is not remembered."]


def test_a_name_that_cannot_be_brought_is_refused() -> None:
    with pytest.raises(ReproError, match="is no name of a dataset"):
        find_dataset(DataRef("my pets"), "", registry.Names())


def test_every_mistake_about_data_is_said_at_once(shop: Shop, tmp_path: Path) -> None:
    shop.world.write(CIFAR)
    problems = shop.refused(pet=tmp_path, digits=tmp_path, cifar10=tmp_path / "none")
    assert len(problems) == 3
    assert "no claim here uses a dataset of this name (received: pet)" in problems[0]
    assert "is shipped and cannot be brought" in problems[1]
    assert "is not there" in problems[2]
    shop.world.write(OWN)
    assert "stands in for a dataset whose content is known" in shop.refused(pets=tmp_path, stand_in=True)[0]
    assert "cannot be downloaded" in shop.refused(pets="download")[0]


# --- as a user does


def test_from_a_file_of_images_to_a_verdict(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(
        changed(
            OWN,
            experiment__recipe={"name": "resnet-cifar", "batch_size": 64, "steps": 2, "augmentation": "none"},
            experiment__options={"width": 2},
            experiment__seeds={"looks": [2]},
            factors=None,
            arms={
                "plain": {"model": "cifar-plain", "depth": 8},
                "residual": {"model": "cifar-resnet", "depth": 8},
            },
            expect__gap__weights={"plain": 1, "residual": -1},
        )
    )
    save_npz(tmp_path / "a.npz", arrays((3, 6, 6), 64, 12, 3))
    places = ["--claims", world.root, "--store", world.store.root]
    done = repro("check", *places, "--data", "pets=a.npz", "--json", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["papers"][0]["claims"][0]["verdict"]["status"] == "complete"
    assert [(data["name"], data["train_images"], data["stand_in"]) for data in report["datasets"]] == [
        ("pets", 64, False)
    ]
    assert str(tmp_path) not in json.dumps(report["datasets"])


def test_options_that_bring_nothing_are_refused() -> None:
    with pytest.raises(ReproError) as caught:
        user_data(("pets", "=a", "a=b", "a=c"), ("pets=", "a=d"))
    assert [problem.what for problem in caught.value.problems] == [
        "is not NAME=PATH",
        "is not NAME=PATH",
        "brings a dataset twice",
        "is not NAME=PATH",
        "brings a dataset twice",
    ]
