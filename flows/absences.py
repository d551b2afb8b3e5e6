"""Who is away: sick, gone home, not come. Kept in the book, so that no import of a crew file forgets it."""

from dataclasses import dataclass, replace
from datetime import datetime

from muster.crew import Absence, Crew
from muster.ids import PersonId
from partners.papers import Book, Index, Shelf


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody who cannot be given a visit from one instant to another (aware).

    Attributes:
        over: whether it was taken back: the person is there after all.
    """

    id: str
    person_id: PersonId
    starts_at: datetime
    ends_at: datetime
    reason: str
    by: str
    over: bool = False


AWAY = Shelf("absence", Away, lambda one: Index(one.id, state="over" if one.over else "away"), moves_plans=True)


def with_absences(book: Book, crew: Crew) -> Crew:
    """The crew, away also when the book says so."""
    away: dict[PersonId, tuple[Absence, ...]] = {}
    for kept in book.papers(AWAY):
        one = kept.value
        if not one.over:
            away[one.person_id] = (
                *away.get(one.person_id, ()),
                Absence(one.starts_at, one.ends_at, one.reason),
            )
    if not away:
        return crew
    people = (
        replace(person, absences=(*person.absences, *away[person.id])) if person.id in away else person
        for person in crew.engineers
    )
    return Crew(tuple(people), crew.partners)
