"""Programs' keys to the API: each acts for an account, within its scopes, until it expires or is revoked."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from starlette.requests import Request

from ledger.portal_rows import Token
from ledger.portal_store import PortalStore
from muster.clock import Clock, SystemClock
from muster.errors import InputError, MusterError, NotFound
from muster.ports import Ledger
from portal.access import LoginWanted, Viewer
from portal.keys import hashed, random_word
from portal.services import portal_of
from portal.sessions import viewer_of_account

PREFIX = "muster_"
"""So that a scanner of published code knows one when it sees it."""
LONGEST = timedelta(days=400)
SEEN_EVERY = timedelta(minutes=5)


class Scope(StrEnum):
    """What a token is for."""

    READ = "read"
    ACT = "act"
    """To change something: stop, resume, promote. It reads, too."""
    METRICS = "metrics"


class ScopeMissing(MusterError):
    """The token is a good one, and not for this."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Making tokens and taking them back; ``by`` is who does it."""

    ledger: Ledger
    store: PortalStore
    by: str
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state

    def add(self, account_id: str, name: str, scopes: tuple[Scope, ...], *, lasts: timedelta) -> tuple[Token, str]:
        """Make one; gives its word, which is shown once.

        Raises:
            NotFound: there is no such account.
            InputError: it has no scope, or would last too long.
        """
        account = self.store.account(account_id.strip().lower())
        if account is None or account.disabled:
            raise NotFound(f"there is no account {account_id}", hint="muster portal accounts list names them")
        if not scopes:
            raise InputError("a token needs a scope", hint=f"one or more of: {', '.join(Scope)}")
        if not timedelta(0) < lasts <= LONGEST:
            raise InputError(f"a token lasts up to {LONGEST.days} days", hint="such as --days 90")
        word, now = PREFIX + random_word(), self.clock.now()
        token = Token(
            id=hashed(word)[:10],
            secret_hash=hashed(word),
            account_id=account.id,
            name=name,
            scopes=tuple(one.value for one in scopes),
            created_at=now,
            created_by=self.by,
            expires_at=now + lasts,
        )
        self.store.add_token(token)
        data = {"token": token.id, "for": name, "account": account.id, "scopes": ", ".join(token.scopes)}
        self.ledger.note("portal: token made", by=self.by, data=data)
        return token, word

    def revoke(self, token_id: str) -> None:
        """Take one back.

        Raises:
            NotFound: there is none.
        """
        self.store.revoke_token(token_id, self.clock.now())
        self.ledger.note("portal: token revoked", by=self.by, data={"token": token_id})


def token_viewer(request: Request, scope: Scope) -> Viewer:
    """Whom the request's token acts for.

    Raises:
        LoginWanted: there is no token, or it is no good (any more).
        ScopeMissing: it is not for this.
    """
    portal = portal_of(request)
    kind, _, word = request.headers.get("authorization", "").partition(" ")
    found = portal.store.token(hashed(word.strip())) if kind.lower() == "bearer" and word else None
    if found is None:
        raise LoginWanted("a token is wanted")
    token, account = found
    now = portal.clock.now()
    if token.revoked_at is not None or token.expires_at <= now or account is None or account.disabled:
        raise LoginWanted("a token is wanted")
    if scope.value not in token.scopes and not (scope is Scope.READ and Scope.ACT.value in token.scopes):
        raise ScopeMissing(f"the token has not the scope {scope}")
    if token.used_at is None or token.used_at + SEEN_EVERY <= now:
        portal.store.see_token(token.id, now)
    return viewer_of_account(account, "token")
