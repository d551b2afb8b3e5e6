"""The command line without hosts: workspaces, imports, errors, what scripts read."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from muster.cli.watching import page
from muster.cli.workspace import Workspace
from muster.outcomes import HostStatus
from tests.muster.shell import Shell
from tests.reports.records import Story

CLIENTS = "id,name\nacme,Acme\n"
SITES = "id,client_id,name,timezone\nhq,acme,Head office,America/Vancouver\n"
HOSTS = "id,site_id,name,address,os\nweb-1,hq,web-1,127.0.0.1,linux\nweb-2,hq,web-2,127.0.0.2,linux\n"
CAMPAIGN = """
id: spring
name: Spring
fix: tzdata
deadline: 2037-03-13 18:00
timezone: America/Vancouver
parameters: {instants: ["2027-03-14T12:00:00Z"]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "muster.yml").write_text("solve_seconds: 1\n")
    (tmp_path / "campaign.yml").write_text(CAMPAIGN)
    for name, text in {"clients": CLIENTS, "sites": SITES, "hosts": HOSTS}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def test_a_new_workspace_can_be_imported_as_it_stands(muster: Shell, tmp_path: Path) -> None:
    assert muster(tmp_path, "init", "spring").returncode == 0
    folder = tmp_path / "spring"
    done = muster(folder, "import", "fleet")
    assert done.returncode == 0, done.stderr
    again = json.loads(muster(folder, "import", "fleet", "--json").stdout)
    assert set(again["counts"]) == {"clients", "sites", "hosts", "partners", "engineers"}
    assert all(row["added"] == row["changed"] == 0 for row in again["counts"].values())


def test_a_workspace_is_not_made_over_another_one(muster: Shell, workspace: Path) -> None:
    done = muster(workspace, "init")
    assert done.returncode == 2
    assert "is a workspace already" in done.stderr


def test_a_folder_that_is_no_workspace_is_named(muster: Shell, tmp_path: Path) -> None:
    done = muster(tmp_path, "status")
    assert done.returncode == 2
    assert "has no muster.yml" in done.stderr
    assert "muster init" in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing was made by accident"


def test_a_dry_run_changes_nothing(muster: Shell, workspace: Path) -> None:
    said = json.loads(
        muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv", "--dry-run", "--json").stdout
    )
    assert said["counts"]["hosts"]["added"] == 2
    again = json.loads(muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv", "--json").stdout)
    assert again["counts"]["hosts"]["added"] == 2


def test_bad_rows_are_named_and_good_ones_are_in(muster: Shell, workspace: Path) -> None:
    with (workspace / "hosts.csv").open("a") as file:
        file.write("web-3,hqq,web-3,127.0.0.3,linux\nweb-4,hq,web-4,not an address,linux\n")
    done = muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv")
    assert done.returncode == 1
    assert "hosts.csv line 4" in done.stderr
    assert "hosts.csv line 5" in done.stderr
    kept = json.loads(muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv", "--json").stdout)
    assert kept["counts"]["hosts"] == {"added": 0, "changed": 0, "same": 2}
    assert [row["column"] for row in kept["problems"]] == ["site_id", "address"]


def test_a_strict_import_takes_nothing_in_when_anything_is_wrong(muster: Shell, workspace: Path) -> None:
    with (workspace / "hosts.csv").open("a") as file:
        file.write("web-3,hqq,web-3,127.0.0.3,linux\n")
    done = muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv", "--strict")
    assert done.returncode == 1
    assert "nothing was taken in" in done.stdout
    after = json.loads(muster(workspace, "import", "clients.csv", "sites.csv", "--json").stdout)
    assert after["counts"]["clients"]["added"] == 1


def test_what_is_not_there_yet_says_what_comes_before_it(muster: Shell, workspace: Path) -> None:
    muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv")
    for words in (["status"], ["plan"], ["dispatch"], ["run"], ["report"], ["estimate"], ["capacity"], ["stop"]):
        done = muster(workspace, *words)
        assert done.returncode == 2, words
        assert "there is no open campaign 'spring'" in done.stderr
        assert "muster probe" in done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("fix: tzdata|fix: tzdate", "there is no fix 'tzdate'"),
        ("2027-03-14T12:00:00Z|tomorrow", "instants"),
        ("timezone: America|timezone: Amerika", "did you mean"),
    ],
)
def test_a_wrong_campaign_file_is_refused_before_any_host_is_asked(
    muster: Shell, workspace: Path, change: str, said: str
) -> None:
    muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv")
    file = workspace / "campaign.yml"
    before, after = change.split("|")
    file.write_text(file.read_text().replace(before, after))
    done = muster(workspace, "probe")
    assert done.returncode == 2
    assert said in done.stderr


def test_a_wrong_setting_is_a_sentence(muster: Shell, workspace: Path) -> None:
    (workspace / "muster.yml").write_text("parallel_hosts: many\n")
    done = muster(workspace, "status")
    assert done.returncode == 2
    assert "parallel_hosts" in done.stderr


def test_a_ledger_of_something_else_is_refused(muster: Shell, workspace: Path) -> None:
    import sqlite3

    with sqlite3.connect(workspace / "muster.db") as database:
        database.execute("CREATE TABLE shopping (id INTEGER)")
    database.close()
    done = muster(workspace, "status")
    assert done.returncode == 1
    assert "ledger" in done.stderr


def test_an_unknown_command_is_named_with_the_nearest_one(muster: Shell, workspace: Path) -> None:
    done = muster(workspace, "stauts")
    assert done.returncode == 2
    assert "status" in done.stderr


def test_the_command_is_installed_and_is_a_module_too(tmp_path: Path) -> None:
    for command in ([sys.executable, "-m", "muster"], [str(Path(sys.executable).with_name("muster"))]):
        done = subprocess.run([*command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.startswith("muster ")


def test_a_prefect_server_that_does_not_answer_is_a_sentence_and_its_password_is_not_shown(
    muster: Shell, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv")
    for url in ("http://me:Zebra-7@127.0.0.1:9/api", "nonsense"):
        monkeypatch.setenv("PREFECT_API_URL", url)
        done = muster(workspace, "probe", "--json")
        assert done.returncode == 1
        assert "does not answer" in done.stderr
        assert "PREFECT_API_URL" in done.stderr
        assert "Zebra" not in done.stderr
        assert done.stdout == "", "a script reads one JSON document or nothing"


def test_reports_that_cannot_be_written_are_a_sentence(muster: Shell, opened: Path) -> None:
    done = muster(opened, "report", "--folder", "campaign.yml/here")
    assert done.returncode == 2
    assert "the reports cannot be written: campaign.yml/here" in done.stderr


def test_a_full_disk_behind_the_output_is_a_sentence(opened: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "muster", "-C", str(opened), "status"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "the output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "foresaw" not in done.stderr


def test_every_problem_of_an_import_is_counted_and_no_word_of_python_is_in_it(muster: Shell, workspace: Path) -> None:
    (workspace / "hosts.csv").write_text("id,site_id,name,address,port\nweb-1,hq,web-1,nowhere!,99999\n")
    (workspace / "fleet.xlsx").write_text("no workbook")
    done = muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv", "fleet.xlsx")
    assert done.returncode == 1
    assert "3 problems:" in done.stdout
    assert "BadZipFile" not in done.stderr
    assert done.stderr.count("line 2") == 2, "two things are wrong in one row"


@pytest.fixture
def opened(muster: Shell, workspace: Path) -> Path:
    """A workspace whose campaign is open; no host was asked."""
    muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv")
    there = Workspace(workspace)
    file = there.campaign_file()
    there.ledger.open_campaign(file.campaign, file.hosts_of(there.ledger.fleet()), by="test")
    there.close()
    return workspace


def test_a_narrow_terminal_breaks_lines_under_the_status() -> None:
    record = Story([HostStatus.UNTRUSTED]).record()
    long = replace(record.hosts[0], cause="its key has changed: " + "SHA256:x " * 12)
    narrow = Console(width=60, record=True, file=StringIO())
    narrow.print(page(replace(record, hosts=(long,))))
    cause = [line for line in narrow.export_text().splitlines() if "SHA256" in line]
    assert len(cause) > 1
    assert all(line.startswith(" " * 9) for line in cause)


def test_somebody_elses_workspace_can_be_looked_at_and_not_changed(muster: Shell, workspace: Path) -> None:
    assert muster(workspace, "import", "clients.csv", "sites.csv", "hosts.csv").returncode == 0
    opened = Workspace(workspace)
    file = opened.campaign_file()
    opened.ledger.open_campaign(file.campaign, file.hosts_of(opened.ledger.fleet()), by="test")
    opened.close()
    before = {path.name: path.read_bytes() for path in workspace.iterdir()}
    assert before
    for path in (workspace, *workspace.iterdir()):
        path.chmod(path.stat().st_mode & ~0o222)
    seen, refused = as_one_who_may_only_read(workspace, "status"), as_one_who_may_only_read(workspace, "stop")
    assert seen.returncode == 0, seen.stderr
    assert "0 of 2 hosts protected" in seen.stdout
    assert refused.returncode == 1
    assert "cannot be written: it is read-only" in " ".join(refused.stderr.split())
    assert {path.name: path.read_bytes() for path in workspace.iterdir()} == before


def as_one_who_may_only_read(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command by somebody whom the folder's permissions bind; they do not bind root."""
    lesser = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
    command = [*lesser, sys.executable, "-m", "muster", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
