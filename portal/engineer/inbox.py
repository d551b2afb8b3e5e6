"""What people outside have said and the office has to see: from the field, from partners, from clients."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from muster.campaign import Campaign
from muster.ids import CampaignId, ClientId, PersonId, VisitId
from muster.plan import Plan
from partners.matters import MatterState
from partners.papers import MATTERS, SWAPS
from partners.swaps import SwapState
from portal.access import nothing_there
from portal.client.records import OWN_FEEDBACK
from portal.client.slots import waiting_requests
from portal.field.queries import Source
from portal.field.records import FIELD, FieldKind, FieldReport, Photo
from portal.manager.changing import AWAY, DECLINED
from portal.manager.queries_changes import wanted_of
from portal.partner.records import ANSWERS, Answer, AnswerState

SHOWN_FOR = timedelta(days=14)
MOST = 200
TONES = {
    FieldKind.CANNOT_COME: "bad",
    FieldKind.PROBLEM: "warn",
    FieldKind.LATE: "warn",
    FieldKind.BY_HAND: "good",
    FieldKind.NOTE: "idle",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was said.

    Attributes:
        decide: ``time`` or ``swap`` where somebody has to say yes or no; ``key`` names it.
        plan_id: a proposal that belongs to it.
        open: whether it wants something of the office.
        happened: what has to be planned for, as the page of changes calls it; empty where nothing has.
        person_id: who was to come.
    """

    at: datetime
    title: str
    tone: str
    text: str
    by: str
    campaign_id: CampaignId
    campaign: str
    visit_id: VisitId
    where: str
    open: bool = False
    decide: str = ""
    key: str = ""
    plan_id: str = ""
    photos: tuple[Photo, ...] = ()
    happened: str = ""
    person_id: PersonId | None = None


def inbox(source: Source) -> tuple[Item, ...]:
    """Everything of the last two weeks, what wants an answer first."""
    found: list[Item] = []
    for campaign in source.reading.campaigns():
        plan = source.reading.binding_plan(campaign.id)
        found += _field(source, campaign)
        found += _answers(source, campaign, plan)
        found += _wishes(source, campaign)
        found += _swaps(source, campaign)
        found += _feedback(source, campaign)
    found += _matters(source)
    since = source.reading.now - SHOWN_FOR
    recent = [one for one in found if one.open or one.at >= since]
    return tuple(sorted(recent, key=lambda one: (not one.open, -one.at.timestamp(), one.visit_id)))[:MOST]


def photo_in(source: Source, campaign_id: CampaignId, sha256: str) -> Photo:
    """A photo that was sent in a campaign.

    Raises:
        NotFound: there is none of this hash.
    """
    for kept in source.services.book.papers(FIELD, campaign_id=campaign_id):
        for one in kept.value.photos:
            if one.sha256 == sha256:
                return one
    raise nothing_there()


def _field(source: Source, campaign: Campaign) -> list[Item]:
    kept = (one.value for one in source.services.book.papers(FIELD, campaign_id=campaign.id))
    return [_report(source, campaign, one) for one in kept]


def _report(source: Source, campaign: Campaign, one: FieldReport) -> Item:
    late = f" by about {one.minutes} minutes" if one.minutes else ""
    host = source.reading.fleet.host.get(one.host_id) if one.host_id else None
    still = any(
        (waits.happened, waits.visit_id, waits.person_id) == (AWAY, one.visit_id, one.person_id)
        for waits in wanted_of(source.services, source.reading, campaign.id)
    )
    return Item(
        at=one.received_at,
        title=f"{one.kind.value.capitalize()}{late}{f', {host.name}' if host else ''}",
        tone=TONES[one.kind],
        text=one.text,
        by=one.by,
        campaign_id=campaign.id,
        campaign=campaign.name,
        visit_id=one.visit_id,
        where=_client(source, one.client_id),
        open=one.kind is FieldKind.CANNOT_COME and still,
        happened=AWAY if one.kind is FieldKind.CANNOT_COME and still else "",
        person_id=one.person_id,
        photos=one.photos,
    )


def _answers(source: Source, campaign: Campaign, plan: Plan | None) -> list[Item]:
    found = []
    for kept in source.services.book.papers(ANSWERS, campaign_id=campaign.id):
        one = kept.value
        team = source.reading.assignments(plan).get(one.visit_id, ()) if plan else ()
        stands = any(
            made.starts_at == one.planned_start
            and source.reading.crew.engineer[made.person_id].partner_id == one.partner_id
            for made in team
            if made.person_id in source.reading.crew.engineer
        )
        found.append(
            Item(
                at=one.at,
                title={"accepted": "Accepted", "declined": "Declined"}.get(one.state.value, "Counter-offer"),
                tone={"accepted": "good", "declined": "bad"}.get(one.state.value, "warn"),
                text=_offer(one),
                by=one.by,
                campaign_id=campaign.id,
                campaign=campaign.name,
                visit_id=one.visit_id,
                where=_client(source, one.client_id),
                open=one.state is not AnswerState.ACCEPTED and stands,
                happened=DECLINED if one.state is AnswerState.DECLINED and stands else "",
                person_id=one.person_id,
                plan_id=one.plan_id or "",
            )
        )
    return found


def _offer(one: Answer) -> str:
    offered = [f"{one.offered_start:%Y-%m-%d %H:%M} UTC ({one.finding})"] if one.offered_start else []
    priced = [f"at {one.price}"] if one.price else []
    return ". ".join([part for part in (", ".join([*offered, *priced]), one.text) if part])


def _wishes(source: Source, campaign: Campaign) -> list[Item]:
    return [
        Item(
            at=one.at,
            title=f"Another time is asked for: {one.wanted:%a %d %b %H:%M} UTC",
            tone="warn",
            text=one.finding,
            by=one.by,
            campaign_id=campaign.id,
            campaign=campaign.name,
            visit_id=one.visit_id,
            where=_client(source, one.client_id),
            open=True,
            decide="time",
            key=one.id,
            plan_id=one.plan_id or "",
        )
        for one in waiting_requests(source.services, campaign.id)
    ]


def _swaps(source: Source, campaign: Campaign) -> list[Item]:
    crew = source.reading.crew
    return [
        Item(
            at=one.asked_at,
            title=f"{crew.engineer[one.comes].name} instead of {crew.engineer[one.leaves].name}",
            tone="warn",
            text=one.reason,
            by=one.asked_by,
            campaign_id=campaign.id,
            campaign=campaign.name,
            visit_id=one.visit_id,
            where=crew.partner[one.partner_id].name if one.partner_id in crew.partner else one.partner_id,
            open=True,
            decide="swap",
            key=one.id,
        )
        for one in (kept.value for kept in source.services.book.papers(SWAPS, campaign_id=campaign.id))
        if one.state is SwapState.ASKED
    ]


def _feedback(source: Source, campaign: Campaign) -> list[Item]:
    kept = (one.value for one in source.services.book.papers(OWN_FEEDBACK, campaign_id=campaign.id))
    return [
        Item(
            at=one.at,
            title=f"{one.points} of 5",
            tone="good" if one.points >= 4 else "warn",
            text=one.text,
            by=one.by,
            campaign_id=campaign.id,
            campaign=campaign.name,
            visit_id=one.visit_id,
            where=_client(source, one.client_id),
        )
        for one in kept
    ]


def _matters(source: Source) -> list[Item]:
    names = {one.id: one.name for one in source.reading.campaigns()}
    return [
        Item(
            at=one.history[0].at,
            title=f"{one.kind.value.capitalize()}: {one.owner} sees to it",
            tone="bad" if one.kind.value == "incident" else "idle",
            text=one.text,
            key=one.id,
            by=one.history[0].by,
            campaign_id=one.campaign_id or CampaignId(""),
            campaign=names.get(one.campaign_id, "") if one.campaign_id else "",
            visit_id=one.visit_id or VisitId(""),
            where=_client(source, one.client_id),
            open=one.state is not MatterState.CLOSED,
        )
        for one in (kept.value for kept in source.services.book.papers(MATTERS))
    ]


def _client(source: Source, client_id: ClientId) -> str:
    client = source.reading.fleet.client.get(client_id)
    return client.name if client else client_id
