"""The portal's world with a plan that the scheduler made, so that it may be moved, judged and dispatched.

Kept beside ``tests.portal.world``, whose plan is written by hand to have a visit in every state. Here some machines
cannot be reached, so that somebody has to go there, and one site is too far for anybody.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from flows.planning import dispatch_plan, make_plan
from muster.crew import Crew
from muster.fleet import Fleet
from muster.outcomes import HostStatus, Stage
from muster.plan import Plan
from muster.records import ProbeRecord
from tests.portal.world import BY, CAMPAIGN, NOW, World, add_accounts, hosts_of, make_world


def make_planned(folder: Path, *, dispatched: bool = True, in_pairs: tuple[str, ...] = ()) -> tuple[World, Plan]:
    """The world and its plan; everybody can log in. To the sites ``in_pairs`` two people come together."""
    world = make_world(folder)
    add_accounts(world)
    sites = tuple(replace(one, people=2) for one in world.ledger.fleet().sites if one.id in in_pairs)
    world.ledger.save_inventory(Fleet(sites=sites), Crew(), by=BY)
    away = (*hosts_of("harbour-port")[:4], *hosts_of("acme-north")[6:], *hosts_of("harbour-yard")[5:])
    world.ledger.begin_probes(CAMPAIGN, away, by=BY)
    at, hint = NOW - timedelta(hours=1), "is it on?"
    world.ledger.record_probes(
        CAMPAIGN,
        [
            ProbeRecord(one, HostStatus.UNREACHABLE, None, Stage.CONNECT, "no answer on port 22", hint, at)
            for one in away
        ],
        by=BY,
    )
    plan = make_plan(world.services, CAMPAIGN, seconds=0.5, seed=1)
    if dispatched:
        dispatch_plan(world.services, plan.id, by=BY)
    return world, plan
