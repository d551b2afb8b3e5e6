from datetime import UTC, datetime
from pathlib import Path

import pytest

from muster.campaign_file import read_campaign_file
from muster.errors import CampaignFileError
from muster.fleet import Client, Fleet, Host, Site
from muster.ids import ClientId, HostId, SiteId

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
