"""Hand flows to Prefect workers: the other side of the engine's seam.

Every machine that runs ``muster worker`` takes part (docs/operations.md). It needs a workspace folder with the same
``muster.yml`` and campaign content, a ledger on PostgreSQL, and its own credentials. A flow that leads goes to the
queue ``campaigns``; the parts that it hands out go to the queue of their reach.
"""

import asyncio
import os
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.states import Cancelled
from prefect.types.entrypoint import EntrypointType

from flows.acts import Act, Part
from flows.alive import Watch
from flows.campaign import FLOWS
from flows.engine import CarryOut, Parameter
from flows.outlasting import RUN_VARIABLE
from flows.reach import CAMPAIGNS, queue_of
from flows.spreading import Handed
from muster.errors import EngineError

DEPLOYMENT = "muster"
LOOK_SECONDS = 1.0
TAKEN_WITHIN_S = 120.0
"""A flow that no worker has begun after this long is taken back, so that nobody waits for a pool without workers."""
SERVED_WITHIN_S = 60.0
"""A queue that no worker has looked at for this long is served by nobody; workers look every few seconds."""
TRIES = 5
"""How often a leading flow is handed over, in all, when the process that carries it out dies."""


def on_workers(work_pool: str) -> CarryOut:
    """What carries flows out on the workers of a pool; the pool and the deployments are made where they are missing."""

    def carry_out(flow: str, parameters: Mapping[str, Parameter]) -> None:
        for _ in range(TRIES):
            ended = asyncio.run(_carry_out(flow, parameters, work_pool))
            if ended is None or not ended.is_crashed():
                break
        if ended is None or not ended.is_completed():
            raise EngineError(
                f"the flow {flow!r} ended on a worker as {ended.name if ended else 'nothing'}: {_said(ended)}",
                hint="what was achieved is in the ledger: muster status; then carry on with muster run",
            )

    return carry_out


def hand_out(workspace: str, campaign_id: str, parts: Sequence[Part], act: Act) -> Handed:
    """Hand parts to the queues of their reaches, in the pool that the calling flow runs in, and wait for their ends."""
    common: dict[str, Parameter] = {"workspace": workspace, "campaign_id": campaign_id}
    common |= {"what": act.what, "wave": act.wave, "step": act.step.value}
    return asyncio.run(_hand_out(UUID(os.environ[RUN_VARIABLE]), parts, common))


async def _carry_out(flow: str, parameters: Mapping[str, Parameter], work_pool: str) -> State | None:
    async with get_client() as client:
        await _make_pool(client, work_pool)
        await _deploy(flow, work_pool, CAMPAIGNS)
        handed = await _start(client, flow, parameters, CAMPAIGNS)
        return await _ended(client, handed, work_pool)


async def _hand_out(mine: UUID, parts: Sequence[Part], common: Mapping[str, Parameter]) -> Handed:
    async with get_client() as client:
        work_pool = str((await client.read_flow_run(mine)).work_pool_name)
        served = {part.reach: await _is_served(client, work_pool, queue_of(part.reach)) for part in parts}
        await _deploy("part", work_pool, queue_of(""))
        out: dict[UUID, Part] = {}
        for part in parts:
            if served[part.reach]:
                parameters = {**common, "host_ids": [str(host_id) for host_id in part.host_ids]}
                out[(await _start(client, "part", parameters, queue_of(part.reach))).id] = part
        alone = tuple(part for part in parts if not served[part.reach] and not part.reach)
        absent = frozenset(part.reach for part in parts if not served[part.reach] and part.reach)
        return await _Watch(client, work_pool, out).until_all_have_ended(alone, absent)


@dataclass(slots=True)
class _Watch:
    """Waits for parts that were handed out."""

    client: PrefectClient
    work_pool: str
    out: dict[UUID, Part]

    async def until_all_have_ended(self, not_taken: tuple[Part, ...], absent: frozenset[str]) -> Handed:
        """What became of them; those that nobody began in time are taken back."""
        left, ends, handed_at = set(self.out), dict[UUID, State](), time.monotonic()
        taken_back: list[Part] = []
        living = Watch(self.client)
        while left:
            runs = await self._read(left)
            await living.bury(runs)
            for run in runs:
                if run.state is not None and run.state.is_final():
                    ends[run.id] = run.state
                    left.discard(run.id)
                elif run.start_time is None and await self._is_overdue(run.id, time.monotonic() - handed_at):
                    await _take_back(self.client, run.id)
                    taken_back.append(self.out[run.id])
                    left.discard(run.id)
            await asyncio.sleep(LOOK_SECONDS if left else 0)
        died = tuple(self.out[key] for key, state in ends.items() if state.is_crashed())
        failed = tuple(_said(state) for state in ends.values() if not (state.is_completed() or state.is_crashed()))
        return Handed(died, (*not_taken, *taken_back), absent, failed)

    async def _read(self, ids: Collection[UUID]) -> list[FlowRun]:
        return await self.client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(ids))))

    async def _is_overdue(self, key: UUID, waited_s: float) -> bool:
        """A part for home can be done by whoever leads; elsewhere, workers that are busy are waited for."""
        if waited_s < TAKEN_WITHIN_S:
            return False
        reach = self.out[key].reach
        return not reach or not await _is_served(self.client, self.work_pool, queue_of(reach))


async def _deploy(flow: str, work_pool: str, queue: str) -> None:
    """Make the deployment, or bring it to this version of the flow."""
    # by its module's name: loaded by a file's path, its classes would exist twice
    deployment = await FLOWS[flow].ato_deployment(
        name=DEPLOYMENT, work_pool_name=work_pool, work_queue_name=queue, entrypoint_type=EntrypointType.MODULE_PATH
    )
    await deployment.aapply()


async def _start(client: PrefectClient, flow: str, parameters: Mapping[str, Parameter], queue: str) -> FlowRun:
    return await arun_deployment(
        f"{flow}/{DEPLOYMENT}",
        client=client,
        parameters=dict(parameters),
        timeout=0,
        as_subflow=False,
        work_queue_name=queue,
    )


def make_queues(work_pool: str, queues: Sequence[str]) -> None:
    """Make the pool and these queues of it where they are missing: a worker that names a missing one gets nothing."""
    asyncio.run(_make_queues(work_pool, queues))


async def _make_queues(work_pool: str, queues: Sequence[str]) -> None:
    async with get_client() as client:
        await _make_pool(client, work_pool)
        for queue in queues:
            try:
                await client.read_work_queue_by_name(queue, work_pool)
            except ObjectNotFound:
                with suppress(ObjectAlreadyExists):  # another worker was first
                    await client.create_work_queue(queue, work_pool_name=work_pool)


async def _make_pool(client: PrefectClient, work_pool: str) -> None:
    try:
        await client.read_work_pool(work_pool)
    except ObjectNotFound:
        with suppress(ObjectAlreadyExists):
            await client.create_work_pool(WorkPoolCreate(name=work_pool, type="process"))


async def _is_served(client: PrefectClient, work_pool: str, queue: str) -> bool:
    """Whether a worker has looked at a queue just now."""
    try:
        polled = (await client.read_work_queue_by_name(queue, work_pool)).last_polled
    except ObjectNotFound:
        return False
    return polled is not None and (datetime.now(UTC) - polled).total_seconds() < SERVED_WITHIN_S


async def _ended(client: PrefectClient, handed: FlowRun, work_pool: str) -> State | None:
    """Wait for the end: without limit once it is begun, because pushes have their own deadlines.

    Raises:
        EngineError: no worker began it.
    """
    given_up_at = time.monotonic() + TAKEN_WITHIN_S
    living = Watch(client)
    while True:
        now = await client.read_flow_run(handed.id)
        await living.bury((now,))
        if now.state is not None and now.state.is_final():
            return now.state
        begun = now.start_time is not None
        if not begun and time.monotonic() > given_up_at:
            await _take_back(client, handed.id)
            raise EngineError(
                f"no worker of the pool {work_pool!r} began the flow within {TAKEN_WITHIN_S:.0f} s",
                hint="start one: muster worker; or set engine: in-process",
            )
        await asyncio.sleep(LOOK_SECONDS)


async def _take_back(client: PrefectClient, key: UUID) -> None:
    await client.set_flow_run_state(key, Cancelled(message="no worker began it"), force=True)


def _said(state: State | None) -> str:
    return state.message if state is not None and state.message else "it did not say why"
