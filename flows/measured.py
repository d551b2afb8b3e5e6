"""What has been measured of effort: pushes, and visits that people said they have finished; and what follows from it.

A push is the machine's time, measured by Muster. A visit's minutes are a person's word (``muster visit finish``), kept
as an event. Both are of the campaign that is asked about: it is its fix that took them so long.
"""

from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from flows.services import Services
from muster.errors import NotFound
from muster.fleet import Fleet
from muster.ids import CampaignId, HostId, VisitId
from muster.plan import VisitMode
from muster.records import Event
from partners.papers import WORK
from scheduler.estimate import EffortModel, FinishedVisit, Observation, effort_model
from scheduler.kinds import kind_of, kinds_of

FINISHED = "visit finished"
PAGE = 5000
LEAST_TRIPS = 5
"""Fewer trips say nothing about the next one."""
RATIOS = (0.5, 3.0)
"""However the trips were, ways are planned no shorter and no longer than so many times what they would be."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A visit that somebody has finished.

    Attributes:
        minutes: the person's, at the site or at the desk, travel apart.
        travel_minutes, planned_travel_minutes: of the way there; None where nobody said it.
        travel_ratio: how many times as long ways were planned then as without evidence.
    """

    visit_id: VisitId
    mode: VisitMode
    host_ids: tuple[HostId, ...]
    minutes: float
    travel_minutes: float | None = None
    planned_travel_minutes: float | None = None
    by: str = ""
    note: str = ""
    travel_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Travel:
    """Ways there as they were, against what the plan said: the median of their ratios, of so many trips."""

    ratio: float
    trips: int


def finish_visit(
    services: Services,
    campaign_id: CampaignId,
    visit_id: VisitId,
    *,
    minutes: float,
    travel_minutes: float | None,
    by: str,
    note: str,
) -> Finished:
    """Write down how long a visit of the binding plan took. Said again, the newest word counts.

    Raises:
        NotFound: no plan binds, or it has no such visit.
    """
    binding = services.ledger.dispatched(campaign_id)
    if binding is None:
        raise NotFound("no plan binds yet, so no visit can be finished", hint="muster dispatch makes one binding")
    plan = services.ledger.plan(binding.plan_id)
    placed = [one for one in plan.assignments if one.visit_id == visit_id]
    if visit_id not in plan.visit or not placed:
        raise NotFound(f"the plan that binds has no visit {visit_id!r} that is placed", hint="muster plan show --all")
    visit = plan.visit[visit_id]
    planned = float(placed[0].travel_minutes)
    done = Finished(visit_id, visit.mode, visit.host_ids, minutes, travel_minutes, planned, by, note)
    data: dict[str, object] = {
        "visit": visit_id,
        "mode": visit.mode.value,
        "hosts": list(visit.host_ids),
        "minutes": minutes,
        "planned_minutes": visit.effort_minutes,
        "planned_travel_minutes": planned,
        "travel_ratio": learned_ratio(services, campaign_id),
        "note": note,
    }
    if travel_minutes is not None:
        data["travel_minutes"] = travel_minutes
    services.ledger.note(FINISHED, by=by, campaign_id=campaign_id, visit_id=visit_id, data=data)
    return done


def finished_visits(services: Services, campaign_id: CampaignId) -> tuple[Finished, ...]:
    """Every finished visit of a campaign, by its newest word, in order of their ids."""
    newest: dict[VisitId, Finished] = {}
    for event in _events(services, campaign_id):
        done = _read(event)
        newest[done.visit_id] = done
    return tuple(newest[visit_id] for visit_id in sorted(newest))


def effort_of(services: Services, campaign_id: CampaignId) -> EffortModel:
    """The estimate of a campaign: its own guess, moved by pushes, finished visits and partners' verified work."""
    fleet = services.ledger.fleet()
    said = finished_visits(services, campaign_id)
    visits = [
        FinishedVisit(one.mode, one.minutes, kinds_of(fleet.host[h] for h in one.host_ids if h in fleet.host))
        for one in (*said, *verified_visits(services, campaign_id, {one.visit_id for one in said}))
    ]
    policy = services.ledger.campaign(campaign_id).effort
    return effort_model(policy, pushes(services, campaign_id, fleet), visits)


def verified_visits(services: Services, campaign_id: CampaignId, told: Container[VisitId] = ()) -> tuple[Finished, ...]:
    """Visits of partners that a fresh probe has verified, with the minutes that the partner claimed, by their ids.

    What is only claimed says nothing yet; ``told`` are visits of which somebody of ours has said the minutes.
    """
    found = []
    for kept in services.book.papers(WORK, campaign_id=campaign_id):
        work = kept.value
        minutes = (work.ended_at - work.started_at) / timedelta(minutes=1)
        if work.verified_at is None or minutes <= 0 or work.visit_id in told:
            continue
        mode = VisitMode.ONSITE if f"-{VisitMode.ONSITE}-" in work.visit_id else VisitMode.REMOTE
        hosts = tuple(host.host_id for host in work.hosts)
        found.append(Finished(work.visit_id, mode, hosts, minutes, by=work.partner_id))
    return tuple(found)


def pushes(services: Services, campaign_id: CampaignId, fleet: Fleet) -> list[Observation]:
    """The minutes of every host that was pushed, in the order in which they were pushed first.

    A host's measurement is the time of all its attempts together, so that a host that took three tries counts as one
    that takes long.
    """
    seconds: dict[HostId, float] = defaultdict(float)
    for attempt in services.ledger.attempts(campaign_id):
        if attempt.outcome is not None and attempt.outcome.duration_s > 0:
            seconds[attempt.host_id] += attempt.outcome.duration_s
    found = []
    for host_id, total in seconds.items():
        kind = kind_of(fleet.host[host_id])
        found.append(Observation(VisitMode.REMOTE, total / 60, kind.family, kind.role, kind.version))
    return found


def travel_of(services: Services, campaign_id: CampaignId) -> Travel | None:
    """How the ways there were against what is planned before anything is learned; None where nobody has said it."""
    ratios = [
        one.travel_minutes * one.travel_ratio / one.planned_travel_minutes
        for one in finished_visits(services, campaign_id)
        if one.travel_minutes is not None and one.planned_travel_minutes
    ]
    return Travel(median(ratios), len(ratios)) if ratios else None


def learned_ratio(services: Services, campaign_id: CampaignId) -> float:
    """How many times as long ways are planned as they would be without evidence: 1 until there are ``LEAST_TRIPS``.

    In steps of a tenth, so that not every further trip moves every plan.
    """
    found = travel_of(services, campaign_id)
    if found is None or found.trips < LEAST_TRIPS:
        return 1.0
    least, most = RATIOS
    return min(most, max(least, round(found.ratio, 1)))


def _events(services: Services, campaign_id: CampaignId) -> Iterator[Event]:
    after = 0
    while page := services.ledger.events(campaign_id=campaign_id, after=after, limit=PAGE, kinds=(FINISHED,)):
        yield from page
        after = page[-1].revision


def _read(event: Event) -> Finished:
    data = event.data
    hosts = data.get("hosts")
    return Finished(
        VisitId(str(data["visit"])),
        VisitMode(str(data["mode"])),
        tuple(HostId(str(host_id)) for host_id in hosts) if isinstance(hosts, list | tuple) else (),
        float(str(data["minutes"])),
        _number(data.get("travel_minutes")),
        _number(data.get("planned_travel_minutes")),
        event.by,
        str(data.get("note", "")),
        float(str(data.get("travel_ratio", 1.0))),
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
