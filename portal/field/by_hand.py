"""What a person at a machine can do where Muster could not: short steps, by how the machine stands."""

from muster.fleet import Host, OsFamily, TransportName
from muster.outcomes import HostStatus
from muster.records import HostState

SWITCHED_ON = "See that it is switched on and that its network cable or wireless works."
LOG_IN = "Log in at the machine itself, or have somebody of the client do so."
NOTE_IT = "Write down below what you did, so that it can be told to the client."
THEN_PUSH = "Then press Push again: Muster does the rest."
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
    HostStatus.UNSUPPORTED: (
        "Muster has no remote fix for this machine.",
        LOG_IN,
        "Do by hand what the reason of the visit asks for, with the maker's own tool.",
        NOTE_IT,
    ),
    HostStatus.ROLLED_BACK: (
        "It was put back to what it was, because the work did not hold.",
        "Leave it as it is, and report a problem with what you see.",
    ),
}
CLOCKS = {
    OsFamily.WINDOWS: "Settings, Time & language, Date & time: the zone must be the site's, and the time shown right.",
    OsFamily.LINUX: "In a terminal: timedatectl shows zone and time; both must be the site's.",
}
"""How the result is seen at the machine itself, by family."""


def steps(host: Host, state: HostState) -> tuple[str, ...]:
    """What to do at this machine by hand; empty where there is nothing to do."""
    if state.status.protected or state.status is HostStatus.CLAIMED:
        return ()
    if host.transport is TransportName.NONE:
        return (LOG_IN, "Do by hand what the reason of the visit asks for.", NOTE_IT)
    return STEPS.get(state.status, ())


def check(host: Host, fix: str) -> str:
    """How to see at the machine that it is right; empty where the fix shows nothing."""
    return CLOCKS.get(host.os, "") if fix == "tzdata" else ""
