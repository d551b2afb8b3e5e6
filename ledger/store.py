# ruff: noqa: D102 - the contract of every method is in muster.ports.Ledger
"""The ledger as the port wants it: every method is one transaction, and the work is in the modules beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from ledger import attempts, campaigns, claims, events, inventory_store, outbox, plans, probes, waves
from ledger.database import Database
from ledger.guard import Guard, Redact
from ledger.kinds import STEPS_OF_PUSHES
from ledger.standing import read_standing
from ledger.writing import Writing
from muster.campaign import Campaign
from muster.clock import Clock
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import CampaignId, HostId, PlanId, RunnerId, VisitId
from muster.messages import Channel, Delivery, Message, MessageState, Queued
from muster.outcomes import HostOutcome
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
from muster.steps import StepName

Report = Callable[[Event], Sequence[Message]]
"""Makes messages of an event that people are to be told of."""


def silent(event: Event) -> Sequence[Message]:
    """Tells nobody."""
    del event
    return ()


class SqlLedger:
    """The port ``Ledger`` on SQLite or PostgreSQL; safe to share between threads. Its contract is in ``muster.ports``.

    Made by ``ledger.open.open_ledger``. ``clock`` tells the times of the record, ``lease_clock`` real time.
    """

    def __init__(
        self, database: Database, clock: Clock, lease_clock: Clock, redact: Redact, report: Report = silent
    ) -> None:
        self.database = database
        self._clock = clock
        self._lease_clock = lease_clock
        self._redact = redact
        self._report = report

    def __repr__(self) -> str:
        return f"SqlLedger({self.database.address})"

    @contextmanager
    def _writing(self) -> Iterator[Writing]:
        with self.database.writing() as connection:
            # asked inside the transaction: whoever had to wait for the lock must not write an older time
            writing = Writing(connection, Guard(self._redact), self._clock.now(), self._lease_clock.now())
            yield writing
            for row in tuple(writing.notable):
                event = Event(row.revision, row.at, row.campaign_id, row.host_id, row.kind, row.by, row.data)
                outbox.post(writing, self._report(event), by=row.by)

    def together(self) -> AbstractContextManager[None]:
        return self.database.together()

    def revision(self) -> int:
        with self.database.reading() as connection:
            return events.newest_revision(connection)

    def save_inventory(self, fleet: Fleet, crew: Crew, *, by: str, dry_run: bool = False) -> ImportSummary:
        if dry_run:
            with self.database.reading() as connection:
                return inventory_store.count_inventory(connection, fleet, crew)
        with self._writing() as writing:
            return inventory_store.save_inventory(writing, fleet, crew, by=by)

    def fleet(self) -> Fleet:
        with self.database.reading() as connection:
            return inventory_store.read_fleet(connection)

    def crew(self) -> Crew:
        with self.database.reading() as connection:
            return inventory_store.read_crew(connection)

    def open_campaign(self, campaign: Campaign, host_ids: Sequence[HostId], *, by: str) -> None:
        with self._writing() as writing:
            campaigns.open_campaign(writing, campaign, host_ids, by=by)

    def campaigns(self) -> tuple[Campaign, ...]:
        with self.database.reading() as connection:
            return campaigns.read_campaigns(connection)

    def campaign(self, campaign_id: CampaignId) -> Campaign:
        with self.database.reading() as connection:
            return campaigns.read_campaign(connection, campaign_id)

    def begin_probes(self, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> None:
        with self._writing() as writing:
            probes.begin_probes(writing, campaign_id, host_ids, by=by)

    def record_probes(self, campaign_id: CampaignId, records: Sequence[ProbeRecord], *, by: str) -> None:
        with self._writing() as writing:
            probes.record_probes(writing, campaign_id, records, by=by)

    def save_plan(self, plan: Plan, *, by: str) -> None:
        with self._writing() as writing:
            plans.save_plan(writing, plan, by=by)

    def plan(self, plan_id: PlanId) -> Plan:
        with self.database.reading() as connection:
            return plans.read_plan(connection, plan_id)

    def plans(self, campaign_id: CampaignId) -> tuple[PlanId, ...]:
        with self.database.reading() as connection:
            return plans.read_plan_ids(connection, campaign_id)

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
        with self._writing() as writing:
            harmless = STEPS_OF_PUSHES if beside_pushes else ()
            campaign_id = plans.dispatch(writing, plan_id, harmless, by=by, expected_revision=expected_revision)
            events.append_notes(writing, campaign_id, notes, by=by)
            outbox.call_off(writing, call_off, by=by, reason=f"plan {plan_id} was dispatched")
            outbox.post(writing, messages, by=by)

    def dispatched(self, campaign_id: CampaignId) -> DispatchedPlan | None:
        with self.database.reading() as connection:
            return plans.dispatched_of(campaigns.read_campaign_row(connection, campaign_id))

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
        with self._writing() as writing:
            return claims.claim(
                writing, campaign_id, host_ids, runner_id=runner_id, step=step, wave=wave, lease_s=lease_s
            )

    def renew(self, leases: Sequence[Lease], *, lease_s: float) -> tuple[Lease, ...]:
        with self._writing() as writing:
            return claims.renew(writing, leases, lease_s=lease_s)

    def finish(self, results: Sequence[tuple[Lease, HostOutcome]]) -> tuple[Lease, ...]:
        with self._writing() as writing:
            return claims.finish(writing, results)

    def recover(self, campaign_id: CampaignId, *, dead: Sequence[RunnerId], by: str) -> tuple[HostId, ...]:
        with self._writing() as writing:
            return claims.recover(writing, campaign_id, dead=dead, by=by)

    def runners(self, campaign_id: CampaignId) -> tuple[RunnerId, ...]:
        with self.database.reading() as connection:
            return claims.read_runners(connection, campaign_id)

    def open_wave(self, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str) -> WaveRow:
        with self._writing() as writing:
            return waves.open_wave(writing, campaign_id, host_ids, by=by)

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
        with self._writing() as writing:
            waves.close_wave(writing, campaign_id, number, state, verdict, by=by)
            outbox.post(writing, messages, by=by)

    def waves(self, campaign_id: CampaignId) -> tuple[WaveRow, ...]:
        with self.database.reading() as connection:
            return waves.read_waves(connection, campaign_id)

    def stop(
        self,
        campaign_id: CampaignId,
        *,
        by: str,
        reason: str,
        gentle: bool = False,
        messages: Sequence[Message] = (),
    ) -> None:
        with self._writing() as writing:
            campaigns.stop(writing, campaign_id, by=by, reason=reason, gentle=gentle)
            outbox.post(writing, messages, by=by)

    def resume(self, campaign_id: CampaignId, *, by: str, reason: str = "") -> None:
        with self._writing() as writing:
            campaigns.resume(writing, campaign_id, by=by, reason=reason)

    def resumed(self, campaign_id: CampaignId) -> Resumption | None:
        with self.database.reading() as connection:
            return campaigns.resumption_of(campaigns.read_campaign_row(connection, campaign_id))

    def explain_failures(self, campaign_id: CampaignId, host_ids: Sequence[HostId], *, by: str, cause: str) -> None:
        with self._writing() as writing:
            campaigns.explain_failures(writing, campaign_id, host_ids, by=by, cause=cause)

    def stopped(self, campaign_id: CampaignId) -> Stop | None:
        with self.database.reading() as connection:
            return campaigns.stop_of(campaigns.read_campaign_row(connection, campaign_id))

    def hosts(self, campaign_id: CampaignId) -> tuple[HostState, ...]:
        with self.database.reading() as connection:
            return attempts.read_hosts(connection, campaign_id)

    def standing(self, campaign_id: CampaignId) -> Standing:
        with self.database.reading() as connection:
            return read_standing(connection, campaign_id)

    def attempts(self, campaign_id: CampaignId) -> tuple[AttemptRow, ...]:
        with self.database.reading() as connection:
            return attempts.read_attempts(connection, campaign_id)

    def events(
        self,
        *,
        campaign_id: CampaignId | None = None,
        after: int = 0,
        limit: int = 1000,
        kinds: Sequence[str] = (),
    ) -> tuple[Event, ...]:
        with self.database.reading() as connection:
            return events.read_events(connection, campaign_id, after, limit, kinds)

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
        with self._writing() as writing:
            events.append_note(
                writing, kind, by=by, campaign_id=campaign_id, host_id=host_id, visit_id=visit_id, data=data, at=at
            )
            outbox.post(writing, messages, by=by)

    def note_all(
        self, campaign_id: CampaignId, notes: Sequence[Note], *, by: str, messages: Sequence[Message] = ()
    ) -> None:
        with self._writing() as writing:
            events.append_notes(writing, campaign_id, notes, by=by)
            outbox.post(writing, messages, by=by)

    def post(
        self,
        messages: Sequence[Message],
        *,
        by: str,
        campaign_id: CampaignId | None = None,
        notes: Sequence[Note] = (),
        call_off: Sequence[int] = (),
    ) -> tuple[int, ...]:
        if notes and campaign_id is None:
            raise ValueError("notes are of one campaign")
        with self._writing() as writing:
            if campaign_id is not None:
                events.append_notes(writing, campaign_id, notes, by=by)
            outbox.call_off(writing, call_off, by=by, reason="replaced")
            return outbox.post(writing, messages, by=by)

    def claim_messages(
        self, *, by: str, limit: int, lease_s: float, channels: Sequence[Channel] = ()
    ) -> tuple[Queued, ...]:
        with self._writing() as writing:
            return outbox.claim(writing, by=by, limit=limit, lease_s=lease_s, channels=channels)

    def settle_messages(
        self, results: Sequence[Delivery], *, by: str, messages: Sequence[Message] = ()
    ) -> tuple[int, ...]:
        with self._writing() as writing:
            late = outbox.settle(writing, results, by=by)
            outbox.post(writing, messages, by=by)
            return late

    def call_off_messages(self, ids: Sequence[int], *, by: str, reason: str) -> tuple[int, ...]:
        with self._writing() as writing:
            return outbox.call_off(writing, ids, by=by, reason=reason)

    def retry_message(self, message_id: int, *, by: str) -> None:
        with self._writing() as writing:
            outbox.retry(writing, message_id, by=by)

    def message(self, message_id: int) -> Queued:
        with self.database.reading() as connection:
            return outbox.read_message(connection, message_id)

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
        with self.database.reading() as connection:
            asked = outbox.Asked(campaign_id, tuple(states), topic, kind, tuple(channels))
            return outbox.read_messages(connection, asked, limit)

    def message_counts(self, campaign_id: CampaignId | None = None) -> Mapping[MessageState, int]:
        with self.database.reading() as connection:
            return outbox.count_messages(connection, campaign_id)

    def close(self) -> None:
        self.database.close()
