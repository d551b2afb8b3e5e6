"""Whose turn it is when pushes are asked for, and, where it is nobody's, why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from muster.campaign import Campaign
from muster.cli.output import count
from muster.cli.workspace import Workspace
from muster.errors import NothingToPlan
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.records import HostState
from push.release import RETRY, RUN, due_hosts
from reports.grouping import what_next

HOW_AGAIN = {
    HostStatus.STALE: "muster run pushes it when its visit is due (--ahead: now)",
    HostStatus.FAILED: "muster retry pushes it again",
    HostStatus.ROLLED_BACK: "muster probe asks it; then muster run pushes the fix again",
    HostStatus.CLAIMED: "it is being worked on",
    HostStatus.PENDING: "muster probe asks it first",
    HostStatus.VERIFIED: "there is nothing to push",
    HostStatus.RIGHT: "there is nothing to push",
}
"""What takes a host on that is not pushed now."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a run or a retry finds to do.

    Attributes:
        hosts: pushed now, in the order of their visits.
        later: how many more would be pushed if it went ahead of the plan.
        unplanned: hosts that stand to be pushed and are in no visit of the plan that binds.
        passed_over: hosts that were named and are not pushed.
    """

    hosts: tuple[HostId, ...]
    later: int
    unplanned: tuple[HostId, ...]
    passed_over: tuple[HostState, ...]

    def remarks(self) -> Iterator[str]:
        """What a person has to know before the push: who waits, and for what."""
        if self.later:
            yield f"{count(self.later, 'host')} not due yet by the plan (--ahead takes them now)"
        if self.unplanned:
            number = len(self.unplanned)
            yield f"{count(number, 'host')} in no visit of the plan that binds: muster plan, then muster dispatch"
        for state in self.passed_over:
            how = HOW_AGAIN.get(state.status) or what_next(state)
            yield f"{state.host_id} is not pushed: {state.status.value}; {how}"
        if not (self.hosts or self.later or self.unplanned or self.passed_over):
            yield "nothing to push (muster status says what is open)"


def whose_turn(
    workspace: Workspace, campaign: Campaign, *, ahead: bool, retry_lost: bool, only: Sequence[HostId] | None
) -> Turn:
    """The hosts that are taken now, by the plan that binds.

    Raises:
        NothingToPlan: no plan is dispatched.
    """
    binding = workspace.ledger.dispatched(campaign.id)
    if binding is None:
        raise NothingToPlan("no plan is dispatched yet", hint="muster plan, then muster dispatch")
    plan = workspace.ledger.plan(binding.plan_id)
    now = workspace.services.clock.now()
    states = workspace.ledger.hosts(campaign.id)
    wanted = RETRY if retry_lost else RUN
    standing = {one.host_id for one in states if one.status in wanted and (only is None or one.host_id in set(only))}
    planned = {host_id for one in plan.assignments for host_id in plan.visit[one.visit_id].host_ids}
    turn = tuple(host_id for host_id in due_hosts(plan, now=now, ahead=ahead) if host_id in standing)
    everybody = [host_id for host_id in due_hosts(plan, now=now, ahead=True) if host_id in standing]
    return Turn(
        turn,
        len(everybody) - len(turn),
        tuple(sorted(standing - planned)),
        tuple(one for one in states if only is not None and one.host_id in set(only) and one.host_id not in standing),
    )
