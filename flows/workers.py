"""Hand flows to Prefect workers: the other side of the engine's seam.

Every machine that runs ``prefect worker start --pool muster`` in an environment with Muster takes part. It needs the
same workspace folder (a share, or a copy with the same ledger on PostgreSQL) under the same path.
"""

import asyncio
import time
from collections.abc import Mapping

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled
from prefect.types.entrypoint import EntrypointType

from flows.campaign import FLOWS
from flows.engine import CarryOut, Parameter
from muster.errors import EngineError

DEPLOYMENT = "muster"
LOOK_SECONDS = 1.0
TAKEN_WITHIN_S = 120.0
"""A flow that no worker has begun after this long is taken back, so that nobody waits for a pool without workers."""


def on_workers(work_pool: str) -> CarryOut:
    """What carries flows out on the workers of a pool; the pool and the deployments are made where they are missing."""

    def carry_out(flow: str, parameters: Mapping[str, Parameter]) -> None:
        ended = asyncio.run(_carry_out(flow, parameters, work_pool))
        state = ended.state
        if state is None or not state.is_completed():
            said = state.message if state is not None and state.message else "it did not say why"
            raise EngineError(
                f"the flow {flow!r} ended on a worker as {state.name if state else 'nothing'}: {said}",
                hint="what was achieved is in the ledger: muster status; then carry on with muster run",
            )

    return carry_out


async def _carry_out(flow: str, parameters: Mapping[str, Parameter], work_pool: str) -> FlowRun:
    async with get_client() as client:
        await _make_pool(client, work_pool)
        # by its module's name: loaded by a file's path, its classes would exist twice
        deployment = await FLOWS[flow].ato_deployment(
            name=DEPLOYMENT, work_pool_name=work_pool, entrypoint_type=EntrypointType.MODULE_PATH
        )
        await deployment.aapply()
        handed = await arun_deployment(
            f"{flow}/{DEPLOYMENT}", client=client, parameters=dict(parameters), timeout=0, as_subflow=False
        )
        return await _ended(client, handed, work_pool)


async def _make_pool(client: PrefectClient, work_pool: str) -> None:
    try:
        await client.read_work_pool(work_pool)
    except ObjectNotFound:
        await client.create_work_pool(WorkPoolCreate(name=work_pool, type="process"))


async def _ended(client: PrefectClient, handed: FlowRun, work_pool: str) -> FlowRun:
    """Wait for the end: without limit once it is begun, because pushes have their own deadlines.

    Raises:
        EngineError: no worker began it.
    """
    given_up_at = time.monotonic() + TAKEN_WITHIN_S
    while True:
        now = await client.read_flow_run(handed.id)
        if now.state is not None and now.state.is_final():
            return now
        begun = now.start_time is not None
        if not begun and time.monotonic() > given_up_at:
            await client.set_flow_run_state(handed.id, Cancelled(message="no worker began it"), force=True)
            raise EngineError(
                f"no worker of the pool {work_pool!r} began the flow within {TAKEN_WITHIN_S:.0f} s",
                hint=f"start one: prefect worker start --pool {work_pool}; or set engine: in-process",
            )
        await asyncio.sleep(LOOK_SECONDS)
