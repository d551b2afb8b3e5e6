"""The process that pushes one visit: ``python -m portal.field.push_process WORKSPACE CAMPAIGN VISIT BY``.

Machines that gave no answer are asked first. Then those that need it are pushed, and those that failed or are unknown
are pushed again: both take their turn in the waves, with every gate, and only for as long as the visit is open.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from flows.engine import CarryOut, engine
from flows.services import services_of
from muster.errors import MusterError, NothingToPlan
from muster.ids import CampaignId, HostId, VisitId
from muster.outcomes import HostStatus
from muster.settings import load_settings

PUSHED = "visit pushed"
FAILED = "visit not pushed"
"""The kind of note that says why the machines of a visit could not be pushed."""
ASKED_FIRST = frozenset(
    {HostStatus.UNREACHABLE, HostStatus.PENDING, HostStatus.UNSUPPORTED, HostStatus.UNTRUSTED, HostStatus.ROLLED_BACK}
)


def main(words: Sequence[str]) -> int:
    """Push the visit that the words name; 0 when every act was carried out."""
    folder, campaign, visit, by = words
    services = services_of(folder)
    campaign_id, visit_id = CampaignId(campaign), VisitId(visit)
    try:
        settings = load_settings(Path(folder))
        with engine(
            settings.engine,
            prefect_home=settings.path(settings.prefect_home),
            idle_s=settings.prefect_idle_s,
            work_pool=settings.work_pool,
        ) as carry_out:
            push(carry_out, folder, campaign_id, visit_id, by=by)
    except MusterError as error:
        data = {"why": error.message, "what_to_do": error.hint}
        services.ledger.note(FAILED, by=by, campaign_id=campaign_id, visit_id=visit_id, data=data)
        return error.exit_code
    finally:
        services.close()
    return 0


def push(carry_out: CarryOut, folder: str, campaign_id: CampaignId, visit_id: VisitId, *, by: str) -> None:
    """Ask, push, and push again what failed."""
    ledger = services_of(folder).ledger
    binding = ledger.dispatched(campaign_id)
    if binding is None:
        raise NothingToPlan("no plan binds")
    hosts = [str(host_id) for host_id in ledger.plan(binding.plan_id).visit[visit_id].host_ids]
    common = {"workspace": folder, "campaign_id": str(campaign_id)}
    standing = {state.host_id: state.status for state in ledger.hosts(campaign_id)}
    silent = [host for host in hosts if standing.get(HostId(host)) in ASKED_FIRST]
    if silent:
        carry_out("probe", {**common, "host_ids": silent})
    for retry in (False, True):
        carry_out("waves", {**common, "ahead": True, "retry": retry, "only": hosts, "by": by, "by_itself": True})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
