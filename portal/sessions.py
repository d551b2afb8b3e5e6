"""Who is in: a random word in a cookie, its hash in the database, an end when it is idle and an end in any case."""

from datetime import datetime, timedelta
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from ledger.portal_store import Account, Link, Session
from muster.ids import ClientId, PartnerId, PersonId
from portal.access import LoginWanted, Role, Viewer
from portal.keys import hashed, random_word
from portal.services import Portal, portal_of

SEEN_EVERY = timedelta(seconds=60)
"""How exactly a session's last use is known; each sign of life is a write."""


def viewer_of(request: Request) -> Viewer:
    """Who is logged in with this request's cookie.

    Raises:
        LoginWanted: nobody, or not any more.
    """
    known = getattr(request.state, "viewer", None)
    if isinstance(known, Viewer):
        return known
    word = request.cookies.get(cookie_name(portal_of(request)))
    if not word:
        raise LoginWanted("please log in")
    viewer = _viewer(portal_of(request), word)
    request.state.viewer = viewer
    request.state.csrf = csrf_of(portal_of(request), word)
    return viewer


def viewer_or_none(request: Request) -> Viewer | None:
    """Who is logged in, if anybody is."""
    try:
        return viewer_of(request)
    except LoginWanted:
        return None


def csrf_of(portal: Portal, word: str) -> str:
    """The word that every form of a session must carry."""
    return portal.keys.tag("csrf", word)


def begin(request: Request, response: Response, *, account: Account | None = None, link: Link | None = None) -> str:
    """Let somebody in: a new session (whatever was there before is left behind), and its cookie; gives its hash."""
    portal = portal_of(request)
    leave(request)
    now, word = portal.clock.now(), random_word()
    ends = now + timedelta(hours=portal.settings.portal_session_h)
    if link is not None:
        ends = link.expires_at
    session = Session(
        id_hash=hashed(word),
        account_id=account.id if account else None,
        link_id=link.id if link else None,
        how="link" if link else "oidc" if account and account.password_hash is None else "password",
        created_at=now,
        seen_at=now,
        ends_at=ends,
        address=address_of(request),
        agent=request.headers.get("user-agent", "")[:200],
    )
    portal.store.begin_session(session)
    set_cookie(portal, response, cookie_name(portal), word, ends - now)
    return session.id_hash


def leave(request: Request) -> None:
    """End the session of a request, where there is one."""
    portal = portal_of(request)
    if word := request.cookies.get(cookie_name(portal)):
        portal.store.end_session(hashed(word))


def own_session_hash(request: Request) -> str:
    """Which of an account's sessions a request belongs to."""
    return hashed(request.cookies.get(cookie_name(portal_of(request)), ""))


def set_cookie(portal: Portal, response: Response, name: str, value: str, lasts: timedelta) -> None:
    """A cookie that scripts cannot read and other sites cannot send."""
    response.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=is_secure(portal),
        httponly=True,
        samesite="lax",  # strict would log everybody out who follows a link in a letter
    )


def is_secure(portal: Portal) -> bool:
    """Whether browsers reach the portal by https."""
    return portal.settings.portal_url.startswith("https://")


def cookie_name(portal: Portal) -> str:
    """With https, a name that browsers accept from this very host only."""
    return "__Host-muster" if is_secure(portal) else "muster"


def address_of(request: Request) -> str:
    """Where a request came from, as far as the server knows."""
    return request.client.host if request.client else ""


def _viewer(portal: Portal, word: str) -> Viewer:
    found = portal.store.session(hashed(word))
    if found is None:
        raise LoginWanted("please log in")
    session, account, link = found
    now = portal.clock.now()
    idle = timedelta(minutes=portal.settings.portal_idle_min)
    if session.ends_at <= now or (session.link_id is None and session.seen_at + idle <= now):
        portal.store.end_session(session.id_hash)
        raise LoginWanted("the session has ended")
    viewer = (
        _of_link(link, now) if session.link_id else _of_account(account, session, portal.settings.portal_second_factor)
    )
    if viewer is None:
        raise LoginWanted("please log in")
    if session.seen_at + SEEN_EVERY <= now:
        portal.signs_of_life.see(session.id_hash, now)
    return viewer


def _of_account(account: Account | None, session: Session, wanted: str) -> Viewer | None:
    return None if account is None or account.disabled else viewer_of_account(account, session.how, wanted)


def viewer_of_account(account: Account, how: str, second_factor: str = "optional") -> Viewer:
    """The viewer that an account makes; ``second_factor`` is the setting that says of whom one is asked."""
    asked = second_factor == "everybody" or (second_factor == "managers" and account.role == Role.MANAGER)
    return Viewer(
        account_id=account.id,
        name=account.name,
        role=Role(account.role),
        client_ids=cast("tuple[ClientId, ...]", account.client_ids),
        partner_id=PartnerId(account.partner_id) if account.partner_id else None,
        engineer_id=PersonId(account.engineer_id) if account.engineer_id else None,
        timezone=account.timezone,
        language=account.language,
        how=how,
        factor_missing=asked and how == "password" and account.factor is None,
    )


def _of_link(link: Link | None, now: datetime) -> Viewer | None:
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        return None
    return Viewer(
        account_id=f"link:{link.id}",
        name=link.name,
        role=Role(link.role),
        client_ids=cast("tuple[ClientId, ...]", link.client_ids),
        partner_id=PartnerId(link.partner_id) if link.partner_id else None,
        engineer_id=PersonId(link.engineer_id) if link.engineer_id else None,
        timezone=link.timezone,
        language=link.language,
        how="link",
    )
