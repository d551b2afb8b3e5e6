"""Money of the project manager: prices, quotes, answers, and the profit beside the one without partners."""

from pathlib import Path

from partners.offers import QuoteState
from partners.papers import QUOTES
from portal.access import Role
from tests.portal.conftest import RunningPortal, start_portal, stop_portal
from tests.portal.planned import make_planned
from tests.portal.test_manager_board import BOARD, words
from tests.portal.world import CAMPAIGN


def test_prices_become_quotes_and_a_signed_one_counts(tmp_path: Path) -> None:
    world, _ = make_planned(tmp_path)
    running = start_portal(world)
    try:
        with running.client(Role.MANAGER) as client:
            assert "No client has a quote yet." in words(client.get(f"{BOARD}/money").text)
            prices = {"host": "12.50", "site": "40", "minimum": "0", "until": "2026-10-31"}
            assert client.post(f"{BOARD}/money/offer", data={**prices, "host": "dear"}).status_code == 400
            assert client.post(f"{BOARD}/money/offer", data=prices).status_code == 303
            quoted = words(client.get(f"{BOARD}/money").text)
            assert client.post(f"{BOARD}/money/quotes/acme", data={"by": ""}).status_code == 400
            client.post(f"{BOARD}/money/quotes/acme", data={"by": "Bo Acme"})
            client.post(f"{BOARD}/money/quotes/harbour", data={"do": "decline"})
            again = client.post(f"{BOARD}/money/quotes/acme", data={"by": "Bo Acme"})
            nobody = client.post(f"{BOARD}/money/quotes/nobody", data={"by": "Bo"})
            client.post(f"{BOARD}/money/profit")
            seen = words(client.get(f"{BOARD}/money").text)
    finally:
        stop_portal(running)
    assert "Acme Dental 16 machines, 2 sites EUR 280.00 offered" in quoted
    assert (again.status_code, nobody.status_code) == (400, 404)
    assert "signed by Bo Acme" in seen
    assert "With partners" in seen
    assert "without partners" in seen
    assert "By client" in seen
    states = {one.value.client_id: one.value.state for one in world.services.book.papers(QUOTES, campaign_id=CAMPAIGN)}
    assert states == {"acme": QuoteState.SIGNED, "harbour": QuoteState.DECLINED}


def test_an_auditor_sees_money_and_signs_nothing(portal: RunningPortal) -> None:
    with portal.client(Role.AUDITOR) as client:
        assert client.get(f"{BOARD}/money").status_code == 200
        assert client.post(f"{BOARD}/money/offer", data={"host": "1", "until": "2026-10-31"}).status_code == 404
        assert client.post(f"{BOARD}/money/quotes/acme", data={"by": "me"}).status_code == 404
