"""Waves, gates and stops from the command line, on a ledger whose hosts were asked; no host is touched."""

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.services import services_of
from muster.cli import progress
from muster.cli.answers import say_unanswered, unanswered
from muster.cli.workspace import Workspace
from muster.ids import HostId, RunnerId
from muster.outcomes import Evidence, HostOutcome, HostStatus, Stage
from muster.records import HostState
from muster.steps import StepName
from push.probing import UNANSWERED
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING, answer, bring_in, copied, enrol, services_in, standing_at, typed

CREW = "id,name,timezone,shifts,skills,rate_per_hour\nanna,Anna,America/Vancouver,daily 00:00-24:00,linux,60\n"
SITES = """id,client_id,name,timezone,kind,maintenance
hq,acme,Head office,America/Vancouver,office,
mill,acme,Mill,America/Vancouver,mill,Mon-Fri 22:00-04:00
"""
ROLES = {1: "server", 2: "server"}
HOSTS = "id,site_id,name,address,os,role,model\n" + "".join(
    f"h{n},{'hq' if n < 7 else 'mill'},h{n},127.0.0.{n},linux,{ROLES.get(n, 'till')},M{n}\n" for n in range(1, 9)
)
CAMPAIGN = """
id: spring
name: Spring
fix: tzdata
deadline: 2027-03-12 18:00
timezone: America/Vancouver
parameters: {instants: ["2027-03-14T12:00:00Z"]}
"""
GATES = """
gates:
  holds: [{reason: its NIC loses the link, hosts: {models: [M6]}}]
  order: [{first: {roles: [server]}, then: {roles: [till], sites: [hq]}}]
budgets:
  campaign: {lost_hosts: 2}
"""
NOW = datetime(2027, 3, 1, 20, tzinfo=UTC)
"""A Monday, 13:00 in Vancouver, which stays on UTC-7 (MST) in winter from 2026 on."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight stale hosts, two of them at a mill with hours of its own, and a plan that binds. Made once."""
    folder = tmp_path_factory.mktemp("waves")
    standing_at(folder, NOW, solve_seconds=1)
    bring_in(folder, CAMPAIGN, {"clients": "id,name\nacme,Acme\n", "sites": SITES, "hosts": HOSTS, "crew": CREW})
    ids = enrol(folder)
    with services_in(folder) as services:
        answer(services, dict.fromkeys(ids, HostStatus.STALE))
    typed(folder, "plan")
    with services_in(folder) as services:
        (plan_id,) = services.ledger.plans(SPRING)
        services.ledger.dispatch(plan_id, by="test", expected_revision=services.ledger.revision())
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Iterator[Path]:
    yield copied(made, tmp_path, NOW)
    services_of.cache_clear()


def fail(workspace: Path, host: str, times: int) -> None:
    """Pushes that end as failed."""
    opened = Workspace(workspace)
    evidence = Evidence(None, None)
    for _ in range(times):
        leases = opened.ledger.claim(
            SPRING, [HostId(host)], runner_id=RunnerId("x:1:1.00"), step=StepName.APPLY, wave=1, lease_s=60
        )
        ended = HostOutcome(HostStatus.FAILED, Stage.COMMAND, "disk full", "", evidence, 1.0, NOW)
        opened.ledger.finish([(lease, ended) for lease in leases])
    opened.close()


def add(workspace: Path, text: str) -> None:
    with (workspace / "campaign.yml").open("a") as file:
        file.write(text)


def test_waves_are_explained_before_anything_starts(muster: Shell, workspace: Path) -> None:
    add(workspace, GATES)
    done = muster(workspace, "waves", "--ahead")
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "took over what has changed in campaign.yml" in said
    assert "would touch 1, then 1: 2 hosts in 2 waves" in said, "the tills wait for the servers"
    assert "linux server office 1 h1" in said
    assert "hold: models M6 (1 host), its NIC loses the link" in said
    assert "error budget of the campaign: 2 hosts lost" in said
    assert "wait until Mon 01 Mar 22:00 MST: maintenance window" in said
    assert "it waits for h1, h2 of the same client" in said


def test_a_script_reads_the_same(muster: Shell, workspace: Path) -> None:
    add(workspace, GATES)
    said = json.loads(muster(workspace, "waves", "--ahead", "--json").stdout)
    assert said["next"] == [["h1"], ["h2"]]
    held = {host: one["gate"] for one in said["held"] for host in one["hosts"]}
    by_gate = {"order": ["h3", "h4", "h5", "h6"], "maintenance window": ["h7", "h8"]}
    assert held == {host: gate for gate, hosts in by_gate.items() for host in hosts}
    until = {one["until"] for one in said["held"] if one["gate"] == "maintenance window"}
    assert until == {"2027-03-02T05:00:00+00:00"}


def test_status_says_who_is_held_and_until_when(muster: Shell, workspace: Path) -> None:
    done = muster(workspace, "status")
    assert "held by gates" in done.stdout
    assert "2 hosts wait until Mon 01 Mar 22:00 MST: maintenance window" in done.stdout
    said = json.loads(muster(workspace, "status", "--json").stdout)
    assert [one["hosts"] for one in said["held"]] == [["h7", "h8"]]


def test_a_rule_about_no_host_is_told(muster: Shell, workspace: Path) -> None:
    add(workspace, "gates: {holds: [{reason: its NIC, hosts: {models: [Optiplx*]}}]}\n")
    done = muster(workspace, "waves")
    assert done.returncode == 0, done.stderr
    assert "models Optiplx* (NO HOST of this campaign)" in done.stdout


def test_a_host_that_failed_three_times_is_refused_until_a_person_says_why(muster: Shell, workspace: Path) -> None:
    fail(workspace, "h3", 3)
    refused = muster(workspace, "retry", "h3")
    assert refused.returncode == 2
    assert "h3 failed 3 times in a row: disk full" in refused.stderr
    assert "--cause" in refused.stderr
    status = muster(workspace, "status").stdout
    assert "cause wanted, it failed 3 times in a row" in status
    nothing = muster(workspace, "retry", "h3", "--cause", " ? ")
    assert nothing.returncode == 2
    nobody = muster(workspace, "retry", "--cause", "the disks were full")
    assert nobody.returncode == 2
    assert "name them" in nobody.stderr
    opened = Workspace(workspace)
    (state,) = (one for one in opened.ledger.hosts(SPRING) if one.host_id == "h3")
    opened.close()
    assert (state.failures_in_row, state.explanation) == (3, None)


def test_what_a_person_said_about_a_host_is_shown(muster: Shell, workspace: Path) -> None:
    fail(workspace, "h3", 3)
    opened = Workspace(workspace)
    opened.ledger.explain_failures(SPRING, [HostId("h3")], by="Kim Lee", cause="full of logs")
    opened.close()
    said = " ".join(muster(workspace, "status", "--all").stdout.split())
    assert "disk full; Kim Lee: full of logs" in said
    assert json.loads(muster(workspace, "status", "--json").stdout)["explanations"] == {"h3": "Kim Lee: full of logs"}
    assert "cause wanted" not in muster(workspace, "status").stdout, "it may be tried again"


def test_a_stop_is_lifted_by_a_person_with_a_name_and_starts_nothing(muster: Shell, workspace: Path) -> None:
    assert "is not stopped" in muster(workspace, "resume").stdout
    muster(workspace, "stop", "--reason", "Exchange first")
    again = muster(workspace, "stop", "--reason", "and the printers").stdout
    assert "it was stopped already" in again
    assert "Exchange first" in again
    waves = muster(workspace, "waves")
    assert "STOPPED by" in waves.stdout
    assert "Exchange first" in waves.stdout
    refused = muster(workspace, "run", "--check", "--wait")
    assert refused.returncode == 2
    lifted = muster(workspace, "resume", "--by", "Kim Lee", "--reason", "the vendor says so")
    assert "may go on, says Kim Lee" in lifted.stdout
    assert "nothing has started" in lifted.stdout
    opened = Workspace(workspace)
    resumed = opened.ledger.resumed(SPRING)
    opened.close()
    assert resumed is not None
    assert (resumed.by, resumed.reason) == ("Kim Lee", "the vendor says so")


def test_a_wave_that_never_was_cannot_be_rolled_back(muster: Shell, workspace: Path) -> None:
    done = muster(workspace, "rollback", "--wave", "7")
    assert done.returncode == 2
    assert "there is no wave 7" in done.stderr


def test_before_a_plan_is_dispatched_waves_are_told_as_if_all_were_due(
    muster: Shell, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fresh = tmp_path_factory.mktemp("fresh")
    for name in ("muster.yml", "campaign.yml", "clients.csv", "sites.csv", "hosts.csv", "crew.csv"):
        (fresh / name).write_text((workspace / name).read_text())
    muster(fresh, "import", "clients.csv", "sites.csv", "hosts.csv", "crew.csv")
    opened = Workspace(fresh)
    file = opened.campaign_file()
    opened.ledger.open_campaign(file.campaign, file.hosts_of(opened.ledger.fleet()), by="test")
    opened.close()
    done = muster(fresh, "waves")
    assert "no plan is dispatched yet" in done.stdout
    assert "would touch 2, then 4: 6 hosts in 2 waves" in done.stdout


def test_a_log_shows_how_far_it_has_come_and_that_it_still_waits(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where there is no terminal, a run that waits for hours must not look like one that hangs."""
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    opened = Workspace(workspace)
    told: list[str] = []

    def done(states: Sequence[HostState]) -> int:
        return sum(one.status is HostStatus.FAILED for one in states)

    def wait_for(number: int) -> None:
        until = time.monotonic() + 30
        while len(told) < number and time.monotonic() < until:
            told.extend(capfd.readouterr().err.splitlines())
            time.sleep(0.01)

    with progress.watching(opened.ledger, SPRING, "push", 8, done):
        wait_for(1)
        fail(workspace, "h3", 1)
        wait_for(2)
        monkeypatch.setattr(progress, "SIGN_SECONDS", 0.0)
        wait_for(4)
    opened.close()
    words = [line.partition(" ")[2] for line in told if "in progress" not in line]
    assert words[0] == "push: 0 of 8; 8 needs the fix"
    assert words[1:3] == ["push: 1 of 8; 7 needs the fix, 1 failed"] * 2


def test_whoever_asks_a_host_that_is_right_hears_that_it_gave_no_answer(
    workspace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    opened = Workspace(workspace)
    before = opened.ledger.revision()
    for host, cause in (("h1", "the SSH agent holds no key"), ("h2", "the SSH agent holds no key"), ("h3", "refused")):
        opened.ledger.note(UNANSWERED, by="x", campaign_id=SPRING, host_id=HostId(host), data={"cause": cause})
    silent = unanswered(opened, SPRING, after=before)
    assert not unanswered(opened, SPRING, after=opened.ledger.revision())
    opened.close()
    assert silent == {"h1": "the SSH agent holds no key", "h2": "the SSH agent holds no key", "h3": "refused"}
    say_unanswered(silent)
    said = " ".join(capfd.readouterr().out.split())
    assert "1 host gave no answer: refused h3; what was known before stays" in said
    assert "2 hosts gave no answer: the SSH agent holds no key h[1-2]" in said


def test_a_stopped_campaign_says_so_before_anything_else(muster: Shell, workspace: Path) -> None:
    muster(workspace, "stop", "--reason", "Exchange first")
    for words in (["run", "--ahead"], ["retry"]):
        done = muster(workspace, *words)
        assert done.returncode == 3
        assert "would touch" not in done.stdout
        assert "Exchange first" in " ".join(done.stderr.split())
