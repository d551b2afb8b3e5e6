"""A pusher that carries playbooks by ansible-runner: one call for all orders that want the same step.

Held to the same conformance suite as SSH. It differs in three things: it takes all orders before it begins, because one
call serves them all; a stop ends hosts in the middle of a task, without a grace; and a step costs a hundred times the
CPU of the fast path.
"""

import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from muster.errors import SecretError
from muster.fleet import TransportName
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, StopSignal
from muster.records import Note
from muster.settings import Settings
from muster.steps import Step
from push.ansible_call import Call, Secrets
from push.ansible_events import Ended, Heard, HostProgress, read_event
from push.ansible_inventory import AnsibleOptions, host_variables, inventory_name, playbook_of, request
from push.ansible_notes import TaskNotes, Write
from push.credentials import Credentials
from push.judging import Judgement
from push.known_hosts import KnownHosts, fingerprint
from push.output import Capture
from push.redact import SHARED, Redactor

NAP_S = 0.1
SILENT_ANSIBLE_S = 60.0
"""A call in which nothing is heard for this long beyond the deadline of its hosts is ended."""
_ADDRESS = re.compile(r"^[A-Za-z0-9:_][A-Za-z0-9:._%-]*$")
_NOT_STARTED = Judgement(Ending.NOT_STARTED, Stage.NOT_STARTED, "stopped before it was touched")
_NO_WINRM = (
    "a playbook is not carried to Windows hosts: Ansible tries a wrong password at all of them, and locks accounts"
)
"""Its connections to Windows log on for every task, each fork for itself: a domain's account is locked after five.
Muster's own WinRM tries a password at one host, and nowhere else when that says no (``push/winrm_passwords.py``).
"""
_CHECK_HOST = "check this host in the fleet file"


def ansible_pusher(  # noqa: PLR0913  each is an option of its own
    settings: Settings,
    *,
    known_hosts: Path | None = None,
    credentials: Credentials | None = None,
    redactor: Redactor | None = None,
    playbooks: Path | None = None,
    per_site: int = 0,
    become: bool = False,
    python: str = "auto_silent",
    write: Write | None = None,
) -> "AnsiblePusher":
    """Playbooks by ansible-runner, as the settings have it.

    Args:
        settings: ``parallel_hosts`` (forks), key exchange, time-outs and limits are taken from it.
        known_hosts: the file of trusted keys; the settings' one when not given.
        credentials: resolves references; a fresh one that shares ``redactor`` when not given.
        redactor: removes secrets from every report; the one of this process when not given.
        playbooks: the folder that ``Step.playbook`` is taken from; the catalogue's when not given.
        per_site: hosts of one site at one time, 0 means no cap. A batch is then cut into calls, one after another.
        become: carry steps out by ``sudo -n`` where the login name is not root's.
        python: the hosts' interpreter; Ansible finds it by default.
        write: is given a note for each task that ends at a host, while the call goes on; from a thread of its own.
    """
    redactor = redactor or SHARED
    trusted = known_hosts or settings.path(settings.known_hosts)
    folder = playbooks or Path(str(files("playbooks")))
    options = AnsibleOptions(settings, trusted.resolve(), folder, per_site, become, python)
    return AnsiblePusher(options, credentials or Credentials(redactor), redactor, write)


@dataclass
class _Visit:
    """One order on its way through one call."""

    order: Order
    progress: HostProgress
    reported: bool = False


@dataclass
class _Batch:
    """The orders that one call carries: all want the same step."""

    visits: dict[str, _Visit] = field(default_factory=dict)

    def add(self, order: Order) -> None:
        """Take one more order in."""
        name = inventory_name(str(order.target.host_id), self.visits)
        self.visits[name] = _Visit(order, HostProgress(order.step))

    @property
    def open(self) -> list[_Visit]:
        """Those without a report yet."""
        return [visit for visit in self.visits.values() if not visit.reported]


@dataclass(frozen=True, slots=True)
class _Over:
    """The call has ended; what Ansible complained of."""

    trouble: str


_Inbox = queue.SimpleQueue[Heard | _Over]


class AnsiblePusher:
    """Carries orders by ansible-runner."""

    def __init__(
        self, options: AnsibleOptions, credentials: Credentials, redactor: Redactor, write: Write | None = None
    ) -> None:
        self._write = write
        self._options = options
        self._credentials = credentials
        self._redactor = redactor

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        """Carry out every order, those that want the same step together; see the port."""
        batches: dict[tuple[object, ...], _Batch] = {}
        at_site: Counter[tuple[object, ...]] = Counter()
        for order in orders:
            if refusal := _refusal(order, self._options.playbooks):
                yield self._report(order, Ended(refusal), datetime.now(UTC))
                continue
            key = _key(order.step)
            site = (*key, order.target.site_id)
            turn = at_site[site] // self._options.per_site if self._options.per_site else 0
            at_site[site] += 1
            batches.setdefault((turn, *key), _Batch()).add(order)
        for batch in batches.values():
            yield from self._carry(batch, stop)

    def _carry(self, batch: _Batch, stop: StopSignal) -> Iterator[StepReport]:
        secrets = Secrets()
        try:
            hosts: dict[str, Mapping[str, object]] = {}
            for name, visit in batch.visits.items():
                try:
                    hosts[name] = host_variables(visit.order.target, self._credentials, secrets, self._options)
                except SecretError as error:
                    refused = Judgement(Ending.FAILED, Stage.NOT_STARTED, error.message, error.hint)
                    yield self._end(visit, Ended(refused))
            if hosts and not stop.is_set():
                yield from self._listen(batch, hosts, stop)
            for visit in batch.open:
                yield self._end(visit, Ended(_NOT_STARTED))
        finally:
            secrets.forget()

    def _listen(
        self, batch: _Batch, hosts: Mapping[str, Mapping[str, object]], stop: StopSignal
    ) -> Iterator[StepReport]:
        """Run one call in a thread of its own, and report each host as soon as it has ended."""
        inbox: _Inbox = queue.SimpleQueue()
        notes = self._notes(batch)

        def on_event(event: Mapping[str, object]) -> None:
            """Inside Ansible's pump: hand on, and nothing else."""
            if said := read_event(event):
                inbox.put(said)
                notes.hear(said)

        call = Call(request([visit.order for visit in batch.visits.values()], hosts, self._options), on_event)
        thread = threading.Thread(target=lambda: inbox.put(_Over(_run(call))), name="ansible", daemon=True)
        notes.begin()
        thread.start()
        try:
            yield from self._reports(batch, inbox, stop, call)
        finally:
            call.end(at_hosts=bool(batch.open))
            thread.join()
            notes.end()

    def _notes(self, batch: _Batch) -> TaskNotes:
        hosts = {name: visit.order.target.host_id for name, visit in batch.visits.items()} if self._write else {}
        step = next(iter(batch.visits.values())).order.step.name
        return TaskNotes(self._write or _nowhere, self._redactor.clean, step, hosts)

    def _reports(self, batch: _Batch, inbox: _Inbox, stop: StopSignal, call: Call) -> Iterator[StepReport]:
        silence_s = max(visit.order.deadline_s for visit in batch.visits.values()) + SILENT_ANSIBLE_S
        last_heard = time.monotonic()
        stopped = False
        while batch.open:
            event = _next(inbox)
            if isinstance(event, _Over):
                yield from self._rest(batch, event.trouble, stopped=stopped)
                return
            if event:
                last_heard = time.monotonic()
                visit = batch.visits.get(event.host)
                if visit and not visit.reported and (ended := visit.progress.hear(event)):
                    yield self._end(visit, ended)
            if not stopped and stop.is_set():
                stopped = True
                call.end(at_hosts=True)
            if time.monotonic() - last_heard > silence_s:
                call.end(at_hosts=True)
            yield from self._overdue(batch)

    def _overdue(self, batch: _Batch) -> Iterator[StepReport]:
        now = datetime.now(UTC)
        for visit in batch.open:
            begun = visit.progress.started_at
            if begun and (now - begun).total_seconds() > visit.order.deadline_s:
                yield self._end(visit, visit.progress.time_up(visit.order.deadline_s))

    def _rest(self, batch: _Batch, trouble: str, *, stopped: bool) -> Iterator[StepReport]:
        """The call is over: what becomes of the hosts that had not ended."""
        for visit in batch.open:
            if not stopped:
                yield self._end(visit, visit.progress.finish(trouble))
            elif visit.progress.started_at:
                yield self._end(visit, visit.progress.cut("stopped in the middle of the step"))
            else:
                yield self._end(visit, Ended(_NOT_STARTED))

    def _end(self, visit: _Visit, ended: Ended) -> StepReport:
        visit.reported = True
        return self._report(visit.order, ended, visit.progress.started_at or datetime.now(UTC))

    def _report(self, order: Order, ended: Ended, started_at: datetime) -> StepReport:
        judgement, clean = ended.judgement, self._redactor.clean
        cause = judgement.cause
        if judgement.ending is Ending.UNTRUSTED:
            cause += self._known_keys(order)
        return StepReport(
            host_id=order.target.host_id,
            step=order.step.name,
            ending=judgement.ending,
            stage=judgement.stage,
            cause=clean(cause),
            hint=judgement.hint,
            exit_code=ended.exit_code,
            stdout=clean(self._capped(ended.stdout)),
            stderr=clean(self._capped(ended.stderr)),
            started_at=started_at,
            ended_at=max(datetime.now(UTC), started_at),
        )

    def _known_keys(self, order: Order) -> str:
        """What is trusted for a host instead of what it showed."""
        lines = KnownHosts.read(self._options.known_hosts).lines_for(order.target.address, order.target.port)
        known = ", ".join(f"{line.key_type} {fingerprint(line.blob)} ({line.place})" for line in lines)
        return f", known is {known}" if known else ""

    def _capped(self, text: str) -> str:
        capture = Capture(self._options.settings.output_limit_bytes)
        capture.add(text.encode(errors="replace"))
        return capture.text()


def _nowhere(notes: Sequence[Note]) -> None:
    del notes


def _next(inbox: _Inbox) -> Heard | _Over | None:
    try:
        return inbox.get(timeout=NAP_S)
    except queue.Empty:
        return None


def _run(call: Call) -> str:
    """Ansible's own troubles, whatever they are, are the hosts' cause; they must not end the thread unheard."""
    try:
        return call.run()
    except Exception as error:  # noqa: BLE001  ansible-runner raises many kinds; all end in every host's report
        return f"{type(error).__name__}: {error}"


def _key(step: Step) -> tuple[object, ...]:
    return (step.name, step.playbook, step.script, tuple(sorted(step.arguments.items())), step.payload, step.timeout_s)


def _refusal(order: Order, folder: Path) -> Judgement | None:
    """Why an order is not even tried."""
    target, step = order.target, order.step
    if target.transport is TransportName.WINRM:
        why, hint = _NO_WINRM, "give this step of the fix scripts for cmd, which Muster carries over WinRM itself"
        return Judgement(Ending.FAILED, Stage.NOT_STARTED, why, hint)
    if target.transport is not TransportName.SSH:
        why = f"Ansible is used over SSH only, not over {target.transport}"
    elif not _ADDRESS.match(target.address):
        why = f"{target.address!r} is not an address"
    elif not playbook_of(step, folder).is_file():
        why = f"there is no playbook {step.playbook!r} in {folder}"
    elif "\0" in step.script or not all(name.isascii() and name.isidentifier() for name in step.arguments):
        why = "the step holds what no shell can read: a NUL, or an argument whose name is not a name"
    else:
        return None
    return Judgement(Ending.FAILED, Stage.NOT_STARTED, why, _CHECK_HOST)
