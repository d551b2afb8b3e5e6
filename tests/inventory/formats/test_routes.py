"""The way to a site reads as OpenSSH's ProxyJump, and rates as people write them."""

import pytest

from inventory.formats import BadValue
from inventory.formats.routes import format_jumps, parse_jumps, parse_rate, parse_references, with_references
from muster.fleet import Jump


@pytest.mark.parametrize(
    ("text", "jumps"),
    [
        ("gate.example", (Jump("gate.example"),)),
        ("ops@gate.example:2222, 10.1.0.1", (Jump("gate.example", 2222, "ops"), Jump("10.1.0.1"))),
        ("ops@[fd00::1]:22", (Jump("fd00::1", 22, "ops"),)),
        ("fd00::1", (Jump("fd00::1"),)),
        ("[fe80::1%eth0]", (Jump("fe80::1%eth0"),)),
    ],
)
def test_jump_hosts_are_read_as_openssh_writes_them(text: str, jumps: tuple[Jump, ...]) -> None:
    assert parse_jumps(text) == jumps
    assert parse_jumps(format_jumps(jumps)) == jumps


@pytest.mark.parametrize("text", ["gate example", "ops@", "gate:99999", "[gate]:22", "ssh://gate", "a@b@c"])
def test_what_is_no_jump_host_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_jumps(text)


def test_one_credential_is_for_all_jump_hosts_and_several_are_one_each() -> None:
    two = (Jump("a"), Jump("b"))
    assert [jump.credential for jump in with_references(two, parse_references("agent:"))] == ["agent:", "agent:"]
    assert [jump.credential for jump in with_references(two, parse_references("; env:B"))] == ["", "env:B"]
    with pytest.raises(BadValue, match="does not fit"):
        with_references(two, parse_references("agent:; agent:; agent:"))
    with pytest.raises(BadValue, match="not a credential reference"):
        parse_references("agent:; hunter2")


@pytest.mark.parametrize(
    ("text", "rate"),
    [("250000", 250_000), ("250 kB/s", 250_000), ("2 Mbit/s", 250_000), ("1.5MB/s", 1_500_000), ("512kbps", 64_000)],
)
def test_rates_are_bytes_a_second(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["fast", "-1", "2 km/h"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_rate(text)
