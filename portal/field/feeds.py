"""Calendar feeds: somebody's visits at a private address that a calendar asks by itself, until it is taken back.

The address holds a random word of 256 bits. What is kept of it is its hash, so that the ledger gives nobody a way in;
the word itself is shown once. Whoever has it sees the visits of one person and nothing else, and can change nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from flows.services import Services
from muster.ids import PartnerId, PersonId
from muster.plan import VisitMode
from muster.words import count
from partners.papers import Index, Kept, Shelf, change
from portal.access import nothing_there
from portal.field.views import Card
from portal.keys import hashed, random_word
from portal.services import Portal
from reports.invitations import Appointment, calendar


@dataclass(frozen=True, slots=True)
class Feed:
    """A private address, by the hash of its random word."""

    id: str
    account_id: str
    person_id: PersonId
    name: str
    made_at: datetime
    partner_id: PartnerId | None = None
    revoked_at: datetime | None = None


FEEDS = Shelf(
    "calendar feed", Feed, lambda one: Index(one.id, one.partner_id, state="" if one.revoked_at is None else "revoked")
)


def make_feed(
    services: Services, account_id: str, person_id: PersonId, name: str, *, by: str, partner_id: PartnerId | None = None
) -> str:
    """A new address for a person; older ones of the same account end. Gives the word, which is told this once."""
    word, now = random_word(), services.clock.now()
    feed = Feed(hashed(word), account_id, person_id, name, now, partner_id)
    ended = [
        change(FEEDS, replace(k.value, revoked_at=now), "calendar feed revoked", k) for k in _open(services, account_id)
    ]
    services.book.write([*ended, change(FEEDS, feed, "calendar feed made")], by=by)
    return word


def revoke_feeds(services: Services, account_id: str, *, by: str) -> int:
    """End every address of an account; gives how many there were."""
    now, there = services.clock.now(), _open(services, account_id)
    services.book.write(
        [change(FEEDS, replace(k.value, revoked_at=now), "calendar feed revoked", k) for k in there], by=by
    )
    return len(there)


def feed_of(services: Services, account_id: str) -> Feed | None:
    """The address that an account has now."""
    return next((kept.value for kept in _open(services, account_id)), None)


def feed_by(services: Services, word: str) -> Feed:
    """The feed of an address.

    Raises:
        NotFound: there is none, or it was taken back.
    """
    kept = services.book.find(FEEDS, hashed(word))
    if kept is None or kept.value.revoked_at is not None:
        raise nothing_there()
    return kept.value


def is_still_theirs(portal: Portal, feed: Feed) -> bool:
    """Whether whoever made the address may still come in, as the same person: it ends with their account or link."""
    kind, _, link_id = feed.account_id.partition(":")
    if kind == "link" and link_id:
        link = next((one for one in portal.store.links() if one.id == link_id), None)
        good = link is not None and link.revoked_at is None and link.expires_at > portal.clock.now()
        return link is not None and good and link.engineer_id == feed.person_id
    account = portal.store.account(feed.account_id)
    return account is not None and not account.disabled and account.engineer_id == feed.person_id


def feed_ics(cards: Iterable[Card], *, company: str, at: datetime) -> bytes:
    """Somebody's visits as a calendar, with the rules of every zone in it."""
    return calendar((appointment(one) for one in cards), name=f"{company}: visits", at=at)


def appointment(card: Card) -> Appointment:
    """A visit as a calendar's entry; the same visit has the same name for as long as it is one."""
    machines = count(card.machines, "machine")
    way = f"\nOn the way: {card.travel_minutes} minutes" if card.travel_minutes else ""
    door = f"\nOpen {card.door}" if card.door else ""
    onsite = card.mode is VisitMode.ONSITE
    return Appointment(
        uid=f"{card.visit_id}-{card.person_id}@{card.campaign_id}.muster",
        title=f"{card.client}, {card.site}{'' if onsite else ' (remote)'}",
        text=f"{machines}{way}{door}",
        place=(card.address or card.site) if onsite else "",
        starts=card.starts,
        ends=card.ends,
    )


def _open(services: Services, account_id: str) -> list[Kept[Feed]]:
    kept = services.book.papers(FEEDS)
    return [one for one in kept if one.value.account_id == account_id and one.value.revoked_at is None]
