"""Links: an address that lets one person of a partner or a client in, from the one device that opens it first.

The word in it is random and only its hash is kept. It shows a page with one button: letters' scanners open addresses,
and must not use a link up. The button binds the link to the device by a cookie; from then on the same address lets only
that device in, until the link expires or is revoked.
"""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.portal_rows import Link
from ledger.portal_store import PortalStore
from muster.clock import Clock, SystemClock
from muster.errors import InputError
from muster.ports import Ledger
from portal.access import Role, nothing_there, open_to_all
from portal.accounts import Whom
from portal.client.speech import Speech
from portal.forms import OpenForm
from portal.keys import hashed, random_word, same
from portal.limits import count_way_in
from portal.reading import Reading
from portal.render import page
from portal.services import Portal, portal_of, reading_of
from portal.sessions import address_of, begin, is_secure, set_cookie
from portal.words import local
from reports.notices.languages import language

router = APIRouter()
ROLES = {Role.PARTNER_MANAGER, Role.PARTNER_TECHNICIAN, Role.CLIENT_CONTACT}
LONGEST = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Links:
    """Making links and taking them back; ``by`` is who does it."""

    ledger: Ledger
    store: PortalStore
    by: str
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state

    def add(self, whom: Whom, *, lasts: timedelta, timezone: str = "", language: str = "") -> tuple[Link, str]:
        """Make one; gives the word of its address, which is shown once.

        Raises:
            InputError: the role is one that must have an account, or it would last too long.
        """
        if whom.role not in ROLES:
            raise InputError(f"links are for partners and clients; the role {whom.role} needs an account")
        if not timedelta(0) < lasts <= LONGEST:
            raise InputError(f"a link lasts up to {LONGEST.days} days", hint="such as --days 14")
        word, now = random_word(), self.clock.now()
        link = Link(
            id=random_word()[:12].replace("-", "x").replace("_", "y"),
            secret_hash=hashed(word),
            name=whom.name,
            role=whom.role.value,
            client_ids=whom.client_ids,
            partner_id=whom.partner_id,
            engineer_id=whom.engineer_id,
            timezone=timezone,
            language=language,
            created_at=now,
            created_by=self.by,
            expires_at=now + lasts,
        )
        self.store.add_link(link)
        self._note("link made", link)
        return link, word

    def revoke(self, link_id: str) -> None:
        """Take one back; whoever is in with it is out.

        Raises:
            NotFound: there is none.
        """
        self.store.revoke_link(link_id, self.clock.now())
        self.ledger.note("portal: link revoked", by=self.by, data={"link": link_id})

    def _note(self, what: str, link: Link) -> None:
        data = {"link": link.id, "for": link.name, "role": link.role, "until": link.expires_at.isoformat()}
        self.ledger.note(f"portal: {what}", by=self.by, data=data)


def link_address(portal_url: str, word: str) -> str:
    """The address to send."""
    return f"{portal_url.rstrip('/')}/enter/{word}"


@router.get("/enter/{word}", dependencies=[Depends(open_to_all)])
def offer(request: Request, word: str) -> Response:
    """Show whom a link is for, and the button that opens it."""
    request.state.link_word = word
    link = _good(portal_of(request), word)
    return _offered(request, link, word)


@router.post("/enter", dependencies=[Depends(open_to_all)])
def enter(request: Request, form: OpenForm) -> Response:
    """Open a link: bind it to this device, or know the device again."""
    portal, word = portal_of(request), form.text("word", "")
    request.state.link_word = word
    count_way_in(request, "link")
    link = _good(portal, word)
    device = request.cookies.get(_cookie(portal, link), "")
    response = RedirectResponse("/", 303)
    if not device:
        device = random_word()
        if not portal.store.bind_link(link.id, hashed(device), portal.clock.now()):
            return _offered(request, link, word, elsewhere=True)
        set_cookie(portal, response, _cookie(portal, link), device, link.expires_at - portal.clock.now())
        data = {"link": link.id, "from": address_of(request)}
        portal.services.ledger.note("portal: link opened first", by=f"{link.name} (link:{link.id})", data=data)
    elif link.device_hash is None or not same(hashed(device), link.device_hash):
        return _offered(request, link, word, elsewhere=True)
    begin(request, response, link=link)
    return response


def _offered(request: Request, link: Link, word: str, *, elsewhere: bool = False) -> Response:
    """The page of a link, to a client's contact in their language; ``elsewhere``: it is another device's."""
    speech = Speech(language(_language(reading_of(request), link)))
    until = local(link.expires_at, link.timezone)
    return page(
        request, None, "enter.html", status=403 if elsewhere else 200, link=link, word=word, elsewhere=elsewhere,
        t=speech, language=speech.code, until=until,
    )  # fmt: skip


def _language(reading: Reading, link: Link) -> str:
    """The link's own, else that of the client's sites; partners' pages are in English."""
    if link.role != Role.CLIENT_CONTACT:
        return "en"
    sites = (one for one in reading.fleet.sites if one.client_id in link.client_ids)
    return link.language or next((one.language for one in sites if one.language), "")


def language_of_link(request: Request) -> str:
    """The language of the link that a request follows, also where it has ended; empty where it follows none."""
    word = getattr(request.state, "link_word", "")
    link = portal_of(request).store.link(hashed(word)) if word else None
    return _language(reading_of(request), link) if link is not None else ""


def _good(portal: Portal, word: str) -> Link:
    link = portal.store.link(hashed(word))
    if link is None or link.revoked_at is not None or link.expires_at <= portal.clock.now():
        raise nothing_there()
    return link


def _cookie(portal: Portal, link: Link) -> str:
    return f"{'__Host-' if is_secure(portal) else ''}muster-device-{link.id}"
