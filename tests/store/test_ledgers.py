"""The evidence that criteria were fixed beforehand: every change of a ledger shows, wherever it is."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.store import Store, files, sealed_lines
from repro.store.files import sealed

NAME = "criteria.jsonl"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.prepare()
    for number in range(3):
        made.append(NAME, {"number": number, "text": "fünf"})
    return made


def damage(store: Store) -> list[str]:
    store.damaged.clear()
    store.check_ledgers()
    return store.damaged


def numbers(store: Store) -> list[int]:
    return [line["number"] for line in store.lines(NAME)]


def test_what_was_appended_is_read_and_found_in_order(store: Store) -> None:
    store.append(NAME, {"number": 3}, {"number": 4})
    assert numbers(Store(store.root)) == [0, 1, 2, 3, 4]
    assert damage(store) == []


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a flip in the first": lambda lines: [lines[0].replace(b'"number": 0', b'"number": 7'), *lines[1:]],
    "a flip in the last": lambda lines: [*lines[:2], lines[2].replace(b'"number": 2', b'"number": 7')],
    "a flip in a seal": lambda lines: [lines[0], lines[1].replace(b'"seal": "', b'"seal": "x'), lines[2]],
    "the first is gone": lambda lines: lines[1:],
    "the middle is gone": lambda lines: [lines[0], lines[2]],
    "the last is gone": lambda lines: lines[:2],
    "all are gone": lambda lines: [],
    "two change places": lambda lines: [lines[1], lines[0], lines[2]],
    "one is there twice": lambda lines: [*lines[:2], *lines[1:]],
    "one is put between": lambda lines: [lines[0], b'{"number": 9}\n', *lines[1:]],
    "one is no JSON": lambda lines: [lines[0], lines[1][:-9] + b"\n", lines[2]],
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_a_ledger_shows(store: Store, what: str) -> None:
    path = store.root / NAME
    path.write_bytes(b"".join(CHANGES[what](lines_of(path))))
    assert damage(store), what
    # It goes on to show, whatever is appended later.
    store.append(NAME, {"number": 5})
    assert damage(store), what
    assert numbers(store)[-1] == 5


def test_every_bit_of_a_ledger_and_of_the_stores_own_file_is_covered(store: Store) -> None:
    for name in (NAME, "store.json"):
        path = store.root / name
        whole = path.read_bytes()
        silent = []
        for place in range(0, len(whole), 3):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            if not damage(store):
                silent.append(place)
        path.write_bytes(whole)
        # White space between the parts of a line says nothing.
        assert all(whole[place : place + 1] in b" \n" for place in silent), name
        assert damage(store) == []


@pytest.mark.parametrize("how", ["deleted", "emptied", "of no checksum"])
def test_a_store_without_its_own_file_says_so_and_keeps_what_was_damaged(store: Store, how: str) -> None:
    path = store.root / "store.json"
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"" if how == "emptied" else b'{"format": 2}')
    assert any(entry.startswith("store.json") for entry in damage(store))
    store.prepare()
    assert (store.root / "store.json.damaged-1").exists() == (how != "deleted")


def test_lines_of_earlier_versions_are_read_and_covered_by_the_first_sealed_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.prepare()
    path = tmp_path / NAME
    path.write_text('{"number": 0}\n{"number": 1}\n', encoding="utf-8")
    (tmp_path / "store.json").write_text(sealed({"format": 2}), encoding="utf-8")
    assert (numbers(store), damage(store)) == ([0, 1], [])
    store.append(NAME, {"number": 2})
    assert (numbers(store), damage(store)) == ([0, 1, 2], [])
    path.write_bytes(path.read_bytes().replace(b'"number": 0', b'"number": 7'))
    assert damage(store) == [f"{NAME} line 3 is not as it was written, or does not follow the line before it"]


def test_a_process_that_was_killed_between_line_and_seal_costs_nothing(store: Store) -> None:
    about = (store.root / "store.json").read_bytes()
    store.append(NAME, {"number": 3})
    (store.root / "store.json").write_bytes(about)
    assert damage(store) == []
    store.append(NAME, {"number": 4})
    assert (numbers(store), damage(store)) == ([0, 1, 2, 3, 4], [])


def test_a_full_disk_leaves_a_ledger_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (store.root / NAME).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ReproError, match="No space left"):
        store.append(NAME, {"number": 3})
    monkeypatch.undo()
    assert (store.root / NAME).read_bytes() == before
    assert not list(store.root.rglob("*.part-*"))


def test_a_seal_is_of_what_is_said_and_of_the_line_before() -> None:
    one, seal = sealed_lines.sealed({"b": 1, "a": 2}, sealed_lines.FIRST)
    other, same = sealed_lines.sealed({"a": 2, "b": 1}, sealed_lines.FIRST)
    assert seal == same
    assert json.loads(one) == json.loads(other)
    assert sealed_lines.sealed({"a": 2, "b": 1}, seal)[1] != seal
