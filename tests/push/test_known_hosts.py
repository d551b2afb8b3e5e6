"""known_hosts is read as OpenSSH reads it; OpenSSH's own tools write what is read here."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

from muster.errors import InputError, Untrusted
from push.known_hosts import KnownHosts, KnownHostsFile, certificate_fault, fingerprint, parse
from tests.fleet.openssh import KeyPair

ONE, TWO = KeyPair.new(), KeyPair.new()
needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen (openssh-client)")


def _read(text: str) -> KnownHosts:
    return KnownHosts(parse(text, "file"))


def _keygen(*arguments: str) -> str:
    return subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, text=True).stdout


def test_a_known_key_is_trusted_and_another_is_not() -> None:
    hosts = _read(f"# mine\n\nserver,10.0.0.7 {ONE.public} a comment\n")
    hosts.check("server", 22, ONE.public_blob)
    hosts.check("SERVER", 22, ONE.public_blob)
    hosts.check("10.0.0.7", 22, ONE.public_blob)
    with pytest.raises(Untrusted, match="not known"):
        hosts.check("other", 22, ONE.public_blob)


def test_a_changed_key_names_both_fingerprints_and_the_line() -> None:
    hosts = _read(f"first {TWO.public}\nserver {ONE.public}\n")
    with pytest.raises(Untrusted) as caught:
        hosts.check("server", 22, TWO.public_blob)
    for part in (fingerprint(ONE.public_blob), fingerprint(TWO.public_blob), "file:2"):
        assert part in caught.value.message


def test_a_host_may_have_several_keys() -> None:
    hosts = _read(f"server {ONE.public}\nserver {TWO.public}\n")
    hosts.check("server", 22, ONE.public_blob)
    hosts.check("server", 22, TWO.public_blob)


def test_another_port_is_another_host_but_the_bare_name_will_do() -> None:
    hosts = _read(f"[server]:2222 {ONE.public}\nserver {TWO.public}\nplain {TWO.public}\n")
    hosts.check("server", 2222, ONE.public_blob)
    with pytest.raises(Untrusted):
        hosts.check("server", 22, ONE.public_blob)
    with pytest.raises(Untrusted):
        hosts.check("server", 2222, TWO.public_blob)
    hosts.check("plain", 2200, TWO.public_blob)


def test_patterns_and_their_exceptions_hold() -> None:
    hosts = _read(f"*.shop.example,!till?.shop.example,[10.1.*]:22?? {ONE.public}\n")
    hosts.check("office.shop.example", 22, ONE.public_blob)
    hosts.check("10.1.2.3", 2222, ONE.public_blob)
    with pytest.raises(Untrusted):
        hosts.check("till7.shop.example", 22, ONE.public_blob)
    with pytest.raises(Untrusted):
        hosts.check("10.1.2.3", 22, ONE.public_blob)


def test_a_revoked_key_is_refused_whatever_else_stands_there() -> None:
    hosts = _read(f"server {ONE.public}\n@revoked * {ONE.public}\n")
    with pytest.raises(Untrusted, match="revoked"):
        hosts.check("server", 22, ONE.public_blob)


def test_lines_that_make_no_sense_are_left_out() -> None:
    text = f"server\nserver ssh-ed25519 notbase64!\n@what server {ONE.public}\nserver ssh-rsa {ONE.public.split()[1]}\n"
    assert parse(text, "file") == []


def test_a_file_that_is_not_there_trusts_nobody_and_one_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    assert KnownHosts.read(tmp_path / "none").lines_for("server", 22) == ()
    with pytest.raises(InputError, match="cannot be read"):
        KnownHosts.read(tmp_path)


@needs_keygen
def test_hashed_names_are_found_as_openssh_hashes_them(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"server {ONE.public}\n[server]:2222 {TWO.public}\n")
    _keygen("-H", "-f", str(file))
    assert "server" not in file.read_text()
    hosts = KnownHosts.read(file)
    hosts.check("server", 22, ONE.public_blob)
    hosts.check("server", 2222, TWO.public_blob)
    with pytest.raises(Untrusted, match="not known"):
        hosts.check("other", 22, ONE.public_blob)


@needs_keygen
def test_fingerprints_are_those_that_openssh_shows(tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_text(ONE.public + "\n")
    assert fingerprint(ONE.public_blob) in _keygen("-l", "-f", str(file))


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    ca, host = tmp_path / "ca", tmp_path / "host"
    for file, pair in ((ca, ONE), (host, TWO)):
        file.touch(mode=0o600)
        file.write_text(pair.private)
        file.with_suffix(".pub").write_text(pair.public + "\n")
    return ca


def _certificate(ca: Path, *options: str) -> bytes:
    _keygen("-q", "-s", str(ca), "-I", "id", *options, str(ca.with_name("host.pub")))
    return base64.b64decode(ca.with_name("host-cert.pub").read_text().split()[1])


@needs_keygen
@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("-h", "-n", "server,*.shop.example"), ""),
        (("-h",), ""),
        (("-n", "server"), "of a user"),
        (("-h", "-n", "other"), "is for other"),
        (("-h", "-n", "server", "-V", "20200101:20200201"), "has run out"),
        (("-h", "-n", "server", "-V", "20990101:20990201"), "not valid yet"),
    ],
)
def test_certificates_hold_for_their_hosts_and_their_time(
    authority: Path, options: tuple[str, ...], fault: str
) -> None:
    hosts = _read(f"@cert-authority * {ONE.public}\n")
    certificate = _certificate(authority, *options)
    assert hosts.key_types("server", 22) == ("certificate",)
    if not fault:
        hosts.check("server", 22, TWO.public_blob, certificate=certificate)
        return
    with pytest.raises(Untrusted, match=fault):
        hosts.check("server", 22, TWO.public_blob, certificate=certificate)


@needs_keygen
def test_a_certificate_of_another_signer_or_a_forged_one_is_refused(authority: Path) -> None:
    certificate = _certificate(authority, "-h", "-n", "server")
    with pytest.raises(Untrusted, match="signed by"):
        _read(f"@cert-authority * {TWO.public}\n").check("server", 22, TWO.public_blob, certificate=certificate)
    with pytest.raises(Untrusted, match="revoked"):
        _read(f"@cert-authority * {ONE.public}\n@revoked * {ONE.public}\n").check(
            "server", 22, TWO.public_blob, certificate=certificate
        )
    forged = certificate.replace(b"server", b"victim")
    loaded = load_ssh_public_identity(b"ssh-ed25519-cert-v01@openssh.com " + base64.b64encode(forged))
    assert isinstance(loaded, SSHCertificate)
    assert "signature" in certificate_fault(loaded, "victim", now_s=0)


@needs_keygen
@pytest.mark.parametrize(("algorithm", "fault"), [("ssh-rsa", "SHA-1"), ("rsa-sha2-512", "")])
def test_a_certificate_that_is_signed_with_sha1_is_refused(tmp_path: Path, algorithm: str, fault: str) -> None:
    """As OpenSSH does; the signer's key is the same."""
    (tmp_path / "host.pub").write_text(TWO.public + "\n")
    _keygen("-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(tmp_path / "ca"))
    _keygen("-q", "-s", str(tmp_path / "ca"), "-t", algorithm, "-I", "id", "-h", str(tmp_path / "host.pub"))
    signed = load_ssh_public_identity((tmp_path / "host-cert.pub").read_bytes())
    assert isinstance(signed, SSHCertificate)
    assert fault in certificate_fault(signed, "server", now_s=0)
    assert bool(certificate_fault(signed, "server", now_s=0)) == bool(fault)


def test_a_name_is_found_at_once_among_many() -> None:
    """Ten thousand look-ups in ten thousand lines: a scan for each would take minutes."""
    blob = ONE.public
    hosts = _read("".join(f"host-{number} {blob}\n" for number in range(10_000)))
    for number in range(10_000):
        hosts.check(f"host-{number}", 22, ONE.public_blob)


def test_keys_that_are_added_later_are_heard_of(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    trusted = KnownHostsFile(file)
    assert trusted().lines_for("server", 22) == ()
    file.write_text(f"server {ONE.public}\n")
    trusted().check("server", 22, ONE.public_blob)
    assert trusted() is trusted()
    file.unlink()
    assert trusted().lines_for("server", 22) == ()
