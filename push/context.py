"""What every act at hosts needs: whose campaign, which ledger, which pusher, whose clock, and when to stop."""

from dataclasses import dataclass

from muster.clock import Clock
from muster.ids import CampaignId, RunnerId
from muster.ports import Ledger, Pusher, StopSignal
from push.orders import OrderBook


@dataclass(frozen=True, slots=True)
class Never:
    """A stop that is never set."""

    def is_set(self) -> bool:
        """No."""
        return False


NEVER = Never()


@dataclass(frozen=True, slots=True)
class Context:
    """One runner at one campaign.

    Attributes:
        stop: everything ends as soon as it safely can.
        held_back: nothing new begins; what was begun comes to its end. Set whenever ``stop`` is.
        lease_s: how long a host stays claimed without a sign of life.
    """

    campaign_id: CampaignId
    runner_id: RunnerId
    ledger: Ledger
    pusher: Pusher
    book: OrderBook
    clock: Clock
    stop: StopSignal
    lease_s: float
    held_back: StopSignal = NEVER
