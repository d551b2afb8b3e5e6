"""The ports: what the core asks of the world. Each has one or more implementations in a package above.

``Pusher`` is implemented by ``push/`` (SSH, WinRM, Ansible), ``Ledger`` by ``ledger/`` and ``PreparedFix`` by
``playbooks/``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from muster.campaign import Campaign
from muster.crew import Crew
from muster.fleet import Become, Fleet, Jump, OsFamily, TransportName
from muster.ids import CampaignId, HostId, PlanId, RunnerId, SiteId, VisitId
from muster.messages import Channel, Delivery, Message, MessageState, Queued
from muster.outcomes import Finding, HostOutcome, StepReport
from muster.plan import Plan
from muster.records import (
    AttemptRow,
    DispatchedPlan,
    Event,
    HostState,
    ImportSummary,
    Lease,
    Note,
    ProbeRecord,
    Resumption,
    Standing,
    Stop,
    WaveRow,
    WaveState,
)
from muster.steps import Step, StepName, StepOutput


@dataclass(frozen=True, slots=True)
class Target:
    """How a host is reached; credentials are references that are resolved at the moment of use.

    Attributes:
        become, become_credential: see ``Host``.
        jump: the machines it is reached through, the first one first.
        site_hosts: hosts of its site at one time; 0 means that the site says nothing.
        site_bytes_per_s: bytes a second sent to its site; 0 means that the site says nothing.
    """

    host_id: HostId
    site_id: SiteId
    transport: TransportName
    address: str
    port: int
    user: str
    credential: str
    become: Become = Become.SETTING
    become_credential: str = ""
    jump: tuple[Jump, ...] = ()
    site_hosts: int = 0
    site_bytes_per_s: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """One step for one host, with the seconds it may take in all, from the first packet to the last.

    ``purpose`` says in a few words what for, such as the campaign; certificates that are made for it carry it.
    """

    target: Target
    step: Step
    deadline_s: float
    purpose: str = ""


class StopSignal(Protocol):
    """Asked between hosts and inside waits; once true it stays true."""

    def is_set(self) -> bool:
        """Whether everything should end as soon as it safely can."""
        ...


class Pusher(Protocol):
    """Carries steps to hosts."""

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        """Carry out every order and yield each report as soon as it is known, in whatever order they end.

        Exactly one report for each order, and never an exception because of a host: its troubles are its report's
        ``ending``, ``stage`` and ``cause``. After ``stop`` is set, orders not yet begun are reported as not started.
        The caller must use the iterator up or close it; closing stops what has not begun and joins every thread.
        """
        ...


class PreparedFix(Protocol):
    """A fix with a campaign's parameters put in: what to carry to a host, and how to read what comes back."""

    @property
    def title(self) -> str:
        """One line for people."""
        ...

    def step(self, name: StepName, family: OsFamily, *, timezone: str) -> Step | None:
        """The step for a host of this family that lives in ``timezone`` (IANA); None where the fix has none."""
        ...

    def judge(self, output: StepOutput, *, timezone: str) -> Finding:
        """Read a probe's (or a verify's) answer; pure."""
        ...


class Ledger(Protocol):
    """The append-only record of what was intended and what happened: the only truth.

    Every method is one transaction: it happens wholly or not at all. ``by`` names the person or process that acts.
    Times that the ledger writes come from its clock. All raise ``LedgerUnavailable`` when the database cannot be
    used, and ``NotFound`` for an id that it does not hold.

    Where a method takes ``messages``, they are queued in the outbox in the same transaction: what is reported and its
    report are written together or not at all. A message whose key was queued before is left out.
    """

    def together(self) -> AbstractContextManager[None]:
        """Everything that this thread does with the ledger and its book in the block happens wholly or not at all.

        Nobody else can write meanwhile: whatever takes long is done before.
        """
        ...

    def revision(self) -> int:
        """The revision of the newest event; 0 when there is none."""
        ...

    # what there is
    def save_inventory(self, fleet: Fleet, crew: Crew, *, by: str, dry_run: bool = False) -> ImportSummary:
        """Add what is new and update what has changed, by id; nothing is removed. ``dry_run`` only counts."""
        ...

    def fleet(self) -> Fleet:
        """Every client, site and host."""
        ...

    def crew(self) -> Crew:
        """Every engineer and partner."""
        ...

    # campaigns
    def open_campaign(self, campaign: Campaign, host_ids: Sequence[HostId], *, by: str) -> None:
        """Open it, or update its policy and enrol further hosts if it is open; enrolled hosts start as pending.

        Raises:
            Conflict: when the campaign is there with another fix.
        """
        ...

    def campaigns(self) -> tuple[Campaign, ...]:
        """All of them, the newest last."""
        ...

    def campaign(self, campaign_id: CampaignId) -> Campaign:
        """One of them."""
        ...

    # probes
    def begin_probes(self, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> None:
        """Commit the intent to ask these hosts."""
        ...

    def record_probes(self, campaign_id: CampaignId, records: Sequence[ProbeRecord], *, by: str) -> None:
        """Write what was found. A host that somebody has claimed keeps its status; its finding is kept as an event."""
        ...

    # plans
    def save_plan(self, plan: Plan, *, by: str) -> None:
        """Keep a proposal; it binds nobody."""
        ...

    def plan(self, plan_id: PlanId) -> Plan:
        """One plan."""
        ...

    def plans(self, campaign_id: CampaignId) -> tuple[PlanId, ...]:
        """The ids of the plans of a campaign, the newest last."""
        ...

    def dispatch(
        self,
        plan_id: PlanId,
        *,
        by: str,
        expected_revision: int,
        beside_pushes: bool = False,
        notes: Sequence[Note] = (),
        messages: Sequence[Message] = (),
        call_off: Sequence[int] = (),
    ) -> None:
        """Make a plan binding: hosts take their visit and person from it.

        ``notes`` and ``messages`` (what clients are told) are written with it, and the waiting messages ``call_off``,
        by id, are not sent any more. With ``beside_pushes`` the caller says that it has looked at the hosts within
        this transaction (``together``), and what hosts did since ``expected_revision`` does not count.

        Raises:
            Conflict: when the ledger has moved past ``expected_revision`` in this campaign or in the inventory.
        """
        ...

    def dispatched(self, campaign_id: CampaignId) -> DispatchedPlan | None:
        """The plan that binds now."""
        ...

    # pushing
    def claim(
        self,
        campaign_id: CampaignId,
        host_ids: Sequence[HostId],
        *,
        runner_id: RunnerId,
        step: StepName,
        wave: int,
        lease_s: float,
    ) -> tuple[Lease, ...]:
        """Commit the intent to touch these hosts and take their leases, of those that can be had.

        For ``apply``: hosts that are stale, failed or unknown and not leased. For ``rollback``: verified, failed or
        unknown, and not leased. The others are left out without an error. Nothing is claimed while the campaign is
        stopped (``CampaignStopped``).
        """
        ...

    def renew(self, leases: Sequence[Lease], *, lease_s: float) -> tuple[Lease, ...]:
        """Lengthen leases that are still ours; those that are lost are left out of what is returned."""
        ...

    def finish(self, results: Sequence[tuple[Lease, HostOutcome]]) -> tuple[Lease, ...]:
        """Write the ends of attempts and free their hosts, in one transaction.

        Returns:
            The leases whose fence had moved on; their outcomes are kept as events, and change nothing else.
        """
        ...

    def recover(self, campaign_id: CampaignId, *, dead: Sequence[RunnerId], by: str) -> tuple[HostId, ...]:
        """End the open attempts of these runners, and all whose lease has run out, as unknown; say which hosts."""
        ...

    def runners(self, campaign_id: CampaignId) -> tuple[RunnerId, ...]:
        """Everybody who holds a lease now."""
        ...

    # waves
    def open_wave(self, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> WaveRow:
        """Open the next wave with these hosts, or return the one that is open (a run carries on where one ended)."""
        ...

    def close_wave(
        self,
        campaign_id: CampaignId,
        number: int,
        state: WaveState,
        verdict: str,
        *,
        by: str,
        messages: Sequence[Message] = (),
    ) -> None:
        """Close it; ``halted`` also stops the campaign, with the verdict as the reason."""
        ...

    def waves(self, campaign_id: CampaignId) -> tuple[WaveRow, ...]:
        """All of them in order."""
        ...

    # stop and go
    def stop(
        self,
        campaign_id: CampaignId,
        *,
        by: str,
        reason: str,
        gentle: bool = False,
        messages: Sequence[Message] = (),
    ) -> None:
        """Nothing new starts from now on; ``gentle`` lets what was begun come to its end.

        To stop a stopped campaign changes nothing, but that a gentle stop gives way to one that is not.
        """
        ...

    def resume(self, campaign_id: CampaignId, *, by: str, reason: str = "") -> None:
        """Lift the stop; ``by`` is the person who decided so."""
        ...

    def resumed(self, campaign_id: CampaignId) -> Resumption | None:
        """Who last lifted a stop; None when nobody ever had to."""
        ...

    def explain_failures(self, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str, cause: str) -> None:
        """Write down what a person says about hosts that keep failing, and count their failures anew."""
        ...

    def stopped(self, campaign_id: CampaignId) -> Stop | None:
        """The stop that is in force."""
        ...

    # what happened
    def hosts(self, campaign_id: CampaignId) -> tuple[HostState, ...]:
        """Every host of the campaign as it stands, by host id."""
        ...

    def standing(self, campaign_id: CampaignId) -> Standing:
        """The campaign in sums, counted by the database: quick also where its hosts are a hundred thousand."""
        ...

    def attempts(self, campaign_id: CampaignId) -> tuple[AttemptRow, ...]:
        """Every attempt, oldest first."""
        ...

    def events(
        self,
        *,
        campaign_id: CampaignId | None = None,
        after: int = 0,
        limit: int = 1000,
        kinds: Sequence[str] = (),
    ) -> tuple[Event, ...]:
        """Events with a revision greater than ``after``, oldest first, at most ``limit``; of ``kinds`` where given."""
        ...

    def note(
        self,
        kind: str,
        *,
        by: str,
        campaign_id: CampaignId | None = None,
        host_id: HostId | None = None,
        visit_id: VisitId | None = None,
        data: Mapping[str, object] | None = None,
        at: datetime | None = None,
        messages: Sequence[Message] = (),
    ) -> None:
        """Append an event that changes no projection, such as ``probe refused`` or ``report written``."""
        ...

    def note_all(
        self, campaign_id: CampaignId, notes: Sequence[Note], *, by: str, messages: Sequence[Message] = ()
    ) -> None:
        """Append many such events of one campaign, all or none."""
        ...

    # messages that leave the house
    def post(
        self,
        messages: Sequence[Message],
        *,
        by: str,
        campaign_id: CampaignId | None = None,
        notes: Sequence[Note] = (),
        call_off: Sequence[int] = (),
    ) -> tuple[int, ...]:
        """Queue messages, with notes of one campaign, and call off waiting ones by id; all or none.

        The simple way to report something is ``note(..., messages=...)``; this one is for messages that replace others.

        Returns:
            The ids of those that were queued; a message whose key is known is left out.
        """
        ...

    def claim_messages(
        self, *, by: str, limit: int, lease_s: float, channels: Sequence[Channel] = ()
    ) -> tuple[Queued, ...]:
        """Take at most ``limit`` messages that are due, the longest due first, to send them within ``lease_s``.

        Of ``channels`` where given.

        Due by the campaign's clock; leases and the pauses between tries by real time. While a lease holds nobody else
        is given the message; when it has run out the message is given away again, so that none is lost.
        """
        ...

    def settle_messages(
        self, results: Sequence[Delivery], *, by: str, messages: Sequence[Message] = ()
    ) -> tuple[int, ...]:
        """Write down how claimed messages ended, and queue what is to be said about that.

        Returns:
            The ids of failures that came too late, because the message had been claimed again meanwhile or stands at
            its end; they change nothing. That a message was sent is always written down, however late.
        """
        ...

    def call_off_messages(self, ids: Sequence[int], *, by: str, reason: str) -> tuple[int, ...]:
        """Do not send these, of those that wait; gives their ids. One that is being sent now may still arrive."""
        ...

    def retry_message(self, message_id: int, *, by: str) -> None:
        """Have a message that failed or was called off tried again at once, counted anew.

        Raises:
            NotFound: there is none.
            Conflict: it was sent.
        """
        ...

    def message(self, message_id: int) -> Queued:
        """One message."""
        ...

    def messages(
        self,
        *,
        campaign_id: CampaignId | None = None,
        states: Sequence[MessageState] = (),
        topic: str | None = None,
        kind: str | None = None,
        channels: Sequence[Channel] = (),
        limit: int = 1000,
    ) -> tuple[Queued, ...]:
        """Messages of the outbox, the newest last; at most the newest ``limit`` of those that are asked for."""
        ...

    def message_counts(self, campaign_id: CampaignId | None = None) -> Mapping[MessageState, int]:
        """How many messages stand how; every state is named."""
        ...

    def close(self) -> None:
        """Give every connection back."""
        ...
