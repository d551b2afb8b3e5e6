"""The records of a search: which rows are near each row."""

import numpy as np

from scheduler.search.model import nearest_rows, order_within
from scheduler.search.records import ABSENT

COUNT = 5


def test_the_nearest_rows_are_those_that_sorting_them_finds() -> None:
    draw = np.random.default_rng(1)
    travel = draw.integers(0, 30, (12, 12)).astype(np.int16)
    spot, free = draw.integers(0, 12, 40), np.ones(40, dtype=np.int64)
    spot[[3, 7]] = ABSENT
    free[11] = 0
    near = nearest_rows(travel, int(travel.max()), spot, free, COUNT)
    for row in range(40):
        others = [other for other in range(40) if other != row and spot[other] != ABSENT]
        by_way = sorted(others, key=lambda other: travel[spot[row], spot[other]])
        nowhere = spot[row] == ABSENT or not free[row]
        assert near[row].tolist() == ([ABSENT] * COUNT if nowhere else by_way[:COUNT])


def test_where_there_are_few_rows_the_places_that_are_left_stay_empty() -> None:
    near = nearest_rows(np.zeros((1, 1), dtype=np.int16), 0, np.zeros(2, dtype=np.int64), np.ones(2, dtype=np.int64), 3)
    assert near.tolist() == [[1, ABSENT, ABSENT], [0, ABSENT, ABSENT]]


def test_stretches_are_put_in_order_one_by_one_and_equals_stay_as_they_were() -> None:
    values, ends = np.array([3, 1, 3, 1, 9, 2, 2]), np.array([4, 4, 7])
    assert order_within(values, ends).tolist() == [1, 3, 0, 2, 5, 6, 4]
