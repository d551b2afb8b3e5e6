"""What is different between two plans: who moved, what came, what went, and what it costs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from muster.ids import PersonId, VisitId
from muster.plan import Assignment, Plan
from scheduler.assemble import by_visit


class Kind(StrEnum):
    """What became of a visit."""

    SAME = "same"
    TIME = "other time"
    PERSON = "other person"
    PLACED = "placed now"
    LEFT_OUT = "left out now"
    NEW = "new visit"
    GONE = "not needed any more"


@dataclass(frozen=True, slots=True)
class Placing:
    """Who is at a visit, from when to when (aware, UTC)."""

    person_ids: tuple[PersonId, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """One visit in both plans; ``before`` or ``after`` is None where it is not placed there."""

    visit_id: VisitId
    kind: Kind
    before: Placing | None
    after: Placing | None

    @property
    def elsewhere(self) -> bool:
        """Whether somebody else does it, or it is on another day: more than some hours away from where it was."""
        if self.before is None or self.after is None:
            return False
        return self.kind is Kind.PERSON or abs(self.after.starts_at - self.before.starts_at) > SAME_DAY


SAME_DAY = timedelta(hours=10)
"""Two visits of one person that are no farther apart are on one day."""


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """Two plans compared.

    Attributes:
        moves: every visit of either plan, in order of ids.
        cost_cents: how much dearer the second is.
        objective: how much larger the second's objective is; the plans may be of two problems.
    """

    moves: tuple[Move, ...]
    cost_cents: int
    objective: float

    @property
    def changed(self) -> tuple[Move, ...]:
        """The visits that are not as they were."""
        return tuple(move for move in self.moves if move.kind is not Kind.SAME)

    @property
    def elsewhere(self) -> int:
        """How many visits have another person or day."""
        return sum(move.elsewhere for move in self.moves)

    @property
    def kept_share(self) -> float:
        """Of the visits that were placed before and are still needed: how many are exactly where they were."""
        before = [move for move in self.moves if move.before is not None and move.kind is not Kind.GONE]
        same = sum(move.kind is Kind.SAME for move in before)
        return same / len(before) if before else 1.0


def diff(before: Plan, after: Plan) -> PlanDiff:
    """Compare two plans, visit by visit."""
    one, other = by_visit(before), by_visit(after)
    moves = []
    for visit_id in sorted({*before.visit, *after.visit}):
        was, now = _placing(one.get(visit_id)), _placing(other.get(visit_id))
        kind = _kind(was, now, known=visit_id in before.visit, needed=visit_id in after.visit)
        moves.append(Move(visit_id, kind, was, now))
    return PlanDiff(tuple(moves), after.cost.total_cents - before.cost.total_cents, after.objective - before.objective)


def _placing(team: tuple[Assignment, ...] | None) -> Placing | None:
    if not team:
        return None
    return Placing(tuple(sorted(a.person_id for a in team)), team[0].starts_at, team[0].ends_at)


def _kind(was: Placing | None, now: Placing | None, *, known: bool, needed: bool) -> Kind:
    if not needed:
        return Kind.GONE
    if not known:
        return Kind.NEW
    if was is None or now is None:
        return Kind.SAME if was is now else Kind.PLACED if was is None else Kind.LEFT_OUT
    if was.person_ids != now.person_ids:
        return Kind.PERSON
    return Kind.SAME if was.starts_at == now.starts_at else Kind.TIME
