"""When sessions were last used: written down together, a moment later, and not while somebody waits for a page.

Each is a write, and a write waits for whoever else is writing, such as a push.
"""

import threading
from datetime import datetime

from ledger.portal_store import PortalStore
from muster.errors import MusterError

TOGETHER_S = 1.0
"""How long signs of life are gathered."""


class SignsOfLife:
    """Gathers which sessions were used, and writes that down beside the requests."""

    def __init__(self, store: PortalStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._seen: dict[str, datetime] = {}
        self._writes = False

    def see(self, id_hash: str, at: datetime) -> None:
        """A session was used."""
        with self._lock:
            self._seen[id_hash] = at
            if self._writes:
                return
            self._writes = True
        writer = threading.Timer(TOGETHER_S, self._write)
        writer.daemon = True
        writer.start()

    def _write(self) -> None:
        with self._lock:
            seen, self._seen, self._writes = self._seen, {}, False
        try:
            self._store.see_sessions(seen)
        except MusterError:
            return  # a database that is busy for long must not put anybody out; the next request says it again
