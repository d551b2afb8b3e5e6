"""What commands of changes print: what would move, whom it concerns, and what became of it."""

from typing import TYPE_CHECKING

from muster.cli.output import say
from muster.cli.replanning import placing, say_lost, say_moves
from muster.crew import Crew
from muster.ids import PersonId
from muster.words import amount, count

if TYPE_CHECKING:  # they bring the solver
    from flows.changes import ChangeRecord, Proposal


def say_proposal(found: "Proposal", zone: str, crew: Crew | None = None) -> None:
    """What happened, and what it would do to the plan that binds; people by name where the crew is known."""
    say(found.edit.sentence, style="bold")
    if not found.choices:
        say("  no plan binds, so nothing moves" if found.before is None else "  nothing is left to plan")
        return
    for number, one in enumerate(found.choices):
        mark = " (taken unless you say --choice)" if number == found.best and len(found.choices) > 1 else ""
        out = len(one.plan.unplaced)
        say(
            f"\nchoice {number + 1}{mark}, {one.freedom}: {count(len(one.moves), 'visit')} not as before"
            f"{f', {out} not placed' if out else ''}, cost {amount(one.plan.cost.total_cents)} "
            f"({_signed(one.difference.cost_cents)}); {count(one.elsewhere, 'visit')} with another person or day"
        )
        say_lost(one)
        if one.moves:
            say_moves([(moved.move, moved.cause) for moved in one.moves], zone, crew)
        for off in found.called_off[number] if found.called_off else ():
            if off.fee.amount:
                say(f"  calling off {off.visit_id} of {off.partner_id} costs {off.fee}")
        for told in found.concerned[number]:
            how = told.email or "no e-mail address"
            known = crew.engineer.get(PersonId(told.id)) if crew is not None and told.who == "person" else None
            name = f"{told.id}, {known.name}" if known else told.id
            say(f"  concerns {told.who} {name} ({how}): {count(len(told.moves), 'visit')}")


def document(found: "Proposal") -> dict[str, object]:
    """A proposal, for scripts."""
    return {
        "kind": found.edit.kind,
        "sentence": found.edit.sentence,
        "plan_before": found.before.id if found.before is not None else None,
        "promised": sorted(found.promised),
        "taken": found.best + 1 if found.choices else None,
        "choices": [
            {
                "choice": number + 1,
                "freedom": one.freedom.value,
                "cost_cents": one.plan.cost.total_cents,
                "more_cents": one.difference.cost_cents,
                "unplaced": [out.visit_id for out in one.plan.unplaced],
                "stayed_share": one.stayed_share,
                "elsewhere": one.elsewhere,
                "broken_promises": list(one.broken_promises),
                "moves": [
                    {
                        "visit": moved.move.visit_id,
                        "what": moved.move.kind.value,
                        "before": placing(moved.move.before),
                        "after": placing(moved.move.after),
                        "cause": moved.cause,
                    }
                    for moved in one.moves
                ],
                "called_off": [
                    {"visit": off.visit_id, "partner": off.partner_id, "fee": str(off.fee)}
                    for off in (found.called_off[number] if found.called_off else ())
                ],
                "concerns": [
                    {"who": told.who, "id": told.id, "email": told.email, "visits": list(told.visits)}
                    for told in found.concerned[number]
                ],
            }
            for number, one in enumerate(found.choices)
        ],
    }


def record_document(one: "ChangeRecord") -> dict[str, object]:
    """A record, for scripts."""
    return {
        "id": one.id,
        "kind": one.kind,
        "sentence": one.sentence,
        "by": one.by,
        "at": one.at.isoformat(),
        "details": dict(one.details),
        "plan_before": one.plan_before,
        "plan_after": one.plan_after,
        "moved": one.moved,
        "told": list(one.told),
        "waits_for": list(one.waits_for),
    }


def say_record(record: "ChangeRecord") -> None:
    """What became of it."""
    say("")
    if record.waits_for:
        say(f"it is written down; plan {record.plan_after} waits for {', '.join(record.waits_for)}", style="bold")
        say(f"when that is approved: muster dispatch {record.plan_after}")
    elif record.plan_after is not None:
        say(f"plan {record.plan_after} binds: {count(record.moved, 'visit')} not as before", style="bold")
        say(f"messages queued for {', '.join(record.told) or 'nobody'}; clients by their notices")
    else:
        say("it is written down; the plan stays as it is", style="bold")


def _signed(cents: int) -> str:
    return f"{amount(abs(cents))} {'more' if cents > 0 else 'less'}" if cents else "the same cost"
