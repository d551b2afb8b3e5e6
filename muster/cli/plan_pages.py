"""How plans are shown on a terminal: the summary, the days of people, what is not placed and why."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from muster.cli.output import count, say, table
from muster.crew import Crew
from muster.fleet import Fleet
from muster.plan import Assignment, Plan, Reason, VisitMode

SHOWN_VISITS = 40


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
    say(f"  cost {euros(plan.cost.total_cents)} ({_parts(plan)}); {_gap(plan)}")
    if plan.unplaced:
        say(f"  {count(len(plan.unplaced), 'visit')} ({count(open_hosts, 'host')}) could not be placed:", style="bold")
        for one in plan.unplaced:
            for reason in one.reasons:
                say(f"    {one.visit_id}: {reason_line(reason)}")
    shown = plan.assignments if everything else plan.assignments[:SHOWN_VISITS]
    say()
    table(
        ("when (site's time)", "who", "visit", "hosts", "minutes", "travel"),
        [_row(plan, one, fleet, crew) for one in sorted(shown, key=lambda one: (one.starts_at, one.visit_id))],
        right=(3, 4, 5),
    )
    if len(shown) < len(plan.assignments):
        say(f"and {len(plan.assignments) - len(shown)} more (muster plan show --all)")


def reason_line(reason: Reason) -> str:
    """A reason and its remedy in one line."""
    return f"{reason.text}; {reason.remedy}" if reason.remedy else reason.text


def local_span(assignment: Assignment, plan: Plan, fleet: Fleet) -> str:
    """When a visit is, in the time of its site: ``Mon 19 Oct 09:15-10:00``."""
    zone = ZoneInfo(fleet.site[plan.visit[assignment.visit_id].site_id].timezone)
    starts, ends = assignment.starts_at.astimezone(zone), assignment.ends_at.astimezone(zone)
    return f"{starts:%a %d %b %H:%M}-{ends:%H:%M}"


def euros(cents: int) -> str:
    """Money without a currency's sign: the crew file's own."""
    return f"{cents / 100:,.2f}"


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


def _row(plan: Plan, one: Assignment, fleet: Fleet, crew: Crew) -> Sequence[str]:
    visit = plan.visit[one.visit_id]
    person = crew.engineer.get(one.person_id)
    partner = crew.partner.get(person.partner_id) if person and person.partner_id else None
    who = (person.name if person else str(one.person_id)) + (f" ({partner.name})" if partner else "")
    where = f"{fleet.site[visit.site_id].name}, {fleet.client[visit.client_id].name}"
    mode = "remote" if visit.mode is VisitMode.REMOTE else "on site"
    return (
        local_span(one, plan, fleet),
        who,
        f"{visit.id}: {where}, {mode}",
        str(len(visit.host_ids)),
        str(visit.effort_minutes),
        str(one.travel_minutes or ""),
    )


def _parts(plan: Plan) -> str:
    parts = {
        "labour": plan.cost.labour_cents,
        "travel": plan.cost.travel_cents,
        "overtime": plan.cost.overtime_cents,
        "partners": plan.cost.partner_cents,
    }
    return ", ".join(f"{name} {euros(cents)}" for name, cents in parts.items() if cents) or "nothing"


def _gap(plan: Plan) -> str:
    if plan.gap is None:
        return "no bound was proved"
    if plan.gap == 0:
        return "proven to be the best possible"
    return f"at most {plan.gap:.1%} from the best possible"
