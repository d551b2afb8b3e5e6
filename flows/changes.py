"""Changes in mid-campaign: what happened, the plan that answers it with the fewest moves, and what makes it bind.

``propose`` writes nothing: the change is imagined (``flows.imagined``), the plan that binds is gone on from, and what
would move is shown with whom it concerns. ``accept`` writes the change, the plan, its dispatch, the record of who
decided and the messages, in one transaction: all of it is there, or nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from flows.approvals import gatekeeper
from flows.approvals_wanted import wanted_to_dispatch
from flows.cancelling import called_off
from flows.concerned import Concerned, concerned, with_addresses
from flows.imagined import Imagined, as_though
from flows.planning import dispatch_plan, keep_plan, problem_of
from flows.services import Services
from muster.errors import ApprovalNeeded, DispatchRejected, InputError, NotFound, NothingToPlan
from muster.ids import CampaignId, PlanId, VisitId
from muster.messages import Message
from muster.plan import Plan
from partners.fees import Cancellation
from partners.papers import Index, Shelf, change

if TYPE_CHECKING:  # they bring the solver, which most commands need not wait for
    from scheduler.problem import Problem
    from scheduler.replan import Choice, Freedom

EVERYTHING = "all"
KEPT = ("least", "make room")
"""Choices that need no search, by their words."""
MOST_MOVES = 200
"""Moves that are kept in the record of a change; the two plans have all of them."""


@dataclass(frozen=True)
class Edit:
    """What happened, before it is written.

    Attributes:
        kind: one word, such as ``sick``.
        sentence: for the record, with names, times and the reason.
        why: the same for clients, partners and colleagues, who need not know what somebody is ill with.
        what: what is so from then on.
        details: names and values for the record.
        not_before: nothing may start before it, where the campaign stands still until then.
        stop: why the campaign is stopped with it; empty where it is not.
        unheld: visits that are planned anew although they are under way.
        notes: kinds of events that are written with it, for whoever reads the record.
    """

    kind: str
    sentence: str
    why: str
    what: Imagined = field(default_factory=Imagined)
    details: tuple[tuple[str, str], ...] = ()
    not_before: datetime | None = None
    stop: str = ""
    unheld: frozenset[VisitId] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What a change would do to the plan that binds; nothing is written yet.

    Attributes:
        before: the plan that binds; None where none does.
        choices: ways to go on, the one that moves least first; empty where there is nothing to plan.
        promised: visits whose clients know when and who comes; they stay wherever they can.
        concerned: of the first choice and of each other one, in the same order.
        problem: that the choices are plans of; None where there is nothing to plan.
        called_off: of each choice the visits that it takes from partners, and what is owed for them.
    """

    campaign_id: CampaignId
    edit: Edit
    before: Plan | None
    choices: "tuple[Choice, ...]"
    promised: frozenset[VisitId]
    concerned: tuple[tuple[Concerned, ...], ...]
    problem: "Problem | None" = None
    called_off: tuple[tuple[Cancellation, ...], ...] = ()

    @property
    def best(self) -> int:
        """The number of the choice that is taken unless somebody says otherwise: the one that places most.

        Of those that keep what holds to the minute the last one places most; a search for cheaper plans is never
        taken by itself.
        """
        from scheduler.replan import KEEPING

        keeping = [number for number, one in enumerate(self.choices) if one.freedom in KEEPING]
        return keeping[-1] if keeping else 0


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One visit that moved, as the record keeps it."""

    visit_id: VisitId
    kind: str
    cause: str


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change that was decided: who, why, and what it did.

    Attributes:
        plan_before, plan_after: None where no plan bound, or nothing was to be planned.
        moves: the first of them; ``moved`` counts all.
        told: to whom messages were queued.
        waits_for: the approvals that the plan waits for; it binds when it is dispatched after them.
    """

    id: str
    campaign_id: CampaignId
    kind: str
    sentence: str
    by: str
    at: datetime
    details: tuple[tuple[str, str], ...] = ()
    plan_before: PlanId | None = None
    plan_after: PlanId | None = None
    moved: int = 0
    moves: tuple[MoveRow, ...] = ()
    told: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()


CHANGES = Shelf("change", ChangeRecord, lambda one: Index(one.id, campaign_id=one.campaign_id, state=one.kind))
"""Every change that was decided, by campaign."""


def propose(  # noqa: PLR0913 -- what may be chosen about a replan, all by name
    services: Services,
    campaign_id: CampaignId,
    edit: Edit,
    *,
    keep: Sequence[str] = (),
    release: Sequence[str] = (),
    freedoms: "Sequence[Freedom] | None" = None,
    seconds: float = 5.0,
    seed: int = 0,
    told: Callable[[str], None] | None = None,
) -> Proposal:
    """What a change would do. Nothing is written.

    Args:
        services: the ledger and the book.
        campaign_id: of which campaign.
        edit: what happened.
        keep: visits that must not move; ``release`` those that may although their client was told, or ``all``.
        release: see there.
        freedoms: how much may move; by default only what does not hold any more, and what makes room for it.
        seconds: how long each search for a cheaper plan takes.
        seed: of every random choice.
        told: hears in words how far it is.

    Raises:
        NotFound: the plan that binds has no such visit.
    """
    before = _binding(services, campaign_id)
    imagined = as_though(services, edit.what)
    promised = promised_in(services, before, keep, release) if before is not None else frozenset[VisitId]()
    if told is not None:
        told("what is true now is put together")
    problem = _problem(imagined, before, edit, seconds * sum(one not in KEPT for one in freedoms or ()))
    choices: tuple[Choice, ...] = ()
    if before is not None and problem is not None:
        from scheduler.replan import KEEPING, replan
        from scheduler.stop import MaxSeconds

        stop = MaxSeconds(seconds)
        wanted = freedoms or KEEPING
        choices = replan(problem, before, stop, seed, promised=promised, freedoms=wanted, told=told).choices
    if told is not None:
        told("whom it concerns is looked up")
    fleet, crew = imagined.ledger.fleet(), with_addresses(imagined.book, imagined.ledger.crew())
    who = tuple(
        concerned([one.plan, *([before] if before else [])], one.difference.changed, fleet, crew, services.clock.now())
        for one in choices
    )
    off = tuple(called_off(imagined, before, one.plan, reason=edit.why) for one in choices) if before else ()
    return Proposal(campaign_id, edit, before, choices, promised, who, problem, off)


def _problem(imagined: Services, before: Plan | None, edit: Edit, search_s: float) -> "Problem | None":
    if before is None:
        return None
    try:
        return problem_of(
            imagined, before.campaign_id, not_before=edit.not_before, unheld=edit.unheld, search_s=search_s
        )
    except NothingToPlan:
        return None


def promised_in(services: Services, plan: Plan, keep: Sequence[str], release: Sequence[str]) -> frozenset[VisitId]:
    """What must not move: whose client was told when and who comes, and what was named; less what was released.

    Raises:
        NotFound: the plan has no such visit.
    """
    from reports.notices.told import read_told

    for name in (*keep, *(name for name in release if name != EVERYTHING)):
        if VisitId(name) not in plan.visit:
            raise NotFound(f"the plan that binds has no visit {name!r}", hint="muster plan show --all lists them")
    told = () if EVERYTHING in release else read_told(services.ledger, plan.campaign_id).announced(plan)
    return frozenset((*told, *map(VisitId, keep))) - frozenset(map(VisitId, release))


def accept(
    services: Services,
    found: Proposal,
    *,
    by: str,
    why: str = "",
    choice: int | None = None,
    without_notice: str | None = None,
    messages: Sequence[Message] = (),
) -> ChangeRecord:
    """Write the change, and make the plan that answers it binding; tell those whom it concerns. All or nothing.

    Where the plan has to be approved first, what happened is written down all the same, because it is so; the plan is
    kept, and binds when it is dispatched after the approval. ``waits_for`` of the record names the requests.

    Args:
        services: the ledger and the book.
        found: what ``propose`` gave.
        by: who decides.
        why: why visits moved, in the clients' words; by default as the change has it.
        choice: the number of the choice; by default the best.
        without_notice: why clients that cannot be told may go without a notice.
        messages: further ones that are queued with it.

    Raises:
        Conflict: something that it was made from has changed meanwhile; propose it again.
        DispatchRejected: the plan does not hold, or clients cannot be told and nobody has said why they may not be.
        InputError: there is no such choice.
    """
    number = found.best if choice is None and found.choices else choice
    if number is not None and not 0 <= number < len(found.choices):
        raise InputError(
            f"there is no choice {number + 1}; there {'is' if len(found.choices) == 1 else 'are'} {len(found.choices)}"
        )
    taken = found.choices[number] if number is not None and found.choices else None
    binds = taken is not None and found.before is not None and _changes_a_visit(taken)
    silent = _not_told(services, found, taken.plan, without_notice) if binds and taken is not None else ()
    waits = _asked(services, found, taken.plan, by) if binds and taken is not None else ()
    with services.ledger.together():
        _write(services, found, by)
        told: tuple[str, ...] = ()
        if binds and taken is not None and number is not None:
            keep_plan(services, taken.plan)
            if not waits:
                _waive(services, taken.plan, silent, by, without_notice or "")
                dispatch_plan(services, taken.plan.id, by=by, why=why or found.edit.why)
                told = _told(found, number)
        record = _record(services, found, taken if binds else None, by, told, waits)
        services.book.write([change(CHANGES, record, f"change: {found.edit.kind}")], by=by, messages=messages)
    return record


def _changes_a_visit(taken: "Choice") -> bool:
    """Whether any visit that is still needed is not as it was; those that are done need no new plan."""
    from scheduler.diff import Kind

    return any(move.kind is not Kind.GONE for move in taken.difference.changed)


def changes_of(services: Services, campaign_id: CampaignId) -> tuple[ChangeRecord, ...]:
    """Every change of a campaign that was decided, the newest last."""
    kept = services.book.papers(CHANGES, campaign_id=campaign_id)
    return tuple(sorted((one.value for one in kept), key=lambda one: (one.at, one.id)))


def _binding(services: Services, campaign_id: CampaignId) -> Plan | None:
    binding = services.ledger.dispatched(campaign_id)
    return services.ledger.plan(binding.plan_id) if binding is not None else None


def _asked(services: Services, found: Proposal, plan: Plan, by: str) -> tuple[str, ...]:
    """The approvals that the plan waits for. Asked before anything is written, so that the asking stays."""
    imagined = as_though(services, found.edit.what)
    campaign = services.ledger.campaign(found.campaign_id)
    try:
        gatekeeper(services, found.campaign_id).pass_or_ask(wanted_to_dispatch(imagined, campaign, plan), by=by)
    except ApprovalNeeded as needed:
        return needed.approval_ids
    return ()


def _not_told(services: Services, found: Proposal, plan: Plan, without_notice: str | None) -> tuple[VisitId, ...]:
    """The visits whose clients cannot be told.

    Raises:
        DispatchRejected: there are some, and nobody has said why they may go without a notice.
    """
    from flows.notices import scene_of
    from reports.notices.due import held_back

    imagined = as_though(services, found.edit.what)
    held = held_back(plan, scene_of(imagined, imagined.ledger.campaign(found.campaign_id), plan))
    if held and not without_notice:
        raise DispatchRejected(
            f"{len(held)} visits of the plan are held back: their clients cannot be told",
            tuple(f"{one.visit_id}: {one.reason.text}; {one.reason.remedy}" for one in held),
            hint='give what is missing, or say why they may go without: --without-notice "why"',
        )
    return tuple(one.visit_id for one in held)


def _waive(services: Services, plan: Plan, visits: Sequence[VisitId], by: str, reason: str) -> None:
    """Write down that these go without a notice, and why."""
    if not visits:
        return
    from flows.notices import scene_of
    from reports.notices.outbox import waive

    scene = scene_of(services, services.ledger.campaign(plan.campaign_id), plan)
    waive(services.ledger, scene, visits, by=by, reason=reason)


def _write(services: Services, found: Proposal, by: str) -> None:
    """What happened, in the ledger and in the book."""
    what, ledger = found.edit.what, services.ledger
    if what.fleet.clients or what.fleet.sites or what.fleet.hosts or what.crew.engineers or what.crew.partners:
        ledger.save_inventory(what.fleet, what.crew, by=by)
    if what.campaign is not None or what.enrol:
        ledger.open_campaign(what.campaign or ledger.campaign(found.campaign_id), what.enrol, by=by)
    services.book.write(what.papers, by=by)
    for kind in found.edit.notes:
        ledger.note(kind, by=by, campaign_id=found.campaign_id, data={"why": found.edit.sentence})
    if found.edit.stop and ledger.stopped(found.campaign_id) is None:
        ledger.stop(found.campaign_id, by=by, reason=found.edit.stop)


def _told(found: Proposal, number: int) -> tuple[str, ...]:
    """Which people and partners were written to with the dispatch."""
    return tuple(f"{one.who} {one.id}" for one in found.concerned[number] if one.who != "client" and one.email)


def _record(
    services: Services, found: Proposal, taken: "Choice | None", by: str, told: tuple[str, ...], waits: tuple[str, ...]
) -> ChangeRecord:
    at = services.clock.now()
    moves = taken.moves if taken is not None else ()
    return ChangeRecord(
        id=f"{found.campaign_id}/{at.isoformat()}",
        campaign_id=found.campaign_id,
        kind=found.edit.kind,
        sentence=found.edit.sentence,
        by=by,
        at=at,
        details=found.edit.details,
        plan_before=found.before.id if found.before is not None else None,
        plan_after=taken.plan.id if taken is not None else None,
        moved=len(moves),
        moves=tuple(MoveRow(one.move.visit_id, one.move.kind.value, one.cause) for one in moves[:MOST_MOVES]),
        told=told,
        waits_for=waits,
    )
