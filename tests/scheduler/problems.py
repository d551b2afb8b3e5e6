"""Problems for tests: plain ones with few words, and random ones that use every rule, the spiteful ones included."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

from muster.fleet import Place
from muster.ids import CampaignId, ClientId, HostId, PartnerId, PersonId, SiteId, VisitId
from muster.plan import Visit, VisitMode
from scheduler.problem import (
    AT_HOME,
    Barred,
    Cap,
    Demand,
    Person,
    PersonDay,
    Pin,
    Previous,
    Prices,
    Problem,
    Rest,
    Span,
)
from scheduler.travel import Spot, TableTravel

EPOCH = datetime(2026, 10, 19, 0, 0, tzinfo=UTC)
"""A Monday."""

EIGHT, NOON, FOUR = 8 * 60, 12 * 60, 16 * 60


def demand(
    name: str,
    *,
    effort: int = 60,
    spot: int = AT_HOME,
    spans: Iterable[tuple[int, int]] = ((0, 10_000),),
    skills: Iterable[str] = (),
    unplaced_cents: int = 1_000_000,
    priority: int = 3,
    after: Iterable[str] = (),
    preferred: Iterable[str] = (),
    excluded: Iterable[str] = (),
    people: int = 1,
    delay: int = 0,
    partners_allowed: bool = True,
    client: str = "acme",
    deadline: int = 10_000,
) -> Demand:
    """A visit with everything usual about it."""
    visit = Visit(
        id=VisitId(name),
        client_id=ClientId(client),
        site_id=SiteId(f"site-{spot}"),
        mode=VisitMode.REMOTE if spot == AT_HOME else VisitMode.ONSITE,
        host_ids=(HostId(f"host-{name}"),),
        effort_minutes=effort,
        skills=frozenset(skills),
        priority=priority,
        earliest=EPOCH,
        latest=EPOCH + timedelta(minutes=deadline),
        after=tuple(VisitId(v) for v in after),
        preferred=tuple(PersonId(p) for p in preferred),
        excluded=tuple(PersonId(p) for p in excluded),
        people=people,
    )
    cut = tuple(Span(*span) for span in spans)
    return Demand(visit, spot, cut, unplaced_cents, delay, partners_allowed)


def person(
    name: str,
    *,
    skills: Iterable[str] = ("linux",),
    partner: str | None = None,
    clients: Iterable[str] | None = None,
    rate: int = 6000,
    travel_rate: int = 6000,
    overtime_rate: int = 3000,
) -> Person:
    """Somebody with everything usual about them."""
    return Person(
        id=PersonId(name.lower()),
        name=name,
        skills=frozenset(skills),
        partner_id=None if partner is None else PartnerId(partner),
        clients=None if clients is None else frozenset(ClientId(c) for c in clients),
        rate_cents_per_hour=rate,
        travel_cents_per_hour=travel_rate,
        overtime_cents_per_hour=overtime_rate,
    )


def day(
    who: int = 0,
    *,
    number: int = 0,
    starts: int = EIGHT,
    ends: int = FOUR,
    home: int = 0,
    end: int | None = None,
    overtime: int = 0,
    blocked: Iterable[tuple[int, int]] = (),
    rest: Rest | None = None,
    max_leg: int | None = None,
    max_travel: int | None = None,
    fixed_cents: int = 0,
) -> PersonDay:
    """A person's day ``number`` days after the epoch's; times are minutes of that day."""
    shift = 1440 * number
    return PersonDay(
        person=who,
        day=date(2026, 10, 19) + timedelta(days=number),
        ordinal=number,
        starts=starts + shift,
        ends=ends + shift,
        start_spot=home,
        end_spot=home if end is None else end,
        overtime_minutes=overtime,
        blocked=tuple(Span(a + shift, b + shift) for a, b in blocked),
        rest=None if rest is None else replace(rest, earliest=rest.earliest + shift, latest=rest.latest + shift),
        max_leg_minutes=max_leg,
        max_travel_minutes=max_travel,
        fixed_cents=fixed_cents,
    )


def line(count: int, minutes: int = 30) -> tuple[tuple[Spot, ...], TableTravel]:
    """Spots in a row, so many minutes apart."""
    spots = tuple(Spot(f"spot:{n}", Place(50.0, n / 10)) for n in range(count))
    table = {(spots[a].key, spots[b].key): abs(a - b) * minutes for a in range(count) for b in range(count) if a != b}
    return spots, TableTravel(table)


def problem(
    demands: Iterable[Demand],
    people: Iterable[Person] = (),
    days: Iterable[PersonDay] = (),
    *,
    spots: int = 3,
    caps: Iterable[Cap] = (),
    pins: Iterable[Pin] = (),
    previous: Iterable[Previous] = (),
    prices: Prices | None = None,
    deadline: int = 10_000,
) -> Problem:
    """A problem on a line of spots, thirty minutes apart; Anna works on Monday if nobody else is named."""
    row, travel = line(spots)
    return Problem(
        campaign_id=CampaignId("C-1"),
        epoch=EPOCH,
        deadline=deadline,
        demands=tuple(demands),
        people=tuple(people) or (person("Anna"),),
        days=tuple(days) or (day(),),
        spots=row,
        travel=travel,
        caps=tuple(caps),
        pins=tuple(pins),
        previous=tuple(previous),
        prices=prices or Prices(),
        created_at=EPOCH,
    )


class Spiteful(Random):
    """Random numbers, and how spiteful the problem is: the share of its rules that are meant to hurt."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.spite = super().random() ** 2

    def spites(self, share: float) -> bool:
        """Whether a rule that hurts is used here."""
        return self.random() < share * self.spite


def random_problem(seed: int, *, visits: int = 6, people: int = 3, days: int = 2) -> Problem:
    """A problem that may use any rule; often something in it cannot be placed."""
    random = Spiteful(seed)
    spots = random.randint(2, 6)
    crew = [_random_person(random, n) for n in range(random.randint(1, people))]
    spells = [
        _random_day(random, who, number, spots)
        for who in range(len(crew))
        for number in range(days)
        if not random.spites(0.4)
    ]
    demands = [_random_demand(random, n, spots, days, [p.id for p in crew]) for n in range(random.randint(1, visits))]
    demands = _some_barred(seed, demands, crew)
    return Problem(
        campaign_id=CampaignId("C-1"),
        epoch=EPOCH,
        deadline=days * 1440,
        demands=tuple(demands),
        people=tuple(crew),
        days=tuple(spells),
        spots=tuple(
            Spot(f"spot:{n}", Place(50 + random.random(), random.random()) if random.random() < 0.9 else None)
            for n in range(spots)
        ),
        travel=_random_travel(random),
        caps=tuple(_random_caps(random, len(spells))),
        pins=tuple(_random_pins(random, demands, crew)),
        previous=tuple(
            Previous(d.visit.id, (random.choice(crew).id,), random.randrange(days), 600)
            for d in demands
            if random.random() < 0.2
        ),
        prices=Prices(random.choice([0, 777]), random.choice([0, 1313]), random.choice([0, 555]), 3_000_000),
        created_at=EPOCH,
    )


def _random_travel(random: Spiteful) -> TableTravel:
    if random.random() < 0.7:
        return TableTravel()
    return TableTravel({("spot:0", "spot:1"): random.randint(0, 200), ("spot:1", "spot:0"): random.randint(0, 200)})


def _random_person(random: Spiteful, number: int) -> Person:
    partner = random.random() < 0.4
    return person(
        "ABCDEFGH"[number],
        skills=random.sample(["linux", "windows", "mac"], random.randint(1, 3)),
        partner=random.choice(["north", "south"]) if partner else None,
        clients=["acme"] if partner and random.spites(0.6) else None,
        rate=random.choice([4_000, 5_555, 6_000, 9_001]),
        travel_rate=random.choice([0, 5_000, 7_777]),
        overtime_rate=random.choice([0, 2_500, 3_333]),
    )


def _some_barred(seed: int, demands: list[Demand], crew: list[Person]) -> list[Demand]:
    """Now and then a partner, or one of its people, is barred; dice of their own leave everything else as it was."""
    dice = Random(f"barred {seed}")  # noqa: S311 - a game
    partners = sorted({one.partner_id for one in crew if one.partner_id is not None})

    def bars() -> tuple[Barred, ...]:
        if not partners or dice.random() < 0.6:
            return ()
        return (Barred(dice.choice(partners), "region", "elsewhere", dice.choice([None, dice.choice(crew).id])),)

    return [replace(demand, barred=bars()) for demand in demands]


def _random_day(random: Spiteful, who: int, number: int, spots: int) -> PersonDay:
    starts = random.randint(6, 10) * 60 + random.choice([0, 0, 17])
    ends = starts + random.randint(2, 9) * 60
    blocked = []
    if random.spites(0.6):
        begins = random.randint(starts, ends - 30)
        blocked = [(begins, min(ends, begins + random.randint(15, 120)))]
    rest = None
    if random.spites(0.8):
        earliest = starts + random.randint(-30, 180)
        rest = Rest(random.choice([20, 30, 45]), earliest, earliest + random.randint(30, 200))
    home = random.randrange(spots)
    return day(
        who,
        number=number,
        starts=starts,
        ends=ends,
        home=home,
        end=home if random.random() < 0.8 else random.randrange(spots),
        overtime=random.choice([0, 0, 30, 90]),
        blocked=blocked,
        rest=rest,
        max_leg=60 if random.spites(0.5) else None,
        max_travel=150 if random.spites(0.5) else None,
        fixed_cents=random.choice([0, 0, 2_000]),
    )


def _random_demand(random: Spiteful, number: int, spots: int, days: int, people: list[PersonId]) -> Demand:
    spans = []
    for at in range(days):
        if not random.spites(0.4):
            opens = at * 1440 + random.randint(5, 9 if not random.spites(0.8) else 14) * 60
            spans.append((opens, min(opens + random.randint(1 if random.spites(0.8) else 5, 9) * 60, days * 1440)))
    return demand(
        f"V-{number}",
        effort=random.choice([10, 30, 45, 60, 90, 120, 240] if random.spites(1) else [10, 30, 45, 60]),
        spot=random.choice([AT_HOME, *range(spots)]),
        spans=spans,
        skills=("linux", "windows") if random.spites(0.5) else random.choice([(), ("linux",), ("windows",)]),
        unplaced_cents=100 if random.spites(0.3) else random.choice([20_000, 500_000]),
        after=[f"V-{random.randrange(number)}"] if number and random.spites(0.6) else (),
        preferred=[random.choice(people)] if random.random() < 0.2 else (),
        excluded=[random.choice(people)] if random.spites(0.3) else (),
        people=2 if random.spites(0.4) else 1,
        delay=random.choice([0, 5, 400]),
        partners_allowed=not random.spites(0.5),
        client=random.choice(["acme", "borg"]),
        deadline=days * 1440,
    )


def _random_caps(random: Spiteful, days: int) -> list[Cap]:
    if not days or not random.spites(0.9):
        return []
    numbers = tuple(sorted(random.sample(range(days), random.randint(1, days))))
    return [Cap("cap", numbers, random.randint(30, 400), counts_travel=random.random() < 0.5)]


def _random_pins(random: Spiteful, demands: list[Demand], people: list[Person]) -> list[Pin]:
    pins = []
    for one in demands:
        if random.spites(0.4):
            starts = None
            if one.spans and random.random() < 0.5:
                starts = random.choice(one.spans).starts + random.choice([0, 15, 60])
            who = random.choice(people).id if starts is None or random.random() < 0.5 else None
            pins.append(Pin(one.visit.id, who, starts))
    return pins
