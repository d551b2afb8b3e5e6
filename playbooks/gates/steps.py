"""The question to a host before it is pushed, as a step that changes nothing."""

from importlib.resources import files

from muster.fleet import OsFamily
from muster.safety import Readiness
from muster.steps import Step, StepName

SCRIPTS = {OsFamily.LINUX: "linux.sh", OsFamily.WINDOWS: "windows.cmd"}
TIMEOUT_S = 30.0


def gate_step(wanted: Readiness, family: OsFamily) -> Step | None:
    """The step for a host of this family; None when nothing is asked, or nothing can be.

    It goes by the name of a probe, because that is what it is: what it answers is read by ``push.gates_ready``.
    """
    if not wanted.asks or family not in SCRIPTS:
        return None
    script = (files("playbooks") / "gates" / SCRIPTS[family]).read_text(encoding="utf-8")
    backup = wanted.backup
    path = "" if backup is None else {OsFamily.LINUX: backup.linux, OsFamily.WINDOWS: backup.windows}[family]
    return Step(StepName.PROBE, script, {"MUSTER_GATE_BACKUP": path}, timeout_s=TIMEOUT_S)
