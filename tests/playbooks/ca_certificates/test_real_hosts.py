"""On real OpenSSH hosts with Debian's own tools, a JVM and NSS; by scripts and by Ansible the same."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from muster.outcomes import Ending, Verdict
from muster.settings import Settings
from muster.steps import Fact, StepName, read_output
from playbooks.catalog import prepare_fix
from push.ansible import ansible_pusher
from push.known_hosts import KnownHosts
from push.ssh import ssh_pusher
from tests.fleet.openssh import Fleet, FleetHost, openssh_fleet, why_not
from tests.playbooks.ca_certificates.authority import make
from tests.playbooks.hosts import carry, changed_files

NEEDED = why_not() or ("" if shutil.which("update-ca-certificates") else "needs ca-certificates")
pytestmark = [pytest.mark.sshd, pytest.mark.skipif(bool(NEEDED), reason=NEEDED)]

SETTINGS = Settings(host_deadline_s=150)
NEW, OLD = make("Acme Root 2026"), make("Acme Root 2012")
ORDER = (StepName.APPLY, StepName.VERIFY, StepName.ROLLBACK)
NSS = "sql:/etc/pki/nssdb"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with openssh_fleet(tmp_path_factory.mktemp("certificates"), 2) as fleet:
        yield fleet


def prepare(host: FleetHost) -> None:
    host.write("/usr/local/share/ca-certificates/old.crt", OLD.pem.encode())
    host.run("update-ca-certificates >/dev/null 2>&1")
    if shutil.which("certutil"):
        host.run(f"mkdir -p /etc/pki/nssdb; certutil -N -d {NSS} --empty-password")
        host.run(f"certutil -A -d {NSS} -n 'the old one' -t C,, -i /usr/local/share/ca-certificates/old.crt")


def test_the_systems_own_tool_is_used_and_openssl_accepts_what_the_new_root_has_issued(
    fleet: Fleet, tmp_path: Path
) -> None:
    (tmp_path / "new.pem").write_text(NEW.pem)
    host = fleet.hosts[0]
    host.write("/tmp/leaf.pem", make("www.acme.example", NEW, ca=False).pem.encode())
    host.run("rm -f /etc/ca-certificates/update.d/*")  # Java's part takes seconds; the slow test has it
    fix = prepare_fix("ca-certificates", {"new": "new.pem", "layers": "system"}, workspace=tmp_path)
    pusher = ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts))
    said = {name: read_output(carry(pusher, fleet, [host], fix, name)[host.name].stdout) for name in ORDER}
    assert "ran update-ca-certificates" in said[StepName.APPLY].changes
    assert said[StepName.VERIFY].facts.count(Fact("host", "asked of", "openssl verify")) == 1
    assert fix.judge(said[StepName.VERIFY], timezone="Etc/UTC").verdict is Verdict.RIGHT
    assert "ran update-ca-certificates" in said[StepName.ROLLBACK].changes
    refused = host.run("openssl verify -no-CAfile -CApath /etc/ssl/certs /tmp/leaf.pem 2>&1", check=False)
    assert b"OK" not in refused


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_root_is_rolled_over_in_every_store_and_back_again(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "new.pem").write_text(NEW.pem)
    leaf = make("www.acme.example", NEW, ca=False)
    (tmp_path / "leaf.pem").write_text(leaf.pem)
    given = {"new": "new.pem", "leaf": "leaf.pem", "old": OLD.fingerprint, "layers": "system jvm nss"}
    fix = prepare_fix("ca-certificates", given, workspace=tmp_path)
    ways = (
        ssh_pusher(SETTINGS, known_hosts=KnownHosts.read(fleet.known_hosts)),
        ansible_pusher(SETTINGS, known_hosts=fleet.known_hosts),
    )
    for host in fleet.hosts:
        prepare(host)
        host.write("/tmp/leaf.pem", leaf.pem.encode())
    java = fleet.hosts[0].exists("/etc/ssl/certs/java/cacerts")
    wanted = [
        (StepName.PROBE, Verdict.STALE),
        (StepName.CHECK, None),
        (StepName.APPLY, None),
        (StepName.VERIFY, Verdict.RIGHT),
        (StepName.ROLLBACK, None),
        (StepName.PROBE, Verdict.STALE),
    ]
    for name, verdict in wanted:
        reports = [carry(way, fleet, [host], fix, name)[host.name] for way, host in zip(ways, fleet.hosts, strict=True)]
        first, second = (read_output(report.stdout) for report in reports)
        assert [report.ending for report in reports] == [Ending.DONE, Ending.DONE], reports
        assert first == second, name
        stores = ("etc/ssl/certs/java", "etc/pki/nssdb", "var/lib", "var/log")  # they hold the time of each entry
        assert changed_files(fleet.hosts[0], but=stores) == changed_files(fleet.hosts[1], but=stores), name
        if verdict:
            assert fix.judge(first, timezone="Etc/UTC").verdict is verdict, fix.judge(first, timezone="Etc/UTC")
        if name is StepName.VERIFY:
            accepted = fleet.hosts[0].run("openssl verify -no-CAfile -CApath /etc/ssl/certs /tmp/leaf.pem")
            assert accepted == b"/tmp/leaf.pem: OK\n"
            asked = {fact.layer.split(" ")[0] for fact in first.facts if fact.key == "new"}
            assert ("jvm" in asked, "nss" in asked) == (java, shutil.which("certutil") is not None)
