"""A plan that is searched for while somebody looks: one at a time, in a thread of the portal, with how far it is.

The plan is kept by ``flows.planning.make_plan`` like any other. When the portal ends in the middle of a search, nothing
is half done: the page offers to search again.
"""

import logging
import time
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING

from flows.planning import make_plan
from muster.errors import InputError, MusterError
from muster.ids import CampaignId
from muster.wiring import Wired
from portal.manager.pages_plan import SOLVING

if TYPE_CHECKING:  # it brings OR-Tools, which other pages need not wait for
    from scheduler.solve import Progress

_LOG = logging.getLogger("muster.portal")


@dataclass
class Search:
    """One search: how long it may take, how far it is, and how it ended."""

    seconds: float
    began: float
    placed: int = 0
    visits: int = 0
    plan_id: str = ""
    trouble: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is over, with a plan or with a reason why there is none."""
        return bool(self.plan_id or self.trouble)

    @property
    def share(self) -> float:
        """How much of its time has passed, 0 to 1."""
        return 1.0 if self.ended else min(0.98, (time.monotonic() - self.began) / (self.seconds + 1))

    @property
    def words(self) -> str:
        """What is known in the middle of it."""
        return f"{self.placed:,} of {self.visits:,} visits placed" if self.visits else "getting ready"


_SEARCHES: dict[tuple[str, CampaignId], Search] = {}
_LOCK = Lock()


def search_of(services: Wired, campaign_id: CampaignId) -> Search | None:
    """The search for a campaign's plan that is under way, or the last one."""
    with _LOCK:
        return _SEARCHES.get((str(services.settings.workspace), campaign_id))


def forget(services: Wired, campaign_id: CampaignId) -> None:
    """The last search was seen."""
    with _LOCK:
        _SEARCHES.pop((str(services.settings.workspace), campaign_id), None)


def begin(services: Wired, campaign_id: CampaignId, seconds: float) -> None:
    """Begin to search.

    Raises:
        InputError: another search is under way; a search takes a whole core, and others want their pages.
    """
    if not SOLVING.acquire(blocking=False):
        raise InputError("a plan is being searched for at this moment", hint="try again when it stands here")
    search = Search(seconds, time.monotonic())
    with _LOCK:
        _SEARCHES[(str(services.settings.workspace), campaign_id)] = search
    Thread(target=_run, args=(services, campaign_id, search), name=f"muster-plan-{campaign_id}", daemon=True).start()


def _run(services: Wired, campaign_id: CampaignId, search: Search) -> None:
    def watch(standing: "Progress") -> None:
        search.placed, search.visits = standing.placed, standing.visits

    try:
        made = make_plan(services, campaign_id, seconds=search.seconds, seed=0, progress=watch)
        search.plan_id = str(made.id)
    except MusterError as error:
        search.trouble = f"{error.message}{f': {error.hint}' if error.hint else ''}"
    except Exception as error:  # noqa: BLE001 - whatever it was, the page must not wait for it for ever
        _LOG.exception("a search for a plan of %s", campaign_id)
        search.trouble = f"an error nobody foresaw ({type(error).__name__}): the portal's log says more"
    finally:
        SOLVING.release()
