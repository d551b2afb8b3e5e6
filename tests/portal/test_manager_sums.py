"""Capacity, what-if and the premortem of the project manager."""

from collections.abc import Callable

import pytest

from muster.plan import Plan
from portal.access import Role
from tests.portal.conftest import RunningPortal, Screens
from tests.portal.test_manager_board import BOARD, words
from tests.portal.waiting import found_by
from tests.portal.world import CAMPAIGN


def test_capacity_says_in_a_sentence_whether_it_is_enough_and_where_it_is_not(
    planned: tuple[RunningPortal, Plan],
) -> None:
    with planned[0].client(Role.MANAGER) as client:
        seen = words(client.get(f"{BOARD}/capacity").text)
    assert "The people at hand are enough." in seen
    assert "linux windows coast" in seen
    assert "week 43 from 19 Oct" in seen


def test_worlds_stand_side_by_side_and_no_plan_is_kept(planned: tuple[RunningPortal, Plan]) -> None:
    running, _ = planned
    before = running.world.ledger.plans(CAMPAIGN)
    with running.client(Role.AUDITOR) as client:
        asked = {"scenario": ["overtime 60", "without partner coast"], "seconds": "0.2"}
        there = found_by(client, client.post(f"{BOARD}/what-if", data=asked))
        seen, later = words(client.get(there).text), words(client.get(f"{BOARD}/what-if").text)
        wrong = client.post(f"{BOARD}/what-if", data={"scenario": "make it rain", "seconds": "0.2"})
        nothing = client.post(f"{BOARD}/what-if", data={"scenario": "  "})
    assert "Side by side" in later, "what was compared last is there without asking again"
    assert "As it is" in seen
    assert "overtime 60" in seen
    assert "without partner coast" in seen
    assert "Odds that all is done in time" in seen
    assert "never" in seen
    assert wrong.status_code == 400
    assert "cannot be read" in words(wrong.text)
    assert nothing.status_code == 400
    assert running.world.ledger.plans(CAMPAIGN) == before


def test_a_worry_is_lived_with_by_a_reason_and_taken_back(planned: tuple[RunningPortal, Plan]) -> None:
    running, _ = planned
    with running.client(Role.MANAGER) as client:
        first = client.get(f"{BOARD}/premortem").text
        rule = first.split("/premortem/")[1].split('"')[0]
        assert client.post(f"{BOARD}/premortem/{rule}", data={"reason": ""}).status_code == 400
        client.post(f"{BOARD}/premortem/{rule}", data={"reason": "we look every morning"})
        lived = words(client.get(f"{BOARD}/premortem").text)
        client.post(f"{BOARD}/premortem/{rule}", data={"do": "heed"})
        back = words(client.get(f"{BOARD}/premortem").text)
    assert "Why it matters" in words(first)
    assert "Lived with" in lived
    assert "we look every morning" in lived
    assert "Lived with" not in back


@pytest.mark.slow
def test_worlds_side_by_side_look_right(
    planned: tuple[RunningPortal, Plan], screens_of: Callable[[RunningPortal], Screens]
) -> None:
    screens = screens_of(planned[0])
    for phone in (False, True):
        page = screens.page(Role.MANAGER, phone=phone)
        page.goto(f"{BOARD}/what-if")
        page.get_by_label("World 1").fill("overtime 60")
        page.get_by_label("World 2").fill("people +2 linux windows in coast")
        page.get_by_role("button", name="Compare").click()
        page.get_by_role("heading", name="Side by side").wait_for()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0
        screens.keep(page, f"manager-worlds-{'phone' if phone else 'desk'}-light")
