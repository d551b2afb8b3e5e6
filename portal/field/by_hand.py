"""What a person at a machine can do where Muster could not: first what lets Muster do it, then the work itself by hand.

The fix says both for its own failures (``by_hand`` of its ``fix.yml``); what goes wrong with any fix, such as a full
disk or a service that does not run, is known here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from muster.campaign import Campaign
from muster.errors import MusterError
from muster.fleet import Host, OsFamily, TransportName
from muster.ids import FixName
from muster.outcomes import HostStatus
from muster.records import HostState
from playbooks.by_hand import check_at, steps_at, steps_for
from playbooks.catalog import fix_spec
from playbooks.contract import FixSpec

SWITCHED_ON = "See that it is switched on, and that its network cable or wireless works."
LOG_IN = "Log in at the machine itself, or have somebody of the client do so."
ASK_FIRST = "Delete nothing of the client's without asking."
THEN_PUSH = "Then press Push again: Muster does the rest."
UNKNOWN_WORK = "Do by hand what the reason of the visit asks for, with the maker's own tool."
STEPS = {
    HostStatus.UNREACHABLE: (
        SWITCHED_ON,
        "Does it reach the internet, but Muster does not reach it? Its name or address may have changed.",
        "Report a problem with what it says of itself.",
        THEN_PUSH,
    ),
    HostStatus.UNTRUSTED: (
        "Do not push: the machine shows another identity than before.",
        "Find out whether it was installed anew or replaced, and report a problem with its serial number.",
        "Somebody in the office compares and decides.",
    ),
    HostStatus.FAILED: (LOG_IN, "Mend what the cause names.", THEN_PUSH),
    HostStatus.UNKNOWN: (
        "Leave it as it is for a minute: Muster asks it how it stands before anything else.",
        SWITCHED_ON,
        THEN_PUSH,
    ),
    HostStatus.ROLLED_BACK: (
        "It was put back to what it was, because the work did not hold.",
        "Leave it as it is, and report a problem with what you see.",
    ),
}
"""By how it stands, where nothing more is known of why."""

ANY = tuple(OsFamily)
KNOWN: tuple[tuple[str, tuple[OsFamily, ...], tuple[str, ...]], ...] = (
    (
        r"no space left|disk (?:is )?full",
        (OsFamily.WINDOWS,),
        (
            "Settings, System, Storage: remove temporary files.",
            ASK_FIRST,
            THEN_PUSH,
        ),
    ),
    (
        r"no space left|disk (?:is )?full",
        ANY,
        (
            "See which file system is full: `df -h`",
            "As root, make room: `apt-get clean` or `dnf clean all`, and `journalctl --vacuum-size=200M`.",
            ASK_FIRST,
            THEN_PUSH,
        ),
    ),
    (
        r"nothing listens",
        (OsFamily.WINDOWS,),
        ("As an administrator, in PowerShell: `winrm quickconfig` starts the service and opens its port.", THEN_PUSH),
    ),
    (
        r"nothing listens",
        ANY,
        ("As root: `systemctl status ssh` (or sshd) says why it does not run; `systemctl start ssh`.", THEN_PUSH),
    ),
    (
        r"no answer|no route|name .* is not known",
        (OsFamily.WINDOWS,),
        (SWITCHED_ON, "Is it on? Report a problem with what `ipconfig` says: its address may have changed.", THEN_PUSH),
    ),
    (
        r"no answer|no route|name .* is not known",
        ANY,
        (SWITCHED_ON, "Is it on? Report a problem with what `ip addr` says: its address may have changed.", THEN_PUSH),
    ),
    (
        r"credential|log(?:in|on)|second proof|password",
        ANY,
        ("Try no passwords: the account may be locked by it.", "Report a problem: the office mends the account."),
    ),
    (
        r"another push is at work|get lock|is another process using it",
        ANY,
        ("Another installation is at work there: wait five minutes.", THEN_PUSH),
    ),
    (
        r"reboot|restart is (?:pending|wanted)",
        ANY,
        ("Ask whoever works at it to save everything, and restart it.", THEN_PUSH),
    ),
)
"""What goes wrong with any fix: words of the cause, the families, and what to do; the first that fits."""

LAST_RESORT = frozenset({HostStatus.UNREACHABLE, HostStatus.FAILED, HostStatus.UNSUPPORTED})
"""Where the work may be done without Muster. What is unknown, untrusted or put back is looked at first."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do at one machine.

    Attributes:
        first: so that Muster can do it.
        work: the work itself, done by hand.
        check: how one sees that it is right.
    """

    first: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    check: str = ""


def advice(campaign: Campaign, host: Host, state: HostState, zone: str, workspace: Path) -> Advice:
    """What to do at this machine; nothing where it is right, is worked on, or was not tried yet."""
    status, spec = state.status, _spec(campaign.fix, workspace)
    only_by_hand = host.transport is TransportName.NONE or status is HostStatus.UNSUPPORTED
    if status.protected or status is HostStatus.CLAIMED or (status not in STEPS and not only_by_hand):
        return Advice()
    values = {**campaign.parameters, "timezone": zone, "host": host.name}
    work = _work(spec, host.os, values) if only_by_hand or status in LAST_RESORT else ()
    first = (LOG_IN,) if only_by_hand else _first(spec, host.os, state, values)
    return Advice(first, work, check_at(spec, host.os, values) if spec and work else "")


def _first(spec: FixSpec | None, family: OsFamily, state: HostState, values: Mapping[str, str]) -> tuple[str, ...]:
    if state.status in {HostStatus.UNTRUSTED, HostStatus.ROLLED_BACK}:
        return STEPS[state.status]
    own = steps_for(spec, family, state.cause, values) if spec else ()
    if own:
        return (*own, THEN_PUSH)
    for pattern, families, steps in KNOWN:
        if family in families and re.search(pattern, state.cause, re.IGNORECASE):
            return steps
    return STEPS[state.status]


def _work(spec: FixSpec | None, family: OsFamily, values: Mapping[str, str]) -> tuple[str, ...]:
    return (steps_at(spec, family, values) if spec else ()) or (UNKNOWN_WORK,)


@lru_cache(maxsize=32)
def _spec(fix: FixName, workspace: Path) -> FixSpec | None:
    """What the fix says; None where it cannot be read."""
    try:
        return fix_spec(fix, workspace)
    except MusterError:
        return None
