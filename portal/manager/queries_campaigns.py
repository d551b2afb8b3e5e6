"""The list of campaigns: how each stands, in one line and one bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from muster.ids import CampaignId
from muster.records import WaveState
from portal.manager.common import left_words
from portal.reading import CampaignNow, Reading


@dataclass(frozen=True, slots=True)
class CampaignCard:
    """One campaign in the list.

    Attributes:
        counts: how many hosts stand where, by the status' word.
        state: in a word or two, such as ``stopped``.
        tone: how the state looks.
        note: one sentence more about it; empty where nothing is to be said.
    """

    id: CampaignId
    name: str
    deadline: datetime
    zone: str
    left: str
    hosts: int
    protected: int
    counts: Mapping[str, int]
    state: str
    tone: str
    note: str

    @property
    def open(self) -> int:
        """Hosts that are not protected."""
        return self.hosts - self.protected


def campaign_cards(reading: Reading) -> tuple[CampaignCard, ...]:
    """All campaigns: what runs first, the nearest deadline first; what is over last."""
    cards = [_card(reading, reading.campaign(one.id)) for one in reading.campaigns()]
    now = reading.now
    return tuple(sorted(cards, key=lambda one: (one.deadline <= now, abs((one.deadline - now).total_seconds()))))


def _card(reading: Reading, found: CampaignNow) -> CampaignCard:
    campaign, counts = found.campaign, reading.counts(found.campaign.id)
    hosts, protected = counts.total(), sum(number for status, number in counts.items() if status.protected)
    state, tone, note = _state(found, reading.now, hosts - protected)
    return CampaignCard(
        campaign.id,
        campaign.name,
        campaign.deadline,
        campaign.timezone,
        left_words(campaign.deadline - reading.now),
        hosts,
        protected,
        {status.value: number for status, number in counts.items()},
        state,
        tone,
        note,
    )


def _state(found: CampaignNow, now: datetime, still_open: int) -> tuple[str, str, str]:
    if found.stop is not None:
        word = "paused" if found.stop.gentle else "stopped"
        return word, "bad", f"by {found.stop.by}: {found.stop.reason}"
    if not still_open:
        return "all protected", "good", ""
    if now >= found.campaign.deadline:
        return "deadline passed", "bad", f"{still_open:,} machines are still open"
    if found.waves and found.waves[-1].state is WaveState.OPEN:
        last = found.waves[-1]
        return "pushing", "busy", f"wave {last.number}, {len(last.host_ids):,} machines"
    if found.dispatched is None:
        return ("planned", "warn", "no plan is dispatched") if found.plan_ids else ("not planned", "warn", "")
    return "under way", "busy", ""
