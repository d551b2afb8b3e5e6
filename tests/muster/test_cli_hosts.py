"""Hosts behind a jump host from the command line: imported, trusted, pushed; a refused password listed and forgiven."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from muster.ids import HostId
from muster.outcomes import Ending, StepReport
from muster.ports import Order
from muster.settings import load_settings
from muster.wiring import Wired
from push.orders import Defaults, target_of
from push.winrm_passwords import SHARED
from tests.fleet.openssh import Fleet, openssh_fleet, why_not
from tests.muster.shell import Shell
from tests.push.worlds import ShellSteps

pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path_factory.mktemp("cli"), 2) as fleet:
        yield fleet
    SHARED.memory = None


@pytest.fixture
def workspace(tmp_path: Path, fleet: Fleet) -> Path:
    gate, host = fleet.hosts
    key = f"key:{fleet.key_file}"
    (tmp_path / "muster.yml").write_text("connect_timeout_s: 3\n")
    (tmp_path / "clients.csv").write_text("id,name\nacme,Acme\n")
    (tmp_path / "sites.csv").write_text(
        "id,client_id,name,timezone,jump,jump_credential,max_hosts,bytes_per_s\n"
        f"hq,acme,Head office,UTC,root@{gate.address}:{gate.port},{key},2,8 Mbit/s\n"
    )
    (tmp_path / "hosts.csv").write_text(
        f"id,site_id,name,address,port,os,credential\nweb,hq,web,{host.address},{host.port},linux,env:MUSTER_CLI_WORD\n"
    )
    return tmp_path


def _push(folder: Path) -> StepReport:
    services = Wired(load_settings(folder))
    try:
        inventory = services.ledger.fleet()
        target = target_of(inventory.host[HostId("web")], inventory, Defaults("root", "agent:", 60))
        assert (target.site_hosts, target.site_bytes_per_s) == (2, 1_000_000)
        (report,) = services.pusher.execute([Order(target, ShellSteps().say({}), 30)], stop=Event())
        return report
    finally:
        services.close()


def test_a_site_behind_a_jump_host_from_the_file_to_the_push(
    muster: Shell, workspace: Path, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv")
    assert done.returncode == 0, done.stderr
    gate = fleet.hosts[0]
    first = json.loads(muster(workspace, "hosts", "trust", "--yes", "--json").stdout)
    assert first["added"] == [f"jump {gate.address}:{gate.port}"]
    second = json.loads(muster(workspace, "hosts", "trust", "--yes", "--json").stdout)
    assert second["added"] == ["web"]
    monkeypatch.setenv("MUSTER_CLI_WORD", "not the password")
    refused = _push(workspace)
    assert refused.ending is Ending.FAILED, refused
    assert "refused before" not in refused.cause
    monkeypatch.setattr(SHARED, "_accounts", {})  # as another process would begin
    assert "refused before" in _push(workspace).cause
    listed = muster(workspace, "hosts", "forgive")
    assert "env:MUSTER_CLI_WORD" in listed.stdout
    assert "not the password" not in listed.stdout
    unknown = muster(workspace, "hosts", "forgive", "env:OTHER")
    assert unknown.returncode == 2
    assert "no refused password" in unknown.stderr
    forgiven = json.loads(muster(workspace, "hosts", "forgive", "env:MUSTER_CLI_WORD", "--json").stdout)
    assert len(forgiven["forgotten"]) == 1
    assert "no host has refused" in muster(workspace, "hosts", "forgive").stdout
    assert "does not take the credential" in _push(workspace).cause, "it was tried again"
    os.environ["MUSTER_CLI_WORD"] = fleet.password
    assert _push(workspace).ending is Ending.DONE, "another password is another matter"
