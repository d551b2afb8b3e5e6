"""How long the portal's pages take while fifty people read and a push writes.

``python -m benchmarks.portal`` draws a world of 100,000 hosts, 10,000 visits and 500 people
(``benchmarks.portal_world``), serves the portal from it in two processes on two cores, lets 50 people of all roles read
its pages at once (each waits a second or so between two pages, as somebody does who looks at one), and meanwhile a
process of its own writes 500 events a second as a push does.

The process beside, which works long sums out, has the portal's two cores too. Every page is really read: an answer that
is none (another status than 200) is told with its number, and the run ends with an error.

Reported for every page: the server's time, from the request's arrival in the application to its last byte (the aim is
about this one), and the times that readers saw over loopback: the fifty share one process and its core with the push,
and where these are busy, readers wait for themselves. Beside it, what a page costs the processor when nobody else asks.
Then: how late the server was when it wanted to look at what had arrived, how long after a commit its numbers were on
the live stream, and what each page weighs with its styles and scripts, charts' library apart.
"""

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import httpx
from fastapi import FastAPI

from benchmarks.common import Row, options_of, show
from benchmarks.portal_alone import processor_ms
from benchmarks.portal_serve import LATE, RECORD
from benchmarks.portal_world import CAMPAIGN, SEED, BigWorld, Size, cached_world, fill, open_world, readers
from flows.server import free_port
from ledger.portal_rows import Account
from portal.access import Need
from portal.app import create_app
from portal.beside import beside_of_environment, process_beside
from portal.guards import guards_of, routes_of
from portal.manager.kept import use_beside
from portal.scope import Scope
from portal.scope import Seen as Visit
from portal.sessions import viewer_of_account
from tests.postgres import PostgresServer, find_binaries

LIMIT_MS = 150.0
WRONG = "NO PAGE"
SKIPPED = ("/live", "/photo", "/metrics", "/health", "/account", "/calendar", "/static", "/logout", "/api")
ENDS = ("/photo", "/sw.js")
"""Streams, figures, feeds, files, the API, and one's own account: no pages of a campaign."""
DIFFERENT = 6
"""Visits that a reader looks at in turn, where a page is of one visit."""
CHART = "plotly"
CACHE = Path(__file__).parent.parent / ".cache"


@dataclass
class Seen:
    """What readers saw: milliseconds by page, answers that were no page, and how late live numbers were."""

    took_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    live: list[tuple[float, int]] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    between: tuple[float, float] = (0.0, 0.0)
    """Unix time of when measuring began and ended."""
    served_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """What the server itself says, by page."""


@dataclass(frozen=True)
class Reader:
    """Somebody who reads: their session, and by route the addresses of their pages, with ids of their own."""

    account: Account
    word: str
    pages: Mapping[str, Sequence[str]]

    @property
    def first_of_each(self) -> Sequence[tuple[str, str]]:
        """Route and address, each route once."""
        return [(route, addresses[0]) for route, addresses in self.pages.items()]


def main(options: Namespace) -> None:
    """Measure and show."""
    size = Size(options.hosts, options.visits, options.people)
    rows: list[Row] = []
    for database in options.databases.split(","):
        with tempfile.TemporaryDirectory(prefix="muster-portal-") as folder:
            rows += _of_database(database, Path(folder), size, options)
    names = dict.fromkeys(str(row["who"]) for row in rows)
    slowest = {f"slowest page p95_ms / {LIMIT_MS:g}, {who}": _slowest(rows, who) for who in names}
    chosen = {key: value for key, value in vars(options).items() if isinstance(value, int | float | str)}
    show("portal", chosen, rows, slowest, as_json=options.json)
    if any(str(row["case"]).startswith(WRONG) for row in rows):
        sys.exit("ANSWERS THAT WERE NO PAGES: see the rows that say so; the figures do not count")


def _slowest(rows: Sequence[Row], who: str) -> float:
    found = [float(str(row["p95_ms"])) for row in rows if row["who"] == who and row.get("p95_ms")]
    return max(found, default=0.0) / LIMIT_MS


def _of_database(database: str, folder: Path, size: Size, options: Namespace) -> Iterator[Row]:
    with _world(database, folder, size, options) as (world, url):
        app = create_app(world.services, world.settings)
        people = _readers(world, app, options.readers, re.compile(options.skip or "$ nothing"))
        pages = [(route, address, one.word) for one in people[:10] for route, address in one.first_of_each]
        alone = _alone(app, world, pages) if options.alone else {}
        with _serving(world, url, options) as address, _pushing(world, url, options) as pushed:
            seen = asyncio.run(_read_all(address, people, options))
            weights = asyncio.run(_weigh(address, people))
            rate = _rate(pushed)
            seen.late_s = list(_lateness(seen.live, pushed))
            _read_served(seen, world.settings.workspace / RECORD)
        yield from _rows(f"muster, {database}", seen, weights, alone, rate)


def _alone(app: FastAPI, world: BigWorld, pages: Sequence[tuple[str, str, str]]) -> Mapping[str, float]:
    """What pages cost the processor, with the process beside at work as it is for those who serve."""
    reading = app.state.portal.reading
    with process_beside(world.settings.workspace):
        use_beside(reading, beside_of_environment())
        return processor_ms(app, world.settings.portal_url, pages)


@contextmanager
def _on_cores(cores: str) -> Iterator[None]:
    """What is started meanwhile runs on these cores."""
    ours = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(one) for one in cores.split(",")})
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


@contextmanager
def _world(database: str, folder: Path, size: Size, options: Namespace) -> Iterator[tuple[BigWorld, str]]:
    """The world, in a copy that may be written to."""
    if database == "sqlite":
        shutil.copytree(cached_world(CACHE, size), folder, dirs_exist_ok=True)
        world = open_world(folder, size)
        yield world, world.settings.ledger_url
        world.services.close()
        return
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL's binaries were not found")
    server = PostgresServer(binaries, durable=True)
    with _on_cores(options.database_cores):
        server.start()
    try:
        url = server.url(server.empty_database())
        world = open_world(folder, size, url)
        fill(world, cached_world(CACHE, size))
        yield world, url
        world.services.close()
    finally:
        server.remove()


def _readers(world: BigWorld, app: FastAPI, count: int, skip: re.Pattern[str]) -> Sequence[Reader]:
    reading = app.state.portal.reading
    reading.refresh()
    routes = [
        (path, guard)
        for path, route in routes_of(app.routes)
        if "GET" in (route.methods or ())
        and isinstance(guard := guards_of(route)[0], Need)
        and not path.startswith(SKIPPED)
        and not path.endswith(ENDS)
        and path != "/"
        and not skip.search(path)
    ]
    found = []
    for account, word in readers(world, count):
        viewer = viewer_of_account(account, "password")
        visits = Scope(viewer, reading).visits(CAMPAIGN)
        pages = {
            path: addresses
            for path, guard in routes
            if viewer.role in guard.roles and (addresses := list(_addresses(world, path, visits, account)))
        }
        found.append(Reader(account, word, pages))
    unread = {path for path, _ in routes} - {path for one in found for path in one.pages}
    print(f"not read, as no reader has an id for them: {', '.join(sorted(unread))}", file=sys.stderr)
    return found


def _addresses(world: BigWorld, path: str, visits: Sequence[Visit], account: Account) -> Iterator[str]:
    """Addresses of a page with ids that the reader may see; of a page of one visit those of several."""
    soon = world.services.clock.now() + timedelta(days=2)
    coming = [one for one in visits if one.assignment.starts_at > soon] if path.endswith("/times") else visits
    if "{" not in path:
        yield path
        return
    dice = Random(f"{SEED} {account.id} {path}")  # noqa: S311 - which ones can be repeated
    made = (_filled(path, _ids_of(world, one, account)) for one in dice.sample(coming, min(DIFFERENT, len(coming))))
    yield from dict.fromkeys(one for one in made if one)


def _ids_of(world: BigWorld, one: Visit, account: Account) -> Mapping[str, str]:
    """Ids for the paths of pages about a visit."""
    return {
        "campaign": CAMPAIGN,
        "plan": one.plan.id,
        "visit": one.visit.id,
        "host": one.visit.host_ids[0],
        "site": one.site.id,
        "client": one.client.id,
        "person": account.engineer_id or one.assignment.person_id,
        "partner": account.partner_id or "p00",
        "day": world.services.clock.now().date().isoformat(),
        "number": "1",
    }


def _filled(path: str, ids: Mapping[str, str]) -> str:
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    if any(name.removesuffix("_id") not in ids for name in names):
        return ""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda match: ids[match[1].removesuffix("_id")], path)


@contextmanager
def _serving(world: BigWorld, url: str, options: Namespace) -> Iterator[str]:
    """The portal in processes of its own, on the cores that it is given."""
    port = free_port()
    environment = {
        **os.environ,
        "MUSTER_LEDGER_URL": url,
        "MUSTER_CLOCK_SHIFT_S": str(world.settings.clock_shift_s),
    }
    (world.settings.workspace / "muster.yml").touch()
    command = [sys.executable, "-m", "benchmarks.portal_serve", str(world.settings.workspace)]
    command = ["taskset", "-c", options.server_cores, *command, str(port), str(options.processes)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(address: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{address}/health", timeout=60).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    sys.exit("the portal did not come up")


@contextmanager
def _pushing(world: BigWorld, url: str, options: Namespace) -> Iterator[Path]:
    """A process that writes as a push does, and its record of commits."""
    record = world.settings.workspace / "commits.jsonl"
    command = [sys.executable, "-m", "benchmarks.portal_push", str(world.settings.workspace), str(options.events)]
    environment = {**os.environ, "MUSTER_LEDGER_URL": url}  # not in the process list: it may hold a password
    process = subprocess.Popen(["taskset", "-c", options.other_cores, *command], env=environment)
    try:
        for _ in range(600):
            if record.exists():
                break
            time.sleep(0.1)
        yield record
    finally:
        process.terminate()
        process.wait(60)


def _rate(record: Path) -> float:
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    span = lines[-1]["at"] - lines[0]["at"]
    return (len(lines) - 1) * lines[0]["events"] / span if span else 0.0


async def _read_all(address: str, people: Sequence[Reader], options: Namespace) -> Seen:
    """Everybody reads: first a while unmeasured, as on a portal that is in use; then the while that counts."""
    async with httpx.AsyncClient(
        base_url=address, timeout=120, limits=httpx.Limits(max_connections=200, keepalive_expiry=3.0)
    ) as client:
        begun = time.monotonic() + options.warm
        await asyncio.gather(*(_read(client, one, Seen(), begun, options.pause) for one in people if one.pages))
        seen, until, begun_at = Seen(), time.monotonic() + options.seconds, time.time()
        watcher = asyncio.create_task(_watch(client, people[0], seen, until))
        await asyncio.gather(*(_read(client, one, seen, until, options.pause) for one in people if one.pages))
        seen.between = begun_at, time.time()
        await watcher
    return seen


def _read_served(seen: Seen, record: Path) -> None:
    """What the server's processes have written down of the time that counts."""
    begun, ended = seen.between
    for at, route, took_ms in map(json.loads, record.read_text().splitlines()):
        if begun <= at <= ended:
            seen.served_ms[route].append(took_ms)


async def _read(client: httpx.AsyncClient, reader: Reader, seen: Seen, until: float, pause_s: float) -> None:
    dice = Random(f"{SEED} {reader.account.id}")  # noqa: S311 - who reads what can be repeated
    await asyncio.sleep(dice.random() * pause_s)
    while time.monotonic() < until:
        route = dice.choice(list(reader.pages))
        await _look(client, reader, (route, dice.choice(reader.pages[route])), seen)
        await asyncio.sleep(pause_s * (0.5 + dice.random()))


async def _look(client: httpx.AsyncClient, reader: Reader, page: tuple[str, str], seen: Seen) -> httpx.Response:
    path, address = page
    begun = time.perf_counter()
    try:
        answer = await client.get(address, headers={"cookie": f"muster={reader.word}"})
    except httpx.HTTPError as error:
        seen.wrong[f"{path} {type(error).__name__}"] += 1
        return httpx.Response(503)
    took_ms = (time.perf_counter() - begun) * 1000
    if answer.status_code == 200:
        seen.took_ms[path].append(took_ms)
    else:
        seen.wrong[f"{path} {answer.status_code}"] += 1
    return answer


async def _watch(client: httpx.AsyncClient, reader: Reader, seen: Seen, until: float) -> None:
    """Look at the live numbers: for each commit, when its hosts were counted on the stream."""
    record: list[tuple[float, int]] = []
    headers = {"cookie": f"muster={reader.word}"}
    try:
        async with client.stream("GET", f"/live/{CAMPAIGN}", headers=headers, timeout=30) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    counts = json.loads(line.removeprefix("data: "))["counts"]
                    record.append((time.time(), sum(counts[one] for one in ("verified", "failed", "unknown"))))
                if time.monotonic() > until:
                    break
    except httpx.HTTPError:
        seen.wrong["/live broke"] += 1
    seen.live = record


def _lateness(record: Sequence[tuple[float, int]], commits: Path) -> Iterator[float]:
    """For each commit that the stream could know of: from its return to the first event that counts it."""
    for line in map(json.loads, commits.read_text().splitlines()):
        if record and record[0][0] < line["at"] < record[-1][0]:
            first = next((at for at, ended in record if ended >= line["ended"]), None)
            if first is not None:
                yield max(0.0, first - line["at"])


async def _weigh(address: str, people: Sequence[Reader]) -> Mapping[str, float]:
    """What each page weighs, in kB: its text, styles and scripts as they travel, the charts' library apart."""
    found: dict[str, float] = {}
    async with httpx.AsyncClient(base_url=address, timeout=120) as client:
        for reader in people[:10]:
            for path, page in reader.first_of_each:
                if path in found:
                    continue
                answer = await _look(client, reader, (path, page), Seen())
                if not answer.headers.get("content-type", "").startswith("text/html"):
                    continue
                assets = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', answer.text))
                sizes = [len((await client.get(one)).content) for one in assets if CHART not in one]
                found[path] = (len(answer.content) + sum(sizes)) / 1000
    return found


def _rows(who: str, seen: Seen, weights: Mapping[str, float], alone: Mapping[str, float], rate: float) -> Iterator[Row]:
    everything = [one for some in seen.took_ms.values() for one in some]
    served = [one for path in seen.took_ms for one in seen.served_ms[path]]
    for path, took in sorted(seen.took_ms.items(), key=lambda one: -_p95(seen.served_ms[one[0]])):
        yield {
            "who": who,
            "case": path,
            "requests": len(took),
            **_times(seen.served_ms[path], took),
            "processor_ms": round(alone[path], 1) if path in alone else None,
            "weight_kb": round(weights.get(path, 0.0), 1) or None,
        }
    yield {
        "who": who,
        "case": "all pages",
        "requests": len(everything),
        **_times(served, everything),
        "weight_kb": round(max(weights.values(), default=0.0), 1),
    }
    yield {"who": who, "case": "server late to look", **_times(seen.served_ms[LATE], ())}
    if seen.late_s:
        median_ms, p95_ms = statistics.median(seen.late_s) * 1000, _p95(seen.late_s) * 1000
        late = {"live_median_ms": round(median_ms), "live_p95_ms": round(p95_ms)}
        yield {"who": who, "case": "live numbers after a commit", "requests": len(seen.late_s), **late}
    yield {"who": who, "case": "events written per second", "events_per_s": round(rate, 1)}
    for path, number in sorted(seen.wrong.items()):
        yield {"who": who, "case": f"{WRONG}: {path}", "requests": number}


def _times(served: Sequence[float], saw: Sequence[float]) -> Row:
    """Median and 95th percentile, of the server and as readers saw it."""
    named = (("", served), ("seen_", saw))
    return {
        key: value
        for name, some in named
        if some
        for key, value in (
            (f"{name}median_ms", round(statistics.median(some), 1)),
            (f"{name}p95_ms", round(_p95(some), 1)),
        )
    }


def _p95(figures: Sequence[float]) -> float:
    return sorted(figures)[min(len(figures) - 1, int(len(figures) * 0.95))] if figures else 0.0


if __name__ == "__main__":
    parser = options_of("portal", __doc__.splitlines()[0])
    parser.add_argument("--hosts", type=int, default=100_000)
    parser.add_argument("--visits", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--readers", type=int, default=50, help="people who read at once")
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long")
    parser.add_argument("--warm", type=float, default=20.0, help="seconds of reading before that are not counted")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two pages of a reader, on average")
    parser.add_argument("--events", type=float, default=500.0, help="events a second that a push writes meanwhile")
    parser.add_argument("--processes", type=int, default=2, help="processes of the portal")
    parser.add_argument("--server-cores", default="0,1", help="cores of the portal, as taskset has them")
    parser.add_argument("--other-cores", default="2-3", help="cores of the push")
    parser.add_argument("--database-cores", default="0", help="cores of PostgreSQL")
    parser.add_argument("--skip", default="", help="pages to leave out, as a regular expression")
    parser.add_argument("--alone", type=int, default=1, help="0: do not measure each page's processor time first")
    parser.add_argument("--databases", default="sqlite,postgres")
    main(parser.parse_args())
