"""What people decide to live with is kept, holds while it is true, and can be taken back."""

import json
from pathlib import Path

import pytest

from ledger.open import open_ledger
from muster.clock import ManualClock
from muster.crew import Crew
from muster.errors import NotFound
from muster.ids import CampaignId
from reports.premortem.check import answered, heed, ignore, read_ignored, worries
from tests.muster.shell import Shell
from tests.reports.premortem.cases import NOW, good, host, with_client, with_hosts

C = CampaignId("c")


def test_an_ignored_worry_blocks_no_more_until_more_are_concerned_or_it_is_heeded(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/muster.db", clock=ManualClock(NOW))
    case = with_client(good(), email="")
    ledger.save_inventory(case.fleet, Crew(), by="test")
    ledger.open_campaign(case.campaign, [one.host_id for one in case.hosts], by="test")
    assert any(one.blocks for one in answered(worries(case), read_ignored(ledger, C)))

    ignore(ledger, case, "no-contact", by="Ana", reason="I call them")
    (kept,) = answered(worries(case), read_ignored(ledger, C))
    assert kept.ignored is not None
    assert (kept.blocks, kept.ignored.by, kept.ignored.reason) == (False, "Ana", "I call them")

    old = with_hosts(good(), host(8, os_version="Debian 7"))
    ignore(ledger, old, "never-tried", by="Ana", reason="one only")
    more = with_hosts(old, host(9, os_version="Debian 6"))
    assert all(one.ignored is None for one in answered(worries(more), read_ignored(ledger, C)))

    heed(ledger, C, "no-contact", by="Ana")
    assert any(one.blocks for one in answered(worries(case), read_ignored(ledger, C)))
    with pytest.raises(NotFound, match="no rule"):
        ignore(ledger, case, "no-such", by="Ana", reason="x")
    with pytest.raises(NotFound, match="holds"):
        ignore(ledger, case, "no-slack", by="Ana", reason="x")
    ledger.close()


def test_the_command_ends_with_an_error_until_what_is_severe_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    muster = Shell(monkeypatch, capfd)
    (tmp_path / "muster.yml").write_text("")
    (tmp_path / "campaign.yml").write_text(
        "id: c\nname: C\nfix: tzdata\ndeadline: 2036-03-12 18:00\ntimezone: America/Vancouver\n"
        "reason: Clocks change.\nparameters: {instants: ['2036-03-14T12:00:00Z']}\n"
    )
    (tmp_path / "clients.csv").write_text("id,name\nacme,Acme\n")
    (tmp_path / "sites.csv").write_text("id,client_id,name,timezone\nhq,acme,HQ,America/Vancouver\n")
    (tmp_path / "hosts.csv").write_text("id,site_id,name,address,os\nh1,hq,h1,127.0.0.1,linux\n")
    assert muster(tmp_path, "import", "clients.csv", "sites.csv", "hosts.csv").returncode == 0
    from muster.cli.campaigns import open_campaign_of_file
    from muster.cli.workspace import Workspace

    opened = Workspace(tmp_path)
    open_campaign_of_file(opened, quiet=True)
    opened.close()

    said = muster(tmp_path, "premortem", "--json")
    found = {one["rule"]: one for one in json.loads(said.stdout)}
    assert said.returncode == 1
    assert found["no-contact"]["severity"] == "severe"
    assert found["no-contact"]["examples"] == ["Acme"]
    for rule in ("no-contact", "one-knows"):
        assert muster(tmp_path, "premortem", "ignore", rule, "--reason", "agreed").returncode == 0
    done = muster(tmp_path, "premortem")
    assert done.returncode == 0, done.stdout
    assert "no-contact" not in done.stdout
    assert "agreed" in muster(tmp_path, "premortem", "--all").stdout
    assert muster(tmp_path, "premortem", "heed", "no-contact").returncode == 0
    assert muster(tmp_path, "premortem").returncode == 1
    assert muster(tmp_path, "premortem", "ignore", "no-contact", "--reason", " ").returncode == 2
