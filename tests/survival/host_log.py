"""What the hosts remember (see ``recorder``), and the laws that it must hold to."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Session:
    """One step that a host was made to carry out, by the host's own word.

    Attributes:
        begun_s: monotonic seconds, the same clock for all processes of this machine.
        ended_s: None where it was still at work when the log was read.
        said: its output; empty while it is at work.
    """

    host: str
    step: str
    begun_s: float
    ended_s: float | None = None
    said: str = ""

    @property
    def done(self) -> bool:
        """Whether it came to its own end, and was not cut off."""
        return f"done\t{self.step}\n" in self.said


def read_log(log: Path) -> list[Session]:
    """Every session in the order in which they began."""
    begun: dict[str, Session] = {}
    for text in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        line = json.loads(text)
        if line["what"] == "begun":
            begun[line["session"]] = Session(line["host"], line["step"], line["at_s"])
        else:
            one = begun[line["session"]]
            begun[line["session"]] = Session(one.host, one.step, one.begun_s, line["at_s"], line["said"])
    return sorted(begun.values(), key=lambda one: one.begun_s)


def of_step(sessions: Iterable[Session], step: str) -> list[Session]:
    """Those of one step."""
    return [one for one in sessions if one.step == step]


def pushed_blindly(sessions: Sequence[Session]) -> list[str]:
    """Sentences about every push that was not preceded by a fresh answer of the host; empty when all is well.

    Before a host is pushed for the first time nothing is demanded here: it was asked before the log began. Between two
    pushes of a host there must be a probe that began after the first push had ended and came to its end before the
    second push began.
    """
    wrong: list[str] = []
    by_host: dict[str, list[Session]] = defaultdict(list)
    for one in sorted(sessions, key=lambda one: one.begun_s):
        by_host[one.host].append(one)
    for host, its in by_host.items():
        pushes = of_step(its, "apply")
        for first, second in pairwise(pushes):
            if first.ended_s is None or first.ended_s > second.begun_s:
                wrong.append(f"{host} was pushed while a push was at work")
            elif not any(_answered_between(probe, first.ended_s, second.begun_s) for probe in of_step(its, "probe")):
                wrong.append(f"{host} was pushed twice without an answer in between")
    return wrong


def _answered_between(probe: Session, after_s: float, before_s: float) -> bool:
    return probe.done and probe.ended_s is not None and after_s <= probe.begun_s and probe.ended_s <= before_s
