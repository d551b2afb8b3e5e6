"""Carries out the reconciler's flow runs in a process that stays, one for each span of the schedule.

``python -m flows.hand WORKSPACE``. Prefect's own worker starts a process for each flow run, which costs about six
seconds of a core; for a look every minute that is a tenth of a machine. This one has everything loaded. Several hands
at one Prefect server share its flow runs, and however many looks are taken, each thing is begun once: that is the
ledger's doing (``flows.reconcile_duties``), not Prefect's.

The hand makes the flow run of each span itself, under a key of the span's own, so that two hands make one and a day
without a server leaves no heap of late ones. The server's scheduler, which would make a hundred ahead, is not used:
that of Prefect 3.8 fails on SQLAlchemy 2.1 (it inserts through hybrid properties that have no bulk setter).
"""

import asyncio
import hashlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import TYPE_CHECKING
from uuid import UUID

import httpx

from flows.engine import prefect_api
from flows.services import services_of
from muster.errors import MusterError
from muster.settings import Settings, load_settings

if TYPE_CHECKING:  # imported once Prefect's settings are made
    from prefect.client.orchestration import SyncPrefectClient

LOGGER = logging.getLogger("muster.hand")
LOOK_S = 2.0
LONGEST_LOOK_S = 30.0
"""While Prefect's server does not answer, it is asked less and less often, at least once in so long."""
LAST_WORDS_S = 20.0
"""How long pushes that were broken off have to write down how they ended."""
KEPT = timedelta(days=2)
"""How long looks that are over stay on Prefect's screens; a look a minute would fill its database."""
TIDY_EVERY, TIDIED_AT_ONCE = 60, 200
AT_ONCE = 64
"""Flow runs at one time: one stays as long as its longest push, and others begin what comes due meanwhile."""


class Hand:
    """Takes the flow runs of one workspace's reconciler and carries each out in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._workspace = str(settings.workspace)
        self._left = Event()
        self._threads: list[Thread] = []
        self._slot = 0

    def leave(self) -> None:
        """Take nothing more, and break off safely what is under way."""
        self._left.set()
        services_of(self._workspace).interrupt()

    def work(self) -> None:
        """Until it is told to leave, or whoever started it is gone."""
        parent, pause_s = os.getppid(), 0.0
        deployment: UUID | None = None
        while not self._left.wait(pause_s) and os.getppid() == parent:
            try:
                deployment = deployment or self._deploy()
                self._take(deployment)
                pause_s = LOOK_S
            except _troubles() as error:
                LOGGER.warning("Prefect's server does not do as it is asked: %s", _line(error))
                pause_s = min(LONGEST_LOOK_S, max(LOOK_S, pause_s * 2))
                deployment = None  # a server with a new database knows it no more
        if not self._left.is_set():
            LOGGER.warning("the process that started this one is gone")
            self.leave()
        end = time.monotonic() + LAST_WORDS_S
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _deploy(self) -> UUID:
        """The deployment of this workspace."""
        made = asyncio.run(self._make_deployment())
        LOGGER.info("looks every %g s for what is due", self._settings.reconcile_every_s)
        return made

    async def _make_deployment(self) -> UUID:
        from prefect.types.entrypoint import EntrypointType

        from flows.reconcile import reconcile

        deployment = await reconcile.ato_deployment(
            name=deployment_name(self._settings.workspace),
            parameters={"workspace": self._workspace},
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        return await deployment.aapply()

    def _take(self, deployment: UUID) -> None:
        """Begin the newest look that is due, this span's or one that a person asked for; older ones see the same."""
        from prefect.client.orchestration import get_client
        from prefect.client.schemas import OrchestrationResult
        from prefect.client.schemas.responses import SetStateStatus
        from prefect.states import Cancelled, Pending, Scheduled

        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= AT_ONCE:
            return
        slot = int(time.time() // self._settings.reconcile_every_s)
        with get_client(sync_client=True) as client:
            if slot != self._slot:
                key = f"{deployment} {slot}"
                client.create_flow_run_from_deployment(deployment, idempotency_key=key, state=Scheduled())
                self._slot = slot
                if slot % TIDY_EVERY == 0:
                    self._tidy(client, deployment)
            found = client.get_scheduled_flow_runs_for_deployments([deployment], datetime.now(UTC), limit=100)
            newest_first = sorted(found, key=lambda run: str(run.next_scheduled_start_time), reverse=True)
            for run in newest_first[1:]:
                client.set_flow_run_state(run.id, Cancelled(message="a later look sees the same"), force=True)
            for run in newest_first[:1]:
                answer: OrchestrationResult[object] = client.set_flow_run_state(run.id, Pending())
                if answer.status is SetStateStatus.ACCEPT:
                    self._begin(run.id)

    def _tidy(self, client: "SyncPrefectClient", deployment: UUID) -> None:
        """Take looks that are long over out of Prefect's database; what they began is in the ledger."""
        from prefect.client.schemas import filters

        over = client.read_flow_runs(
            deployment_filter=filters.DeploymentFilter(id=filters.DeploymentFilterId(any_=[deployment])),
            flow_run_filter=filters.FlowRunFilter.model_validate({"end_time": {"before_": datetime.now(UTC) - KEPT}}),
            limit=TIDIED_AT_ONCE,
        )
        for run in over:
            client.delete_flow_run(run.id)

    def _begin(self, run_id: UUID) -> None:
        thread = Thread(target=self._carry_out, args=(run_id,), name="muster-look", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _carry_out(self, run_id: UUID) -> None:
        from prefect.client.orchestration import get_client
        from prefect.flow_engine import run_flow_sync

        from flows.reconcile import reconcile

        try:
            with get_client(sync_client=True) as client:
                run = client.read_flow_run(run_id)
            run_flow_sync(reconcile, flow_run=run, parameters={"workspace": self._workspace})
        except MusterError as error:
            LOGGER.warning("%s", error.message)
        except Exception as error:  # noqa: BLE001 - one look that failed is a line in the log; the next one comes
            LOGGER.warning("a look failed: %s", _line(error))


def deployment_name(workspace: Path) -> str:
    """The name of a workspace's reconciler at a Prefect server that several may share."""
    return f"{workspace.name}-{hashlib.sha256(str(workspace).encode()).hexdigest()[:8]}"


def _troubles() -> tuple[type[Exception], ...]:
    """What a server that is away makes of a request; Prefect is imported only once its settings are made."""
    from prefect.exceptions import PrefectException

    return (httpx.HTTPError, PrefectException, OSError)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def main(arguments: Iterable[str]) -> int:
    """Work for a workspace until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("muster").setLevel(logging.INFO)
    settings = load_settings(Path(next(iter(arguments))).resolve())
    hand = Hand(settings)

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        Thread(target=hand.leave, name="muster-leave", daemon=True).start()  # a signal may come while a lock is held

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with prefect_api(settings.path(settings.prefect_home), idle_s=settings.prefect_idle_s):
        hand.work()
    with suppress(MusterError):
        services_of(str(settings.workspace)).close()
    LOGGER.info("left")
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads of Prefect's client that hand in last events would keep the process for minutes
