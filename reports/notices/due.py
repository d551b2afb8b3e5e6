"""Which clients are to be written to now, and about what. Pure functions."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import ClientId, HostId, VisitId
from muster.outcomes import HostStatus
from muster.plan import Assignment, Plan, Reason, Visit
from muster.records import HostState
from reports.notices.languages import language
from reports.notices.told import Occasion, Promise, Told, leads, promise_of

REMINDED_AT = time(9)
"""When the letter of the day before is sent, by the site's clock."""
UNDER_WAY = frozenset({HostStatus.CLAIMED})
WITHOUT_OUTCOME = UNDER_WAY | {HostStatus.PENDING, HostStatus.STALE, HostStatus.UNKNOWN}
PATIENCE = timedelta(days=1)
"""How long after its end a visit waits for the outcomes of its machines before its client is told how it stands."""


@dataclass(frozen=True)
class Scene:
    """What is looked at.

    Attributes:
        plan: the one that binds, or is about to.
        older: the plan that bound when promises were made, for visits that the new one does not have.
        reason: of the campaign, in the clients' words.
        notice: what clients notice of the fix, by language; in English where a language is not there.
    """

    plan: Plan
    fleet: Fleet
    crew: Crew
    told: Told
    now: datetime
    reason: str
    states: Mapping[HostId, HostState] = field(default_factory=lambda: MappingProxyType({}))
    older: Plan | None = None
    notice: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Matter:
    """One visit that a letter is about; ``promise`` is what the letter says of it, ``before`` what was said before."""

    visit_id: VisitId
    promise: Promise
    before: Promise | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: a client, an occasion, a language, and the visits it is about, in order of time."""

    client_id: ClientId
    occasion: Occasion
    language: str
    matters: tuple[Matter, ...]


def visit_of(scene: Scene, visit_id: VisitId) -> Visit:
    """A visit of the plan, or of the one before."""
    found = scene.plan.visit.get(visit_id) or (scene.older.visit.get(visit_id) if scene.older else None)
    if found is None:
        raise KeyError(visit_id)
    return found


@dataclass(frozen=True, slots=True)
class Reminder:
    """A letter of the day before, and when it is to be sent."""

    due_at: datetime
    letter: Letter


@dataclass(frozen=True, slots=True)
class Held:
    """A visit that must not be dispatched, and why."""

    visit_id: VisitId
    reason: Reason


def due(scene: Scene, occasions: Iterable[Occasion] = tuple(Occasion)) -> tuple[Letter, ...]:
    """The letters that are to be written now; nothing that was said already is said again."""
    found: dict[tuple[ClientId, Occasion, str], list[Matter]] = defaultdict(list)
    for occasion in occasions:
        for matter in MATTERS[occasion](scene):
            visit = visit_of(scene, matter.visit_id)
            code = language(scene.fleet.site[visit.site_id].language).code
            found[visit.client_id, occasion, code].append(matter)
    return tuple(
        Letter(client_id, occasion, code, tuple(sorted(matters, key=lambda one: one.promise.starts_at)))
        for (client_id, occasion, code), matters in found.items()
    )


def held_back(plan: Plan, scene: Scene) -> tuple[Held, ...]:
    """The visits of a plan that their client was not told of and cannot be told of; waived ones are let go.

    A visit goes when its client was told of just this time and person, or when the letter that tells it can be written:
    the campaign gives a reason, and the client has an e-mail address.
    """
    told = set(scene.told.announced(plan)) | scene.told.waived.keys()
    held = []
    for one in leads(plan):
        reason = _untellable(plan, one, scene)
        if one.visit_id not in told and reason is not None:
            held.append(Held(one.visit_id, reason))
    return tuple(held)


def writable(letter: Letter, scene: Scene) -> bool:
    """Whether there is somebody to write to, and something to say."""
    return bool(scene.reason.strip() and scene.fleet.client[letter.client_id].email)


def _untellable(plan: Plan, one: Assignment, scene: Scene) -> Reason | None:
    client = scene.fleet.client[plan.visit[one.visit_id].client_id]
    if not client.email:
        return Reason("notice", f"{client.name} has no e-mail address for its notice", "add it to clients.csv")
    if not scene.reason.strip():
        return Reason("notice", "the campaign gives no reason to tell clients", "write 'reason:' in the campaign file")
    return None


def _dispatched(scene: Scene) -> list[Matter]:
    ahead = (one for one in leads(scene.plan) if one.ends_at > scene.now)
    return [Matter(one.visit_id, promise_of(one)) for one in ahead if one.visit_id not in scene.told.promises]


def _moved(scene: Scene) -> list[Matter]:
    known = scene.told.promises
    return [
        Matter(one.visit_id, promise_of(one), known[one.visit_id])
        for one in leads(scene.plan)
        if one.visit_id in known and not known[one.visit_id].keeps(one) and one.ends_at > scene.now
    ]


def _called_off(scene: Scene) -> list[Matter]:
    """Promised visits that lie ahead and are planned no more; of visits that no plan knows nobody can write."""
    planned = {one.visit_id for one in scene.plan.assignments}
    known = scene.plan.visit.keys() | (scene.older.visit.keys() if scene.older else set())
    return [
        Matter(visit_id, promise)
        for visit_id, promise in scene.told.promises.items()
        if visit_id not in planned and promise.starts_at > scene.now and visit_id in known
    ]


def _day_before(scene: Scene) -> list[Matter]:
    return [
        Matter(one.visit_id, promise_of(one))
        for one in leads(scene.plan)
        if _is_tomorrow(scene, one) and (one.visit_id, Occasion.DAY_BEFORE, one.starts_at) not in scene.told.said
    ]


def _is_tomorrow(scene: Scene, one: Assignment) -> bool:
    zone = ZoneInfo(scene.fleet.site[scene.plan.visit[one.visit_id].site_id].timezone)
    return one.starts_at.astimezone(zone).date() == scene.now.astimezone(zone).date() + timedelta(days=1)


def _after(scene: Scene) -> list[Matter]:
    return [
        Matter(one.visit_id, promise_of(one))
        for one in leads(scene.plan)
        if one.starts_at <= scene.now
        and (one.visit_id, Occasion.AFTER, one.starts_at) not in scene.told.said
        and _is_over(scene, one)
    ]


def _is_over(scene: Scene, one: Assignment) -> bool:
    """Whether there is something to tell: every machine is right, or its time is up and each has an outcome.

    A visit that leaves machines without an outcome is told of a day later all the same, if nobody is at work there.
    """
    asked = (scene.states.get(host_id) for host_id in scene.plan.visit[one.visit_id].host_ids)
    statuses = {state.status for state in asked if state is not None}
    if one.ends_at > scene.now:
        return bool(statuses) and all(status.protected for status in statuses)
    return not statuses & (UNDER_WAY if one.ends_at + PATIENCE <= scene.now else WITHOUT_OUTCOME)


def reminders(scene: Scene) -> tuple[Reminder, ...]:
    """The letters of the day before for every visit that lies ahead, each with the instant when it is to be sent.

    A client that is told of a visit only after its reminder would have been sent gets none.
    """
    found: dict[tuple[ClientId, str, datetime], list[Matter]] = defaultdict(list)
    for one in leads(scene.plan):
        visit = scene.plan.visit[one.visit_id]
        site = scene.fleet.site[visit.site_id]
        zone = ZoneInfo(site.timezone)
        starts = one.starts_at.astimezone(zone)
        due_at = datetime.combine(starts.date() - timedelta(days=1), REMINDED_AT, zone).astimezone(UTC)
        known = scene.told.promises.get(one.visit_id)
        kept = known is not None and known.keeps(one)
        told_at = scene.told.at.get(one.visit_id, scene.now) if kept else scene.now
        over = starts.date() <= scene.now.astimezone(zone).date()
        said = (one.visit_id, Occasion.DAY_BEFORE, one.starts_at) in scene.told.said
        if told_at < due_at and not over and not said:
            matter = Matter(one.visit_id, promise_of(one))
            found[visit.client_id, language(site.language).code, due_at].append(matter)
    return tuple(
        Reminder(due_at, Letter(client_id, Occasion.DAY_BEFORE, code, tuple(matters)))
        for (client_id, code, due_at), matters in found.items()
    )


MATTERS: dict[Occasion, Callable[[Scene], list[Matter]]] = {
    Occasion.DISPATCHED: _dispatched,
    Occasion.MOVED: _moved,
    Occasion.CALLED_OFF: _called_off,
    Occasion.DAY_BEFORE: _day_before,
    Occasion.AFTER: _after,
}
