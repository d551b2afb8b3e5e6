"""What a partner does: answers, names another technician, confirms the rules, claims work, reports what happened."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from flows.partner_work import Claim, claim_work, next_number
from flows.services import Services
from muster.errors import Conflict, InputError
from muster.ids import ClientId, PersonId
from muster.messages import Message, Severity
from partners.conduct import conduct
from partners.file import ClientTerms
from partners.matters import About, Matter, MatterKind, opened
from partners.money import Money
from partners.papers import MATTERS, SWAPS, TERMS, WORK, Book, Kept, change
from partners.swaps import Swap, SwapState, asked
from portal.field.proposals import Tried, try_at
from portal.field.queries import Source
from portal.field.records import REPLAN_WANTED
from portal.field.telling import alert_of
from portal.forms import Posted
from portal.partner.lists import Eyes, Shown
from portal.partner.records import ANSWERS, CONDUCT, Answer, AnswerState, Confirmed

TRIES = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of conduct of a visit, and the mark of these very words."""

    paragraphs: tuple[tuple[str, str], ...]

    @property
    def mark(self) -> str:
        """Changes with every word of them."""
        return sha256(repr(self.paragraphs).encode()).hexdigest()[:16]


def rules_of(source: Source, shown: Shown, company: str) -> Rules:
    """The rules that go with a visit."""
    return Rules(conduct(company, owner_of(source.services, shown.listed.client_id), shown.agreement))


def owner_of(services: Services, client_id: ClientId) -> str:
    """Who of us answers for a client; empty where nobody was named."""
    kept = services.book.find(TERMS, client_id)
    return (ClientTerms(client_id) if kept is None else kept.value).owner


def answer_of(book: Book, shown: Shown) -> Answer | None:
    """What the partner said of the visit as it stands; a word on an earlier time of it does not count."""
    kept = book.find(ANSWERS, f"{shown.campaign.id}/{shown.listed.visit_id}")
    if kept is None or kept.value.planned_start != shown.assignment.starts_at:
        return None
    return kept.value


def answer(source: Source, eyes: Eyes, shown: Shown, form: Posted, currency: str) -> Answer:
    """Yes, no, or another time or price.

    Raises:
        InputError: a no without a reason, or a counter-offer that offers nothing else.
    """
    services, state, text = source.services, _state(form.text("answer")), form.text("text", "")[:2000]
    if state is AnswerState.DECLINED and not text:
        raise InputError("why not? The office plans the visit anew and has to know", hint="a few words are enough")
    starts, price = _offered_start(form, shown), _price(form, currency)
    if state is AnswerState.COUNTERED and starts is None and price is None:
        raise InputError("a counter-offer names another time or another price")
    tried = Tried(fits=False, finding="")
    countered = state is AnswerState.COUNTERED
    if countered and starts is not None:
        tried = try_at(services, shown.plan, shown.listed.visit_id, shown.listed.person_id, starts, by=eyes.by)
    made = Answer(
        campaign_id=shown.campaign.id,
        visit_id=shown.listed.visit_id,
        partner_id=eyes.partner_id,
        client_id=shown.listed.client_id,
        person_id=shown.listed.person_id,
        planned_start=shown.assignment.starts_at,
        state=state,
        text=text,
        by=eyes.by,
        at=source.reading.now,
        offered_start=starts if countered else None,
        price=price if countered else None,
        fits=tried.fits if countered and starts is not None else None,
        finding=tried.finding,
        plan_id=tried.plan_id,
    )
    before = services.book.find(ANSWERS, made.id)
    messages = _declined(services, made) if state is AnswerState.DECLINED else ()
    services.book.write([change(ANSWERS, made, f"partner {state}", before)], by=eyes.by, messages=messages)
    if state is AnswerState.DECLINED:
        data = {"person": made.person_id, "partner": eyes.partner_id, "reason": text}
        services.ledger.note(REPLAN_WANTED, by=eyes.by, campaign_id=made.campaign_id, visit_id=made.visit_id, data=data)
    return made


def ask_swap(source: Source, eyes: Eyes, shown: Shown, form: Posted) -> Swap:
    """Ask for another of the partner's people; somebody of ours decides.

    Raises:
        InputError: no reason.
        Refused: the one who is to come is not of the partner, or comes already.
    """
    book, reason = source.services.book, form.text("reason")[:2000]
    for _ in range(TRIES):
        made = asked(
            next_number("swap", [kept.value.id for kept in book.papers(SWAPS)]),
            shown.plan,
            source.reading.crew,
            shown.listed.visit_id,
            PersonId(form.text("comes")),
            reason=reason,
            by=eyes.by,
            at=source.reading.now,
        )
        try:
            book.write([change(SWAPS, made, "swap asked")], by=eyes.by)
        except Conflict:  # somebody took the number a moment before
            continue
        return made
    raise Conflict("too many ask for swaps just now", hint="try again")


def swaps_of(services: Services, eyes: Eyes, shown: Shown) -> tuple[Swap, ...]:
    """The swaps that were asked for a visit, the newest last."""
    kept = services.book.papers(SWAPS, partner_id=eyes.partner_id, campaign_id=shown.campaign.id)
    found = (one.value for one in kept if one.value.visit_id == shown.listed.visit_id)
    return tuple(sorted(found, key=lambda one: one.asked_at))


def waiting_swap(swaps: tuple[Swap, ...]) -> Swap | None:
    """The one that nobody has decided yet."""
    return next((one for one in swaps if one.state is SwapState.ASKED), None)


def confirm(source: Source, eyes: Eyes, shown: Shown, rules: Rules) -> None:
    """The technician goes by the rules; the record keeps which words these were."""
    made = Confirmed(
        shown.campaign.id, shown.listed.visit_id, eyes.partner_id, shown.listed.person_id, rules.mark, eyes.by,
        source.reading.now,
    )  # fmt: skip
    before = source.services.book.find(CONDUCT, made.id)
    source.services.book.write([change(CONDUCT, made, "rules of conduct confirmed", before)], by=eyes.by)


def is_confirmed(services: Services, shown: Shown, rules: Rules) -> bool:
    """Whether who comes has confirmed the rules as they are worded now."""
    kept = services.book.find(CONDUCT, f"{shown.campaign.id}/{shown.listed.visit_id}/{shown.listed.person_id}")
    return kept is not None and kept.value.rules == rules.mark


def claim(source: Source, eyes: Eyes, shown: Shown, minutes: float) -> None:
    """Claim the visit as done, or its reopened machines once more; it counts when probes find them right.

    Raises:
        Refused: it is claimed already, and nothing of it was reopened.
    """
    now = source.reading.now
    work = Claim(shown.listed.visit_id, now - timedelta(minutes=minutes), now)
    claim_work(source.services, shown.campaign.id, [work], by=eyes.by)


def is_claimed(services: Services, shown: Shown) -> bool:
    """Whether the visit was claimed, and nothing of it is to be claimed again."""
    kept = services.book.find(WORK, f"{shown.campaign.id}/{shown.listed.visit_id}")
    return kept is not None and kept.value.state.value != "held"


def report_matter(source: Source, eyes: Eyes, shown: Shown, form: Posted, company: str) -> Matter:
    """An incident or a referral: somebody of ours sees to it.

    Raises:
        InputError: it says nothing.
    """
    kind = MatterKind.REFERRAL if form.text("matter") == MatterKind.REFERRAL else MatterKind.INCIDENT
    book = source.services.book
    about = About(eyes.partner_id, shown.listed.client_id, shown.campaign.id, shown.listed.visit_id)
    owner = owner_of(source.services, shown.listed.client_id) or f"the dispatcher of {company}"
    for _ in range(TRIES):
        number = next_number(kind.value, [kept.value.id for kept in book.papers(MATTERS)])
        made = opened(number, kind, about, form.text("text")[:4000], owner=owner, by=eyes.by, at=source.reading.now)
        try:
            messages = _incident(source.services, shown, made) if kind is MatterKind.INCIDENT else ()
            book.write([change(MATTERS, made, f"{kind} opened")], by=eyes.by, messages=messages)
        except Conflict:  # somebody took the number a moment before
            continue
        return made
    raise Conflict("too many report something just now", hint="try again")


def matters_of(services: Services, eyes: Eyes, shown: Shown) -> tuple[Matter, ...]:
    """What the partner reported of a visit."""
    kept: tuple[Kept[Matter], ...] = services.book.papers(MATTERS, partner_id=eyes.partner_id)
    return tuple(one.value for one in kept if one.value.visit_id == shown.listed.visit_id)


def _declined(services: Services, made: Answer) -> tuple[Message, ...]:
    sentence = f"{made.by} declines {made.visit_id}: {made.text}"
    return alert_of(
        services, "partner-declined", Severity.WARNING, sentence, campaign_id=made.campaign_id, visit_id=made.visit_id,
        about=f"{made.id} {made.at.isoformat()}",
    )  # fmt: skip


def _incident(services: Services, shown: Shown, made: Matter) -> tuple[Message, ...]:
    sentence = f"{made.id} at {shown.listed.client}, {shown.listed.site}: {made.text}"
    return alert_of(
        services, "incident", Severity.CRITICAL, sentence, campaign_id=shown.campaign.id,
        visit_id=shown.listed.visit_id, about=made.id,
    )  # fmt: skip


def _state(text: str) -> AnswerState:
    try:
        return AnswerState(text)
    except ValueError:
        raise InputError(f"{text!r} is no answer") from None


def _offered_start(form: Posted, shown: Shown) -> datetime | None:
    return form.instant("starts", shown.listed.starts.tzinfo) if form.text("starts", "") else None


def _price(form: Posted, currency: str) -> Money | None:
    amount = form.number("price", 0)
    return Money(Decimal(str(amount)), currency) if amount > 0 else None
