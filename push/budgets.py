"""Error budgets: how many hosts a campaign may lose before nothing new starts and a person decides. Pure functions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from muster.crew import Crew
from muster.fleet import Fleet
from muster.outcomes import HostStatus
from muster.records import HostState
from muster.safety import Budget, BudgetPolicy
from push.waves import is_lost


@dataclass(slots=True)
class Spent:
    """What has been spent of one budget.

    Attributes:
        whose: such as ``the campaign``, ``client Acme``, ``OS version Debian 12`` or ``partner Northwest IT``.
    """

    whose: str
    budget: Budget
    lost: list[str] = field(default_factory=list)
    verified: int = 0

    @property
    def touched(self) -> int:
        """Hosts that something was carried to."""
        return len(self.lost) + self.verified

    def breach(self) -> str:
        """The sentence for a budget that is overspent; empty when it is not."""
        many = self.budget.lost_hosts is not None and len(self.lost) > self.budget.lost_hosts
        share = self.budget.lost_share
        large = share is not None and self.touched >= self.budget.after_hosts and len(self.lost) > share * self.touched
        if not many and not large:
            return ""
        allowed = f"{self.budget.lost_hosts} may be" if many else f"{share:.0%} may be"
        shown = ", ".join(self.lost[:5]) + (f" and {len(self.lost) - 5} more" if len(self.lost) > 5 else "")
        lost = f"{len(self.lost)} of {self.touched} lost, {allowed}"
        return f"the error budget of {self.whose} is spent: {lost} ({shown})"


def spent(
    policy: BudgetPolicy, fleet: Fleet, crew: Crew, states: Iterable[HostState], *, since: datetime | None
) -> tuple[Spent, ...]:
    """What has been spent of every budget that has a limit, the campaign's first.

    Only what has ended after ``since`` counts: when somebody last let the campaign go on, knowing of what was before.
    """
    found: dict[tuple[str, str], Spent] = {}
    for state in states:
        if not state.attempts or (since is not None and state.changed_at <= since):
            continue
        for key, whose, budget in _budgets_of(policy, fleet, crew, state):
            if budget.lost_hosts is None and budget.lost_share is None:
                continue
            one = found.setdefault(key, Spent(whose, budget))
            if is_lost(state):
                one.lost.append(str(state.host_id))
            elif state.status is HostStatus.VERIFIED:
                one.verified += 1
    return tuple(found[key] for key in sorted(found, key=lambda key: (ORDER.index(key[0]), key[1])))


def breaches(accounts: Sequence[Spent]) -> tuple[str, ...]:
    """The sentences of the budgets that are overspent."""
    return tuple(sentence for one in accounts if (sentence := one.breach()))


ORDER = ("campaign", "client", "os version", "partner")


def _budgets_of(
    policy: BudgetPolicy, fleet: Fleet, crew: Crew, state: HostState
) -> Iterable[tuple[tuple[str, str], str, Budget]]:
    """Every budget that a host counts against."""
    host = fleet.host[state.host_id]
    client = fleet.client[fleet.site[host.site_id].client_id]
    version = " ".join(part for part in (host.os.value, host.os_version) if part)
    yield ("campaign", ""), "the campaign", policy.campaign
    yield ("client", client.id), f"client {client.name}", policy.per_client
    yield ("os version", version), f"OS version {version}", policy.per_os_version
    partner = _partners(crew).get(str(state.person_id), "")
    if partner:
        yield ("partner", partner), f"partner {partner}", policy.per_partner


def _partners(crew: Crew) -> dict[str, str]:
    names = {partner.id: partner.name for partner in crew.partners}
    people: dict[str, str] = defaultdict(str)
    for person in crew.engineers:
        if person.partner_id is not None:
            people[str(person.id)] = names.get(person.partner_id, str(person.partner_id))
    return people
