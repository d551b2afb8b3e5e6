"""The flows of a campaign: probe, plan, dispatch, waves, roll back, and all of it from end to end.

Order, concurrency and retries only: what a wave is, who may be touched and what an outcome means is decided in
``push/``, ``scheduler/`` and the ledger.
"""

from collections.abc import Mapping
from typing import Any, cast

from prefect import Flow, flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.batches import (
    batches,
    check_hosts_of_batch,
    close_run,
    probe_hosts_of_batch,
    push_hosts_of_batch,
    wait_for_all,
)
from flows.planning import dispatch_plan, make_plan
from flows.services import services_of
from muster.ids import CampaignId, HostId, PlanId
from muster.steps import StepName
from push.release import RETRY, RUN, Selection, refuse_when_stopped, take_over
from push.spending import BudgetWatch, stop_when_spent
from push.turns import turns_of

BATCHES_AT_ONCE = 2
"""The pusher has threads of its own; two batches overlap so that the slow tail of one does not idle them."""

RUNNER = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=BATCHES_AT_ONCE))


@flow(name="probe", task_runner=RUNNER, persist_result=False)
def probe(workspace: str, campaign_id: str, host_ids: list[str]) -> None:
    """Ask these hosts how they stand."""
    services = services_of(workspace)
    take_over(services.context(CampaignId(campaign_id)))
    futures = [
        probe_hosts_of_batch.submit(workspace, campaign_id, batch, label)
        for batch, label in batches([HostId(host_id) for host_id in host_ids], services.batch_hosts)
    ]
    wait_for_all(futures)


@flow(name="plan", persist_result=False)
def plan(workspace: str, campaign_id: str, seconds: float, seed: int) -> str:
    """Make a proposal and keep it; its id."""
    return str(make_plan(services_of(workspace), CampaignId(campaign_id), seconds=seconds, seed=seed).id)


@flow(name="dispatch", persist_result=False)
def dispatch(workspace: str, plan_id: str, by: str) -> None:
    """Make a plan binding, after checking it against the ledger of now."""
    dispatch_plan(services_of(workspace), PlanId(plan_id), by=by)


@flow(name="waves", task_runner=RUNNER, persist_result=False)
def waves(
    workspace: str,
    campaign_id: str,
    *,
    ahead: bool,
    retry: bool,
    only: list[str] | None = None,
    most: int = 0,
    wait: bool = False,
) -> None:
    """Push the hosts that are due, wave after wave, until nobody is left, a gate halts, or somebody stops it.

    ``wait``: stay until the deadline for hosts whose hours open, and for hosts that come on line.
    """
    services = services_of(workspace)
    context = services.context(CampaignId(campaign_id))
    chosen = frozenset(map(HostId, only)) if only is not None else None
    selection = Selection(RETRY if retry else RUN, ahead=ahead, only=chosen, most=most)
    turns = turns_of(context, selection, wait=wait)
    take_over(context)
    with BudgetWatch(context, turns.campaign):
        while wave := turns.next_wave():
            futures = [
                push_hosts_of_batch.submit(workspace, campaign_id, batch, wave.number, StepName.APPLY.value, label)
                for batch, label in batches(turns.left_of(wave), services.batch_hosts)
            ]
            wait_for_all(futures)
            stop_when_spent(context, turns.campaign)
            turns.settle(wave)
    close_run(workspace, campaign_id)


@flow(name="check", task_runner=RUNNER, persist_result=False)
def check(workspace: str, campaign_id: str, host_ids: list[str]) -> None:
    """A dry run: ask these hosts what apply would change; nothing is changed."""
    services = services_of(workspace)
    refuse_when_stopped(services.context(CampaignId(campaign_id)))
    futures = [
        check_hosts_of_batch.submit(workspace, campaign_id, batch, label)
        for batch, label in batches([HostId(host_id) for host_id in host_ids], services.batch_hosts)
    ]
    wait_for_all(futures)


@flow(name="roll back", task_runner=RUNNER, persist_result=False)
def rollback(workspace: str, campaign_id: str, host_ids: list[str]) -> None:
    """Put these hosts back to what the fix found."""
    services = services_of(workspace)
    context = services.context(CampaignId(campaign_id))
    take_over(context)
    refuse_when_stopped(context)
    futures = [
        push_hosts_of_batch.submit(workspace, campaign_id, batch, 0, StepName.ROLLBACK.value, label)
        for batch, label in batches([HostId(host_id) for host_id in host_ids], services.batch_hosts)
    ]
    wait_for_all(futures)


@flow(name="campaign", persist_result=False)
def campaign(workspace: str, campaign_id: str, host_ids: list[str], by: str, seconds: float, seed: int) -> None:
    """From the first question to the last verdict: probe, plan, dispatch, waves, close."""
    probe(workspace, campaign_id, host_ids)
    plan_id = plan(workspace, campaign_id, seconds, seed)
    dispatch(workspace, plan_id, by)
    waves(workspace, campaign_id, ahead=True, retry=False)


ALL = (probe, plan, dispatch, waves, check, rollback, campaign)
FLOWS: Mapping[str, Flow[..., Any]] = {one.name: one for one in ALL}
"""Every flow by its name: what the engine can carry out."""
