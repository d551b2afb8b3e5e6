"""Plays a campaign by small moves, sensible and silly, for the laws that hold whatever happens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from ledger.store import SqlLedger
from muster.campaign import WavePolicy
from muster.clock import ManualClock
from muster.crew import Crew
from muster.errors import CampaignStopped, Conflict
from muster.ids import HostId
from muster.outcomes import HostStatus, Stage
from muster.records import Lease, WaveState
from muster.steps import StepName
from tests.ledger.make import (
    ANN,
    BOB,
    CAMPAIGN,
    RIGHT,
    STALE,
    answer,
    begin_stale,
    campaign,
    claim,
    fleet,
    ids,
    outcome,
    plan,
)

HOSTS = 6
FINDINGS = {HostStatus.RIGHT: RIGHT, HostStatus.STALE: STALE, HostStatus.UNREACHABLE: None}
ANSWERS = (*FINDINGS, HostStatus.STALE, HostStatus.STALE)
ENDS = (
    outcome(HostStatus.VERIFIED),
    outcome(HostStatus.FAILED, Stage.COMMAND, "disk full"),
    outcome(HostStatus.UNKNOWN, Stage.COMMAND, "silence"),
    outcome(HostStatus.STALE, Stage.NOT_STARTED, "stopped"),
    outcome(HostStatus.ROLLED_BACK),
)


@dataclass
class Player:
    """Makes moves on a ledger; a move is a name, a set of hosts and a number that picks among what is possible."""

    ledger: SqlLedger
    clock: ManualClock
    lease_clock: ManualClock
    leases: list[Lease] = field(default_factory=list)
    plans: int = 0

    def start(self) -> None:
        """An inventory with two hosts more than the campaign has, all of which need the fix."""
        begin_stale(self.ledger, HOSTS)
        self.ledger.save_inventory(fleet(HOSTS + 2), Crew(), by="ann")

    def move(self, name: str, hosts: Sequence[int], pick: int) -> None:
        """Make one move; a refusal is part of the game."""
        self.clock.advance(timedelta(seconds=1 + pick))
        try:
            MOVES[name](self, [HostId(f"h{number}") for number in hosts], pick)
        except (CampaignStopped, Conflict):
            return

    def ask(self, hosts: list[HostId], _pick: int) -> None:
        """Begin probes."""
        self.ledger.begin_probes(CAMPAIGN, hosts, by="ann")

    def probe(self, hosts: list[HostId], pick: int) -> None:
        """Ask and be answered."""
        self.ask(hosts, pick)
        self.answer(hosts, pick)

    def answer(self, hosts: list[HostId], pick: int) -> None:
        """Record probes, asked for or not."""
        status = ANSWERS[pick % 5]
        answer(self.ledger, hosts, FINDINGS[status], status)

    def claim(self, hosts: list[HostId], pick: int) -> None:
        """Claim for either step, as either runner."""
        step = StepName.ROLLBACK if pick % 4 == 0 else StepName.APPLY
        self.leases += claim(self.ledger, hosts, (ANN, BOB)[pick % 2], step, lease_s=10.0 * (1 + pick))

    def finish(self, hosts: list[HostId], pick: int) -> None:
        """End attempts, also such that were lost or have ended."""
        named = [lease for lease in self.leases if lease.host_id in hosts]
        self.ledger.finish([(lease, ENDS[(pick + number) % len(ENDS)]) for number, lease in enumerate(named)])

    def renew(self, _hosts: list[HostId], pick: int) -> None:
        """Renew whatever there ever was."""
        self.ledger.renew(self.leases, lease_s=5.0 * (1 + pick))

    def recover(self, _hosts: list[HostId], pick: int) -> None:
        """Time passes; sometimes somebody dies."""
        self.lease_clock.advance(timedelta(seconds=10 * pick))
        self.ledger.recover(CAMPAIGN, dead=[BOB] if pick % 3 == 0 else [], by="ann")

    def dispatch(self, _hosts: list[HostId], pick: int) -> None:
        """Dispatch a plan from now, or from a while ago."""
        self.plans += 1
        made = plan(f"p{self.plans}", HOSTS if pick % 2 else 3)
        self.ledger.save_plan(made, by="ann")
        self.ledger.dispatch(made.id, by="ann", expected_revision=self.ledger.revision() - pick)

    def open_wave(self, hosts: list[HostId], _pick: int) -> None:
        """Open a wave or find the open one."""
        self.ledger.open_wave(CAMPAIGN, hosts, by="ann")

    def close_wave(self, _hosts: list[HostId], pick: int) -> None:
        """Close the newest wave."""
        waves = self.ledger.waves(CAMPAIGN)
        if waves:
            state = WaveState.PASSED if pick % 4 else WaveState.HALTED
            self.ledger.close_wave(CAMPAIGN, waves[-1].number, state, "verdict", by="gate")

    def stop_or_go(self, _hosts: list[HostId], pick: int) -> None:
        """Stop or resume."""
        if pick % 4 == 0:
            self.ledger.stop(CAMPAIGN, by="ann", reason="wait", gentle=pick % 8 == 0)
        else:
            self.ledger.resume(CAMPAIGN, by="ann")

    def explain(self, hosts: list[HostId], pick: int) -> None:
        """A person says why hosts fail."""
        there = {state.host_id for state in self.ledger.hosts(CAMPAIGN)}
        enrolled = [host_id for host_id in hosts if host_id in there]
        self.ledger.explain_failures(CAMPAIGN, enrolled, by="kim", cause=f"cause {pick}")

    def reopen(self, _hosts: list[HostId], pick: int) -> None:
        """Change the policy, enrol one or two more."""
        policy = WavePolicy(max_wave_hosts=100 + pick)
        self.ledger.open_campaign(replace(campaign(), waves=policy), ids(HOSTS + pick % 3), by="ann")

    def note(self, hosts: list[HostId], pick: int) -> None:
        """A note that would be dangerous if it were believed."""
        kinds = ("finished", "stopped", "claimed", "campaign opened", "hosts enrolled", "wave closed")
        self.ledger.note(kinds[pick % len(kinds)], by="eve", campaign_id=CAMPAIGN, host_id=hosts[0] if hosts else None)


MOVES: dict[str, Callable[[Player, list[HostId], int], None]] = {
    "ask": Player.ask,
    "answer": Player.answer,
    "probe": Player.probe,
    "claim": Player.claim,
    "finish": Player.finish,
    "renew": Player.renew,
    "recover": Player.recover,
    "dispatch": Player.dispatch,
    "open wave": Player.open_wave,
    "close wave": Player.close_wave,
    "stop or go": Player.stop_or_go,
    "reopen": Player.reopen,
    "explain": Player.explain,
    "note": Player.note,
}

PLAYED = (*sorted(MOVES), *("probe", "claim", "finish") * 4)
"""Moves as often as they are to be made."""
