"""A dry run: ask hosts what apply would change. Nothing is changed, and no host is claimed.

The answer goes into the record as a note of the kind ``checked``, so that it is the same wherever the question was put.
"""

from collections.abc import Iterator, Sequence

from muster.ids import HostId
from muster.outcomes import Ending, StepReport, Verdict
from muster.steps import StepName, read_output
from push.context import Context
from push.probing import ask, finding_of

CHECKED = "checked"


def check_hosts(context: Context, host_ids: Sequence[HostId]) -> int:
    """Ask these hosts what apply would change, and note what they say; how many answered.

    A fix without a check step for a family is asked by its probe: what it finds, and that apply would mend it.
    """
    able = [host_id for host_id in host_ids if _has_check(context, host_id)]
    others = [host_id for host_id in host_ids if host_id not in set(able)]
    answered = 0
    for report, data in (*_by_check(context, able), *_by_probe(context, others)):
        if report.ending is Ending.NOT_STARTED:
            continue
        answered += report.ending is Ending.DONE
        context.ledger.note(
            CHECKED, by=context.runner_id, campaign_id=context.campaign_id, host_id=report.host_id, data=data
        )
    return answered


def _has_check(context: Context, host_id: HostId) -> bool:
    made = context.book.order(host_id, StepName.CHECK)
    return not isinstance(made, StepReport)


def _by_check(context: Context, host_ids: Sequence[HostId]) -> Iterator[tuple[StepReport, dict[str, object]]]:
    for report in ask(context, host_ids, StepName.CHECK):
        output = read_output(report.stdout)
        if report.ending is Ending.DONE:
            yield report, {"would": list(output.would), "diff": list(output.diff), "notes": list(output.notes)}
        else:
            yield report, {"cause": report.cause, "what_to_do": report.hint}


def _by_probe(context: Context, host_ids: Sequence[HostId]) -> Iterator[tuple[StepReport, dict[str, object]]]:
    for report in ask(context, host_ids, StepName.PROBE):
        finding = finding_of(report, context.book)
        if finding is None:
            yield report, {"cause": report.cause, "what_to_do": report.hint}
            continue
        would = [f"mend it: {context.book.fix.title}"] if finding.verdict is Verdict.STALE else []
        notes = ["this fix has no check step: what is told is what its probe found"]
        yield report, {"found": finding.summary, "would": would, "diff": [], "notes": notes}
