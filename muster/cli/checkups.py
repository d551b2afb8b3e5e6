"""What ``muster doctor`` looks at: one function for each matter, which says how it stands and what to do."""

import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from packaging.requirements import Requirement

import muster
from flows.server import ANSWER_TIMEOUT_S, API_VARIABLE, OwnServer, check_configured_server, is_healthy
from ledger.health import Health, health_of
from muster.cli.checkups_far import approvers, host_clocks, mail, runs_by_itself, sample_near, webhooks
from muster.cli.examined import Checkup, State
from muster.cli.supervising import is_held
from muster.cli.up import LOCK_FILE
from muster.cli.workspace import Workspace
from muster.errors import MusterError
from muster.fleet import Fleet, Host, TransportName
from muster.ids import SiteId
from muster.words import count

if TYPE_CHECKING:  # it brings paramiko, which no other command of this file needs
    from push.trust import Offer

LARGE_WAL_BYTES = 500_000_000
LEAST_FREE_BYTES = 1_000_000_000
SLOW_LEDGER_S = 0.5
CLOCKS_APART_S = 5.0
"""Leases are told by the clock: machines that share a ledger must agree far better than a lease is long."""
USUAL_PORTS = {TransportName.SSH: 22, TransportName.WINRM: 5986}


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
    health = health_of(ledger)
    seen = (
        f"{health.kind}, schema {health.schema}, {health.size_bytes / 1e6:,.1f} MB, {revision:,} events, "
        f"answers in {seconds * 1000:.0f} ms"
    )
    if seconds > SLOW_LEDGER_S:
        yield Checkup("ledger", State.LOOK, seen, "see what else is using the database, or how far away it is")
    else:
        yield Checkup("ledger", State.GOOD, seen)
    yield from _troubles_of(health)


def _troubles_of(health: Health) -> Iterator[Checkup]:
    """What the database itself lacks; nothing where it lacks nothing."""
    if health.schema != health.newest_schema:
        seen = f"its schema is {health.schema or 'none'}, this version of Muster writes {health.newest_schema}"
        yield Checkup("ledger", State.BROKEN, seen, "install the version of Muster that wrote it, or a newer one")
    if health.read_only:
        seen = "it takes no writes: a standby, or a file that this user may not write"
        yield Checkup("ledger", State.BROKEN, seen, "point ledger_url at the primary, or give this user the file")
    if health.journal and health.journal != "wal":
        seen = f"its journal mode is {health.journal}: whoever reads holds up whoever writes"
        yield Checkup("ledger", State.LOOK, seen, "put it on a disk of this machine: WAL does not work over a network")
    if health.wal_bytes > LARGE_WAL_BYTES:
        seen = f"{health.wal_bytes / 1e6:,.0f} MB wait in its write-ahead log"
        yield Checkup("ledger", State.LOOK, seen, "end processes that have read for hours; then it shrinks by itself")
    if health.file is not None and (free := shutil.disk_usage(health.file.parent).free) < LEAST_FREE_BYTES:
        seen = f"{health.file.parent}: {free / 1e9:,.1f} GB free"
        yield Checkup("ledger", State.LOOK, seen, "make room: a ledger that cannot write stops every push")
    if health.ahead_s is not None:
        yield _clock_of("the database server", abs(health.ahead_s))


def prefect(workspace: Workspace) -> Iterator[Checkup]:
    """Whether the Prefect server that is configured answers, and has the same time as this machine."""
    url = os.environ.get(API_VARIABLE)
    if not url:
        yield _own_server(workspace.settings.path(workspace.settings.prefect_home))
        return
    check_configured_server()
    answer = httpx.get(f"{url}/health", timeout=ANSWER_TIMEOUT_S)
    if not answer.is_success:
        cure = f"see its log, or mend {API_VARIABLE}"
        yield Checkup("Prefect", State.BROKEN, f"{answer.url} says {answer.status_code}", cure)
        return
    yield Checkup("Prefect", State.GOOD, f"{answer.url} answers")
    yield from _apart("Prefect's server", answer)


def _own_server(home: Path) -> Checkup:
    """Muster's own server: it need not run now, but where it runs it must answer."""
    if not (url := OwnServer(home, idle_s=0).address()):
        return Checkup("Prefect", State.GOOD, f"none is configured: Muster starts its own when it is needed ({home})")
    if is_healthy(url):
        return Checkup("Prefect", State.GOOD, f"Muster's own server answers at {url}")
    cure = f"wait a minute if it has just been started; else see {home / 'server.log'} or muster.log"
    return Checkup("Prefect", State.LOOK, f"Muster's own server runs and does not answer at {url}", cure)


def _apart(whose: str, answer: httpx.Response) -> Iterator[Checkup]:
    said = answer.headers.get("date")
    if said is None:
        return
    yield _clock_of(whose, abs((datetime.now(UTC) - parsedate_to_datetime(said)).total_seconds()))


def _clock_of(whose: str, apart_s: float) -> Checkup:
    if apart_s > CLOCKS_APART_S:
        seen = f"{whose} and this machine are {apart_s:.0f} s apart"
        return Checkup("clocks", State.BROKEN, seen, "have both machines take the time from the network (NTP)")
    return Checkup("clocks", State.GOOD, f"{whose} has the same time as this machine")


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


def reach(workspace: Workspace, sample: int, *, log_in: bool) -> Iterator[Checkup]:
    """Whether a sample of the hosts answers: of every site some, and of SSH hosts the key that is trusted.

    Those that do are asked for the time, where ``log_in`` allows it.
    """
    from muster.cli.trusting import scan_hosts
    from push.trust import Standing

    fleet = workspace.ledger.fleet()
    if not fleet.hosts:
        yield Checkup("fleet", State.LOOK, "no host is known yet", "muster import fleet/")
        return
    chosen = sample_near(sample_of(fleet, sample), fleet)
    offers = scan_hosts(workspace, [host for host in chosen if host.transport is TransportName.SSH])
    seen = [_as_checkup(offer) for offer in offers]
    timeout_s = workspace.settings.connect_timeout_s
    seen += [_knock(host, timeout_s) for host in chosen if host.transport is TransportName.WINRM]
    yield from (one for one in seen if one.state is not State.GOOD)
    good = sum(one.state is State.GOOD for one in seen)
    sentence = f"{good} of {count(len(seen), 'asked host')} answer as they should"
    yield Checkup("reach", State.GOOD if good else State.LOOK, sentence)
    if log_in:
        same = {offer.target.host_id for offer in offers if offer.standing is Standing.SAME}
        yield from host_clocks(
            workspace, [host for host in chosen if host.id in same or host.transport is TransportName.WINRM]
        )


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


def is_up(folder: Path) -> bool:
    """Whether a muster up runs in a workspace."""
    return is_held(folder / LOCK_FILE)


EXAMINATIONS: tuple[tuple[str, Examination], ...] = (
    ("installation", installation),
    ("workspace", disk),
    ("ledger", database),
    ("Prefect", prefect),
    ("clocks", clock_shift),
    ("muster up", lambda workspace: runs_by_itself(workspace, is_up=is_up(workspace.settings.workspace))),
    ("approvals", approvers),
    ("messages", mail),
    ("messages", webhooks),
    ("credentials", credentials),
)


def examine(workspace: Workspace, *, sample: int, log_in: bool = True) -> Iterator[Checkup]:
    """Every matter, one after the other; what fails is a matter that is broken, and the next one is looked at."""
    for matter, look in (*EXAMINATIONS, ("reach", lambda opened: reach(opened, sample, log_in=log_in))):
        try:
            yield from look(workspace)
        except (MusterError, OSError, httpx.HTTPError) as error:
            hint = error.hint if isinstance(error, MusterError) else ""
            yield Checkup(matter, State.BROKEN, error.message if isinstance(error, MusterError) else str(error), hint)
