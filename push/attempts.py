"""Push a batch of hosts: claim, ask where in doubt, apply, verify in a new session, write down.

The order of a host's life in one attempt::

    claim (intent and lease in the ledger)
      └─ an earlier attempt is in doubt? probe ── right ─────────────► verified, nothing pushed
                                           └─ no answer ────────────► unreachable, untrusted, unknown, failed
      └─ a gate holds it (hours, blackout, room, ...) ───────────────► needs the fix, as before, and says why
      └─ apply ── done ──────► verify (new session) ── right ───────► verified
             │                                       ├─ stale ───────► failed
             │                                       └─ no answer ───► unknown
             ├─ outcome unknown ─► verify as above: what it finds decides
             ├─ an earlier push is still at work there ─► asked again until it is through
             ├─ failed ─────────────────────────────────────────────► failed
             ├─ unreachable, untrusted ─────────────────────────────► as it says; nothing was touched
             └─ not started (stopped) ──────────────────────────────► needs the fix, as before

Asking, applying and verifying go on beside each other, so that a host that hangs costs its own time-out and delays
nobody.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from muster.ids import HostId
from muster.outcomes import Ending, Evidence, Finding, HostOutcome, HostStatus, Stage, StepReport, Verdict
from muster.records import Lease
from muster.safety import GatePolicy
from muster.steps import StepName, read_output
from push.chase import Chase
from push.context import Context
from push.gates import BY_CLOCK, Held, Scene, first_held
from push.leases import KeptLeases, seconds_since_boot
from push.probing import STATUS_OF_ENDING, ask, finding_of
from push.readiness import ELSEWHERE, ask_ready

BUSY = "another push is at work on this host"
"""How a step says that an earlier one is not through: its pusher died, and the host went on without it."""
BUSY_HINT = "muster run asks it again, when the earlier push has had its time"
BUSY_LOOK_S = 2.0


@dataclass(slots=True)
class Begun:
    """An attempt under way: its lease, and what was seen so far; ``needed_it`` before it was first pushed."""

    lease: Lease
    before: Finding | None
    changes: tuple[str, ...] = ()
    seconds: float = 0.0
    applied: StepReport | None = None
    needed_it: bool = False


@dataclass(slots=True)
class BatchResult:
    """How the hosts of a batch ended, and those that somebody else had claimed or already done."""

    ended: dict[HostId, HostStatus] = field(default_factory=dict)
    left_out: tuple[HostId, ...] = ()


def push_batch(context: Context, host_ids: Sequence[HostId], *, wave: int, step: StepName) -> BatchResult:
    """Carry ``step`` (apply or rollback) to every host of the batch that can be claimed.

    Raises:
        CampaignStopped: before anything is claimed.
        LedgerUnavailable: the ledger cannot be written; leases run out, and the next run asks the hosts first.
    """
    asked_at_s = seconds_since_boot()
    leases = context.ledger.claim(
        context.campaign_id, host_ids, runner_id=context.runner_id, step=step, wave=wave, lease_s=context.lease_s
    )
    claimed = {lease.host_id for lease in leases}
    result = BatchResult(left_out=tuple(host_id for host_id in host_ids if host_id not in claimed))
    needed = _needed_it(context) if step is StepName.ROLLBACK else frozenset()
    begun = {lease.host_id: Begun(lease, lease.before, needed_it=lease.host_id in needed) for lease in leases}
    with KeptLeases(context.ledger, leases, context.lease_s, asked_at_s=asked_at_s) as kept:
        gates = context.ledger.campaign(context.campaign_id).gates
        _Batch(context, begun, kept, result, step, gates=gates).carry_out()
    return result


def _needed_it(context: Context) -> frozenset[HostId]:
    """The hosts that needed the fix before they were pushed for the first time."""
    first: dict[HostId, Finding | None] = {}
    for attempt in context.ledger.attempts(context.campaign_id):
        if attempt.step is StepName.APPLY and attempt.outcome is not None:
            first.setdefault(attempt.host_id, attempt.outcome.evidence.before)
    return frozenset(host for host, found in first.items() if found and found.verdict is Verdict.STALE)


@dataclass(slots=True)
class _Batch:
    context: Context
    begun: dict[HostId, Begun]
    kept: KeptLeases
    result: BatchResult
    step: StepName
    busy: dict[HostId, StepReport] = field(default_factory=dict)
    gates: GatePolicy = field(default_factory=GatePolicy)

    def carry_out(self) -> None:
        """Push at every host; where an earlier push is still at work, wait for its end and ask again."""
        doubtful = self._doubtful()
        self._round([host_id for host_id in self.begun if host_id not in doubtful], doubtful)
        give_up_at = time.monotonic() + self.context.book.defaults.deadline_s
        while self.busy and time.monotonic() < give_up_at and not self.context.stop.is_set():
            time.sleep(BUSY_LOOK_S)
            waiting, self.busy = self.busy, {}
            self._round(*(((), waiting) if self.step is StepName.APPLY else (waiting, ())))
        for host_id, report in self.busy.items():
            self._end(self.begun[host_id], HostStatus.UNKNOWN, report.stage, report.cause, BUSY_HINT)
        self.kept.flush()

    def _round(self, certain: Iterable[HostId], doubtful: Collection[HostId]) -> None:
        """Push at the hosts that are known to need it, while those in doubt are asked and follow; verify each."""
        with Chase(self._verify) as verifying, Chase(partial(self._push, verifying)) as pushing:
            if self.step is not StepName.APPLY or not self.context.book.readiness.asks:
                pushing.add(*certain)
                self._settle(doubtful, pushing)
                return
            with Chase(partial(self._ask_ready, pushing)) as asking:
                asking.add(*certain)
                self._settle(doubtful, asking)

    def _doubtful(self) -> frozenset[HostId]:
        """The hosts that were never asked, or not since their last attempt.

        A roll back needs no such question: it restores from the backup whatever the present state is.
        """
        if self.step is not StepName.APPLY:
            return frozenset()
        return frozenset(host_id for host_id, one in self.begun.items() if one.lease.probe_first or one.before is None)

    def _ask_ready(self, pushing: Chase, host_ids: Sequence[HostId]) -> None:
        """Ask these hosts for what only they know (room, restart, backup): those that are ready are pushed."""
        for host_id, report, held in ask_ready(self.context, host_ids):
            if held is None:
                pushing.add(host_id)
            elif report is not None and report.ending in ELSEWHERE:
                self._end(self.begun[host_id], ELSEWHERE[report.ending], report.stage, report.cause, report.hint)
            else:
                self._hold(host_id, held)

    def _may_touch(self, host_id: HostId) -> bool:
        """Asked right before a host is touched: it is ours, nothing is held back, and its gates are still open."""
        if not self.kept.holds(host_id):
            return False
        if self.context.held_back.is_set() and not self.context.stop.is_set():
            self._hold(host_id, Held("stop", "nothing new starts: the campaign was stopped", hint="muster resume"))
            return False
        held = self._held_by_clock(host_id)
        if held is not None:
            self._hold(host_id, held)
        return held is None

    def _held_by_clock(self, host_id: HostId) -> Held | None:
        if self.step is not StepName.APPLY:
            return None  # what was done is taken back at any hour
        fleet = self.context.book.fleet
        scene = Scene(self.gates, fleet, {}, self.context.clock.now().replace(microsecond=0))
        return first_held(fleet.host[host_id], scene, BY_CLOCK)

    def _hold(self, host_id: HostId, held: Held) -> None:
        """A gate holds it: nothing was touched, and it stands as it stood."""
        one = self.begun[host_id]
        status = _untouched(one)
        self._end(one, status, Stage.NOT_STARTED, f"held by {held}", held.hint)

    def _settle(self, doubtful: Iterable[HostId], pushing: Chase) -> None:
        """Ask the hosts in doubt: those that are right are done, those that are stale are pushed."""
        for report in ask(self.context, doubtful, StepName.PROBE):
            one = self.begun[report.host_id]
            finding = finding_of(report, self.context.book)
            if finding is None:
                self._end(one, *_unanswered(report))
            elif finding.verdict is Verdict.STALE:
                one.before = finding
                pushing.add(report.host_id)
            else:
                self._end(one, *_found(finding), after=finding)

    def _push(self, verifying: Chase, host_ids: Sequence[HostId]) -> None:
        """Carry the step to these hosts; each is verified as soon as it is through."""
        for report in ask(self.context, host_ids, self.step, may_touch=self._may_touch):
            one = self.begun[report.host_id]
            one.applied = report
            one.seconds += report.duration_s
            one.changes = read_output(report.stdout).changes
            if report.ending in {Ending.DONE, Ending.UNKNOWN}:
                verifying.add(report.host_id)
            elif _is_busy(report):
                self.busy[report.host_id] = report
            else:
                self._end(one, *_not_applied(report, one))

    def _verify(self, host_ids: Iterable[HostId]) -> None:
        for report in ask(self.context, tuple(host_ids), StepName.VERIFY):
            one = self.begun[report.host_id]
            one.seconds += report.duration_s
            after = finding_of(report, self.context.book)
            if after is None:
                self._end(one, *_unverified(report, one))
            elif self.step is StepName.ROLLBACK:
                self._end(one, *_rolled_back(one, after), after=after)
            else:
                self._end(one, *_verified(one, after), after=after)

    def _end(
        self, one: Begun, status: HostStatus, stage: Stage, cause: str, hint: str, *, after: Finding | None = None
    ) -> None:
        evidence = Evidence(one.before, after, one.changes)
        outcome = HostOutcome(status, stage, cause, hint, evidence, one.seconds, self.context.clock.now())
        self.result.ended[one.lease.host_id] = status
        self.kept.finish(one.lease, outcome)


def _is_busy(report: StepReport) -> bool:
    return any(error.startswith(BUSY) for error in read_output(report.stdout).errors)


Judged = tuple[HostStatus, Stage, str, str]


def _unanswered(report: StepReport) -> Judged:
    """A host in doubt did not answer: nothing was pushed now, and the doubt stands."""
    if report.ending is Ending.NOT_STARTED:
        return HostStatus.UNKNOWN, report.stage, report.cause, report.hint
    return STATUS_OF_ENDING[report.ending], report.stage, report.cause, report.hint


def _found(finding: Finding) -> Judged:
    if finding.verdict is Verdict.RIGHT:
        return HostStatus.VERIFIED, Stage.FINISHED, "", ""
    return (
        HostStatus.UNSUPPORTED,
        Stage.FINISHED,
        finding.summary,
        "fix it by hand on site, or take it out of the campaign",
    )


def _not_applied(report: StepReport, one: Begun) -> Judged:
    if report.ending is Ending.NOT_STARTED:
        return _untouched(one), report.stage, report.cause or "stopped before it was touched", report.hint
    return STATUS_OF_ENDING[report.ending], report.stage, report.cause, report.hint


def _untouched(one: Begun) -> HostStatus:
    """Where a host stands that was not touched after all."""
    if one.before is None:
        return HostStatus.PENDING
    if one.lease.step is StepName.APPLY:
        return HostStatus.STALE
    return HostStatus.VERIFIED if one.before.verdict is Verdict.RIGHT else HostStatus.UNKNOWN


def _unverified(report: StepReport, one: Begun) -> Judged:
    cause = f"pushed, but the probe after it got no answer: {report.cause}"
    stage = one.applied.stage if one.applied is not None else report.stage
    return HostStatus.UNKNOWN, stage, cause, "muster run asks it again before anything else"


def _verified(one: Begun, after: Finding) -> Judged:
    if after.verdict is Verdict.RIGHT:
        return HostStatus.VERIFIED, Stage.FINISHED, "", ""
    pushed = one.applied
    if pushed is not None and pushed.ending is Ending.UNKNOWN:
        return HostStatus.FAILED, pushed.stage, f"{pushed.cause}; a probe after it finds: {after.summary}", pushed.hint
    return (
        HostStatus.FAILED,
        Stage.FINISHED,
        f"pushed, but a fresh probe says: {after.summary}",
        "read the evidence of this host; muster retry tries again",
    )


def _rolled_back(one: Begun, after: Finding) -> Judged:
    """A roll back is good when the host needs the fix again; where it never did, when the step ran to its end."""
    if one.applied is not None and one.applied.ending is Ending.UNKNOWN and after.verdict is Verdict.RIGHT:
        return HostStatus.FAILED, one.applied.stage, f"the fix is still there: {one.applied.cause}", one.applied.hint
    if one.needed_it and after.verdict is Verdict.RIGHT:
        cause = f"the roll back ran to its end, and a fresh probe still says: {after.summary}"
        return HostStatus.FAILED, Stage.FINISHED, cause, "read what it changed back (muster report); look by hand"
    return HostStatus.ROLLED_BACK, Stage.FINISHED, f"rolled back: {after.summary}", ""
