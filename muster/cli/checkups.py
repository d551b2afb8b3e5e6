"""What ``muster doctor`` looks at: one function for each matter, which says how it stands and what to do."""

import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import zip_longest
from typing import TYPE_CHECKING

import httpx
from packaging.requirements import Requirement

import muster
from flows.server import ANSWER_TIMEOUT_S, API_VARIABLE, check_configured_server
from muster.cli.output import count
from muster.cli.workspace import Workspace
from muster.errors import MusterError
from muster.fleet import Fleet, Host, TransportName
from muster.ids import SiteId

if TYPE_CHECKING:  # it brings paramiko, which no other command of this file needs
    from push.trust import Offer

LEAST_FREE_BYTES = 1_000_000_000
SLOW_LEDGER_S = 0.5
CLOCKS_APART_S = 5.0
"""Leases are told by the clock: machines that share a ledger must agree far better than a lease is long."""
USUAL_PORTS = {TransportName.SSH: 22, TransportName.WINRM: 5986}


class State(StrEnum):
    """How a matter stands; only ``broken`` makes the command fail."""

    GOOD = "good"
    LOOK = "look at it"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Checkup:
    """One matter: how it stands, what was seen, and what to do where it is not good."""

    matter: str
    state: State
    seen: str
    cure: str = ""


Examination = Callable[[Workspace], Iterator[Checkup]]


def installation(_: Workspace) -> Iterator[Checkup]:
    """Whether what is installed beside Muster is what it was tested with."""
    wrong = [problem for line in requires("muster") or () if (problem := _unmet(Requirement(line)))]
    cure = "make setup installs what was tested"
    if wrong:
        yield Checkup("installation", State.BROKEN, f"muster {muster.__version__}: {'; '.join(wrong)}", cure)
    else:
        yield Checkup("installation", State.GOOD, f"muster {muster.__version__}, zone data {version('tzdata')}")


def _unmet(wanted: Requirement) -> str:
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return ""
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is not there"
    fits = wanted.specifier.contains(found, prereleases=True)
    return "" if fits else f"{wanted.name} {found} is there, {wanted.specifier} is needed"


def disk(workspace: Workspace) -> Iterator[Checkup]:
    """Whether the workspace can be written, and has room."""
    folder = workspace.settings.workspace
    free = shutil.disk_usage(folder).free
    seen = f"{folder}: {free / 1e9:,.1f} GB free"
    if not os.access(folder, os.W_OK):
        yield Checkup("workspace", State.BROKEN, f"this user cannot write in {folder}", "give this user the folder")
    elif free < LEAST_FREE_BYTES:
        yield Checkup("workspace", State.LOOK, seen, "make room: evidence and the ledger grow with the campaign")
    else:
        yield Checkup("workspace", State.GOOD, seen)


def database(workspace: Workspace) -> Iterator[Checkup]:
    """Whether the ledger opens, is of this version, and answers quickly."""
    ledger = workspace.ledger
    began = time.monotonic()
    revision = ledger.revision()
    seconds = time.monotonic() - began
    seen = f"{revision:,} events, answers in {seconds * 1000:.0f} ms"
    if seconds > SLOW_LEDGER_S:
        yield Checkup("ledger", State.LOOK, seen, "see what else is using the database, or how far away it is")
    else:
        yield Checkup("ledger", State.GOOD, seen)


def prefect(workspace: Workspace) -> Iterator[Checkup]:
    """Whether the Prefect server that is configured answers, and has the same time as this machine."""
    url = os.environ.get(API_VARIABLE)
    if not url:
        home = workspace.settings.path(workspace.settings.prefect_home)
        yield Checkup("Prefect", State.GOOD, f"none is configured: Muster starts its own when it is needed ({home})")
        return
    check_configured_server()
    answer = httpx.get(f"{url}/health", timeout=ANSWER_TIMEOUT_S)
    if not answer.is_success:
        cure = f"see its log, or mend {API_VARIABLE}"
        yield Checkup("Prefect", State.BROKEN, f"{answer.url} says {answer.status_code}", cure)
        return
    yield Checkup("Prefect", State.GOOD, f"{answer.url} answers")
    yield from _apart("Prefect's server", answer)


def _apart(whose: str, answer: httpx.Response) -> Iterator[Checkup]:
    said = answer.headers.get("date")
    if said is None:
        return
    apart_s = abs((datetime.now(UTC) - parsedate_to_datetime(said)).total_seconds())
    if apart_s > CLOCKS_APART_S:
        seen = f"{whose} and this machine are {apart_s:.0f} s apart"
        yield Checkup("clocks", State.BROKEN, seen, "have both machines take the time from the network (NTP)")
    else:
        yield Checkup("clocks", State.GOOD, f"{whose} has the same time as this machine")


def clock_shift(workspace: Workspace) -> Iterator[Checkup]:
    """Whether the campaign's clock is the real one."""
    if shift_s := workspace.settings.clock_shift_s:
        seen = f"campaigns here believe that it is {shift_s / 86_400:+.1f} days from now"
        yield Checkup("clocks", State.LOOK, seen, "right for a rehearsal; else take clock_shift_s out of muster.yml")


def credentials(workspace: Workspace) -> Iterator[Checkup]:
    """Whether every credential reference of the fleet stands for something; nothing is logged in to."""
    default = workspace.settings.default_credential
    fleet = workspace.ledger.fleet()
    users = Counter(host.credential or default for host in fleet.hosts if host.transport is not TransportName.NONE)
    users.update(jump.credential or default for site in fleet.sites for jump in site.jump)
    for reference, hosts in sorted(users.items()):
        try:
            workspace.services.credentials.resolve(reference)
        except MusterError as error:
            seen = f"{reference} ({count(hosts, 'host')}): {error.message}"
            yield Checkup("credentials", State.BROKEN, seen, error.hint)
            del users[reference]
    if users:
        yield Checkup("credentials", State.GOOD, f"{len(users)} of the fleet's references stand for something")


def reach(workspace: Workspace, sample: int) -> Iterator[Checkup]:
    """Whether a sample of the hosts answers: of every site some, and of SSH hosts the key that is trusted."""
    from muster.cli.trusting import scan_hosts

    fleet = workspace.ledger.fleet()
    if not fleet.hosts:
        yield Checkup("fleet", State.LOOK, "no host is known yet", "muster import fleet/")
        return
    chosen = sample_of(fleet, sample)
    offers = scan_hosts(workspace, [host for host in chosen if host.transport is TransportName.SSH])
    seen = [_as_checkup(offer) for offer in offers]
    timeout_s = workspace.settings.connect_timeout_s
    seen += [_knock(host, timeout_s) for host in chosen if host.transport is TransportName.WINRM]
    yield from (one for one in seen if one.state is not State.GOOD)
    good = sum(one.state is State.GOOD for one in seen)
    sentence = f"{good} of {count(len(seen), 'asked host')} answer as they should"
    yield Checkup("reach", State.GOOD if good else State.LOOK, sentence)


def sample_of(fleet: Fleet, most: int) -> list[Host]:
    """So many hosts that something can be carried to: one of every site, then a second, and so on."""
    by_site: dict[SiteId, list[Host]] = {}
    for host in fleet.hosts:
        if host.transport is not TransportName.NONE:
            by_site.setdefault(host.site_id, []).append(host)
    rounds: Sequence[tuple[Host | None, ...]] = list(zip_longest(*by_site.values()))
    return [host for one in rounds for host in one if host is not None][:most]


def _as_checkup(offer: "Offer") -> Checkup:
    from push.trust import Standing

    host = f"{offer.target.host_id} ({offer.target.address})"
    match offer.standing:
        case Standing.SAME:
            return Checkup("reach", State.GOOD, f"{host} answers, and is who it was")
        case Standing.NEW:
            return Checkup("reach", State.LOOK, f"{host} answers; its key is not known yet", "muster hosts trust")
        case Standing.CHANGED:
            return Checkup("reach", State.BROKEN, f"{host}: {offer.cause}", offer.hint)
        case Standing.NO_KEY:
            return Checkup("reach", State.LOOK, f"{host}: {offer.cause}", offer.hint)


def _knock(host: Host, timeout_s: float) -> Checkup:
    port = host.port or USUAL_PORTS[host.transport]
    try:
        socket.create_connection((host.address, port), timeout_s).close()
    except OSError as error:
        seen = f"{host.id} ({host.address}:{port}): {error.strerror or error}"
        return Checkup("reach", State.LOOK, seen, "see that it is on, and that WinRM listens there")
    return Checkup("reach", State.GOOD, f"{host.id} ({host.address}:{port}) accepts connections")


EXAMINATIONS: tuple[tuple[str, Examination], ...] = (
    ("installation", installation),
    ("workspace", disk),
    ("ledger", database),
    ("Prefect", prefect),
    ("clocks", clock_shift),
    ("credentials", credentials),
)


def examine(workspace: Workspace, *, sample: int) -> Iterator[Checkup]:
    """Every matter, one after the other; what fails is a matter that is broken, and the next one is looked at."""
    for matter, look in (*EXAMINATIONS, ("reach", lambda opened: reach(opened, sample))):
        try:
            yield from look(workspace)
        except (MusterError, OSError, httpx.HTTPError) as error:
            hint = error.hint if isinstance(error, MusterError) else ""
            yield Checkup(matter, State.BROKEN, error.message if isinstance(error, MusterError) else str(error), hint)
