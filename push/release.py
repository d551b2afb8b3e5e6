"""Let a campaign loose: whose turn it is, wave after wave, and whether the next one may begin.

A wave lives in the ledger. A run that finds one open carries on with it; two runs at once share it, because each
host can be claimed by one of them only. ``push.turns`` puts these together for one run.
"""

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from muster.campaign import Campaign
from muster.errors import CampaignStopped, Conflict
from muster.fleet import Host
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.plan import Plan, VisitMode
from muster.records import HostState, Stop, WaveRow, WaveState
from push.context import Context
from push.gates import Scene, first_held
from push.probing import probe_hosts
from push.ramp import counted_waves, end_outdated_wave
from push.runners import dead_runners
from push.waves import WaveVerdict, judge_wave, kinds_seen, next_wave, ramp_wanted, ready_at, site_kinds

LOOK_SECONDS = 0.25
NOBODY: frozenset[HostId] = frozenset()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which hosts a run takes: by status, and by whether their visit is due.

    Attributes:
        statuses: ``needs the fix`` and ``unknown`` for a run; ``failed`` and ``unknown`` for a retry.
        ahead: also hosts whose visit is not due yet.
        only: nothing but these, when it is not None.
        most: at most so many hosts in this run; 0 means what the campaign says.
        open_now: where it is given, only the hosts that it names at the moment of asking, in visits of either mode.
        by: who asked for the run, for requests for approval; empty means the process itself.
    """

    statuses: frozenset[HostStatus]
    ahead: bool = False
    only: frozenset[HostId] | None = None
    most: int = 0
    open_now: Callable[[], AbstractSet[HostId]] | None = None
    by: str = ""

    def limit(self, campaign: Campaign) -> int | None:
        """The most hosts of this run; None for any number."""
        return self.most or campaign.gates.max_hosts_per_run or None


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


def scene_of(context: Context, campaign: Campaign) -> Scene:
    """What the gates look at, as it stands now."""
    states = {state.host_id: state for state in context.ledger.hosts(context.campaign_id)}
    # whole seconds: hours of the week that were worked out for an instant are used again
    now = context.clock.now().replace(microsecond=0)
    return Scene(campaign.gates, context.book.fleet, states, now, context.barred())


def wanted_hosts(
    scene: Scene, plan: Plan, selection: Selection, tried: AbstractSet[HostId], *, also: AbstractSet[HostId] = NOBODY
) -> tuple[Host, ...]:
    """The hosts whose turn it is by plan and status, in the order of service, whatever the gates say.

    ``also`` are taken without a visit: hosts that could not be reached when the plan was made, and now answer.
    """
    due = due_hosts(plan, now=scene.now, ahead=selection.ahead)
    open_now = None if selection.open_now is None else selection.open_now()
    listed = dict.fromkeys((*due, *sorted(also), *sorted(open_now or ())))
    return tuple(
        scene.fleet.host[host_id]
        for host_id in listed
        if host_id not in tried
        and (open_now is None or host_id in open_now)
        and (selection.only is None or host_id in selection.only)
        and host_id in scene.states
        and scene.states[host_id].status in selection.statuses
    )


def candidates(
    scene: Scene, plan: Plan, selection: Selection, tried: AbstractSet[HostId], *, also: AbstractSet[HostId] = NOBODY
) -> tuple[Host, ...]:
    """The hosts that may be touched now and were not tried yet by this run, in the order of service."""
    wanted = wanted_hosts(scene, plan, selection, tried, also=also)
    return tuple(host for host in wanted if first_held(host, scene) is None)


def take_over(context: Context) -> tuple[HostId, ...]:
    """End what dead processes left open; their hosts are unknown until they have been asked."""
    dead = dead_runners(context.ledger.runners(context.campaign_id))
    return context.ledger.recover(context.campaign_id, dead=dead, by=context.runner_id)


def open_wave(context: Context) -> WaveRow | None:
    """The wave that is under way, if there is one."""
    waves = context.ledger.waves(context.campaign_id)
    return waves[-1] if waves and waves[-1].state is WaveState.OPEN else None


def begin_wave(
    context: Context,
    campaign: Campaign,
    plan: Plan,
    selection: Selection,
    tried: AbstractSet[HostId],
    *,
    also: AbstractSet[HostId] = NOBODY,
    room: int | None = None,
) -> WaveRow | None:
    """The wave that is open, or a new one once the last was watched for long enough; None when nobody's turn it is.

    ``room`` is how many hosts this run may still touch; None for any number.

    Raises:
        CampaignStopped: a stop is in force, or what was verified in the last wave is so no more.
        ApprovalNeeded: a person has to say first that the ramp may begin.
    """
    refuse_when_stopped(context)
    with suppress(Conflict):  # another run closed it a moment before
        end_outdated_wave(context.ledger, context.campaign_id, by=context.runner_id)
    if (there := open_wave(context)) is not None:
        return there
    if not candidates(scene_of(context, campaign), plan, selection, tried, also=also)[:room]:
        return None
    watch_last_wave(context, campaign)
    found = candidates(scene_of(context, campaign), plan, selection, tried, also=also)[:room]
    waves = counted_waves(context.ledger, context.campaign_id)
    context.approvals.pass_or_ask(ramp_wanted(waves), by=selection.by or context.runner_id)
    fleet = context.book.fleet
    chosen = next_wave(campaign.waves, found, waves, sites=site_kinds(fleet), seen=kinds_seen(waves, fleet))
    by = selection.by or context.runner_id  # who asked for it, so that the evidence can name a person
    return context.ledger.open_wave(context.campaign_id, chosen, by=by) if chosen else None


def left_of_wave(
    context: Context, campaign: Campaign, wave: WaveRow, selection: Selection, tried: AbstractSet[HostId]
) -> tuple[HostId, ...]:
    """The hosts of a wave that this run has still to try, and that no gate holds."""
    scene = scene_of(context, campaign)
    wanted = selection.statuses | RUN
    open_now = None if selection.open_now is None else selection.open_now()
    return tuple(
        host_id
        for host_id in wave.host_ids
        if host_id not in tried
        and (open_now is None or host_id in open_now)
        and host_id in scene.states
        and scene.states[host_id].status in wanted
        and first_held(scene.fleet.host[host_id], scene) is None
    )


def settle_wave(context: Context, campaign: Campaign, wave: WaveRow) -> WaveVerdict:
    """Wait until nobody has a host of the wave in hand, judge it, and write the verdict.

    The wait ends by itself: a process that died loses its leases.

    Raises:
        CampaignStopped: a stop came; the wave stays open.
    """
    while any(state.status is HostStatus.CLAIMED for state in _states_of(context, wave)):
        take_over(context)
        time.sleep(LOOK_SECONDS)
    refuse_when_stopped(context)
    waves = context.ledger.waves(context.campaign_id)
    so_far = {host_id for one in waves for host_id in one.host_ids}
    states = [state for state in context.ledger.hosts(context.campaign_id) if state.host_id in so_far]
    members = set(wave.host_ids)
    verdict = judge_wave(campaign.waves, [one for one in states if one.host_id in members], so_far=states)
    state = WaveState.PASSED if verdict.passed else WaveState.HALTED
    with suppress(Conflict):  # another run judged the same hosts a moment before
        context.ledger.close_wave(context.campaign_id, wave.number, state, verdict.sentence, by=context.runner_id)
    return verdict


def refuse_when_stopped(context: Context) -> None:
    """Raise when a stop is in force.

    Raises:
        CampaignStopped: with who stopped it and why.
    """
    refuse_stopped(context.ledger.stopped(context.campaign_id))
    if context.stop.is_set():
        raise CampaignStopped("interrupted", hint="muster run carries on where this one ended")


def refuse_stopped(stop: Stop | None) -> None:
    """Raise where there is a stop.

    Raises:
        CampaignStopped: with who stopped it and why.
    """
    if stop is not None:
        raise CampaignStopped(
            f"the campaign was stopped by {stop.by}: {stop.reason}",
            hint="look at it (muster status); a person lets it go on: muster resume --by NAME, then run or roll back",
        )


def watch_last_wave(context: Context, campaign: Campaign) -> None:
    """Watch the last wave until its time is up, then ask its hosts once more; a stop ends the wait.

    Raises:
        CampaignStopped: a stop came, or too many of its hosts are right no more.
    """
    waves = context.ledger.waves(context.campaign_id)
    until = ready_at(campaign.waves, waves)
    waited = False
    while (left_s := until - context.clock.now().timestamp()) > 0:
        refuse_when_stopped(context)
        time.sleep(min(LOOK_SECONDS, left_s))
        waited = True
    if waited:
        _ask_again(context, campaign, waves[-1])


def _ask_again(context: Context, campaign: Campaign, wave: WaveRow) -> None:
    """What was verified must still be right after the soak; otherwise nothing new starts."""
    asked = [state.host_id for state in _states_of(context, wave) if state.status.protected]
    if not asked:
        return
    probe_hosts(context, asked)
    refuse_when_stopped(context)
    there = {state.host_id: state for state in _states_of(context, wave)}
    fallen = [host_id for host_id in asked if not there[host_id].status.protected]
    policy = campaign.waves
    if len(fallen) > policy.tolerated_failures and len(asked) - len(fallen) < policy.min_success_rate * len(asked):
        sentence = (
            f"wave {wave.number} was watched for {policy.soak_seconds:g} s, and {len(fallen)} of {len(asked)} hosts "
            f"are right no more: {', '.join(fallen[:5])}"
        )
        context.ledger.stop(context.campaign_id, by=context.runner_id, reason=sentence, gentle=True)
        raise CampaignStopped(sentence, hint="muster status, then muster resume")


def _states_of(context: Context, wave: WaveRow) -> Sequence[HostState]:
    members = set(wave.host_ids)
    return [state for state in context.ledger.hosts(context.campaign_id) if state.host_id in members]
