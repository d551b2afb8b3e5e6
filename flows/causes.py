"""A host that keeps failing is not tried again before a person has said why."""

from collections.abc import Sequence

from flows.services import Services
from muster.campaign import Campaign
from muster.errors import InputError
from muster.ids import HostId
from muster.records import HostState
from reports.folding import fold

SHORTEST_CAUSE = 5


def explain(services: Services, campaign: Campaign, only: Sequence[HostId] | None, *, cause: str, by: str) -> None:
    """Write down why the named hosts kept failing; without a cause, refuse those that need one.

    Raises:
        InputError: a named host has failed too often and no cause is given, or a cause for nobody.
    """
    named = set(only or ())
    stuck = [one for one in services.ledger.hosts(campaign.id) if one.host_id in named and _needs_cause(one, campaign)]
    if cause.strip():
        if only is None:
            raise InputError("a cause is about certain hosts", hint='name them: muster retry HOST --cause "..."')
        if len(cause.strip()) < SHORTEST_CAUSE:
            raise InputError(f"{cause!r} explains nothing", hint="say in a sentence why it failed, and what was done")
        services.ledger.explain_failures(campaign.id, tuple(only), by=by, cause=cause.strip())
    elif stuck:
        names = fold(one.host_id for one in stuck)
        raise InputError(
            f"{names} failed {max(one.failures_in_row for one in stuck)} times in a row: {stuck[0].cause}",
            hint=f'find out why, then: muster retry {stuck[0].host_id} --cause "..." --by "your name"',
        )


def _needs_cause(state: HostState, campaign: Campaign) -> bool:
    return not state.status.protected and state.failures_in_row >= campaign.gates.max_failures_per_host
