"""A bad password is tried once: an account that is tried with it at every host of a fleet is locked by noon.

An account of a domain is the same account at every host. So until one host has taken its password, hosts ask it one
after the other (a host that does not answer holds up the next for 2 seconds only); once one host has said no, no other
is asked. After one host has said yes, all go ahead, and a no is that host's own. Local accounts are judged for each
host by itself. What is kept of a password is a keyed digest.

The same holds for SSH and for sudo's password. With a memory (``push/secrets_refused.py``) it holds across processes
too, until the reference stands for another password or a person says so.
"""

import hmac
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from muster.errors import AuthenticationRefused, MusterError
from muster.outcomes import Stage
from push.secrets_refused import RefusedPasswords
from push.transport import Guard

PROOF_S = 2.0
"""A host that has not answered a logon for so long holds up the others no more; one of them goes ahead."""
MOST_PROVERS = 3
"""So many hosts may be asked at one time before one has answered; accounts are usually locked after five or ten."""
NEVER_AGAIN = "tried once and not again, so that the account is not locked"
HINT = "correct user and credential of this host, then muster retry; to try the same again: muster hosts forgive"


log = logging.getLogger(__name__)


class LogonRefused(Exception):
    """The host said no to the credential; ``offers`` is what it would take instead, where it says so."""

    def __init__(self, offers: str = "") -> None:
        super().__init__(offers)
        self.offers = offers


@dataclass(slots=True)
class _Account:
    proven: bool = False
    provers: int = 0
    last_began_at: float = 0.0
    refused: bool = False
    refused_at: set[str] = field(default_factory=set)


class PasswordGate:
    """What this process knows about passwords; safe to share between threads."""

    def __init__(self, memory: RefusedPasswords | None = None) -> None:
        """``memory`` keeps refusals for other processes and later ones."""
        self.memory = memory
        self._key = os.urandom(32)
        self._accounts: dict[bytes, _Account] = {}
        self._changed = threading.Condition()

    @contextmanager
    def attempt(self, user: str, secret: str, host: str, guard: Guard, *, reference: str = "") -> Iterator[None]:
        """Around one logon; the body raises :class:`LogonRefused` when the host says no.

        ``reference`` is where the password came from, for people who read what was refused.

        Raises:
            AuthenticationRefused: this password was refused before; nothing was sent.
        """
        account = self._account(user, secret, host)
        self._remember(account, user, secret, host)
        prover = self._enter(account, user, host, guard)
        try:
            yield
        except LogonRefused:
            everywhere = _of_a_domain(user) and not account.proven
            self._write_down(_who(user, "" if everywhere else host), secret, reference)
            self._leave(account, host, prover, proven=False, refused=True)
            raise
        except BaseException:
            self._leave(account, host, prover, proven=False, refused=False)
            raise
        self._leave(account, host, prover, proven=True, refused=False)

    def _account(self, user: str, secret: str, host: str) -> _Account:
        scope = _who(user, "" if _of_a_domain(user) else host)
        key = hmac.digest(self._key, f"{scope}\0{secret}".encode(), "sha256")
        with self._changed:
            return self._accounts.setdefault(key, _Account())

    def _write_down(self, who: str, secret: str, reference: str) -> None:
        """Before anybody is told, or who asks the memory now would try once more."""
        if self.memory is None:
            return
        try:
            self.memory.add(who, secret, reference)
        except MusterError as error:  # the host's no is what counts; this process knows it in any case
            log.warning("a refused password could not be written down: %s", error.message)

    def _remember(self, account: _Account, user: str, secret: str, host: str) -> None:
        """Take over what was refused in other processes, or let it be tried again where a person said so."""
        if self.memory is None:
            return
        everywhere = _of_a_domain(user) and self.memory.holds(_who(user, ""), secret)
        here = self.memory.holds(_who(user, host), secret)
        with self._changed:
            account.refused = everywhere
            (account.refused_at.add if here else account.refused_at.discard)(host)

    def _enter(self, account: _Account, user: str, host: str, guard: Guard) -> bool:
        """Go ahead at once, or as the one who proves; True for the latter."""
        with self._changed:
            while True:
                if account.refused or host in account.refused_at:
                    guard.reached(Stage.AUTHENTICATE)
                    raise AuthenticationRefused(
                        f"the password of {user} was refused before: {NEVER_AGAIN}; nothing was sent", hint=HINT
                    )
                if account.proven:
                    return False
                since_s = time.monotonic() - account.last_began_at
                if not account.provers or (account.provers < MOST_PROVERS and since_s > PROOF_S):
                    account.provers += 1
                    account.last_began_at = time.monotonic()
                    return True
                self._changed.wait(guard.slice_s())

    def _leave(self, account: _Account, host: str, prover: bool, *, proven: bool, refused: bool) -> None:  # noqa: FBT001
        with self._changed:
            if prover:
                account.provers -= 1
            account.proven = account.proven or proven
            if refused:
                account.refused_at.add(host)
                account.refused = not account.proven
            self._changed.notify_all()


def _who(user: str, host: str) -> str:
    """An account; with its host where it is the host's own."""
    return f"{user.lower()} at {host}" if host else user.lower()


def _of_a_domain(user: str) -> bool:
    domain, slash, _ = user.rpartition("\\")
    return "@" in user or bool(slash and domain not in {"", "."})


SHARED = PasswordGate()
"""The one of this process."""
