"""Forecasts: from what has happened, kept, and told once when they fall under the limit."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows.forecast import FELL, forecast_campaign, forecasts_of
from flows.remedies import Remedy
from flows.tries import tries_of
from muster.forecasting import ForecastPolicy
from muster.ids import HostId, RunnerId
from muster.messages import Channel
from muster.outcomes import Evidence, HostOutcome, HostStatus, Stage
from muster.steps import StepName
from muster.wiring import Wired
from tests.flows.changing.bound import CLIENTS, NOW, answer
from tests.flows.changing.conftest import Within
from tests.muster.shell import Shell
from tests.muster.worlds import SPRING, standing_at

HOSTS = tuple(HostId(f"{client}{number}") for client in CLIENTS for number in range(1, 5))


def alerts(services: Wired) -> list[str]:
    found = services.ledger.messages(kind=f"alert {FELL}")
    return [one.message.content.subject for one in found if one.message.channel is Channel.BOARD]


def limited(services: Wired, least_odds: float, no_show: float, failed: float | None = None) -> None:
    campaign = services.ledger.campaign(SPRING)
    policy = ForecastPolicy(least_odds, no_show, failed)
    services.ledger.open_campaign(replace(campaign, forecast=policy), (), by="test")


def test_what_is_right_counts_and_the_rest_is_lived_through(within: Within) -> None:
    services = within()
    limited(services, 0.5, 0.0)
    fresh = forecast_campaign(services, SPRING, seconds=0)
    assert (fresh.hosts, fresh.protected, fresh.left_out) == (16, 0, 0)
    assert fresh.all_done > 0.5
    answer(services, HOSTS[:4], HostStatus.RIGHT)
    later = forecast_campaign(services, SPRING, seconds=0)
    acme, *others = later.clients
    assert (acme.client_id, acme.protected, acme.all_done, acme.done_share) == ("acme", 4, 1.0, 1.0)
    assert [one.client_id for one in others] == ["borg", "core", "dana"]
    assert all(0 < one.done_share <= 1 for one in others)
    answer(services, HOSTS, HostStatus.RIGHT)
    done = forecast_campaign(services, SPRING, seconds=0)
    assert (done.all_done, done.done_share, done.done_by, done.falls_short) == (1.0, 1.0, None, False)
    assert forecasts_of(services, SPRING) == (fresh, later, done), "every one is kept, the newest last"
    assert alerts(services) == []


def test_odds_that_fall_are_told_once_with_what_helps_and_its_price(within: Within) -> None:
    services = within()
    limited(services, 0.9, 0.5)
    low = forecast_campaign(services, SPRING, seconds=0.1)
    assert low.falls_short
    assert len(alerts(services)) == 1
    forecast_campaign(services, SPRING, seconds=0)
    assert len(alerts(services)) == 1, "they have not fallen again: they are still low"
    assert len(low.remedies) <= 3
    worth = [one.worth for one in low.remedies]
    assert worth == sorted(worth, reverse=True)
    assert all(one.gained + one.done_gained > 0 for one in low.remedies)
    limited(services, 0.0, 0.5)
    forecast_campaign(services, SPRING, seconds=0)
    limited(services, 0.9, 0.5)
    forecast_campaign(services, SPRING, seconds=0)
    assert len(alerts(services)) == 2, "they were well, and fell again"


def test_what_nobody_can_do_in_time_is_said_as_the_days_pass(within: Within, workspace: Path) -> None:
    standing_at(workspace, NOW + timedelta(days=4, hours=8))
    found = forecast_campaign(within(), SPRING, seconds=0)
    assert found.due == 16, "every visit is over by the plan"
    assert found.due_done == 0
    assert found.left_out > 0, "a few hours are not enough for four clients"
    assert found.all_done == 0.0


def test_the_command_says_it_and_shows_how_it_has_gone(muster: Shell, workspace: Path) -> None:
    assert "no forecast was made yet" in muster(workspace, "forecast", "--history").stdout
    said = muster(workspace, "forecast", "--seconds", "0")
    assert said.returncode == 0, said.stderr
    assert "done in time: odds" in said.stdout
    assert "counted in the odds: 3.0% of tries fail (a guess: nothing was tried yet)" in said.stdout
    found = json.loads(muster(workspace, "forecast", "--seconds", "0", "--json").stdout)
    assert [one["client"] for one in found["clients"]] == list(CLIENTS)
    history = json.loads(muster(workspace, "forecast", "--history", "--json").stdout)
    assert len(history) == 2
    assert history[1] == found
    assert "odds" in muster(workspace, "forecast", "--history").stdout


def pushed(services: Wired, ends: dict[HostId, HostStatus]) -> None:
    """A push of these hosts that ended so."""
    leases = services.ledger.claim(
        SPRING, tuple(ends), runner_id=RunnerId("desk:1:1"), step=StepName.APPLY, wave=1, lease_s=60
    )
    assert len(leases) == len(ends)
    at = services.clock.now()
    services.ledger.finish(
        [
            (lease, HostOutcome(ends[lease.host_id], Stage.FINISHED, "so", "", Evidence(None, None), 60.0, at))
            for lease in leases
        ]
    )


def test_how_often_tries_fail_is_learned_from_the_campaigns_own_unless_its_file_says_it(within: Within) -> None:
    services = within()
    fresh = tries_of(services, SPRING)
    assert [fresh.failed.share, fresh.offline.share] == pytest.approx([0.03, 0.04])
    answer(services, HOSTS[:4], HostStatus.STALE)
    ends = (HostStatus.VERIFIED, HostStatus.VERIFIED, HostStatus.FAILED, HostStatus.UNREACHABLE)
    pushed(services, dict(zip(HOSTS[:4], ends, strict=True)))
    known = tries_of(services, SPRING)
    assert (known.failed.bad, known.failed.tries) == (1, 3), "who was not there says nothing about failures"
    assert (known.offline.bad, known.offline.tries) == (1, 4)
    assert known.tries.failed == pytest.approx((1 + 50 * 0.03) / 53)
    assert known.sentences[0] == "4.7% of tries fail (1 of 3 did)"
    assert forecast_campaign(services, SPRING, seconds=0).tries == known.sentences
    limited(services, 0.5, 0.0, failed=0.0)
    assert tries_of(services, SPRING).tries.failed == 0.0
    assert "by the campaign file" in forecast_campaign(services, SPRING, seconds=0).tries[0]


@pytest.mark.parametrize(("cents", "told"), [(12_345, "123.45 EUR more"), (-500, "5.00 EUR less")])
def test_a_remedy_names_its_price(cents: int, told: str) -> None:
    remedy = Remedy("overtime 60", 0.9, 0.2, 0.1, cents, None)
    assert remedy.sentence("EUR") == f"overtime 60: odds 90% (+20%), {told}"
