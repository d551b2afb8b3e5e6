"""Visits, assignments and plans: what the scheduler proposes and dispatch makes binding."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from muster.ids import CampaignId, ClientId, HostId, PersonId, PlanId, SiteId, VisitId


class VisitMode(StrEnum):
    """Whether somebody travels."""

    REMOTE = "remote"
    ONSITE = "onsite"


@dataclass(frozen=True, slots=True)
class Visit:
    """One person, one site, one span of time, some hosts: not yet who and when.

    Attributes:
        effort_minutes: the person's time on it, travel apart, at the campaign's percentile.
        skills: all of them are needed.
        priority: 1 first, 5 last; the client's.
        earliest: aware; it must not start before.
        latest: aware; it must not end after.
        after: visits that must have ended before this one starts.
        preferred: people who should do it, where it costs no more than ``continuity`` is worth.
        excluded: people who must not.
        people: how many people it takes at the same time, each for ``effort_minutes``.
    """

    id: VisitId
    client_id: ClientId
    site_id: SiteId
    mode: VisitMode
    host_ids: tuple[HostId, ...]
    effort_minutes: int
    skills: frozenset[str]
    priority: int
    earliest: datetime
    latest: datetime
    after: tuple[VisitId, ...] = ()
    preferred: tuple[PersonId, ...] = ()
    excluded: tuple[PersonId, ...] = ()
    people: int = 1


@dataclass(frozen=True, slots=True)
class Assignment:
    """A visit, who does it, and when (aware, UTC); ``travel_minutes`` lie before ``starts_at``."""

    visit_id: VisitId
    person_id: PersonId
    starts_at: datetime
    ends_at: datetime
    travel_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is as it is.

    Attributes:
        rule: the name of the rule in ``scheduler/``, such as ``skills`` or ``deadline``.
        text: the sentence for the manager, with names and figures.
        remedy: what would make it otherwise; empty where nothing would.
    """

    rule: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A visit nobody is given, and why."""

    visit_id: VisitId
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class PlanCost:
    """What a plan costs, by part, in cents."""

    labour_cents: int = 0
    travel_cents: int = 0
    overtime_cents: int = 0
    partner_cents: int = 0

    @property
    def total_cents(self) -> int:
        """All parts together."""
        return self.labour_cents + self.travel_cents + self.overtime_cents + self.partner_cents


@dataclass(frozen=True)
class Plan:
    """An immutable proposal.

    Attributes:
        created_at: aware, by the campaign's clock.
        objective: what the solver minimised; comparable between plans of one problem only.
        bound: no plan of this problem can have a smaller objective; None where none was proved.
        ledger_revision: the ledger's revision it was made from; dispatch checks against a newer one.
        solver: name and version of what made it, for the record.
    """

    id: PlanId
    campaign_id: CampaignId
    created_at: datetime
    visits: tuple[Visit, ...]
    assignments: tuple[Assignment, ...]
    unplaced: tuple[Unplaced, ...]
    cost: PlanCost
    objective: float
    bound: float | None
    seed: int
    ledger_revision: int
    solver: str
    solve_seconds: float = 0.0

    @cached_property
    def visit(self) -> dict[VisitId, Visit]:
        """Visits by id."""
        return {visit.id: visit for visit in self.visits}

    @property
    def gap(self) -> float | None:
        """How far the plan may be from the best one: (objective - bound) / objective; None without a bound."""
        if self.bound is None:
            return None
        return 0.0 if self.objective <= 0 else max(0.0, (self.objective - self.bound) / self.objective)
