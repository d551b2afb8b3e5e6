"""What a partner's pages show beside its visits: its people, its work and what is owed for it, and how it went."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from flows.partnering import known_of
from muster.ids import PartnerId, PersonId
from muster.outcomes import HostStatus
from partners.file import PartnerFile
from partners.money import Money, total
from partners.papers import FEEDBACK, MATTERS, WORK
from partners.scorecard import Scorecard, scorecard
from partners.standing import person_reasons
from partners.work import HostWorkState, Work, WorkState
from portal.field.queries import Source
from portal.field.views import Card
from portal.partner.acts import answer_of
from portal.partner.lists import Eyes, Shown, cards_of
from portal.partner.records import Answer

SAID = {
    WorkState.CLAIMED: ("waits for a fresh probe", "busy"),
    WorkState.HELD: ("held: a machine was found wrong", "bad"),
    WorkState.VERIFIED: ("verified, to be approved", "good"),
    WorkState.PAYABLE: ("payable", "good"),
    WorkState.PAID: ("paid", "idle"),
}
RIGHT = frozenset({HostStatus.RIGHT, HostStatus.VERIFIED})


@dataclass(frozen=True, slots=True)
class Line:
    """One visit in the partner's list."""

    card: Card
    person: str
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Somebody:
    """One of the partner's people: what keeps them away today, and how many visits they are shown with."""

    name: str
    email: str
    skills: tuple[str, ...]
    visits: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkLine:
    """One claimed visit: how far it is, and what is owed for it.

    Attributes:
        right_now: of its machines, as the last probe found them, whether that has been settled or not.
    """

    visit_id: str
    client: str
    day: date
    person: str
    said: str
    tone: str
    machines: int
    verified: int
    right_now: int
    net: Money | None
    due_on: date | None
    paid_on: date | None
    reference: str


@dataclass(frozen=True)
class WorkPage:
    """All work of a partner, the newest first, with the sums of what is payable and paid, by currency."""

    lines: tuple[WorkLine, ...]
    payable: tuple[Money, ...]
    paid: tuple[Money, ...]
    card: Scorecard


def lines_of(source: Source, shown: tuple[Shown, ...]) -> tuple[Line, ...]:
    """The visits that are shown, with what the partner said of each."""
    cards = cards_of(source, shown)
    return tuple(
        Line(card, one.listed.person, answer_of(source.book, one)) for card, one in zip(cards, shown, strict=True)
    )


def people_of(source: Source, eyes: Eyes, shown: tuple[Shown, ...]) -> tuple[Somebody, ...]:
    """Everybody of the partner, and who of them may be sent today."""
    known = known_of(source.book)
    file, day = known.files.get(eyes.partner_id), source.reading.now.date()
    counts = Counter(one.listed.person_id for one in shown)
    found = [
        Somebody(
            name=person.name,
            email=person.email,
            skills=tuple(sorted(person.skills)),
            visits=counts[person.id],
            reasons=_reasons(file, person.id, day, source) if file else (),
        )
        for person in source.reading.crew.engineers
        if person.partner_id == eyes.partner_id
    ]
    return tuple(sorted(found, key=lambda one: one.name))


def work_page(source: Source, partner_id: PartnerId) -> WorkPage:
    """Everything that the partner has claimed, and what became of it."""
    book = source.book
    works = [kept.value for kept in book.papers(WORK, partner_id=partner_id)]
    lines = [_line(source, work) for work in sorted(works, key=lambda one: one.started_at, reverse=True)]
    owed = [w.payable.net for w in works if w.payable and w.state is WorkState.PAYABLE]
    paid = [w.payable.net for w in works if w.payable and w.state is WorkState.PAID]
    matters = [kept.value for kept in book.papers(MATTERS, partner_id=partner_id)]
    feedback = [kept.value for kept in book.papers(FEEDBACK, partner_id=partner_id)]
    card = scorecard(partner_id, works, matters, feedback, known_of(book).rules)
    return WorkPage(tuple(lines), total(owed), total(paid), card)


def _line(source: Source, work: Work) -> WorkLine:
    said, tone = SAID[work.state]
    states = source.reading.states(work.campaign_id, [one.host_id for one in work.hosts])
    client = source.reading.fleet.client.get(work.client_id)
    payable = work.payable
    return WorkLine(
        visit_id=work.visit_id,
        client=client.name if client else work.client_id,
        day=_day(work.started_at),
        person=_name(source, work.person_id),
        said=said,
        tone=tone,
        machines=len(work.hosts),
        verified=sum(one.state is HostWorkState.VERIFIED for one in work.hosts),
        right_now=sum(state.status in RIGHT for state in states),
        net=payable.net if payable else None,
        due_on=payable.due_on if payable else None,
        paid_on=payable.paid_on if payable else None,
        reference=payable.reference if payable else "",
    )


def _day(at: datetime) -> date:
    return at.date()


def _name(source: Source, person_id: PersonId) -> str:
    person = source.reading.crew.engineer.get(person_id)
    return person.name if person else person_id


def _reasons(file: PartnerFile, person_id: PersonId, day: date, source: Source) -> tuple[str, ...]:
    rules = known_of(source.book).rules
    return tuple(reason.text for reason in person_reasons(file, person_id, day, rules))
