"""Dispatch tells clients, holds back what cannot be told, and a named person's word lets it go."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from flows.services import services_of
from muster.cli.workspace import Workspace
from muster.ids import CampaignId
from muster.outcomes import HostStatus
from reports.notes import notes_of, text_of
from reports.notices.told import WAIVED, WRITTEN
from tests.muster.shell import Done, Shell
from tests.muster.test_cli_planning import CAMPAIGN, CREW, HOSTS, NOW, SITES
from tests.muster.worlds import answer, bring_in, enrol, services_in, standing_at

CLIENTS = "id,name,email\nacme,Acme,{}\n"


def workspace_in(folder: Path, muster: Shell, email: str) -> Path:
    """Eight hosts that need the fix, and a plan for them."""
    standing_at(folder, NOW, solve_seconds=1, company="Helpline", notice_from="us@helpline.example")
    bring_in(folder, CAMPAIGN, {"clients": CLIENTS.format(email), "sites": SITES, "hosts": HOSTS, "crew": CREW})
    ids = enrol(folder)
    with services_in(folder) as services:
        answer(services, dict.fromkeys(ids, HostStatus.STALE))
    well(muster(folder, "plan"))
    return folder


def well(done: Done) -> Done:
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def notes(folder: Path, kind: str) -> list[tuple[str, str]]:
    opened = Workspace(folder)
    found = [
        (event.by, text_of(event, "reason"))
        for event in notes_of(opened.ledger, CampaignId("spring"), frozenset({kind}))
    ]
    opened.close()
    services_of.cache_clear()
    return found


def test_dispatch_tells_every_client_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    muster = Shell(monkeypatch, capfd)
    folder = workspace_in(tmp_path, muster, "office@acme.example")
    assert "at dispatch" in well(muster(folder, "notices", "list")).stdout
    shown = well(muster(folder, "notices", "preview")).stdout
    assert "Dear Acme" in shown
    assert not list(folder.glob("outbox/*")), "a preview writes nothing"
    assert "1 notice to clients" in well(muster(folder, "dispatch")).stdout
    (letter,) = (folder / "outbox").glob("*.eml")
    assert message_from_bytes(letter.read_bytes(), policy=default)["To"] == "office@acme.example"
    assert "told" in well(muster(folder, "notices", "list")).stdout
    assert "0 notices" in well(muster(folder, "notices", "write")).stdout
    assert len(notes(folder, WRITTEN)) == 1
    well(muster(folder, "notices", "sheet", "--person", "anna", "--format", "html", "--out", "door.html"))
    page = (folder / "door.html").read_text()
    assert "Your clocks must learn the new rules." in page
    assert "127.0.0.1" in page, "our own people are told the address"
    well(muster(folder, "schedule", "export", "--person", "anna", "--format", "ics", "--out", "anna.ics"))
    assert "BEGIN:VEVENT" in (folder / "anna.ics").read_text()


def test_a_client_that_cannot_be_told_holds_the_plan_back_until_a_person_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    muster = Shell(monkeypatch, capfd)
    folder = workspace_in(tmp_path, muster, "")
    refused = muster(folder, "dispatch")
    assert refused.returncode == 1
    assert "Acme has no e-mail address" in refused.stderr
    assert "--without-notice" in refused.stderr
    well(muster(folder, "dispatch", "--without-notice", "told by telephone"))
    waived = notes(folder, WAIVED)
    assert waived
    assert all(reason == "told by telephone" and by for by, reason in waived)
    assert "goes without" in well(muster(folder, "notices", "list")).stdout
    assert muster(folder, "notices", "override", "V-none", "--reason", "x").returncode == 2
