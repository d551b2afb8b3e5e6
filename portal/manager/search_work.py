"""What is done in a search: each kind as one function from what was asked to what was found."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from flows.planning import make_plan
from muster.errors import InputError
from muster.wiring import Wired
from muster.words import count
from portal.manager import changing
from portal.manager.queries_capacity import worlds_of
from portal.manager.search_record import Search, SearchKind

if TYPE_CHECKING:  # it brings OR-Tools, which other pages need not wait for
    from scheduler.solve import Progress

Tell = Callable[[str], None]
"""Says how far it is, in words."""


def carry_out(services: Wired, search: Search, tell: Tell) -> Search:
    """Search, and give what was found.

    Raises:
        MusterError: nothing can be found, and why.
    """
    match search.kind:
        case SearchKind.PLAN:
            return _plan(services, search, tell)
        case SearchKind.WORLDS:
            return _worlds(services, search, tell)
        case SearchKind.CHANGE:
            changing.work_out(services, search, tell)
            return search


def _plan(services: Wired, search: Search, tell: Tell) -> Search:
    def watch(standing: "Progress") -> None:
        tell(f"{standing.placed:,} of {standing.visits:,} visits placed")

    made = make_plan(services, search.campaign_id, seconds=search.seconds, seed=0, progress=watch)
    return replace(search, plan_id=made.id)


def _worlds(services: Wired, search: Search, tell: Tell) -> Search:
    binding, there = services.ledger.dispatched(search.campaign_id), services.ledger.plans(search.campaign_id)
    if binding is None and not there:
        raise InputError("there is no plan yet, and worlds are planned from it", hint="make one first: Plan")
    tell(f"{count(len(search.asked) + 1, 'world')}, {search.seconds:g} s each")
    plan = services.ledger.plan(binding.plan_id if binding is not None else there[-1])
    return replace(search, worlds=worlds_of(services, plan, search.asked, search.seconds))
