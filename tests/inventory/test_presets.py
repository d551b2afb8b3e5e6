"""Exports by preset: what each column is taken for, what is asked for, and bad cells named where they stand.

The header lines in ``formats/exports`` are the fields of each product's public interface; the rows are ours.
"""

from pathlib import Path

import pytest

from inventory.presets import (
    ASKED,
    OWN,
    PRESETS,
    Taking,
    check_target,
    choices,
    likely,
    muster_targets,
    parts_of,
    preset_named,
)
from inventory.presets_files import read_defaults, read_preset_files
from inventory.presets_read import Checked, check, read_exports, taking_of, unused
from inventory.presets_tables import Export
from muster.crew import Crew
from muster.errors import InputError, NotFound
from muster.fleet import Fleet, OsFamily

FOLDER = Path(__file__).parent / "formats" / "exports"
ZONE = {"sites.timezone": "America/Vancouver"}
PLACE = {"clients.name": "Acme Dental", "sites.name": "Vancouver clinic"}
DEFAULTS = {name: ZONE if name != "intune" else {**ZONE, **PLACE} for name in PRESETS}


def export_of(name: str) -> Export:
    tables, problems, _ = read_exports(FOLDER / f"{name}.csv", f"{name}.csv")
    assert not problems
    return tables[0]


def made(text: str, taking: Taking, known: Fleet | None = None) -> Checked:
    """A typed export: cells by commas, the header first."""
    header, *rows = [line.split(",") for line in text.splitlines()]
    export = Export("x.csv", "line", "x.csv line 1", tuple(header), rows, range(2, len(rows) + 2))
    return check([(export, taking)], known=known or Fleet((), (), ()), known_crew=Crew((), ()))


@pytest.mark.parametrize("name", PRESETS)
def test_a_presets_columns_are_those_of_the_product_and_each_target_is_there(name: str) -> None:
    header = export_of(name).columns
    assert set(PRESETS[name].columns) == set(header)
    for target in PRESETS[name].columns.values():
        assert check_target(target) == target
    assert likely("export", header) == (name, len(header))


@pytest.mark.parametrize("name", PRESETS)
def test_an_export_becomes_clients_sites_and_machines(name: str) -> None:
    export = export_of(name)
    found = check(
        [(export, taking_of(PRESETS[name], export, DEFAULTS[name]))], known=Fleet((), (), ()), known_crew=Crew((), ())
    )
    assert found.problems == ()
    fleet = found.imported.fleet
    assert len(fleet.clients) == 1
    assert {site.client_id for site in fleet.sites} == {fleet.clients[0].id}
    assert {site.timezone for site in fleet.sites} == {"America/Vancouver"}
    assert {host.site_id for host in fleet.hosts} == {site.id for site in fleet.sites}
    assert (fleet.hosts[0].name, fleet.hosts[0].os) == ("APP1", OsFamily.WINDOWS)
    assert fleet.hosts[1].os is (OsFamily.OTHER if name == "intune" else OsFamily.LINUX)
    if name != "ninjaone":  # which has numbers of clients and no names
        assert fleet.clients[0].name == "Acme Dental"


@pytest.mark.parametrize("name", PRESETS)
def test_the_same_export_again_changes_nothing(name: str) -> None:
    export = export_of(name)
    taking = taking_of(PRESETS[name], export, DEFAULTS[name])
    first = check([(export, taking)], known=Fleet((), (), ()), known_crew=Crew((), ())).imported.fleet
    later = Taking(taking.targets, {**taking.defaults, "sites.timezone": "Europe/Berlin"})
    again = check([(export, later)], known=first, known_crew=Crew((), ()))
    assert again.problems == ()
    assert again.imported.fleet == first


def test_what_is_not_used_is_named() -> None:
    export = export_of("automate")
    assert unused(export, taking_of(PRESETS["automate"], export, ZONE)) == (
        "DomainName", "MacAddress", "RemoteAgentLastContact", "Status", "SerialNumber", "IsRebootNeeded",
    )  # fmt: skip


def test_an_export_of_another_product_is_refused_with_the_columns_it_would_have() -> None:
    with pytest.raises(InputError, match="no column of Intune") as refused:
        taking_of(PRESETS["intune"], export_of("ncentral"), {})
    assert "deviceName" in refused.value.hint


def test_a_header_that_fits_no_preset_is_left_to_the_person() -> None:
    assert likely("export", ("colour", "size", "Hostname")) == (OWN, 0)
    assert muster_targets("export", ("colour", "size")) == ("", "")


def test_there_is_no_preset_or_target_of_another_name() -> None:
    with pytest.raises(NotFound, match="no preset"):
        preset_named("excel")
    for wrong in ("sites.colour", "colours.name", "name"):
        with pytest.raises(NotFound, match="no column"):
            check_target(wrong)


def test_every_choice_is_a_target_with_a_meaning() -> None:
    offered = [one for _, some in choices() for one in some]
    assert len({target for target, _, _ in offered}) == len(offered)
    assert all(check_target(target) and label and meaning for target, label, meaning in offered)
    assert set(ASKED) <= {target for target, _, _ in offered}
    assert parts_of("") == ()


COLUMNS = ("hosts.name", "clients.name", "sites.name", "sites.timezone", "hosts.os")


def test_wrong_cells_are_named_by_row_and_column_and_the_other_rows_are_in() -> None:
    found = made(
        "name,client,site,zone,os\n"
        "A,Acme,Van,America/Vancouver,linux\n"
        "B,Acme,Cal,America/Calgary,linux\n"
        "C,Acme,Van,,toaster\n"
        ",Acme,Van,,linux\n"
        "E,Acme,Van,,\n",
        Taking(COLUMNS),
    )
    cells = [(one.row, one.column, one.value) for some in found.cells[0].values() for one in some]
    assert (1, 3, "America/Calgary") in cells
    assert (1, 2, "acme-cal") in cells, "its machine waits for its site"
    assert (2, 4, "toaster") in cells
    assert (3, 0, "") in cells
    assert (4, 4, "") in cells
    assert [host.name for host in found.imported.fleet.hosts] == ["A"]
    assert [site.id for site in found.imported.fleet.sites] == ["acme-van"]
    assert all(one.right for some in found.cells[0].values() for one in some)


def test_a_column_that_is_missing_is_told_at_every_row_that_needs_it() -> None:
    found = made("name,client,site\nA,Acme,Van\nB,Acme,Van\n", Taking(COLUMNS[:3], {"hosts.os": "linux"}))
    assert {one.target for one in found.cells[0][0]} >= {"sites.timezone"}
    assert found.imported.fleet.hosts == ()


def test_a_default_of_one_client_goes_before_the_default_for_all_and_a_cell_before_both() -> None:
    found = made(
        "name,client,site,zone,os\nA,Acme,Van,,linux\nB,Bolt,Van,,linux\nC,Bolt,Edm,America/Edmonton,linux\n",
        Taking(COLUMNS, ZONE, {"bolt": {"sites.timezone": "Europe/Berlin"}}),
    )
    assert [(site.id, site.timezone) for site in found.imported.fleet.sites] == [
        ("acme-van", "America/Vancouver"), ("bolt-van", "Europe/Berlin"), ("bolt-edm", "America/Edmonton"),
    ]  # fmt: skip


def test_two_names_with_one_slug_stay_two_clients() -> None:
    found = made(
        "name,client,site,zone,os\nA,Acme & Co,V,UTC,linux\nB,Acme Co.,V,UTC,linux\nC,日本,V,UTC,linux\n",
        Taking(COLUMNS),
    )
    assert len({client.id for client in found.imported.fleet.clients}) == 3
    assert found.problems == ()


def test_the_command_line_asks_for_what_an_export_does_not_say() -> None:
    path = FOLDER / "intune.csv"
    nothing, nobody = Fleet((), (), ()), Crew((), ())
    with pytest.raises(InputError, match="client: name, site: name, site: time zone") as refused:
        read_preset_files([path], PRESETS["intune"], {}, known=nothing, known_crew=nobody)
    assert "--default sites.timezone=America/Vancouver" in refused.value.hint
    defaults = read_defaults(["clients.name=Acme", "sites.name=Head office", "sites.timezone=UTC"])
    found = read_preset_files([path], PRESETS["intune"], defaults, known=nothing, known_crew=nobody)
    assert [len(found.fleet.clients), len(found.fleet.sites), len(found.fleet.hosts)] == [1, 1, 2]
    assert found.problems == ()
    assert "not used: serialNumber" in found.notes[0]


def test_a_default_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="gives no default"):
        read_defaults(["sites.timezone"])
    with pytest.raises(NotFound):
        read_defaults(["sites.tz=UTC"])


def test_every_preset_is_documented_column_by_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "fleet-files.md").read_text(encoding="utf-8")
    for one in PRESETS.values():
        section = page.split(f"`--as {one.name}`\n")[1].split("\n#")[0]
        assert [name for name in one.columns if f"`{name}`" not in section] == []
        assert one.lacks in section
