"""Ask hosts how they stand: probe, judge, write down."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

from muster.ids import HostId
from muster.outcomes import Ending, Finding, HostStatus, StepReport, Verdict
from muster.ports import Order
from muster.records import HostState, ProbeRecord
from muster.steps import StepName, read_output
from push.context import Context
from push.groups import Groups
from push.orders import OrderBook

STATUS_OF_ENDING = {
    Ending.FAILED: HostStatus.FAILED,
    Ending.UNREACHABLE: HostStatus.UNREACHABLE,
    Ending.UNTRUSTED: HostStatus.UNTRUSTED,
    Ending.UNKNOWN: HostStatus.UNKNOWN,
}
STATUS_OF_VERDICT = {
    Verdict.RIGHT: HostStatus.RIGHT,
    Verdict.STALE: HostStatus.STALE,
    Verdict.UNSUPPORTED: HostStatus.UNSUPPORTED,
}

UNANSWERED = "probe without answer"
"""Kind of the note about a protected host that was asked in vain: what is known of it stays."""


def ask(
    context: Context,
    host_ids: Iterable[HostId],
    step: StepName,
    *,
    may_touch: Callable[[HostId], bool] = lambda _: True,
) -> Iterator[StepReport]:
    """Carry one step to each host and yield the reports, those that could not be ordered first.

    ``may_touch`` is asked at the last moment before a host's order is handed out; a host it refuses gets no report.
    """
    made = {host_id: context.book.order(host_id, step) for host_id in host_ids}
    if not made:
        return
    yield from (report for report in made.values() if isinstance(report, StepReport))
    orders = (order for host_id, order in made.items() if isinstance(order, Order) and may_touch(host_id))
    yield from context.pusher.execute(orders, stop=context.stop)


def probe_hosts(
    context: Context, host_ids: Sequence[HostId], *, on_record: Callable[[ProbeRecord], None] = lambda _: None
) -> int:
    """Ask these hosts and write what they say; how many answered in a way that could be judged.

    Answers are written as they come; a crash loses those of a fraction of a second, and they can be asked for again.
    A host that is protected is not made less so by a probe that could not reach it: that is only noted.
    """
    ledger, by = context.ledger, context.runner_id
    known = {state.host_id: state for state in ledger.hosts(context.campaign_id)}
    ledger.begin_probes(context.campaign_id, host_ids, by=by)
    judged = 0
    write = partial(ledger.record_probes, context.campaign_id, by=by)
    with Groups[ProbeRecord](write) as answers:
        for report in ask(context, host_ids, StepName.PROBE):
            if report.ending is Ending.NOT_STARTED:
                continue
            state = known.get(report.host_id)
            record = probe_record(report, context.book, state, at=context.clock.now())
            on_record(record)
            judged += record.finding is not None
            if record.finding is None and state is not None and state.status.protected:
                _note_silence(context, record)
            else:
                answers.add(record)
    return judged


def probe_record(report: StepReport, book: OrderBook, state: HostState | None, *, at: datetime) -> ProbeRecord:
    """What a probe's report means for a host that stands as ``state``."""
    finding = finding_of(report, book)
    if finding is None:
        status = STATUS_OF_ENDING.get(report.ending, HostStatus.UNKNOWN)
        cause, hint = report.cause, report.hint
    else:
        status, cause, hint = STATUS_OF_VERDICT[finding.verdict], "", ""
        if status is HostStatus.RIGHT and state is not None and state.attempts > 0:
            status = HostStatus.VERIFIED
        if status is HostStatus.UNSUPPORTED:
            cause, hint = finding.summary, "fix it by hand on site, or take it out of the campaign"
    return ProbeRecord(report.host_id, status, finding, report.stage, cause, hint, at)


def finding_of(report: StepReport, book: OrderBook) -> Finding | None:
    """The judged facts of a probe or verify that ran to its end; None for any other report."""
    if report.ending is not Ending.DONE:
        return None
    zone = book.fleet.timezone_of(book.fleet.host[report.host_id])
    return book.fix.judge(read_output(report.stdout), timezone=zone)


def _note_silence(context: Context, record: ProbeRecord) -> None:
    context.ledger.note(
        UNANSWERED,
        by=context.runner_id,
        campaign_id=context.campaign_id,
        host_id=record.host_id,
        data={"cause": record.cause, "stage": record.stage.value},
    )
