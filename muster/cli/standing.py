"""How a campaign stands in sums, for campaigns so large that nobody reads their hosts one by one."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from muster.campaign import Campaign
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from muster.ports import Ledger
from muster.records import Standing, WaveState
from muster.words import count
from reports.grouping import RANK, WHAT_NEXT

LARGE = 5_000
"""From so many hosts on, ``muster status`` shows sums unless it is asked for every host."""
SHOWN_CAUSES = 20
WAVES_ARE = {WaveState.OPEN: "under way", WaveState.PASSED: "passed", WaveState.HALTED: "halted"}


def sums_page(ledger: Ledger, campaign_id: CampaignId, *, now: datetime) -> Group:
    """The whole campaign on one screen, failures first, by what the ledger counts itself."""
    return page_of(ledger.campaign(campaign_id), ledger.standing(campaign_id), now=now)


def page_of(campaign: Campaign, standing: Standing, *, now: datetime) -> Group:
    """The page of a standing."""
    lines: list[RenderableType] = [_headline(campaign, standing, now), *_notices(standing), Text()]
    for status in RANK:
        if number := standing.by_status.get(status, 0):
            lines.append(Text(f"{number:>9,}  {status.value}", style="" if status.protected else "bold"))
            lines += _causes(standing, status)
    lines.append(Text("\nsums only: muster status --all has a line for every host, muster report writes files"))
    return Group(*lines)


def _headline(campaign: Campaign, standing: Standing, now: datetime) -> Text:
    left = campaign.deadline - now
    days = "the deadline has passed" if left.total_seconds() <= 0 else f"{left.days} days to the deadline"
    local = f"{campaign.deadline.astimezone(ZoneInfo(campaign.timezone)):%a %d %b %Y %H:%M %Z}"
    hosts = count(standing.hosts, "host")
    return Text(f"{campaign.name}: {standing.protected:,} of {hosts} protected, {days} ({local})", style="bold")


def _notices(standing: Standing) -> list[Text]:
    lines: list[Text] = []
    if standing.stop is not None:
        lines.append(Text(f"STOPPED by {standing.stop.by}: {standing.stop.reason}", style="bold red"))
        lines.append(Text("  nothing starts until a person lets it go on: muster resume --by NAME"))
    if (wave := standing.last_wave) is not None:
        verdict = f": {wave.verdict}" if wave.verdict else ""
        lines.append(Text(f"wave {wave.number} ({count(wave.hosts, 'host')}) {WAVES_ARE[wave.state]}{verdict}"))
    return lines


def _causes(standing: Standing, status: HostStatus) -> list[RenderableType]:
    found = [one for one in standing.open if one.status is status]
    lines: list[RenderableType] = []
    for one in found[:SHOWN_CAUSES]:
        words = "; ".join(each for each in (one.cause, one.hint or WHAT_NEXT[status]) if each)
        lines.append(Padding(Text(f"{one.hosts:>9,}  {words}"), (0, 0, 0, 4), expand=False))
    if rest := sum(one.hosts for one in found[SHOWN_CAUSES:]):
        lines.append(Padding(Text(f"{rest:>9,}  for other causes"), (0, 0, 0, 4), expand=False))
    return lines
