"""Launching a campaign, page by page: what is refused, what is kept, what is named where, and what is written."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import openpyxl
import pytest
import yaml

from muster.ids import CampaignId
from muster.settings import SETTINGS_FILE
from portal.access import Role
from portal.launch.state import LAUNCHES, Launch
from portal.launch.tidying import KEPT_FOR, tidy
from tests.portal.conftest import RunningPortal, copy_world, start_portal, stop_portal
from tests.portal.world import NOW, World, add_accounts, open_world

EXPORTS = Path(__file__).parents[1] / "inventory" / "formats" / "exports"
CREW = (
    "id,name,timezone,shifts,skills,rate_per_hour\n"
    "kim,Kim Lee,America/Vancouver,Mon-Fri 08:00-17:00,linux windows,62.50\n"
    "sam,Sam Roy,America/Vancouver,Mon-Fri 08:00-17:00,linux windows,58\n"
)
MACHINES = (
    "Client.Name,Location.Name,ComputerName,OperatingSystemName,LocalIPAddress,Status,Type\n"
    "Acme Dental,Vancouver clinic,APP1,Microsoft Windows Server 2022,10.0.0.5,Online,Server\n"
    "Acme Dental,Vancouver clinic,DB1,toaster,10.0.0.6,Online,Server\n"
    "Bolt Freight,,YARD1,Debian 12,10.0.1.5,Offline,Server\n"
)
ZONE = "America/Vancouver"
INSTANTS = "2026-11-22T12:00:00Z"


def empty_world(folder: Path) -> World:
    """A workspace as ``muster init`` makes it, with people who can log in and nothing else."""
    world = open_world(folder)
    shift_s = world.settings.clock_shift_s
    (folder / SETTINGS_FILE).write_text(f"clock_shift_s: {shift_s}\ncompany: Clockworks IT\n", encoding="utf-8")
    add_accounts(world)
    return world


@pytest.fixture(scope="module")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace, made once; tests take copies."""
    folder = tmp_path_factory.mktemp("empty")
    empty_world(folder).services.close()
    return folder


@pytest.fixture
def empty(empty_folder: Path, tmp_path: Path) -> Iterator[RunningPortal]:
    """A portal on an empty workspace."""
    running = start_portal(copy_world(empty_folder, tmp_path))
    yield running
    stop_portal(running)


@pytest.fixture
def ana(empty: RunningPortal) -> Iterator[httpx.Client]:
    """The manager."""
    with empty.client(Role.MANAGER) as client:
        yield client


def begun(client: httpx.Client) -> str:
    """Where a new launch's pages lie."""
    answer = client.post("/launch")
    assert answer.status_code == 303
    return str(answer.headers["location"]).removesuffix("/fleet")


def send(client: httpx.Client, base: str, *files: tuple[str, bytes]) -> httpx.Response:
    return client.post(f"{base}/fleet", files=[("files", (name, data)) for name, data in files])


def launch_of(portal: RunningPortal, base: str) -> Launch:
    found = portal.world.services.book.find(LAUNCHES, base.rpartition("/")[2])
    assert found is not None
    return found.value


def columns_as_proposed(text: str) -> dict[str, str]:
    """The form of the page as it stands, as a browser would send it."""
    chosen = {}
    for name, options in re.findall(r'<select id="(t-\d+)".*?>(.*?)</select>', text, re.DOTALL):
        found = re.search(r'<option value="([^"]*)" selected', options)
        chosen[name] = found[1] if found else ""
    return chosen


def confirm(client: httpx.Client, base: str, part: str, **more: str) -> httpx.Response:
    page = client.get(f"{base}/columns?part={part}")
    assert page.status_code == 200
    return client.post(f"{base}/columns", data={"part": part, **columns_as_proposed(page.text), **more})


def imported(client: httpx.Client, base: str) -> None:
    """The fleet with one bad row, and the crew, taken in."""
    send(client, base, ("devices.csv", MACHINES.encode()), ("crew.csv", CREW.encode()))
    confirm(client, base, "1-0", **{"d-sites.timezone": ZONE, "d-sites.name": "Head office"})
    confirm(client, base, "2-0")
    client.post(f"{base}/rows", data={"part": "1-0", "c-1-3": "windows"})
    assert client.post(f"{base}/import").status_code == 303


def filled(**more: str) -> dict[str, str]:
    """The campaign's form with everything that it needs."""
    deadline = (NOW + timedelta(days=12)).strftime("%Y-%m-%dT18:00")
    return {
        "fix": "tzdata", "id": "clocks", "name": "Clocks", "deadline": deadline, "timezone": ZONE,
        "reason": "The clocks change.", "p.instants": INSTANTS, **more,
    }  # fmt: skip


def test_a_clean_workspace_leads_the_manager_to_the_guide_and_nobody_else(
    empty: RunningPortal, ana: httpx.Client
) -> None:
    assert 'href="/launch"' in ana.get("/manager").text
    for other in (Role.AUDITOR, Role.ENGINEER, Role.CLIENT_CONTACT):
        with empty.client(other) as client:
            assert client.get("/launch").status_code == 404
            assert 'href="/launch"' not in client.get("/").text


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("fleet.pdf", b"%PDF-1.7", "no table that is read here"),
        ("old.xls", b"\xd0\xcf\x11\xe0", "an old workbook"),
        ("broken.xlsx", b"PK not really", "not a workbook that can be read"),
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"a,b,c\n", "a line of names and no rows"),
        ("binary.csv", b"\x00\x01\x02", "binary.csv"),
        ("with-passwords.csv", b"hostname,password\nA,hunter2\n", "the column password holds secrets"),
        ("large.csv", b"a,b\n" * (6 * 1024 * 1024), "larger than 20 MiB"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason_and_not_kept(
    empty: RunningPortal, ana: httpx.Client, name: str, data: bytes, why: str
) -> None:
    base = begun(ana)
    answer = send(ana, base, (name, data))
    assert answer.status_code == 400
    assert why in answer.text
    assert launch_of(empty, base).parts == ()
    folder = empty.world.settings.workspace / "imports"
    assert not [one for one in folder.rglob("*") if one.is_file()]


def test_of_several_files_the_good_ones_stay(empty: RunningPortal, ana: httpx.Client) -> None:
    base = begun(ana)
    answer = send(ana, base, ("fleet.pdf", b"%PDF"), ("devices.csv", MACHINES.encode()))
    assert answer.status_code == 400
    assert [one.title for one in launch_of(empty, base).parts] == ["devices.csv"]


def test_a_workbooks_sheets_are_parts_and_one_can_be_removed(empty: RunningPortal, ana: httpx.Client) -> None:
    book = openpyxl.Workbook()
    for name, text in (("devices", MACHINES), ("crew", CREW)):
        sheet = book.create_sheet(name)
        for line in text.splitlines():
            sheet.append(line.split(","))
    data = io.BytesIO()
    book.save(data)
    base = begun(ana)
    assert send(ana, base, ("all.xlsx", data.getvalue())).status_code == 303
    assert [one.title for one in launch_of(empty, base).parts] == ["all.xlsx sheet devices", "all.xlsx sheet crew"]
    ana.post(f"{base}/fleet/remove", data={"part": "1-0"})
    assert [one.title for one in launch_of(empty, base).parts] == ["all.xlsx sheet crew"]


@pytest.mark.parametrize("name", [one.stem for one in sorted(EXPORTS.glob("*.csv"))])
def test_an_export_is_known_by_its_names_and_every_column_is_shown(ana: httpx.Client, name: str) -> None:
    base, data = begun(ana), (EXPORTS / f"{name}.csv").read_bytes()
    send(ana, base, ("export.csv", data))
    text = ana.get(f"{base}/columns").text
    assert f'<option value="{name}" selected>' in text
    header = data.decode().splitlines()[0].split(",")
    assert [column for column in header if f"<strong>{column}</strong>" not in text] == []
    assert "not used" in text


def test_nothing_goes_on_before_the_columns_are_confirmed(ana: httpx.Client) -> None:
    base = begun(ana)
    send(ana, base, ("devices.csv", MACHINES.encode()))
    assert ana.get(f"{base}/rows").headers["location"] == f"{base}/columns"
    assert ana.post(f"{base}/import").status_code == 400
    answer = confirm(ana, base, "1-0")
    assert answer.status_code == 400
    assert "no column says it" in answer.text


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"d-sites.timezone": "Vancover"}, "did you mean America/Vancouver"),
        ({"d-sites.timezone": ZONE, "t-5": "hosts.name"}, "is taken for this already"),
        ({"d-sites.timezone": ZONE, "t-5": "crew.name"}, "do not stand in the same rows"),
        ({"d-sites.timezone": ZONE, "d-hosts.credential": "hunter2"}, "is not a credential reference"),
    ],
)
def test_what_does_not_fit_is_said_at_the_column(
    empty: RunningPortal, ana: httpx.Client, more: dict[str, str], why: str
) -> None:
    base = begun(ana)
    send(ana, base, ("devices.csv", MACHINES.encode()))
    answer = confirm(ana, base, "1-0", **more)
    assert answer.status_code == 400
    assert why in answer.text
    assert "hunter2" not in answer.text
    assert not launch_of(empty, base).parts[0].confirmed


def test_a_mapping_is_saved_under_a_name_and_chosen_the_next_time(empty: RunningPortal, ana: httpx.Client) -> None:
    text = b"box,kunde,ort,system\nA,Acme,Van,linux\n"
    base = begun(ana)
    send(ana, base, ("ours.csv", text))
    named = {"t-0": "hosts.name", "t-1": "clients.name", "t-2": "sites.name", "t-3": "hosts.os"}
    answer = ana.post(f"{base}/columns", data={"part": "1-0", **named, "d-sites.timezone": ZONE, "save_as": "our own"})
    assert answer.status_code == 303
    again = begun(ana)
    send(ana, again, ("ours.csv", text))
    assert "Saved: our own" in ana.get(f"{again}/columns").text
    ana.post(f"{again}/columns/preset", data={"part": "1-0", "preset": "saved:our own"})
    part = launch_of(empty, again).parts[0]
    assert part.targets == tuple(named.values())
    assert part.defaults == {"sites.timezone": ZONE}
    assert not part.confirmed


def test_wrong_cells_are_named_corrected_in_place_and_checked_again_at_once(
    empty: RunningPortal, ana: httpx.Client
) -> None:
    base = begun(ana)
    send(ana, base, ("devices.csv", MACHINES.encode()))
    assert confirm(ana, base, "1-0", **{"d-sites.timezone": ZONE}).status_code == 303
    text = ana.get(f"{base}/rows").text
    assert "2 rows are wrong" in text
    assert 'name="c-1-3" value="toaster"' in text
    assert "write linux, windows or other" in text
    assert "APP1" not in text, "the wrong rows are shown first"
    assert not empty.world.ledger.fleet().hosts, "nothing is written before the import"

    ana.post(f"{base}/rows", data={"part": "1-0", "c-1-3": "Windows 11"})
    ana.post(f"{base}/rows", data={"part": "1-0", "c-2-1": "Edmonton yard"})
    assert "Every row is good" in ana.get(f"{base}/rows").text
    said = ana.post(f"{base}/import")
    assert said.headers["location"] == f"{base}/campaign"
    fleet = empty.world.ledger.fleet()
    assert sorted(host.name for host in fleet.hosts) == ["APP1", "DB1", "YARD1"]
    assert {site.name for site in fleet.sites} == {"Vancouver clinic", "Edmonton yard"}
    again = ana.get(f"{base}/rows").text
    assert "Nothing is new: go on" in again


def test_good_rows_go_in_and_bad_ones_stay_in_the_sheet(empty: RunningPortal, ana: httpx.Client) -> None:
    base = begun(ana)
    send(ana, base, ("devices.csv", MACHINES.encode()))
    confirm(ana, base, "1-0", **{"d-sites.timezone": ZONE})
    ana.post(f"{base}/import")
    assert [host.name for host in empty.world.ledger.fleet().hosts] == ["APP1"]
    assert "toaster" in ana.get(f"{base}/rows").text


def test_long_files_are_shown_a_page_at_a_time(ana: httpx.Client) -> None:
    lines = "".join(f"Acme,Van,H{number},linux,10.0.0.1,Online,Server\n" for number in range(500))
    base = begun(ana)
    send(ana, base, ("devices.csv", (MACHINES.splitlines()[0] + "\n" + lines).encode()))
    confirm(ana, base, "1-0", **{"d-sites.timezone": ZONE})
    text = ana.get(f"{base}/rows?page=13").text
    assert text.count("<tr id=") == 20
    assert "page 13 of 13" in text
    assert "H499" in text
    assert "H10<" not in text


def test_a_cell_that_is_not_there_is_refused(empty: RunningPortal, ana: httpx.Client) -> None:
    base = begun(ana)
    send(ana, base, ("devices.csv", MACHINES.encode()))
    assert ana.post(f"{base}/rows", data={"part": "1-0", "c-99-0": "x"}).status_code == 400
    assert ana.post(f"{base}/rows", data={"part": "9-9", "c-0-0": "x"}).status_code == 404
    assert launch_of(empty, base).parts[0].edits == {}


def test_everything_that_was_entered_is_there_after_a_restart(empty_folder: Path, tmp_path: Path) -> None:
    first = start_portal(copy_world(empty_folder, tmp_path))
    with first.client(Role.MANAGER) as client:
        base = begun(client)
        send(client, base, ("devices.csv", MACHINES.encode()))
        confirm(client, base, "1-0", **{"d-sites.timezone": ZONE})
        client.post(f"{base}/rows", data={"part": "1-0", "c-1-3": "windows"})
    stop_portal(first)
    second = start_portal(open_world(tmp_path))
    with second.client(Role.MANAGER) as client:
        assert "devices.csv" in client.get("/launch").text
        assert "1 row is wrong" in client.get(f"{base}/rows").text
    stop_portal(second)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"deadline": "2020-01-01T10:00"}, "is over already"),
        ({"timezone": "Calgary"}, "Calgary"),
        ({"id": "Not An Id"}, "lower-case letters"),
        ({"p.instants": "tomorrow"}, "tomorrow"),
        ({"waves.min_success_rate": "7"}, "less than or equal to 1"),
        ({"hosts.clients": "acme-dentl"}, "did you mean"),
    ],
)
def test_a_wrong_field_of_the_campaign_is_told_at_the_field_and_nothing_is_written(
    empty: RunningPortal, ana: httpx.Client, more: dict[str, str], field: str
) -> None:
    base = begun(ana)
    imported(ana, base)
    answer = ana.post(f"{base}/campaign", data=filled(**more))
    assert answer.status_code == 400
    wrong = re.findall(r'<p class="wrong"[^>]*>(.*?)</p>', answer.text)
    assert any(field in one for one in wrong), wrong
    assert not (empty.world.settings.workspace / "campaign.yml").exists()
    assert empty.world.ledger.campaigns() == ()
    assert launch_of(empty, base).draft["name"] == "Clocks", "what was typed is kept"


def test_the_campaign_file_is_written_and_the_campaign_opened(empty: RunningPortal, ana: httpx.Client) -> None:
    base, folder = begun(ana), empty.world.settings.workspace
    imported(ana, base)
    page = ana.get(f"{base}/campaign?fix=tzdata").text
    assert "IANA names of the zones" in page
    assert 'value="2026-11-20T18:00"' in page, "a Friday four weeks away"
    answer = ana.post(f"{base}/campaign", data=filled(**{"waves.growth_factor": "3", "waves.max_wave_hosts": "500"}))
    assert answer.headers["location"] == f"{base}/probe"
    document = yaml.safe_load((folder / "campaign.yml").read_text(encoding="utf-8"))
    assert document["waves"] == {"growth_factor": 3}, "defaults do not stand in the file"
    campaign = empty.world.ledger.campaign(CampaignId("clocks"))
    assert campaign.parameters["instants"] == INSTANTS
    assert campaign.waves.growth_factor == 3
    assert len(empty.world.ledger.hosts(campaign.id)) == 3
    assert "Ask all 3 machines" in ana.get(f"{base}/probe").text


def test_a_second_campaign_gets_a_file_of_its_own_and_an_id_is_taken_once(
    empty: RunningPortal, ana: httpx.Client
) -> None:
    base, folder = begun(ana), empty.world.settings.workspace
    imported(ana, base)
    ana.post(f"{base}/campaign", data=filled())
    other = begun(ana)
    assert ana.get(f"{other}/fleet").status_code == 200
    assert "is the id of another campaign" in ana.post(f"{other}/campaign", data=filled()).text
    assert ana.post(f"{other}/campaign", data=filled(id="second")).status_code == 303
    assert yaml.safe_load((folder / "campaign.yml").read_text())["id"] == "clocks"
    assert yaml.safe_load((folder / "campaigns" / "second.yml").read_text())["id"] == "second"


def test_the_example_that_init_writes_is_replaced(empty: RunningPortal, ana: httpx.Client) -> None:
    from muster.cli.new_workspace import CAMPAIGN_TEMPLATE

    folder = empty.world.settings.workspace
    (folder / "campaign.yml").write_text(CAMPAIGN_TEMPLATE, encoding="utf-8")
    base = begun(ana)
    imported(ana, base)
    assert ana.post(f"{base}/campaign", data=filled()).status_code == 303
    assert yaml.safe_load((folder / "campaign.yml").read_text())["id"] == "clocks"


def test_a_plan_of_nothing_says_so(ana: httpx.Client) -> None:
    base = begun(ana)
    imported(ana, base)
    ana.post(f"{base}/campaign", data=filled())
    text = ana.get(f"{base}/plan").text
    assert "3 machines have not said yet how they stand" in text


def test_of_other_worlds_that_are_no_likelier_the_cheapest_is_named() -> None:
    from types import SimpleNamespace

    from portal.manager.queries_capacity import _cheapest

    def row(odds: float, cents: int, left_out: int = 0) -> object:
        cost = SimpleNamespace(total_cents=cents)
        return SimpleNamespace(
            odds=SimpleNamespace(all_done=odds), plan=SimpleNamespace(cost=cost), open_hosts=left_out
        )

    today, dearer, cheaper, emptier = row(0.0, 500), row(0.0, 900), row(0.0, 300), row(0.0, 1, left_out=9)
    assert _cheapest([today, dearer, cheaper, emptier]) is cheaper  # type: ignore[list-item]
    assert _cheapest([today, row(0.0, 500)]) is None  # type: ignore[list-item]
    assert _cheapest([today, row(0.4, 1)]) is None  # type: ignore[list-item]


def test_a_launch_that_is_put_away_leaves_no_file_and_what_was_imported_stays(
    empty: RunningPortal, ana: httpx.Client
) -> None:
    base = begun(ana)
    imported(ana, base)
    folder = empty.world.settings.workspace / "imports"
    assert list(folder.glob("*/*.csv"))
    there = empty.world.ledger.fleet()
    assert ana.post(f"{base}/away").status_code == 303
    assert not list(folder.iterdir())
    assert empty.world.ledger.fleet() == there
    assert "devices.csv" not in ana.get("/launch").text
    assert ana.get(f"{base}/rows").status_code == 404


def test_files_that_nobody_needs_any_more_go_by_themselves(empty: RunningPortal, ana: httpx.Client) -> None:
    base, folder = begun(ana), empty.world.settings.workspace / "imports"
    send(ana, base, ("devices.csv", MACHINES.encode()))
    (folder / "left-behind").mkdir()
    book, now = empty.world.services.book, empty.world.services.clock.now()
    tidy(book, empty.world.settings.workspace, now + KEPT_FOR - timedelta(hours=1))
    assert [one.name for one in folder.iterdir()] == [base.rpartition("/")[2]]
    tidy(book, empty.world.settings.workspace, now + KEPT_FOR + timedelta(hours=1))
    assert not list(folder.iterdir())


def test_known_machines_that_are_not_in_the_file_are_told(ana: httpx.Client) -> None:
    base = begun(ana)
    imported(ana, base)
    again = begun(ana)
    send(ana, again, ("devices.csv", "\n".join(MACHINES.splitlines()[:2]).replace("APP1", "APP9").encode()))
    confirm(ana, again, "1-0", **{"d-sites.timezone": ZONE, "d-sites.name": "Head office"})
    seen = ana.get(f"{again}/rows").text
    assert "known and stand" in seen
    assert "APP1" in seen.split("in none of these files")[1].split("</details>")[0]
