"""The book as pages read it: what was read once is not read again before anything is written that is no push's step.

``Reading.besides`` says when. A request brings it up to date first, so that a page shows what was committed before it.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from muster.ids import CampaignId, ClientId, PartnerId
from muster.messages import Message
from partners.papers import Book, Change, Kept, Shelf
from portal.reading import Reading

T = TypeVar("T")
MOST = 20_000
"""Answers that are kept; above it all are forgotten."""


class KnownBook:
    """The port ``Book`` with a memory; safe to share between threads."""

    def __init__(self, reading: Reading, book: Book) -> None:
        self._reading, self._book = reading, book
        self._lock = threading.Lock()
        self._at = -1
        self._known: dict[Hashable, object] = {}

    def find(self, shelf: Shelf[T], key: str) -> Kept[T] | None:
        """One paper; None where there is none."""
        return self._remembered((shelf.name, key), lambda: self._book.find(shelf, key))

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
            (shelf.name, partner_id, client_id, campaign_id),
            lambda: self._book.papers(shelf, partner_id=partner_id, client_id=client_id, campaign_id=campaign_id),
        )

    def write(self, changes: Sequence[Change], *, by: str, messages: Sequence[Message] = ()) -> int:
        """Write, and forget what was known."""
        try:
            return self._book.write(changes, by=by, messages=messages)
        finally:
            with self._lock:
                self._at = -1

    def _remembered(self, key: Hashable, read: Callable[[], T]) -> T:
        with self._lock:
            at = self._reading.besides
            if self._at != at or len(self._known) >= MOST:
                self._at = at
                self._known = {}
            known = self._known
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
