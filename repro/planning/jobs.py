"""Jobs, and the plan that they make up: plain data, handed from planning to execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from repro.command_spec import AnyRun, Conduct
from repro.planning.costs import START_UP_SECONDS, Outlay
from repro.planning.rough import CPU
from repro.planning.span import Span
from repro.registry import DataRef
from repro.spec import ReadingSpec, RunSpec, Until


@dataclass(frozen=True)
class Job:
    """One unit of work: train a run if it is missing, then take the missing readings from it.

    Attributes:
        run: the run to train or to read from; None for readings that need no run.
        train: whether the run is missing.
        kept: whether what its command wrote is there, so that it is only read.
        unknown: whether nobody can say how long it takes; its `wall_seconds` only weigh it beside others.
        readings: the missing readings.
        reading_seconds: predicted of each of them, of `wall_seconds`.
        claims: who needs it.
        reason: why it is carried out (again).
        wall_seconds: predicted, on one worker.
        between: what it may take at least and at most, where it may end early; None where that is not in question.
        source: where the run's dataset lies, if it is a user's.
        until: how far the run is to be trained; None: to its end.
        conduct: how a command is treated that carries the run out; None where it is trained here.
    """

    run: AnyRun | None
    train: bool
    readings: tuple[ReadingSpec, ...]
    claims: tuple[str, ...]
    reason: str
    wall_seconds: float
    source: DataRef | None = None
    until: Until | None = None
    between: tuple[float, float] | None = None
    conduct: Conduct | None = None
    kept: bool = False
    unknown: bool = False
    reading_seconds: tuple[float, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether a run is to be made: one that is kept is read anew, and a net trained elsewhere is measured only."""
        pretrained = isinstance(self.run, RunSpec) and self.run.weights is not None
        return self.train and not self.kept and not pretrained

    @property
    def key(self) -> str:
        """The key of the run, or of the first reading."""
        return self.run.key if self.run else self.readings[0].key

    @property
    def title(self) -> str:
        """A short name for people."""
        return self.run.title if self.run else self.readings[0].probe


@dataclass(frozen=True)
class Plan:
    """What is needed now.

    Attributes:
        jobs: in the order to carry them out.
        held: jobs that wait until every net of a claim that needs them is known to be the paper's.
        stopped: claim id → which of its nets is not the paper's; nothing more is trained for it.
        pending: run key → what to bring, for runs whose data is not at hand.
        present: runs that are needed and there.
        shared: runs that more than one claim needs.
        follow: at most so many runs may follow.
        follow_seconds: their predicted wall seconds on one worker.
        follow_between: what they may take at least and at most.
        chain: seconds of the longest row of runs of which each waits for the one before, whatever the workers.
        basis: what the predicted times rest on.
        pending_outlays: what to bring → what the runs that wait for it would cost.
        device: the kind of device that predicted times are of.
        unknown_follow: of those that may follow, how many nobody can say of how long they take.
    """

    jobs: tuple[Job, ...]
    held: tuple[Job, ...] = ()
    stopped: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)
    present: int = 0
    shared: int = 0
    follow: int = 0
    follow_seconds: float = 0.0
    follow_between: tuple[float, float] = (0.0, 0.0)
    chain: Span = Span()  # noqa: RUF009 - frozen
    basis: str = ""
    pending_outlays: Mapping[str, Outlay] = field(default_factory=dict)
    device: str = CPU
    unknown_follow: int = 0

    @property
    def unknown(self) -> int:
        """Runs of which nobody can say how long they take; no predicted time has a part of them."""
        return sum(job.unknown for job in (*self.jobs, *self.held)) + self.unknown_follow

    @property
    def runs(self) -> int:
        """Runs to be trained, those that are held back included."""
        return sum(job.trains for job in (*self.jobs, *self.held))

    @property
    def kept(self) -> int:
        """Runs that are read anew of what their command has written, and not made."""
        return sum(job.kept for job in (*self.jobs, *self.held))

    def wall_seconds(self, workers: int) -> float:
        """Return the predicted wall seconds on `workers` workers, start-up and runs that may follow included."""
        seconds = [job.wall_seconds for job in self._predicted]
        if not seconds:
            return 0.0
        return START_UP_SECONDS + max(
            (sum(seconds) + self.follow_seconds) / workers, self.chain.likely, *seconds
        )

    def wall_seconds_between(self, workers: int) -> tuple[float, float] | None:
        """Return what all may take at least and at most; None where it is not open how far runs go."""
        jobs = self._predicted
        low, high = (
            sum(job.between[end] if job.between else job.wall_seconds for job in jobs)
            + self.follow_between[end]
            for end in (0, 1)
        )
        if not jobs or low == high:
            return None
        low, high = max(low / workers, self.chain.low), max(high / workers, self.chain.high)
        return START_UP_SECONDS + low, START_UP_SECONDS + high

    @property
    def _predicted(self) -> list[Job]:
        return [job for job in (*self.jobs, *self.held) if not job.unknown]
