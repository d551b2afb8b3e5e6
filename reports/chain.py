"""A hash chain over the ledger's events, from which one client's own events can be shown and all others stay closed.

Each event has a digest: SHA-256 of a salt and the event as canonical JSON. Each link is SHA-256 of the link before and
the event's digest. Whoever holds a later head can say whether the events before it are still the same. Events of others
are not shown; of a run of them only the link at its end is. The salts come from the signing key, so that nobody can
guess what stands in a closed event by trying.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

from muster.ids import HostId
from muster.records import Event

START = "0" * 64

Plain = Mapping[str, object]


@dataclass(frozen=True)
class Chain:
    """A chain as it is written into a file.

    Attributes:
        links: ``{"event": ..., "salt": ...}`` for what is shown, ``{"closed": count, "after": link}`` for what is not.
        head: the last link.
        revision: of the last event.
        shown: how many events are shown.
    """

    links: tuple[Plain, ...]
    head: str
    revision: int
    shown: int


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no spaces: the same value gives the same bytes everywhere."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str).encode()


def plain_event(event: Event) -> dict[str, object]:
    """An event as JSON holds it."""
    made: dict[str, object] = json.loads(
        canonical(
            {
                "revision": event.revision,
                "at": event.at.isoformat(),
                "host": event.host_id,
                "kind": event.kind,
                "by": event.by,
                "data": event.data,
            }
        )
    )
    return made


def salt_of(secret: bytes, revision: int) -> str:
    """The salt of an event."""
    return hmac.new(secret, f"muster event {revision}".encode(), sha256).hexdigest()


def link(before: str, event: Plain, salt: str) -> str:
    """The next link."""
    digest = sha256(bytes.fromhex(salt) + canonical(event)).digest()
    return sha256(bytes.fromhex(before) + digest).hexdigest()


@dataclass(frozen=True, slots=True)
class Linked:
    """An event in its place: as JSON holds it, with its salt and the link after it."""

    host_id: HostId | None
    event: Plain
    salt: str
    after: str


def linked(events: Iterable[Event], secret: bytes) -> Iterator[Linked]:
    """The events one after another with their links; worked out once for all clients."""
    at = START
    for event in events:
        plain, salt = plain_event(event), salt_of(secret, event.revision)
        at = link(at, plain, salt)
        yield Linked(event.host_id, plain, salt, at)


def chain_of(events: Iterable[Linked], shown: AbstractSet[HostId]) -> Chain:
    """The chain, showing the events of some hosts."""
    links: list[dict[str, object]] = []
    last, closed, open_events = None, 0, 0
    for last in events:
        if last.host_id in shown:
            links.append({"event": last.event, "salt": last.salt})
            closed, open_events = 0, open_events + 1
            continue
        closed += 1
        if closed > 1:
            links.pop()
        links.append({"closed": closed, "after": last.after})
    if last is None:
        return Chain((), START, 0, 0)
    return Chain(tuple(links), last.after, int(str(last.event["revision"])), open_events)


def walk(links: Iterable[Plain]) -> str:
    """The head that these links lead to.

    Raises:
        KeyError, ValueError, TypeError: a link is not one.
    """
    at = START
    for one in links:
        if "closed" in one:
            at = str(one["after"])
        else:
            event = one["event"]
            if not isinstance(event, Mapping):
                raise TypeError("an event is an object")
            at = link(at, event, str(one["salt"]))
    return at


def head_at(events: Iterable[Event], revision: int, secret: bytes) -> str:
    """The link after the event of a revision: to compare a ledger with what was signed earlier."""
    at = START
    for one in linked((event for event in events if event.revision <= revision), secret):
        at = one.after
    return at
