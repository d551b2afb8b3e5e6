"""Look at the error budgets while a campaign is pushed: when one is spent, nothing new starts and a person decides."""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

from muster.campaign import Campaign
from muster.errors import LedgerError
from muster.fleet import Fleet
from muster.ports import Ledger
from muster.safety import BudgetPolicy
from push.budgets import Spent, breaches, spent
from push.context import Context

BY = "error budget"
LOOK_SECONDS = 1.0
SHARE_OF_TIME = 0.1
"""At most this share of the time is spent on looking: with a large fleet it is looked at less often."""


def spent_of(ledger: Ledger, campaign: Campaign, fleet: Fleet) -> tuple[Spent, ...]:
    """What has been spent of every budget since a person last let the campaign go on."""
    resumed = ledger.resumed(campaign.id)
    since = resumed.at if resumed else None
    return spent(campaign.budgets, fleet, ledger.crew(), ledger.hosts(campaign.id), since=since)


def stop_when_spent(context: Context, campaign: Campaign) -> bool:
    """Stop the campaign gently when a budget is overspent; whether one is."""
    if not has_limits(campaign.budgets):
        return False
    over = breaches(spent_of(context.ledger, campaign, context.book.fleet))
    if over:
        context.ledger.stop(campaign.id, by=BY, reason="; ".join(over), gentle=True)
    return bool(over)


def has_limits(policy: BudgetPolicy) -> bool:
    """Whether any budget has a limit."""
    return any(
        one.lost_hosts is not None or one.lost_share is not None
        for one in (policy.campaign, policy.per_client, policy.per_os_version, policy.per_partner)
    )


class BudgetWatch:
    """Looks at the budgets in a thread of its own, for the length of a block; without limits it does nothing."""

    def __init__(self, context: Context, campaign: Campaign, *, look_s: float = LOOK_SECONDS) -> None:
        self._context = context
        self._campaign = campaign
        self._look_s = look_s
        self._left = Event()
        self._thread = Thread(target=self._watch, name="muster-budgets", daemon=True)

    def __enter__(self) -> Self:
        if has_limits(self._campaign.budgets):
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        wait_s = self._look_s
        while not self._left.wait(wait_s) and not self._context.held_back.is_set():
            begun = time.monotonic()
            try:
                stop_when_spent(self._context, self._campaign)
            except LedgerError:
                continue  # who cannot read the ledger cannot claim from it either; it is looked at again
            wait_s = max(self._look_s, (time.monotonic() - begun) / SHARE_OF_TIME)
