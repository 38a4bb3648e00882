"""What stands behind a verdict, as plain data: protocol, tuning, runs, criteria, controls, notes.

Numbers are raw (errors are fractions); all text is untrusted, see model.py.
"""

from __future__ import annotations

from typing import Literal

from repro.report.model.evidence import Data, Part, Verdict


class Protocol(Data):
    """Whose protocol a claim is judged by: the paper's, as `source` describes it, or not, for these `reasons`.

    `source` is None where the claim file declares none.
    """

    of_paper: bool
    source: str | None
    reasons: list[str] = []


class RecipeInFull(Data):
    """The recipe that a claim's nets are trained with at a scale, whether or not its file says so.

    Attributes:
        name: the named recipe that it starts from.
        set_here, taken_over: fields with their values, those that the claim sets and those of the named recipe.
        differs: fields with their values by arm or level, where these differ.
    """

    name: str
    set_here: list[str]
    taken_over: list[str]
    differs: list[str]


class Deviation(Data):
    """One row of the ledger: where the run protocol differs from the paper's.

    `direction` says which way this likely moves the result, where the claim file tells; `stand_in`: other data stand
    in for the paper's.
    """

    what: str
    paper: str
    ours: str
    direction: str | None = None
    stand_in: bool = False


class Tuning(Data):
    """What tuning did for one cell: mean of the criterion at each learning rate, and the choice.

    Where the weight decay was tuned, too, `decays` holds that of each rate.
    Where a rate was stopped, since it could no longer win, its mean exceeds `values`.
    """

    cell: str
    criterion: str
    rates: list[float]
    values: list[float | None]
    censored: list[bool]
    stopped: list[bool] = []
    chosen: float | None
    state: Literal["settled", "open", "pending"]
    decays: list[float] = []
    chosen_decay: float | None = None


class RunRow(Data):
    """A run behind a claim.

    `sessions` counts how often it was begun or gone on with; `processor_seconds` is what a processor was busy with it,
    and `predicted_seconds` what was expected beforehand, None where nobody has recorded it; `diverged_at_step` the
    first step whose loss was not finite, where known.
    """

    key: str
    cell: str
    purpose: str
    seed: int
    outcome: Literal["finished", "diverged", "stopped", "failed", "pending"]
    steps: int | None
    wall_seconds: float | None
    device: str | None
    note: str | None = None
    sessions: int = 1
    processor_seconds: float | None = None
    predicted_seconds: float | None = None
    diverged_at_step: int | None = None


class Span(Data):
    """From when to when something was done: UTC, ISO 8601."""

    first: str
    last: str


class Machine(Data):
    """Where runs were carried out; a run that went on elsewhere counts at each place."""

    description: str
    versions: str
    commit: str
    runs: int


class DataUsed(Data):
    """What runs were trained on, by the content's fingerprint. `stand_in`: not what the name says.

    `remarks` say what was dropped, converted or guessed when it was read.
    """

    name: str
    fingerprint: str
    train_images: int | None
    test_images: int | None
    runs: int
    stand_in: bool
    remarks: list[str] = []


class Cost(Data):
    """Time that runs and readings took, and what was predicted for those of them whose prediction was recorded.

    `wall_seconds` are on the clock, of all of them added up. `processor_seconds` is what processors were busy with
    those that tell: a core of the CPU, or a net's share of a GPU's time; `processor_runs` counts the runs that do.
    `readings` are those that tell what they took. `predicted_took_seconds` are of a processor where these are known.
    """

    runs: int
    wall_seconds: float
    predicted_runs: int
    predicted_seconds: float
    predicted_took_seconds: float
    readings: int = 0
    processor_runs: int = 0
    processor_seconds: float = 0.0


class Review(Data):
    """A note of a person on a claim, or on the expectation whose id is `about`. It decides nothing."""

    author: str
    date: str
    text: str
    about: str | None


class SpecRow(Data):
    """A size of a net (layers, parameters, multiply-adds) as the paper prints it and as the net is built here.

    `ok` is None where it has not been computed; `says` why it could not be, or what differs. `source`: who prints it,
    where that is not the paper.
    """

    net: str
    size: str
    paper: str
    ours: str | None
    ok: bool | None
    says: str | None
    source: str | None = None


class CriteriaChange(Data):
    """An entry of the ledger of criteria: since when these criteria stand, and what was known then.

    `lines` are the criteria, one line each.
    """

    first_seen: str
    runs_then: int
    digest: str
    current: bool
    lines: list[str] = []


class CriteriaDifference(Data):
    """A change of criteria made after runs existed: the lines of either version that the other has not."""

    says: str
    old: list[str]
    new: list[str]


class ResultVersion(Data):
    """Recorded results that a check has seen: since when, by their content's hash, and how many runs they have."""

    first_seen: str
    digest: str
    runs: int
    current: bool


class ResultChange(Data):
    """A change of recorded results after they had been judged: what was otherwise before, one line each."""

    says: str
    lines: list[str]


class Recorded(Data):
    """Results that were recorded elsewhere: nothing of them was trained here.

    `by` recorded them in `place`, a file or folder of the claims folder, whose content has the SHA-256 `digest`.
    `columns` say what was read, in which unit, which way is better. `notes`: what is missing, left out or declared.
    `criteria_after` says so where the criteria were first seen when results existed already. `versions`: all that a
    check has seen, oldest first; `changes`: in what they differ.
    """

    by: str
    place: str
    digest: str
    files: int
    runs: int
    columns: list[str]
    notes: list[str] = []
    criteria_after: str | None = None
    versions: list[ResultVersion] = []
    changes: list[ResultChange] = []


class Control(Data):
    """A sabotaged variant and what the criteria made of it; `passed` and `caught` are None where it was not run.

    `passed`: not supported, as it must not be. `caught`: refuted, which shows more; None also where an older report
    did not tell it apart. `because`: why the criteria said what they did, in plain words.
    """

    id: str
    title: str
    why: str
    verdict: Verdict
    passed: bool | None
    text: str
    caught: bool | None = None
    because: str = ""


class Point(Data):
    """A point of a sensitivity: each expectation's estimate and verdict there, and the parts they are made of.

    `because`: why each came out so, in plain words; empty in older reports.
    """

    label: str
    estimates: list[str]
    verdicts: list[Verdict]
    parts: list[list[Part]] = []
    because: list[str] = []


class Sensitivity(Data):
    """Expectations judged over a grid of protocols. `expectations` are titles, `ids` the claim's ids of the same."""

    id: str
    title: str
    why: str
    expectations: list[str]
    points: list[Point]
    text: str
    ids: list[str] = []
