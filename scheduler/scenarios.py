"""Scenarios as people say them, turned into other worlds: ``people +2 linux in north``, ``deadline -3d``.

Each form is one function over a ``World``; several are joined by ``;``. How hosts stand is not part of a world, so the
form ``automation`` is read by ``states_in`` instead. ``FORMS`` is what a command shows where a scenario cannot be read.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import time, timedelta
from difflib import get_close_matches
from hashlib import sha256
from statistics import mean, median
from types import MappingProxyType

from muster.crew import Agreement, Engineer, Partner, Vetting
from muster.errors import InputError
from muster.fleet import AccessWindow, Place
from muster.ids import PartnerId, PersonId
from muster.outcomes import HostStatus
from muster.plan import VisitMode
from muster.records import HostState
from scheduler.build import World
from scheduler.visits import mode_of

FORMS = (
    ("people +2 linux windows in north", "so many more people like our own, with these skills, living in that region"),
    ("overtime 60", "every one of our own people may be asked for so many minutes of overtime a day"),
    ("overtime 20 %", "the same in percent of everybody's usual day"),
    ("deadline -3d", "the deadline is so many days (d) or hours (h) earlier (-) or later (+)"),
    ("add partner northside", "a partner that may be given nothing yet is vetted and signed"),
    ("add partner Newcomer with 3 people in north", "a partner that nobody knows yet, its people like those at hand"),
    ("without partner northside", "a partner falls out"),
    ("without person kim", "somebody falls out"),
    ("partner northside +40h", "an agreement covers so many hours more (+) or less (-)"),
    ("partners everywhere", "every client allows partners"),
    ("access until 20:00", "every site that has access hours lets people in until then, on the days it has them"),
    ("automation 90 %", "of the machines that need work so many percent answer from afar; the rest need a visit"),
    ("percentile 0.95", "visits take as long as is not exceeded in this share of cases"),
)
"""An example of each form, and what it means."""

Step = Callable[[World, re.Match[str]], World]


def scenario(text: str, world: World) -> World:
    """The world as a scenario has it.

    Raises:
        InputError: it cannot be read, or names somebody who is not there.
    """
    for part in (part.strip() for part in text.split(";")):
        for pattern, step in STEPS.items():
            match = re.fullmatch(pattern, part, re.IGNORECASE)
            if match:
                world = step(world, match)
                break
        else:
            forms = "; ".join(example for example, _ in FORMS)
            raise InputError(f"the scenario {part!r} cannot be read", hint=f"such as: {forms}")
    return world


def states_in(text: str, world: World, states: Iterable[HostState]) -> tuple[HostState, ...]:
    """How the hosts stand in a scenario: as they do, but for its form ``automation``."""
    found = tuple(states)
    for part in text.split(";"):
        match = re.fullmatch(AUTOMATION, part.strip(), re.IGNORECASE)
        if match:
            found = _automated(world, found, int(match["percent"]))
    return found


def _automated(world: World, states: Sequence[HostState], percent: int) -> tuple[HostState, ...]:
    """So many percent of the open machines that can be got at from afar at all are, the rest need somebody on site.

    Which ones is drawn by their ids, so that the same machines change in every comparison, and as few as can be.
    """
    modes: dict[VisitMode, list[HostState]] = defaultdict(list)
    for state in states:
        host = world.fleet.host.get(state.host_id)
        if host is not None and not state.status.protected and mode_of(host, HostStatus.STALE) is VisitMode.REMOTE:
            modes[mode_of(host, state.status)].append(state)
    remote, onsite = modes[VisitMode.REMOTE], modes[VisitMode.ONSITE]
    more = (len(remote) + len(onsite)) * percent // 100 - len(remote)
    chosen = sorted(onsite if more > 0 else remote, key=lambda one: sha256(one.host_id.encode()).digest())[: abs(more)]
    status = HostStatus.STALE if more > 0 else HostStatus.UNREACHABLE
    changed = {one.host_id for one in chosen}
    return tuple(replace(one, status=status) if one.host_id in changed else one for one in states)


def _as_it_is(world: World, match: re.Match[str]) -> World:
    if int(match["percent"]) > 100:
        raise InputError(f"automation {match['percent']} % is more than everything", hint="such as automation 90 %")
    return world


def _more_people(world: World, match: re.Match[str]) -> World:
    """Clones of the company's own people: their most usual shifts, the middle of their rates, their middle place."""
    own = [p for p in world.crew.engineers if p.partner_id is None]
    skills = frozenset((match["skills"] or "").lower().split())
    added = _clones(world, own, int(match["count"]), match["region"] or "", skills)
    return _with_engineers(world, (*world.crew.engineers, *added))


def _clones(
    world: World, models: list[Engineer], count: int, region: str, skills: frozenset[str] = frozenset()
) -> list[Engineer]:
    """People like the models, like those of the region where there are any; like anybody where there are no models."""
    models = models or list(world.crew.engineers)
    near = [p for p in models if not region or p.region == region] or models
    if not near:
        raise InputError("there is nobody whom more people could be like", hint="muster import the crew first")
    skills = skills or frozenset().union(*(p.skills for p in near))
    shifts, zone = Counter((p.shifts, p.timezone) for p in near).most_common(1)[0][0]
    known = set(world.crew.engineer)
    ids = (PersonId(f"more-{number}") for number in range(1, 10_000))
    free = (person_id for person_id in ids if person_id not in known)
    return [
        Engineer(
            id=person_id,
            name=f"one more {number}",
            timezone=zone,
            shifts=shifts,
            skills=skills,
            home=_home(world, region, near),
            region=region or near[0].region,
            rate_cents_per_hour=round(median(p.rate_cents_per_hour for p in near)),
            overtime_minutes_per_day=round(median(p.overtime_minutes_per_day for p in near)),
            languages=frozenset().union(*(p.languages for p in near)),
        )
        for number, person_id in zip(range(1, count + 1), free, strict=False)
    ]


def _home(world: World, region: str, near: list[Engineer]) -> Place | None:
    """In the middle of the region's sites, else of the homes of those whom the new people are like."""
    places = [site.place for site in world.fleet.sites if site.place and region and site.region == region]
    places = places or [p.home for p in near if p.home]
    if not places:
        return None
    return Place(median(p.latitude for p in places), median(p.longitude for p in places))


def _overtime(world: World, match: re.Match[str]) -> World:
    minutes = int(match["minutes"])
    return _with_engineers(
        world,
        tuple(
            replace(p, overtime_minutes_per_day=max(minutes, p.overtime_minutes_per_day)) if p.partner_id is None else p
            for p in world.crew.engineers
        ),
    )


def _overtime_percent(world: World, match: re.Match[str]) -> World:
    share = int(match["percent"]) / 100
    return _with_engineers(
        world,
        tuple(
            replace(p, overtime_minutes_per_day=max(round(share * _usual_day(p)), p.overtime_minutes_per_day))
            if p.partner_id is None
            else p
            for p in world.crew.engineers
        ),
    )


def _usual_day(person: Engineer) -> float:
    """The mean minutes of a working day: all shifts of a weekday together."""
    minutes: dict[int, int] = defaultdict(int)
    for shift in person.shifts:
        starts, ends = (60 * at.hour + at.minute for at in (shift.starts, shift.ends))
        minutes[shift.weekday] += ends - starts
    return mean(minutes.values()) if minutes else 0.0


def _deadline(world: World, match: re.Match[str]) -> World:
    unit = {"d": timedelta(days=1), "h": timedelta(hours=1), "w": timedelta(weeks=1)}[match["unit"].lower()]
    moved = world.campaign.deadline + int(match["by"]) * unit
    if moved <= world.now:
        raise InputError(f"deadline {match['by']}{match['unit']} lies before now", hint="move it by less")
    return replace(world, campaign=replace(world.campaign, deadline=moved))


def _add_partner(world: World, match: re.Match[str]) -> World:
    """A partner as though it were vetted, signed and insured until the deadline.

    Rules between it and single clients (its regions, competitors, service levels) hold as the world knows them, and so
    do its agreement's hours and clients; of a partner that nobody knows yet there are none.
    """
    there, said = world.crew.partner, match.groupdict(default="")
    count, region = int(said.get("count", 0)), said.get("region", "")
    folded = {name.casefold(): partner for partner in there.values() for name in (partner.id, partner.name)}
    before = folded.get(match["id"].casefold())
    if before is None and not count:
        near = get_close_matches(match["id"].casefold(), list(folded), n=1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        raise InputError(
            f"there is no partner {match['id']!r}",
            hint=f"{guess}For one that is not there yet say how many people: add partner {match['id']} with 3 people",
        )
    partner = before or Partner(PartnerId(match["id"].lower()), match["id"], region=region)
    theirs = [p for p in world.crew.engineers if p.partner_id == partner.id]
    if not theirs and not count:
        hint = f"say how many: add partner {match['id']} with 3 people"
        raise InputError(f"partner {partner.id} has nobody in the crew", hint=hint)
    models = theirs or [p for p in world.crew.engineers if p.partner_id is not None]
    added = [
        replace(p, partner_id=partner.id, name=f"{partner.name} {number}", overtime_minutes_per_day=0)
        for number, p in enumerate(_clones(world, models, count, region or partner.region), start=1)
    ]
    partners = (*(p for p in world.crew.partners if p.id != partner.id), _eligible(partner, world))
    crew = replace(world.crew, engineers=(*world.crew.engineers, *added), partners=partners)
    kept_out = {key: why for key, why in world.kept_out.items() if key not in {p.id for p in theirs}}
    objections = {key: why for key, why in world.objections.items() if key != partner.id}
    return replace(world, crew=crew, objections=MappingProxyType(objections), kept_out=MappingProxyType(kept_out))


def _eligible(partner: Partner, world: World) -> Partner:
    """The partner with a vetting and an agreement that hold from now on, its own limits kept."""
    first, last = world.now.date() - timedelta(days=1), world.campaign.deadline.date() + timedelta(days=1)
    agreement = partner.agreement or Agreement(first, last)
    return replace(
        partner,
        vetting=Vetting(passed=True, judged_by="a scenario", judged_on=first, valid_until=last),
        agreement=replace(
            agreement, signed_on=min(agreement.signed_on, first), valid_until=max(agreement.valid_until, last)
        ),
    )


def _without_partner(world: World, match: re.Match[str]) -> World:
    partner_id = PartnerId(_known(match["id"], [*world.crew.partner], "partner"))
    reason = "left out to see what then"
    return replace(world, objections=MappingProxyType({**world.objections, partner_id: reason}))


def _without_person(world: World, match: re.Match[str]) -> World:
    person_id = _known(match["id"], [*world.crew.engineer], "person")
    return _with_engineers(world, tuple(p for p in world.crew.engineers if p.id != person_id))


def _capacity(world: World, match: re.Match[str]) -> World:
    partner = world.crew.partner[PartnerId(_known(match["id"], [*world.crew.partner], "partner"))]
    agreement = partner.agreement
    if agreement is None or agreement.capacity_minutes is None:
        raise InputError(f"the agreement of {partner.id} sets no limit that could be moved")
    minutes = max(0, agreement.capacity_minutes + 60 * int(match["hours"]))
    wider = replace(partner, agreement=replace(agreement, capacity_minutes=minutes))
    partners = tuple(wider if p.id == partner.id else p for p in world.crew.partners)
    return replace(world, crew=replace(world.crew, partners=partners))


def _partners_everywhere(world: World, match: re.Match[str]) -> World:
    del match
    clients = tuple(replace(client, partners_allowed=True) for client in world.fleet.clients)
    return replace(world, fleet=replace(world.fleet, clients=clients))


def _access(world: World, match: re.Match[str]) -> World:
    try:
        until = time.fromisoformat(match["until"].zfill(5))
    except ValueError:
        raise InputError(f"{match['until']} is no time of day", hint="such as access until 20:00") from None
    sites = tuple(
        replace(site, access=tuple(_longer(window, until) for window in site.access)) for site in world.fleet.sites
    )
    return replace(world, fleet=replace(world.fleet, sites=sites))


def _longer(window: AccessWindow, until: time) -> AccessWindow:
    return replace(window, closes=max(window.closes, until))


def _percentile(world: World, match: re.Match[str]) -> World:
    share = float(match["share"])
    share = share / 100 if share > 1 else share
    if not 0 < share < 1:
        raise InputError(f"percentile {match['share']} is no share of cases", hint="such as percentile 0.95")
    return replace(world, effort=replace(world.effort, policy=replace(world.effort.policy, percentile=share)))


def _with_engineers(world: World, engineers: tuple[Engineer, ...]) -> World:
    return replace(world, crew=replace(world.crew, engineers=engineers))


def _known(name: str, there: list[str], word: str) -> str:
    found = {one.lower(): one for one in there}
    if name.lower() not in found:
        near = get_close_matches(name.lower(), list(found), n=1)
        guess = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(there)[:8]) or 'none'}"
        raise InputError(f"there is no {word} {name!r}", hint=guess)
    return found[name.lower()]


AUTOMATION = r"automation (?P<percent>\d{1,3}) ?%"

STEPS: Mapping[str, Step] = MappingProxyType(
    {
        r"people \+(?P<count>\d{1,3})(?P<skills>(?: (?!in )[\w-]+)*)(?: in (?P<region>.+))?": _more_people,
        r"overtime (?P<minutes>\d{1,3})": _overtime,
        r"overtime (?P<percent>\d{1,3}) ?%": _overtime_percent,
        r"deadline (?P<by>[+-]\d{1,4})(?P<unit>[dhw])": _deadline,
        r"add partner (?P<id>\S+)": _add_partner,
        r"add partner (?P<id>\S+) with (?P<count>\d{1,3}) (?:people|person)(?: in (?P<region>.+))?": _add_partner,
        AUTOMATION: _as_it_is,
        r"without partner (?P<id>\S+)": _without_partner,
        r"without person (?P<id>\S+)": _without_person,
        r"partner (?P<id>\S+) (?P<hours>[+-]\d{1,5})h": _capacity,
        r"partners everywhere": _partners_everywhere,
        r"access until (?P<until>\d{1,2}:\d{2})": _access,
        r"percentile (?P<share>\d*\.?\d+)": _percentile,
    }
)
