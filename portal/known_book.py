"""The book as pages read it: what was read once is not read again before a paper of the same shelf is written.

``Reading.written`` says when. A request brings it up to date first, so that a page shows what was committed before it.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from muster.ids import CampaignId, ClientId, PartnerId
from muster.messages import Message
from partners.papers import Book, Change, Kept, Shelf
from portal.reading import Reading

S = TypeVar("S")
T = TypeVar("T")
MOST = 5_000
"""Answers that are kept of one shelf; above it they are forgotten."""


@dataclass
class _Memory:
    """What was read of one shelf, as of an event; -1: nothing."""

    at: int = -1
    known: dict[Hashable, object] = field(default_factory=dict)


class KnownBook:
    """The port ``Book`` with a memory; safe to share between threads."""

    def __init__(self, reading: Reading, book: Book) -> None:
        self._reading, self._book = reading, book
        self._lock = threading.Lock()
        self._memories: dict[str, _Memory] = defaultdict(_Memory)

    def find(self, shelf: Shelf[T], key: str) -> Kept[T] | None:
        """One paper; None where there is none."""
        return self._remembered(shelf, key, lambda: self._book.find(shelf, key))

    def papers(
        self,
        shelf: Shelf[T],
        *,
        partner_id: PartnerId | None = None,
        client_id: ClientId | None = None,
        campaign_id: CampaignId | None = None,
    ) -> tuple[Kept[T], ...]:
        """All papers of a shelf, or those of a partner, a client or a campaign, by their keys."""
        return self._remembered(
            shelf,
            (partner_id, client_id, campaign_id),
            lambda: self._book.papers(shelf, partner_id=partner_id, client_id=client_id, campaign_id=campaign_id),
        )

    def write(self, changes: Sequence[Change], *, by: str, messages: Sequence[Message] = ()) -> int:
        """Write, and forget what was known."""
        try:
            return self._book.write(changes, by=by, messages=messages)
        finally:
            with self._lock:
                for change in changes:
                    self._memories.pop(change.shelf, None)

    def _remembered(self, shelf: Shelf[S], key: Hashable, read: Callable[[], T]) -> T:
        with self._lock:
            memory, at = self._memories[shelf.name], self._reading.written(shelf.name)
            if memory.at != at or len(memory.known) >= MOST:
                memory = self._memories[shelf.name] = _Memory(at)
            known = memory.known
            if key in known:
                return cast("T", known[key])
        found = read()
        known[key] = found  # of the same moment or a newer one; a newer moment has a memory of its own
        return found


_BOOKS: "WeakKeyDictionary[Reading, KnownBook]" = WeakKeyDictionary()
_LOCK = threading.Lock()


def known_book(reading: Reading, book: Book) -> KnownBook:
    """The book of a portal with its memory; one for each portal."""
    with _LOCK:
        if reading not in _BOOKS:
            _BOOKS[reading] = KnownBook(reading, book)
        return _BOOKS[reading]
