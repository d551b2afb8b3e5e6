"""What is worked out of many rows is kept until the ledger moves, and not worked out again all the time while it does.

A page that needs a figure of 100,000 hosts must not work it out for each of fifty readers while 500 events a second
arrive. The first one works it out; the others are handed the same. When the ledger has moved it is worked out again,
but no sooner than ``PATIENCE`` times as long as the last time took: a cheap figure is always fresh, a dear one may be a
few seconds old.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from portal.reading import Reading

T = TypeVar("T")
PATIENCE = 20.0
CHEAP_S = 0.02
"""What takes no longer is always worked out anew when the ledger has moved."""
LONGEST_S = 5.0
MOST = 400


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    revision: int = -1
    made_at: float = 0.0
    took_s: float = 0.0
    value: object = None

    def holds(self, revision: int) -> bool:
        """Whether the value may be shown for a revision."""
        if self.revision == revision:
            return True
        if self.revision < 0 or self.took_s <= CHEAP_S:
            return False
        return time.monotonic() - self.made_at < min(LONGEST_S, PATIENCE * self.took_s)


class _Store:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: dict[Hashable, _Entry] = {}

    def entry(self, key: Hashable) -> _Entry:
        """The entry of a key; the oldest ones go when there are too many."""
        with self.lock:
            if key not in self.entries and len(self.entries) >= MOST:
                for old in sorted(self.entries, key=lambda one: self.entries[one].made_at)[: MOST // 2]:
                    del self.entries[old]
            return self.entries.setdefault(key, _Entry())


_STORES: "WeakKeyDictionary[Reading, _Store]" = WeakKeyDictionary()
_STORES_LOCK = threading.Lock()


def kept(reading: Reading, key: Hashable, make: Callable[[], T]) -> T:
    """The value of a key as of about now, worked out by one thread at a time.

    ``key`` names everything that the value depends on besides the ledger.
    """
    with _STORES_LOCK:
        store = _STORES.setdefault(reading, _Store())
    entry = store.entry(key)
    if entry.holds(reading.revision):
        return cast("T", entry.value)
    if not entry.lock.acquire(blocking=entry.revision < 0):
        return cast("T", entry.value)  # somebody works it out anew at this moment
    try:
        if not entry.holds(reading.revision):
            revision, begun = reading.revision, time.monotonic()
            value = make()
            entry.value, entry.took_s = value, time.monotonic() - begun
            entry.made_at, entry.revision = time.monotonic(), revision
        return cast("T", entry.value)
    finally:
        entry.lock.release()


def forget(reading: Reading) -> None:
    """Have everything worked out anew that the ledger has moved past: somebody changed something and looks at once."""
    with _STORES_LOCK:
        store = _STORES.setdefault(reading, _Store())
    with store.lock:
        for entry in store.entries.values():
            entry.took_s = 0.0
