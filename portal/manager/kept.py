"""What is worked out of many rows is kept until the ledger moves, and not worked out again all the time while it does.

A page that needs a figure of 100,000 hosts must not work it out for each of fifty readers while 500 events a second
arrive. What is cheap is worked out anew whenever the ledger has moved. What is dear is shown as it was a moment ago,
and worked out anew beside the readers, by one thread at a time, for no more than one part in ``PATIENCE`` of its time.
Who has changed something sees that at once where it takes less than ``PROMPT_S`` (``forget``).
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from flows.services import Services
from portal.beside import Beside, NobodyBeside, Sum, WorkedOut
from portal.reading import Reading

_LOG = logging.getLogger("muster.portal")

T = TypeVar("T")
PATIENCE = 20.0
CHEAP_S = 0.02
"""What takes no longer is always worked out anew when the ledger has moved."""
PROMPT_S = 1.0
"""How long somebody who has changed something may be kept waiting for the figures after it."""
SMALL_HOSTS = 5_000
"""Readers of a campaign that has no more hosts wait for what is worked out for the first time; the others come back."""
WAIT_S = (30.0, 0.01)
MOST = 400
_BESIDE = threading.Semaphore(1)


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)
    revision: int = -1
    made_at: float = 0.0
    took_s: float = 0.0
    forced: bool = False
    beside: bool = False
    value: object = None
    error: Exception | None = None

    def is_there(self) -> bool:
        """Whether anything was worked out yet."""
        return self.revision >= 0

    def make(self, make: Callable[[], object], revision: int) -> None:
        """Work it out and keep it; an error is kept, too, and told to whoever asks while nothing else is there."""
        begun = time.monotonic()
        self.forced = False
        try:
            self.value, self.error = make(), None
        except Exception as error:  # noqa: BLE001 - it is raised again for whoever asks
            self.error = error
        self.took_s, self.made_at = time.monotonic() - begun, time.monotonic()
        if isinstance(self.value, WorkedOut):
            self.took_s, self.error, self.value = self.value.took_s, self.value.error, self.value.value
        self.revision = revision
        self.done.set()

    def wants_patience(self) -> bool:
        """Whether it is too soon to work it out again."""
        return not self.forced and time.monotonic() - self.made_at < PATIENCE * self.took_s


class _Store:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: dict[Hashable, _Entry] = {}
        self.beside: Beside | None = None

    def entry(self, key: Hashable) -> _Entry:
        """The entry of a key; the oldest ones go when there are too many."""
        with self.lock:
            if key not in self.entries and len(self.entries) >= MOST:
                for old in sorted(self.entries, key=lambda one: self.entries[one].made_at)[: MOST // 2]:
                    del self.entries[old]
            return self.entries.setdefault(key, _Entry())


_STORES: "WeakKeyDictionary[Reading, _Store]" = WeakKeyDictionary()
_STORES_LOCK = threading.Lock()


def kept(reading: Reading, key: Hashable, make: Callable[[], T], *, at: int | None = None) -> T:
    """The value of a key as of about now.

    Args:
        reading: what is known.
        key: names everything that the value depends on besides the ledger.
        make: works it out.
        at: a number that is another one when the value may have changed; by default the ledger's newest revision.
    """
    entry, now = _store(reading).entry(key), reading.revision if at is None else at
    if not entry.is_there():
        _first(entry, make, now)
    elif entry.revision != now:
        _renew(entry, make, now)
    return cast("T", _told(entry))


def kept_besides(reading: Reading, key: Hashable, make: Callable[[], T]) -> T:
    """The same, of what does not depend on where hosts stand: a push of 500 events a second leaves it as it is."""
    return kept(reading, key, make, at=reading.besides)


def kept_for_good(reading: Reading, key: Hashable, make: Callable[[], T]) -> T:
    """The same, of what nothing changes that happens, such as what follows from a plan alone."""
    return kept(reading, key, make, at=0)


def kept_soon(reading: Reading, key: Hashable, make: Callable[[], T], hosts: int) -> T | None:
    """The same, of what is dear; None while it is worked out for the first time and the campaign has many hosts."""
    entry = _store(reading).entry(key)
    if entry.is_there():
        return kept(reading, key, make)
    _begin(entry, make, reading.revision)
    entry.done.wait(WAIT_S[hosts > SMALL_HOSTS])
    return cast("T", _told(entry)) if entry.is_there() else None


def worked_out(services: Services, reading: Reading, wanted: Sum[T], hosts: int, *, wait: bool = True) -> T | None:
    """The same, of a sum that is worked out in a process beside this one where there is one and hosts are many."""
    beside = _beside(reading, hosts)
    if beside is None:
        return kept_soon(reading, wanted, lambda: wanted.here(services, reading), hosts)
    entry, now = _store(reading).entry(wanted), reading.revision
    ask = partial(_asked, beside, services, reading, wanted, anew=entry.forced)
    if entry.is_there() and entry.forced and entry.took_s <= PROMPT_S:
        entry.make(ask, now)
    elif not entry.is_there() or (entry.revision != now and not entry.wants_patience()):
        _begin(entry, ask, now, alone=False)
        entry.done.wait(WAIT_S[1] if wait else 0)
    return cast("T", _told(entry)) if entry.is_there() else None


def worked_out_now(services: Services, reading: Reading, wanted: Sum[T], hosts: int) -> T:
    """The same as of this moment, for somebody who has pressed a button and waits; it is not kept.

    Raises:
        Exception: whatever came of working it out.
    """
    beside = _beside(reading, hosts)
    if beside is None:
        return wanted.here(services, reading)
    found = _asked(beside, services, reading, wanted, anew=True)
    if isinstance(found, WorkedOut):
        if found.error is not None:
            raise found.error
        return cast("T", found.value)
    return found


def use_beside(reading: Reading, beside: Beside | None) -> None:
    """Have long sums of large campaigns worked out in another process."""
    _store(reading).beside = beside


def _beside(reading: Reading, hosts: int) -> Beside | None:
    return _store(reading).beside if hosts > SMALL_HOSTS else None


def _asked(beside: Beside, services: Services, reading: Reading, wanted: Sum[T], *, anew: bool) -> WorkedOut | T:
    """What the process beside makes of a sum; where it is gone, what this one does."""
    try:
        return beside.work_out(wanted, anew=anew)
    except NobodyBeside as error:
        _LOG.warning("a sum is worked out among the readers: %s", error)
        return wanted.here(services, reading)


def forget(reading: Reading) -> None:
    """Somebody changed something and looks at once: nothing is too soon now."""
    store = _store(reading)
    with store.lock:
        for entry in store.entries.values():
            entry.forced = True


def _first(entry: _Entry, make: Callable[[], object], now: int) -> None:
    """Work it out for the first time; everybody else who asks waits for it."""
    with entry.lock:
        if not entry.is_there():
            entry.make(make, now)


def _renew(entry: _Entry, make: Callable[[], object], now: int) -> None:
    """Work out anew what the ledger has moved past: here where it is cheap, else beside the readers."""
    here = entry.took_s <= CHEAP_S or (entry.forced and entry.took_s <= PROMPT_S)
    if here and entry.lock.acquire(blocking=entry.forced):
        try:
            if entry.revision != now:
                entry.make(make, now)
        finally:
            entry.lock.release()
    elif not here and not entry.wants_patience():
        _begin(entry, make, now)


def _begin(entry: _Entry, make: Callable[[], object], now: int, *, alone: bool = True) -> None:
    """Work it out in a thread of its own, if nobody is at it; ``alone``: when nothing else is worked out so."""
    with entry.lock:
        if entry.beside:
            return
        entry.beside = True

    def work() -> None:
        with _BESIDE if alone else nullcontext():
            entry.make(make, now)
            entry.beside = False

    threading.Thread(target=work, name="muster-figures", daemon=True).start()


def _told(entry: _Entry) -> object:
    """What was worked out.

    Raises:
        Exception: whatever came of working it out, where nothing better is there.
    """
    if entry.error is not None:
        raise entry.error
    return entry.value


def _store(reading: Reading) -> _Store:
    with _STORES_LOCK:
        return _STORES.setdefault(reading, _Store())
