"""Order rules between hosts, as far as visits can keep them: a visit waits for those that hold what goes first.

At the hosts the rules are kept by the gates, whatever a plan says; a plan that does not know them would send people to
machines that have to wait. A visit that holds both sorts keeps the order within itself.
"""

from collections.abc import Sequence
from dataclasses import replace

from muster.fleet import Fleet
from muster.ids import HostId, VisitId
from muster.plan import Visit
from muster.safety import HostMatch, OrderRule, Within
from scheduler.problem import Problem


def in_order(problem: Problem, fleet: Fleet, rules: Sequence[OrderRule]) -> Problem:
    """The problem in which visits wait for one another as the rules have it; what would go in a circle does not."""
    if not rules:
        return problem
    visits = [demand.visit for demand in problem.demands]
    after = {visit.id: set(visit.after) for visit in visits}
    for rule in rules:
        for scope in _scopes(visits, rule.within).values():
            first = [one for one in scope if _holds(one, rule.first, fleet)]
            for visit in scope:
                if _holds(visit, rule.then, fleet):
                    _wait(after, visit.id, [one.id for one in first if one.id != visit.id])
    demands = (
        replace(one, visit=replace(one.visit, after=tuple(sorted(after[one.visit.id])))) for one in problem.demands
    )
    return replace(problem, demands=tuple(demands))


def out_of_order(
    fleet: Fleet, rules: Sequence[OrderRule], done: dict[HostId, float], there: Sequence[HostId]
) -> tuple[HostId, ...]:
    """Of the hosts that are done, those that were before what the rules have go first.

    Args:
        fleet: who they are.
        rules: that hold from now on.
        done: when each host was done, in any unit that grows.
        there: every host of the campaign.
    """
    found: set[HostId] = set()
    for rule in rules:
        newest: dict[str, float] = {}
        for host_id in there:
            if _is(fleet, host_id, rule.first):
                key = _scope_of(fleet, host_id, rule.within)
                newest[key] = max(newest.get(key, 0.0), done.get(host_id, float("inf")))
        found |= {
            host_id
            for host_id, at in done.items()
            if _is(fleet, host_id, rule.then)
            and not _is(fleet, host_id, rule.first)
            and newest.get(_scope_of(fleet, host_id, rule.within), 0.0) > at
        }
    return tuple(sorted(found))


def _wait(after: dict[VisitId, set[VisitId]], visit_id: VisitId, first: Sequence[VisitId]) -> None:
    for one in first:
        if not _leads_to(after, one, visit_id):
            after[visit_id].add(one)


def _leads_to(after: dict[VisitId, set[VisitId]], start: VisitId, goal: VisitId) -> bool:
    """Whether one visit waits for another already, over however many steps."""
    seen: set[VisitId] = set()
    stack = [start]
    while stack:
        one = stack.pop()
        if one == goal:
            return True
        if one not in seen:
            seen.add(one)
            stack += after.get(one, set())
    return False


def _scopes(visits: Sequence[Visit], within: Within) -> dict[str, list[Visit]]:
    found: dict[str, list[Visit]] = {}
    for visit in visits:
        key = {Within.SITE: str(visit.site_id), Within.CLIENT: str(visit.client_id)}.get(within, "")
        found.setdefault(key, []).append(visit)
    return found


def _holds(visit: Visit, match: HostMatch, fleet: Fleet) -> bool:
    return any(_is(fleet, host_id, match) for host_id in visit.host_ids)


def _is(fleet: Fleet, host_id: HostId, match: HostMatch) -> bool:
    host = fleet.host.get(host_id)
    return host is not None and match.takes(host, fleet.site[host.site_id])


def _scope_of(fleet: Fleet, host_id: HostId, within: Within) -> str:
    site = fleet.site[fleet.host[host_id].site_id]
    return {Within.SITE: str(site.id), Within.CLIENT: str(site.client_id)}.get(within, "")
