"""Which hosts a rule is about."""

import pytest

from muster.fleet import Host, OsFamily, Site
from muster.ids import ClientId, HostId, SiteId
from muster.safety import HostMatch

SITE = Site(SiteId("van-hq"), ClientId("acme"), "HQ", "America/Vancouver", kind="Clinic")
HOST = Host(
    HostId("till-07"),
    SiteId("van-hq"),
    "TILL07",
    "10.0.0.7",
    os=OsFamily.WINDOWS,
    os_version="Windows 11 23H2",
    role="till",
    model="OptiPlex 3050",
    tags=("pilot", "Floor 2"),
)


@pytest.mark.parametrize(
    "match",
    [
        HostMatch(),
        HostMatch(clients=("acme",)),
        HostMatch(sites=("VAN-*",)),
        HostMatch(site_kinds=("clinic", "branch")),
        HostMatch(os=("windows",)),
        HostMatch(os_versions=("windows 11*",)),
        HostMatch(roles=("TILL",)),
        HostMatch(models=("optiplex 30*",)),
        HostMatch(tags=("floor 2",)),
        HostMatch(ids=("till-0?",)),
        HostMatch(roles=("till",), models=("OptiPlex 3050", "other")),
    ],
    ids=str,
)
def test_a_rule_is_about_a_host_that_matches_every_key(match: HostMatch) -> None:
    assert match.takes(HOST, SITE)


@pytest.mark.parametrize(
    "match",
    [
        HostMatch(clients=("acm",)),
        HostMatch(site_kinds=("branch",)),
        HostMatch(os_versions=("windows 10*",)),
        HostMatch(tags=("floor",)),
        HostMatch(roles=("till",), models=("other",)),
    ],
    ids=str,
)
def test_a_rule_is_not_about_a_host_that_misses_one(match: HostMatch) -> None:
    assert not match.takes(HOST, SITE)


def test_a_rule_is_told_in_words() -> None:
    assert str(HostMatch(roles=("kiosk", "till"), site_kinds=("clinic",))) == "site kinds clinic, roles kiosk or till"
    assert str(HostMatch()) == "all hosts"
