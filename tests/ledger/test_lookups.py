"""A few of very many are the same as everything, cut down."""

from pathlib import Path

from ledger.lookups import lookups_of
from ledger.open import open_ledger
from muster.clock import ManualClock
from muster.ids import ClientId, HostId
from tests.ledger import make


def test_looked_up_machines_and_states_are_those_of_the_whole_ledger(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/muster.db", clock=ManualClock(make.AT))
    ledger.save_inventory(make.fleet(4), make.crew(), by="ann")
    ledger.open_campaign(make.campaign(), make.ids(3), by="ann")
    found = lookups_of(ledger)
    wanted = [HostId("h1"), HostId("h3"), HostId("not there")]
    fleet, whole = found.fleet_of(wanted), ledger.fleet()
    assert [host.id for host in fleet.hosts] == ["h1", "h3"]
    assert fleet.host[HostId("h1")] == whole.host[HostId("h1")]
    assert (fleet.sites, fleet.clients) == (whole.sites, whole.clients)
    assert found.states(make.CAMPAIGN, wanted) == tuple(s for s in ledger.hosts(make.CAMPAIGN) if s.host_id == "h1")
    assert found.crew() == ledger.crew()
    assert found.sites_of([ClientId("c1")]).sites == whole.sites
    assert found.sites_of([ClientId("c2")]).clients == ()
    ledger.close()
