"""What is told while a check runs: one count, a time left by the speed that was seen, and never less than nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.cli.progress import PLAIN_EVERY_SECONDS, ProgressView
from repro.execution import Progress
from repro.planning.jobs import Job, Plan
from tests.support.helpers import spec_of


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def jobs(first: int, count: int, seconds: float = 10.0, claim: str = "p/c") -> tuple[Job, ...]:
    return tuple(
        Job(spec_of(seed=seed), True, (), (claim,), "", seconds) for seed in range(first, first + count)
    )


def view_of(plan: Plan, workers: int = 2) -> tuple[ProgressView, Clock]:
    clock = Clock()
    view = ProgressView(quiet=False, workers=workers, clock=clock)
    view.expect(plan)
    return view, clock


def at(done: int, total: int, work_done: float, work_total: float, failed: int = 0) -> Progress:
    return Progress(done, failed, total, work_done, work_total)


def test_before_anything_was_seen_the_time_left_is_the_predicted_one() -> None:
    view, clock = view_of(Plan(jobs(0, 10)))
    assert view.seconds_left(at(0, 10, 0.0, 100.0)) is None, "workers are starting"
    clock.now += 30  # start-up is no measure of speed
    assert view.seconds_left(at(0, 10, 1e-9, 100.0)) == pytest.approx(50, rel=0.01)


def test_the_speed_that_was_seen_takes_over() -> None:
    view, clock = view_of(Plan(jobs(0, 10)))
    view.seconds_left(at(0, 10, 1e-9, 100.0))
    clock.now += 80  # half the work, in four times the time predicted for it
    left = view.seconds_left(at(5, 10, 50.0, 100.0))
    assert left is not None
    # 80 s is right if the speed stays; the prediction, 25 s, still counts a little.
    assert 70 < left < 80


@given(st.floats(0, 200), st.floats(1, 100), st.floats(0, 1e4), st.integers(0, 9))
def test_the_time_left_is_never_negative(work: float, total: float, elapsed: float, failed: int) -> None:
    view, clock = view_of(Plan(()))
    for _ in range(2):
        left = view.seconds_left(at(1, 10, work, total, failed))
        assert left is None or left >= 0
        clock.now += elapsed


def lines(view: ProgressView, clock: Clock, progress: Progress, capsys: pytest.CaptureFixture[str]) -> str:
    clock.now += PLAIN_EVERY_SECONDS + 1
    view.show(progress)
    return capsys.readouterr().err.strip()


def test_of_runs_of_unknown_time_the_first_tells() -> None:
    view, clock = view_of(Plan(tuple(replace(job, unknown=True) for job in jobs(0, 4, 60.0))), workers=1)
    assert view.seconds_left(at(0, 4, 30.0, 240.0)) is None
    clock.now += 500.0
    assert view.seconds_left(at(0, 4, 57.0, 240.0)) is None
    assert view.seconds_left(at(1, 4, 60.0, 240.0)) == pytest.approx(1500.0)


def test_what_is_held_back_is_counted_from_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    first, held = jobs(0, 2, 1.0), jobs(2, 8)
    view, clock = view_of(Plan(first, held=held))
    before = lines(view, clock, at(1, 2, 1.0, 2.0), capsys)
    assert before.startswith("1 of 10 jobs, 1%")
    # Later they are let go: the count stays, and nobody calls them new.
    view.expect(Plan((*first, *held)))
    assert capsys.readouterr().err == ""
    assert lines(view, clock, at(2, 10, 2.0, 82.0), capsys).startswith("2 of 10 jobs, 2%")


def test_what_may_follow_is_told_and_part_of_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(jobs(0, 4), follow=4, follow_seconds=40.0)
    view, clock = view_of(plan, workers=1)
    view.seconds_left(at(0, 4, 1e-9, 40.0))
    clock.now += 40
    text = lines(view, clock, at(4, 4, 40.0, 40.0), capsys)
    assert text.startswith("4 of 4 jobs, at most 4 more after tuning, 50%, at most about")
    view.expect(replace(plan, jobs=jobs(4, 2), follow=0, follow_seconds=0.0))
    assert capsys.readouterr().err == "", "that these come was told"
    assert lines(view, clock, at(4, 6, 40.0, 60.0), capsys).startswith("4 of 6 jobs, 67%, about ")


def test_a_further_look_is_announced_when_it_adds_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    view, _ = view_of(Plan(jobs(0, 4)))
    view.expect(Plan(jobs(0, 4)))
    view.expect(Plan((*jobs(0, 3), replace(*jobs(3, 1), train=False))))
    assert capsys.readouterr().err == "", "the last one's readings are still missing, and were expected"
    view.expect(Plan((*jobs(0, 4), *jobs(4, 6, claim="p/open"))))
    assert capsys.readouterr().err == "6 more jobs, for a further look at p/open\n"


def test_failures_are_counted_and_the_end_has_no_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    view, clock = view_of(Plan(jobs(0, 4)))
    assert lines(view, clock, at(3, 4, 41.0, 40.0, failed=1), capsys) == "3 of 4 jobs, 1 failed, 100%"


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    view = ProgressView(quiet=True)
    view.expect(Plan(jobs(0, 1)))
    view.expect(Plan(jobs(1, 1)))
    view.show(replace(at(0, 1, 0.0, 1.0), message="broken", urgent=True))
    assert capsys.readouterr().err == ""
