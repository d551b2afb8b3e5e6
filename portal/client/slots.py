"""Other times for a visit at which somebody is free and nothing else moves; and what becomes of a wish for one.

A time is offered only when the validator, asked about the whole plan with the visit there, finds nothing broken.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.moving import Wish, around, check, within
from flows.planning import dispatch_plan
from flows.services import Services
from muster.errors import Conflict, InputError, MusterError, NotFound
from muster.ids import CampaignId, PersonId, PlanId, VisitId
from muster.messages import Severity
from muster.plan import Plan
from partners.papers import change
from portal.beside import Sum
from portal.client.records import SLOT_REQUESTS, RequestState, SlotRequest
from portal.field.proposals import try_at
from portal.field.telling import alert_of
from portal.manager.kept import worked_out, worked_out_now
from portal.manager.queries_move import problem_kept
from portal.reading import Reading
from scheduler.insertion import Inserter
from scheduler.problem import Problem
from scheduler.tour import Touring

MOST_SLOTS, MOST_A_DAY, MOST_TRIES = 10, 2, 40
MOST_PEOPLE = 12
STEP = timedelta(minutes=30)
NOTICE = timedelta(hours=20)
"""No sooner than this is offered: whoever comes has to know, and so has the client."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which a visit could be, and who is free then."""

    person_id: PersonId
    starts_at: datetime
    ends_at: datetime


def slots_soon(
    services: Services, reading: Reading, plan: Plan, visit_id: VisitId, zone: ZoneInfo
) -> tuple[Slot, ...] | None:
    """Times that fit; None while they are looked for (in a large campaign that takes some seconds)."""
    hosts = reading.counts(plan.campaign_id).total()
    return worked_out(services, reading, Sum(_slots, (plan.id, visit_id, zone.key)), hosts)


def wish_for(
    services: Services, reading: Reading, plan: Plan, visit_id: VisitId, wanted: datetime, zone: ZoneInfo, *, by: str
) -> SlotRequest:
    """Keep a client's wish (``ask_for``); worked out beside the readers where the campaign is large.

    Raises:
        InputError: the time is none that fits (any more).
    """
    hosts = reading.counts(plan.campaign_id).total()
    return worked_out_now(services, reading, Sum(_wish, (plan.id, visit_id, wanted, zone.key, by)), hosts)


def _slots(
    services: Services, reading: Reading, plan_id: PlanId, visit_id: VisitId, zone: str | None
) -> tuple[Slot, ...]:
    plan = reading.plan(plan_id)
    return slots_of(services, plan, visit_id, ZoneInfo(zone or "UTC"), lambda: problem_kept(services, reading, plan))


def _wish(
    services: Services, reading: Reading, plan_id: PlanId, visit_id: VisitId, wanted: datetime, zone: str, by: str
) -> SlotRequest:
    return ask_for(services, reading.plan(plan_id), visit_id, wanted, ZoneInfo(zone), by=by)


def slots_of(
    services: Services, plan: Plan, visit_id: VisitId, zone: ZoneInfo, made: Callable[[], Problem] | None = None
) -> tuple[Slot, ...]:
    """Some of the times that fit, by time: at most two a day. The person who is planned comes first, then our own.

    ``made`` gives the problem around the plan where one is kept: of 10,000 visits it takes ten seconds to make.
    """
    try:
        problem = around(services, plan) if made is None else made()
    except MusterError:  # nothing is left to do anywhere
        return ()
    if visit_id not in problem.demand_index:
        return ()
    problem, people = _around_visit(problem, plan, visit_id)
    found: dict[datetime, Slot] = {}
    by_day: dict[object, list[datetime]] = {}
    tries = 0
    for slot in _candidates(services.clock.now(), problem, within(problem, plan), visit_id, people, zone):
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


def _around_visit(problem: Problem, plan: Plan, visit_id: VisitId) -> tuple[Problem, tuple[PersonId, ...]]:
    """Who could do a visit, and the part of the problem that is about them; of 10,000 visits some hundreds.

    Those who could are the planned person, then our own people to whom it costs least.
    """
    planned = [one.person_id for one in plan.assignments if one.visit_id == visit_id]
    alone = _cut(problem, frozenset({visit_id}))
    days = (problem.days[number] for *_, number in Inserter.for_visits(Touring(alone), [0]).days[0])
    own = (problem.people[day.person] for day in days)
    people = list(dict.fromkeys((*planned, *(one.id for one in own if one.partner_id is None))))[:MOST_PEOPLE]
    theirs = {one.visit_id for one in plan.assignments if one.person_id in people}
    return _cut(problem, frozenset({visit_id, *theirs})), tuple(people)


def _cut(problem: Problem, keep: frozenset[VisitId]) -> Problem:
    """The problem with these visits only."""
    part = replace(
        problem,
        demands=tuple(one for one in problem.demands if one.visit.id in keep),
        pins=tuple(one for one in problem.pins if one.visit_id in keep),
        previous=tuple(one for one in problem.previous if one.visit_id in keep),
    )
    vars(part)["travel_minutes"] = problem.travel_minutes  # the same places: worked out once
    return part


def _candidates(
    now: datetime, problem: Problem, plan: Plan, visit_id: VisitId, people: Sequence[PersonId], zone: ZoneInfo
) -> Iterator[Slot]:
    """Times at which a person's day has room, at full and half hours of the site; the first person's first."""
    touring, visit = Touring(problem), problem.demand_index[visit_id]
    effort, spans = touring.effort[visit], touring.spans[visit]
    planned = {one.starts_at for one in plan.assignments if one.visit_id == visit_id}
    rank = {person_id: place for place, person_id in enumerate(people)}
    whose = {number: problem.people[problem.days[number].person].id for number in range(len(problem.days))}
    possible = [number for *_, number in Inserter.for_visits(touring, [visit]).days[visit] if whose[number] in rank]
    for number in sorted(possible, key=lambda n: (rank[whose[n]] > 0, problem.days[n].starts, rank[whose[n]])):
        fixed = _standing(problem, plan, whose[number], number, visit)
        for at in _starts(problem, number, zone):
            minute = problem.minute(at)
            if at < now + NOTICE or at in planned or not _within(spans, minute, minute + effort):
                continue
            order = sorted({**fixed, visit: minute}.items(), key=lambda item: item[1])
            if touring.tour(number, [v for v, _ in order], dict(order)) is not None:
                yield Slot(whose[number], at, at + timedelta(minutes=effort))


def _within(spans: Iterable[tuple[int, int]], starts: int, ends: int) -> bool:
    return any(opens <= starts and ends <= closes for opens, closes in spans)


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
