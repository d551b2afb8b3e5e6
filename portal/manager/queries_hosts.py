"""Lists: sites and clients by state, and machines; counted as a whole, shown page by page."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from muster.fleet import Fleet
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from muster.records import HostState
from portal.manager.common import Rows, rows_of
from portal.manager.kept import kept_besides
from portal.manager.queries_board import Place, clients_of, places_of
from portal.reading import Reading
from reports.grouping import what_next


@dataclass(frozen=True, slots=True)
class Sifted:
    """What a list is filtered by; empty means everything."""

    status: str = ""
    site: str = ""
    client: str = ""
    words: str = ""
    by: str = "site"
    open_only: bool = False

    def address(self, path: str) -> str:
        """The address of the list, to which a page's number may be added."""
        pairs = {
            "status": self.status,
            "site": self.site,
            "client": self.client,
            "q": self.words,
            "by": "" if self.by == "site" else self.by,
            "open": "1" if self.open_only else "",
        }
        query = urlencode({key: value for key, value in pairs.items() if value})
        return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class HostLine:
    """One machine of a list."""

    host_id: HostId
    name: str
    site: str
    client: str
    os: str
    role: str
    status: HostStatus
    cause: str
    hint: str
    attempts: int
    changed_at: datetime
    zone: str


def status_named(name: str) -> HostStatus | None:
    """A status by its name in an address, such as ``unreachable``; None where it names none."""
    return next((one for one in HostStatus if one.name.lower() == name), None)


def places(reading: Reading, campaign_id: CampaignId, sifted: Sifted, page: int) -> Rows[Place]:
    """Sites or clients; a state lists those that have a machine in it."""
    everything = clients_of(reading, campaign_id) if sifted.by == "client" else places_of(reading, campaign_id)
    status, words = status_named(sifted.status), sifted.words.casefold()
    if status is None and not words:  # as the page begins; asked of thousands, so in few words
        return rows_of([one for one in everything if one.open] if sifted.open_only else everything, page)

    def wanted(place: Place) -> bool:
        return (
            (status is None or place.counts.get(status.value, 0) > 0)
            and (not sifted.open_only or place.open > 0)
            and (not words or words in f"{place.name} {place.client}".casefold())
        )

    return rows_of([one for one in everything if wanted(one)], page)


def machines(reading: Reading, campaign_id: CampaignId, sifted: Sifted, page: int) -> Rows[HostLine]:
    """Machines as they stand, by id."""
    found = rows_of(_ids(reading, campaign_id, sifted), page)
    states = reading.states(campaign_id, found.rows)
    return Rows(tuple(_line(reading, one) for one in states), found.total, found.page, found.pages)


def _ids(reading: Reading, campaign_id: CampaignId, sifted: Sifted) -> Sequence[HostId]:
    """The machines that are wanted; only where it hangs on how they stand all of these are looked at."""
    ids = reading.in_order(campaign_id)
    if sifted.site or sifted.client:
        ids = _of_sites(reading.fleet, ids, sifted)
    if not sifted.status and not sifted.words:
        return ids
    wanted = _condition(reading, sifted)
    return [one.host_id for one in reading.states(campaign_id, ids) if wanted(one)]


def _of_sites(fleet: Fleet, ids: Iterable[HostId], sifted: Sifted) -> tuple[HostId, ...]:
    """Those at a site, or at a client's sites."""
    sites = {one.id for one in fleet.sites if sifted.site in {"", one.id} and sifted.client in {"", one.client_id}}
    theirs = {one.id for one in fleet.hosts if one.site_id in sites}
    return tuple(host_id for host_id in ids if host_id in theirs)


def _condition(reading: Reading, sifted: Sifted) -> Callable[[HostState], bool]:
    status, words = status_named(sifted.status), sifted.words.casefold()
    names = kept_besides(reading, ("folded names",), lambda: _folded(reading.fleet)) if words else {}
    causes: dict[str, bool] = {}

    def says(cause: str) -> bool:
        if cause not in causes:
            causes[cause] = words in cause.casefold()
        return causes[cause]

    def wanted(state: HostState) -> bool:
        if status is not None and state.status is not status:
            return False
        return not words or words in names.get(state.host_id, "") or says(state.cause)

    return wanted


def _folded(fleet: Fleet) -> dict[HostId, str]:
    """What a machine is found by, whatever the case of the letters."""
    return {host.id: f"{host.id} {host.name}".casefold() for host in fleet.hosts}


def _line(reading: Reading, state: HostState) -> HostLine:
    fleet = reading.fleet
    host = fleet.host[state.host_id]
    site = fleet.site[host.site_id]
    words = "; ".join(text for text in (state.cause, state.explanation) if text)
    return HostLine(
        state.host_id,
        host.name,
        site.name,
        fleet.client[site.client_id].name,
        f"{host.os.value} {host.os_version}".strip(),
        host.role,
        state.status,
        words or (state.finding.summary if state.finding and not state.status.protected else ""),
        what_next(state),
        state.attempts,
        state.changed_at,
        site.timezone,
    )
