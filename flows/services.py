"""What flows are handed: the ledger, the pusher, the clock. Opened by the workspace's path alone.

A flow may be carried out in this process or by a worker on another machine, so its parameters are plain words: the
path of the workspace and ids. Whoever wires Muster together registers an opener under the entry point group
``muster.services``; flows find it there and import nothing from above.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from muster.approvals import Persons
from muster.clock import Clock
from muster.errors import EngineError
from muster.ids import CampaignId
from muster.ports import Ledger
from partners.papers import Book
from push.context import Context
from reports.sending.outlets import Outlets

if TYPE_CHECKING:  # it brings numpy, which only plans need
    from scheduler.travel import Travel


WORKER_VARIABLE = "MUSTER_WORKER_WORKSPACE"
"""Where a worker keeps its copy of the workspace."""


class Services(Protocol):
    """Everything one process needs for one workspace; shared by all its flows and threads."""

    @property
    def ledger(self) -> Ledger:
        """The ledger of the workspace."""
        ...

    @property
    def book(self) -> Book:
        """What is kept of partners and money, in the ledger's database."""
        ...

    @property
    def outlets(self) -> Outlets:
        """Who writes to people outside, and the ways by which it is sent."""
        ...

    @property
    def currency(self) -> str:
        """The three letters of the company's currency: what the planner's cents are cents of."""
        ...

    @property
    def batch_hosts(self) -> int:
        """Hosts in one Prefect task run."""
        ...

    @property
    def part_hosts(self) -> int:
        """The most hosts that are handed to one worker at one time."""
        ...

    @property
    def reach(self) -> str:
        """The network that this machine stands in; empty is home."""
        ...

    @property
    def limits(self) -> Mapping[str, int]:
        """Most hosts at one time over all machines together, by ``client ID`` and ``partner ID``."""
        ...

    @property
    def travel(self) -> "Travel":
        """How long ways take."""
        ...

    @property
    def clock(self) -> Clock:
        """What time the workspace's campaigns believe it is."""
        ...

    @property
    def approvers(self) -> Persons:
        """Who may approve where a campaign names nobody, and the login behind each name."""
        ...

    def context(self, campaign_id: CampaignId) -> Context:
        """Everything for acts at the hosts of one campaign."""
        ...

    def renew(self, campaign_id: CampaignId) -> None:
        """Have the next context of a campaign made from what the ledger says then; for processes that live long."""
        ...

    def interrupt(self) -> None:
        """Stop what this process does at hosts, as soon as it safely can."""
        ...

    def close(self) -> None:
        """Give back connections and threads."""
        ...


class Opener(Protocol):
    """Opens the services of a workspace."""

    def __call__(self, workspace: Path) -> Services:
        """Open them."""
        ...


@lru_cache(maxsize=8)
def services_of(workspace: str) -> Services:
    """The services of a workspace, opened once in this process.

    On a worker (``muster worker``) it is the worker's own folder, wherever that lies on its machine.

    Raises:
        EngineError: when Muster is not installed as a whole, so that no opener is registered.
    """
    found = tuple(entry_points(group="muster.services"))
    if len(found) != 1:
        raise EngineError(
            f"{len(found)} openers are registered under 'muster.services', where there must be one",
            hint="install Muster as a whole in this environment: make setup",
        )
    return cast("Opener", found[0].load())(Path(os.environ.get(WORKER_VARIABLE) or workspace))
