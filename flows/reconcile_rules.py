"""What is due: pure rules over what the ledger says and what time it is. The reconciler starts what they name.

One rule is one function. They may be asked twice, late, or by two machines at once: what is started is written down
first (``flows.reconcile_duties``), and by what is written down the rules are judged.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from flows.visits import Start, started_at, visit_open
from muster.approvals import Approval, ApprovalState, newest
from muster.campaign import Campaign
from muster.fleet import Fleet, TransportName
from muster.ids import CampaignId, HostId, RunnerId, VisitId
from muster.outcomes import HostStatus, Stage
from muster.plan import Assignment, Plan, VisitMode
from muster.records import HostState, WaveRow, WaveState
from push.gates import Scene, first_held
from push.turns import ASK_AGAIN_S, HELD
from push.waves import ramp_wanted
from reports.notices.due import PATIENCE

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=30)
"""What came to nothing is tried again after a minute, then after twice as long each time, at most after this."""
TOLD_EVERY = timedelta(minutes=5)
"""How often notices are looked for at most."""


class DutyKind(StrEnum):
    """What the reconciler starts."""

    PUSH = "push"
    VERIFY = "verify"
    KNOCK = "knock"
    FORECAST = "forecast"
    TELL = "tell"
    DELIVER = "deliver"


@dataclass(frozen=True, slots=True)
class Duty:
    """The last start of one kind of thing in one campaign: who took it, and how it ended.

    Attributes:
        taken_at, ended_at: by the campaign's clock; ``ended_at`` is None while it is under way.
        until: real time until which it counts as under way without a sign of life.
        said: how it ended, in words; empty where nothing is to be said.
        in_vain: how often in a row it came to nothing.
        day: of a forecast, the campaign's own date that it is for.
    """

    campaign_id: CampaignId
    kind: DutyKind
    runner_id: RunnerId
    taken_at: datetime
    until: datetime
    ended_at: datetime | None = None
    said: str = ""
    in_vain: int = 0
    day: date | None = None

    @property
    def key(self) -> str:
        """What it is found by: there is one of each kind in a campaign."""
        return f"{self.campaign_id}/{self.kind.value}"


@dataclass(frozen=True)
class CampaignView:
    """One campaign as it stands.

    Attributes:
        waiting: whether its next wave waits for a person's approval.
        barred: hosts of visits whose partner may not do them any more, and why.
    """

    campaign: Campaign
    fleet: Fleet
    plan: Plan | None = None
    states: Mapping[HostId, HostState] = field(default_factory=dict)
    starts: Mapping[VisitId, Start] = field(default_factory=dict)
    waves: tuple[WaveRow, ...] = ()
    approvals: tuple[Approval, ...] = ()
    duties: Mapping[DutyKind, Duty] = field(default_factory=dict)
    stopped: bool = False
    barred: Mapping[HostId, str] = field(default_factory=dict)

    @cached_property
    def placed(self) -> Mapping[HostId, Assignment]:
        """The first assignment of every host that the plan gives somebody."""
        found: dict[HostId, Assignment] = {}
        for one in sorted(self.plan.assignments, key=lambda one: one.starts_at) if self.plan else ():
            for host_id in self.plan.visit[one.visit_id].host_ids if self.plan else ():
                found.setdefault(host_id, one)
        return found

    def is_onsite(self, placed: Assignment) -> bool:
        """Whether somebody goes there."""
        return self.plan is not None and self.plan.visit[placed.visit_id].mode is VisitMode.ONSITE

    def scene(self, now: datetime) -> Scene:
        """What the gates look at."""
        return Scene(self.campaign.gates, self.fleet, self.states, now.replace(microsecond=0), self.barred)


@dataclass(frozen=True)
class View:
    """Everything the rules look at.

    Attributes:
        lease_now: real time, by which leases and duties run out.
        dead: processes that are known to be gone.
        messages_waiting: whether a message is due to be sent.
        forecast_hour: local hour of each campaign from which on a forecast is made.
    """

    campaigns: tuple[CampaignView, ...]
    lease_now: datetime
    dead: AbstractSet[RunnerId] = frozenset()
    messages_waiting: bool = False
    forecast_hour: int = 2


@dataclass(frozen=True, slots=True)
class Due:
    """Something to start now; ``why`` says it to people. ``after`` is the duty that it follows."""

    kind: DutyKind
    why: str
    campaign_id: CampaignId | None = None
    host_ids: tuple[HostId, ...] = ()
    day: date | None = None


Rule = Callable[[CampaignView, View, datetime], Due | None]


def due(view: View, now: datetime) -> tuple[Due, ...]:
    """Everything that is to be started now (aware), by every rule; nothing at hosts of a campaign that is stopped."""
    return tuple(_due(view, now))


def _due(view: View, now: datetime) -> Iterator[Due]:
    for one in view.campaigns:
        if not one.stopped:
            found = (rule(one, view, now) for rule in RULES)
            yield from (found_one for found_one in found if found_one is not None)
    if view.messages_waiting:
        yield Due(DutyKind.DELIVER, "messages wait to be sent")


def push_due(one: CampaignView, view: View, now: datetime) -> Due | None:
    """Push the hosts of open visits that need the fix, when no gate holds them and no approval is waited for."""
    if not _is_free(one, DutyKind.PUSH, view, now) or waits_for_approval(one, now):
        return None
    scene, open_hosts = one.scene(now), open_now(one, now)
    wanted = tuple(
        host_id
        for host_id in sorted(open_hosts)
        if one.states[host_id].status is HostStatus.STALE
        and _is_rested(one.states[host_id], now)
        and first_held(one.fleet.host[host_id], scene) is None
    )
    return Due(DutyKind.PUSH, f"visits are open: {_hosts(wanted)}", one.campaign.id, wanted) if wanted else None


def verify_due(one: CampaignView, view: View, now: datetime) -> Due | None:
    """Ask hosts that somebody left in the middle, and those whose outcome is not known: at once, then now and then."""
    lost = tuple(sorted(state.host_id for state in one.states.values() if _was_left(state, view)))
    unknown = tuple(sorted(state.host_id for state in one.states.values() if _is_unknown(state, one)))
    if not (lost or unknown) or not _is_free(one, DutyKind.VERIFY, view, now):
        return None
    last = one.duties.get(DutyKind.VERIFY)
    rest = timedelta(minutes=one.campaign.running.ask_unknown_minutes)
    fresh = last is None or any(one.states[host_id].changed_at > last.taken_at for host_id in unknown)
    if not (lost or fresh or _is_over(last, rest, now)):
        return None
    asked = tuple(sorted({*lost, *unknown}))
    return Due(DutyKind.VERIFY, f"not known how they stand: {_hosts(asked)}", one.campaign.id, asked)


def knock_due(one: CampaignView, view: View, now: datetime) -> Due | None:
    """Knock at hosts that could not be reached, once their visit has begun, within their hours, until the deadline."""
    if now >= one.campaign.deadline or not _is_free(one, DutyKind.KNOCK, view, now):
        return None
    scene = one.scene(now)
    away = tuple(
        host_id
        for host_id in sorted(one.placed)
        if host_id in one.states
        and one.states[host_id].status is HostStatus.UNREACHABLE
        and one.fleet.host[host_id].transport is not TransportName.NONE
        and _has_begun(one, host_id, now)
        and first_held(one.fleet.host[host_id], scene) is None
    )
    last, rest = one.duties.get(DutyKind.KNOCK), timedelta(minutes=one.campaign.running.knock_minutes)
    starts = [one.starts.get(one.placed[host_id].visit_id) for host_id in away]
    fresh = last is not None and any(start is not None and start.at >= last.taken_at for start in starts)
    if not away or not (fresh or _is_over(last, rest, now)):
        return None
    return Due(DutyKind.KNOCK, f"were off line: {_hosts(away)}", one.campaign.id, away)


def forecast_due(one: CampaignView, view: View, now: datetime) -> Due | None:
    """A forecast each night, by the campaign's own clock; a night that was missed is not made up for."""
    local = now.astimezone(ZoneInfo(one.campaign.timezone))
    last = one.duties.get(DutyKind.FORECAST)
    if one.plan is None or now >= one.campaign.deadline or local.hour < view.forecast_hour:
        return None
    made = last is not None and last.day == local.date() and last.ended_at is not None and not last.in_vain
    if made or not _is_free(one, DutyKind.FORECAST, view, now):
        return None
    return Due(DutyKind.FORECAST, f"the forecast of {local:%Y-%m-%d}", one.campaign.id, day=local.date())


def tell_due(one: CampaignView, view: View, now: datetime) -> Due | None:
    """Look for notices that clients are to get about visits that have begun, when something has happened there since.

    What happens: the visit's end and the day after it, and whatever a host of it comes to.
    """
    last = one.duties.get(DutyKind.TELL)
    if one.plan is None or not _is_free(one, DutyKind.TELL, view, now) or not _is_over(last, TOLD_EVERY, now):
        return None
    ends = [placed.ends_at + late for placed in one.plan.assignments for late in (timedelta(), PATIENCE)]
    changes = [
        state.changed_at
        for host_id, placed in one.placed.items()
        if placed.starts_at <= now and (state := one.states.get(host_id)) is not None
    ]
    happened = max((at for at in (*ends, *changes) if at <= now), default=None)
    if happened is None or (last is not None and happened < last.taken_at):
        return None
    return Due(DutyKind.TELL, "clients may be told how their visits went", one.campaign.id)


RULES: tuple[Rule, ...] = (verify_due, knock_due, push_due, forecast_due, tell_due)


def open_now(one: CampaignView, now: datetime) -> frozenset[HostId]:
    """The hosts that may be pushed now without anybody at a keyboard, as far as visits decide; gates are asked beside.

    Those of visits that are open; and those that were off line in their visit and have come since: until the deadline.
    """
    return frozenset(
        host_id
        for host_id, placed in one.placed.items()
        if host_id in one.states
        and (
            visit_open(one.campaign, placed, one.starts.get(placed.visit_id), now, onsite=one.is_onsite(placed))
            or _came_late(one, host_id, placed, now)
        )
    )


def missed(one: CampaignView, now: datetime) -> tuple[VisitId, ...]:
    """Visits that are over and left a host unpushed: nothing begins there by itself any more; they want a plan."""
    still = open_now(one, now)
    lost = {
        placed.visit_id
        for host_id, placed in one.placed.items()
        if host_id in one.states
        and one.states[host_id].status is HostStatus.STALE
        and host_id not in still
        and placed.ends_at < now
    }
    return tuple(sorted(lost))


def waits_for_approval(one: CampaignView, now: datetime) -> bool:
    """Whether the next wave waits for a person; a request that nobody has made yet does not wait: the push makes it."""
    rule = one.campaign.approvals.ramp
    last = one.waves[-1] if one.waves else None
    if rule is None or last is None or last.state is WaveState.OPEN:
        return False
    for wanted in ramp_wanted(one.waves):
        found = newest(one.approvals, wanted.act, wanted.subject)
        if found is not None and not found.holds(now) and found.state is ApprovalState.WAITING:
            return True
    return False


def is_under_way(duty: Duty | None, view: View) -> bool:
    """Whether somebody is at it: it was taken, has not ended, and whoever took it is not known to be gone."""
    if duty is None or duty.ended_at is not None:
        return False
    return duty.runner_id not in view.dead and view.lease_now < duty.until


def _is_free(one: CampaignView, kind: DutyKind, view: View, now: datetime) -> bool:
    """Nobody is at it, and where it came to nothing its pause is over."""
    last = one.duties.get(kind)
    if is_under_way(last, view):
        return False
    if last is None or last.ended_at is None or not last.in_vain:
        return True
    return now >= last.ended_at + min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(last.in_vain - 1, 10)))


def _is_over(last: Duty | None, rest: timedelta, now: datetime) -> bool:
    return last is None or now >= (last.ended_at or last.taken_at) + rest


def _has_begun(one: CampaignView, host_id: HostId, now: datetime) -> bool:
    placed = one.placed[host_id]
    begun = started_at(one.campaign, placed, one.starts.get(placed.visit_id), onsite=one.is_onsite(placed))
    return begun is not None and begun <= now


def _came_late(one: CampaignView, host_id: HostId, placed: Assignment, now: datetime) -> bool:
    """Nobody has pushed it yet, and that it needs the fix was found after its visit: it was off line until then."""
    state = one.states[host_id]
    late = state.status is HostStatus.STALE and not state.attempts and state.changed_at >= placed.ends_at
    return late and _has_begun(one, host_id, now) and now < one.campaign.deadline


def _is_rested(state: HostState, now: datetime) -> bool:
    """A host that was not ready when its turn came is asked again after a while, not every minute."""
    was_held = state.stage is Stage.NOT_STARTED and state.cause.startswith(HELD)
    return not was_held or (now - state.changed_at).total_seconds() >= ASK_AGAIN_S


def _was_left(state: HostState, view: View) -> bool:
    if state.status is not HostStatus.CLAIMED or state.lease_expires_at is None:
        return False
    return state.lease_expires_at <= view.lease_now or state.runner_id in view.dead


def _is_unknown(state: HostState, one: CampaignView) -> bool:
    away = one.fleet.host[state.host_id].transport is TransportName.NONE
    return state.status is HostStatus.UNKNOWN and not away


def _hosts(host_ids: tuple[HostId, ...]) -> str:
    more = f" and {len(host_ids) - 3} more" if len(host_ids) > 3 else ""
    return ", ".join(host_ids[:3]) + more
