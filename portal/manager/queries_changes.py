"""What happened in mid-campaign: what waits for a new plan, what was decided, and what a change would move."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flows.absences import AWAY as AWAY_PAPERS
from flows.absences import Away
from flows.changes import ChangeRecord, changes_of
from flows.services import Services
from muster.ids import CampaignId, PartnerId, PersonId, VisitId
from muster.plan import Assignment, Plan
from portal.field.records import FIELD, FieldKind, FieldReport
from portal.manager.changing import AWAY, DECLINED
from portal.manager.kept import kept_besides
from portal.manager.queries_move import MoveLine, move_line
from portal.partner.records import ANSWERS, AnswerState
from portal.reading import Reading
from portal.words import moment, zone_name

if TYPE_CHECKING:  # it brings the solver
    from flows.changes import Proposal
    from scheduler.replan import Choice

SHOWN_MOVES = 40
SHOWN_CHANGES = 30
FREEDOMS = {
    "least": "Move only what does not hold any more",
    "make room": "Also move what makes room for the rest",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A visit that somebody said will not be done as it is planned.

    Attributes:
        happened: ``away`` or ``declined``; goes into the form.
        sentence: who said what of which visit.
        waits_until: when it is too late for a new plan.
    """

    happened: str
    visit_id: VisitId
    person_id: PersonId
    sentence: str
    text: str
    starts_at: datetime
    waits_until: datetime
    when: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class ChangeMove:
    """A visit that is not as it was, and why."""

    line: MoveLine
    cause: str


@dataclass(frozen=True, slots=True)
class ChoiceLine:
    """One way to go on.

    Attributes:
        number: as it is named when it is accepted.
        concerned: who has to be told: name and how many visits.
        fees: what calling visits off costs, in sentences.
        broken: promised visits that cannot stay, by the names of their sites.
    """

    number: int
    label: str
    moves: tuple[ChangeMove, ...]
    all_moves: int
    elsewhere: int
    stayed_share: float
    left_out: int
    left_out_before: int
    cost_cents: int
    concerned: tuple[tuple[str, str, int], ...]
    fees: tuple[str, ...]
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """What a change would do."""

    sentence: str
    why: str
    choices: tuple[ChoiceLine, ...]
    best: int
    planned: bool


def wanted_of(services: Services, reading: Reading, campaign_id: CampaignId) -> tuple[Wanted, ...]:
    """What waits for a new plan, the next visit first."""
    found = kept_besides(reading, ("replans wanted", campaign_id), lambda: _wanted(services, reading, campaign_id))
    return tuple(one for one in found if one.waits_until > reading.now)


def decided_of(services: Services, campaign_id: CampaignId) -> tuple[ChangeRecord, ...]:
    """The changes that were decided, the newest first."""
    return tuple(reversed(changes_of(services, campaign_id)))[:SHOWN_CHANGES]


def change_page(reading: Reading, found: "Proposal") -> ChangePage:
    """A proposal as a page shows it."""
    lines = tuple(_choice(reading, found, number, one) for number, one in enumerate(found.choices))
    edit = found.edit
    return ChangePage(
        edit.sentence[:1].upper() + edit.sentence[1:], edit.why, lines, found.best, found.before is not None
    )


def _wanted(services: Services, reading: Reading, campaign_id: CampaignId) -> tuple[Wanted, ...]:
    plan = reading.binding_plan(campaign_id)
    if plan is None:
        return ()
    found = [*_cannot_come(services, reading, plan), *_declined(services, reading, plan)]
    newest = {(one.visit_id, one.person_id): one for one in sorted(found, key=lambda one: one.said_at)}
    return tuple(sorted(newest.values(), key=lambda one: (one.starts_at, one.visit_id)))


def _cannot_come(services: Services, reading: Reading, plan: Plan) -> list[Wanted]:
    found = []
    away = [kept.value for kept in services.book.papers(AWAY_PAPERS)]
    for report in services.book.papers(FIELD, campaign_id=plan.campaign_id):
        one = report.value
        made = _made(reading, plan, one.visit_id, one.person_id)
        if one.kind is FieldKind.CANNOT_COME and made is not None and not _answered(one, made, away):
            found.append(_line(reading, plan, AWAY, made, "cannot come to", one.text, one.received_at))
    return found


def _declined(services: Services, reading: Reading, plan: Plan) -> list[Wanted]:
    found = []
    for answer in services.book.papers(ANSWERS, campaign_id=plan.campaign_id):
        one = answer.value
        team = reading.assignments(plan).get(one.visit_id, ())
        theirs = [each for each in team if _partner(reading, each) == one.partner_id]
        made = next((each for each in theirs if each.starts_at == one.planned_start), None)
        if one.state is AnswerState.DECLINED and made is not None:
            found.append(_line(reading, plan, DECLINED, made, "gives back", one.text, one.at))
    return found


def _partner(reading: Reading, made: Assignment) -> PartnerId | None:
    person = reading.crew.engineer.get(made.person_id)
    return person.partner_id if person else None


def _answered(report: FieldReport, made: Assignment, away: list[Away]) -> bool:
    """Whether the person was written down as away since, and the visit stands at an hour at which they can come."""
    theirs = [one for one in away if one.person_id == report.person_id and not one.over]
    known = any(one.ends_at > report.received_at for one in theirs)
    return known and not any(one.starts_at < made.ends_at and made.starts_at < one.ends_at for one in theirs)


def _made(reading: Reading, plan: Plan, visit_id: VisitId, person_id: PersonId) -> Assignment | None:
    return next((one for one in reading.assignments(plan).get(visit_id, ()) if one.person_id == person_id), None)


def _line(
    reading: Reading, plan: Plan, happened: str, made: Assignment, words: str, text: str, said_at: datetime
) -> Wanted:
    fleet, crew = reading.fleet, reading.crew
    site = fleet.site[plan.visit[made.visit_id].site_id]
    person = crew.engineer[made.person_id]
    partner = crew.partner.get(person.partner_id) if person.partner_id else None
    who = partner.name if partner and happened == DECLINED else person.name
    when = f"{moment(made.starts_at, site.timezone)} {zone_name(made.starts_at, site.timezone)}"
    sentence = f"{who} {words} {site.name} ({fleet.client[site.client_id].name})"
    until = made.starts_at if happened == DECLINED else made.ends_at
    return Wanted(happened, made.visit_id, made.person_id, sentence, text, made.starts_at, until, when, said_at)


def _choice(reading: Reading, found: "Proposal", number: int, one: "Choice") -> ChoiceLine:
    plans = [plan for plan in (found.before, one.plan) if plan is not None]
    moves = [
        ChangeMove(move_line(reading, _knowing(plans, each.move.visit_id), each.move), each.cause)
        for each in one.moves[:SHOWN_MOVES]
    ]
    return ChoiceLine(
        number,
        FREEDOMS.get(one.freedom.value, one.freedom.value),
        tuple(moves),
        len(one.moves),
        one.elsewhere,
        one.stayed_share,
        len(one.plan.unplaced),
        len(found.before.unplaced) if found.before is not None else 0,
        one.difference.cost_cents,
        tuple((told.who, told.name or told.id, len(told.moves)) for told in found.concerned[number]),
        tuple(
            f"{off.visit_id} of {off.partner_id}: {off.fee}" for off in found.called_off[number] if off.fee.amount
        ),
        tuple(dict.fromkeys(_site(reading, plans, visit_id) for visit_id in one.broken_promises)),
    )  # fmt: skip


def _knowing(plans: list[Plan], visit_id: VisitId) -> Plan:
    return next((plan for plan in plans if visit_id in plan.visit), plans[-1])


def _site(reading: Reading, plans: list[Plan], visit_id: VisitId) -> str:
    visit = _knowing(plans, visit_id).visit.get(visit_id)
    return reading.fleet.site[visit.site_id].name if visit else str(visit_id)
