"""Whom a change of the plan concerns: the people, partners and clients whose visits are not as they were, nobody else.

Clients are told by their notices (``reports.notices``), which know what each was promised. Here are the people who do
the work: our own engineers read their visits, a partner reads how many of its visits changed and where to look, because
it sees what a visit is about only from some hours before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flows.services import Services
from muster.crew import Crew, Partner
from muster.fleet import Fleet
from muster.ids import CampaignId, ClientId, PartnerId, PersonId, VisitId
from muster.messages import Channel, Content, Message
from muster.plan import Plan
from partners.papers import FILES, Book

if TYPE_CHECKING:  # it brings the solver
    from scheduler.diff import Move, Placing

CHANGED = "visits changed"
"""The kind of the messages."""


@dataclass(frozen=True)
class Concerned:
    """One of our people, a partner or a client, and the visits of theirs that are not as they were.

    Attributes:
        who: ``person``, ``partner`` or ``client``.
        email: empty where none is known.
    """

    who: str
    id: str
    name: str
    email: str
    moves: "tuple[Move, ...]"

    @property
    def visits(self) -> tuple[VisitId, ...]:
        """Which visits."""
        return tuple(move.visit_id for move in self.moves)


def concerned(
    plans: Sequence[Plan], moves: "Iterable[Move]", fleet: Fleet, crew: Crew, now: datetime
) -> tuple[Concerned, ...]:
    """Everybody whom these moves concern, people first, then partners, then clients, by id.

    Args:
        plans: the plan before and the one after; one of them knows each visit.
        moves: the visits that are not as they were.
        fleet: who the clients are.
        crew: who the people are.
        now: what is over by then, and not planned any more, concerns nobody.
    """
    people: dict[PersonId, list[Move]] = {}
    partners: dict[PartnerId, dict[VisitId, Move]] = {}
    clients: dict[ClientId, list[Move]] = {}
    known = {visit.id: visit.client_id for plan in plans for visit in plan.visits}
    for move in moves:
        if move.after is None and (move.before is None or move.before.starts_at <= now):
            continue
        clients.setdefault(known[move.visit_id], []).append(move)
        for person_id in sorted({*_people(move.before), *_people(move.after)}):
            person = crew.engineer.get(person_id)
            if person is not None and person.partner_id is not None:
                partners.setdefault(person.partner_id, {})[move.visit_id] = move
            elif person is not None:
                people.setdefault(person_id, []).append(move)
    return (
        *(
            Concerned("person", one, crew.engineer[one].name, crew.engineer[one].email, tuple(people[one]))
            for one in sorted(people)
        ),
        *(_partner(crew, one, tuple(partners[one].values())) for one in sorted(partners)),
        *(
            Concerned("client", one, fleet.client[one].name, fleet.client[one].email, tuple(clients[one]))
            for one in sorted(clients)
        ),
    )


def changed_messages(services: Services, before: Plan, plan: Plan, why: str) -> tuple[Message, ...]:
    """The messages to people and partners whose visits are not as they were in the plan before."""
    from scheduler.diff import diff  # brings the solver

    fleet, crew = services.ledger.fleet(), with_addresses(services.book, services.ledger.crew())
    found = concerned([plan, before], diff(before, plan).changed, fleet, crew, services.clock.now())
    return tuple(messages_to(found, plan, before, fleet, crew, why))


def with_addresses(book: Book, crew: Crew) -> Crew:
    """The crew with the e-mail addresses of partners' files, where their rows have none."""
    known = {kept.value.id: kept.value.email for kept in book.papers(FILES)}
    partners = tuple(replace(one, email=one.email or known.get(one.id, "")) for one in crew.partners)
    there = {one.id for one in partners}
    files = (kept.value for kept in book.papers(FILES))
    more = tuple(Partner(one.id, one.name, email=one.email) for one in files if one.id not in there)
    return Crew(crew.engineers, (*partners, *more))


def messages_to(
    found: Iterable[Concerned], plan: Plan, before: Plan | None, fleet: Fleet, crew: Crew, why: str
) -> Iterator[Message]:
    """The messages to our people and to partners; clients have their notices. Nobody without an address gets one."""
    for one in found:
        if one.who == "client" or not one.email:
            continue
        lines = _of_person(one, plan, before, fleet, crew) if one.who == "person" else _of_partner(one)
        yield Message(
            key=f"{CHANGED} {plan.id} {one.who} {one.id}",
            channel=Channel.EMAIL,
            to=one.email,
            kind=CHANGED,
            content=Content(_subject(one), "\n".join((f"Hello {one.name},", "", *lines, "", f"Why: {why}", ""))),
            campaign_id=CampaignId(plan.campaign_id),
            topic=f"{one.who} {one.id}",
        )


def _partner(crew: Crew, partner_id: PartnerId, moves: "Sequence[Move]") -> Concerned:
    partner = crew.partner.get(partner_id)
    name, email = (partner.name, partner.email) if partner else (str(partner_id), "")
    return Concerned("partner", partner_id, name, email, tuple(moves))


def _people(placing: "Placing | None") -> tuple[PersonId, ...]:
    return placing.person_ids if placing is not None else ()


def _subject(one: Concerned) -> str:
    number = len(one.moves)
    return f"{number} of your visits {'has' if number == 1 else 'have'} changed"


def _of_partner(one: Concerned) -> list[str]:
    days = sorted(
        {
            placing.starts_at.date().isoformat()
            for move in one.moves
            for placing in (move.before, move.after)
            if placing is not None
        }
    )
    return [
        f"{_subject(one)} in the plan that binds now.",
        f"Days that they are about: {', '.join(days)}.",
        "Your list shows each visit from the agreed hours before it on.",
    ]


def _of_person(one: Concerned, plan: Plan, before: Plan | None, fleet: Fleet, crew: Crew) -> list[str]:
    zone = ZoneInfo(crew.engineer[PersonId(one.id)].timezone)
    lines = [f"{_subject(one)}:", ""]
    for move in one.moves:
        visit = plan.visit.get(move.visit_id) or (before.visit[move.visit_id] if before else None)
        where = f"{fleet.client[visit.client_id].name}, {fleet.site[visit.site_id].name}" if visit else move.visit_id
        lines.append(f"- {where}: {_was(one, move.before, zone)} -> {_was(one, move.after, zone)}")
    return lines


def _was(one: Concerned, placing: "Placing | None", zone: ZoneInfo) -> str:
    if placing is None:
        return "not planned"
    others = [person_id for person_id in placing.person_ids if person_id != one.id]
    mine = one.id in placing.person_ids
    told = f"{placing.starts_at.astimezone(zone):%a %d %b %H:%M}-{placing.ends_at.astimezone(zone):%H:%M}"
    return told if mine and not others else f"{told} with {', '.join(others)}" if mine else f"{', '.join(others)}"
