"""What limits a plan: the few sentences that say why it may not come true, the gravest first."""

from collections import Counter
from collections.abc import Iterator

from muster.plan import Plan
from scheduler.problem import Problem
from scheduler.robust import Odds

DOUBTFUL = 0.9
"""A client whose visits all come true in a smaller share of lives than this is named."""

NEARLY_USED = 0.95
"""A limit of which more than this share is used is named."""

LIMITING = 0.05
"""Hosts that fail, or are offline, are named where they are missed in a larger share of lives than this."""


def risks(problem: Problem, plan: Plan, odds: Odds) -> tuple[str, ...]:
    """What is left out and why, agreements that are used up, hosts that go wrong, the client least likely done."""
    return (*_left_out(plan), *_used_up(problem, plan), *_going_wrong(odds), *_doubtful(odds))


def _left_out(plan: Plan) -> Iterator[str]:
    """The rule that keeps most machines out, with the sentence of its first visit."""
    hosts: Counter[str] = Counter()
    texts: dict[str, str] = {}
    for one in plan.unplaced:
        rule, text = (one.reasons[0].rule, one.reasons[0].text) if one.reasons else ("time", "no reason was found")
        hosts[rule] += len(plan.visit[one.visit_id].host_ids)
        texts.setdefault(rule, f"{one.visit_id}: {text}")
    if hosts:
        rule, count = min(hosts.items(), key=lambda item: (-item[1], item[0]))
        yield f"{hosts.total():,} hosts left out, {count:,} of them by {rule} (such as {texts[rule]})"


def _used_up(problem: Problem, plan: Plan) -> Iterator[str]:
    """Agreements with hardly an hour left. Limits of people's weeks are not told: there are too many of them."""
    used: Counter[int] = Counter()
    for made in plan.assignments:
        starts = problem.minute(made.starts_at)
        days = problem.days_of.get(made.person_id, ())
        number = next((n for n in days if problem.days[n].starts <= starts < problem.days[n].latest_end), None)
        if number is not None and made.visit_id in plan.visit:
            used[number] += plan.visit[made.visit_id].effort_minutes
    for cap in problem.caps:
        minutes = sum(used[number] for number in cap.days)
        if cap.partner_id is not None and minutes > NEARLY_USED * cap.minutes:
            yield f"{cap.name} is used up: {minutes / 60:.0f} of {cap.minutes / 60:.0f} h"


def _going_wrong(odds: Odds) -> Iterator[str]:
    """Hosts that fail or are offline, with the share of lives in which one is missed for it, the larger first."""
    found = ((odds.failed, "failed"), (odds.offline, "was offline"))
    for share, why in sorted(found, key=lambda one: -one[0]):
        if share > LIMITING:
            yield f"in {share:.0%} of lives a host that {why} is not put right by another try before the deadline"


def _doubtful(odds: Odds) -> Iterator[str]:
    """Counting only clients that can come true at all: those with visits left out are told above."""
    worst = min(
        (one for one in odds.clients if one.all_done), key=lambda one: (one.all_done, one.client_id), default=None
    )
    if worst is not None and worst.all_done < DOUBTFUL:
        yield f"client {worst.client_id} is all done in {worst.all_done:.0%} of lives"
