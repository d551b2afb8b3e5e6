"""Push a batch of hosts: claim, ask where in doubt, apply, verify in a new session, write down.

The order of a host's life in one attempt::

    claim (intent and lease in the ledger)
      └─ an earlier attempt is in doubt? probe ── right ─────────────► verified, nothing pushed
                                           └─ no answer ────────────► unreachable, untrusted, unknown, failed
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
from muster.steps import StepName, read_output
from push.chase import Chase
from push.context import Context
from push.leases import KeptLeases, seconds_since_boot
from push.probing import STATUS_OF_ENDING, ask, finding_of

BUSY = "another push is at work on this host"
"""How a step says that an earlier one is not through: its pusher died, and the host went on without it."""
BUSY_HINT = "muster run asks it again, when the earlier push has had its time"
BUSY_LOOK_S = 2.0


@dataclass(slots=True)
class Begun:
    """An attempt under way: its lease, and what was seen so far."""

    lease: Lease
    before: Finding | None
    changes: tuple[str, ...] = ()
    seconds: float = 0.0
    applied: StepReport | None = None


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
    begun = {lease.host_id: Begun(lease, lease.before) for lease in leases}
    with KeptLeases(context.ledger, leases, context.lease_s, asked_at_s=asked_at_s) as kept:
        _Batch(context, begun, kept, result, step).carry_out()
    return result


@dataclass(slots=True)
class _Batch:
    context: Context
    begun: dict[HostId, Begun]
    kept: KeptLeases
    result: BatchResult
    step: StepName
    busy: dict[HostId, StepReport] = field(default_factory=dict)

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
            pushing.add(*certain)
            self._settle(doubtful, pushing)

    def _doubtful(self) -> frozenset[HostId]:
        """The hosts that were never asked, or not since their last attempt.

        A roll back needs no such question: it restores from the backup whatever the present state is.
        """
        if self.step is not StepName.APPLY:
            return frozenset()
        return frozenset(host_id for host_id, one in self.begun.items() if one.lease.probe_first or one.before is None)

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
        for report in ask(self.context, host_ids, self.step, may_touch=self.kept.holds):
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
        status = HostStatus.STALE if one.before is not None else HostStatus.PENDING
        return status, report.stage, report.cause or "stopped before it was touched", report.hint
    return STATUS_OF_ENDING[report.ending], report.stage, report.cause, report.hint


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
    """A roll back is good when the host answers as it did before the fix; without a before, when it ran to its end."""
    if one.applied is not None and one.applied.ending is Ending.UNKNOWN and after.verdict is Verdict.RIGHT:
        return HostStatus.FAILED, one.applied.stage, f"the fix is still there: {one.applied.cause}", one.applied.hint
    return HostStatus.ROLLED_BACK, Stage.FINISHED, f"rolled back: {after.summary}", ""
