"""A real Slurm of six nodes on this machine, for as long as a test needs it: Debian's packages, as root.

Daemons of its own in a folder of its own, munge's included: what the machine may have of Slurm is not touched. Nodes
have one core each, no accounting (`sacct` does not answer) and no control groups. One of them has a partition of its
own, "apart", for jobs whose end takes long, so that nobody waits for it who need not.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.clusters import free_ports, processes_that_know, wait_until

NODES = ("n1", "n2", "n3", "n4", "n5")

APART = "n6"

DAEMONS = ("munged", "slurmctld", "slurmd")

REQUEUED_SECONDS = 10
"""How long a job that is queued again waits (two minutes, unless told otherwise).

A node takes no job whose leave to run was given in the second in which it was taken away from the one before.
"""

ENDED = {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED"}

CONFIGURATION = """\
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={requeued_seconds}
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,sched_interval=2,bf_interval=2
ReturnToService=0
MpiDefault=none
SlurmctldPort={port}
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=all Nodes={nodes} Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes={nodes} MaxTime=INFINITE State=UP PriorityTier=2 PreemptMode=OFF
PartitionName=apart Nodes={apart} MaxTime=INFINITE State=UP PriorityTier=1
"""


def missing() -> str | None:
    """Return why no Slurm can be started here; None where one can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "a Slurm of one's own is started as root, on Linux"
    lacking = [name for name in DAEMONS if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed: apt-get install slurm-wlm munge"
    return None


class Slurm:
    """The cluster; `environment` is that of those who use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    def says(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it says."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout

    def states(self, *arrays: str) -> dict[str, str]:
        """Return job id → state, of the jobs of some arrays that have not ended; one that is queued again has not."""
        lines = self.says("squeue", "--noheader", "--array", "--states=all", "--format=%i %T").splitlines()
        return {
            job: state
            for job, state in (line.split() for line in lines)
            if state not in ENDED and (not arrays or job.partition("_")[0] in arrays)
        }

    def node_of(self, job: str) -> str:
        """Return the node that a job runs on."""
        return self.says("squeue", "--noheader", "--jobs", job, "--format=%N").strip()

    def processes_of(self, job: str) -> Callable[[], list[int]]:
        """Return what tells of the processes that a job has, when it has ended, too."""
        number = self.says("squeue", "--noheader", "--jobs", job, "--format=%A").strip()
        return lambda: processes_that_know(f"\0SLURM_JOB_ID={number}\0")

    def set_down(self, node: str) -> None:
        """Take a node away from whatever runs on it."""
        self.says("scontrol", "update", f"nodename={node}", "state=down", "reason=trial")

    def bring_back(self, node: str) -> None:
        """Give a node back."""
        self.says("scontrol", "update", f"nodename={node}", "state=resume")


@contextmanager
def running(folder: Path) -> Iterator[Slurm]:
    """Start a cluster; all of its daemons, and what they have started, are dead afterwards."""
    slurm = Slurm(folder)
    (folder / "state").mkdir(parents=True)
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    host = socket.gethostname().partition(".")[0]
    port, *ports = free_ports(1 + len(NODES) + 1)
    text = CONFIGURATION.format(
        folder=folder,
        host=host,
        user=_user(),
        port=port,
        nodes=",".join(NODES),
        apart=APART,
        requeued_seconds=REQUEUED_SECONDS,
    )
    nodes = [
        f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={at} CPUs=1 State=UNKNOWN\n"
        for name, at in zip((*NODES, APART), ports, strict=True)
    ]
    (folder / "slurm.conf").write_text("".join([text, *nodes]), encoding="utf-8")
    munge = [f"--{name}-file={folder / f'munged.{name}'}" for name in ("pid", "log", "seed")]
    commands = [
        [
            "munged",
            "--foreground",
            "--force",
            f"--key-file={key}",
            f"--socket={folder / 'munge.socket'}",
            *munge,
        ],
        ["slurmctld", "-D"],
        *(["slurmd", "-D", "-N", node] for node in (*NODES, APART)),
    ]
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
            daemons.append(subprocess.Popen(command, env=slurm.environment, **quiet))  # type: ignore[call-overload]
            if command[0] == "munged":
                wait_until((folder / "munge.socket").exists)
        wait_until(lambda: _idle(slurm) == len(NODES) + 1)
        yield slurm
    finally:
        with suppress(subprocess.CalledProcessError, OSError):
            slurm.says("scancel", "--user", _user())
            wait_until(lambda: not slurm.states(), 15)
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for process in processes_that_know(str(folder / "slurm.conf")):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def _idle(slurm: Slurm) -> int:
    try:
        return (
            slurm.says("sinfo", "--noheader", "--partition=all,apart", "--Node", "--format=%T")
            .split()
            .count("idle")
        )
    except subprocess.CalledProcessError:
        return 0


def _user() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name
