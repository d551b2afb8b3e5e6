"""Let a campaign loose: whose turn it is, wave after wave, and whether the next one may begin.

A wave lives in the ledger. A run that finds one open carries on with it; two runs at once share it, because each
host can be claimed by one of them only.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from muster.campaign import WavePolicy
from muster.errors import CampaignStopped, Conflict
from muster.fleet import Host
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.plan import Plan, VisitMode
from muster.records import HostState, WaveRow, WaveState
from push.context import Context
from push.runners import dead_runners
from push.waves import WaveVerdict, judge_wave, next_wave

LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Selection:
    """Which hosts a run takes: by status, and by whether their visit is due.

    Attributes:
        statuses: ``needs the fix`` and ``unknown`` for a run; ``failed`` and ``unknown`` for a retry.
        ahead: also hosts whose visit is not due yet.
        only: nothing but these, when it is not None.
    """

    statuses: frozenset[HostStatus]
    ahead: bool = False
    only: frozenset[HostId] | None = None


RUN = frozenset({HostStatus.STALE, HostStatus.UNKNOWN})
RETRY = frozenset({HostStatus.FAILED, HostStatus.UNKNOWN})


def due_hosts(plan: Plan, *, now: datetime, ahead: bool) -> tuple[HostId, ...]:
    """The hosts of the remote visits that are due, in the order of the visits' starts."""
    placed = sorted(plan.assignments, key=lambda one: (one.starts_at, one.visit_id))
    return tuple(
        host_id
        for one in placed
        if (ahead or one.starts_at <= now) and plan.visit[one.visit_id].mode is VisitMode.REMOTE
        for host_id in plan.visit[one.visit_id].host_ids
    )


def candidates(context: Context, plan: Plan, selection: Selection, tried: frozenset[HostId]) -> tuple[Host, ...]:
    """The hosts that may be touched now and were not tried yet by this run, in the order of service."""
    states = {state.host_id: state for state in context.ledger.hosts(context.campaign_id)}
    due = due_hosts(plan, now=context.clock.now(), ahead=selection.ahead)
    return tuple(
        context.book.fleet.host[host_id]
        for host_id in due
        if host_id not in tried
        and (selection.only is None or host_id in selection.only)
        and host_id in states
        and states[host_id].status in selection.statuses
    )


def take_over(context: Context) -> tuple[HostId, ...]:
    """End what dead processes left open; their hosts are unknown until they have been asked."""
    dead = dead_runners(context.ledger.runners(context.campaign_id))
    return context.ledger.recover(context.campaign_id, dead=dead, by=context.runner_id)


def begin_wave(
    context: Context, policy: WavePolicy, plan: Plan, selection: Selection, tried: frozenset[HostId]
) -> WaveRow | None:
    """The wave that is open, or a new one; None when nobody is left to be touched.

    Raises:
        CampaignStopped: a stop is in force.
    """
    refuse_when_stopped(context)
    waves = context.ledger.waves(context.campaign_id)
    if waves and waves[-1].state is WaveState.OPEN:
        return waves[-1]
    chosen = next_wave(policy, candidates(context, plan, selection, tried), waves)
    return context.ledger.open_wave(context.campaign_id, chosen, by=context.runner_id) if chosen else None


def left_of_wave(context: Context, wave: WaveRow, selection: Selection, tried: frozenset[HostId]) -> tuple[HostId, ...]:
    """The hosts of a wave that this run has still to try."""
    wanted = selection.statuses | RUN
    states = _states_of(context, wave)
    return tuple(one.host_id for one in states if one.status in wanted and one.host_id not in tried)


def settle_wave(context: Context, policy: WavePolicy, wave: WaveRow) -> WaveVerdict:
    """Wait until nobody has a host of the wave in hand, judge it, and write the verdict.

    The wait ends by itself: a process that died loses its leases.

    Raises:
        CampaignStopped: a stop came; the wave stays open.
    """
    while any(state.status is HostStatus.CLAIMED for state in _states_of(context, wave)):
        take_over(context)
        time.sleep(LOOK_SECONDS)
    refuse_when_stopped(context)
    verdict = judge_wave(policy, _states_of(context, wave))
    state = WaveState.PASSED if verdict.passed else WaveState.HALTED
    with suppress(Conflict):  # another run judged the same hosts a moment before
        context.ledger.close_wave(context.campaign_id, wave.number, state, verdict.sentence, by=context.runner_id)
    return verdict


def refuse_when_stopped(context: Context) -> None:
    """Raise when a stop is in force.

    Raises:
        CampaignStopped: with who stopped it and why.
    """
    stop = context.ledger.stopped(context.campaign_id)
    if stop is not None:
        raise CampaignStopped(
            f"the campaign was stopped by {stop.by}: {stop.reason}",
            hint="look at it (muster status), then let it go on: muster resume",
        )
    if context.stop.is_set():
        raise CampaignStopped("interrupted", hint="muster run carries on where this one ended")


def soak(context: Context, seconds: float) -> None:
    """Watch a wave for a while before the next one; a stop ends the wait."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not context.stop.is_set():
        time.sleep(min(LOOK_SECONDS, max(0.0, end - time.monotonic())))


def _states_of(context: Context, wave: WaveRow) -> Sequence[HostState]:
    members = set(wave.host_ids)
    return [state for state in context.ledger.hosts(context.campaign_id) if state.host_id in members]
