"""What Ansible does at each host, written down while it does it: one note for each task that ended.

Ansible-runner's event handler runs inside its pump, where whatever is slow breaks the call: it only puts the event
into a queue here. A thread of its own takes them out, many at a time, removes secrets, and hands them on. Notes are
there for people who watch; how a host stands is never read from them, so that what cannot be written is dropped.
"""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from muster.errors import MusterError
from muster.ids import HostId
from muster.records import Note
from muster.steps import StepName
from push.ansible_events import Heard, message_of

Write = Callable[[Sequence[Note]], None]
KINDS = {
    "runner_on_ok": "ansible task ok",
    "runner_on_failed": "ansible task failed",
    "runner_on_unreachable": "ansible host unreachable",
}
CHANGED = "ansible task changed"
MOST_AT_ONCE = 500
LONGEST_MESSAGE = 300
PAUSE_S = 0.5
"""How long notes are gathered before they are written together."""
FLUSH_S = 10.0
"""How long the end of a call waits for its last notes."""


@dataclass
class TaskNotes:
    """Writes the notes of one call. ``hosts`` are the host ids by their names in the inventory."""

    write: Write
    clean: Callable[[str], str]
    step: StepName
    hosts: Mapping[str, HostId]
    dropped: int = 0
    _queue: "queue.SimpleQueue[Heard | None]" = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None

    def hear(self, event: Heard) -> None:
        """Take an event; returns at once, whatever the writing does."""
        if event.kind in KINDS and event.host in self.hosts:
            self._queue.put(event)

    def begin(self) -> None:
        """Start writing."""
        self._thread = threading.Thread(target=self._run, name="ansible-notes", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Write what is left, and stop; waits ``FLUSH_S`` at most."""
        self._queue.put(None)
        if self._thread:
            self._thread.join(FLUSH_S)

    def _run(self) -> None:
        over = False
        while not over:
            gathered, over = self._gather()
            if not gathered:
                continue
            try:
                self.write([self._note(event) for event in gathered])
            except MusterError:
                self.dropped += len(gathered)

    def _gather(self) -> tuple[list[Heard], bool]:
        """The events of the next moment, and whether they were the last ones."""
        first = self._queue.get()
        if first is None:
            return [], True
        gathered = [first]
        while len(gathered) < MOST_AT_ONCE:
            try:
                event = self._queue.get(timeout=PAUSE_S)
            except queue.Empty:
                return gathered, False
            if event is None:
                return gathered, True
            gathered.append(event)
        return gathered, False

    def _note(self, event: Heard) -> Note:
        kind = CHANGED if event.kind == "runner_on_ok" and event.result.get("changed") is True else KINDS[event.kind]
        data: dict[str, object] = {"step": self.step.value, "task": self.clean(event.task)}
        if event.duration_s is not None:
            data["duration_s"] = round(event.duration_s, 3)
        if event.kind != "runner_on_ok":
            data["message"] = self.clean(message_of(event.result))[:LONGEST_MESSAGE]
            data["ignored"] = event.ignored
        return Note(kind, self.hosts[event.host], data)
