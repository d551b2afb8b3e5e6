"""What the manager's pages share: who may look and who may change, the head of a campaign, and pages of long lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from muster.ids import CampaignId
from muster.records import Stop
from muster.words import count
from portal.access import Role, Viewer, need, nothing_there
from portal.manager.kept import forget
from portal.reading import CampaignNow, Reading
from portal.render import back_to
from portal.services import portal_of

Looker = Annotated[Viewer, Depends(need(Role.MANAGER, Role.AUDITOR))]
"""Managers, and auditors, who see the same and change nothing."""
Changer = Annotated[Viewer, Depends(need(Role.MANAGER))]

PageNumber = Annotated[int, Query(alias="page")]
"""Which page of a list, from 1."""

ROWS = 40
"""Rows of one page of a list."""

T = TypeVar("T")

TABS = (
    ("Board", ""),
    ("Sites", "/sites"),
    ("Waves", "/waves"),
    ("Timeline", "/timeline"),
    ("Plan", "/plan"),
    ("Changes", "/changes"),
    ("Capacity", "/capacity"),
    ("What-if", "/what-if"),
    ("Premortem", "/premortem"),
    ("Approvals", "/approvals"),
    ("Money", "/money"),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One of a campaign's pages."""

    label: str
    path: str
    current: bool


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above every page of a campaign.

    Attributes:
        left: how long until the deadline, in words.
        stop: the stop that is in force.
        may_change: whether the viewer may press anything.
    """

    id: CampaignId
    name: str
    zone: str
    deadline: datetime
    left: str
    late: bool
    stop: Stop | None
    tab: str
    tabs: tuple[Tab, ...]
    may_change: bool

    @property
    def path(self) -> str:
        """Where its pages lie."""
        return path_of(self.id)


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """One page of a list: what is shown of ``total``."""

    rows: tuple[T, ...]
    total: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        """The number of the first row that is shown, from 1."""
        return 0 if not self.rows else (self.page - 1) * ROWS + 1

    @property
    def last(self) -> int:
        """The number of the last row that is shown."""
        return 0 if not self.rows else self.first + len(self.rows) - 1


def back(request: Request, path: str, *, say: str = "", tone: str = "good") -> Response:
    """After a change: to the page that shows it, which says one sentence once and shows no figure of before."""
    forget(portal_of(request).reading)
    return back_to(request, path, say=say, tone=tone)


def path_of(campaign_id: str) -> str:
    """Where a campaign's pages lie."""
    return f"/manager/{campaign_id}"


def campaign_now(reading: Reading, campaign_id: str) -> CampaignNow:
    """A campaign as it stands.

    Raises:
        NotFound: there is none.
    """
    wanted = CampaignId(campaign_id)
    if all(one.id != wanted for one in reading.campaigns()):
        raise nothing_there()
    return reading.campaign(wanted)


def head_of(found: CampaignNow, now: datetime, viewer: Viewer, tab: str) -> Head:
    """The head of a campaign's page; ``tab`` is the label of the page."""
    campaign = found.campaign
    base = path_of(campaign.id)
    left = campaign.deadline - now
    return Head(
        campaign.id,
        campaign.name,
        campaign.timezone,
        campaign.deadline,
        left_words(left),
        left <= timedelta(),
        found.stop,
        tab,
        tuple(Tab(label, base + end, label == tab) for label, end in TABS),
        viewer.role is Role.MANAGER,
    )


def rows_of(everything: Sequence[T], page: int) -> Rows[T]:
    """One page of a list; a page that is not there is the nearest that is."""
    pages = max(1, -(-len(everything) // ROWS))
    shown = min(max(1, page), pages)
    return Rows(tuple(everything[(shown - 1) * ROWS : shown * ROWS]), len(everything), shown, pages)


def left_words(left: timedelta) -> str:
    """``12 days left``, hours on the last two days, ``over for 3 days``."""
    if left <= timedelta():
        return f"over for {_span(-left)}"
    return f"{_span(left)} left"


def _span(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return count(hours // 24, "day")
    if hours >= 2:
        return count(hours, "hour")
    return count(int(span.total_seconds() // 60), "minute")
