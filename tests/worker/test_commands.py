"""Commands that are run, watched, ended, and gone on with; none of them a model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

from repro.cli.run_shown import run_lines
from repro.command_spec import CommandSpec, Conduct, FilesSpec, Reads
from repro.errors import ReproError
from repro.exchange import verify
from repro.exchange.loading import Loaded
from repro.source_code import files_of_command
from repro.spec import Until
from repro.store import RunRecord, Store
from repro.store.contract import wrong_with
from repro.training.checkpoints import Interrupted, Stopped
from repro.worker.commands import CommandRun
from repro.worker.machine import Machine

HEAD = """\
import json, os, pathlib, sys, time
out, arguments = pathlib.Path(sys.argv[1]), sys.argv[2:]
def row(**values):
    with open(out / "metrics.jsonl", "a") as file:
        file.write(json.dumps(values) + "\\n")
"""

COUNTS = (
    HEAD
    + """\
state = out / "state"
step = int(state.read_text()) if "--resume" in arguments else 0
if "--resume" not in arguments and state.exists():
    raise SystemExit("begun anew in a folder that is not empty")
while step < 6:
    step += 1
    row(step=step, loss=10 - step, pid=os.getpid())
    state.write_text(str(step))
    if step == 3 and "--resume" not in arguments and "hang" in arguments:
        time.sleep(600)
"""
)

CONDUCT = Conduct(("loss",), steps=6)

GOES_ON = replace(CONDUCT, resume=("--resume",), resume_needs="state")


class Bench:
    """A folder with one script, and a store."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder / "claims"
        self.folder.mkdir()
        (self.folder / "train.py").write_text(script, encoding="utf-8")
        self.store = Store(folder / "store")
        self.store.prepare()
        self.warnings: list[str] = []
        self.stop = threading.Event()
        self.until: Until | None = None
        self.machine = Machine(self.store, self.folder, torch.device("cpu"), 3)

    def spec(self, *words: str, **how: Any) -> CommandSpec:
        command = ("{python}", "train.py", "{out}", *words)
        version = files_of_command(command, self.folder, (), "").version
        spec = CommandSpec(
            command, {}, ".", {}, FilesSpec("train.py", version), Reads("metrics.jsonl", "step"), 7
        )
        return replace(spec, **how)

    def run(self, conduct: Conduct, *words: str, **how: Any) -> RunRecord:
        return self.carry_out(self.spec(*words, **how), conduct)

    def carry_out(
        self,
        spec: CommandSpec,
        conduct: Conduct,
        progress: Callable[[float | None], None] = lambda share: None,
    ) -> RunRecord:
        made = dict.fromkeys(("machine", "device", "repro", "commit"), "test")
        run = CommandRun(spec, conduct, self.machine, made, self.stop, self.warnings.append)
        record = run.carry_out(self.until, progress)
        assert wrong_with("run", record.as_json()) is None
        return record


def home(bench: Bench, record: RunRecord) -> Path:
    return bench.store.output(CommandSpec.from_json(record.spec)).home


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_run_is_what_its_command_wrote(tmp_path: Path) -> None:
    bench = Bench(tmp_path, COUNTS)
    record = bench.run(CONDUCT)
    assert record.history["step"] == [1, 2, 3, 4, 5, 6]
    assert record.history["loss"] == [9, 8, 7, 6, 5, 4]
    assert (record.outcome, record.steps_done) == ("finished", 6)
    made = record.provenance
    assert made["command"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert list(made["code"]["train.py"]) == ["train.py"]
    bench.store.put_run(record, {})
    assert bench.store.run(record.key) == record


def test_its_environment_tells_what_it_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    names = "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "MINE"
    script = (
        HEAD + f"print({{n: os.environ.get(n) for n in {names}}}, arguments, file=sys.stderr); row(loss=1)"
    )
    bench = Bench(tmp_path, script)
    record = bench.run(Conduct(("loss",)), "{seed}", "{threads}", "{device}", environment={"MINE": "x y"})
    printed = (home(bench, record) / "stderr.txt").read_text(encoding="utf-8")
    told = {"OMP_NUM_THREADS": "3", "CUDA_VISIBLE_DEVICES": "", "MINE": "x y"}
    assert printed == f"{told} {['7', '3', 'cpu']}\n"
    on_a_gpu = replace(bench.machine, device=torch.device("cuda", 1))
    assert on_a_gpu.environment(bench.spec())["CUDA_VISIBLE_DEVICES"] == "7"
    assert on_a_gpu.shared(2).threads == 1


def test_words_never_reach_a_shell(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HEAD + "row(loss=1); print(arguments)")
    record = bench.run(Conduct(("loss",)), "$(touch mine); `id` && * | > x", "{word}", values={"word": "a b"})
    printed = (home(bench, record) / "stdout.txt").read_text(encoding="utf-8")
    assert printed == str(["$(touch mine); `id` && * | > x", "a b"]) + "\n"
    assert {path.name for path in bench.folder.iterdir()} == {"train.py"}


def test_lines_of_json_may_be_printed_instead(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, HEAD + "print('hello'); print(json.dumps({'loss': 2})); print('{\"loss\": 1}', end='')"
    )
    record = bench.run(Conduct(("loss",)), reads=Reads("stdout", "step"))
    assert record.history == {"step": [1, 2], "epoch": [1, 2], "loss": [2, 1]}


@pytest.mark.parametrize(
    ("script", "conduct", "says"),
    [
        ("import sys; print('half'); sys.exit('no data at hand')", CONDUCT, "exit code 1: no data at hand"),
        ("raise ValueError('bad lr')", CONDUCT, "exit code 1: ValueError: bad lr"),
        ("print('x')", CONDUCT, r"wrote no metrics.jsonl .*\{out\} holds nothing"),
        (
            HEAD + "(out / 'metrics.jsonl').write_text('{\"step\": 1,}')",
            CONDUCT,
            "metrics.jsonl line 1 is no JSON",
        ),
        (HEAD + "row(step=6, acc=1)", CONDUCT, r"wrote no column 'loss' .*received: 'acc'"),
        (HEAD + "row(step=6, loss=float('nan'))", CONDUCT, "ended with loss = nan at step 6"),
        (HEAD + "row(step=4, loss=1)", CONDUCT, "ended at step 4 of 6"),
        (HEAD + "row(step=0.5, loss=1)", CONDUCT, "step is no whole number"),
        (
            HEAD + "row(loss=2)",
            replace(CONDUCT, shares={"loss": 1.0}),
            "loss = 2, which cannot be a fraction",
        ),
        (
            "import time; time.sleep(600)",
            replace(CONDUCT, time_limit_seconds=0.3),
            "takes longer than its time_limit",
        ),
    ],
)
def test_a_command_that_fails_says_how_and_what_it_printed_last(
    tmp_path: Path, script: str, conduct: Conduct, says: str
) -> None:
    with pytest.raises(ReproError, match=says) as error:
        Bench(tmp_path, script).run(conduct)
    assert error.value.problems[0].hint, "what to do about it"


def test_a_value_that_is_no_number_is_a_result_where_the_claim_says_so(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HEAD + "row(step=1, loss=1); row(step=2, loss=float('inf'))")
    record = bench.run(replace(CONDUCT, diverges=True))
    assert (record.outcome, record.provenance["diverged_at_step"]) == ("diverged", 2)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    bench = Bench(tmp_path, COUNTS)
    spec = replace(bench.spec(), words=("no-such-program", "train.py", "{out}"))
    with pytest.raises(ReproError, match=r"there is no such program on this machine .*no-such-program"):
        bench.carry_out(spec, CONDUCT)


def test_files_that_changed_since_the_plan_are_not_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, COUNTS)
    spec = bench.spec()
    (bench.folder / "train.py").write_text(COUNTS + "print('new')\n", encoding="utf-8")
    with pytest.raises(ReproError, match="have changed since the run was planned"):
        bench.carry_out(spec, CONDUCT)


def test_a_run_ends_at_its_target_and_its_whole_group_with_it(tmp_path: Path) -> None:
    child = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    script = (
        HEAD
        + f"import subprocess; child = {child}\nfor i in range(600): row(loss=9 - i, pid=child.pid); time.sleep(0.1)"
    )
    record = Bench(tmp_path, script).run(CONDUCT, stop_at=Until("loss", 7.0))
    assert record.history["loss"][:3] == [9, 8, 7]
    assert record.outcome == "finished"
    assert gone(int(record.history["pid"][0]))


def test_a_run_that_is_asked_to_end_goes_on_where_it_was(tmp_path: Path) -> None:
    bench = Bench(tmp_path, COUNTS)

    def ask(share: float | None) -> None:
        if share == 0.5:
            bench.stop.set()

    with pytest.raises(Interrupted):
        bench.carry_out(bench.spec("hang"), GOES_ON, ask)
    newest = bench.store.checkpoints(bench.spec("hang").key).newest()
    assert newest is not None
    assert (newest.step, newest.steps) == (3, 6)
    bench.stop.clear()
    record = bench.run(GOES_ON, "hang")
    assert record.history["loss"] == [9, 8, 7, 6, 5, 4]
    pids = record.history["pid"]
    assert pids[2] != pids[3]
    assert gone(int(pids[2]))
    parts = [(one["from_step"], one["to_step"]) for one in record.provenance["sessions"]]
    assert parts == [(0, 3), (3, 6)]
    bench.store.put_run(record, {})
    assert bench.store.checkpoints(record.key).newest() is None


def test_without_a_way_to_go_on_a_run_begins_anew_in_an_empty_folder(tmp_path: Path) -> None:
    bench = Bench(tmp_path, COUNTS)

    def ask(share: float | None) -> None:
        if share == 0.5:
            bench.stop.set()

    with pytest.raises(Interrupted):
        bench.carry_out(bench.spec("hang"), CONDUCT, ask)
    bench.stop.clear()
    conduct = replace(CONDUCT, time_limit_seconds=2.0)
    with pytest.raises(ReproError, match="time_limit"):  # it hangs again, from its beginning
        bench.run(conduct, "hang")


def test_an_attempt_that_cannot_be_gone_on_from_is_given_up(tmp_path: Path) -> None:
    script = COUNTS.replace("while step", "if '--resume' in arguments: sys.exit('state is torn')\nwhile step")
    bench = Bench(tmp_path, script.replace("time.sleep(600)", "os.kill(os.getpid(), 9)", 1))
    with pytest.raises(ReproError, match="was killed by signal 9"):
        bench.run(GOES_ON, "hang")
    newest = bench.store.checkpoints(bench.spec("hang").key).newest()
    assert newest is not None
    assert newest.step == 3, "how far it had come is known, however soon it was killed"
    with pytest.raises(ReproError, match="was killed by signal 9"):
        bench.run(GOES_ON, "hang")
    assert bench.warnings == [
        "could not go on from its earlier attempt (ended with exit code 1: state is torn): it begins anew"
    ]


def test_a_run_that_came_to_its_end_is_read_again_and_not_run(tmp_path: Path) -> None:
    bench = Bench(tmp_path, COUNTS)
    for wrong in ("los", "lost"):
        with pytest.raises(ReproError, match=rf"wrote no column '{wrong}' .*received: 'loss, pid'") as error:
            bench.run(replace(CONDUCT, columns=(wrong,)))
        assert "to have it run again, delete commands/" in str(error.value)
    for reads in (Reads("log.csv", "step"), Reads("stdout", "step")):
        with pytest.raises(ReproError, match=r"no log\.csv|no line of JSON"):
            bench.run(CONDUCT, reads=reads)
    record = bench.run(CONDUCT)
    assert record.history["loss"][-1] == 4
    assert len(record.provenance["sessions"]) == 1
    counted = bench.run(CONDUCT, reads=Reads("metrics.jsonl", "no such column"))
    assert counted.history["pid"] == record.history["pid"] == [record.history["pid"][0]] * 6
    assert counted.key != record.key
    assert counted.provenance["finished"] == record.provenance["finished"]
    assert counted.wall_seconds == record.wall_seconds
    cut = bench.run(replace(CONDUCT, steps=3), stop_at=Until("loss", 7.0))
    assert cut.history["loss"] == [9, 8, 7], "a run that is to end at a target is a part of one that did not"
    assert cut.history["pid"][0] == record.history["pid"][0]


def test_what_a_claim_reads_wrongly_is_told_at_once_and_does_not_end_the_command(tmp_path: Path) -> None:
    script = HEAD + "row(loss=30, pid=os.getpid()); row(loss=20, pid=os.getpid())"
    bench = Bench(tmp_path, script)
    fraction = Conduct(("loss",), shares={"loss": 1.0})
    with pytest.raises(ReproError, match="loss = 30, which cannot be a fraction"):
        bench.run(fraction)
    (warning,) = bench.warnings
    assert "loss = 30, which cannot be a fraction" in warning
    assert "It goes on, and what it writes is kept" in warning
    percent = bench.run(Conduct(("loss",), shares={"loss": 100.0}))
    assert percent.history["loss"] == [30, 20]


def test_rows_that_go_back_are_refused_of_a_command_that_cannot_go_on(tmp_path: Path) -> None:
    """What follows a step back was done anew only where a command goes on: else the end of the run would be lost."""
    bench = Bench(tmp_path, HEAD + "row(step=10, loss=3); row(step=50, loss=1); row(step=20, loss=2)")
    with pytest.raises(ReproError, match="wrote step 20 after step 50"):
        bench.run(Conduct(("loss",)))
    anew = bench.run(replace(Conduct(("loss",)), resume=("--resume",)))
    assert anew.history["step"] == [10, 20]


def test_an_accuracy_in_percent_that_is_never_above_one_is_a_fraction(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HEAD + "row(acc=0.1); row(acc=0.8)")
    percent = Conduct(("acc",), shares={"acc": 100.0}, accuracies=("acc",))
    with pytest.raises(ReproError, match="values from 0 to 1 as acc, which are 0% to 1%"):
        bench.run(percent)
    error = replace(percent, accuracies=())  # an error of 0.8% is nothing odd
    assert bench.run(error).history["acc"] == [0.1, 0.8]


def test_an_output_that_somebody_has_edited_is_not_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path, COUNTS)
    with pytest.raises(ReproError, match="wrote no column"):
        bench.run(replace(CONDUCT, columns=("los",)))
    output = bench.store.output(bench.spec())
    assert output.serves(bench.spec())
    written = output.written("metrics.jsonl")
    written.write_text(written.read_text().replace('"loss": 4', '"loss": 1'), encoding="utf-8")
    assert not output.serves(bench.spec())
    assert bench.run(CONDUCT).history["loss"][-1] == 4


GOES_ON_WITHOUT_STEPS = """\
import json, os, pathlib, sys
out, arguments = pathlib.Path(sys.argv[1]), sys.argv[2:]
resumes, mode = "--resume" in arguments, arguments[0]
with open(out / "metrics.jsonl", mode if resumes else "w") as file, open(out / "other.jsonl", "a") as other:
    for loss in (range(4, 7) if resumes else range(1, 4)):
        print(json.dumps({"loss": loss}), file=file, flush=True)
        print(json.dumps({"acc": loss}), file=other, flush=True)
(out / "state").touch()
os._exit(0 if resumes else 3)
"""


@pytest.mark.parametrize("mode", ["a", "w"])
def test_rows_of_two_attempts_are_those_of_one_run_whether_the_file_was_added_to_or_begun_anew(
    tmp_path: Path, mode: str
) -> None:
    bench = Bench(tmp_path, GOES_ON_WITHOUT_STEPS)
    with pytest.raises(ReproError, match="exit code 3"):
        bench.run(GOES_ON, mode)
    assert bench.run(GOES_ON, mode).history["loss"] == [1, 2, 3, 4, 5, 6]
    other = bench.run(replace(GOES_ON, columns=("acc",)), mode, reads=Reads("other.jsonl", "step"))
    assert other.history["acc"] == [1, 2, 3, 4, 5, 6], "a file that was not read before was added to"
    assert bench.warnings == []


def test_a_run_ends_where_a_quantity_that_rises_reaches_its_target(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HEAD + "for i in range(600): row(acc=60 + i); time.sleep(0.05)")
    record = bench.run(Conduct(("acc",)), stop_at=Until("acc", at_least=64.0))
    assert record.history["acc"] == [60, 61, 62, 63, 64]
    assert record.outcome == "finished"


def test_racing_takes_no_more_of_a_run_than_it_needs(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HEAD + "for i in range(600): row(loss=9 - i); time.sleep(0.1)")
    bench.until = Until("loss", -1e9, epochs=3.0)
    with pytest.raises(Stopped):
        bench.run(CONDUCT)
    history = bench.store.stopped(bench.spec().key)
    assert history is not None
    assert history["loss"][:4] == [9, 8, 7, 6]
    assert history["epoch"][-1] > 3


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_command_dies_with_whoever_started_it(tmp_path: Path) -> None:
    script = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    (tmp_path / "sleep.py").write_text(script, encoding="utf-8")
    code = (
        "import sys, time; from pathlib import Path; from repro.worker.guarded import GuardedCommand\n"
        f"here = Path({str(tmp_path)!r})\n"
        "GuardedCommand([sys.executable, 'sleep.py', 'pid'], here, {}, here / 'o', here / 'e'); time.sleep(600)"
    )
    pid = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code])
    for _ in range(100):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            break
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_a_run_was_made_with_is_kept_and_shown(tmp_path: Path) -> None:
    bench = Bench(tmp_path, HEAD + "import click; row(loss=1)")
    git(bench.folder, "init", "-q")
    git(bench.folder, "add", ".")
    git(bench.folder, "commit", "-qm", "one")
    commit = git(bench.folder, "rev-parse", "HEAD").strip()
    script = bench.folder / "train.py"
    script.write_text(script.read_text(encoding="utf-8") + "\nmine = 3\n", encoding="utf-8")
    record = bench.run(Conduct(("loss",)))
    bench.store.put_run(record, {})
    shown = "\n".join(run_lines(record, bench.store))
    assert f"git, of the command: commit {commit}, with local changes in train.py" in shown
    assert "What was not committed:" in shown
    assert "  +mine = 3" in shown
    assert record.provenance["command"]["packages"] == {"click": version("click")}
    assert f"its packages: click {version('click')}" in shown
    assert f"pytest {version('pytest')}" in shown, "all that is installed for its Python"
    assert f"what it wrote: {bench.store.output(bench.spec()).out}" in shown
    assert "threads: 3" in shown
    assert verify(bench.store, lambda paths: Loaded()) == []
