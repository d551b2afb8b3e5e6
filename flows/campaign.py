"""The flows of a campaign: probe, plan, dispatch, waves, roll back, and all of it from end to end.

Order, concurrency and retries only: what a wave is, who may be touched and what an outcome means is decided in
``push/``, ``scheduler/`` and the ledger.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from prefect import Flow, flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.acts import CHECK, PROBE, ROLL_BACK, Act, ActName, push_of
from flows.approvals import ask_to_roll_back
from flows.batches import carry_out_here, close_run
from flows.outlasting import outlasting
from flows.planning import dispatch_plan, make_plan
from flows.reconcile_view import what_is_open
from flows.services import services_of
from flows.spreading import must_have_been_there, spread
from muster.ids import CampaignId, HostId, PlanId
from muster.steps import StepName
from push.release import RETRY, RUN, Selection, refuse_when_stopped, take_over
from push.spending import BudgetWatch, stop_when_spent
from push.turns import turns_of

BATCHES_AT_ONCE = 2
"""The pusher has threads of its own; two batches overlap so that the slow tail of one does not idle them."""

RUNNER = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=BATCHES_AT_ONCE))


@flow(name="probe", task_runner=RUNNER, persist_result=False)
@outlasting
def probe(workspace: str, campaign_id: str, host_ids: list[str]) -> None:
    """Ask these hosts how they stand."""
    take_over(services_of(workspace).context(CampaignId(campaign_id)))
    must_have_been_there(spread(workspace, campaign_id, _hosts(host_ids), PROBE))


@flow(name="plan", persist_result=False)
def plan(workspace: str, campaign_id: str, seconds: float, seed: int) -> str:
    """Make a proposal and keep it; its id."""
    return str(make_plan(services_of(workspace), CampaignId(campaign_id), seconds=seconds, seed=seed).id)


@flow(name="dispatch", persist_result=False)
def dispatch(workspace: str, plan_id: str, by: str) -> None:
    """Make a plan binding, after checking it against the ledger of now."""
    dispatch_plan(services_of(workspace), PlanId(plan_id), by=by)


@flow(name="waves", task_runner=RUNNER, persist_result=False)
@outlasting
def waves(  # noqa: PLR0913 - plain words are all that can be handed to a worker
    workspace: str,
    campaign_id: str,
    *,
    ahead: bool,
    retry: bool,
    only: list[str] | None = None,
    most: int = 0,
    wait: bool = False,
    by: str = "",
    by_itself: bool = False,
) -> None:
    """Push the hosts that are due, wave after wave, until nobody is left, a gate halts, or somebody stops it.

    ``wait``: stay until the deadline for hosts whose hours open, and for hosts that come on line. ``by_itself``: only
    what may begin without anybody (see ``flows.reconcile_rules``), as it is at each wave. ``by`` asked for the run.
    """
    context = services_of(workspace).context(CampaignId(campaign_id))
    chosen = frozenset(map(HostId, only)) if only is not None else None
    selection = Selection(RETRY if retry else RUN, ahead=ahead, only=chosen, most=most, by=by)
    if by_itself:
        selection = replace(selection, ahead=True, open_now=what_is_open(services_of(workspace), context.campaign_id))
    turns = turns_of(context, selection, wait=wait)
    take_over(context)
    absent: frozenset[str] = frozenset()
    with BudgetWatch(context, turns.campaign):
        while wave := turns.next_wave():
            absent |= spread(workspace, campaign_id, turns.left_of(wave), push_of(wave.number), absent=absent)
            stop_when_spent(context, turns.campaign)
            turns.settle(wave)
    close_run(workspace, campaign_id)
    must_have_been_there(absent)


@flow(name="check", task_runner=RUNNER, persist_result=False)
@outlasting
def check(workspace: str, campaign_id: str, host_ids: list[str]) -> None:
    """A dry run: ask these hosts what apply would change; nothing is changed."""
    refuse_when_stopped(services_of(workspace).context(CampaignId(campaign_id)))
    must_have_been_there(spread(workspace, campaign_id, _hosts(host_ids), CHECK))


@flow(name="roll back", task_runner=RUNNER, persist_result=False)
@outlasting
def rollback(workspace: str, campaign_id: str, host_ids: list[str], by: str = "") -> None:
    """Put these hosts back to what the fix found; ``by`` asked for it."""
    context = services_of(workspace).context(CampaignId(campaign_id))
    take_over(context)
    refuse_when_stopped(context)
    ask_to_roll_back(services_of(workspace), context.campaign_id, _hosts(host_ids), by=by or context.runner_id)
    must_have_been_there(spread(workspace, campaign_id, _hosts(host_ids), ROLL_BACK))


@flow(name="part", task_runner=RUNNER, persist_result=False)
@outlasting
def part(workspace: str, campaign_id: str, host_ids: list[str], what: ActName, wave: int, step: str) -> None:
    """What one worker does of an act that was handed out: its hosts are within the worker's reach."""
    carry_out_here(workspace, campaign_id, _hosts(host_ids), Act(what, wave, StepName(step)))


@flow(name="campaign", persist_result=False)
def campaign(workspace: str, campaign_id: str, host_ids: list[str], by: str, seconds: float, seed: int) -> None:
    """From the first question to the last verdict: probe, plan, dispatch, waves, close."""
    probe(workspace, campaign_id, host_ids)
    plan_id = plan(workspace, campaign_id, seconds, seed)
    dispatch(workspace, plan_id, by)
    waves(workspace, campaign_id, ahead=True, retry=False)


def _hosts(host_ids: list[str]) -> list[HostId]:
    return [HostId(host_id) for host_id in host_ids]


ALL = (probe, plan, dispatch, waves, check, rollback, part, campaign)
FLOWS: Mapping[str, Flow[..., Any]] = {one.name: one for one in ALL}
"""Every flow by its name: what the engine can carry out."""
