"""What the tests of people in the field share: a world in which visits may be started now."""

from collections.abc import Iterator
from dataclasses import replace

from muster.ids import VisitId
from muster.running import RunningPolicy
from tests.portal.world import CAMPAIGN, World


def may_start_early(world: World, *, minutes: int = 120) -> None:
    """From now on a visit may be started so long before its time."""
    campaign = world.ledger.campaign(CAMPAIGN)
    hosts = [state.host_id for state in world.ledger.hosts(CAMPAIGN)]
    world.ledger.open_campaign(replace(campaign, running=RunningPolicy(early_minutes=minutes)), hosts, by="test")


def notes(world: World, kind: str) -> Iterator[tuple[str, VisitId]]:
    """Who made notes of a kind, and of which visit."""
    for event in world.ledger.events(campaign_id=CAMPAIGN, limit=10_000):
        if event.kind == kind:
            yield event.by, VisitId(str(event.data.get("visit", "")))


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
"""The smallest picture there is."""
