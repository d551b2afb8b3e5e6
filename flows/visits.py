"""Visits that a person has begun: the word without which an attended visit does not begin.

A start is a paper of the book, one for each visit of a campaign; said again, the newest counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.beginning import held_visits
from flows.services import Services
from muster.campaign import Campaign
from muster.errors import CampaignStopped, Conflict, InputError, NotFound
from muster.ids import CampaignId, ClientId, VisitId
from muster.plan import Assignment, Plan
from partners.papers import Index, Shelf, change


@dataclass(frozen=True, slots=True)
class Start:
    """That somebody has begun a visit; ``at`` is when they said so, by the campaign's clock."""

    campaign_id: CampaignId
    visit_id: VisitId
    client_id: ClientId
    by: str
    at: datetime


STARTS = Shelf(
    "visit start",
    Start,
    lambda one: Index(f"{one.campaign_id}/{one.visit_id}", client_id=one.client_id, campaign_id=one.campaign_id),
)


def start_visit(
    services: Services, campaign_id: CampaignId, visit_id: VisitId, *, by: str, at: datetime | None = None
) -> Start:
    """Begin a visit of the plan that binds: from the reconciler's next look on its hosts are pushed.

    Said twice within the same visit, the first word stays. ``at`` is when it was said, where that is heard of only
    later (a telephone without a connection); not before it may be started, and not in the future.

    Raises:
        NotFound: no plan binds, or it gives nobody this visit.
        InputError: it is too early, the deadline is over, or its partner may not do it any more.
        CampaignStopped: a stop is in force.
    """
    campaign = services.ledger.campaign(campaign_id)
    plan, placed = _placed(services, campaign_id, visit_id)
    _refuse_barred(services, plan, visit_id)
    stop = services.ledger.stopped(campaign_id)
    if stop is not None:
        raise CampaignStopped(
            f"the campaign was stopped by {stop.by}: {stop.reason}", hint="a person lets it go on: muster resume"
        )
    now = services.clock.now()
    _refuse_out_of_time(campaign, placed, now)
    kept = services.book.find(STARTS, f"{campaign_id}/{visit_id}")
    if kept is not None and visit_open(campaign, placed, kept.value, now):
        return kept.value
    first = placed.starts_at - timedelta(minutes=campaign.running.early_minutes)
    start = Start(campaign_id, visit_id, plan.visit[visit_id].client_id, by, min(max(at or now, first), now))
    try:
        services.book.write([change(STARTS, start, "visit started", kept)], by=by)
    except Conflict:  # somebody has said it a moment before
        again = services.book.find(STARTS, f"{campaign_id}/{visit_id}")
        if again is None:
            raise
        return again.value
    return start


def starts_of(services: Services, campaign_id: CampaignId) -> Mapping[VisitId, Start]:
    """The visits of a campaign that somebody has begun."""
    kept = services.book.papers(STARTS, campaign_id=campaign_id)
    return {one.value.visit_id: one.value for one in kept}


def visit_open(
    campaign: Campaign, placed: Assignment, start: Start | None, now: datetime, *, onsite: bool = False
) -> bool:
    """Whether the hosts of a visit may be pushed now without anybody at a keyboard.

    Attended and on site, from the start that a person gave it; unattended, from its own time. It closes
    ``late_minutes`` after its planned end; a visit that was begun late has its whole length before that.
    """
    policy = campaign.running
    begun = started_at(campaign, placed, start, onsite=onsite)
    if begun is None or not begun <= now < campaign.deadline:
        return False
    length = placed.ends_at - placed.starts_at
    return now < max(placed.ends_at, begun + length) + timedelta(minutes=policy.late_minutes)


def started_at(campaign: Campaign, placed: Assignment, start: Start | None, *, onsite: bool = False) -> datetime | None:
    """When a visit began or begins by itself; None where it waits for a person, as one on site always does.

    A word that was given for an earlier time of the same visit, before it was planned anew, does not count.
    """
    early = placed.starts_at - timedelta(minutes=campaign.running.early_minutes)
    if start is not None and start.at >= early:
        return start.at
    return placed.starts_at if campaign.running.unattended and not onsite else None


def _placed(services: Services, campaign_id: CampaignId, visit_id: VisitId) -> tuple[Plan, Assignment]:
    binding = services.ledger.dispatched(campaign_id)
    if binding is None:
        raise NotFound("no plan binds yet, so no visit can be started", hint="muster dispatch makes one binding")
    plan = services.ledger.plan(binding.plan_id)
    placed = next((one for one in plan.assignments if one.visit_id == visit_id), None)
    if placed is None or visit_id not in plan.visit:
        raise NotFound(f"the plan that binds has no visit {visit_id!r} that is placed", hint="muster plan show --all")
    return plan, placed


def _refuse_barred(services: Services, plan: Plan, visit_id: VisitId) -> None:
    held = next((one for one in held_visits(services, plan) if one.visit_id == visit_id), None)
    if held is not None:
        raise InputError(f"{visit_id} may not begin: {held.reason}", hint=held.remedy or "muster replan")


def _refuse_out_of_time(campaign: Campaign, placed: Assignment, now: datetime) -> None:
    early = timedelta(minutes=campaign.running.early_minutes)
    if now < placed.starts_at - early:
        raise InputError(
            f"{placed.visit_id} begins at {placed.starts_at:%Y-%m-%d %H:%M} UTC; it may be started "
            f"{campaign.running.early_minutes} minutes before, and now it is {now:%Y-%m-%d %H:%M}",
            hint="wait for it; a visit at another time is planned: muster replan",
        )
    if now >= campaign.deadline:
        raise InputError(f"the deadline was at {campaign.deadline:%Y-%m-%d %H:%M} UTC", hint="nothing begins after it")
