"""Kerberos against a real KDC, where one and Python's modules for it are installed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from muster.outcomes import Ending, Stage
from push.winrm_access import Logon
from tests.fleet import kerberos
from tests.fleet.winrm_endpoint import WinRmHost
from tests.fleet.winrm_world import DONE, WinRmWorld

pytestmark = pytest.mark.skipif(bool(kerberos.why_not()), reason=kerberos.why_not())


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kerberos.Realm]:
    with kerberos.realm(tmp_path_factory.mktemp("realm")) as made:
        yield made


@pytest.fixture
def world(tmp_path: Path) -> WinRmWorld:
    world = WinRmWorld(tmp_path)
    world.user, world.password = kerberos.USER, kerberos.PASSWORD
    return world


def add(world: WinRmWorld, *, https: bool) -> WinRmHost:
    host = world.add("till", logon="kerberos", https=https, certificate_name=kerberos.HOST)
    if https:
        host.certificate = world.authority.issue(kerberos.HOST)
    return host


@pytest.mark.usefixtures("realm")
@pytest.mark.parametrize("https", [True, False])
def test_a_password_gets_a_ticket_and_the_ticket_gets_in(world: WinRmWorld, *, https: bool) -> None:
    host = add(world, https=https)
    with world:
        report = world.one("till", f'findstr "^"\n{DONE}', payload=b"line\r\n" * 9000)
    assert report.ending is Ending.DONE, report
    assert (host.counters.connections, host.shells.live) == (1, 0)


@pytest.mark.parametrize("credential", ["", "agent:"])
def test_a_ticket_that_is_there_needs_no_credential(realm: kerberos.Realm, world: WinRmWorld, credential: str) -> None:
    realm.get_ticket()
    add(world, https=True)
    with world:
        order = world.order("till")
        order = replace(order, target=replace(order.target, credential=credential, user="root"))
        report = world.push(order)["till"]
    assert report.ending is Ending.DONE, report


@pytest.mark.usefixtures("realm")
def test_a_bad_password_is_refused_by_the_realm_and_the_host_is_not_asked(world: WinRmWorld) -> None:
    host = add(world, https=True)
    world.password = "Wrong-Horse-8"
    with world:
        first, second = world.one("till"), world.one("till")
    assert (first.ending, first.stage) == (Ending.FAILED, Stage.AUTHENTICATE), first
    assert "tried once and not again" in first.cause
    assert "nothing was sent" in second.cause
    assert host.counters.requests == {}


@pytest.mark.usefixtures("realm")
def test_a_ticket_for_another_host_does_not_get_in(world: WinRmWorld) -> None:
    host = add(world, https=False)
    world.access["till"] = {**world.access["till"], "certificate_name": "other.muster.example", "logon": Logon.KERBEROS}
    with world:
        report = world.one("till")
    assert (report.ending, report.stage) == (Ending.FAILED, Stage.AUTHENTICATE), report
    assert host.counters.requests == {}
