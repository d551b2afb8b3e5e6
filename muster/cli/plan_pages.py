"""How plans are shown on a terminal: the summary, the days of people, what is not placed and why."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from zoneinfo import ZoneInfo

from muster.cli.output import say, say_indented, table
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import PersonId
from muster.plan import Assignment, Plan, Reason, Visit, VisitMode
from muster.words import amount, count

SHOWN_VISITS = 40
SHOWN_LEFT_OUT = 8

RULE_WORDS = {
    "order": "waits for a visit that is left out",
    "access": "hours of the site",
    "length": "longer than a day, with the way",
    "reach": "cannot be there in time",
    "room": "everybody is full",
    "cap": "hours of an agreement or a week",
    "people": "several people at once",
    "price": "costs more than it is worth, or was not found",
    "skills": "skill",
    "busy": "calendar",
    "rest": "break",
    "barred": "partner barred",
    "excluded": "person not wanted",
}
"""Rules of the planner as the plan's page counts them; the others are called what they are."""


def say_plan(plan: Plan, fleet: Fleet, crew: Crew, *, everything: bool) -> None:
    """A plan as a manager reads it."""
    hosts = sum(len(plan.visit[one.visit_id].host_ids) for one in plan.assignments)
    open_hosts = sum(len(plan.visit[one.visit_id].host_ids) for one in plan.unplaced)
    people = {one.person_id for one in plan.assignments}
    say(
        f"plan {plan.id}: {count(len(plan.assignments), 'visit')} to {count(hosts, 'host')} "
        f"by {count(len(people), 'person', 'people')}",
        style="bold",
    )
    say(f"  cost {amount(plan.cost.total_cents)} ({_parts(plan)}); {_gap(plan)}")
    if plan.unplaced:
        say(f"\n{count(len(plan.unplaced), 'visit')} ({count(open_hosts, 'host')}) could not be placed:", style="bold")
        _say_left_out(plan, fleet, SHOWN_LEFT_OUT)
    ordered = sorted(plan.assignments, key=lambda one: (one.starts_at.date(), one.person_id, one.starts_at))
    shown = ordered if everything else ordered[:SHOWN_VISITS]
    for (day, person_id), visits in groupby(shown, key=lambda one: (one.starts_at.date(), one.person_id)):
        say(f"\n{day:%a %d %b %Y}  {_who(crew, person_id)}", style="bold")
        table(
            ("  site's time", "", "hosts", "minutes", "travel", "where", "visit"),
            [_row(plan, one, fleet) for one in visits],
            right=(2, 3, 4),
        )
    if len(shown) < len(ordered):
        say(f"\nand {len(ordered) - len(shown)} more (muster plan show --all)")


def _say_left_out(plan: Plan, fleet: Fleet, most: int) -> None:
    """What is first in the way of each visit and the first way out; those with most hosts first."""
    rules = Counter(one.reasons[0].rule for one in plan.unplaced if one.reasons)
    if len(rules) > 1:
        told = (f"{RULE_WORDS.get(rule, rule)} {number}" for rule, number in rules.most_common())
        say_indented(f"first in the way: {', '.join(told)}", 2)
    larger = sorted(plan.unplaced, key=lambda one: (-len(plan.visit[one.visit_id].host_ids), one.visit_id))
    for one in larger[:most]:
        say(f"  {visit_in_words(plan.visit[one.visit_id], fleet)}", style="bold")
        for reason in one.reasons[:1]:
            say_indented(reason.text, 6)
            for way in ways_out(reason)[:1]:
                say_indented(way, 6)
    more = len(larger) - most
    said = f"and {more} more; " if more > 0 else ""
    say(f"  {said}muster plan explain tells everything that stops them, and more ways out")


def visit_in_words(visit: Visit, fleet: Fleet) -> str:
    """A visit with its place: ``V-hq-onsite-1: Head office, Acme (3 hosts)``."""
    where = f"{fleet.site[visit.site_id].name}, {fleet.client[visit.client_id].name}"
    return f"{visit.id}: {where} ({count(len(visit.host_ids), 'host')})"


def say_reasons(reasons: Sequence[Reason], indent: int = 2) -> None:
    """Reasons one below the other, each way out on a line of its own."""
    for reason in reasons:
        say_indented(reason.text, indent)
        for way in ways_out(reason):
            say_indented(way, indent + 2)


def ways_out(reason: Reason) -> list[str]:
    """The ways out of a reason, one by one: ``it fits if ...``, ``or if ...``."""
    return reason.remedy.split("; ") if reason.remedy else []


def local_span(assignment: Assignment, plan: Plan, fleet: Fleet) -> str:
    """When a visit is, in the time of its site: ``09:15-10:00``."""
    zone = ZoneInfo(fleet.site[plan.visit[assignment.visit_id].site_id].timezone)
    starts, ends = assignment.starts_at.astimezone(zone), assignment.ends_at.astimezone(zone)
    return f"{starts:%H:%M}-{ends:%H:%M}"


def plan_document(plan: Plan) -> dict[str, object]:
    """A plan for scripts."""
    return {
        "id": plan.id,
        "campaign": plan.campaign_id,
        "created_at": plan.created_at.isoformat(),
        "cost_cents": plan.cost.total_cents,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "assignments": [
            {
                "visit": one.visit_id,
                "person": one.person_id,
                "site": plan.visit[one.visit_id].site_id,
                "mode": plan.visit[one.visit_id].mode.value,
                "hosts": list(plan.visit[one.visit_id].host_ids),
                "starts_at": one.starts_at.isoformat(),
                "ends_at": one.ends_at.isoformat(),
                "travel_minutes": one.travel_minutes,
            }
            for one in plan.assignments
        ],
        "unplaced": [
            {
                "visit": one.visit_id,
                "hosts": list(plan.visit[one.visit_id].host_ids),
                "reasons": [{"rule": r.rule, "text": r.text, "remedy": r.remedy} for r in one.reasons],
            }
            for one in plan.unplaced
        ],
    }


def _row(plan: Plan, one: Assignment, fleet: Fleet) -> Sequence[str]:
    visit = plan.visit[one.visit_id]
    return (
        f"  {local_span(one, plan, fleet)}",
        "remote" if visit.mode is VisitMode.REMOTE else "on site",
        str(len(visit.host_ids)),
        str(visit.effort_minutes),
        str(one.travel_minutes or "-"),
        f"{fleet.site[visit.site_id].name}, {fleet.client[visit.client_id].name}",
        str(visit.id),
    )


def _who(crew: Crew, person_id: PersonId) -> str:
    person = crew.engineer.get(person_id)
    if person is None:
        return str(person_id)
    partner = crew.partner.get(person.partner_id) if person.partner_id else None
    return f"{person.name} ({partner.name})" if partner else person.name


def _parts(plan: Plan) -> str:
    parts = {
        "labour": plan.cost.labour_cents,
        "travel": plan.cost.travel_cents,
        "overtime": plan.cost.overtime_cents,
        "partners": plan.cost.partner_cents,
    }
    return ", ".join(f"{name} {amount(cents)}" for name, cents in parts.items() if cents) or "nothing"


def _gap(plan: Plan) -> str:
    if plan.gap is None:
        return "how far it is from the best possible is not known (muster plan bound proves it)"
    if plan.gap == 0:
        return "proven to be the best possible"
    return f"at most {plan.gap:.1%} from the best possible"
