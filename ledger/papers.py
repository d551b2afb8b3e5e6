# ruff: noqa: D102 - the contract of every method of SqlBook is in partners.papers.Book
"""The book of partners and money on the ledger's database: an event for every change, a row for every paper.

The event carries the whole paper, so the table can be rebuilt from the record; ``differences`` says whether it is what
the record makes of it.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar, cast

from sqlalchemy import Connection, and_, insert, select, update

from ledger.codec import Codec, Plain, from_json, to_json
from ledger.database import Database
from ledger.events import every_event
from ledger.kinds import Effect, Kind
from ledger.outbox import post
from ledger.papers_table import papers
from ledger.projections import EventRow
from ledger.writing import Draft, Writing
from muster.errors import Conflict
from muster.ids import CampaignId, ClientId, PartnerId
from muster.messages import Message
from partners.papers import Change, Kept, Shelf

T = TypeVar("T")
_CODECS: dict[str, object] = {}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A row of ``papers``."""

    shelf: str
    key: str
    version: int
    revision: int
    partner_id: str | None
    client_id: str | None
    campaign_id: str | None
    state: str
    document: Plain


class SqlBook:
    """The port ``Book`` on the ledger's database; made by ``ledger.open.book_of``."""

    def __init__(self, database: Database, writing: Callable[[], AbstractContextManager[Writing]]) -> None:
        self._database = database
        self._writing = writing

    def find(self, shelf: Shelf[T], key: str) -> Kept[T] | None:
        with self._database.reading() as connection:
            row = _row(connection, shelf.name, key)
        return None if row is None else _kept(shelf, row)

    def papers(
        self,
        shelf: Shelf[T],
        *,
        partner_id: PartnerId | None = None,
        client_id: ClientId | None = None,
        campaign_id: CampaignId | None = None,
    ) -> tuple[Kept[T], ...]:
        wanted = {"partner_id": partner_id, "client_id": client_id, "campaign_id": campaign_id}
        with self._database.reading() as connection:
            rows = _rows(connection, {"shelf": shelf.name, **{k: v for k, v in wanted.items() if v is not None}})
        return tuple(_kept(shelf, row) for row in rows)

    def write(self, changes: Sequence[Change], *, by: str, messages: Sequence[Message] = ()) -> int:
        with self._writing() as writing:
            drafts = [_draft(writing, change, by) for change in changes]
            first = writing.revision()
            last = writing.append(drafts) if drafts else first
            for number, draft in enumerate(drafts, start=1):
                _project(writing.connection, paper_after(first + number, from_json(to_json(draft.data))))
            post(writing, messages, by=by)
            return max(last, writing.revision())


def _draft(writing: Writing, change: Change, by: str) -> Draft:
    """The event of a change.

    Raises:
        Conflict: the paper is not of the version that is replaced.
    """
    if change.what in set(Kind):
        raise ValueError(f"{change.what!r} is the ledger's own word")
    index = change.index
    row = _row(writing.connection, change.shelf, index.key)
    version = 0 if row is None else row.version
    if version != change.replaces:
        raise Conflict(
            f"{change.shelf} {index.key} was changed meanwhile (version {version}, not {change.replaces})",
            hint="look at it again, and change it anew",
        )
    data: dict[str, object] = {
        "shelf": change.shelf,
        "key": index.key,
        "version": version + 1,
        "partner": index.partner_id,
        "client": index.client_id,
        "campaign": index.campaign_id,
        "state": index.state,
        "paper": _codec(change.of).to_plain(change.value),
    }
    effect = Effect.MOVES if change.moves_plans else Effect.KEEPS
    return Draft(change.what, effect, by, writing.guard.mapping(data), index.campaign_id)


def paper_after(revision: int, data: Plain) -> PaperRow:
    """The row that an event writes, from what the event carries."""
    document = data["paper"]
    if not isinstance(document, dict):
        raise TypeError("a paper is an object")
    return PaperRow(
        shelf=str(data["shelf"]),
        key=str(data["key"]),
        version=int(str(data["version"])),
        revision=revision,
        partner_id=_text(data["partner"]),
        client_id=_text(data["client"]),
        campaign_id=_text(data["campaign"]),
        state=str(data["state"]),
        document=document,
    )


def replay(events: Iterable[EventRow]) -> dict[tuple[str, str], PaperRow]:
    """Every paper, from nothing but the record."""
    found: dict[tuple[str, str], PaperRow] = {}
    for event in events:
        if event.effect != Effect.NONE and "paper" in event.data:
            row = paper_after(event.revision, event.data)
            found[row.shelf, row.key] = row
    return found


def differences(database: Database) -> tuple[str, ...]:
    """Where the table is not what the record makes of it; empty when all is well."""
    with database.reading() as connection:
        made = replay(every_event(connection))
        there = {(row.shelf, row.key): row for row in _rows(connection, {})}
    wrong = sorted(key for key in {*made, *there} if made.get(key) != there.get(key))
    return tuple(f"{shelf} {key}: the table is not what the events say" for shelf, key in wrong)


def _project(connection: Connection, row: PaperRow) -> None:
    values = {**{name: getattr(row, name) for name in PaperRow.__slots__}, "document": to_json(row.document)}
    this = and_(papers.c.shelf == row.shelf, papers.c.key == row.key)
    statement = insert(papers) if row.version == 1 else update(papers).where(this)
    connection.execute(statement.values(values))


def _row(connection: Connection, shelf: str, key: str) -> PaperRow | None:
    return next(iter(_rows(connection, {"shelf": shelf, "key": key})), None)


def _rows(connection: Connection, wanted: dict[str, str]) -> list[PaperRow]:
    query = select(*(papers.c[name] for name in PaperRow.__slots__)).order_by(papers.c.shelf, papers.c.key)
    for name, value in wanted.items():
        query = query.where(papers.c[name] == value)
    return [PaperRow(**{**row, "document": from_json(row["document"])}) for row in connection.execute(query).mappings()]


def _kept(shelf: Shelf[T], row: PaperRow) -> Kept[T]:
    codec: Codec[T] = _codec(shelf.of)
    return Kept(codec.from_plain(row.document), row.version)


def _codec(of: type[T]) -> Codec[T]:
    """Made once for each type: a codec builds its type's schema when it is first used."""
    name = f"{of.__module__}.{of.__qualname__}"
    if name not in _CODECS:
        _CODECS[name] = Codec(of)
    return cast("Codec[T]", _CODECS[name])


def _text(value: object) -> str | None:
    return None if value is None else str(value)
