"""Incidents and referrals: things that happened at a client, each with an owner and a state."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from muster.ids import CampaignId, ClientId, PartnerId, VisitId
from partners.errors import Refused


class MatterKind(StrEnum):
    """What it is."""

    INCIDENT = "incident"
    REFERRAL = "referral"


class MatterState(StrEnum):
    """How far it is."""

    OPEN = "open"
    IN_HAND = "in hand"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of its history."""

    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that the owner of a client must see to.

    Attributes:
        owner: who of us it belongs to; a referral is this person's to follow, never the partner's to take.
    """

    id: str
    kind: MatterKind
    partner_id: PartnerId
    client_id: ClientId
    owner: str
    text: str
    state: MatterState
    history: tuple[Entry, ...]
    campaign_id: CampaignId | None = None
    visit_id: VisitId | None = None


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what it concerns."""

    partner_id: PartnerId
    client_id: ClientId
    campaign_id: CampaignId | None = None
    visit_id: VisitId | None = None


def opened(matter_id: str, kind: MatterKind, about: About, text: str, *, owner: str, by: str, at: datetime) -> Matter:
    """A new one.

    Raises:
        Refused: it says nothing, or belongs to nobody.
    """
    if not text.strip():
        raise Refused(f"an {kind} needs words", hint="say what happened")
    if not owner.strip():
        raise Refused(
            f"client {about.client_id} has no owner, and the {kind} would belong to nobody",
            hint="muster partner client CLIENT --owner NAME, or --owner here",
        )
    first = Entry(at, by, text)
    return Matter(
        matter_id,
        kind,
        about.partner_id,
        about.client_id,
        owner,
        text,
        MatterState.OPEN,
        (first,),
        about.campaign_id,
        about.visit_id,
    )


def moved(matter: Matter, state: MatterState, text: str, *, by: str, at: datetime, owner: str = "") -> Matter:
    """With another state, a line of history, and perhaps another owner.

    Raises:
        Refused: it is closed already.
    """
    if matter.state is MatterState.CLOSED:
        raise Refused(f"{matter.id} is closed", hint="open a new one that names it")
    entry = Entry(at, by, text or f"now {state}")
    return replace(matter, state=state, owner=owner or matter.owner, history=(*matter.history, entry))
