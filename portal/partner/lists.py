"""What a partner is shown, and the record that it was shown: both come from here, so that neither is without the other.

``partners.scope`` decides which visits and what of them; a technician sees their own of these. Before a visit is handed
out, its disclosure is written down, as ``muster partner tasks`` does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from flows.partner_work import covering
from flows.partnering import known_of
from muster.campaign import Campaign
from muster.errors import Conflict
from muster.ids import CampaignId, PartnerId, PersonId, PlanId, VisitId
from muster.plan import Assignment, Plan
from muster.settings import Settings
from partners.agreement import SignedAgreement
from partners.errors import Refused
from partners.papers import DISCLOSURES, Change, change
from partners.scope import ListedVisit, Window, disclosure, task_list
from portal.access import Role, Viewer, nothing_there
from portal.field.contacts import contact_of
from portal.field.feeds import Feed
from portal.field.queries import Gathered, Source, card, first_step, gather, machines_of, mark_of
from portal.field.views import Card, VisitPage

WHO_TO_ASK = "whom to ask for"
TRIES = 5


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who of a partner looks.

    Attributes:
        person_id: the technician; None for the partner's manager, who sees all of its people.
    """

    partner_id: PartnerId
    person_id: PersonId | None
    by: str
    window: Window


def eyes_of(viewer: Viewer, settings: Settings) -> Eyes:
    """The eyes of somebody who is logged in.

    Raises:
        NotFound: the account is of no partner, or a technician's and of nobody of the crew.
    """
    technician = viewer.role is Role.PARTNER_TECHNICIAN
    if viewer.partner_id is None or (technician and viewer.engineer_id is None):
        raise nothing_there()
    return Eyes(viewer.partner_id, viewer.engineer_id if technician else None, viewer.by, _window(settings))


@dataclass(frozen=True)
class Shown:
    """One visit that a partner may see now, with what it stands in."""

    listed: ListedVisit
    campaign: Campaign
    plan: Plan
    assignment: Assignment
    agreement: SignedAgreement


def shown_to(source: Source, eyes: Eyes) -> tuple[Shown, ...]:
    """Every visit that they may see now, by time; that they were shown is written down first.

    Raises:
        Refused: the partner is not eligible now; nothing is shown.
    """
    found: list[Shown] = []
    agreement = covering(known_of(source.book), eyes.partner_id, source.reading.now)
    for campaign in source.reading.campaigns():
        plan = source.reading.binding_plan(campaign.id)
        if plan is not None:
            found += [_shown(source, campaign, plan, one, agreement) for one in _listed(source, plan, eyes)]
    _disclose(source, eyes, found)
    return tuple(sorted(found, key=lambda one: (one.listed.starts, one.listed.visit_id, one.listed.person_id)))


def one_shown(source: Source, eyes: Eyes, campaign_id: CampaignId, visit_id: VisitId) -> Shown:
    """One visit that they may see now.

    Raises:
        NotFound: there is none, or it is not theirs, or not now, or the partner may be given nothing now.
    """
    plan = None
    if campaign_id in {one.id for one in source.reading.campaigns()}:
        plan = source.reading.binding_plan(campaign_id)
    for one in _listed(source, plan, eyes) if plan else ():
        if one.visit_id == visit_id and plan is not None:
            try:
                agreement = covering(known_of(source.book), eyes.partner_id, source.reading.now)
            except Refused:  # its reasons are not for this page
                break
            campaign = source.reading.campaign(campaign_id).campaign
            found = _shown(source, campaign, plan, one, agreement)
            _disclose(source, eyes, [found])
            return found
    raise nothing_there()


def partner_cards(source: Source, feed: Feed, settings: Settings) -> Iterator[Card]:
    """What the calendar of a partner's technician holds: what they may see now, written down as shown."""
    if feed.partner_id is None:
        return
    eyes = Eyes(feed.partner_id, feed.person_id, f"{feed.name} ({feed.account_id}, calendar)", _window(settings))
    try:
        shown = shown_to(source, eyes)
    except Refused:
        return
    yield from cards_of(source, shown)


def cards_of(source: Source, shown: Sequence[Shown]) -> Iterator[Card]:
    """Shown visits as lines of a list; the way there would tell where its person is before, so it is left out."""
    found: dict[PlanId, Gathered] = {}
    for plan in {one.plan.id: one.plan for one in shown}.values():
        theirs = [one for one in shown if one.plan.id == plan.id]
        visits = [plan.visit[one.listed.visit_id] for one in theirs]
        found[plan.id] = gather(source, theirs[0].campaign, plan, visits)
    yield from (replace(card(found[one.plan.id], one.assignment), travel_minutes=0) for one in shown)


def page_of(source: Source, eyes: Eyes, shown: Shown) -> VisitPage:
    """A shown visit with what its person needs: no address of a machine, no login; only the partner's own words."""
    gathered = _gathered(source, shown)
    visit = shown.plan.visit[shown.listed.visit_id]
    site = gathered.fleet.site[visit.site_id]
    contact = replace(contact_of(source.book, site, gathered.fleet.client[site.client_id]), email="")
    if contact.name or contact.phone:
        _disclose_more(source, eyes, shown)
    said = gathered.reports.get(visit.id, ())
    own = tuple(one for one in said if one.partner_id == eyes.partner_id)
    return VisitPage(
        card=replace(card(gathered, shown.assignment), travel_minutes=0),
        reason=shown.campaign.reason,
        campaign=shown.campaign.name,
        ask_for=contact,
        first=first_step(gathered, visit),
        machines=tuple(machines_of(replace(gathered, reports={visit.id: own}), visit, told=False)),
        reports=own,
        mark=mark_of(gathered, shown.assignment),
        start_from=shown.assignment.starts_at - timedelta(minutes=shown.campaign.running.early_minutes),
    )


def _window(settings: Settings) -> Window:
    return Window(timedelta(hours=settings.partner_sees_before_h), timedelta(hours=settings.partner_sees_after_h))


def _gathered(source: Source, shown: Shown) -> Gathered:
    return gather(source, shown.campaign, shown.plan, [shown.plan.visit[shown.listed.visit_id]])


def _listed(source: Source, plan: Plan, eyes: Eyes) -> list[ListedVisit]:
    reading = source.reading
    people = (one.id for one in reading.crew.engineers if one.partner_id == eyes.partner_id)
    among = reading.index(plan).of_people(people)
    found = task_list(eyes.partner_id, plan, reading.fleet, reading.crew, reading.now, eyes.window, among)
    return [one for one in found if eyes.person_id in {None, one.person_id}]


def _shown(source: Source, campaign: Campaign, plan: Plan, listed: ListedVisit, agreement: SignedAgreement) -> Shown:
    team = source.reading.assignments(plan)[listed.visit_id]
    assignment = next(one for one in team if one.person_id == listed.person_id)
    return Shown(listed, campaign, plan, assignment, agreement)


def _disclose(source: Source, eyes: Eyes, found: list[Shown]) -> None:
    """Write down what is shown and was not before; two who look at the same time write it once."""
    for _ in range(TRIES - 1):
        try:
            return _write_down(source, eyes, found)
        except Conflict:
            continue  # somebody else has just written some of it
    return _write_down(source, eyes, found)


def _write_down(source: Source, eyes: Eyes, found: list[Shown]) -> None:
    book, now = source.book, source.reading.now
    known = {kept.value.id for kept in book.papers(DISCLOSURES, partner_id=eyes.partner_id)} if found else set()
    changes: list[Change] = []
    for one in found:
        made = disclosure(one.listed, eyes.partner_id, one.plan, one.agreement, at=now, by=eyes.by)
        if made.id not in known:
            changes.append(change(DISCLOSURES, made, "disclosed"))
    if changes:
        book.write(changes, by=eyes.by)


def _disclose_more(source: Source, eyes: Eyes, shown: Shown) -> None:
    """Whom to ask for is more than the list tells: it is added to what was disclosed, once."""
    book = source.book
    made = disclosure(shown.listed, eyes.partner_id, shown.plan, shown.agreement, at=source.reading.now, by=eyes.by)
    kept = book.find(DISCLOSURES, made.id)
    if kept is not None and WHO_TO_ASK not in kept.value.shown:
        more = replace(kept.value, shown=(*kept.value.shown, WHO_TO_ASK))
        book.write([change(DISCLOSURES, more, "disclosed", kept)], by=eyes.by)
