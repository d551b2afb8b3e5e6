"""What every request is handed: the workspace's services, and what the portal keeps in memory."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from starlette.requests import Request

from ledger.portal_store import PortalStore
from muster.clock import Clock, SystemClock
from muster.settings import Settings
from muster.wiring import Wired
from portal.identity import Provider
from portal.keys import Keys
from portal.reading import Reading
from portal.seen import SignsOfLife

if TYPE_CHECKING:
    from portal.live import Watcher
    from portal.metrics import Metrics


@dataclass(frozen=True)
class Portal:
    """One portal, for as long as it serves.

    Attributes:
        provider: the company's identity provider, where one is set.
        clock: real time, for sessions, links and tokens; campaigns have their own (``services.clock``).
    """

    services: Wired
    settings: Settings
    store: PortalStore
    keys: Keys
    reading: Reading
    provider: Provider | None
    watch: "Watcher"
    metrics: "Metrics"
    signs_of_life: SignsOfLife
    clock: Clock = field(default_factory=SystemClock)


def portal_of(request: Request) -> Portal:
    """The portal that answers this request."""
    return cast("Portal", request.app.state.portal)


def services_of(request: Request) -> Wired:
    """The workspace's services: ledger, book, pusher, clock."""
    return portal_of(request).services


def reading_of(request: Request) -> Reading:
    """What is known, brought up to the newest event."""
    reading = portal_of(request).reading
    reading.refresh()
    return reading
