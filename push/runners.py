"""Who pushes: the name of this process, and which processes of this machine are known to be dead.

A lease names its runner. A runner of this machine that is gone need not be waited for: its leases can be taken over
at once. Runners of other machines are only known by their leases, which run out.
"""

import socket
from collections.abc import Iterable

import psutil

from muster.ids import RunnerId


def this_runner() -> RunnerId:
    """The name of this process: machine, process id and start time, so that a reused process id is another name."""
    me = psutil.Process()
    return RunnerId(f"{socket.gethostname()}:{me.pid}:{me.create_time():.2f}")


def dead_runners(runners: Iterable[RunnerId]) -> tuple[RunnerId, ...]:
    """Those of ``runners`` that ran on this machine and do so no more."""
    return tuple(runner for runner in runners if _is_dead(runner))


def _is_dead(runner: RunnerId) -> bool:
    machine, pid, start = runner.rsplit(":", 2)
    if machine != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" != start or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
