"""What is kept of a search that takes seconds, so that neither a restart nor a closed page loses it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from muster.ids import CampaignId, PlanId
from partners.papers import Index, Shelf
from portal.manager.queries_capacity import World


class SearchKind(StrEnum):
    """What is searched for."""

    PLAN = "plan"
    WORLDS = "what-if"
    CHANGE = "change"
    """The plan that answers something that happened."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search: what was asked, and what came of it.

    Attributes:
        asked: of other worlds the scenarios.
        about: of a change what happened, as its form was filled in.
        seconds: how long it may take; of other worlds each of them.
        ended_at: None while it is under way, also when the process that was at it is gone.
        plan_id: the plan that was found; of a change the one that it was answered with.
        decided: what became of a change that somebody accepted, in words.
        trouble: why nothing came of it.
    """

    id: str
    campaign_id: CampaignId
    kind: SearchKind
    seconds: float
    by: str
    asked_at: datetime
    asked: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    ended_at: datetime | None = None
    plan_id: PlanId | None = None
    worlds: tuple[World, ...] = ()
    decided: str = ""
    trouble: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is over, with what was sought or with a reason why there is none."""
        return self.ended_at is not None

    @property
    def expected_s(self) -> float:
        """How long it takes about; used for the bar only."""
        worlds = len(self.asked) + 1 if self.kind is SearchKind.WORLDS else 1
        return self.seconds * worlds + 1


SEARCHES = Shelf(
    "search", Search, lambda one: Index(one.id, campaign_id=one.campaign_id, state="ended" if one.ended else "asked")
)
"""Every search that was asked for, by campaign."""
