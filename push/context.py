"""What every act at hosts needs: whose campaign, which ledger, which pusher, whose clock, and when to stop."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from muster.approvals import Request
from muster.clock import Clock
from muster.ids import CampaignId, HostId, RunnerId
from muster.ports import Ledger, Pusher, StopSignal
from push.orders import OrderBook


@dataclass(frozen=True, slots=True)
class Never:
    """A stop that is never set."""

    def is_set(self) -> bool:
        """No."""
        return False


NEVER = Never()


class Approvals(Protocol):
    """Knows which acts a person has to approve first."""

    def pass_or_ask(self, requests: Sequence[Request], *, by: str) -> None:
        """Return when everything that is wanted may be done; otherwise ask for what lacks.

        Raises:
            ApprovalNeeded: somebody has to approve first.
        """
        ...


@dataclass(frozen=True, slots=True)
class NoneNeeded:
    """Lets everything through."""

    def pass_or_ask(self, requests: Sequence[Request], *, by: str) -> None:
        """Ask nobody."""


NONE_NEEDED = NoneNeeded()


def nobody_barred() -> Mapping[HostId, str]:
    """Every visit may begin."""
    return {}


@dataclass(frozen=True, slots=True)
class Context:
    """One runner at one campaign.

    Attributes:
        stop: everything ends as soon as it safely can.
        held_back: nothing new begins; what was begun comes to its end. Set whenever ``stop`` is.
        lease_s: how long a host stays claimed without a sign of life.
        barred: asked before hosts are let go: those of visits whose people may not begin them any more, and why.
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
    approvals: Approvals = NONE_NEEDED
    barred: Callable[[], Mapping[HostId, str]] = nobody_barred
