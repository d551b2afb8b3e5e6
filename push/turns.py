"""One run: wave after wave, with what has been tried, what waits for its hours, and who is knocked at meanwhile."""

import time
from dataclasses import dataclass, field

from muster.campaign import Campaign
from muster.errors import ApprovalNeeded, CampaignStopped, NothingToPlan
from muster.fleet import Host
from muster.ids import HostId
from muster.outcomes import HostStatus, Stage
from muster.plan import Plan
from muster.records import HostState, WaveRow
from push.context import Context
from push.gates import Scene, first_held
from push.offline import Doors, offline_hosts
from push.probing import probe_hosts
from push.release import (
    LOOK_SECONDS,
    Selection,
    begin_wave,
    candidates,
    left_of_wave,
    refuse_when_stopped,
    scene_of,
    settle_wave,
    wanted_hosts,
)

ASK_AGAIN_S = 900.0
"""Where a run waits, a host that was not ready (no room, a restart to come, no backup) is asked again after so long."""
WAIT_LOOK_S = 2.0
APPROVAL_LOOK_S = 5.0
"""How often a run that waits looks whether somebody has approved what it asked for."""
SHARE_OF_TIME = 0.1
"""At most this share of the time is spent on looking: a large fleet is looked at less often."""
HELD = "held by "
"""How the cause of a host begins that a gate held in the middle of a wave."""


@dataclass(slots=True)
class Turns:
    """Whose turn it is in one run.

    Attributes:
        wait: whether the run stays until the deadline for hosts whose hours open and for hosts that come on line.
        tried: hosts that this run has taken into a wave.
        answered: hosts that could not be reached, and answered this run.
        handed_out: how many hosts this run has touched, or tried to.
    """

    context: Context
    campaign: Campaign
    plan: Plan
    selection: Selection
    wait: bool = False
    doors: Doors | None = None
    tried: set[HostId] = field(default_factory=set)
    answered: set[HostId] = field(default_factory=set)
    handed_out: int = 0
    _knocked: bool = False

    def next_wave(self) -> WaveRow | None:
        """The next wave, now or as soon as it is anybody's turn; None when the run has come to its end.

        Raises:
            CampaignStopped: a stop is in force.
            ApprovalNeeded: a person has to approve first, and this run does not wait.
        """
        while True:
            self.campaign = self.context.ledger.campaign(self.context.campaign_id)  # its policy may change meanwhile
            if not self._knocked:
                self._knock()
            try:
                wave = self._begin_wave()
            except ApprovalNeeded:
                if not self.wait or self._scene().now >= self.campaign.deadline:
                    raise
                self._sleep(APPROVAL_LOOK_S)
                continue
            if wave is not None or not self._wait_for_somebody():
                return wave

    def _begin_wave(self) -> WaveRow | None:
        return begin_wave(
            self.context,
            self.campaign,
            self.plan,
            self.selection,
            self.tried,
            also=self.answered,
            room=self._room(),
        )

    def left_of(self, wave: WaveRow) -> tuple[HostId, ...]:
        """The hosts of the wave that are to be pushed now; from then on they count as tried."""
        left = left_of_wave(self.context, self.campaign, wave, self.selection, self.tried)[: self._room()]
        self.tried |= set(wave.host_ids)
        self.handed_out += len(left)
        return left

    def settle(self, wave: WaveRow) -> None:
        """Judge the wave when everybody is through with it.

        Raises:
            CampaignStopped: a stop came, or it did not pass.
        """
        verdict = settle_wave(self.context, self.campaign, wave)
        if not verdict.passed:
            raise CampaignStopped(
                f"wave {wave.number} halted: {verdict.sentence}",
                hint="muster status; then muster resume, and muster rollback or muster run",
            )

    def _wait_for_somebody(self) -> bool:
        """Stay until it is somebody's turn; False when there is nothing (more) to wait for."""
        while self.wait and self._room() != 0:
            refuse_when_stopped(self.context)
            begun_s = time.monotonic()
            scene = self._scene()
            if scene.now >= self.campaign.deadline:
                return False
            self._try_again(scene)
            if candidates(scene, self.plan, self.selection, self.tried, also=self.answered):
                return True
            if not self._somebody_waits(scene):
                return False
            self._knock()
            self._sleep(max(WAIT_LOOK_S, (time.monotonic() - begun_s) / SHARE_OF_TIME))
        return False

    def _room(self) -> int | None:
        """How many hosts this run may still touch; None for any number."""
        limit = self.selection.limit(self.campaign)
        return None if limit is None else max(0, limit - self.handed_out)

    def _somebody_waits(self, scene: Scene) -> bool:
        """Whether any host may come by itself before the deadline: by its visit, its hours, its door or its owner."""
        later = Selection(self.selection.statuses, ahead=True, only=self.selection.only)
        for host in wanted_hosts(scene, self.plan, later, self.tried, also=self.answered):
            held = first_held(host, scene)
            if held is None or (held.until is not None and held.until < self.campaign.deadline):
                return True
        return bool(self._offline(scene)) or any(_not_ready(state) for state in scene.states.values())

    def _try_again(self, scene: Scene) -> None:
        """Hosts that a gate held when their turn came may have it again."""
        for host_id in tuple(self.tried):
            state = scene.states.get(host_id)
            if state is None or not _held_back(state):
                continue
            waited_s = (scene.now - state.changed_at).total_seconds()
            rested = not _not_ready(state) or waited_s > ASK_AGAIN_S
            if rested and first_held(scene.fleet.host[host_id], scene) is None:
                self.tried.discard(host_id)

    def _knock(self) -> None:
        """Knock at the hosts that could not be reached; those that answer are asked how they stand."""
        self._knocked = True
        chosen = self.selection.only is not None or self.selection.open_now is not None
        if HostStatus.STALE not in self.selection.statuses or chosen:
            return
        if self.doors is None:
            self.doors = Doors(self.context.book.fleet)
        there = self.doors.knock(self._offline(self._scene()))
        if not there:
            return
        probe_hosts(self.context, there)
        standing = {state.host_id: state.status for state in self.context.ledger.hosts(self.context.campaign_id)}
        for host_id in there:
            if standing[host_id] is HostStatus.STALE:
                self.answered.add(host_id)
                self.tried.discard(host_id)
                self.doors.forget(host_id)

    def _offline(self, scene: Scene) -> tuple[Host, ...]:
        return offline_hosts(scene.fleet, scene.states.values())

    def _scene(self) -> Scene:
        return scene_of(self.context, self.campaign)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.context.held_back.is_set() and not self.context.stop.is_set():
            time.sleep(LOOK_SECONDS)


def turns_of(context: Context, selection: Selection, *, wait: bool = False) -> Turns:
    """The turns of one run, by the plan that binds.

    Raises:
        NothingToPlan: no plan is dispatched.
    """
    campaign, binding = context.ledger.campaign(context.campaign_id), context.ledger.dispatched(context.campaign_id)
    if binding is None:
        raise NothingToPlan("no plan is dispatched yet", hint="muster plan, then muster dispatch")
    return Turns(context, campaign, context.ledger.plan(binding.plan_id), selection, wait)


def _held_back(state: HostState) -> bool:
    return state.status is HostStatus.STALE and state.stage is Stage.NOT_STARTED and state.cause.startswith(HELD)


def _not_ready(state: HostState) -> bool:
    """Whether what holds it is its own: no room, a pending restart, no backup, no answer."""
    by_itself = ("free disk", "pending reboot", "backup", "no answer")
    return _held_back(state) and state.cause.startswith(tuple(f"{HELD}{gate}:" for gate in by_itself))
