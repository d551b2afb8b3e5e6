"""Other times for a visit at which somebody is free and nothing else moves; and what becomes of a wish for one.

A time is offered only when the validator, asked about the whole plan with the visit there, finds nothing broken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.moving import Wish, around, check, within
from flows.planning import dispatch_plan
from flows.services import Services
from muster.errors import Conflict, InputError, MusterError, NotFound
from muster.ids import CampaignId, PersonId, VisitId
from muster.messages import Severity
from muster.plan import Plan
from partners.papers import change
from portal.client.records import SLOT_REQUESTS, RequestState, SlotRequest
from portal.field.proposals import try_at
from portal.field.telling import alert_of
from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.tour import Touring

MOST_SLOTS, MOST_A_DAY, MOST_TRIES = 10, 2, 40
STEP = timedelta(minutes=30)
NOTICE = timedelta(hours=20)
"""No sooner than this is offered: whoever comes has to know, and so has the client."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a visit could be, and who is free then."""

    person_id: PersonId
    starts_at: datetime
    ends_at: datetime


def slots_of(services: Services, plan: Plan, visit_id: VisitId, zone: ZoneInfo) -> tuple[Slot, ...]:
    """Some of the times that fit, by time: at most two a day. The person who is planned comes first, then our own."""
    try:
        problem = around(services, plan)
    except MusterError:  # nothing is left to do anywhere
        return ()
    if visit_id not in problem.demand_index:
        return ()
    found: dict[datetime, Slot] = {}
    by_day: dict[object, list[datetime]] = {}
    tries = 0
    for slot in _candidates(services, problem, within(problem, plan), visit_id, zone):
        day = by_day.setdefault(slot.starts_at.astimezone(zone).date(), [])
        near = any(abs(slot.starts_at - other) < timedelta(hours=2) for other in day)
        if slot.starts_at in found or len(day) >= MOST_A_DAY or near:
            continue
        tries += 1
        if not check(problem, plan, Wish(visit_id, slot.person_id, slot.starts_at)).breaks:
            found[slot.starts_at] = slot
            day.append(slot.starts_at)
        if len(found) >= MOST_SLOTS or tries >= MOST_TRIES:
            break
    return tuple(sorted(found.values(), key=lambda one: one.starts_at))


def ask_for(
    services: Services, plan: Plan, visit_id: VisitId, wanted: datetime, zone: ZoneInfo, *, by: str
) -> SlotRequest:
    """Keep a client's wish for one of the times that were offered, with the proposal that grants it.

    Raises:
        InputError: the time is none that fits (any more).
    """
    slot = next((one for one in slots_of(services, plan, visit_id, zone) if one.starts_at == wanted), None)
    placed = next((one for one in plan.assignments if one.visit_id == visit_id), None)
    if slot is None or placed is None:
        raise InputError("this time does not fit any more", hint="choose another one")
    tried = try_at(services, plan, visit_id, slot.person_id, wanted, by=by)
    made = SlotRequest(
        plan.campaign_id,
        visit_id,
        plan.visit[visit_id].client_id,
        slot.person_id,
        placed.starts_at,
        wanted,
        by,
        services.clock.now(),
        tried.finding,
        tried.plan_id,
    )
    before = services.book.find(SLOT_REQUESTS, made.id)
    sentence = f"{by} would rather have {visit_id} at {wanted:%Y-%m-%d %H:%M} UTC: {made.finding}"
    messages = alert_of(
        services, "time-asked", Severity.INFO, sentence, campaign_id=plan.campaign_id, visit_id=visit_id,
        about=f"{made.id} {made.at.isoformat()}",
    )  # fmt: skip
    services.book.write([change(SLOT_REQUESTS, made, "another time asked", before)], by=by, messages=messages)
    return made


def waiting_requests(services: Services, campaign_id: CampaignId) -> tuple[SlotRequest, ...]:
    """The wishes of a campaign's clients that nobody has decided yet, the oldest first."""
    kept = (one.value for one in services.book.papers(SLOT_REQUESTS, campaign_id=campaign_id))
    return tuple(sorted((one for one in kept if one.state is RequestState.ASKED), key=lambda one: one.at))


def decide_request(services: Services, request_id: str, *, granted: bool, by: str, note: str = "") -> SlotRequest:
    """Somebody of ours decides; what is granted is dispatched, and the client is told by its notice.

    Raises:
        NotFound: there is no such wish.
        Conflict: it was decided, or there is no proposal that could be dispatched.
        DispatchRejected: the proposal does not hold any more; nothing is decided.
    """
    before = services.book.find(SLOT_REQUESTS, request_id)
    if before is None:
        raise NotFound(f"there is no wish {request_id!r}")
    if before.value.state is not RequestState.ASKED:
        raise Conflict(f"it was {before.value.state} already by {before.value.decided_by}")
    if granted:
        if before.value.plan_id is None:
            raise Conflict("there is no proposal for this time", hint="move the visit on the board")
        dispatch_plan(services, before.value.plan_id, by=by, why=note)
    state = RequestState.GRANTED if granted else RequestState.REFUSED
    after = replace(before.value, state=state, decided_by=by, decided_at=services.clock.now(), note=note)
    services.book.write([change(SLOT_REQUESTS, after, f"another time {state}", before)], by=by)
    return after


def _candidates(services: Services, problem: Problem, plan: Plan, visit_id: VisitId, zone: ZoneInfo) -> Iterator[Slot]:
    """Times at which a person's day has room, at full and half hours of the site, the planned person's first."""
    touring, visit = Touring(problem), problem.demand_index[visit_id]
    planned = next((one.person_id for one in plan.assignments if one.visit_id == visit_id), None)
    length = timedelta(minutes=touring.effort[visit])
    earliest = services.clock.now() + NOTICE
    days = [number for *_, number in Inserter.for_visits(touring, [visit]).days[visit]]
    for number in sorted(days, key=lambda n: _rank(problem, n, planned)):
        person = problem.people[problem.days[number].person]
        if person.id != planned and person.partner_id is not None:
            continue
        fixed = _standing(problem, plan, person.id, number, visit)
        for at in _starts(problem, number, zone):
            minute = problem.minute(at)
            order = sorted({**fixed, visit: minute}.items(), key=lambda item: item[1])
            fits = at >= earliest and touring.tour(number, [v for v, _ in order], dict(order)) is not None
            if fits and any(
                opens <= minute and minute + touring.effort[visit] <= to for opens, to in touring.spans[visit]
            ):
                yield Slot(person.id, at, at + length)


def _rank(problem: Problem, number: int, planned: PersonId | None) -> tuple[bool, int]:
    day = problem.days[number]
    return problem.people[day.person].id != planned, day.starts


def _standing(problem: Problem, plan: Plan, person_id: PersonId, number: int, visit: int) -> dict[int, int]:
    """What the person does on that day, but for the visit, by its start."""
    day = problem.days[number]
    found = {}
    for one in plan.assignments:
        index, minute = problem.demand_index[one.visit_id], problem.minute(one.starts_at)
        if one.person_id == person_id and index != visit and day.starts <= minute < day.latest_end:
            found[index] = minute
    return found


def _starts(problem: Problem, number: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Full and half hours of a person's day, by the site's clock."""
    day = problem.days[number]
    first = problem.at(day.starts).astimezone(zone)
    at = first.replace(minute=0 if first.minute == 0 else 30 if first.minute <= 30 else 0, second=0, microsecond=0)
    if first.minute > 30:
        at += timedelta(hours=1)
    end = problem.at(day.ends)
    while at < end:
        yield at.astimezone(problem.epoch.tzinfo)
        at += STEP
