"""The scheduler's benchmark in small: its rows hold what its documentation says."""

import json

import pytest

from benchmarks import schedule_contestants
from benchmarks.common import Row
from benchmarks.schedule import ratios_of
from benchmarks.schedule_replan import change


def test_a_row_has_the_plan_and_its_gap_to_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    schedule_contestants.main(
        ["plan", "--visits", "60", "--people", "8", "--seconds", "0.3,0.6", "--bound-seconds", "2"]
    )
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(rows) == 2
    for row in rows:
        assert 0 < row["bound"] <= row["cost"] <= row["first_cost"]
        assert row["gap_to_bound_percent"] == pytest.approx(100 * (row["cost"] / row["bound"] - 1), abs=0.001)
        assert row["first_plan_s"] > 0


def test_a_changed_world_is_answered_in_each_way() -> None:
    answer = change(90, 12, late=5, seconds=0.5, search_seconds=0.3, seed=1)
    unmoved = [answer[f"{name}_unmoved_percent"] for name in ("least", "few_moves", "cheapest")]
    assert all(isinstance(share, float) and 0 <= share <= 100 for share in unmoved)
    assert answer["least_rest_unmoved_percent"] == 100, "whoever is gone is not of the rest"
    assert unmoved[0] != 100
    costs = [answer[f"{name}_cost"] for name in ("least", "make_room")]
    assert all(isinstance(cost, int) and cost > 0 for cost in costs)


def test_ratios_are_of_one_case() -> None:
    rows: list[Row] = [
        {"who": "muster", "case": "a", "cost": 90},
        {"who": "vroom", "case": "a", "cost": 100},
        {"who": "muster", "case": "b", "distance": 50.0},
        {"who": "pyvrp", "case": "b", "distance": None},
    ]
    assert ratios_of(rows) == {"cost muster/vroom, a": 0.9}
