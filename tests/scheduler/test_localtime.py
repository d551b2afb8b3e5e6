"""Weekly hours become instants, also on the days on which clocks change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.errors import InputError
from scheduler.localtime import Hours, expand, instant, zone
from tests.scheduler.world import local


def spans_of(hours: Hours, name: str, first: datetime, days: int) -> list[tuple[datetime, datetime]]:
    return [(s.starts_at, s.ends_at) for s in expand([hours], name, first, first + timedelta(days=days))]


def test_vancouver_stays_on_minus_seven_after_november_2026() -> None:
    """Zone data older than 2026.2 would give 17:00 UTC on the second."""
    found = spans_of(Hours(0, time(9), time(17)), "America/Vancouver", local(2026, 10, 24, 0), 14)
    assert found == [
        (local(2026, 10, 26, 9, zone="-7"), local(2026, 10, 26, 17, zone="-7")),
        (local(2026, 11, 2, 9, zone="-7"), local(2026, 11, 2, 17, zone="-7")),
    ]


def test_office_hours_in_berlin_move_an_hour_in_utc_on_2026_10_25() -> None:
    found = spans_of(Hours(0, time(8), time(16)), "Europe/Berlin", datetime(2026, 10, 18, tzinfo=UTC), 14)
    assert [start.hour for start, _ in found] == [6, 7]
    assert [end.hour for _, end in found] == [14, 15]


def test_a_night_shift_over_the_autumn_change_is_an_hour_longer() -> None:
    ((start, end),) = spans_of(Hours(6, time(0), time(6)), "Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC), 3)
    assert end - start == timedelta(hours=7)


def test_a_night_shift_over_the_spring_change_is_an_hour_shorter() -> None:
    ((start, end),) = spans_of(Hours(6, time(0), time(6)), "Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC), 3)
    assert end - start == timedelta(hours=5)


def test_a_time_that_does_not_exist_is_the_instant_of_the_jump() -> None:
    assert instant(date(2026, 3, 29), time(2, 30), zone("Europe/Berlin")) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_hours_wholly_inside_the_jump_do_not_happen() -> None:
    found = spans_of(Hours(6, time(2, 15), time(2, 45)), "Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC), 3)
    assert found == []


def test_hours_that_begin_in_the_doubled_hour_begin_at_its_second_pass() -> None:
    ((start, end),) = spans_of(Hours(6, time(2, 30), time(5)), "Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC), 3)
    assert (start, end) == (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 4, 0, tzinfo=UTC))


def test_hours_that_end_in_the_doubled_hour_end_at_its_first_pass() -> None:
    ((_, end),) = spans_of(Hours(6, time(0), time(2, 30)), "Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC), 3)
    assert end == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_hours_inside_the_doubled_hour_are_taken_at_the_first_pass() -> None:
    found = spans_of(Hours(6, time(2, 15), time(2, 45)), "Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC), 3)
    assert found == [(datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 0, 45, tzinfo=UTC))]


@pytest.mark.parametrize(
    "name", ["Europe/Nowhere", "", "../../etc/passwd", "Europe", "America/Vancouver/x", "__init__.py"]
)
def test_a_zone_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(InputError, match="no time zone"):
        zone(name)


ZONES = st.sampled_from(["Europe/Berlin", "America/Vancouver", "America/Havana", "Australia/Lord_Howe", "UTC"])


@given(ZONES, st.integers(0, 6), st.integers(0, 22), st.integers(0, 364))
def test_the_wall_clock_inside_a_span_is_inside_the_hours(name: str, weekday: int, hour: int, day: int) -> None:
    """Whatever the clocks do, at every minute of a span the site's own clock shows a time of its hours."""
    first = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    hours = Hours(weekday, time(hour, 15), time(hour + 1, 45))
    for span in expand([hours], name, first, first + timedelta(days=8)):
        moment = span.starts_at
        while moment < span.ends_at:
            shown = moment.astimezone(zone(name))
            assert shown.weekday() == weekday
            assert hours.starts <= shown.time() < hours.ends
            moment += timedelta(minutes=15)
