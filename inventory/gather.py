"""What has been read so far, beside what was known: the look-ups that rows refer to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from inventory.formats.texts import did_you_mean
from inventory.rows import MOST_SEARCHES, Known, TableReader
from inventory.tables import Word
from muster.crew import Crew, Engineer, Partner
from muster.errors import Problem
from muster.fleet import Client, Fleet, Host, Site

Item = TypeVar("Item")

_MOST_CANDIDATES = 20_000


@dataclass(slots=True)
class Shelf(Generic[Item]):
    """Everything of one word.

    Attributes:
        word: singular, for sentences.
        known: from before, by id.
        good: from the files, by id.
        seen: the place of every id in the files, good or not.
    """

    word: str
    known: Mapping[str, Item]
    good: dict[str, Item] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)

    def get(self, id_: str) -> Item | None:
        """The newest of that id: from the files, else from before."""
        return self.good.get(id_) or self.known.get(id_)

    def all(self) -> Iterable[Item]:
        """Everything, the newest of each id."""
        return {**self.known, **self.good}.values()


@dataclass(slots=True)
class Gathered:
    """All shelves, and every problem so far."""

    clients: Shelf[Client]
    sites: Shelf[Site]
    hosts: Shelf[Host]
    partners: Shelf[Partner]
    crew: Shelf[Engineer]
    problems: list[Problem] = field(default_factory=list)


def start(known: Fleet, known_crew: Crew) -> Gathered:
    """Empty shelves on top of what is known."""
    return Gathered(
        Shelf("client", {str(key): value for key, value in known.client.items()}),
        Shelf("site", {str(key): value for key, value in known.site.items()}),
        Shelf("host", {str(key): value for key, value in known.host.items()}),
        Shelf("partner", {str(key): value for key, value in known_crew.partner.items()}),
        Shelf("person", {str(key): value for key, value in known_crew.engineer.items()}),
    )


def check_references(reader: TableReader[Known], column: str, references: Sequence[str], shelf: Shelf[Item]) -> None:
    """Refuse rows that refer to something that is not there; an empty reference is left alone.

    Where the thing is in the files but was refused itself, one problem names all rows that have to wait for it.
    """
    waiting: dict[str, list[int]] = {}
    advice: dict[str, str] = {}
    for index, reference in enumerate(references):
        if not reference or shelf.get(reference) is not None:
            continue
        if reference in shelf.seen:
            waiting.setdefault(reference, []).append(index)
            continue
        if reference not in advice:
            advice[reference] = _advice(reference, shelf, search=len(advice) < MOST_SEARCHES)
        reader.refuse(index, column, reference, f"is no {shelf.word} that is known", advice[reference])
    for reference, indices in waiting.items():
        wrong = f"is a {shelf.word} that was refused itself, in {shelf.seen[reference]}"
        reader.refuse_together(indices, column, reference, wrong, "mend that one, then this is read too")


def _advice(reference: str, shelf: Shelf[Item], *, search: bool) -> str:
    ids = {**shelf.known, **shelf.good}
    plural = "people" if shelf.word == "person" else f"{shelf.word}s"
    file = Word.CREW if shelf.word == "person" else plural
    near = did_you_mean(reference, ids) if search and len(ids) <= _MOST_CANDIDATES else ""
    if not ids:
        return f"there are no {plural} yet: import {file} too"
    return f"add it to {file}, or write the id of one of the {len(ids)} {plural} that are known{near}"
