"""The ledger as long sums read it: fleet, crew, campaigns, plans and hosts come from memory, the rest as ever.

To read 100,000 machines takes some seconds, and a sum reads them more than once. What is known is as new as the
newest refresh, which is just before a sum.
"""

from copy import copy
from typing import cast

from muster.campaign import Campaign
from muster.crew import Crew
from muster.fleet import Fleet
from muster.ids import CampaignId, PlanId
from muster.plan import Plan
from muster.ports import Ledger
from muster.records import DispatchedPlan, HostState, WaveRow
from muster.wiring import Wired
from portal.reading import Reading


class KnownLedger:
    """A ledger whose readers of everything are answered from memory; what is not said here is the ledger's own."""

    def __init__(self, reading: Reading, ledger: Ledger) -> None:
        self._reading, self._ledger = reading, ledger

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    def fleet(self) -> Fleet:
        """Every client, site and host."""
        return self._reading.fleet

    def crew(self) -> Crew:
        """Every engineer and partner."""
        return self._reading.crew

    def campaigns(self) -> tuple[Campaign, ...]:
        """All, the newest last."""
        return self._reading.campaigns()

    def campaign(self, campaign_id: CampaignId) -> Campaign:
        """One campaign.

        Raises:
            NotFound: there is none.
        """
        return self._reading.campaign(campaign_id).campaign

    def dispatched(self, campaign_id: CampaignId) -> DispatchedPlan | None:
        """Which plan binds."""
        return self._reading.campaign(campaign_id).dispatched

    def waves(self, campaign_id: CampaignId) -> tuple[WaveRow, ...]:
        """The waves of a campaign."""
        return self._reading.campaign(campaign_id).waves

    def plan(self, plan_id: PlanId) -> Plan:
        """One plan.

        Raises:
            NotFound: there is none.
        """
        return self._reading.plan(plan_id)

    def hosts(self, campaign_id: CampaignId) -> tuple[HostState, ...]:
        """Every host of a campaign as it stands, by id."""
        return self._reading.states(campaign_id, self._reading.in_order(campaign_id))


def knowing(services: Wired, reading: Reading) -> Wired:
    """The same services, whose ledger answers from memory where it can."""
    _ = services.book  # it stays on the ledger itself
    made = copy(services)
    vars(made)["ledger"] = cast("Ledger", KnownLedger(reading, services.ledger))
    return made
