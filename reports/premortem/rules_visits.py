"""Rules about visits and the people at the clients."""

from collections import defaultdict
from datetime import datetime, time, timedelta

from muster.fleet import Site
from muster.ids import ClientId, SiteId
from muster.plan import Assignment, VisitMode
from reports.notices.languages import known
from reports.premortem.case import Case
from reports.premortem.worry import Severity, Worry, worry
from scheduler.skills import SPEAKS

OFFICE = (time(9), time(17))
"""Local hours, Monday to Friday, in which people sit at their machines."""
MANY_MACHINES = 3
LITTLE_SLACK, NO_SLACK = timedelta(hours=48), timedelta(hours=12)


def no_reason_for_clients(case: Case) -> Worry | None:
    """Nobody has said in the client's words why somebody touches its machines, so no notice can say it either.

    Cure: write 'reason:' in the campaign file, one sentence that a receptionist understands.
    """
    missing = () if case.campaign.reason.strip() else (case.campaign.name,)
    return worry("no-reason-for-clients", Severity.SEVERE, "the campaign gives no reason", "campaign", missing)


def no_contact(case: Case) -> Worry | None:
    """A client that cannot be written to learns of the visit when somebody stands at its door.

    Cure: give each of these clients an e-mail address in clients.csv, and import it.
    """
    names = (case.fleet.client[one].name for one in case.clients if not case.fleet.client[one].email)
    return worry("no-contact", Severity.SEVERE, "clients have no e-mail address", "clients", names)


def not_told(case: Case) -> Worry | None:
    """A visit that its client was not told of meets a closed door, or somebody who calls to ask what is going on.

    Cure: muster notices preview, then muster dispatch, which writes them; or muster notices write.
    """
    names = (one.visit_id for one in case.assignments if one.visit_id not in case.told)
    return worry("not-told", Severity.WARNING, "visits were not announced yet", "visits", names)


def language_unknown(case: Case) -> Worry | None:
    """Notices to these sites are written in English, because Muster has no words in their language.

    Cure: lay your own templates in templates/notices of the workspace (docs/reports.md), or see that English will do.
    """
    sites = {one.site_id: case.fleet.site[one.site_id] for one in case.todo}
    names = (f"{site.name} ({site.language})" for site in sites.values() if not known(site.language))
    return worry("language-unknown", Severity.REMARK, "sites have a language that notices do not", "sites", names)


def visited_twice(case: Case) -> Worry | None:
    """Somebody travels to a site more than once, where one visit within the longest that is allowed would do.

    Cure: raise effort.max_visit_minutes, give somebody both skills, or plan again with more time.
    """
    found: dict[SiteId, list[Assignment]] = defaultdict(list)
    for one in case.assignments:
        if case.visit(one).mode is VisitMode.ONSITE:
            found[case.visit(one).site_id].append(one)
    names = (case.fleet.site[site_id].name for site_id, there in found.items() if _once_would_do(case, there))
    return worry("visited-twice", Severity.WARNING, "sites are travelled to more than once", "sites", names)


def idle_in_office_hours(case: Case) -> Worry | None:
    """Half of a site's people or more sit idle in office hours, because their machines are worked on at one time.

    Cure: give the site 'maintenance' hours in sites.csv outside of its working day, and plan again.
    """
    names = (case.site(one).name for one in case.assignments if _stops_the_office(case, one))
    text = "sites have half of their machines or more worked on in office hours"
    return worry("idle-in-office-hours", Severity.WARNING, text, "sites", names)


def no_slack(case: Case) -> Worry | None:
    """Nothing may go wrong on the last day: an ill engineer or a closed door there is a missed deadline.

    Cure: begin earlier, add people (muster capacity says where), or let work go to partners.
    """
    left = {one.visit_id: case.campaign.deadline - one.ends_at for one in case.assignments}
    late = [visit_id for visit_id, slack in left.items() if slack < LITTLE_SLACK]
    severe = any(slack < NO_SLACK for slack in left.values())
    severity = Severity.SEVERE if severe else Severity.WARNING
    return worry("no-slack", severity, "visits end in the last two days before the deadline", "visits", late)


def clock_change(case: Case) -> Worry | None:
    """Clocks change on the day of a visit: local times that were promised may be missed, or happen twice.

    Cure: keep visits away from that day at these sites (not_before, not_after in sites.csv), or confirm by telephone.
    """
    changing = [one for one in case.assignments if _changes_that_day(case, one)]
    inside = any(_offset(case, one, one.starts_at) != _offset(case, one, one.ends_at) for one in changing)
    severity = Severity.SEVERE if inside else Severity.WARNING
    text = "visits lie on a day on which their site's clock changes"
    return worry("clock-change", severity, text, "visits", (one.visit_id for one in changing))


def _once_would_do(case: Case, there: list[Assignment]) -> bool:
    visits = [case.visit(one) for one in {one.visit_id: one for one in there}.values()]
    minutes = sum(visit.effort_minutes for visit in visits)
    skills = frozenset[str]().union(*(visit.skills for visit in visits))
    can = any(
        skills <= person.skills | {f"{SPEAKS}{one}" for one in person.languages} for person in case.crew.engineers
    )
    return len(visits) > 1 and minutes <= case.campaign.effort.max_visit_minutes and can


def _stops_the_office(case: Case, one: Assignment) -> bool:
    site, visit = case.site(one), case.visit(one)
    used = case.desks.get(site.id, frozenset())
    touched = used & set(visit.host_ids)
    return len(touched) >= MANY_MACHINES and 2 * len(touched) >= len(used) and _in_office_hours(case, one, site)


def _in_office_hours(case: Case, one: Assignment, site: Site) -> bool:
    starts, ends = case.local(one.starts_at, site), case.local(one.ends_at, site)
    return starts.weekday() < 5 and starts.time() < OFFICE[1] and ends.time() > OFFICE[0]


def _changes_that_day(case: Case, one: Assignment) -> bool:
    site = case.site(one)
    midnight = case.local(one.starts_at, site).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset()


def _offset(case: Case, one: Assignment, at: datetime) -> timedelta | None:
    return case.local(at, case.site(one)).utcoffset()


def rival_partner(case: Case) -> Worry | None:
    """A partner would be let in at a client that it competes with, or that it courts itself.

    Cure: muster plan again; the planner keeps such partners away since the partner's file says so.
    """
    names = (one.visit_id for one in case.assignments if _is_rival(case, one))
    return worry("rival-partner", Severity.SEVERE, "visits are given to a rival of the client", "visits", names)


def _is_rival(case: Case, one: Assignment) -> bool:
    person = case.crew.engineer.get(one.person_id)
    client_id: ClientId = case.visit(one).client_id
    return person is not None and person.partner_id is not None and client_id in case.rivals.get(person.partner_id, ())
