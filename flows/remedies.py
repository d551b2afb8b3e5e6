"""What would help a campaign that will probably not be done in time: scenarios, what they bring, and their price."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flows.planning import first_start, world_of
from flows.services import Services
from muster.errors import InputError
from muster.plan import Plan
from partners.money import Money

OVERTIME_MINUTES = 60
MORE_PEOPLE = 1
MORE_HOURS = 40
OPEN_UNTIL = "20:00"
MOST_TRIED = 6
"""Scenarios that are planned: each takes its seconds."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One scenario that makes the odds better.

    Attributes:
        scenario: in the words of ``muster what-if``.
        all_done: how likely everything is done by the deadline with it (0 to 1).
        gained: how much more that is than without it.
        done_gained: how much larger the expected share of open machines is that are done.
        more_cents: what its plan costs more.
    """

    scenario: str
    all_done: float
    gained: float
    done_gained: float
    more_cents: int
    done_by: datetime | None

    @property
    def worth(self) -> float:
        """Odds gained per unit of money; where it costs nothing, as though it cost a cent."""
        return (self.gained + self.done_gained) / max(self.more_cents, 1)

    def sentence(self, currency: str) -> str:
        """For people: what, what it brings, what it costs."""
        price = f"{Money.of_cents(abs(self.more_cents), currency)} {'less' if self.more_cents < 0 else 'more'}"
        return f"{self.scenario}: odds {self.all_done:.0%} ({self.gained:+.0%}), {price}"


def remedies_of(services: Services, plan: Plan, *, seconds: float, seed: int, most: int) -> tuple[Remedy, ...]:
    """The best remedies, the most odds for the money first; only such as make the odds better.

    Args:
        services: the ledger and the book.
        plan: that is gone on from.
        seconds: how long each is planned.
        seed: of every random choice.
        most: how many are given.
    """
    from flows.whatif import compare  # brings OR-Tools, which only who asks needs

    tried = _readable(services, plan)
    rows = compare(services, plan, tried, seconds=seconds, seed=seed)
    base, found = rows[0], []
    for row in rows[1:]:
        gained = row.odds.all_done - base.odds.all_done
        done = row.odds.done_share - base.odds.done_share
        found.append(Remedy(row.name, row.odds.all_done, gained, done, row.more_cents, row.done_by))
    better = [one for one in found if one.gained + one.done_gained > 0]
    return tuple(sorted(better, key=lambda one: (-one.worth, one.scenario))[:most])


def _readable(services: Services, plan: Plan) -> list[str]:
    """The candidates whose scenario can be made of this world."""
    from scheduler.scenarios import scenario

    world = world_of(services, plan.campaign_id, now=first_start(services.clock.now()))
    found: list[str] = []
    for text in dict.fromkeys(_candidates(services, plan)):
        try:
            scenario(text, world)
        except InputError:
            continue
        found.append(text)
    return found[:MOST_TRIED]


def _candidates(services: Services, plan: Plan) -> Iterator[str]:
    """What could be done, the likeliest help first."""
    world = world_of(services, plan.campaign_id, now=first_start(services.clock.now()))
    fleet, crew = world.fleet, world.crew
    own = [person for person in crew.engineers if person.partner_id is None]
    if own:
        yield f"overtime {OVERTIME_MINUTES}"
    short = _short(plan)
    if short and (own or crew.engineers):
        skills = " ".join(sorted(one for one in short if " " not in one))
        yield f"people +{MORE_PEOPLE} {skills}".strip()
    for partner_id in sorted(world.objections):
        yield f"add partner {partner_id}"
    for partner in crew.partners:
        if partner.agreement is not None and partner.agreement.capacity_minutes is not None:
            yield f"partner {partner.id} +{MORE_HOURS}h"
    if crew.partners and any(not client.partners_allowed for client in fleet.clients):
        yield "partners everywhere"
    if any(site.access for site in fleet.sites):
        yield f"access until {OPEN_UNTIL}"


def _short(plan: Plan) -> frozenset[str]:
    """The skills of what is left out; of all visits where nothing is, those that most of them ask for."""
    wanted: Counter[frozenset[str]] = Counter()
    out = {one.visit_id for one in plan.unplaced}
    for visit in plan.visits:
        if not out or visit.id in out:
            wanted[visit.skills] += visit.effort_minutes
    return wanted.most_common(1)[0][0] if wanted else frozenset()
