"""Children that run a campaign and die at a chosen point: ``python -m tests.survival.nursery``.

Everything is imported once; each line of standard input is a request, for which a child is forked. A point is the
moment before or after any statement that a database is sent, before any commit, and before and after a host begins
and ends a step. The child carries out the body of the flow ``waves`` with its batches one after another, without
Prefect, whose state decides nothing.
"""

import json
import os
import signal
import sys
import traceback
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TypedDict

from sqlalchemy import Engine, event

import flows.campaign as flow
from benchmarks.stub_world import CAMPAIGN
from flows import spreading
from flows.acts import Act
from flows.batches import _batches, close_run
from flows.services import services_of
from muster.ids import CampaignId, HostId, RunnerId
from push import runners
from push.attempts import push_batch
from tests.scale import standin


class Request(TypedDict):
    """What a child is to do.

    ``die_at``: the number of the point, 0 for never. ``later_s``: by how much its leases' clock is ahead.
    ``elsewhere``: its runner says that it is of another machine, so that only its leases tell that it is dead.
    """

    workspace: str
    hosts: str
    die_at: int
    later_s: float
    elsewhere: bool


@dataclass
class Points:
    """Counts the points that this process passes, and dies at one."""

    die_at: int
    passed: int = 0
    _lock: Lock = field(default_factory=Lock)

    def here(self, *_given: object) -> None:
        """One more."""
        with self._lock:
            self.passed += 1
            if self.passed == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Be told of everything that a database is asked, and that is done at a host."""
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(Engine, name, self.here)
        write = standin.FileHosts._write

        def overheard(hosts: standin.FileHosts, *said: str) -> None:
            self.here()
            write(hosts, *said)  # type: ignore[arg-type]  # as they were given
            self.here()

        setattr(standin.FileHosts, "_write", overheard)  # noqa: B010 - mypy knows that it is a method


def carry_out_plainly(workspace: str, campaign_id: str, host_ids: list[HostId], act: Act) -> None:
    """The same batches as a flow's tasks, one after another."""
    services = services_of(workspace)
    context = services.context(CampaignId(campaign_id))
    for batch in _batches(services, CampaignId(campaign_id), host_ids):
        push_batch(context, batch.host_ids, wave=act.wave, step=act.step)


def live(request: Request, report: int) -> None:
    """The whole life of a child."""
    os.environ[standin.FOLDER_VARIABLE] = request["hosts"]
    os.environ[standin.LATER_VARIABLE] = str(request["later_s"])
    if request["elsewhere"]:
        mine = RunnerId(f"another-machine:{os.getpid()}:1.00")
        vars(sys.modules["muster.wiring"])["this_runner"] = lambda: mine
        vars(runners)["this_runner"] = lambda: mine
    vars(spreading)["carry_out_here"] = carry_out_plainly
    vars(flow)["close_run"] = partial(close_run.fn)
    points = Points(request["die_at"])
    services = services_of(request["workspace"])
    points.watch()
    flow.waves.fn(request["workspace"], str(CAMPAIGN), ahead=True, retry=False)
    services.close()
    os.write(report, str(points.passed).encode())


def answer(request: Request) -> dict[str, object]:
    """Fork a child and wait for its end."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(reading)
            live(request, writing)
            code = 0
        except BaseException:  # noqa: BLE001 - told, and never let into the parent's code
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(reading) as report:
        passed = report.read()
    return {"killed": os.WIFSIGNALED(status), "code": os.waitstatus_to_exitcode(status), "points": int(passed or 0)}


def main() -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
