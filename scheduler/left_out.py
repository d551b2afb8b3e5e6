"""The reasons of a visit that is left out, with the easiest changes that would place it."""

from muster.plan import Reason
from muster.words import amount
from scheduler.changes import Change, changes_for
from scheduler.insertion import Inserter, Offer
from scheduler.reasons import obstacles, reasons_for
from scheduler.state import State
from scheduler.tour import Touring

MOST_CHANGES = 3
"""Ways out that are told for one visit."""


def unplaced(touring: Touring, state: State, visit: int) -> tuple[Reason, ...]:
    """Why a visit is left out, and what would place it: the first reason carries the easiest change."""
    waits = _waits(touring, state, visit)
    if waits:
        return waits
    found = obstacles(touring, state, visit)
    reasons = reasons_for(found, touring.problem)
    if touring.problem.days and not found.minimal:
        return (_price(touring, state, visit),)
    changes = _told(changes_for(touring, state, found))
    if not changes:
        return reasons
    ways = "; or ".join(f"if {change.text} ({change.who}, {amount(change.cents)} more)" for change in changes)
    return (Reason(reasons[0].rule, reasons[0].text, f"it fits {ways}"), *reasons[1:])


def _told(changes: list[Change]) -> list[Change]:
    """The easiest of the changes, and among them the one after which the plan costs least; hiring is never that one."""
    easiest = changes[:MOST_CHANGES]
    cheapest = min((one for one in changes if "person" not in one.kinds), key=lambda one: one.cents, default=None)
    if cheapest is None or cheapest in easiest:
        return easiest
    return [*easiest[: MOST_CHANGES - 1], cheapest]


def _waits(touring: Touring, state: State, visit: int) -> tuple[Reason, ...]:
    """A visit that waits for one that is left out itself: nothing else matters until that is placed."""
    problem = touring.problem
    missing = [
        before
        for before in problem.demands[visit].visit.after
        if before in problem.demand_index and problem.demand_index[before] not in state.days_of
    ]
    return tuple(Reason("order", f"it waits for {v}, which is left out", f"place {v} first") for v in missing)


def _price(touring: Touring, state: State, visit: int) -> Reason:
    """A visit that no rule stops: it costs more than leaving it out, or the search has not found its place."""
    price = int(touring.arrays.visits.unplaced_cents[visit])
    offer = _best_at_any_price(touring, state, visit)
    if offer is not None and offer.cents >= price:
        text = f"placing it costs {amount(offer.cents)}, and leaving it out is priced at {amount(price)}"
        return Reason("price", text, "a higher price for leaving it out")
    if touring.people[visit] > 1:
        people = touring.people[visit]
        return Reason(
            "people", f"{people} people who may do it are not free at the same time", "more people, or more time"
        )
    return Reason("price", "it would fit; the search ended before it found that", "search longer")


def _best_at_any_price(touring: Touring, state: State, visit: int) -> Offer | None:
    if visit in touring.tied:
        return None
    offers = Inserter.for_visits(touring, [visit]).offers(state, visit, limit=10_000, everything=True)
    return min(offers, key=lambda offer: offer.cents, default=None)
