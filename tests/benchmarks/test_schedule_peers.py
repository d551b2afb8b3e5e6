"""What the peers of the scheduler's benchmark are given, and how their tours are judged."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.instances import Recipe, make
from benchmarks.schedule_peers import judged, write_job
from scheduler.search import first
from scheduler.tour import Touring


@pytest.fixture(scope="module")
def touring() -> Touring:
    return Touring(make(Recipe(40, 8, 1)))


def test_tours_that_hold_cost_a_peer_what_they_cost_muster(touring: Touring) -> None:
    state = first(touring, 1)
    routes = {str(tour.day): list(tour.visits) for tour in state.tours if tour is not None}
    answer = judged(touring, routes)
    assert answer["visits_that_broke_a_rule"] == 0
    assert answer["cost"] == state.objective()
    assert answer["placed_cost"] == sum(tour.cents for tour in state.tours if tour is not None)


def test_a_visit_that_breaks_a_rule_is_taken_out_and_offered_to_every_day_again(touring: Touring) -> None:
    state = first(touring, 1)
    routes = {str(tour.day): list(tour.visits) for tour in state.tours if tour is not None}
    crowded = max(routes, key=lambda day: len(routes[day]))
    others = [day for day in routes if day != crowded]
    routes[crowded] += [visit for day in others for visit in routes.pop(day)]
    answer = judged(touring, routes)
    assert isinstance(answer["visits_that_broke_a_rule"], int)
    assert answer["visits_that_broke_a_rule"] > 0
    assert isinstance(answer["visits_left_out"], int)
    assert answer["visits_left_out"] < len(touring.problem.demands) / 2


def test_the_job_says_every_visit_and_every_day(touring: Touring, tmp_path: Path) -> None:
    write_job(touring, tmp_path / "job.npz")
    words = json.loads((tmp_path / "job.json").read_text())
    tables = np.load(tmp_path / "job.npz")
    assert len(words["days"]) == len(touring.problem.days)
    assert len(words["spans"]) == len(tables["effort"]) == len(touring.problem.demands)
    assert tables["placing"].shape == (len(touring.problem.people), len(touring.problem.demands))
