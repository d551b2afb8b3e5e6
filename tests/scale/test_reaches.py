"""Two workers, one in a client's network: each takes its own hosts, with its own credentials, under one limit."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from benchmarks.stub_world import CAMPAIGN, StubWorld
from ledger.grants import worker_grants
from muster.campaign import WavePolicy
from muster.outcomes import HostStatus
from tests.postgres import PASSWORD
from tests.scale.company import Company, wait_for
from tests.survival.host_log import of_step, pushed_blindly

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]
POLLED_S = 4.0
"""Workers look at their queues every two seconds: a reach whose queue nobody has ever looked at is served by nobody."""
USER = "muster_of_acme"
HOSTS = 200
"""Four sites: one at home, two behind the reach ``acme``, of which one has a credential that is not acme's, and one
behind the reach ``north``, where nobody is."""


@pytest.fixture
def company(tmp_path: Path, prefect_api_url: str, postgres_url: str) -> Iterator[Company]:
    world = StubWorld(
        HOSTS,
        waves=WavePolicy(canary_per_kind=HOSTS, min_success_rate=0.1),
        reaches={1: "acme", 2: "acme", 3: "north"},
        credentials={1: "env:ACME_KEY", 2: "env:HOME_KEY"},
    )
    settings = {"work_pool": tmp_path.name, "limits": {"client acme": 25}, "lease_s": 60}
    company = Company(tmp_path / "company", prefect_api_url, postgres_url, world, seconds=0.02, settings=settings)
    yield company
    company.close()


@pytest.fixture
def acmes_user(company: Company) -> Iterator[str]:
    """The ledger's address for the worker of acme, who may see that reach alone."""
    with psycopg.connect(company.ledger_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        for statement in worker_grants(USER, "acme"):
            owner.execute(statement.encode())
        yield make_url(company.ledger_url).set(username=USER).render_as_string(hide_password=False)
        company.close()
        owner.execute(f"DROP OWNED BY {USER}")
        owner.execute(f"DROP ROLE {USER}")


@pytest.mark.slow
def test_each_reach_is_pushed_by_its_own_worker_with_its_own_credentials_and_nobody_waits_for_one_without(
    company: Company, acmes_user: str, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    company.write_settings(elsewhere, reach_credentials={"acme": ["env:ACME_*"]}, ledger_url=acmes_user)
    home = company.start("worker")
    acme = company.start("worker", "--reach", "acme", workspace=elsewhere, ACME_KEY="key of acme")
    wait_for(lambda: all("started!" in company.said(one) for one in (home, acme)), "no workers")
    time.sleep(POLLED_S)
    run = company.start("run", "--ahead", "--json")
    said = company.end(run)
    with closing(company.ledger()) as ledger:
        states = ledger.hosts(CAMPAIGN)
        runners = {one.host_id: one.runner_id for one in ledger.attempts(CAMPAIGN)}
    by_site = [states[start : start + 50] for start in (0, 50, 100, 150)]
    assert said.code == 1, (said.out, company.said(home), company.said(acme))
    assert "no worker takes the hosts of the reach north: they were left as they are" in " ".join(said.out.split())
    assert {state.status for state in by_site[3]} == {HostStatus.STALE}
    for site in by_site[:2]:
        assert {state.status for state in site} == {HostStatus.VERIFIED}
    assert len({runners[state.host_id] for state in by_site[0]} & {runners[state.host_id] for state in by_site[1]}) == 0
    assert HostStatus.VERIFIED not in {state.status for state in by_site[2]}, "acme's worker has no key of the house"
    assert all("env:HOME_KEY may not be used in the reach 'acme'" in state.cause for state in by_site[2])
    sessions = company.sessions()
    assert pushed_blindly(sessions) == []
    pushes = sorted(of_step(sessions, "apply"), key=lambda one: one.begun_s)
    at_once = max(sum(two.begun_s <= one.begun_s < (two.ended_s or 0) for two in pushes) for one in pushes)
    assert at_once <= 25, "no more hosts of the client at one time than its limit, over both machines"


def test_a_reach_without_a_list_of_credentials_gets_no_worker(company: Company) -> None:
    said = company.end(company.start("worker", "--reach", "acme"))
    assert said.code == 2
    assert "nobody said which credentials may be used in the reach 'acme'" in " ".join(said.out.split())
