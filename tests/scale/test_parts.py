"""How hosts are cut into parts and batches: pure rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.stub_world import StubWorld
from flows.limits import cut, prefect_name
from flows.reach import LimitedCredentials, limited, queues_for
from flows.spreading import cut_parts
from muster.errors import SecretError, SettingsError
from muster.ids import HostId
from muster.settings import Settings

WORLD = StubWorld(400, reaches={1: "acme", 3: "acme", 4: "north"})


@given(st.lists(st.sampled_from(WORLD.ids), unique=True), st.integers(1, 120))
def test_every_host_is_in_one_part_of_its_own_reach_and_no_part_is_too_large(host_ids: list[HostId], size: int) -> None:
    fleet = WORLD.fleet
    parts = cut_parts(host_ids, fleet, size)
    assert sorted(one for part in parts for one in part.host_ids) == sorted(host_ids)
    for part in parts:
        assert 0 < len(part.host_ids) <= size
        assert {fleet.site[fleet.host[one].site_id].reach for one in part.host_ids} == {part.reach}


def test_parts_of_a_reach_are_as_equal_as_can_be() -> None:
    parts = cut_parts(WORLD.ids, WORLD.fleet, 120)
    assert [len(part.host_ids) for part in parts if part.reach == ""] == [84, 84, 82]


@given(st.integers(1, 50), st.integers(1, 20), st.integers(1, 20))
def test_no_batch_has_more_hosts_than_the_limits_it_counts_against(size: int, client: int, partner: int) -> None:
    host_ids = WORLD.ids[:90]
    against = {one: ("client acme", "partner p")[: place % 3] for place, one in enumerate(host_ids)}
    limits = {"client acme": client, "partner p": partner}
    batches = list(cut(host_ids, size, against, limits))
    assert sorted(one for batch in batches for one in batch.host_ids) == sorted(host_ids)
    for batch in batches:
        assert len(batch.host_ids) <= min([size, *(limits[name] for name in batch.limits)])
        assert {against[one] for one in batch.host_ids} == {batch.limits}
    assert [bool(batch.limits) for batch in batches] == sorted(bool(batch.limits) for batch in batches)


def test_a_limits_name_is_one_that_prefect_takes() -> None:
    assert prefect_name("client Acme & Söhne/1") == "muster-client-Acme-S-hne-1"


def test_a_worker_elsewhere_takes_nothing_but_its_own_queue() -> None:
    assert queues_for("acme") == ("acme",)
    assert queues_for("") == ("campaigns", "home")


def test_references_that_are_not_on_the_list_are_refused_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_KEY", "secret")
    monkeypatch.setenv("HOUSE_KEY", "secret too")
    settings = Settings(reach="acme", reach_credentials={"acme": ("env:ACME_*",)})
    credentials = limited(settings)()
    assert isinstance(credentials, LimitedCredentials)
    assert credentials.text("env:ACME_KEY") == "secret"
    for ask in (credentials.text, credentials.resolve):
        with pytest.raises(SecretError, match="env:HOUSE_KEY may not be used in the reach 'acme'"):
            ask("env:HOUSE_KEY")
    with pytest.raises(SecretError, match="a credential without a scheme may not") as refused:
        credentials.text("hunter2")
    assert "hunter2" not in str(refused.value)


def test_home_may_use_any_reference_unless_it_has_a_list_and_elsewhere_needs_one() -> None:
    assert not issubclass(limited(Settings()), LimitedCredentials)
    assert issubclass(limited(Settings(reach_credentials={"home": ("agent:",)})), LimitedCredentials)
    with pytest.raises(SettingsError, match="nobody said which credentials"):
        limited(Settings(reach="north", reach_credentials={"acme": ("agent:",)}))


def test_a_site_without_a_reach_is_pushed_from_home() -> None:
    fleet = WORLD.fleet
    sites = tuple(replace(site, reach="") for site in fleet.sites)
    (part,) = cut_parts(WORLD.ids, replace(fleet, sites=sites), 1000)
    assert part.reach == ""
