"""Whom to ask for at a site: what the client's own contact wrote, else the client's address."""

from dataclasses import dataclass

from muster.fleet import Client, Site
from muster.ids import ClientId, SiteId
from partners.file import ClientTerms
from partners.papers import TERMS, Book, Index, Shelf


@dataclass(frozen=True, slots=True)
class SiteContact:
    """Somebody at a site.

    Attributes:
        arriving: how one gets in: the entrance, the bell, where to park; in the client's words.
        owner: who of us answers for the client; is called where nobody is there.
    """

    site_id: SiteId
    client_id: ClientId
    name: str = ""
    phone: str = ""
    arriving: str = ""
    owner: str = ""
    email: str = ""


CONTACTS = Shelf("site contact", SiteContact, lambda one: Index(one.site_id, None, one.client_id))


def contact_of(book: Book, site: Site, client: Client) -> SiteContact:
    """Whom to ask for at a site, with the client's address and owner to fall back on."""
    kept = book.find(CONTACTS, site.id)
    found = SiteContact(site.id, client.id) if kept is None else kept.value
    terms = book.find(TERMS, client.id)
    owner = (ClientTerms(client.id) if terms is None else terms.value).owner
    return SiteContact(site.id, client.id, found.name, found.phone, found.arriving, owner, client.email)
