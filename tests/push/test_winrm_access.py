"""How Windows hosts are entered: the file, and what it says about one host."""

from pathlib import Path

import pytest

from muster.errors import SettingsError
from muster.fleet import TransportName
from muster.ids import HostId, SiteId
from muster.ports import Target
from push.winrm_access import AccessBook, Logon, WinRmAccess, endpoint, read_access


def target(host: str = "till", site: str = "north", address: str = "10.0.0.7", port: int = 0) -> Target:
    return Target(HostId(host), SiteId(site), TransportName.WINRM, address, port, "", "env:X")


@pytest.mark.parametrize(
    ("address", "port", "access", "expected"),
    [
        ("till.example", 0, WinRmAccess(), "https://till.example:5986/wsman"),
        ("till.example", 5985, WinRmAccess(), "http://till.example:5985/wsman"),
        ("till.example", 0, WinRmAccess(scheme="http"), "http://till.example:5985/wsman"),
        ("till.example", 443, WinRmAccess(), "https://till.example:443/wsman"),
        ("fd00::7", 0, WinRmAccess(), "https://[fd00::7]:5986/wsman"),
    ],
)
def test_the_address_of_the_service(address: str, port: int, access: WinRmAccess, expected: str) -> None:
    assert endpoint(target(address=address, port=port), access) == expected


def test_a_host_wins_over_its_site_and_the_site_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / "winrm.yml"
    file.write_text(
        "default: {logon: ntlm, ca: ca/company.pem}\n"
        "sites:\n  north: {scheme: http, logon: kerberos}\n"
        "hosts:\n  till: {logon: basic, scheme: https, certificate_sha256: '" + "AB:" * 31 + "AB'}\n"
    )
    book = read_access(file)
    till, other, south = (book.of(target(host, site)) for host, site in [("till", "north"), ("o", "north"), ("p", "s")])
    assert (till.logon, till.scheme, till.certificate_sha256) == (Logon.BASIC, "https", "ab" * 32)
    assert (other.logon, other.scheme) == (Logon.KERBEROS, "http")
    assert (south.logon, south.ca) == (Logon.NTLM, str(tmp_path / "ca/company.pem"))


def test_certificates_are_checked_unless_a_host_is_marked() -> None:
    assert AccessBook().of(target()).check_certificate


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("default: {logon: magic}", "default.logon: 'magic' is not one of basic, ntlm, kerberos, credssp"),
        ("hosts: {till: {certificate: x}}", "hosts.till.certificate: there is no such key"),
        ("hosts: {till: {check_certificate: 'no'}}", "is not true or false"),
        ("hosts: {till: {certificate_sha256: abc}}", "is not 64 hex digits"),
        ("hosts: [till]", "hosts: takes one line for each"),
        ("hosts: {till: ntlm}", "hosts.till: takes keys such as {logon: ntlm}"),
        ("nonsense: 1", "takes the keys default, sites and hosts"),
        ("default: {", "cannot be read"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "winrm.yml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_access(file)
    assert said in caught.value.message
    assert str(file) in caught.value.message
