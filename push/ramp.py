"""The waves that the ramp counts: those that pushed what the campaign pushes now.

A fix with other parameters is a fix that no host has been seen to bear: it begins with a canary of every kind again,
whatever the waves before it proved.
"""

from datetime import datetime
from itertools import pairwise

from muster.ids import CampaignId
from muster.ports import Ledger
from muster.records import Event, WaveRow, WaveState

CAMPAIGN_KINDS = ("campaign opened", "campaign changed")
NEW_CONTENT = "fix changed"
"""Kind of the note with which a person says that the fix itself is another one than before."""
PAGE = 1000


def counted_waves(ledger: Ledger, campaign_id: CampaignId) -> tuple[WaveRow, ...]:
    """The waves since the fix, or its parameters, last changed; all of them where neither ever did."""
    since = changed_at(ledger, campaign_id)
    waves = ledger.waves(campaign_id)
    return waves if since is None else tuple(wave for wave in waves if wave.opened_at > since)


def end_outdated_wave(ledger: Ledger, campaign_id: CampaignId, *, by: str) -> None:
    """Close a wave that is open since before the change: the rest of its hosts wait for their turn in the new ramp."""
    waves = ledger.waves(campaign_id)
    if waves and waves[-1].state is WaveState.OPEN and waves[-1] not in counted_waves(ledger, campaign_id):
        sentence = "ended early: what the campaign pushes has changed since it began"
        ledger.close_wave(campaign_id, waves[-1].number, WaveState.PASSED, sentence, by=by)


def changed_at(ledger: Ledger, campaign_id: CampaignId) -> datetime | None:
    """When what the campaign pushes last changed; None where it never did."""
    found = [event.at for event in _events(ledger, campaign_id, (NEW_CONTENT,))]
    opened = _events(ledger, campaign_id, CAMPAIGN_KINDS)
    found += [after.at for before, after in pairwise(opened) if _parameters(before) != _parameters(after)]
    return max(found, default=None)


def _events(ledger: Ledger, campaign_id: CampaignId, kinds: tuple[str, ...]) -> list[Event]:
    found: list[Event] = []
    while page := ledger.events(campaign_id=campaign_id, after=_last(found), limit=PAGE, kinds=kinds):
        found += page
    return found


def _last(events: list[Event]) -> int:
    return events[-1].revision if events else 0


def _parameters(event: Event) -> object:
    campaign = event.data.get("campaign")
    return campaign.get("parameters") if isinstance(campaign, dict) else None
