"""The Windows steps: what is carried, how the answers are read, and on Wine a real registry."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from muster.errors import FixError
from muster.fleet import OsFamily
from muster.outcomes import Ending, Verdict
from muster.ports import PreparedFix
from muster.steps import Step, StepName, StepOutput, read_output
from playbooks.catalog import prepare_fix
from playbooks.certificate_blobs import fingerprint_in, registry_file, thumbprint
from tests.fleet.winrm_wine import WineEngine, WineTemplate, why_not
from tests.fleet.winrm_world import WinRmWorld
from tests.playbooks.ca_certificates.authority import Authority, make

NEW, OLD = make("Acme & Root %PATH%"), make("Acme Root 2012")


def der(authority: Authority) -> bytes:
    return authority.certificate.public_bytes(Encoding.DER)


def fix(folder: Path, **parameters: str) -> PreparedFix:
    (folder / "new.pem").write_text(NEW.pem)
    return prepare_fix("ca-certificates", {"new": "new.pem", **parameters}, workspace=folder)


def step(made: PreparedFix, name: StepName) -> Step:
    found = made.step(name, OsFamily.WINDOWS, timezone="Etc/UTC")
    assert found is not None
    return found


def blob_of(file: bytes) -> str:
    """The value of a .reg file, as reg query prints it."""
    return file.decode().split("hex:")[1].replace("\\\r\n  ", "").replace(",", "").strip()


def test_the_root_is_found_again_in_what_the_registry_keeps() -> None:
    blob = blob_of(registry_file(der(NEW)))
    assert fingerprint_in(blob) == NEW.fingerprint
    assert f"Certificates\\{thumbprint(der(NEW))}]" in registry_file(der(NEW)).decode()
    for broken in ("", "zz", blob[:-2], blob[:30]):
        assert fingerprint_in(broken) != NEW.fingerprint


def test_only_what_a_line_of_cmd_can_hold_is_carried(tmp_path: Path) -> None:
    made = step(fix(tmp_path), StepName.CHECK)
    assert made.arguments["MUSTER_SUBJECT"] == "Acme   Root  PATH "
    assert made.arguments["MUSTER_CHECK"] == "1"
    assert all("\n" not in value for value in made.arguments.values())


def test_old_roots_must_be_named_as_windows_names_them(tmp_path: Path) -> None:
    with pytest.raises(FixError, match="old_thumbprints: is missing"):
        step(fix(tmp_path, old=OLD.fingerprint), StepName.PROBE)
    with pytest.raises(FixError, match="'ABC' is no SHA-1 thumbprint"):
        fix(tmp_path, old_thumbprints="abc")
    with pytest.raises(FixError, match="names the new root itself"):
        fix(tmp_path, old_thumbprints=thumbprint(der(NEW)))


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (f"fact\twindows\tblob\t{blob_of(registry_file(der(NEW)))}", Verdict.RIGHT),
        ("fact\twindows\tblob\tmissing", Verdict.STALE),
        (f"fact\twindows\tblob\t{blob_of(registry_file(der(OLD)))}", Verdict.STALE),
        (f"fact\twindows\tblob\t{blob_of(registry_file(der(NEW)))}\nfact\twindows\told\tABC", Verdict.STALE),
    ],
)
def test_the_registry_is_judged_by_the_bytes_that_it_holds(tmp_path: Path, said: str, verdict: Verdict) -> None:
    assert fix(tmp_path).judge(read_output(said), timezone="Etc/UTC").verdict is verdict


@pytest.mark.slow
@pytest.mark.wine
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_the_root_is_rolled_over_in_a_real_registry_and_back(tmp_path: Path) -> None:
    made = fix(tmp_path, old=OLD.fingerprint, old_thumbprints=thumbprint(der(OLD)))
    (tmp_path / "wine").mkdir()
    world = WinRmWorld(tmp_path)
    world.add("host", engine=WineEngine(WineTemplate(tmp_path / "wine"), "host", timezone="Etc/UTC"))
    with world:

        def carry(name: StepName) -> StepOutput:
            wanted = step(made, name)
            report = world.one(
                "host",
                wanted.script,
                deadline_s=180,
                arguments=wanted.arguments,
                payload=wanted.payload,
                timeout_s=wanted.timeout_s,
            )
            assert report.ending is Ending.DONE, report
            return read_output(report.stdout)

        def verdict(name: StepName) -> Verdict:
            return made.judge(carry(name), timezone="Etc/UTC").verdict

        old = Step(StepName.APPLY, "@echo off\nreg import payload >nul\necho done\tapply", {}, registry_file(der(OLD)))
        assert world.one("host", old.script, deadline_s=180, payload=old.payload).ending is Ending.DONE
        before = carry(StepName.PROBE)
        assert made.judge(before, timezone="Etc/UTC").summary == (
            f"system HKLM ROOT does not trust the new root and still trusts the old root {thumbprint(der(OLD))[:12]}…"
        )
        assert carry(StepName.CHECK).would == (
            "import Acme   Root  PATH  into the machine's trusted roots",
            f"delete {thumbprint(der(OLD))} from ROOT",
        )
        assert carry(StepName.PROBE) == before
        assert len(carry(StepName.APPLY).changes) == 2
        assert verdict(StepName.VERIFY) is Verdict.RIGHT
        again = carry(StepName.APPLY)
        assert (again.changes, again.notes) == ((), ("every store was right already",))
        assert len(carry(StepName.ROLLBACK).changes) == 2
        assert carry(StepName.PROBE) == before
        assert carry(StepName.ROLLBACK).notes == ("nothing was ever changed here",)
