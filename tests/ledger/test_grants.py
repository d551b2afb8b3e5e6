"""What a worker in a client's network can do with a user of its own: push its hosts, and see nobody else's."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from benchmarks.ledger_work import finding, probe
from benchmarks.stub_world import CAMPAIGN, StubWorld
from ledger.grants import READS, worker_grants
from ledger.replay import differences
from ledger.store import SqlLedger
from muster.crew import Crew
from muster.errors import InputError
from muster.ids import ClientId, RunnerId
from muster.outcomes import Evidence, HostOutcome, HostStatus, Stage, Verdict
from muster.records import ProbeRecord
from muster.steps import StepName
from tests.ledger.conftest import Open

pytestmark = pytest.mark.postgres
WORLD = StubWorld(200, reaches={1: "acme", 2: "acme"})
MINE, OTHERS = WORLD.ids[50:150], (*WORLD.ids[:50], *WORLD.ids[150:])
USER, PASSWORD = "muster_acme", "of-the-worker"


@pytest.fixture
def owner(opened: Open, postgres_url: str) -> Iterator[SqlLedger]:
    """A campaign over two clients, one of them behind the reach acme; and the worker's user."""
    ledger = opened(postgres_url)
    here = WORLD.fleet
    beta = replace(here.clients[0], id=ClientId("beta"), name="Beta")
    sites = tuple(site if site.reach else replace(site, client_id=beta.id) for site in here.sites)
    ledger.save_inventory(replace(here, clients=(*here.clients, beta), sites=sites), Crew(), by="ann")
    ledger.open_campaign(WORLD.campaign, WORLD.ids, by="ann")
    probe(ledger, 0, WORLD.hosts)
    leases = ledger.claim(CAMPAIGN, OTHERS[:3], runner_id=HOME, step=StepName.APPLY, wave=1, lease_s=60)
    ledger.finish([(lease, end_of()) for lease in leases])
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        for _ in range(2):  # to run them again changes nothing
            for statement in worker_grants(USER, "acme"):
                connection.execute(statement.encode())
    yield ledger
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {USER}")
        connection.execute(f"DROP ROLE {USER}")


@pytest.fixture
def worker_url(owner: SqlLedger, postgres_url: str) -> str:
    del owner  # it has made the user
    return make_url(postgres_url).set(username=USER, password=PASSWORD).render_as_string(hide_password=False)


@pytest.fixture
def worker(worker_url: str, opened: Open) -> SqlLedger:
    return opened(worker_url, create=False)


HOME, THERE = RunnerId("home:1:1.00"), RunnerId("acme:1:1.00")


def end_of() -> HostOutcome:
    evidence = Evidence(finding(Verdict.STALE, 1), finding(Verdict.RIGHT, 2), ("tzdata",))
    return HostOutcome(HostStatus.VERIFIED, Stage.FINISHED, "", "", evidence, 1.0, WORLD.now)


def test_it_pushes_its_own_hosts_and_no_others(owner: SqlLedger, worker: SqlLedger) -> None:
    leases = worker.claim(CAMPAIGN, WORLD.ids, runner_id=THERE, step=StepName.APPLY, wave=1, lease_s=60)
    assert {lease.host_id for lease in leases} == set(MINE)
    assert len(worker.renew(leases, lease_s=60)) == len(MINE)
    assert worker.finish([(lease, end_of()) for lease in leases]) == ()
    worker.begin_probes(CAMPAIGN, MINE[:1], by="acme")
    right = ProbeRecord(MINE[0], HostStatus.VERIFIED, finding(Verdict.RIGHT, 3), Stage.FINISHED, "", "", WORLD.now)
    worker.record_probes(CAMPAIGN, [right], by="acme")
    verified = {one.host_id for one in owner.hosts(CAMPAIGN) if one.status is HostStatus.VERIFIED}
    assert verified == {*MINE, *OTHERS[:3]}
    assert differences(owner) == ()


def test_it_sees_its_own_client_and_nothing_of_the_others(owner: SqlLedger, worker: SqlLedger) -> None:
    assert owner.revision() == worker.revision()
    fleet = worker.fleet()
    assert {host.id for host in fleet.hosts} == set(MINE)
    assert [client.name for client in fleet.clients] == [WORLD.fleet.clients[0].name]
    assert {state.host_id for state in worker.hosts(CAMPAIGN)} == set(MINE)
    assert [one.outcome for one in worker.attempts(CAMPAIGN)] == [None] * 3, "that somebody was pushed, and not how"


REFUSED = (
    "SELECT data FROM events",
    "UPDATE campaigns SET fix = 'mine'",
    "UPDATE attempts SET wave = 9",
    "DELETE FROM events",
    "TRUNCATE events",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "DROP TABLE events",
    "ALTER TABLE hosts DISABLE ROW LEVEL SECURITY",
    "INSERT INTO attempts VALUES (999999, 'stub', 'host-000000', 'x', 99, 'apply', 1, NULL, now())",
)


def test_everything_else_is_closed_to_it(worker_url: str) -> None:
    engine = create_engine(worker_url)
    with engine.connect() as connection:
        there = set(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
    closed = [f'TABLE "{name}"' for name in sorted(there - set(READS))]
    assert {'TABLE "plans"', 'TABLE "papers"', 'TABLE "messages"', 'TABLE "portal_accounts"'} < set(closed)
    refusal = pytest.raises(DBAPIError, match=r"permission denied|must be owner|row-level security")
    for statement in (*closed, *REFUSED):
        with refusal, engine.begin() as connection:
            connection.execute(text(statement))
    with engine.begin() as connection:
        changed = connection.execute(text("UPDATE host_states SET cause = 'mine' WHERE host_id = 'host-000000'"))
        assert changed.rowcount == 0
    engine.dispose()


@pytest.mark.parametrize(("user", "reach"), [("Acme", "acme"), ("a; DROP TABLE events", "acme"), ("muster_acme", "")])
def test_a_name_that_could_mean_anything_else_is_refused(user: str, reach: str) -> None:
    with pytest.raises(InputError):
        worker_grants(user, reach)
