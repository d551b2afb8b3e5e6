"""Ask hosts whether they are ready to be pushed, right before they are: see ``push.gates_ready``."""

from collections.abc import Iterable, Iterator

from muster.ids import HostId
from muster.outcomes import Ending, HostStatus, StepReport
from muster.ports import Order
from muster.steps import read_output
from push.context import Context
from push.gates import Held
from push.gates_ready import not_ready

NO_ANSWER = "no answer"
ELSEWHERE = {Ending.UNREACHABLE: HostStatus.UNREACHABLE, Ending.UNTRUSTED: HostStatus.UNTRUSTED}
"""Where a host stands that could not even be asked; any other that gave no answer still needs the fix."""


def ask_ready(context: Context, host_ids: Iterable[HostId]) -> Iterator[tuple[HostId, StepReport | None, Held | None]]:
    """Ask each host; gives it with its report, where it was asked, and with what holds it, where something does.

    A host whose family has no such question is ready.
    """
    orders: list[Order] = []
    for host_id in host_ids:
        made = context.book.gate_order(host_id)
        if made is None:
            yield host_id, None, None
        else:
            orders.append(made)
    if orders:
        for report in context.pusher.execute(orders, stop=context.stop):
            yield report.host_id, report, _held(context, report)


def _held(context: Context, report: StepReport) -> Held | None:
    if report.ending is not Ending.DONE:
        return Held(NO_ANSWER, f"asked before the push, it gave no answer: {report.cause}", hint=report.hint)
    family = context.book.fleet.host[report.host_id].os
    return not_ready(read_output(report.stdout), context.book.readiness, family)
