"""How many hosts may be at work at one time over all machines together: for a client's network, for a partner.

The limits are Prefect's global concurrency limits, so that workers on several machines share them. A batch holds as
many slots as it has hosts, and a batch under a limit has no more hosts than that: so the sum of what is at work never
passes it. The slots of a process that died come free when their lease ends.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import CampaignId, HostId
from muster.ports import Ledger

LEASE_S = 60.0
"""How long the slots of a process that died stay taken; the shortest that Prefect knows."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Hosts of one task run, and the limits that they count against."""

    host_ids: tuple[HostId, ...]
    limits: tuple[str, ...] = ()


def prefect_name(limit: str) -> str:
    """The name of a limit in Prefect, which does not take every character: such as ``muster-client-acme``."""
    return "muster-" + re.sub(r"[^A-Za-z0-9_.-]+", "-", limit)


def cut(
    host_ids: Sequence[HostId], size: int, counts_against: Mapping[HostId, tuple[str, ...]], limits: Mapping[str, int]
) -> Iterator[Batch]:
    """Batches of at most ``size`` hosts that count against the same limits, those without any first."""
    groups: dict[tuple[str, ...], list[HostId]] = {}
    for host_id in host_ids:
        groups.setdefault(counts_against.get(host_id, ()), []).append(host_id)
    for names, members in sorted(groups.items(), key=lambda group: bool(group[0])):
        most = min([size, *(limits[name] for name in names)])
        for start in range(0, len(members), most):
            yield Batch(tuple(members[start : start + most]), names)


def limits_of_hosts(
    ledger: Ledger, campaign_id: CampaignId, host_ids: Sequence[HostId], limits: Mapping[str, int]
) -> dict[HostId, tuple[str, ...]]:
    """The limits that each host counts against: its client's, and that of the partner whose person is sent."""
    if not limits:
        return {}
    fleet = ledger.fleet()
    partners = _partners(ledger, campaign_id) if any(name.startswith("partner ") for name in limits) else {}
    found: dict[HostId, tuple[str, ...]] = {}
    for host_id in host_ids:
        named = (f"client {_client(fleet, host_id)}", f"partner {partners.get(host_id, '')}")
        found[host_id] = tuple(name for name in named if name in limits)
    return found


def _partners(ledger: Ledger, campaign_id: CampaignId) -> dict[HostId, str]:
    """Whose people go to each host; read only where it counts: a worker in a client's network may know no people."""
    crew = ledger.crew()
    return {one.host_id: _partner(crew, str(one.person_id)) for one in ledger.hosts(campaign_id)}


def _client(fleet: Fleet, host_id: HostId) -> str:
    return fleet.site[fleet.host[host_id].site_id].client_id


def _partner(crew: Crew, person_id: str) -> str:
    return next((person.partner_id or "" for person in crew.engineers if person.id == person_id), "")


def make_known(limits: Mapping[str, int]) -> None:
    """Have Prefect know these limits as they are now."""
    if not limits:
        return
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectAlreadyExists

    with get_client(sync_client=True) as client:
        for name, most in limits.items():
            try:
                client.upsert_global_concurrency_limit_by_name(prefect_name(name), most)
            except ObjectAlreadyExists:  # another machine has made it between the client's question and its own making
                client.upsert_global_concurrency_limit_by_name(prefect_name(name), most)


@contextmanager
def room_for(count: int, limits: Sequence[str]) -> Iterator[None]:
    """Wait until so many hosts may be at work under these limits, and hold their slots for the block."""
    if not limits:
        yield
        return
    from prefect.concurrency.sync import concurrency

    with concurrency(
        [prefect_name(name) for name in limits],
        occupy=count,
        lease_duration=LEASE_S,
        strict=True,
        # a renewal that fails for a moment must not break off pushes that are under way
        raise_on_lease_renewal_failure=False,
    ):
        yield
