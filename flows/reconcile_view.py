"""What the reconciler's rules look at, read from the ledger."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from flows.approvals import approvals_of
from flows.beginning import barred_hosts
from flows.reconcile_duties import duties_of
from flows.reconcile_rules import CampaignView, View, open_now
from flows.services import Services
from flows.visits import starts_of
from muster.campaign import Campaign
from muster.fleet import Fleet
from muster.ids import CampaignId, HostId
from muster.messages import MessageState
from muster.plan import Plan
from push.ramp import counted_waves
from push.runners import dead_runners

LOOKED_AT = timedelta(days=7)
"""A campaign whose deadline is longer ago is looked at no more."""


def view_of(services: Services, *, lease_now: datetime, forecast_hour: int) -> View:
    """Everything as it stands now; what a stopped campaign's hosts do is not asked, because nothing starts there."""
    ledger, now = services.ledger, services.clock.now()
    fleet = ledger.fleet()
    wanted = [one for one in ledger.campaigns() if now < one.deadline + LOOKED_AT]
    campaigns = tuple(campaign_view(services, one, fleet) for one in wanted)
    runners = {duty.runner_id for one in campaigns for duty in one.duties.values()}
    runners |= {state.runner_id for one in campaigns for state in one.states.values() if state.runner_id is not None}
    return View(
        campaigns,
        lease_now,
        frozenset(dead_runners(sorted(runners))),
        messages_waiting=ledger.message_counts().get(MessageState.WAITING, 0) > 0,
        forecast_hour=forecast_hour,
    )


def campaign_view(services: Services, campaign: Campaign, fleet: Fleet, plan: Plan | None = None) -> CampaignView:
    """One campaign as it stands; ``plan`` where the binding one is at hand."""
    ledger, campaign_id = services.ledger, campaign.id
    if ledger.stopped(campaign_id) is not None:
        return CampaignView(campaign, fleet, stopped=True)
    return CampaignView(
        campaign,
        fleet,
        plan or _binding(services, campaign_id),
        {state.host_id: state for state in ledger.hosts(campaign_id)},
        starts_of(services, campaign_id),
        counted_waves(ledger, campaign_id),
        approvals_of(services.book, campaign_id),
        duties_of(services.book, campaign_id),
        barred=barred_hosts(services, campaign_id),
    )


def what_is_open(services: Services, campaign_id: CampaignId) -> Callable[[], AbstractSet[HostId]]:
    """For a run that goes by itself: the hosts that may be pushed, as it is whenever it is asked.

    A plan that is dispatched meanwhile counts from the next run on.
    """
    fleet, plan = services.ledger.fleet(), _binding(services, campaign_id)

    def now_open() -> AbstractSet[HostId]:
        campaign = services.ledger.campaign(campaign_id)
        return open_now(campaign_view(services, campaign, fleet, plan), services.clock.now())

    return now_open


def _binding(services: Services, campaign_id: CampaignId) -> Plan | None:
    binding = services.ledger.dispatched(campaign_id)
    return None if binding is None else services.ledger.plan(binding.plan_id)
