"""Rules about the people who do the work."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from muster.crew import Engineer
from muster.ids import PersonId
from reports.premortem.case import Case
from reports.premortem.worry import Severity, Worry, worry
from scheduler.visits import skills_for


def one_knows(case: Case) -> Worry | None:
    """One person alone knows a skill that the campaign needs; if that person falls ill, the work stands still.

    Cure: train or borrow a second one, or sign a partner who has it.
    """
    alone = {skill: people for skill, people in _knowers(case).items() if len(people) < 2}
    nobody = any(not people for people in alone.values())
    severity = Severity.SEVERE if nobody else Severity.WARNING
    names = (f"{skill} ({', '.join(people) or 'nobody'})" for skill, people in alone.items())
    return worry("one-knows", severity, "skills are known by one person or nobody", "skills", names)


def idle_people(case: Case) -> Worry | None:
    """People who could do it are given nothing, while visits are left out for want of somebody.

    Cure: muster plan explain VISIT says what keeps them from it; let them work there, or search longer.
    """
    left = [case.plan.visit[one.visit_id] for one in case.plan.unplaced] if case.plan else []
    busy = {one.person_id for one in case.assignments}
    idle = [one for one in case.crew.engineers if one.id not in busy and one.partner_id is None and one.shifts]
    names = (one.name for one in idle if any(visit.skills <= one.skills for visit in left))
    return worry("idle-people", Severity.WARNING, "people are given nothing while work is left out", "people", names)


def everybody_away(case: Case) -> Worry | None:
    """In one week before the deadline nobody of our own is there: whatever happens then waits, or goes to strangers.

    Cure: move a holiday, or agree on somebody who can be called.
    """
    own = [one for one in case.crew.engineers if one.partner_id is None and one.shifts]
    weeks: dict[date, bool] = {}
    for day in _days(case) if own else ():
        monday = day - timedelta(days=day.weekday())
        expected = any(shift.weekday == day.weekday() for one in own for shift in one.shifts)
        if expected:
            weeks[monday] = weeks.get(monday, False) or any(_is_there(one, day) for one in own)
    names = (f"week of {monday:%d %b %Y}" for monday, somebody in weeks.items() if not somebody)
    return worry("everybody-away", Severity.SEVERE, "weeks have nobody of our own at work", "weeks", names)


def _knowers(case: Case) -> dict[str, list[str]]:
    needed = sorted(skills_for(case.todo))
    found: dict[str, list[str]] = {skill: [] for skill in needed}
    people: dict[PersonId, Engineer] = {one.id: one for one in case.crew.engineers if one.shifts}
    for person in people.values():
        for skill in person.skills & found.keys():
            found[skill].append(person.name)
    return found


def _days(case: Case) -> Iterator[date]:
    day, last = case.now.date(), case.campaign.deadline.date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _is_there(person: Engineer, day: date) -> bool:
    """Whether a shift of that day is not wholly covered by absences and busy times."""
    zone = ZoneInfo(person.timezone)
    return any(
        not _covered(
            person,
            datetime.combine(day, shift.starts, zone),
            datetime.combine(day, shift.ends, zone),
        )
        for shift in person.shifts
        if shift.weekday == day.weekday()
    )


def _covered(person: Engineer, starts: datetime, ends: datetime) -> bool:
    """Whether spans that may overlap leave nothing of a shift."""
    free = starts
    for away in sorted((*person.absences, *person.busy), key=lambda one: one.starts_at):
        if away.starts_at > free:
            break
        free = max(free, away.ends_at)
    return free >= ends
