"""Stores below a folder, where no tool of the system may be used: the files themselves are mended."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from muster.outcomes import Verdict
from muster.ports import PreparedFix
from muster.steps import StepName
from playbooks.catalog import prepare_fix
from tests.playbooks.ca_certificates.authority import make
from tests.playbooks.hosts import Folder, made
from tests.playbooks.tzdata.place import busybox, dash

NEW, OLD, OTHER = make("Acme Root 2026"), make("Acme Root 2012"), make("Somebody Else")
BUNDLE = "etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(params=["dash", "busybox"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if shutil.which(request.param) is None:
        pytest.skip(f"needs {request.param} (apt-get install {request.param})")
    shell = dash() if request.param == "dash" else busybox(tmp_path / "busybox")
    host = Folder(tmp_path / "root", shell)
    host.write(BUNDLE, f"# all\n{OLD.pem}{OTHER.pem}")
    return host


@pytest.fixture
def fix(tmp_path: Path) -> PreparedFix:
    (tmp_path / "new.pem").write_text(NEW.pem)
    (tmp_path / "leaf.pem").write_text(make("www", NEW, ca=False).pem)
    given = {
        "new": "new.pem",
        "leaf": "leaf.pem",
        "old": OLD.fingerprint,
        "bundles": "/opt/app/ca.pem",
        "services": "app",
    }
    return prepare_fix("ca-certificates", given, workspace=tmp_path)


def verdict(host: Folder, fix: PreparedFix) -> Verdict:
    return fix.judge(host.run(fix, StepName.PROBE), timezone="Etc/UTC").verdict


def test_new_in_old_out_others_stay_and_all_comes_back(host: Folder, fix: PreparedFix) -> None:
    host.write("opt/app/ca.pem", OLD.pem)
    host.write("etc/environment", "NODE_EXTRA_CA_CERTS=/opt/node.pem\n")
    host.write("opt/node.pem", OTHER.pem)
    host.write("etc/init.d/app", "#!/bin/sh\ntouch $MUSTER_ROOT/run-again\n").chmod(0o755)
    assert verdict(host, fix) is Verdict.STALE
    before = host.tree()
    check = host.run(fix, StepName.CHECK)
    assert host.tree() == before
    assert [f"change what /{file} trusts" in check.would for file in (BUNDLE, "opt/app/ca.pem", "opt/node.pem")] == [
        True,
        True,
        True,
    ]
    assert f"-{OLD.fingerprint}" in check.diff
    assert f"+{NEW.fingerprint} Acme Root 2026" in check.diff
    assert "restart app" in check.would
    applied = host.run(fix, StepName.APPLY)
    assert applied.errors == ()
    assert "restarted app" in applied.changes
    text = host.file(BUNDLE).read_text()
    assert (OLD.pem in text, OTHER.pem in text, NEW.pem in text) == (False, True, True)
    assert host.file("opt/app/ca.pem").read_text() == NEW.pem
    assert host.file("opt/node.pem").read_text() == OTHER.pem + NEW.pem
    assert verdict(host, fix) is Verdict.RIGHT
    again = host.run(fix, StepName.APPLY)
    assert (again.changes, again.notes) == ((), ("every store was right already",))
    assert host.run(fix, StepName.CHECK).would == ()
    host.file("run-again").unlink()
    host.run(fix, StepName.ROLLBACK)
    host.file("run-again").unlink()
    assert host.tree() == before
    assert "everything is as it was before" in host.run(fix, StepName.ROLLBACK).notes


def test_debians_sources_are_kept_in_step(host: Folder, fix: PreparedFix) -> None:
    host.write("etc/ca-certificates.conf", "# list\nmozilla/old.crt\nmozilla/other.crt\n")
    host.write("usr/share/ca-certificates/mozilla/old.crt", OLD.pem)
    host.write("usr/share/ca-certificates/mozilla/other.crt", OTHER.pem)
    host.write("usr/local/share/ca-certificates/ours.crt", OLD.pem)
    host.write("usr/local/share/ca-certificates/two.crt", OTHER.pem + OLD.pem)
    before = host.tree()
    assert host.run(fix, StepName.APPLY).errors == ()
    assert host.file("etc/ca-certificates.conf").read_text() == "# list\n!mozilla/old.crt\nmozilla/other.crt\n"
    assert not host.file("usr/local/share/ca-certificates/ours.crt").exists()
    assert host.file("usr/local/share/ca-certificates/two.crt").read_text() == OTHER.pem
    ours = f"usr/local/share/ca-certificates/muster-acme-root-2026-{NEW.fingerprint[:8]}.crt"
    assert host.file(ours).read_text() == NEW.pem
    assert verdict(host, fix) is Verdict.RIGHT
    host.run(fix, StepName.ROLLBACK)
    assert host.tree() == before


def test_red_hats_sources_are_kept_in_step(host: Folder, fix: PreparedFix) -> None:
    host.file(BUNDLE).unlink()
    bundle = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
    host.write(bundle, OLD.pem + OTHER.pem)
    host.write("etc/pki/ca-trust/source/anchors/old.pem", OLD.pem)
    host.file("etc/pki/ca-trust/source/blocklist").mkdir()
    before = host.tree()
    assert host.run(fix, StepName.APPLY).errors == ()
    assert not host.file("etc/pki/ca-trust/source/anchors/old.pem").exists()
    assert host.file(f"etc/pki/ca-trust/source/blocklist/muster-{OLD.fingerprint}.pem").read_text() == OLD.pem
    assert host.file(bundle).read_text() == OTHER.pem + NEW.pem
    assert verdict(host, fix) is Verdict.RIGHT
    host.run(fix, StepName.ROLLBACK)
    assert host.tree() == before


def test_a_host_without_a_store_is_not_supported(host: Folder, fix: PreparedFix) -> None:
    host.file(BUNDLE).unlink()
    assert verdict(host, fix) is Verdict.UNSUPPORTED
    assert host.run(fix, StepName.APPLY).errors == ("no store of trusted certificates was found on this host",)


def test_whenever_it_is_killed_the_bundle_is_whole_and_the_next_push_ends_it(host: Folder, fix: PreparedFix) -> None:
    old, mended = host.file(BUNDLE).read_text(), f"# all\n{OTHER.pem}{NEW.pem}"
    for wait_s in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
        process = host.start(made(fix, StepName.APPLY))
        time.sleep(wait_s)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert host.file(BUNDLE).read_text() in {old, mended}
    assert host.run(fix, StepName.APPLY).errors == ()
    assert host.file(BUNDLE).read_text() == mended
    host.run(fix, StepName.ROLLBACK)
    assert host.file(BUNDLE).read_text() == old


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck (apt-get install shellcheck)")
@pytest.mark.parametrize("name", [StepName.PROBE, StepName.APPLY, StepName.ROLLBACK])
def test_shellcheck_finds_nothing(fix: PreparedFix, name: StepName) -> None:
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-"],
        input=made(fix, name).script.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.decode() == ""
