"""Which flow runs have no process any more: Prefect itself leaves the run of a dead machine as Running for ever.

A flow's process sends a heartbeat every 30 seconds (``flows.environment``). A run that has sent some and then none
for ``SILENT_S`` is looked at again; one that is still silent has no process, and is said to have crashed. To be wrong
about it is harmless: what it does beside its successor is kept apart by the ledger's leases.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter, EventResourceFilter
from prefect.states import Crashed

LOOK_S = 15.0
SILENT_S = 95.0
"""Three heartbeats and a little."""
AGAIN_S = 35.0
"""After Prefect's server was away, whoever lives has sent a heartbeat within this time."""


@dataclass(slots=True)
class Watch:
    """Looks at runs that are under way, now and then; ``bury`` may be called as often as one likes."""

    client: PrefectClient
    _looked_at: float = field(default_factory=time.monotonic)
    _silent_since: dict[UUID, float] = field(default_factory=dict)

    async def bury(self, runs: Iterable[FlowRun]) -> None:
        """Say of runs whose process is gone that they have crashed."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        for run in runs:
            if run.state is None or not run.state.is_running():
                continue
            if not await self._is_silent(run):
                self._silent_since.pop(run.id, None)
            elif now - self._silent_since.setdefault(run.id, now) >= AGAIN_S:
                said: State = Crashed(message=f"no sign of life for {SILENT_S + AGAIN_S:.0f} s: its process is gone")
                await self.client.set_flow_run_state(run.id, said, force=True)

    async def _is_silent(self, run: FlowRun) -> bool:
        """Whether it has sent heartbeats, and none for a while; one that never sent any is not judged."""
        if run.start_time is None:
            return False
        wanted = EventFilter(
            event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
            resource=EventResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
            occurred=EventOccurredFilter(since=run.start_time),
        )
        newest = (await self.client.read_events(wanted, limit=1)).events
        return bool(newest) and (datetime.now(UTC) - newest[0].occurred).total_seconds() > SILENT_S
