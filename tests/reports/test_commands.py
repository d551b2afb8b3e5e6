"""The commands about what leaves the house, typed one after another in one workspace."""

import csv
import json
from pathlib import Path

import openpyxl
import pytest

from tests.muster.shell import Shell
from tests.reports.ledgers import played
from tests.reports.notices.test_commands import well, workspace_in


def test_certificates_findings_and_the_audit_log_of_a_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    muster = Shell(monkeypatch, capfd)
    (tmp_path / "muster.yml").write_text("company: Helpline\n")
    played(tmp_path).close()
    refused = muster(tmp_path, "certificate", "--no-pdf")
    assert refused.returncode == 2
    assert "muster evidence create-key" in refused.stderr
    assert not (tmp_path / "evidence.key").exists(), "a key is only made on purpose"
    well(muster(tmp_path, "evidence", "create-key"))
    shown = well(muster(tmp_path, "evidence", "show-key")).stdout

    found = json.loads(well(muster(tmp_path, "findings", "--json", "--out", "f.xlsx")).stdout)
    assert {"Full disks", "Machines that cannot be reached from afar"} <= {one["what"] for one in found}
    assert openpyxl.load_workbook(tmp_path / "f.xlsx")["findings"].max_row == len(found) + 1
    well(muster(tmp_path, "findings", "cause", found[0]["key"], "the log grows"))
    well(muster(tmp_path, "findings", "add", "c0", "No lock", "--why", "anybody walks in", "--host", "web001"))
    again = json.loads(well(muster(tmp_path, "findings", "--client", "c0", "--json")).stdout)
    assert "No lock" in {one["what"] for one in again}
    assert {one["client"] for one in again} == {"c0"}

    made = json.loads(well(muster(tmp_path, "certificate", "--client", "c0", "--no-pdf", "--json")).stdout)
    assert [(one["machines"], one["protected"]) for one in made] == [(5, 4)]
    evidence = next(path for path in made[0]["files"] if path.endswith("-evidence.json"))
    assert "No lock" in Path(tmp_path / made[0]["files"][0]).read_text()
    checked = json.loads(
        well(muster(tmp_path, "evidence", "verify", evidence, "--key", "evidence.pub", "--json")).stdout
    )
    assert checked["whole"] is True
    assert checked["key"] in shown
    assert "tells the same" in well(muster(tmp_path, "evidence", "compare", evidence)).stdout
    assert muster(tmp_path, "certificate", "--client", "nobody").returncode == 2

    lines = well(muster(tmp_path, "audit")).stdout.splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds[-1] == "certificate written"
    rest = well(muster(tmp_path, "audit", "--format", "cef", "--after", str(len(lines) - 2), "--out", "log.cef"))
    assert f"2 events, up to revision {len(lines)}" in rest.stderr
    assert len((tmp_path / "log.cef").read_text().splitlines()) == 2


def test_a_psa_gets_its_files_and_a_partner_without_a_plan_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    muster = Shell(monkeypatch, capfd)
    folder = workspace_in(tmp_path, muster, "office@acme.example")
    (folder / "partners.csv").write_text("id,name\nisle,Island Networks\n")
    well(muster(folder, "import", "partners.csv"))
    refused = muster(folder, "schedule", "export", "--partner", "isle", "--format", "html")
    assert "a partner sees no proposal" in refused.stderr
    assert muster(folder, "schedule", "export", "--format", "html").returncode == 2
    said = json.loads(well(muster(folder, "dispatch", "--json")).stdout)
    assert "not-told" not in said["premortem"]
    assert "no-backup" in said["premortem"]
    well(muster(folder, "schedule", "export", "--partner", "isle", "--format", "html", "--out", "isle.html"))
    assert "No visit is to be shown now" in (folder / "isle.html").read_text()

    done = well(muster(folder, "psa", "autotask"))
    assert "companies: acme" in done.stderr
    with (folder / "reports" / "spring-autotask-tickets.csv").open(encoding="utf-8-sig", newline="") as file:
        tickets = list(csv.DictReader(file))
    assert len(tickets) == said["visits"]
    assert all(one["title"].startswith("Spring: ") for one in tickets)
