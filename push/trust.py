"""First contact with SSH hosts: ask for keys, compare them with what is trusted, write down what a person decided.

A key that is merely offered proves nothing about who offers it: whoever runs ``muster hosts trust`` on a network that
is not trusted should compare the fingerprints with the machines' own (``ssh-keygen -lf /etc/ssh/ssh_host_*.pub``). A
key that has changed is never written over by itself: the host has to be named.
"""

import base64
import contextlib
import fcntl
import os
import socket
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from muster.errors import InputError, Untrusted
from muster.fleet import TransportName
from muster.ids import HostId
from muster.outcomes import Ending
from muster.ports import Order, StopSignal, Target
from muster.settings import Settings
from muster.steps import Fact, Step, StepName, read_output
from push.credentials import Credentials
from push.known_hosts import USUAL_PORT, KnownHosts, Line, Marker, fingerprint, host_pattern, parse, type_of_blob
from push.pool import Limits, PoolPusher
from push.ssh import ssh_transport
from push.ssh_login import via_of
from push.ssh_session import SshOptions, open_session
from push.transport import Door, Guard, RawResult

_ASK = Step(StepName.PROBE, "")
_LAYER = "host key"


class Standing(StrEnum):
    """How a host's key compares with what is trusted."""

    SAME = "trusted"
    NEW = "new"
    CHANGED = "changed"
    """Another key (or certificate, or signer) than the trusted one, or a revoked one."""
    NO_KEY = "no answer"
    """The host showed no key; the cause says why."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one host showed, and how that compares.

    Attributes:
        target: the host, as it was asked.
        blob: its key as it goes over the wire; empty where it showed none.
        cause: for ``changed`` what differs, both fingerprints in it; for ``no answer`` why; else empty.
    """

    target: Target
    standing: Standing
    blob: bytes = b""
    cause: str = ""
    hint: str = ""

    @property
    def key_type(self) -> str:
        """Such as ``ssh-ed25519``; empty where there is no key."""
        return type_of_blob(self.blob) if self.blob else ""

    @property
    def fingerprint(self) -> str:
        """``SHA256:…``; empty where there is no key."""
        return fingerprint(self.blob) if self.blob else ""


@dataclass(frozen=True, slots=True)
class Trusted:
    """What ``trust`` did with each host."""

    added: tuple[HostId, ...]
    replaced: tuple[HostId, ...]
    refused: tuple[Offer, ...]
    """Changed keys whose host was not named; nothing was written for them."""


def scan(
    targets: Iterable[Target],
    settings: Settings,
    *,
    known_hosts: KnownHosts,
    stop: StopSignal,
    credentials: Credentials | None = None,
) -> Iterator[Offer]:
    """Ask every target for its host key, many at one time; one offer for each, as they come.

    A host costs at most ``connect_timeout_s`` plus ``login_timeout_s``. Nothing is logged in to but the jump hosts on
    the way, whose keys must be trusted already. Hosts that were not asked because of ``stop`` are offers of
    ``no answer``.
    """
    by_id: dict[HostId, Target] = {}
    transport = _KeyScan(known_hosts, SshOptions(settings.key_exchange, settings.login_timeout_s))
    through = ssh_transport(settings, credentials or Credentials(), known_hosts=known_hosts)
    dialer = through.jumps(settings.connect_timeout_s)
    limits = Limits(settings.parallel_hosts, settings.connect_timeout_s)
    pusher = PoolPusher(transport, limits, dialer=dialer)
    deadline_s = settings.connect_timeout_s + settings.login_timeout_s

    def orders() -> Iterator[Order]:
        for target in targets:
            by_id[target.host_id] = target
            yield Order(target, _ASK, deadline_s + dialer.longest_s(target))

    for report in pusher.execute(orders(), stop=stop):
        target = by_id.pop(report.host_id)
        if report.ending is not Ending.DONE:
            yield Offer(target, Standing.NO_KEY, cause=report.cause, hint=report.hint)
            continue
        shown = {fact.key: base64.b64decode(fact.value) for fact in read_output(report.stdout).facts}
        yield compare(target, shown["plain"], shown.get("certificate", b""), known_hosts)


def jump_targets(targets: Iterable[Target]) -> tuple[Target, ...]:
    """The jump hosts on the way to these targets, each once, as targets of their own; those nearest to us first."""
    found: dict[HostId, Target] = {}
    for target in targets:
        for number, jump in enumerate(target.jump):
            name = HostId(f"jump {jump.address}:{jump.port or USUAL_PORT}")
            before = target.jump[:number]
            made = Target(
                name,
                target.site_id,
                TransportName.SSH,
                jump.address,
                jump.port,
                jump.user,
                jump.credential,
                jump=before,
            )
            found.setdefault(name, made)
    return tuple(sorted(found.values(), key=lambda target: len(target.jump)))


def compare(target: Target, blob: bytes, certificate: bytes, known_hosts: KnownHosts) -> Offer:
    """How a key that was shown compares with what is trusted. Pure."""
    port = target.port or USUAL_PORT
    try:
        known_hosts.check(target.address, port, blob, certificate=certificate, via=via_of(target.jump))
    except Untrusted as error:
        lines = known_hosts.lines_for(target.address, port, via_of(target.jump))
        new = not lines and not known_hosts.is_revoked(blob)
        cause, hint = ("", "") if new else (error.message, error.hint)
        return Offer(target, Standing.NEW if new else Standing.CHANGED, blob, cause, hint)
    return Offer(target, Standing.SAME, blob)


def trust(path: Path, offers: Sequence[Offer], *, replace_hosts: Collection[HostId] = ()) -> Trusted:
    """Write new keys down, and changed ones where their host is named; the file is replaced as a whole, mode 0600.

    Raises:
        InputError: the file cannot be read or written, or the old key of a named host stands on a line that is about
            other hosts too (a pattern) or is revoked; nothing is written then.
    """
    added = [offer for offer in offers if offer.standing is Standing.NEW]
    changed = [offer for offer in offers if offer.standing is Standing.CHANGED]
    replaced = [offer for offer in changed if offer.target.host_id in replace_hosts]
    refused = tuple(offer for offer in changed if offer.target.host_id not in replace_hosts)
    if added or replaced:
        with _exclusively(path) as file:
            _write(file, _changed_text(file, added, replaced))
    return Trusted(
        tuple(offer.target.host_id for offer in added), tuple(offer.target.host_id for offer in replaced), refused
    )


class _KeyScan:
    """A Transport that goes as far as the host's key and no further."""

    def __init__(self, known_hosts: KnownHosts, options: SshOptions) -> None:
        self._known_hosts = known_hosts
        self._options = options

    def door(self, target: Target) -> Door:
        """SSH servers speak first."""
        return Door(target.address, target.port or USUAL_PORT, greets=True)

    def carry(self, order: Order, guard: Guard, connection: socket.socket | None) -> RawResult:
        """Answer with the key as facts, in the lines of a step."""
        if connection is None:
            raise ValueError("SSH begins with an open connection")
        target = order.target
        types = self._known_hosts.key_types(target.address, target.port or USUAL_PORT, via_of(target.jump))
        with open_session(connection, guard, self._options, types) as session:
            key = session.get_remote_server_key()
        facts = [Fact(_LAYER, "plain", base64.b64encode(key.asbytes()).decode())]
        if key.public_blob:
            facts.append(Fact(_LAYER, "certificate", base64.b64encode(key.public_blob.key_blob).decode()))
        lines = [f"fact\t{fact.layer}\t{fact.key}\t{fact.value}\n" for fact in facts]
        return RawResult(0, "".join(lines) + f"done\t{StepName.PROBE}\n", "")


def _changed_text(path: Path, added: Sequence[Offer], replaced: Sequence[Offer]) -> str:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for offer in replaced:
        text = _without(text, path, offer.target)
    if text and not text.endswith("\n"):
        text += "\n"
    return text + "".join(dict.fromkeys(_line_of(offer) for offer in (*added, *replaced)))


def _line_of(offer: Offer) -> str:
    name = _name_of(offer.target)
    return f"{name} {offer.key_type} {base64.b64encode(offer.blob).decode()}\n"


def _name_of(target: Target) -> str:
    return host_pattern(target.address, target.port or USUAL_PORT, via_of(target.jump))


def _without(text: str, path: Path, target: Target) -> str:
    """The text without a host's plain keys; other names on the same line stay."""
    name = _name_of(target)
    kept = []
    for number, raw in enumerate(text.splitlines(keepends=True), start=1):
        found = parse(raw, str(path))
        line = found[0] if found else None
        if line is None or line.marker is not Marker.NONE or not line.matches(name):
            kept.append(raw)
            continue
        kept.append(_less(raw, replace(line, place=f"{path}:{number}"), name))
    return "".join(kept)


def _less(raw: str, line: Line, name: str) -> str:
    others = [each for each in line.names if not replace(line, names=(each,)).matches(name)]
    if any("*" in each or "?" in each for each in line.names if each not in others):
        raise InputError(
            f"{line.place}: the old key stands on a line for several hosts ({','.join(line.names)})",
            hint="change this line by hand",
        )
    return raw.replace(",".join(line.names), ",".join(others), 1) if others else ""


@contextlib.contextmanager
def _exclusively(path: Path) -> Iterator[Path]:
    """The real file behind ``path``, with nobody else changing it through this function."""
    real = path.resolve()
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(real.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield real
        finally:
            os.close(folder)
    except OSError as error:
        raise InputError(f"{path}: cannot be changed: {error.strerror}") from None


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole, or leave it as it is."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
