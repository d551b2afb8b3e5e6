"""What happens in mid-campaign, each as an ``Edit``: somebody is ill, nobody came, a partner is out, it takes longer.

Each function only says what is so then; ``flows.changes`` plans it, shows it and writes it.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.absences import AWAY, Away
from flows.changes import Edit
from flows.imagined import Imagined
from flows.overruns import EFFORTS, SaidEffort
from flows.partner_work import binding_plan, next_number
from flows.services import Services
from muster.crew import Engineer
from muster.errors import InputError, NotFound
from muster.ids import CampaignId, PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan
from partners.file import Suspension, suspended
from partners.matters import About, MatterKind
from partners.matters import opened as opened_matter
from partners.papers import FILES, MATTERS, TERMS, Change, change

LONGEST_VISIT_MINUTES = 24 * 60
NOT_THERE = "the person who was to come is not available"


def sick(services: Services, person_id: PersonId, since: datetime, until: datetime, *, reason: str, by: str) -> Edit:
    """Somebody cannot work from one instant to another (aware).

    Raises:
        NotFound: there is nobody of this id.
        InputError: it ends before it begins.
    """
    person = _person(services, person_id)
    paper = _away(services, person, since, until, reason, by)
    sentence = f"{person.name} is away {_span(person, since, until)}: {reason}"
    return Edit("sick", sentence, NOT_THERE, Imagined(papers=(paper,)), (("person", person_id), *_times(since, until)))


def back(services: Services, person_id: PersonId, *, by: str) -> Edit:
    """Somebody is there again, sooner than was said.

    Raises:
        NotFound: nobody has said that this person is away.
    """
    person, now = _person(services, person_id), services.clock.now()
    there = [one for one in services.book.papers(AWAY) if one.value.person_id == person_id]
    open_ones = [one for one in there if not one.value.over and one.value.ends_at > now]
    if not open_ones:
        raise NotFound(f"nobody has said that {person.name} is away now or later", hint="muster change list")
    papers = tuple(change(AWAY, _ended(one.value, now, by), "absence over", one) for one in open_ones)
    return Edit(
        "back", f"{person.name} is back", "the plan has changed", Imagined(papers=papers), (("person", person_id),)
    )


def no_show(
    services: Services, campaign_id: CampaignId, visit_id: VisitId, *, until: datetime | None, reason: str, by: str
) -> Edit:
    """Nobody came to a visit: its people are away for the rest of their day, and the visit is planned anew.

    A partner's no-show is an incident, which stands in its scorecard.

    Raises:
        NotFound: the plan that binds has no such visit.
        InputError: it is not due yet.
    """
    plan = binding_plan(services, campaign_id)
    team, now = _team(plan, visit_id), services.clock.now()
    if team[0].starts_at > now:
        raise InputError(
            f"{visit_id} begins at {team[0].starts_at:%Y-%m-%d %H:%M} UTC: nobody can have missed it yet",
            hint="muster change sick, where somebody will not come",
        )
    papers: list[Change] = []
    people = [_person(services, one.person_id) for one in team]
    for person in people:
        ends = until or _end_of_day(person, now)
        papers.append(_away(services, person, team[0].starts_at, ends, reason or "did not come", by))
    papers += _incidents(services, plan, people, visit_id, reason, by)
    names = ", ".join(one.name for one in people)
    return Edit(
        "no-show",
        f"{names} did not come to {visit_id}{f': {reason}' if reason else ''}",
        NOT_THERE,
        Imagined(papers=tuple(papers)),
        (("visit", visit_id), ("people", ", ".join(one.id for one in people))),
        unheld=frozenset({visit_id}),
    )


def not_let_in(services: Services, campaign_id: CampaignId, visit_id: VisitId, *, reason: str) -> Edit:
    """The client was not there, or did not let anybody in: the visit is planned anew, its people are free.

    Raises:
        NotFound: the plan that binds has no such visit.
    """
    _team(binding_plan(services, campaign_id), visit_id)
    sentence = f"nobody could be let in to {visit_id}{f': {reason}' if reason else ''}"
    return Edit(
        "not-let-in",
        sentence,
        "a visit could not take place",
        details=(("visit", visit_id),),
        unheld=frozenset({visit_id}),
    )


def partner_out(services: Services, partner_id: PartnerId, *, reason: str, by: str) -> Edit:
    """A partner is given nothing any more, from today on.

    Raises:
        NotFound: there is no file on it.
        Refused: no reason is given.
    """
    kept = services.book.find(FILES, partner_id)
    if kept is None:
        raise NotFound(f"there is no file on partner {partner_id!r}", hint="muster partner list")
    out = suspended(kept.value, Suspension(by, reason, services.clock.now().date()))
    papers = (change(FILES, out, "partner suspended", kept),)
    sentence = f"{kept.value.name} is suspended: {reason}"
    return Edit("suspend", sentence, NOT_THERE, Imagined(papers=papers), (("partner", partner_id),))


def overrun(
    services: Services, campaign_id: CampaignId, visit_id: VisitId, *, minutes: int, reason: str, by: str
) -> Edit:
    """A visit takes so many minutes in all, travel apart; what comes after it is planned around it.

    Raises:
        NotFound: the plan that binds has no such visit.
        InputError: no visit takes so long.
    """
    plan = binding_plan(services, campaign_id)
    _team(plan, visit_id)
    if not 0 < minutes <= LONGEST_VISIT_MINUTES:
        raise InputError(f"{minutes} minutes are no length of a visit", hint="1 to 1440 minutes")
    said = SaidEffort(campaign_id, visit_id, minutes, reason, by, services.clock.now())
    kept = services.book.find(EFFORTS, f"{campaign_id}/{visit_id}")
    before = plan.visit[visit_id].effort_minutes
    return Edit(
        "overrun",
        f"{visit_id} takes {minutes} minutes instead of {before}{f': {reason}' if reason else ''}",
        "another visit takes longer than was planned",
        Imagined(papers=(change(EFFORTS, said, "visit takes longer", kept),)),
        (("visit", visit_id), ("minutes", str(minutes)), ("planned", str(before))),
    )


def planned_minutes(services: Services, campaign_id: CampaignId, visit_id: VisitId) -> int:
    """How long a visit takes by the plan that binds.

    Raises:
        NotFound: it has no such visit.
    """
    plan = binding_plan(services, campaign_id)
    _team(plan, visit_id)
    return plan.visit[visit_id].effort_minutes


def standstill(services: Services, campaign_id: CampaignId, until: datetime, *, reason: str) -> Edit:
    """Nothing is begun before an instant (aware), such as after a wave was stopped; what has begun comes to its end.

    The campaign is stopped with it, where it is not; a person resumes it.

    Raises:
        InputError: it is over already, or no reason is given.
    """
    if until <= services.clock.now():
        raise InputError(f"{until:%Y-%m-%d %H:%M} is over", hint="--until: when visits may begin again")
    stop = services.ledger.stopped(campaign_id)
    why = reason or (stop.reason if stop is not None else "")
    if not why.strip():
        raise InputError("nobody is told to wait without a reason", hint='--reason "..."')
    return Edit(
        "standstill",
        f"nothing begins before {until:%Y-%m-%d %H:%M} UTC: {why}",
        "the work has to wait, so that it is done safely",
        details=(("until", until.isoformat()),),
        not_before=until,
        stop=why,
    )


def _person(services: Services, person_id: PersonId) -> Engineer:
    crew = services.ledger.crew()
    if person_id not in crew.engineer:
        there = ", ".join(sorted(crew.engineer)[:10]) or "nobody yet"
        raise NotFound(f"there is nobody {person_id!r} in the crew (there are: {there})")
    return crew.engineer[person_id]


def _team(plan: Plan, visit_id: VisitId) -> list[Assignment]:
    team = [one for one in plan.assignments if one.visit_id == visit_id]
    if not team:
        raise NotFound(f"the plan that binds gives nobody a visit {visit_id!r}", hint="muster plan show --all")
    return team


def _away(services: Services, person: Engineer, since: datetime, until: datetime, reason: str, by: str) -> Change:
    if until <= since:
        raise InputError(f"{person.name} cannot be away until {until:%Y-%m-%d %H:%M}, before it begins")
    taken = [kept.value.id for kept in services.book.papers(AWAY)]
    away = Away(next_number(f"away-{person.id}", taken), person.id, since, until, reason, by)
    return change(AWAY, away, "absence written")


def _ended(one: Away, now: datetime, by: str) -> Away:
    """Over from now on; what has passed of it stays true."""
    if one.starts_at >= now:
        return Away(one.id, one.person_id, one.starts_at, one.ends_at, one.reason, by, over=True)
    return Away(one.id, one.person_id, one.starts_at, now, one.reason, by)


def _incidents(
    services: Services, plan: Plan, people: list[Engineer], visit_id: VisitId, reason: str, by: str
) -> list[Change]:
    """An incident for each partner whose people they are; it belongs to the client's owner, else to who wrote it."""
    client_id = plan.visit[visit_id].client_id
    taken = [kept.value.id for kept in services.book.papers(MATTERS)]
    terms = services.book.find(TERMS, client_id)
    owner = (terms.value.owner if terms is not None else "") or by
    found = []
    for partner_id in dict.fromkeys(one.partner_id for one in people if one.partner_id is not None):
        made = opened_matter(
            next_number(MatterKind.INCIDENT.value, taken),
            MatterKind.INCIDENT,
            About(partner_id, client_id, plan.campaign_id, visit_id),
            f"nobody came to {visit_id}{f': {reason}' if reason else ''}",
            owner=owner,
            by=by,
            at=services.clock.now(),
        )
        taken.append(made.id)
        found.append(change(MATTERS, made, "incident opened"))
    return found


def _end_of_day(person: Engineer, now: datetime) -> datetime:
    zone = ZoneInfo(person.timezone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


def _span(person: Engineer, since: datetime, until: datetime) -> str:
    zone = ZoneInfo(person.timezone)
    return f"from {since.astimezone(zone):%Y-%m-%d %H:%M} to {until.astimezone(zone):%Y-%m-%d %H:%M}"


def _times(since: datetime, until: datetime) -> tuple[tuple[str, str], ...]:
    return (("from", since.isoformat()), ("until", until.isoformat()))
