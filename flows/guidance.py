"""New guidance of a vendor in mid-campaign: other steps, another order. What was done stays, and what it means is told.

It happened in 2007: the order of Exchange and the patch was turned round while everybody was at work. The new policy is
written into the campaign file; this says what is different, which machines are done and stay so, which of them must be
asked again, which are in progress and finish, and what the plan becomes. The record says who decided and why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

from flows.changes import Edit
from flows.imagined import Imagined
from flows.ordering import out_of_order
from flows.services import Services
from muster.campaign import Campaign
from muster.errors import InputError
from muster.ids import HostId
from muster.outcomes import HostStatus
from push.ramp import NEW_CONTENT

SHOWN = 200
"""Machines that are named in the record."""


@dataclass(frozen=True)
class Guidance:
    """What new guidance means for the machines.

    Attributes:
        edit: the change, to be proposed and accepted.
        differences: what is otherwise, key by key.
        done: machines that are right and stay so.
        again: of them those that must be asked again: judged by other parameters, or done in another order.
        in_progress: machines that somebody has in hand now; they finish as they began.
        open: machines that the new guidance holds for.
    """

    edit: Edit
    differences: tuple[str, ...]
    done: tuple[HostId, ...]
    again: tuple[HostId, ...]
    in_progress: tuple[HostId, ...]
    open: tuple[HostId, ...]


def guidance(services: Services, new: Campaign, *, source: str, reason: str, fix_changed: bool = False) -> Guidance:
    """What a campaign's new policy means.

    Args:
        services: the ledger.
        new: the campaign as it is to be.
        source: where the vendor says so, such as a bulletin's number.
        reason: why it is followed.
        fix_changed: whether the fix itself is another one than before, by its own files.

    Raises:
        InputError: nothing is different, or another fix is named, which is another campaign.
        NotFound: there is no such campaign.
    """
    old = services.ledger.campaign(new.id)
    differences = tuple(_differences(old, new))
    if old.fix != new.fix:
        raise InputError(f"campaign {new.id} pushes {old.fix}, not {new.fix}", hint="another fix is another campaign")
    differences = (*differences, "the fix itself is another one") if fix_changed else differences
    if not differences:
        raise InputError(
            "the campaign file says what the campaign does already",
            hint="write the new order (gates: order:) or parameters into it first, or say --fix-changed",
        )
    if not reason.strip():
        raise InputError("nobody follows new guidance without a reason", hint='--reason "..."')
    states = services.ledger.hosts(new.id)
    done = {one.host_id: one.changed_at.timestamp() for one in states if one.status.protected}
    busy = tuple(one.host_id for one in states if one.status is HostStatus.CLAIMED)
    fleet = services.ledger.fleet()
    again = tuple(sorted(done))
    if dict(old.parameters) == dict(new.parameters) and not fix_changed:
        rules = [rule for rule in new.gates.order if rule not in old.gates.order]
        again = out_of_order(fleet, rules, done, [one.host_id for one in states])
    still = tuple(one.host_id for one in states if not one.status.protected and one.status is not HostStatus.CLAIMED)
    edit = Edit(
        "guidance",
        f"new guidance{f' ({source})' if source else ''}: {reason}; {'; '.join(differences)}",
        "the vendor has changed how it is to be done",
        Imagined(campaign=new),
        (
            ("source", source),
            ("reason", reason),
            ("done", str(len(done))),
            ("in progress", str(len(busy))),
            ("to be asked again", ", ".join(again[:SHOWN]) or "none"),
        ),
        notes=(NEW_CONTENT,) if fix_changed else (),
    )
    return Guidance(edit, differences, tuple(sorted(done)), again, busy, still)


def _differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """Key by key, as the campaign file calls them."""
    if is_dataclass(old) and is_dataclass(new) and type(old) is type(new):
        for one in fields(old):
            yield from _differences(
                getattr(old, one.name), getattr(new, one.name), f"{path}.{one.name}" if path else one.name
            )
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differences(old.get(key, "nothing"), new.get(key, "nothing"), f"{path}.{key}")
    elif isinstance(old, tuple) and isinstance(new, tuple):
        yield from (f"{path}: without {_words(one)}" for one in old if one not in new)
        yield from (f"{path}: with {_words(one)}" for one in new if one not in old)
    elif old != new:
        yield f"{path}: {_words(new)} instead of {_words(old)}"


def _words(value: object) -> str:
    """A value as a person reads it; of a rule its given parts."""
    if is_dataclass(value) and not isinstance(value, type) and type(value).__str__ is object.__str__:
        given = ((one.name, getattr(value, one.name)) for one in fields(value))
        return ", ".join(f"{name} {part}" for name, part in given if part not in {None, ""} and part != ())
    return str(value)
