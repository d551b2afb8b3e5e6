"""From shifts to person-days: local hours of every day, less absences, with breaks and overtime."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from muster.crew import Agreement, Crew, Engineer, Partner, Vetting
from muster.ids import PartnerId
from scheduler.localtime import Hours, LocalSpan, expand
from scheduler.policy import Policy
from scheduler.problem import PersonDay, Rest, Span
from scheduler.spans import joined


@dataclass(frozen=True, slots=True)
class Clockwork:
    """Minutes and days of a problem: what instants become.

    Attributes:
        epoch: minute zero.
        now, deadline: aware; only days that touch this span count.
    """

    epoch: datetime
    now: datetime
    deadline: datetime

    def floor(self, at: datetime) -> int:
        """The last whole minute that is not after an instant."""
        return (at - self.epoch) // timedelta(minutes=1)

    def ceil(self, at: datetime) -> int:
        """The first whole minute that is not before an instant."""
        return -((self.epoch - at) // timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class RawDay:
    """A person's day before it has a place in the problem."""

    person: Engineer
    day: date
    starts: int
    ends: int
    overtime_minutes: int
    blocked: tuple[Span, ...]
    rest: Rest | None

    def placed(self, person: int, spots: tuple[int, int], ordinal: int, policy: Policy) -> PersonDay:
        """The day with its indices; ``spots`` are those at which it begins and ends."""
        return PersonDay(
            person=person,
            day=self.day,
            ordinal=ordinal,
            starts=self.starts,
            ends=self.ends,
            start_spot=spots[0],
            end_spot=spots[1],
            overtime_minutes=self.overtime_minutes,
            blocked=self.blocked,
            rest=self.rest,
            max_leg_minutes=_least(policy.longest_leg_minutes, self.person.longest_leg_minutes),
            max_travel_minutes=_least(policy.longest_travel_minutes, self.person.longest_travel_minutes),
            fixed_cents=policy.partner_fixed_cents if self.person.partner_id is not None else 0,
        )


def days_of(person: Engineer, partner: Partner | None, clockwork: Clockwork, policy: Policy) -> list[RawDay]:
    """A person's days between now and the deadline; those of a partner only while it is vetted and bound.

    The shifts of one local date are one day, with the gaps between them blocked. Hours that have passed are cut off.
    """
    hours = [Hours(shift.weekday, shift.starts, shift.ends) for shift in person.shifts]
    by_date: dict[date, list[LocalSpan]] = {}
    for span in expand(hours, person.timezone, clockwork.now, clockwork.deadline):
        by_date.setdefault(span.day, []).append(span)
    found: list[RawDay] = []
    for day, spans in sorted(by_date.items()):
        if partner is None or valid_on(partner, day):
            raw = _raw_day(person, day, spans, clockwork, policy)
            if raw is not None and (not found or found[-1].ends <= raw.starts):
                found.append(raw)
    return _without_overlap(found)


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)


def valid_on(partner: Partner, day: date) -> bool:
    """Whether vetting and agreement of a partner hold on that local date; the last day of each counts."""
    return _vetted(partner.vetting, day) and _bound(partner.agreement, day)


def _vetted(vetting: Vetting | None, day: date) -> bool:
    return vetting is not None and vetting.passed and vetting.judged_on <= day <= vetting.valid_until


def _bound(agreement: Agreement | None, day: date) -> bool:
    return agreement is not None and agreement.signed_on <= day <= agreement.valid_until


def objection_to(partner_id: PartnerId, crew: Crew, first: date, last: date) -> str:
    """Why nobody of a partner can be sent between two dates, as the data alone tell; empty when somebody can."""
    partner = crew.partner.get(partner_id)
    if partner is None:
        return "it is not in the crew's list of partners"
    vetting, agreement = partner.vetting, partner.agreement
    if vetting is None or not vetting.passed:
        return "it has not been vetted" if vetting is None else "it did not pass vetting"
    if agreement is None:
        return "no agreement is signed"
    if vetting.valid_until < first:
        return f"its vetting ended on {vetting.valid_until}"
    if agreement.valid_until < first:
        return f"its agreement ended on {agreement.valid_until}"
    begins_late = max(vetting.judged_on, agreement.signed_on) > last
    return "its vetting or agreement begins only after the deadline" if begins_late else ""


def _raw_day(
    person: Engineer, day: date, spans: Sequence[LocalSpan], clockwork: Clockwork, policy: Policy
) -> RawDay | None:
    shifts = [Span(max(clockwork.ceil(s.starts_at), 0), clockwork.floor(s.ends_at)) for s in spans]
    shifts = [span for span in shifts if span.starts < span.ends]
    if not shifts:
        return None
    starts, ends = shifts[0].starts, max(span.ends for span in shifts)
    gaps = [Span(a.ends, b.starts) for a, b in pairwise(shifts) if a.ends < b.starts]
    away = [Span(clockwork.floor(a.starts_at), clockwork.ceil(a.ends_at)) for a in (*person.absences, *person.busy)]
    overtime = person.overtime_minutes_per_day
    busy = joined(
        [*gaps, *(Span(max(s.starts, starts), min(s.ends, ends + overtime)) for s in away)],
    )
    return _trimmed(person, day, Span(starts, ends), busy, policy)


def _trimmed(person: Engineer, day: date, shift: Span, busy: Sequence[Span], policy: Policy) -> RawDay | None:
    """Busy spans at either end shorten the day; those inside block it."""
    starts, ends, latest = shift.starts, shift.ends, shift.ends + person.overtime_minutes_per_day
    inside = []
    for span in busy:
        if span.starts <= starts:
            starts = max(starts, span.ends)
        elif span.ends >= ends:
            ends, latest = min(ends, span.starts), min(latest, span.starts)
        else:
            inside.append(span)
    if ends <= starts:
        return None
    blocked = tuple(span for span in inside if starts < span.ends and span.starts < ends)
    rest = _rest(Span(starts, ends), blocked, policy)
    return RawDay(person, day, starts, ends, max(0, latest - ends), blocked, rest)


def _rest(shift: Span, blocked: Iterable[Span], policy: Policy) -> Rest | None:
    """The break of a long day, in its middle; none where the day has a gap of that length already."""
    long_enough = shift.ends - shift.starts > policy.break_after_minutes
    has_gap = any(span.ends - span.starts >= policy.break_minutes for span in blocked)
    if policy.break_minutes <= 0 or not long_enough or has_gap:
        return None
    earliest = shift.starts + policy.break_after_minutes // 3
    latest = shift.starts + policy.break_after_minutes
    return Rest(policy.break_minutes, earliest, latest)


def _without_overlap(days: Sequence[RawDay]) -> list[RawDay]:
    """Overtime never reaches into the next day's shift."""
    cut = []
    for number, day in enumerate(days):
        room = days[number + 1].starts - day.ends if number + 1 < len(days) else day.overtime_minutes
        cut.append(replace(day, overtime_minutes=max(0, min(day.overtime_minutes, room))))
    return cut
