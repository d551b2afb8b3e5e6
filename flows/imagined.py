"""The services of a world that is not so yet: reads see the changes, and nothing can be written.

A change is planned and shown before it binds. Everything that plans (``flows.planning``, ``flows.profit``) reads from
services, so it is handed these, and needs to know nothing of changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from flows.services import Services
from muster.campaign import Campaign
from muster.clock import Clock
from muster.crew import Crew, Engineer, Partner
from muster.fleet import Client, Fleet, Host, Site
from muster.ids import CampaignId, ClientId, HostId, PartnerId
from muster.messages import Message
from muster.outcomes import HostStatus, Stage
from muster.ports import Ledger
from muster.records import HostState
from partners.papers import Book, Change, Kept, Shelf

if TYPE_CHECKING:  # they bring numpy and mail, which only plans and letters need
    from reports.sending.outlets import Outlets
    from scheduler.travel import Travel

T = TypeVar("T")
READS = frozenset({"revision", "campaigns", "plan", "plans", "dispatched", "attempts", "events", "waves", "stopped"})
"""What is asked of the real ledger as it is."""


@dataclass(frozen=True)
class Imagined:
    """What would be otherwise.

    Attributes:
        fleet, crew: rows that are added, or that replace those of the same id.
        enrol: machines that are in the campaign then; nobody has asked them anything.
        campaign: its policy then.
        papers: written in the book then.
    """

    fleet: Fleet = field(default_factory=Fleet)
    crew: Crew = field(default_factory=Crew)
    enrol: tuple[HostId, ...] = ()
    campaign: Campaign | None = None
    papers: tuple[Change, ...] = ()


class ImaginedServices:
    """``Services`` as they would be; made by ``as_though``."""

    def __init__(self, real: Services, what: Imagined) -> None:
        self._real = real
        self.ledger = cast("Ledger", _ImaginedLedger(real.ledger, what))  # of its methods only those that read
        self.book: Book = _ImaginedBook(real.book, what.papers)

    @property
    def currency(self) -> str:
        """The company's currency."""
        return self._real.currency

    @property
    def batch_hosts(self) -> int:
        """Hosts in one Prefect task run."""
        return self._real.batch_hosts

    @property
    def outlets(self) -> "Outlets":
        """Where letters' words and addresses come from; nothing is sent from an imagined world."""
        return self._real.outlets

    @property
    def travel(self) -> "Travel":
        """How long ways take."""
        return self._real.travel

    @property
    def clock(self) -> Clock:
        """What time it is."""
        return self._real.clock


def as_though(services: Services, what: Imagined) -> Services:
    """The services of a world in which this is so. They write nothing and touch no host."""
    return cast("Services", ImaginedServices(services, what))


def merged(there: Fleet, more: Fleet) -> Fleet:
    """A fleet with more rows; those of a known id are replaced in their place."""
    clients: dict[ClientId, Client] = {**there.client, **more.client}
    sites: dict[str, Site] = {**{str(key): one for key, one in there.site.items()}, **_by_id(more.sites)}
    hosts: dict[HostId, Host] = {**there.host, **more.host}
    return Fleet(tuple(clients.values()), tuple(sites.values()), tuple(hosts.values()))


def _by_id(sites: Sequence[Site]) -> dict[str, Site]:
    return {str(site.id): site for site in sites}


class _ImaginedLedger:
    """The few reads that are changed, read once, and those of ``READS`` as they are."""

    def __init__(self, real: Ledger, what: Imagined) -> None:
        self._real, self._what = real, what
        self._hosts: dict[CampaignId, tuple[HostState, ...]] = {}

    def __getattr__(self, name: str) -> object:
        if name not in READS:
            raise TypeError(f"{name}: an imagined ledger is only read")
        return getattr(self._real, name)

    def fleet(self) -> Fleet:
        return self._fleet

    def crew(self) -> Crew:
        return self._crew

    @cached_property
    def _fleet(self) -> Fleet:
        more = self._what.fleet
        there = self._real.fleet()
        return merged(there, more) if more.clients or more.sites or more.hosts else there

    @cached_property
    def _crew(self) -> Crew:
        there, more = self._real.crew(), self._what.crew
        people: dict[str, Engineer] = {str(one.id): one for one in (*there.engineers, *more.engineers)}
        partners: dict[PartnerId, Partner] = {one.id: one for one in (*there.partners, *more.partners)}
        return Crew(tuple(people.values()), tuple(partners.values()))

    def campaign(self, campaign_id: CampaignId) -> Campaign:
        changed = self._what.campaign
        return changed if changed is not None and changed.id == campaign_id else self._real.campaign(campaign_id)

    def hosts(self, campaign_id: CampaignId) -> tuple[HostState, ...]:
        if campaign_id not in self._hosts:
            self._hosts[campaign_id] = self._all_hosts(campaign_id)
        return self._hosts[campaign_id]

    def _all_hosts(self, campaign_id: CampaignId) -> tuple[HostState, ...]:
        there = self._real.hosts(campaign_id)
        known = {one.host_id for one in there}
        new = [one for one in self._what.enrol if one not in known]
        if not new:
            return there
        newest = max((one.changed_at for one in there), default=datetime(1970, 1, 1, tzinfo=UTC))
        added = (_pending(host_id, newest) for host_id in new)
        return tuple(sorted((*there, *added), key=lambda one: one.host_id))


def _pending(host_id: HostId, at: datetime) -> HostState:
    return HostState(
        host_id=host_id,
        status=HostStatus.PENDING,
        stage=Stage.NOT_STARTED,
        cause="",
        hint="",
        attempts=0,
        failures_in_row=0,
        wave=0,
        visit_id=None,
        person_id=None,
        runner_id=None,
        lease_expires_at=None,
        finding=None,
        changed_at=at,
    )


class _ImaginedBook:
    """The book with papers that are not written yet."""

    def __init__(self, real: Book, papers: Sequence[Change]) -> None:
        self._real, self._papers = real, papers

    def find(self, shelf: Shelf[T], key: str) -> Kept[T] | None:
        new = [one for one in self._papers if (one.shelf, one.index.key) == (shelf.name, key)]
        return _kept(shelf, new[-1]) if new else self._real.find(shelf, key)

    def papers(
        self,
        shelf: Shelf[T],
        *,
        partner_id: PartnerId | None = None,
        client_id: ClientId | None = None,
        campaign_id: CampaignId | None = None,
    ) -> tuple[Kept[T], ...]:
        there = self._real.papers(shelf, partner_id=partner_id, client_id=client_id, campaign_id=campaign_id)
        wanted = ((partner_id, "partner_id"), (client_id, "client_id"), (campaign_id, "campaign_id"))
        found = {shelf.index(one.value).key: one for one in there}
        for one in self._papers:
            if one.shelf == shelf.name:
                fits = all(value is None or getattr(one.index, name) == value for value, name in wanted)
                found.pop(one.index.key, None)
                if fits:
                    found[one.index.key] = _kept(shelf, one)
        return tuple(found[key] for key in sorted(found))

    def write(self, changes: Sequence[Change], *, by: str, messages: Sequence[Message] = ()) -> int:
        raise TypeError(f"an imagined book is only read ({len(changes)} changes, {len(messages)} messages by {by})")


def _kept(shelf: Shelf[T], one: Change) -> Kept[T]:
    if not isinstance(one.value, shelf.of):
        raise TypeError(f"{shelf.name} holds no {type(one.value).__name__}")
    return Kept(one.value, one.replaces + 1)
