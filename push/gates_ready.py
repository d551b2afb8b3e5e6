"""Gates that a host answers for itself, right before it is pushed: free disk, pending reboot, backup.

The host is asked by a script of ``playbooks/gates`` that changes nothing, in one session of its own, and only when the
campaign wants to know. It answers with facts of the layer ``gate``::

    fact <TAB> gate <TAB> disk_free_bytes <TAB> 123456789
    fact <TAB> gate <TAB> reboot_pending <TAB> no              or why, such as "yes: /run/reboot-required"
    fact <TAB> gate <TAB> backup_age_s <TAB> 3600              or "none"; left out where it cannot be told

What a host does not say holds it: a gate that cannot be looked at is closed.
"""

from collections.abc import Callable, Mapping

from muster.fleet import OsFamily
from muster.safety import Readiness
from muster.steps import StepOutput
from push.gates import Held

LAYER = "gate"
MIB = 1024 * 1024

Answers = Mapping[str, str]
ReadyGate = Callable[[Answers, Readiness, OsFamily], Held | None]


def answers_of(output: StepOutput) -> Answers:
    """The gate facts of a host's answer."""
    return {fact.key: fact.value for fact in output.facts if fact.layer == LAYER}


def free_disk(answers: Answers, wanted: Readiness, family: OsFamily) -> Held | None:
    """There must be room on the system's disk."""
    del family
    if not wanted.free_disk_mb:
        return None
    free = _number(answers.get("disk_free_bytes"))
    if free is None:
        return Held("free disk", "the host does not say how much room its disk has", hint="look at its disk by hand")
    if free >= wanted.free_disk_mb * MIB:
        return None
    room = f"its disk has {free / MIB:,.0f} MiB free, {wanted.free_disk_mb:,} are needed"
    return Held("free disk", room, hint="make room there; muster run asks again")


def pending_reboot(answers: Answers, wanted: Readiness, family: OsFamily) -> Held | None:
    """A host that waits for a restart is left alone: nobody could tell what the fix broke."""
    del family
    if not wanted.pending_reboot_holds:
        return None
    said = answers.get("reboot_pending", "")
    if said == "no":
        return None
    if not said:
        return Held("pending reboot", "the host does not say whether it waits for a restart", hint="look by hand")
    why = said.partition(": ")[2]
    reason = f"it waits for a restart{f' ({why})' if why else ''}"
    return Held("pending reboot", reason, hint="restart it; muster run asks again")


def backup_present(answers: Answers, wanted: Readiness, family: OsFamily) -> Held | None:
    """There must be a backup, and a young one; a family without a path is not asked."""
    rule = wanted.backup
    path = "" if rule is None else {OsFamily.LINUX: rule.linux, OsFamily.WINDOWS: rule.windows}.get(family, "")
    if rule is None or not path:
        return None
    said = answers.get("backup_age_s")
    if said == "none":
        return Held("backup", f"there is no backup at {path}", hint="make one; muster run asks again")
    age_s = _number(said)
    if age_s is None:
        return Held("backup", f"the host does not say how old its backup at {path} is", hint="look at it by hand")
    if age_s <= rule.max_age_hours * 3600:
        return None
    old = f"its newest backup is {age_s / 3600:,.0f} h old, at most {rule.max_age_hours:g} h are allowed"
    return Held("backup", old, hint="make a new one; muster run asks again")


READY_GATES: tuple[ReadyGate, ...] = (free_disk, pending_reboot, backup_present)


def not_ready(output: StepOutput, wanted: Readiness, family: OsFamily) -> Held | None:
    """The first of these gates that holds a host that answered so; None when it may be pushed."""
    answers = answers_of(output)
    return next((held for gate in READY_GATES if (held := gate(answers, wanted, family)) is not None), None)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and value >= 0 else None
