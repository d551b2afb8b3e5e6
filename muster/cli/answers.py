"""Hosts that were asked and gave no answer: what was known of them stays, and whoever asked must hear of it."""

from collections.abc import Mapping
from itertools import groupby

from muster.cli.output import say
from muster.cli.workspace import Workspace
from muster.ids import CampaignId, HostId
from muster.words import count
from push.probing import UNANSWERED
from reports.folding import fold

PAGE = 1000


def unanswered(workspace: Workspace, campaign_id: CampaignId, *, after: int) -> dict[HostId, str]:
    """The hosts that were asked in vain after this revision although more was known of them before, and why."""
    found: dict[HostId, str] = {}
    while page := workspace.ledger.events(campaign_id=campaign_id, after=after, limit=PAGE, kinds=(UNANSWERED,)):
        found |= {event.host_id: str(event.data.get("cause", "")) for event in page if event.host_id is not None}
        after = page[-1].revision
    return found


def say_unanswered(silent: Mapping[HostId, str]) -> None:
    """Equal causes together."""
    by_cause = sorted(silent.items(), key=lambda one: (one[1], one[0]))
    for cause, hosts in groupby(by_cause, key=lambda one: one[1]):
        names = [host_id for host_id, _ in hosts]
        say(f"{count(len(names), 'host')} gave no answer: {cause}", style="yellow")
        say(f"  {fold(names)}; what was known before stays")
