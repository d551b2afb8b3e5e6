"""A certificate says what the ledger says, holds one client only, and any change to it is found out elsewhere."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from muster.errors import InputError, NotFound
from muster.ids import ClientId, HostId
from reports.bundle import verify, write_bundle
from reports.certificate import certificate_html, certificate_of
from reports.chain import START, chain_of, head_at, linked, plain_event, walk
from reports.findings import findings_of, read_seen
from reports.notes import events_of
from reports.record import read_record
from reports.signing import check, create_key, read_key, read_public
from tests.muster.shell import Shell
from tests.reports.ledgers import AT, played
from tests.reports.printers import can_print
from tests.reports.records import campaign


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four files of client c0's certificate; the ledger is closed and gone."""
    if not can_print():
        pytest.skip("neither Pango nor Chromium is installed")
    folder = tmp_path_factory.mktemp("house")
    ledger = played(folder)
    record = read_record(ledger, campaign().id, now=AT)
    client = record.fleet.client[ClientId("c0")]
    found = findings_of(read_seen(ledger, record), client.id)
    out = tmp_path_factory.mktemp("out")
    key = create_key(folder)
    write_bundle(record, client, "Helpline", found, linked(events_of(ledger, campaign().id), key.secret), key, out)
    shutil.copy(folder / "evidence.pub", out)
    ledger.close()
    shutil.rmtree(folder)
    return out


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    """A copy of them on another machine, so to say."""
    return Path(shutil.copytree(original, tmp_path / "bundle"))


def file_of(bundle: Path, suffix: str) -> Path:
    (found,) = bundle.glob(f"*{suffix}")
    return found


def test_the_certificate_is_whole_by_each_of_its_files(bundle: Path) -> None:
    expected = read_public((bundle / "evidence.pub").read_text())
    for suffix in ("-evidence.json", ".sig", ".html", ".pdf"):
        checked = verify(file_of(bundle, suffix), fingerprint=expected)
        assert checked.wrong == ()
        assert checked.fingerprint == expected
        assert any("chain of events is whole" in one for one in checked.good)


def test_it_tells_what_the_ledger_tells_of_this_client_only(bundle: Path) -> None:
    said = json.loads(file_of(bundle, "-evidence.json").read_text())
    assert sorted(row["host"] for row in said["hosts"]) == ["web001", "web003", "web005", "web007", "web009"]
    assert {row["host"]: row["status"] for row in said["hosts"]}["web005"] == "failed"
    shown = {one["event"]["host"] for one in said["chain"]["links"] if "event" in one}
    assert shown == {row["host_id"] for row in said["hosts"]}
    for suffix in ("-evidence.json", ".html"):
        text = file_of(bundle, suffix).read_text()
        for foreign in ("Harbour Freight", "web002", "web004", "web010", "s1"):
            assert f'"{foreign}' not in text
            assert f">{foreign}" not in text
    page = file_of(bundle, ".html").read_text()
    for word in ("Acme Dental", "4 of 5", "web005", "the work did not succeed", "Full disks", said["chain"]["head"]):
        assert word in page


def changed_words(bundle: Path) -> None:
    path = file_of(bundle, "-evidence.json")
    path.write_text(path.read_text().replace('"failed"', '"verified"', 1))


def changed_page(bundle: Path) -> None:
    path = file_of(bundle, ".html")
    path.write_text(path.read_text().replace("4 of 5", "5 of 5"))


def changed_pdf(bundle: Path) -> None:
    path = file_of(bundle, ".pdf")
    path.write_bytes(path.read_bytes() + b" ")


def lost_page(bundle: Path) -> None:
    file_of(bundle, ".pdf").unlink()


def broken_signature(bundle: Path) -> None:
    file_of(bundle, ".sig").write_text("{}")


def foreign_signature(bundle: Path) -> None:
    """Somebody changes the words and signs them anew with a key of his own."""
    changed_words(bundle)
    key = create_key(bundle)
    path = file_of(bundle, "-evidence.json")
    file_of(bundle, ".sig").write_bytes(key.sign(path.read_bytes()))


def broken_chain(bundle: Path) -> None:
    """The company itself takes an event out and signs anew: its earlier heads still speak against it."""
    path = file_of(bundle, "-evidence.json")
    said = json.loads(path.read_text())
    number = next(n for n, one in enumerate(said["chain"]["links"]) if "event" in one)
    del said["chain"]["links"][number]
    path.write_text(json.dumps(said))
    (bundle / "evidence.pub").unlink()
    key = create_key(bundle)
    file_of(bundle, ".sig").write_bytes(key.sign(path.read_bytes()))


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (changed_words, "changed after it was signed"),
        (changed_page, ".html was changed"),
        (changed_pdf, ".pdf was changed"),
        (lost_page, ".pdf is missing"),
        (broken_signature, "cannot be read"),
        (foreign_signature, "not by the key that was expected"),
        (broken_chain, "chain of events is broken"),
    ],
)
def test_every_change_is_found_out(bundle: Path, tamper: Callable[[Path], None], said: str) -> None:
    expected = read_public((bundle / "evidence.pub").read_text())
    tamper_in = tamper
    if tamper is foreign_signature:
        (bundle / "evidence.pub").unlink()
    tamper_in(bundle)
    checked = verify(file_of(bundle, "-evidence.json"), fingerprint=expected)
    assert any(said in one for one in checked.wrong), checked.wrong


def test_one_changed_byte_anywhere_in_the_evidence_is_found_out(bundle: Path) -> None:
    path = file_of(bundle, "-evidence.json")
    content = path.read_bytes()
    for at in range(0, len(content), max(1, len(content) // 40)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert verify(path).wrong


def test_the_command_needs_no_workspace(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    muster = Shell(monkeypatch, capfd)
    name = file_of(bundle, "-evidence.json").name
    good = muster(bundle, "evidence", "verify", name, "--key", "evidence.pub")
    assert (good.returncode, "whole and untampered" in good.stdout) == (0, True), good.stdout + good.stderr
    changed_page(bundle)
    bad = muster(bundle, "evidence", "verify", name)
    assert (bad.returncode, "not to be trusted" in bad.stdout) == (1, True)
    assert muster(bundle, "evidence", "verify", "nothing.json").returncode == 2
    assert list(bundle.glob("*.db")) == []


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no key"):
        read_key(tmp_path)
    made = create_key(tmp_path)
    assert (tmp_path / "evidence.key").stat().st_mode & 0o777 == 0o600
    assert read_key(tmp_path).fingerprint == made.fingerprint == check(b"x", made.sign(b"x"))
    with pytest.raises(InputError, match="already"):
        create_key(tmp_path)
    with pytest.raises(InputError, match="changed after"):
        check(b"y", made.sign(b"x"))


def test_a_ledger_that_tells_another_story_does_not_lead_to_the_head_that_was_signed(tmp_path: Path) -> None:
    ledger = played(tmp_path)
    events = tuple(events_of(ledger, campaign().id))
    ledger.note("something later", by="test", campaign_id=campaign().id)
    later = tuple(events_of(ledger, campaign().id))
    ledger.close()
    chain = chain_of(linked(events, b"secret"), {HostId("web001")})
    assert walk(chain.links) == chain.head != START
    assert head_at(later, chain.revision, b"secret") == chain.head, "what comes later changes nothing"
    assert head_at(events[1:], chain.revision, b"secret") != chain.head
    assert head_at(tuple(reversed(events)), chain.revision, b"secret") != chain.head
    assert json.loads(json.dumps(plain_event(events[0]))) == plain_event(events[0])


def test_what_people_wrote_is_escaped_on_the_certificate(tmp_path: Path) -> None:
    ledger = played(tmp_path)
    record = read_record(ledger, campaign().id, now=AT)
    ledger.close()
    text = certificate_html(certificate_of(record, record.fleet.client[ClientId("c0")], "<script>evil</script>"))
    assert "<script>" not in text
    assert "src=" not in text
