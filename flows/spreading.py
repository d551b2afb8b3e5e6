"""Hand out what is to be done at hosts, to whoever can reach them; flows call ``spread`` and know nothing of engines.

Where the flow was carried out in this process, everything is done here. Where it was handed to workers, the hosts are
cut into parts, each of one reach, and each part is handed to that reach's queue.
"""

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from flows.acts import Act, Part
from flows.batches import carry_out_here
from flows.outlasting import on_a_worker
from flows.reach import queue_of
from flows.services import Services, services_of
from muster.errors import EngineError
from muster.fleet import Fleet
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from push.release import LOOK_SECONDS, refuse_when_stopped, take_over

TRIES = 5
"""How often a part whose process died is handed out, in all."""
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of parts that were handed to workers.

    Attributes:
        died: parts whose process ended without a word; what it left open is in the ledger.
        not_taken: parts that no worker began.
        absent: reaches whose queue nobody serves.
        failed: what flows said that ended with an error.
    """

    died: tuple[Part, ...] = ()
    not_taken: tuple[Part, ...] = ()
    absent: frozenset[str] = NOBODY
    failed: tuple[str, ...] = ()


@dataclass(slots=True)
class Spread:
    """One act at hosts, handed out until nothing of it is left that could be done.

    Attributes:
        absent: reaches that nobody serves; their hosts are left as they are.
    """

    workspace: str
    campaign_id: CampaignId
    act: Act
    absent: set[str] = field(default_factory=set)

    def over(self, host_ids: Sequence[HostId]) -> None:
        """Hand the hosts out, and again those of processes that died."""
        services = services_of(self.workspace)
        left = cut_parts(host_ids, services.ledger.fleet(), services.part_hosts)
        for number in range(TRIES):
            left = tuple(part for part in left if part.reach not in self.absent)
            if not left:
                return
            if number:
                self._wait_until_free(services, left)
            left = self._hand_out(services, left)
        raise EngineError(
            f"{sum(len(part.host_ids) for part in left)} hosts were handed to workers {TRIES} times, and each died",
            hint="look at the workers' machines; what was achieved is in the ledger: muster status",
        )

    def _hand_out(self, services: Services, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Hand the parts out and wait for their ends; gives those that have to be handed out again."""
        from flows.workers import hand_out

        handed = hand_out(self.workspace, str(self.campaign_id), parts, self.act)
        if handed.failed:
            refuse_when_stopped(services.context(self.campaign_id))
            raise EngineError(
                f"a part of the {self.act.what} ended on a worker: {handed.failed[0]}",
                hint="what was achieved is in the ledger: muster status; then carry on with muster run",
            )
        self.absent |= handed.absent
        for part in handed.not_taken:
            if part.reach == services.reach:  # every worker has its hands full, or waits as we do
                carry_out_here(self.workspace, str(self.campaign_id), part.host_ids, self.act)
        return (*handed.died, *(part for part in handed.not_taken if part.reach != services.reach))

    def _wait_until_free(self, services: Services, parts: Sequence[Part]) -> None:
        """Wait until nobody has these hosts in hand: a process that died loses its leases."""
        context = services.context(self.campaign_id)
        theirs = {host_id for part in parts for host_id in part.host_ids}
        while any(
            one.status is HostStatus.CLAIMED
            for one in context.ledger.hosts(context.campaign_id)
            if one.host_id in theirs
        ):
            take_over(context)
            refuse_when_stopped(context)
            time.sleep(LOOK_SECONDS)


def spread(
    workspace: str, campaign_id: str, host_ids: Sequence[HostId], act: Act, *, absent: AbstractSet[str] = NOBODY
) -> frozenset[str]:
    """Have an act done at these hosts, by whoever can reach them; wait for its end.

    ``absent`` are reaches that are known to have no worker; gives them, with those that were found to have none.
    """
    if not host_ids:
        return frozenset(absent)
    if not on_a_worker():
        carry_out_here(workspace, campaign_id, host_ids, act)
        return NOBODY
    spreading = Spread(workspace, CampaignId(campaign_id), act, set(absent))
    spreading.over(host_ids)
    return frozenset(spreading.absent)


def cut_parts(host_ids: Sequence[HostId], fleet: Fleet, size: int) -> tuple[Part, ...]:
    """Parts of one reach each and of at most ``size`` hosts, as equal as can be, in the order of the hosts."""
    groups: dict[str, list[HostId]] = {}
    for host_id in host_ids:
        groups.setdefault(fleet.site[fleet.host[host_id].site_id].reach, []).append(host_id)
    return tuple(
        Part(reach, tuple(members[start : start + most]))
        for reach, members in groups.items()
        for most in [_equal(len(members), size)]
        for start in range(0, len(members), most)
    )


def _equal(count: int, size: int) -> int:
    """The size of parts of ``count`` that are no larger than ``size`` and as equal as can be."""
    parts = -(-count // size)
    return -(-count // parts)


def must_have_been_there(absent: AbstractSet[str]) -> None:
    """Say which hosts were left because nobody stands where they can be reached.

    Raises:
        EngineError: with the reaches.
    """
    if absent:
        shown = ", ".join(sorted(map(queue_of, absent)))
        raise EngineError(
            f"no worker takes the hosts of the reach {shown}: they were left as they are",
            hint=f"start one there: muster worker --reach {min(absent)}; then muster run",
        )
