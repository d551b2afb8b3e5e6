"""A pusher that carries playbooks by ansible-runner: one call for all orders that want the same thing.

Held to the same conformance suite as SSH. What Ansible cannot do is in ``docs/fixes.md``: a stop ends hosts in the
middle of a task, and a step costs a hundred times what the fast path does.
"""

import os
import queue
import re
import shlex
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from math import ceil
from pathlib import Path

from muster.errors import InputError, SecretError
from muster.fleet import TransportName
from muster.outcomes import Ending, Stage, StepReport
from muster.ports import Order, Pusher, StopSignal, Target
from muster.steps import Step
from push.ansible_call import Call, Request, Secrets, Template
from push.ansible_events import Ended, Heard, HostProgress, read_event
from push.credentials import Agent, Credentials, Password, PrivateKey
from push.judging import Judgement

FAST_EXCHANGE = (
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
)
NAP_S = 0.1
SILENT_ANSIBLE_S = 60.0
"""A call in which nothing is heard for this long beyond the deadline of its hosts is ended."""
_LARGEST_RESULT_BYTES = 16_000_000
"""ansible-runner forgets results that are longer, and with them what the step said."""
_ADDRESS = re.compile(r"^[A-Za-z0-9:_][A-Za-z0-9:._%-]*$")
_SCRIPT_PLAYBOOK = "ansible_script.yml"


@dataclass(frozen=True, slots=True)
class AnsibleOptions:
    """How Ansible is run.

    Attributes:
        known_hosts: the file of trusted keys; nothing else is trusted, and nothing is written to it.
        playbooks: the folder that ``Step.playbook`` is taken from.
        forks: hosts at one time.
        connect_timeout_s: longest wait for a connection and its banner.
        key_exchange: ``fast`` offers curve25519 and ECDH only, which gives up post-quantum secrecy.
        python: the hosts' interpreter; found by Ansible by default.
        output_limit_bytes: output kept of one step.
    """

    known_hosts: Path
    playbooks: Path
    forks: int = 50
    connect_timeout_s: float = 8.0
    key_exchange: str = "fast"
    python: str = "auto_silent"
    output_limit_bytes: int = 262_144


def ansible_pusher(
    *,
    known_hosts: Path,
    credentials: Credentials | None = None,
    playbooks: Path | None = None,
    forks: int = 50,
    connect_timeout_s: float = 8.0,
    key_exchange: str = "fast",
    python: str = "auto_silent",
    output_limit_bytes: int = 262_144,
) -> Pusher:
    """The pusher; see ``AnsibleOptions``. ``playbooks`` is the catalogue's folder by default."""
    folder = playbooks or Path(str(files("playbooks")))
    options = AnsibleOptions(
        known_hosts.resolve(), folder, forks, connect_timeout_s, key_exchange, python, output_limit_bytes
    )
    return AnsiblePusher(options, credentials or Credentials())


@dataclass
class _Visit:
    """One order on its way through one call."""

    order: Order
    progress: HostProgress
    reported: bool = False


@dataclass
class _Batch:
    """The orders that one call carries: all want the same step."""

    step: Step
    visits: dict[str, _Visit] = field(default_factory=dict)

    def add(self, order: Order) -> None:
        """Take one more order in, under a name that is safe in an inventory."""
        name = base = re.sub(r"[^A-Za-z0-9_.-]", "_", str(order.target.host_id)) or "host"
        number = 1
        while name in self.visits or name in {"localhost", "all", "ungrouped"}:
            number += 1
            name = f"{base}_{number}"
        self.visits[name] = _Visit(order, HostProgress(order.step))

    @property
    def open(self) -> list[_Visit]:
        """Those without a report yet."""
        return [visit for visit in self.visits.values() if not visit.reported]


class AnsiblePusher:
    """Carries orders by ansible-runner."""

    def __init__(self, options: AnsibleOptions, credentials: Credentials) -> None:
        self._options = options
        self._credentials = credentials

    def execute(self, orders: Iterable[Order], *, stop: StopSignal) -> Iterator[StepReport]:
        """Carry out every order, those that want the same thing together; see the port."""
        batches: dict[tuple[object, ...], _Batch] = {}
        for order in orders:
            if refusal := _refusal(order, self._options.playbooks):
                yield self._report(order, refusal, datetime.now(UTC))
                continue
            batches.setdefault(_key(order.step), _Batch(order.step)).add(order)
        for batch in batches.values():
            yield from self._carry(batch, stop)

    def _carry(self, batch: _Batch, stop: StopSignal) -> Iterator[StepReport]:
        secrets = Secrets()
        try:
            hosts: dict[str, Mapping[str, object]] = {}
            for name, visit in batch.visits.items():
                try:
                    hosts[name] = self._host(visit.order.target, secrets)
                except SecretError as error:
                    yield self._end(
                        visit, Ended(Judgement(Ending.FAILED, Stage.NOT_STARTED, error.message, error.hint))
                    )
            if hosts and not stop.is_set():
                yield from self._listen(batch, self._request(batch, hosts), stop)
            for visit in batch.open:
                yield self._end(visit, Ended(_NOT_STARTED))
        finally:
            secrets.forget()

    def _listen(self, batch: _Batch, request: Request, stop: StopSignal) -> Iterator[StepReport]:
        """Run one call in a thread of its own, and report each host as soon as it has ended."""
        heard: queue.SimpleQueue[Heard | _Over] = queue.SimpleQueue()

        def on_event(event: Mapping[str, object]) -> None:
            if said := read_event(event):
                heard.put(said)

        call = Call(request, on_event)
        thread = threading.Thread(target=lambda: heard.put(_Over(_run(call))), name="ansible", daemon=True)
        thread.start()
        try:
            yield from self._reports(batch, heard, stop, call)
        finally:
            call.end()
            thread.join()

    def _reports(
        self, batch: _Batch, heard: "queue.SimpleQueue[Heard | _Over]", stop: StopSignal, call: Call
    ) -> Iterator[StepReport]:
        longest_s = max(visit.order.deadline_s for visit in batch.visits.values())
        last_heard = time.monotonic()
        stopped = False
        while batch.open:
            try:
                event = heard.get(timeout=NAP_S)
            except queue.Empty:
                event = None
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
                call.end()
            if time.monotonic() - last_heard > longest_s + SILENT_ANSIBLE_S:
                call.end()
            yield from self._overdue(batch)

    def _overdue(self, batch: _Batch) -> Iterator[StepReport]:
        now = datetime.now(UTC)
        for visit in batch.open:
            begun = visit.progress.started_at
            if begun and (now - begun).total_seconds() > visit.order.deadline_s:
                yield self._end(visit, visit.progress.cut(f"the step did not end within {visit.order.deadline_s:g} s"))

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
        clean, limit = self._credentials.redactor.clean, self._options.output_limit_bytes
        return StepReport(
            host_id=order.target.host_id,
            step=order.step.name,
            ending=ended.judgement.ending,
            stage=ended.judgement.stage,
            cause=clean(ended.judgement.cause),
            hint=ended.judgement.hint,
            exit_code=ended.exit_code,
            stdout=clean(_capped(ended.stdout, limit)),
            stderr=clean(_capped(ended.stderr, limit)),
            started_at=started_at,
            ended_at=max(datetime.now(UTC), started_at),
        )

    def _host(self, target: Target, secrets: Secrets) -> dict[str, object]:
        """The inventory's variables of one host; its secret, if it has one, is in memory only."""
        variables: dict[str, object] = {
            "ansible_host": target.address,
            "ansible_port": target.port or 22,
            "ansible_user": target.user,
        }
        match self._credentials.resolve(target.credential):
            case PrivateKey(text):
                key = secrets.file(text.encode() if text.endswith("\n") else f"{text}\n".encode())
                options = "-o IdentitiesOnly=yes -o IdentityAgent=none -o PreferredAuthentications=publickey"
                variables |= {"ansible_ssh_private_key_file": key, "ansible_ssh_common_args": options}
            case Password(value):
                lookup = f"lookup('ansible.builtin.file', '{secrets.file(value.encode())}', rstrip=false)"
                options = "-o PubkeyAuthentication=no -o PreferredAuthentications=password,keyboard-interactive"
                variables |= {
                    "ansible_password": Template("{{ " + lookup + " }}"),
                    "ansible_ssh_common_args": options + " -o NumberOfPasswordPrompts=1",
                }
            case Agent():
                variables["ansible_ssh_common_args"] = "-o PreferredAuthentications=publickey"
        return variables

    def _request(self, batch: _Batch, hosts: Mapping[str, Mapping[str, object]]) -> Request:
        step = batch.step
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in step.arguments.items())
        return Request(
            playbook=_playbook(step, self._options.playbooks),
            hosts=hosts,
            files={"script": (exports + step.script).encode(), "payload": step.payload},
            variables={
                "muster_arguments": dict(step.arguments),
                "muster_step": step.name.value,
                "muster_payload_bytes": len(step.payload),
            },
            environment=self._environment(ceil(max(visit.order.deadline_s for visit in batch.visits.values()))),
            forks=min(self._options.forks, len(hosts)),
        )

    def _environment(self, task_timeout_s: int) -> dict[str, str]:
        agent = os.environ.get("SSH_AUTH_SOCK", "")
        return {
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
            "ANSIBLE_DEPRECATION_WARNINGS": "False",
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_PYTHON_INTERPRETER": self._options.python,
            "ANSIBLE_REMOTE_TEMP": "/tmp",  # noqa: S108  nothing is left there; ~/.ansible would be
            "ANSIBLE_SSH_ARGS": shlex.join(self._ssh_arguments()),
            "ANSIBLE_SSH_RETRIES": "0",
            "ANSIBLE_SSH_TRANSFER_METHOD": "piped",
            "ANSIBLE_SSH_USETTY": "False",
            "ANSIBLE_TASK_TIMEOUT": str(task_timeout_s),
            "ANSIBLE_TIMEOUT": str(ceil(self._options.connect_timeout_s)),
            "MAX_EVENT_RES": str(_LARGEST_RESULT_BYTES),
            **({"SSH_AUTH_SOCK": agent} if agent else {}),
        }

    def _ssh_arguments(self) -> list[str]:
        options = [
            "ControlMaster=auto",
            "ControlPersist=60s",
            "ServerAliveInterval=5",
            "ServerAliveCountMax=3",
            f"UserKnownHostsFile={self._options.known_hosts}",
            "GlobalKnownHostsFile=/dev/null",
            "StrictHostKeyChecking=yes",
            "UpdateHostKeys=no",
            "GSSAPIAuthentication=no",
        ]
        if self._options.key_exchange == "fast":
            options.append(f"KexAlgorithms={FAST_EXCHANGE}")
        return ["-F", "none", *(word for option in options for word in ("-o", option))]


@dataclass(frozen=True, slots=True)
class _Over:
    """The call has ended; what Ansible complained of."""

    trouble: str


_NOT_STARTED = Judgement(Ending.NOT_STARTED, Stage.NOT_STARTED, "stopped before it was touched")


def _run(call: Call) -> str:
    """Ansible's own troubles, whatever they are, are the hosts' cause; they must not end the thread unheard."""
    try:
        return call.run()
    except Exception as error:  # noqa: BLE001  ansible-runner raises many kinds; all end in every host's report
        return f"{type(error).__name__}: {error}"


def _key(step: Step) -> tuple[object, ...]:
    return (step.name, step.playbook, step.script, tuple(sorted(step.arguments.items())), step.payload)


def _playbook(step: Step, folder: Path) -> Path:
    return folder / step.playbook if step.playbook else Path(str(files("push"))) / _SCRIPT_PLAYBOOK


def _refusal(order: Order, folder: Path) -> Ended | None:
    """Why an order is not even tried."""
    target = order.target
    if target.transport is not TransportName.SSH:
        cause = f"Ansible is used over SSH only, not over {target.transport}"
    elif not _ADDRESS.match(target.address):
        cause = f"{target.address!r} is not an address"
    elif not _playbook(order.step, folder).is_file():
        raise InputError(f"there is no playbook {order.step.playbook!r} in {folder}")
    else:
        return None
    return Ended(Judgement(Ending.FAILED, Stage.NOT_STARTED, cause, "check this host in the fleet file"))


def _capped(text: str, limit_bytes: int) -> str:
    data = text.encode(errors="replace")
    return text if len(data) <= limit_bytes else data[-limit_bytes:].decode(errors="ignore")
