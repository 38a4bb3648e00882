"""A user's data: where each dataset of some claims lies, and what is there, read once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from repro.claims import Claim, ClaimFile, cells, data_of
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.experiment.data_index import Content, DataIndex, UserData, short
from repro.experiment.variants import variants
from repro.registry import DATASETS, DataRef, DatasetEntry, Names, find_dataset, load
from repro.store import Store

DOWNLOAD = "download"
"""What stands for a path where the data is to be fetched."""

Tell = Callable[[str], None]


def with_known_data(claims: Sequence[Claim], scale: str, store: Store) -> list[Claim]:
    """Return the claims with what the store remembers of their data; nothing is read, and nothing new remembered.

    What has changed since it was read counts as not read.
    """
    reader = _DataReader({}, store, lambda text: None, reads=False)
    return [
        replace(claim, names=replace(claim.names, data=reader.known_of(claim, scale))) for claim in claims
    ]


def with_user_data(
    claims: Sequence[Claim], scale: str, given: Mapping[str, UserData], store: Store, tell: Tell
) -> list[Claim]:
    """Return the claims with what is known of their data at `scale`, read where it was not read before.

    Args:
        claims: whose data is wanted.
        scale: at which, beside the paper's own protocol.
        given: dataset name → what the user names now; what was named before is remembered.
        store: whose memory it is.
        tell: called with what is read, what was left out, and what stands in for something else.

    Raises:
        ReproError: a dataset that is shipped, or that no claim uses; data that cannot be read, or is not what its
            name says; all problems at once.
    """
    used = {ref.name for claim in claims for ref in _refs(claim, scale) if not ref.path}
    problems = list(_out_of_place(given, used))
    if not problems:
        for name in sorted(given.keys() - used):
            tell(f"No claim here uses {name} at {scale} scale: it was not read, and is not remembered.")
    reader = _DataReader(given, store, tell)
    found = [
        replace(claim, names=replace(claim.names, data=reader.known_of(claim, scale))) for claim in claims
    ]
    reader.index.save()
    problems += reader.problems
    if problems:
        raise ReproError(*problems)
    return found


def forget(sources: Collection[DataRef], store: Store) -> None:
    """Drop what a store remembers of what lies at these places: it is read again when it is next wanted."""
    index = DataIndex(store.root)
    index.forget(sources)
    index.save()


def _refs(claim: Claim, scale: str) -> Iterator[DataRef]:
    """Return the datasets of a claim and its variants that are a user's to provide."""
    # The paper's own nets are built for its own data, whose shape is known unless it is a user's own.
    absent = claim.names.absent
    yield from (ref for ref in _of_file(claim.base) if ref.name not in DATASETS and ref.name not in absent)
    if not claim.trains:
        return
    if scale in claim.at:
        yield from _of_file(claim.at[scale])
    for variant in variants(claim, scale):
        yield from _of_file(variant.claim.at[scale])


def _of_file(file: ClaimFile) -> Iterator[DataRef]:
    if file.experiment.recipe:
        yield from (ref for cell in cells(file) if ":" not in (ref := data_of(file, cell)).name)


def _out_of_place(given: Mapping[str, UserData], used: Iterable[str]) -> Iterator[Problem]:
    names = {name for name, entry in DATASETS.items() if not entry.target} | set(used)
    for name, item in given.items():
        option = "--stand-in" if item.stand_in else "--data"
        if name in DATASETS and DATASETS[name].target:
            yield Problem(
                option, "this dataset is shipped and cannot be brought", name, "leave the option out"
            )
        elif item.stand_in and name not in DATASETS:
            hint = f"bring data of your own with --data {name}=PATH"
            yield Problem(option, "stands in for a dataset whose content is known", name, hint)
        elif name not in names:
            yield Problem(option, "no claim here uses a dataset of this name", name, suggestion(name, names))


class _DataReader:
    """Takes what is given and what is remembered, and reads what is new."""

    def __init__(
        self, given: Mapping[str, UserData], store: Store, tell: Tell, *, reads: bool = True
    ) -> None:
        self.given, self.store, self.tell, self.reads = given, store, tell, reads
        self.index = DataIndex(store.root)
        self.problems: list[Problem] = []
        self.known: dict[tuple[DataRef, Path | None], DatasetEntry | None] = {}

    def known_of(self, claim: Claim, scale: str) -> dict[DataRef, DatasetEntry]:
        """Return what is known of each dataset of a claim that is a user's to provide."""
        found = {ref: self.entry(ref, claim.path.parent) for ref in dict.fromkeys(_refs(claim, scale))}
        return {ref: entry for ref, entry in found.items() if entry is not None}

    def entry(self, ref: DataRef, folder: Path) -> DatasetEntry | None:
        """Return what is known of a dataset that lies in `folder` or was named; None where nothing is.

        What is wrong with it is added to the problems, once.
        """
        what = ref, folder if ref.path is not None else None
        if what not in self.known:
            self.known[what] = None
            try:
                self.known[what] = self.named(ref) if ref.path is None else self.own(ref, folder)
            except ReproError as error:
                self.problems += error.problems
        return self.known[what]

    def named(self, ref: DataRef) -> DatasetEntry | None:
        """Return where the data of a name lies; None where nothing was, or where it is shipped."""
        registered = DATASETS.get(ref.name)
        if registered is not None and registered.target:
            return None
        item = self.user_data(ref.name)
        if item is None:
            return None
        source = replace(ref, path=item.path)
        content = self.content(source, required=ref.name in self.given)
        if content is None:
            return None
        if registered is not None and content.fingerprint != registered.fingerprint:
            if not item.stand_in:
                raise _another(ref.name, registered, item, content)
            if ref.name not in self.given:
                self.tell(
                    f"{Path(item.path).name} stands in for {ref.name}, as brought before with --stand-in"
                )
        self.index.named[ref.name] = item
        where = f"is no longer at {item.path}: bring it again with --data {ref.name}=PATH"
        return _as_entry(content, source, registered, f"{ref.name} {where}")

    def own(self, ref: DataRef, folder: Path) -> DatasetEntry:
        """Return what lies beside a claim file, or that it is missing."""
        assert ref.path is not None
        source = replace(ref, path=str((folder / ref.path).resolve()))
        missing = f"{ref.path} does no longer lie beside the claim file: put it there"
        content = self.content(source, required=False)
        return (
            find_dataset(ref, "", Names()) if content is None else _as_entry(content, source, None, missing)
        )

    def user_data(self, name: str) -> UserData | None:
        """Return where the data of a name lies, as named now or before; fetched where that is asked for."""
        if name not in self.given:
            return self.index.named.get(name)
        item = self.given[name]
        if item.path != DOWNLOAD:
            return replace(item, path=str(Path(item.path).expanduser().resolve()))
        entry = DATASETS.get(name)
        if entry is None or not entry.download:
            hint = f"only {', '.join(n for n, e in DATASETS.items() if e.download)} can be; bring a path"
            raise mistake(f"--data {name}={DOWNLOAD}", "this dataset cannot be downloaded", None, hint)
        self.tell(f"Downloading {name}, unless it is there already …")
        return replace(item, path=str(load(entry.download)(self.store.root.resolve() / "data")))

    def content(self, source: DataRef, *, required: bool) -> Content | None:
        """Return what lies at a place, read if it is new or has changed; what did lie there, if it has gone."""
        path = Path(source.path or "")
        if self.index.unchanged(source) or not (required or path.exists()):
            return self.index.content(source)
        if not self.reads:
            return None
        self.tell(f"Reading {path} …")
        return self.index.read(source, self.tell)


def _as_entry(
    content: Content, source: DataRef, registered: DatasetEntry | None, missing: str
) -> DatasetEntry:
    there = Path(source.path or "").exists()
    return DatasetEntry(
        target="",
        fingerprint=content.fingerprint,
        shape=content.shape,
        n_train=content.n_train,
        classes=content.classes,
        missing=None if there else missing,
        files=registered.files if registered else None,
        source=source,
        remarks=content.remarks,
    )


def _another(name: str, registered: DatasetEntry, brought: UserData, content: Content) -> ReproError:
    what = f"is not {name}, which has fingerprint {short(registered.fingerprint)}"
    option = f"--stand-in {name}={brought.path}"
    hint = f"bring the real one, or say that it stands in: {option} (words of verdicts are capped)"
    return ReproError(Problem(brought.path, what, content.described, hint))
