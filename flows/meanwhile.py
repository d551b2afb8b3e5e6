"""A push goes on while somebody dispatches: what its hosts did since a plan was judged, and whether it still holds.

A plan of thousands of visits is judged for seconds, in which a push writes thousands of events. The dispatch looks at
the hosts once more in its own transaction, where nobody else writes.
"""

from collections.abc import Iterable, Mapping

from muster.fleet import Fleet
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.plan import Plan, VisitMode
from muster.records import HostState
from scheduler.visits import mode_of

Needs = Mapping[HostId, VisitMode]


def needs_of(fleet: Fleet, states: Iterable[HostState]) -> Needs:
    """The hosts that need work, and of which kind; as the scheduler makes visits of them."""
    return {
        state.host_id: mode_of(fleet.host[state.host_id], HostStatus(state.status))
        for state in states
        if not state.status.protected and state.host_id in fleet.host
    }


def still_holds(plan: Plan, before: Needs, now: Needs) -> bool:
    """Whether a plan that held holds on: its visits have lost hosts at the most, and each has some that need it.

    A visit with fewer hosts breaks no rule: its skills and windows are those of fewer, its effort is the plan's own.
    One that has gained a host again, or has none any more, is to be judged anew.
    """
    assigned = {one.visit_id for one in plan.assignments}
    for visit in plan.visits:
        if visit.id in assigned:
            had = {host_id for host_id in visit.host_ids if before.get(host_id) is visit.mode}
            has = {host_id for host_id in visit.host_ids if now.get(host_id) is visit.mode}
            if not has or has - had:
                return False
    return True
