"""Logging out at the company's identity provider, too (OpenID Connect RP-Initiated Logout 1.0).

The provider wants to see the token that it gave at the login; it is kept, sealed, for as long as the session may last.
"""

from datetime import timedelta

from ledger.portal_rows import Pending
from muster.errors import MusterError
from portal.keys import hashed
from portal.services import Portal


def end_address(portal: Portal, session_hash: str) -> str | None:
    """Where somebody who logs out is sent so that the company's login ends, too; None where there is no such place."""
    kept = portal.store.take_pending(_token_key(session_hash), portal.clock.now())
    if kept is None or portal.provider is None or not portal.settings.portal_oidc_logout:
        return None
    try:
        id_token = portal.keys.unseal(str(kept.document["id_token"]))
        return portal.provider.end(id_token, portal.settings.portal_url + "/login")
    except MusterError:  # it is away, or our key has changed: they are logged out here all the same
        return None


def keep_token(portal: Portal, session_hash: str, id_token: str) -> None:
    """Sealed, for as long as the session may last; the provider wants to see it when the session ends."""
    now = portal.clock.now()
    ends = now + timedelta(hours=portal.settings.portal_session_h)
    document: dict[str, object] = {"id_token": portal.keys.seal(id_token)}
    portal.store.add_pending(Pending(_token_key(session_hash), "oidc logout", document, ends), now)


def _token_key(session_hash: str) -> str:
    return hashed(f"logout {session_hash}")
