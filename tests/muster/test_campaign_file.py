from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.codec import campaign_from_text, campaign_to_plain, to_json
from muster.campaign_file import read_campaign_file
from muster.errors import CampaignFileError
from muster.fleet import Client, Fleet, Host, Site
from muster.hours import hours_text
from muster.ids import ClientId, HostId, SiteId
from muster.safety import BackupRule, Budget, Readiness, Within

GOOD = """
id: vancouver-2026
name: Vancouver stays on UTC-7
fix: tzdata
deadline: 2026-10-31 18:00
timezone: America/Vancouver
parameters:
  zones: [America/Vancouver, America/Edmonton]
  instants: 2026-11-22T12:00:00Z
waves: {growth_factor: 3}
"""
FLEET = Fleet(
    (Client(ClientId("acme"), "Acme"),),
    (Site(SiteId("hq"), ClientId("acme"), "HQ", "America/Vancouver"),),
    (Host(HostId("a"), SiteId("hq"), "a", "10.0.0.1", role="till"), Host(HostId("b"), SiteId("hq"), "b", "10.0.0.2")),
)


def write(folder: Path, text: str) -> Path:
    file = folder / "campaign.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_local_deadline_becomes_an_instant(tmp_path: Path) -> None:
    campaign = read_campaign_file(write(tmp_path, GOOD)).campaign
    assert campaign.deadline == datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
    assert campaign.waves.growth_factor == 3
    assert campaign.parameters == {
        "zones": "America/Vancouver America/Edmonton",
        "instants": "2026-11-22T12:00:00+00:00",
    }


def test_every_wrong_key_is_named_at_once_with_what_would_be_right(tmp_path: Path) -> None:
    text = GOOD.replace("deadline:", "deadlin:").replace("America/Vancouver\nparam", "America/Vancover\nparam")
    with pytest.raises(CampaignFileError) as raised:
        read_campaign_file(write(tmp_path, text.replace("growth_factor: 3", "growth_factor: 0.5")))
    said = {problem.column: str(problem) for problem in raised.value.problems}
    assert set(said) == {"deadline", "deadlin", "timezone", "waves.growth_factor"}
    assert "did you mean 'deadline'" in said["deadlin"]
    assert "did you mean 'America/Vancouver'" in said["timezone"]
    assert "such as 2026-10-31 18:00" in said["deadline"]


def test_a_file_that_is_not_there_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(CampaignFileError) as raised:
        read_campaign_file(tmp_path / "campaign.yml")
    assert "muster init" in raised.value.hint


@pytest.mark.parametrize("text", ["- a\n- b\n", "id: [", "just words"])
def test_what_is_no_campaign_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CampaignFileError):
        read_campaign_file(write(tmp_path, text))


def test_an_empty_selection_takes_the_whole_fleet(tmp_path: Path) -> None:
    assert read_campaign_file(write(tmp_path, GOOD)).hosts_of(FLEET) == ("a", "b")


def test_a_host_must_match_every_key_of_the_selection(tmp_path: Path) -> None:
    text = GOOD + "hosts: {clients: [acme], roles: [till]}\n"
    assert read_campaign_file(write(tmp_path, text)).hosts_of(FLEET) == ("a",)


def test_a_client_that_is_not_in_the_fleet_is_named(tmp_path: Path) -> None:
    with pytest.raises(CampaignFileError) as raised:
        read_campaign_file(write(tmp_path, GOOD + "hosts: {clients: [acmee]}\n")).hosts_of(FLEET)
    assert "did you mean 'acme'?" in str(raised.value.problems[0])


def test_planning_is_read_with_its_local_time_and_its_sites_are_looked_up(tmp_path: Path) -> None:
    text = GOOD + "planning: {servers_first: yes, canary_sites: [hq], canary_until: 2026-10-21 12:00}\n"
    file = read_campaign_file(write(tmp_path, text))
    assert file.campaign.planning.canary_until == datetime(2026, 10, 21, 19, 0, tzinfo=UTC)
    assert file.campaign.planning.servers_first
    assert file.hosts_of(FLEET) == (HostId("a"), HostId("b"))
    with pytest.raises(CampaignFileError) as raised:
        read_campaign_file(write(tmp_path, text.replace("[hq]", "[hr]"))).hosts_of(FLEET)
    assert "'hr' is not in the fleet; there are hq" in str(raised.value.problems[0])


def test_canary_sites_without_a_time_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignFileError) as raised:
        read_campaign_file(write(tmp_path, GOOD + "planning: {canary_sites: [hq]}\n"))
    assert "belong together" in str(raised.value.problems[0])


SAFETY = """
gates:
  windows:
    - {hours: "Mon-Fri 22:00-04:00; Sat,Sun 00:00-24:00", hosts: {roles: till, os_versions: [12]}}
  blackouts:
    - {from: 2026-10-29 18:00, to: 2026-10-30, reason: month end, hosts: {clients: [acme]}}
  order:
    - {first: {roles: [server]}, then: {roles: [till]}, within: site}
  holds:
    - {reason: its NIC loses the link, hosts: {models: ["OptiPlex 30*"]}, until: 2026-10-25}
  max_hosts_per_run: 200
  free_disk_mb: 500
  pending_reboot: hold
  backup: {max_age_hours: 24, linux: /var/backups/*.tar, windows: 'C:\\Backup\\*.vhdx'}
budgets:
  campaign: {lost_hosts: 3, lost_share: 0.1, after_hosts: 20}
  per_partner: {lost_hosts: 1}
"""


def test_gates_and_budgets_are_read(tmp_path: Path) -> None:
    campaign = read_campaign_file(write(tmp_path, GOOD + SAFETY)).campaign
    gates = campaign.gates
    assert hours_text(gates.windows[0].hours) == "Mon-Fri 22:00-04:00; Sat-Sun 00:00-24:00"
    assert (gates.windows[0].hosts.roles, gates.windows[0].hosts.os_versions) == (("till",), ("12",))
    assert (str(gates.blackouts[0].starts), str(gates.blackouts[0].ends)) == (
        "2026-10-29 18:00:00",
        "2026-10-31 00:00:00",
    ), "a day is named as the last: it is in the blackout"
    assert gates.order[0].within is Within.SITE
    assert str(gates.holds[0].until) == "2026-10-25 00:00:00"
    assert gates.readiness == Readiness(
        500, pending_reboot_holds=True, backup=BackupRule(24, "/var/backups/*.tar", "C:\\Backup\\*.vhdx")
    )
    assert (gates.max_hosts_per_run, gates.max_failures_per_host) == (200, 3)
    assert campaign.budgets.campaign == Budget(3, 0.1, 20)
    assert campaign.budgets.per_partner == Budget(1)
    assert campaign_from_text(to_json(campaign_to_plain(campaign))) == campaign, "the ledger keeps it whole"


@pytest.mark.parametrize(
    ("wrong", "column", "said"),
    [
        ("gates: {windows: [{hours: Mon-Fri 22:00-25:00}]}", "gates.windows.0.hours", "such as Mon-Fri 22:00-04:00"),
        ("gates: {windows: [{hours: 22}]}", "gates.windows.0.hours", "is no text with days and times"),
        ("gates: {windows: [{hours: Mon 08:00-09:00, hosts: {rols: x}}]}", "hosts.rols", "did you mean 'roles'"),
        ("gates: {blackouts: [{from: tomorrow, to: 2026-10-20, reason: why}]}", "0.from", "is no local time"),
        ("gates: {blackouts: [{from: 2026-10-21, to: 2026-10-20, reason: why}]}", "0", "not later than 'from'"),
        ("gates: {blackouts: [{from: 2026-10-21, to: 2026-10-22}]}", "0.reason", "is missing"),
        ("gates: {order: [{first: {}, then: {roles: [till]}}]}", "order.0.first", "names no hosts"),
        ("gates: {order: [{first: {roles: [a]}, within: house}]}", "order.0.within", "site, client or campaign"),
        ("gates: {holds: [{reason: why not, hosts: {}}]}", "holds.0.hosts", "names no hosts"),
        ("gates: {holds: [{reason: why, hosts: {ids: [a]}, until: 2026-10-25T00:00Z}]}", "until", "has a zone"),
        ("gates: {backup: {max_age_hours: 24}}", "gates.backup", "names no file"),
        ("gates: {backup: {max_age_hours: 24, linux: backups}}", "gates.backup.linux", "an absolute path"),
        ("gates: {pending_reboot: maybe}", "gates.pending_reboot", "hold or ignore"),
        ("gates: {max_failures_per_host: 0}", "gates.max_failures_per_host", "such as 3"),
        ("gates: {windos: []}", "gates.windos", "did you mean 'windows'"),
        ("budgets: {per_client: {lost_share: 5}}", "budgets.per_client.lost_share", "a share such as 0.05"),
        (
            "budgets: {fleet: {}}",
            "budgets.fleet",
            "there are campaign, per_client, per_os_version, per_partner",
        ),
        ("budgets: {clients: {}}", "budgets.clients", "did you mean 'per_client'"),
        ("budgets: {per_clients: {}}", "budgets.per_clients", "did you mean 'per_client'"),
    ],
)
def test_what_is_wrong_in_gates_and_budgets_is_named_with_what_would_be_right(
    tmp_path: Path, wrong: str, column: str, said: str
) -> None:
    with pytest.raises(CampaignFileError) as raised:
        read_campaign_file(write(tmp_path, GOOD + wrong + "\n"))
    (problem,) = raised.value.problems
    assert problem.column.endswith(column)
    assert said in str(problem)


def test_a_gate_about_a_site_or_client_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = GOOD + "gates: {holds: [{reason: why not, hosts: {sites: [hqq], clients: ['ac*']}}]}\n"
    with pytest.raises(CampaignFileError) as raised:
        read_campaign_file(write(tmp_path, text)).hosts_of(FLEET)
    (problem,) = raised.value.problems
    assert problem.column == "gates.holds.0.hosts.sites"
    assert "did you mean 'hq'?" in str(problem)
