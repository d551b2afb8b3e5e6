"""How often pushes of a campaign fail or meet a host that is offline: its own attempts, or what its file says."""

from dataclasses import dataclass

from flows.services import Services
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from muster.steps import StepName
from scheduler.tries import PRIOR_FAILED, PRIOR_OFFLINE, Rate, Tries, rate

OFFLINE = HostStatus.UNREACHABLE
FAILED = frozenset({HostStatus.FAILED, HostStatus.UNKNOWN, HostStatus.UNTRUSTED, HostStatus.ROLLED_BACK})
RIGHT = frozenset({HostStatus.VERIFIED, HostStatus.RIGHT})


@dataclass(frozen=True, slots=True)
class KnownTries:
    """The two rates with their evidence, and how often a host may fail before it waits for a person."""

    failed: Rate
    offline: Rate
    most_failures: int

    @property
    def tries(self) -> Tries:
        """As a simulation takes it."""
        return Tries(self.failed.share, self.offline.share, self.most_failures)

    @property
    def sentences(self) -> tuple[str, str]:
        """With the evidence of each, such as ``2.6% of tries fail (3 of 120 did)``."""
        return self.failed.sentence("fail"), self.offline.sentence("find the host offline")

    def replaced(self, failed: float | None, offline: float | None) -> "KnownTries":
        """The same with what somebody asks about instead, where it is not None."""
        return KnownTries(
            self.failed if failed is None else Rate(failed, chosen="the option"),
            self.offline if offline is None else Rate(offline, chosen="the option"),
            self.most_failures,
        )


def tries_of(services: Services, campaign_id: CampaignId) -> KnownTries:
    """What is known of a campaign's pushes that have ended; a host that was not there says nothing about failures.

    Raises:
        NotFound: there is no such campaign.
    """
    campaign = services.ledger.campaign(campaign_id)
    ended = [
        one.outcome.status
        for one in services.ledger.attempts(campaign_id)
        if one.step is StepName.APPLY and one.outcome is not None
    ]
    offline, failed = sum(one is OFFLINE for one in ended), sum(one in FAILED for one in ended)
    reached = failed + sum(one in RIGHT for one in ended)
    chosen = campaign.forecast
    return KnownTries(
        rate(failed, reached, PRIOR_FAILED, chosen.failed),
        rate(offline, reached + offline, PRIOR_OFFLINE, chosen.offline),
        campaign.gates.max_failures_per_host,
    )
