"""The spread of hosts: seeded, with one of every trouble, about a third right."""

from collections import Counter

import pytest

from muster.demo.cast import SEATTLE, VANCOUVER, Kind, cast_hosts

ONCE = (Kind.REFUSING, Kind.SILENT, Kind.CHANGED_KEY, Kind.FULL_DISK, Kind.ONSITE_ONLY)


@pytest.mark.parametrize("hosts", [9, 12, 24, 50, 200, 1000])
def test_every_trouble_is_there_once_a_third_is_right_and_the_rest_stale(hosts: int) -> None:
    kinds = Counter(part.kind for part in cast_hosts(hosts, seed=7))
    assert kinds.total() == hosts
    assert all(kinds[kind] == 1 for kind in ONCE)
    assert kinds[Kind.UNAFFECTED] == max(1, hosts // 12)
    assert kinds[Kind.STALE] >= 1
    if hosts >= 24:
        assert abs(kinds[Kind.RIGHT] - hosts / 3) <= 1
        assert kinds[Kind.STALE] > kinds[Kind.RIGHT]


@pytest.mark.parametrize("hosts", range(1, 9))
def test_a_tiny_fleet_has_at_least_one_stale_host(hosts: int) -> None:
    kinds = Counter(part.kind for part in cast_hosts(hosts, seed=7))
    assert kinds.total() == hosts
    assert kinds[Kind.STALE] >= 1


def test_the_same_seed_casts_the_same_hosts_and_another_does_not() -> None:
    assert cast_hosts(60, seed=5) == cast_hosts(60, seed=5)
    assert cast_hosts(60, seed=5) != cast_hosts(60, seed=6)


def test_names_are_unique_and_in_order() -> None:
    names = [part.id for part in cast_hosts(500, seed=1)]
    assert names == sorted(set(names))


def test_only_the_unaffected_live_in_another_zone() -> None:
    for part in cast_hosts(100, seed=2):
        assert part.site.timezone == (SEATTLE if part.kind is Kind.UNAFFECTED else VANCOUVER)


def test_a_hundred_hosts_differ_in_role_system_and_in_how_their_files_lie_about() -> None:
    parts = cast_hosts(100, seed=7)
    assert {part.role for part in parts} == {"server", "workstation", "kiosk"}
    assert {part.look.localtime for part in parts} == {"link", "link to alias", "copy"}
    assert {part.look.aliases for part in parts} == {"symbolic link", "hard link", "copy"}
    assert len({part.site.region for part in parts}) == 5
    assert 0 < sum(part.look.python_data for part in parts) < 40
