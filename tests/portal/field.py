"""What the tests of people in the field share: a world in which visits may be started now."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from muster.crew import Crew
from muster.fleet import Fleet, Place
from muster.ids import HostId, PersonId, VisitId
from muster.outcomes import HostStatus, Stage
from muster.records import ProbeRecord
from muster.running import RunningPolicy
from tests.portal.world import CAMPAIGN, NOW, World


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


def silent(world: World, host_ids: Iterable[HostId]) -> None:
    """These do not answer any more, so that somebody has to go there."""
    chosen = list(host_ids)
    world.ledger.begin_probes(CAMPAIGN, chosen, by="test")
    records = [
        ProbeRecord(one, HostStatus.UNREACHABLE, None, Stage.CONNECT, "no answer at port 5985", "", NOW)
        for one in chosen
    ]
    world.ledger.record_probes(CAMPAIGN, records, by="test")


def lives_in_edmonton(world: World, person_id: str) -> None:
    """A person of the crew lives where the yard is; by road it is a day from everybody else."""
    person = replace(world.ledger.crew().engineer[PersonId(person_id)], home=Place(53.5, -113.45))
    world.ledger.save_inventory(Fleet(), Crew(engineers=(person,)), by="test")
