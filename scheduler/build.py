"""From a campaign, its fleet and its crew to a ``Problem``.

The last place where local times, vetting and agreements are looked at: from here on there are only minutes, cents
and indices.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from muster.campaign import Campaign
from muster.crew import Crew, Engineer, Partner
from muster.errors import NothingToPlan
from muster.fleet import Fleet, Site
from muster.ids import ClientId, PartnerId, PersonId, SiteId, VisitId
from muster.plan import Plan, Visit, VisitMode
from muster.records import HostState
from scheduler.crew_days import Clockwork, days_of, objection_to
from scheduler.estimate import EffortModel
from scheduler.localtime import Hours, expand
from scheduler.policy import Policy
from scheduler.problem import (
    AT_HOME,
    Barred,
    Cap,
    Demand,
    LeftOut,
    Person,
    PersonDay,
    Pin,
    Previous,
    Prices,
    Problem,
    Span,
    money,
)
from scheduler.skills import SPEAKS
from scheduler.spans import cut
from scheduler.touching import touch_rules, touch_spans
from scheduler.travel import Spot
from scheduler.visits import VisitMaker


@dataclass(frozen=True, slots=True)
class World:
    """Everything a problem is built from.

    Attributes:
        now: the campaign's clock; nothing is planned before it.
        objections: partners that must not be given work, and why, as ``partners/`` judges them.
        kept_out: people who must not be given work although their partner may, and why.
        barriers: partners and people who must not be sent to a site, and by which rule.
        preferred: people a client knows already.
    """

    campaign: Campaign
    fleet: Fleet
    crew: Crew
    effort: EffortModel
    now: datetime
    objections: Mapping[PartnerId, str] = field(default_factory=lambda: MappingProxyType({}))
    kept_out: Mapping[PersonId, str] = field(default_factory=lambda: MappingProxyType({}))
    barriers: Mapping[SiteId, tuple[Barred, ...]] = field(default_factory=lambda: MappingProxyType({}))
    policy: Policy = field(default_factory=Policy)
    preferred: Mapping[ClientId, tuple[PersonId, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def clockwork(self) -> Clockwork:
        """The minutes of the problem: they count from now, cut to the whole minute."""
        epoch = self.now.astimezone(UTC).replace(second=0, microsecond=0)
        return Clockwork(epoch, self.now, self.campaign.deadline)


def build(
    world: World,
    states: Iterable[HostState],
    *,
    keep: Iterable[Visit] = (),
    pins: Iterable[Pin] = (),
    previous: Plan | None = None,
    ledger_revision: int = 0,
) -> Problem:
    """The problem of planning what the hosts still need.

    Args:
        world: campaign, fleet, crew, estimate, clock and policy.
        states: the ledger's hosts of the campaign; protected ones need nothing.
        keep: visits of the plan that binds: their hosts stay together under their ids.
        pins: promises; those of visits that are not needed any more fall away.
        previous: the plan that changes are counted against.
        ledger_revision: of the states.

    Raises:
        NothingToPlan: no host needs a visit.
        InputError: a zone of a site or person does not exist.
    """
    eligible, left_out = _eligible(world)
    latest = world.campaign.deadline.astimezone(UTC)
    earliest = world.clockwork.epoch
    maker = VisitMaker(
        world.fleet,
        world.effort,
        earliest,
        latest,
        eligible,
        world.preferred,
        world.crew,
        world.policy,
        world.campaign.gates,
    )
    visits = maker.visits(states, keep)
    if not visits:
        raise NothingToPlan(
            "no host of the campaign needs a visit", hint="Probe again if you think that one does: muster probe."
        )
    return problem_of(world, visits, eligible, left_out, pins=pins, previous=previous, ledger_revision=ledger_revision)


def problem_of(
    world: World,
    visits: Sequence[Visit],
    eligible: Sequence[Engineer],
    left_out: Sequence[LeftOut] = (),
    *,
    pins: Iterable[Pin] = (),
    previous: Plan | None = None,
    ledger_revision: int = 0,
) -> Problem:
    """The problem of planning these visits with these people."""
    clockwork, policy = world.clockwork, world.policy
    spots, site_spot, homes = _spots(world.fleet, visits, eligible)
    raw = [day for person in eligible for day in days_of(person, _partner(world.crew, person), clockwork, policy)]
    people = tuple(_person(world, person) for person in eligible)
    number_of = {person.id: number for number, person in enumerate(people)}
    first_day = min((day.day for day in raw), default=clockwork.epoch.date())
    days = tuple(
        day.placed(number_of[day.person.id], homes[day.person.id], (day.day - first_day).days, policy) for day in raw
    )
    floor_price = _dearest_day(people, days)
    access = _AccessSpans(world, clockwork)
    known = {visit.id for visit in visits}
    return Problem(
        campaign_id=world.campaign.id,
        epoch=clockwork.epoch,
        deadline=clockwork.floor(world.campaign.deadline),
        demands=tuple(_demand(world, visit, site_spot, access, floor_price) for visit in visits),
        people=people,
        days=days,
        spots=spots,
        travel=policy.travel,
        caps=(*_partner_caps(world.crew, people, days), *_caps_of_people(eligible, days, policy)),
        pins=tuple(pin for pin in pins if pin.visit_id in known),
        previous=_previous(previous, clockwork, days, people, known),
        prices=Prices(policy.continuity_cents, policy.change_person_cents, policy.change_day_cents),
        left_out=tuple(left_out),
        created_at=world.now.astimezone(UTC),
        ledger_revision=ledger_revision,
    )


def _partner(crew: Crew, person: Engineer) -> Partner | None:
    return None if person.partner_id is None else crew.partner.get(person.partner_id)


def _eligible(world: World) -> tuple[tuple[Engineer, ...], tuple[LeftOut, ...]]:
    """Who may be sent, by id, and who may not and why."""
    first, last = world.now.astimezone(UTC).date(), world.campaign.deadline.astimezone(UTC).date()
    eligible, left_out = [], []
    for person in sorted(world.crew.engineers, key=lambda p: p.id):
        partner_id = person.partner_id
        reason = ""
        if partner_id is not None:
            reason = (
                world.objections.get(partner_id, "")
                or world.kept_out.get(person.id, "")
                or objection_to(partner_id, world.crew, first, last)
            )
        if reason:
            left_out.append(LeftOut(person.name, reason, person.id, partner_id, person.skills))
        else:
            eligible.append(person)
    return tuple(eligible), tuple(left_out)


def _spots(
    fleet: Fleet, visits: Iterable[Visit], people: Iterable[Engineer]
) -> tuple[tuple[Spot, ...], dict[SiteId, int], dict[PersonId, tuple[int, int]]]:
    """All places; those of the sites, and where each person's day begins and ends."""
    spots: list[Spot] = []
    site_spot: dict[SiteId, int] = {}
    homes: dict[PersonId, tuple[int, int]] = {}
    for person in people:
        homes[person.id] = (len(spots), len(spots) + (person.end is not None))
        spots.append(Spot(f"home:{person.id}", person.home, person.region))
        if person.end is not None:
            spots.append(Spot(f"end:{person.id}", person.end, person.region))
    for site_id in sorted({visit.site_id for visit in visits if visit.mode is VisitMode.ONSITE}):
        site = fleet.site[site_id]
        site_spot[site_id] = len(spots)
        spots.append(Spot(f"site:{site_id}", site.place, site.region))
    return tuple(spots), site_spot, homes


def _person(world: World, person: Engineer) -> Person:
    partner = _partner(world.crew, person)
    agreement = partner.agreement if partner else None
    rate = person.rate_cents_per_hour
    return Person(
        id=person.id,
        name=person.name,
        skills=person.skills | {f"{SPEAKS}{language}" for language in person.languages},
        partner_id=person.partner_id,
        clients=frozenset(agreement.clients) if agreement and agreement.clients else None,
        rate_cents_per_hour=rate,
        travel_cents_per_hour=rate + world.policy.vehicle_cents_per_hour,
        overtime_cents_per_hour=max(0, round(rate * (person.overtime_factor - 1.0))),
        region=person.region,
        timezone=person.timezone,
    )


def _dearest_day(people: Sequence[Person], days: Sequence[PersonDay]) -> int:
    """What a person-day can cost at most, in cents: the least price of leaving a visit out is above it."""
    return 1 + max(
        (
            money(
                day.latest_end - day.starts,
                max(people[day.person].rate_cents_per_hour, people[day.person].travel_cents_per_hour)
                + people[day.person].overtime_cents_per_hour,
            )
            + day.fixed_cents
            for day in days
        ),
        default=0,
    )


@dataclass(slots=True)
class _AccessSpans:
    """The hours of sites and of their machines as minutes between now and the deadline, each worked out once."""

    world: World
    clockwork: Clockwork
    known: dict[SiteId, tuple[Span, ...]] = field(default_factory=dict)
    known_for_machines: dict[Hashable, tuple[Span, ...]] = field(default_factory=dict)

    def for_machines(self, visit: Visit, site: Site) -> tuple[Span, ...]:
        gates = self.world.campaign.gates
        hosts = [self.world.fleet.host[host_id] for host_id in visit.host_ids]
        key = (site.id, frozenset(touch_rules(host, site, gates) for host in hosts))
        if key not in self.known_for_machines:
            self.known_for_machines[key] = touch_spans(hosts, site, gates, self.clockwork)
        return self.known_for_machines[key]

    def of(self, site: Site) -> tuple[Span, ...]:
        if site.id not in self.known:
            self.known[site.id] = self._worked_out(site)
        return self.known[site.id]

    def _worked_out(self, site: Site) -> tuple[Span, ...]:
        clockwork, deadline = self.clockwork, self.world.campaign.deadline
        whole = Span(0, max(0, clockwork.floor(deadline)))
        if not site.access:
            return (whole,) if whole.ends else ()
        hours = [Hours(window.weekday, window.opens, window.closes) for window in site.access]
        opened = expand(hours, site.timezone, clockwork.epoch, deadline)
        spans = [Span(clockwork.ceil(s.starts_at), clockwork.floor(s.ends_at)) for s in opened]
        return cut(spans, whole)


def _demand(
    world: World, visit: Visit, site_spot: Mapping[SiteId, int], access: _AccessSpans, floor_price: int
) -> Demand:
    """A visit with its spans: access hours are for people who come, a remote visit keeps its machines' hours."""
    site, client = world.fleet.site[visit.site_id], world.fleet.client[visit.client_id]
    remote = visit.mode is VisitMode.REMOTE
    clockwork, policy = access.clockwork, world.policy
    whole = Span(max(0, clockwork.ceil(visit.earliest)), clockwork.floor(min(visit.latest, world.campaign.deadline)))
    spans = cut(access.for_machines(visit, site) if remote else access.of(site), whole)
    hosts = len(visit.host_ids)
    return Demand(
        visit=visit,
        spot=AT_HOME if remote else site_spot[visit.site_id],
        spans=spans,
        unplaced_cents=max(
            policy.unplaced(visit.priority, hosts), floor_price * visit.people * (6 - min(max(visit.priority, 1), 5))
        )
        + client.value_cents_per_host * hosts,
        delay_cents_per_day=policy.delay_cents_per_day * max(1, hosts),
        partners_allowed=client.partners_allowed,
        region=site.region,
        timezone=site.timezone,
        barred=world.barriers.get(site.id, ()),
    )


def _partner_caps(crew: Crew, people: Sequence[Person], days: Sequence[PersonDay]) -> list[Cap]:
    caps = []
    for partner in sorted(crew.partners, key=lambda p: p.id):
        limit = partner.agreement.capacity_minutes if partner.agreement else None
        numbers = tuple(n for n, day in enumerate(days) if people[day.person].partner_id == partner.id)
        if limit is not None and numbers:
            caps.append(Cap(f"agreement of {partner.name}", numbers, limit, partner_id=partner.id))
    return caps


def _caps_of_people(people: Sequence[Engineer], days: Sequence[PersonDay], policy: Policy) -> Iterator[Cap]:
    """Hours per ISO week and per day, where shifts and overtime exceed what the policy or the person allows."""
    weeks: dict[tuple[int, int, int], list[int]] = {}
    for number, day in enumerate(days):
        year, week, _ = day.day.isocalendar()
        weeks.setdefault((day.person, year, week), []).append(number)
        most = people[day.person].most_minutes_per_day
        if most is not None and day.latest_end - day.starts > most:
            yield Cap(f"{people[day.person].name}, {day.day:%a %d %b}", (number,), most, counts_travel=True)
    for (person, _, week), numbers in sorted(weeks.items()):
        own = people[person].most_minutes_per_week
        most = policy.most_minutes_per_week if own is None else min(own, policy.most_minutes_per_week)
        if sum(days[n].latest_end - days[n].starts for n in numbers) > most:
            yield Cap(f"{people[person].name}, week {week}", tuple(numbers), most, counts_travel=True)


def _previous(
    plan: Plan | None, clockwork: Clockwork, days: Sequence[PersonDay], people: Sequence[Person], known: set[VisitId]
) -> tuple[Previous, ...]:
    """Where each visit stood, in the numbers of this problem; a day that is not there any more is told as -1."""
    if plan is None:
        return ()
    days_of: dict[PersonId, list[PersonDay]] = {}
    for day in days:
        days_of.setdefault(people[day.person].id, []).append(day)
    found: dict[VisitId, Previous] = {}
    for assignment in plan.assignments:
        visit_id, starts = assignment.visit_id, clockwork.floor(assignment.starts_at)
        theirs = days_of.get(assignment.person_id, ())
        ordinal = next((day.ordinal for day in theirs if day.starts <= starts < day.latest_end), -1)
        others = found[visit_id].person_ids if visit_id in found else ()
        if visit_id in known:
            found[visit_id] = Previous(visit_id, (*others, assignment.person_id), ordinal, starts)
    return tuple(found.values())
