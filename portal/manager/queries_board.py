"""The board: the state of a campaign in one glance."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from flows.forecast import Forecast, forecasts_of
from flows.services import Services
from muster.campaign import Campaign
from muster.errors import Conflict
from muster.fleet import Fleet
from muster.ids import CampaignId, ClientId, HostId, SiteId
from muster.outcomes import HostStatus
from muster.records import WaveRow, WaveState
from muster.words import count
from portal.manager.burn import FINE, Ahead, Burn, ahead_of, burns, series
from portal.manager.common import path_of
from portal.manager.following import TROUBLE, Places, Protected, Troubles, WaveMoves
from portal.manager.hands import FAILED
from portal.manager.kept import kept, kept_besides, kept_for_good
from portal.reading import CampaignNow, Reading
from portal.words import TONES
from reports.grouping import RANK, WHAT_NEXT, HostGroup
from reports.summary import SIGNS
from reports.words import pace

SHOWN_GROUPS = 6
SHOWN_PLACES = 6
SHOWN_WAVES = 4
SHOWN_ENDED = 2
LOOKED_BACK = 50_000
LONGEST_NAMES = 140

NEXT_STEP = {
    HostStatus.FAILED: "Find out why, say it, and try again.",
    HostStatus.UNKNOWN: "Ask the machines how they stand.",
    HostStatus.UNTRUSTED: "Compare the fingerprints on the machine itself, then trust the new key: muster hosts trust.",
    HostStatus.UNREACHABLE: "See that they are on and connected, then ask again; or plan a visit on site.",
    HostStatus.UNSUPPORTED: "Plan a visit on site, or decide to leave them.",
    HostStatus.ROLLED_BACK: "Find out why, then ask again; the next run pushes the fix.",
}
"""Where the ledger has no better hint."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many machines stand in one state."""

    status: HostStatus
    number: int
    sign: str
    tone: str
    path: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Machines that have the same trouble.

    Attributes:
        key: names the group in a form.
        explain: whether a person must say why before they are tried again.
        retry, ask: whether trying again, and asking anew, make sense.
    """

    key: str
    status: HostStatus
    sign: str
    tone: str
    number: int
    cause: str
    hint: str
    names: str
    explain: bool
    retry: bool
    ask: bool
    path: str


@dataclass(frozen=True, slots=True)
class Place:
    """One site or client: how its machines stand."""

    name: str
    client: str
    path: str
    counts: dict[str, int]
    hosts: int
    open: int
    trouble: int


@dataclass(frozen=True, slots=True)
class WaveLine:
    """One wave, as short as it can be said."""

    number: int
    hosts: int
    protected: int
    lost: int
    state: WaveState
    tone: str
    verdict: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ended:
    """What somebody asked for by a button and that could not do its work."""

    what: str
    hosts: int
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the page shows."""

    hosts: int
    protected: int
    counts: dict[str, int]
    tallies: tuple[Tally, ...]
    pace: str
    burns: tuple[Burn, Burn]
    ahead: Ahead
    forecast: Forecast | None
    failures: tuple[Failure, ...]
    more_failures: int
    in_trouble: int
    places: tuple[Place, ...]
    all_places: int
    waves: tuple[WaveLine, ...]
    all_waves: int
    ended: tuple[Ended, ...]

    @property
    def open(self) -> int:
        """Machines that are not protected."""
        return self.hosts - self.protected

    @property
    def bar(self) -> tuple[tuple[int, str], ...]:
        """How many machines have each tone, from what is well to what nobody has asked yet."""
        by_tone: Counter[str] = Counter()
        for one in self.tallies:
            by_tone[one.tone] += one.number
        return tuple((by_tone[tone], tone) for tone in ("good", "busy", "warn", "bad", "idle"))

    @property
    def share(self) -> float:
        """Of all machines, those that are protected (0 to 1)."""
        return self.protected / self.hosts if self.hosts else 0.0


def board_of(services: Services, reading: Reading, found: CampaignNow) -> Board:
    """The board of one campaign."""
    campaign = found.campaign
    counts = reading.counts(campaign.id)
    hosts, protected = counts.total(), sum(number for status, number in counts.items() if status.protected)
    forecast = newest_forecast(services, reading, campaign.id)
    failures = failures_of(reading, campaign)
    places = places_of(reading, campaign.id)
    pictures, ahead = _burns(services, reading, campaign, hosts, hosts - protected, forecast)
    return Board(
        hosts=hosts,
        protected=protected,
        counts={status.value: number for status, number in counts.items()},
        tallies=tuple(_tallies(campaign.id, counts)),
        pace=pace(hosts - protected, campaign.deadline - reading.now),
        burns=pictures,
        ahead=ahead,
        forecast=forecast,
        failures=failures[:SHOWN_GROUPS],
        more_failures=max(0, len(failures) - SHOWN_GROUPS),
        in_trouble=sum(one.number for one in failures),
        places=places[:SHOWN_PLACES],
        all_places=len(places),
        waves=wave_lines(reading, found, tuple(reversed(found.waves[-SHOWN_WAVES:]))),
        all_waves=len(found.waves),
        ended=kept_besides(reading, ("ended", campaign.id), lambda: _ended(services, reading, campaign.id)),
    )


def newest_forecast(services: Services, reading: Reading, campaign_id: CampaignId) -> Forecast | None:
    """The forecast that was made last."""
    made = kept_besides(reading, ("forecasts", campaign_id), lambda: forecasts_of(services, campaign_id))
    return made[-1] if made else None


def failures_of(reading: Reading, campaign: Campaign) -> tuple[Failure, ...]:
    """Every machine that wants a person's eye, those with the same trouble together, the worst first."""
    limit = campaign.gates.max_failures_per_host
    return tuple(_failure(campaign, one, explain=most >= limit) for one, most in _groups(reading, campaign.id))


def hosts_of_failure(reading: Reading, campaign: Campaign, key: str) -> tuple[HostId, ...]:
    """The machines of a group, as they stand now.

    Raises:
        Conflict: there is no such group any more.
    """
    for group, _ in _groups(reading, campaign.id):
        if _key(group) == key:
            return group.host_ids
    raise Conflict("these machines do not stand as they did", hint="look at the board again")


def places_of(reading: Reading, campaign_id: CampaignId) -> tuple[Place, ...]:
    """Every site of the campaign, those with trouble first, then those with most that is open."""
    return reading.followed(campaign_id, "sites", lambda: _sites(reading.fleet, campaign_id), Places.told)


def clients_of(reading: Reading, campaign_id: CampaignId) -> tuple[Place, ...]:
    """The same by client."""
    ids = reading.in_order(campaign_id)
    return reading.followed(campaign_id, "clients", lambda: _clients(reading.fleet, campaign_id, ids), Places.told)


def wave_lines(reading: Reading, found: CampaignNow, waves: tuple[WaveRow, ...]) -> tuple[WaveLine, ...]:
    """Some waves with how their machines stand; each is counted anew only where one of its machines has moved."""
    campaign_id = found.campaign.id
    moves = reading.followed(campaign_id, "waves", WaveMoves, lambda one: one.moves(found.waves))
    return tuple(
        kept(
            reading,
            ("wave", campaign_id, wave.number, wave.state),
            partial(_wave_line, reading, campaign_id, wave),
            at=moves[wave.number],
        )
        for wave in waves
    )


def _wave_line(reading: Reading, campaign_id: CampaignId, wave: WaveRow) -> WaveLine:
    states = reading.states(campaign_id, wave.host_ids)
    return WaveLine(
        wave.number,
        len(wave.host_ids),
        sum(one.status.protected for one in states),
        sum(one.status in {HostStatus.FAILED, HostStatus.UNKNOWN} for one in states),
        wave.state,
        {WaveState.OPEN: "busy", WaveState.PASSED: "good", WaveState.HALTED: "bad"}[wave.state],
        wave.verdict,
        wave.opened_at,
        wave.closed_at,
    )


def _ended(services: Services, reading: Reading, campaign_id: CampaignId) -> tuple[Ended, ...]:
    """The last that were started by a button and ended badly, of the last day; the newest first."""
    after = max(0, reading.revision - LOOKED_BACK)
    found = services.ledger.events(campaign_id=campaign_id, after=after, kinds=[FAILED])
    fresh = [one for one in found if reading.now - one.at < timedelta(days=1)][-SHOWN_ENDED:]
    return tuple(
        Ended(
            str(one.data.get("act", "")),
            int(str(one.data.get("hosts", 0))),
            one.by,
            one.at,
            str(one.data.get("why", "")).removeprefix("muster: "),
        )
        for one in reversed(fresh)
    )


def _burns(
    services: Services, reading: Reading, campaign: Campaign, hosts: int, still_open: int, forecast: Forecast | None
) -> tuple[tuple[Burn, Burn], Ahead]:
    now, ledger = reading.now, services.ledger
    first = kept_for_good(reading, ("first", campaign.id), lambda: ledger.events(campaign_id=campaign.id, limit=1))
    begun = min(first[0].at if first else now, now)
    by_minute = now - begun <= FINE
    ends = reading.followed(campaign.id, "protected", Protected, lambda one: one.ends(by_minute=by_minute))
    points = series(hosts, ends, begun, now)
    ahead = ahead_of(reading, reading.binding_plan(campaign.id), campaign.deadline, still_open, forecast)
    return burns(points, ahead, campaign.deadline, campaign.timezone), ahead


def _tallies(campaign_id: CampaignId, counts: Counter[HostStatus]) -> Iterator[Tally]:
    for status in reversed(RANK):
        if counts[status]:
            path = f"{path_of(campaign_id)}/hosts?status={status.name.lower()}"
            yield Tally(status, counts[status], SIGNS[status], TONES[status], path)


def _groups(reading: Reading, campaign_id: CampaignId) -> tuple[tuple[HostGroup, int], ...]:
    return reading.followed(campaign_id, "troubles", lambda: Troubles(reading.fleet), Troubles.groups)


def _failure(campaign: Campaign, group: HostGroup, *, explain: bool) -> Failure:
    usual = group.hint in {"", WHAT_NEXT[group.status]}
    names = group.names if len(group.names) <= LONGEST_NAMES else f"{group.names[:LONGEST_NAMES]}…"
    return Failure(
        key=_key(group),
        status=group.status,
        sign=SIGNS[group.status],
        tone=TONES[group.status],
        number=len(group),
        cause=group.cause,
        hint=NEXT_STEP[group.status] if usual else group.hint,
        names=names,
        explain=explain,
        retry=group.status in {HostStatus.FAILED, HostStatus.UNKNOWN},
        ask=group.status is not HostStatus.UNTRUSTED,
        path=f"{path_of(campaign.id)}/hosts?status={group.status.name.lower()}",
    )


def _key(group: HostGroup) -> str:
    about = f"{group.status.value}\n{group.stage.value}\n{group.cause}\n{group.hint}"
    return sha256(about.encode()).hexdigest()[:16]


def _sites(fleet: Fleet, campaign_id: CampaignId) -> Places[SiteId, Place]:
    def place(site_id: SiteId, counts: Counter[HostStatus]) -> Place:
        site = fleet.site[site_id]
        return _place(campaign_id, site.name, fleet.client[site.client_id].name, f"site={site_id}", counts)

    return Places(lambda host_id: fleet.host[host_id].site_id if host_id in fleet.host else None, place, _rank)


def _clients(fleet: Fleet, campaign_id: CampaignId, host_ids: Iterable[HostId]) -> Places[ClientId, Place]:
    client_of = {site.id: site.client_id for site in fleet.sites}
    there = {fleet.host[host_id].site_id for host_id in host_ids if host_id in fleet.host}
    sites = Counter(client_of[site_id] for site_id in there)

    def place(client_id: ClientId, counts: Counter[HostStatus]) -> Place:
        words = count(sites[client_id], "site")
        return _place(campaign_id, fleet.client[client_id].name, words, f"client={client_id}", counts)

    return Places(
        lambda host_id: client_of[fleet.host[host_id].site_id] if host_id in fleet.host else None, place, _rank
    )


def _place(campaign_id: CampaignId, name: str, client: str, query: str, counts: Counter[HostStatus]) -> Place:
    return Place(
        name,
        client,
        f"{path_of(campaign_id)}/hosts?{query}",
        {status.value: number for status, number in counts.items()},
        counts.total(),
        sum(number for status, number in counts.items() if not status.protected),
        sum(number for status, number in counts.items() if status in TROUBLE),
    )


def _rank(one: Place) -> tuple[int | str, ...]:
    return -one.trouble, -one.open, one.client, one.name, one.path
