"""Visits that take longer than planned, by somebody's word: the minutes of one visit, kept in the book."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from muster.ids import CampaignId, VisitId
from muster.plan import Assignment, Plan
from partners.papers import Book, Index, Shelf
from scheduler.problem import Problem


@dataclass(frozen=True, slots=True)
class SaidEffort:
    """How long a visit takes in all, as somebody who knows has said; travel apart."""

    campaign_id: CampaignId
    visit_id: VisitId
    minutes: int
    reason: str
    by: str
    at: datetime


EFFORTS = Shelf(
    "visit effort",
    SaidEffort,
    lambda one: Index(f"{one.campaign_id}/{one.visit_id}", campaign_id=one.campaign_id),
    moves_plans=True,
)


def said_efforts(book: Book, campaign_id: CampaignId) -> dict[VisitId, int]:
    """The minutes of every visit of which somebody has said them."""
    return {one.value.visit_id: one.value.minutes for one in book.papers(EFFORTS, campaign_id=campaign_id)}


def longer(plan: Plan, said: Mapping[VisitId, int]) -> tuple[Assignment, ...]:
    """The assignments of a plan, as long as people said that their visits take."""
    return tuple(
        replace(one, ends_at=one.starts_at + timedelta(minutes=said[one.visit_id])) if one.visit_id in said else one
        for one in plan.assignments
    )


def taking_longer(problem: Problem, said: Mapping[VisitId, int]) -> Problem:
    """The problem in which visits take as long as people said."""
    if not any(one.visit.id in said for one in problem.demands):
        return problem
    demands = (
        replace(one, visit=replace(one.visit, effort_minutes=said[one.visit.id])) if one.visit.id in said else one
        for one in problem.demands
    )
    return replace(problem, demands=tuple(demands))
