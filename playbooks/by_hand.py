"""What a fix has a person do where nothing can be pushed: its own steps, with the machine's values in them."""

import re
from collections.abc import Iterable, Mapping

from muster.fleet import OsFamily
from playbooks.contract import ByHand, FixSpec, names_in


def by_hand_of(spec: FixSpec, family: OsFamily) -> ByHand | None:
    """What the fix says for a family; None where it says nothing."""
    return spec.by_hand.get(family)


def steps_at(spec: FixSpec, family: OsFamily, values: Mapping[str, str]) -> tuple[str, ...]:
    """The steps of the work itself; one that names a value which is empty is left out."""
    found = by_hand_of(spec, family)
    return _written(found.steps, spec, values) if found else ()


def check_at(spec: FixSpec, family: OsFamily, values: Mapping[str, str]) -> str:
    """How a person sees at the machine that it is right; empty where the fix does not say."""
    found = by_hand_of(spec, family)
    return next(iter(_written([found.check], spec, values)), "") if found else ""


def steps_for(spec: FixSpec, family: OsFamily, cause: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """What the fix says of a failure with this cause; empty where it knows none like it."""
    found = by_hand_of(spec, family)
    for one in found.troubles if found else ():
        if re.search(one.cause, cause, re.IGNORECASE):
            return _written(one.steps, spec, values)
    return ()


def _written(steps: Iterable[str], spec: FixSpec, values: Mapping[str, str]) -> tuple[str, ...]:
    known = {name: one.default or "" for name, one in spec.parameters.items()} | dict(values)
    return tuple(
        step.format_map(known) for step in steps if all(known.get(name, "").strip() for name in names_in(step))
    )
