"""What Muster trusts is what OpenSSH trusts: the same lines are found, and the same hosts are let in."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.outcomes import Ending
from muster.ports import Target
from muster.settings import Settings
from push.credentials import Credentials
from push.known_hosts import KnownHosts, parse
from push.redact import Redactor
from push.ssh import ssh_pusher
from tests.fleet.openssh import Fleet, FleetHost, KeyPair, openssh_fleet, why_not
from tests.push.conformance import carry
from tests.push.worlds import ShellSteps

PATTERNS = (
    "server", "server,10.0.0.7", "SERVER.example", "[server]:2222", "*.example", "web?.example", "[server]:22",
    "*.example,!till.example", "!till.example,*.example", "10.0.0.*", "[10.0.0.*]:22??", "[*]:2200", "fd00::7",
    "[fd00::7]:2222", "fe80::1%eth0", "*", "!server", "*,!10.*", "s[e]rver", "server:22", "web1.example,web2.example",
)  # fmt: skip
NAMES = (
    "server", "[server]:2222", "10.0.0.7", "[10.0.0.7]:2222", "[10.0.0.7]:2200", "server.example", "till.example",
    "web1.example", "web12.example", "fd00::7", "[fd00::7]:2222", "fe80::1%eth0", "other", "[other]:2200",
    "[server]:22",
)  # fmt: skip


@pytest.mark.skipif(bool(why_not()), reason=why_not())
@pytest.mark.parametrize("hashed", [False, True])
def test_the_lines_of_a_name_are_those_that_ssh_keygen_finds(tmp_path: Path, hashed: bool) -> None:  # noqa: FBT001
    file = tmp_path / "known_hosts"
    markers = ("", "@cert-authority ", "")
    lines = [f"{markers[n % 3]}{names} {KeyPair.new().public} line {n}" for n, names in enumerate(PATTERNS)]
    file.write_text("# a comment\n\n" + "\n".join(lines) + "\n")
    if hashed:
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)
    known = KnownHosts(parse(file.read_text(), "file"))
    for name in NAMES:
        ours = {int(line.place.rpartition(":")[2]) for line in known._lines_named(name)}
        assert ours == _found_by_openssh(file, name), name


def _found_by_openssh(file: Path, name: str) -> set[int]:
    found = subprocess.run(["ssh-keygen", "-F", name, "-f", str(file)], check=False, capture_output=True, text=True)
    heads = [line for line in found.stdout.splitlines() if line.startswith("# Host ")]
    return {int(head.split(" line ")[1].split()[0]) for head in heads}


@dataclass
class Case:
    """One known_hosts file at one host; words in braces stand for its address and for keys."""

    lines: str
    certificate: str = "good"


CASES = {
    "its key": Case("[{address}]:{port} {key}"),
    "its key without the port": Case("{address} {key}"),
    "its key by a pattern": Case("[127.10.*]:22?? {key}"),
    "its key by a pattern without the port": Case("127.10.* {key}"),
    "another key": Case("[{address}]:{port} {other}"),
    "another key and its own": Case("[{address}]:{port} {other}\n[{address}]:{port} {key}"),
    "an exception": Case("*,!{address} {other}\n127.*,![{address}]:{port} {key}", "none"),
    "a key of another port": Case("[{address}]:2223 {key}"),
    "its key, revoked": Case("[{address}]:{port} {key}\n@revoked * {key}"),
    "nothing": Case("# nobody"),
    "its authority": Case("@cert-authority * {authority}"),
    "its authority for this port": Case("@cert-authority [{address}]:{port} {authority}"),
    "its authority for others": Case("@cert-authority *.example {authority}"),
    "its authority, revoked": Case("@cert-authority * {authority}\n@revoked * {authority}"),
    "its authority, revoked, and its key": Case(
        "@cert-authority * {authority}\n@revoked * {authority}\n[{address}]:{port} {key}"
    ),
    "another authority": Case("@cert-authority * {other}"),
    "another authority and its key": Case("@cert-authority * {other}\n[{address}]:{port} {key}"),
    "a certificate for another host": Case("@cert-authority * {authority}", "elsewhere"),
    "a certificate for another host, and its key": Case(
        "@cert-authority * {authority}\n[{address}]:{port} {key}", "elsewhere"
    ),
    "a certificate that has run out": Case("@cert-authority * {authority}", "old"),
    "a certificate that has run out, and its key": Case(
        "@cert-authority * {authority}\n[{address}]:{port} {key}", "old"
    ),
    "a certificate of a user": Case("@cert-authority * {authority}", "user"),
    "the authority's key as a plain one": Case("[{address}]:{port} {authority}"),
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if why_not():
        pytest.skip(why_not())
    with openssh_fleet(tmp_path_factory.mktemp("trust"), 1) as fleet:
        host = fleet.hosts[0]
        config = "/etc/ssh/fleet_sshd_config"
        host.write(config, b"HostCertificate /etc/ssh/fleet_host_key-cert.pub\n" + host.read(config))
        yield fleet


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    pair, file = KeyPair.new(), tmp_path_factory.mktemp("ca") / "ca"
    file.touch(mode=0o600)
    file.write_text(pair.private)
    return file, pair.public


@pytest.mark.sshd
@pytest.mark.parametrize("name", CASES)
def test_a_host_is_trusted_when_openssh_trusts_it(
    fleet: Fleet, authority: tuple[Path, str], tmp_path: Path, name: str
) -> None:
    host, case = fleet.hosts[0], CASES[name]
    _certify(host, authority[0], case.certificate, tmp_path)
    words = {"address": host.address, "port": host.port, "key": host.key.public}
    text = case.lines.format(**words, other=KeyPair.new().public, authority=authority[1])
    file = tmp_path / "known_hosts"
    file.write_text(text + "\n")
    trusted = _openssh_trusts(fleet, host, file)
    target = Target(
        HostId("h"), SiteId("s"), TransportName.SSH, host.address, host.port, "root", f"key:{fleet.key_file}"
    )
    redactor = Redactor()
    pusher = ssh_pusher(
        Settings(), known_hosts=KnownHosts.read(file), credentials=Credentials(redactor), redactor=redactor
    )
    report = carry(pusher, target, ShellSteps().say({}))
    assert report.ending is (Ending.DONE if trusted else Ending.UNTRUSTED), report


def _certify(host: FleetHost, authority: Path, kind: str, folder: Path) -> None:
    public = folder / "host.pub"
    public.write_text(host.key.public + "\n")
    if kind == "none":
        host.path("/etc/ssh/fleet_host_key-cert.pub").unlink(missing_ok=True)
        return
    options = {
        "good": ["-h", "-n", f"web.example,{host.address}"],
        "elsewhere": ["-h", "-n", "elsewhere"],
        "old": ["-h", "-n", host.address, "-V", "20200101:20200201"],
        "user": ["-n", host.address],
    }[kind]
    subprocess.run(
        ["ssh-keygen", "-q", "-s", str(authority), "-I", "id", *options, str(public)], check=True, capture_output=True
    )
    host.write("/etc/ssh/fleet_host_key-cert.pub", (folder / "host-cert.pub").read_bytes())


def _openssh_trusts(fleet: Fleet, host: FleetHost, file: Path) -> bool:
    wanted = ("BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={file}", "GlobalKnownHostsFile=none")
    options = [word for each in wanted for word in ("-o", each)]
    done = subprocess.run(
        [
            "ssh",
            "-F",
            "none",
            *options,
            "-i",
            str(fleet.key_file),
            "-p",
            str(host.port),
            f"root@{host.address}",
            "true",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 or "Host key verification failed" in done.stderr, done.stderr
    return done.returncode == 0
