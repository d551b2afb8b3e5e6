"""Whose turn it is when pushes are asked for, and, where it is nobody's, why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flows.beginning import barred_hosts
from flows.services import Services
from muster.campaign import Campaign
from muster.errors import NothingToPlan
from muster.fleet import Fleet, Host
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.plan import Plan
from muster.records import HostState
from muster.words import count
from push.gates import Held, Scene, first_held
from push.release import RETRY, RUN, Selection, due_hosts, wanted_hosts
from reports.folding import fold
from reports.grouping import what_next

HOW_AGAIN = {
    HostStatus.STALE: "muster run pushes it when its visit is due (--ahead: now)",
    HostStatus.FAILED: "muster retry pushes it again",
    HostStatus.ROLLED_BACK: "muster probe HOST asks it; then muster run pushes the fix again",
    HostStatus.CLAIMED: "it is being worked on",
    HostStatus.PENDING: "muster probe asks it first",
    HostStatus.VERIFIED: "there is nothing to push",
    HostStatus.RIGHT: "there is nothing to push",
}
"""What takes a host on that is not pushed now."""
SHOWN_NAMES = 200


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Hosts that the same gate holds for the same reason."""

    held: Held
    host_ids: tuple[HostId, ...]

    @property
    def headline(self) -> str:
        """How many wait, until when, and why."""
        wait = "waits" if len(self.host_ids) == 1 else "wait"
        until = f" until {self.held.opens}" if self.held.opens else ""
        return f"{count(len(self.host_ids), 'host')} {wait}{until}: {self.held.gate}, {self.held.reason}"

    @property
    def names(self) -> str:
        """The hosts, folded."""
        names = fold(self.host_ids)
        return names if len(names) <= SHOWN_NAMES else f"{names[:SHOWN_NAMES]}…"

    def lines(self) -> Iterator[str]:
        """The lines for people: the headline, and below it which hosts and what to do."""
        yield self.headline
        yield f"  {self.names}"
        if self.held.hint:
            yield f"  what to do: {self.held.hint}"


@dataclass(frozen=True, slots=True)
class Turn:
    """What a run or a retry finds to do.

    Attributes:
        hosts: pushed now, in the order of their visits.
        later: how many more would be pushed if it went ahead of the plan.
        unplanned: hosts that stand to be pushed and are in no visit of the plan that binds.
        passed_over: hosts that were named and are not pushed.
        held: hosts whose turn it is and that gates hold.
        over_limit: hosts that are left for another run, because this one may touch only so many.
    """

    hosts: tuple[HostId, ...]
    later: int
    unplanned: tuple[HostId, ...]
    passed_over: tuple[HostState, ...]
    held: tuple[HeldGroup, ...] = ()
    over_limit: int = 0

    def remarks(self) -> Iterator[str]:
        """What a person has to know before the push: who waits, and for what."""
        if self.later:
            yield f"{count(self.later, 'host')} not due yet by the plan (--ahead takes them now)"
        if self.unplanned:
            number = len(self.unplanned)
            yield f"{count(number, 'host')} in no visit of the plan that binds: muster plan, then muster dispatch"
        for group in self.held:
            yield from group.lines()
        if self.over_limit:
            yield f"{count(self.over_limit, 'host')} left for another run: this one may touch {len(self.hosts)}"
        for state in self.passed_over:
            how = HOW_AGAIN.get(state.status) or what_next(state)
            yield f"{state.host_id} is not pushed: {state.status.value}; {how}"
        if not (self.hosts or self.later or self.unplanned or self.passed_over or self.held):
            yield "nothing to push (muster status says what is open)"


def plan_that_binds(services: Services, campaign: Campaign) -> Plan | None:
    """The plan that is dispatched, if one is."""
    binding = services.ledger.dispatched(campaign.id)
    return services.ledger.plan(binding.plan_id) if binding else None


def scene_now(services: Services, campaign: Campaign) -> Scene:
    """What the gates look at, as it stands now."""
    states = {state.host_id: state for state in services.ledger.hosts(campaign.id)}
    now, barred = whole_second(services.clock.now()), barred_hosts(services, campaign.id)
    return Scene(campaign.gates, services.ledger.fleet(), states, now, barred)


def whole_second(now: datetime) -> datetime:
    """An instant without its fraction: what was worked out for it is used again."""
    return now.replace(microsecond=0)


def whose_turn(
    services: Services,
    campaign: Campaign,
    *,
    ahead: bool,
    retry_lost: bool,
    only: Sequence[HostId] | None,
    most: int = 0,
) -> Turn:
    """The hosts that are taken now, by the plan that binds and the gates.

    Raises:
        NothingToPlan: no plan is dispatched.
    """
    plan = plan_that_binds(services, campaign)
    if plan is None:
        raise NothingToPlan("no plan is dispatched yet", hint="muster plan, then muster dispatch")
    scene = scene_now(services, campaign)
    named = frozenset(only) if only is not None else None
    selection = Selection(RETRY if retry_lost else RUN, ahead=ahead, only=named, most=most)
    turn = wanted_hosts(scene, plan, selection, frozenset())
    standing = {
        one.host_id
        for one in scene.states.values()
        if one.status in selection.statuses and (named is None or one.host_id in named)
    }
    planned = {host_id for one in plan.assignments for host_id in plan.visit[one.visit_id].host_ids}
    everybody = [host_id for host_id in due_hosts(plan, now=scene.now, ahead=True) if host_id in standing]
    free = [host.id for host in turn if first_held(host, scene) is None]
    limit = selection.limit(campaign)
    return Turn(
        tuple(free[:limit]),
        len(everybody) - len(turn),
        tuple(sorted(standing - planned)),
        tuple(one for one in scene.states.values() if named and one.host_id in named and one.host_id not in standing),
        held_groups(turn, scene),
        len(free) - len(free[:limit]),
    )


def held_groups(hosts: Sequence[Host], scene: Scene) -> tuple[HeldGroup, ...]:
    """The hosts that gates hold, those with the same reason together, the largest group first."""
    found: dict[Held, list[HostId]] = {}
    for host in hosts:
        held = first_held(host, scene)
        if held is not None:
            common = replace(held, hint=held.hint.replace(str(host.id), "HOST"))
            found.setdefault(common, []).append(host.id)
    groups = (HeldGroup(held, tuple(host_ids)) for held, host_ids in found.items())
    return tuple(sorted(groups, key=lambda group: (-len(group.host_ids), group.held.gate, group.host_ids)))


def held_now(states: Sequence[HostState], campaign: Campaign, fleet: Fleet, now: datetime) -> tuple[HeldGroup, ...]:
    """Of all hosts that still need a push, those that gates hold."""
    scene = Scene(campaign.gates, fleet, {state.host_id: state for state in states}, whole_second(now))
    waiting = [fleet.host[state.host_id] for state in states if state.status in RUN | RETRY]
    return held_groups(waiting, scene)
