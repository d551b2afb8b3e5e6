"""Hours of the week in local time, right across clock changes and past midnight."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.hours import WeekSpan, hours_text, parse_hours
from scheduler.hours import Span, first_open, local_span, open_spans, told

BERLIN = "Europe/Berlin"
AUTUMN = datetime(2026, 10, 24, 12, tzinfo=UTC)
"""The day before Berlin's clocks go back from 03:00 to 02:00, at 01:00 UTC on the 25th."""
SPRING = datetime(2026, 3, 28, 12, tzinfo=UTC)
"""The day before they go forward from 02:00 to 03:00, at 01:00 UTC on the 29th."""
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
hours = st.sets(st.builds(WeekSpan, st.integers(0, 6), times, times), min_size=1, max_size=4).map(
    lambda spans: tuple(sorted(spans))
)


moments = st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-01-01"))


def span_of(text: str, now: datetime, zone: str = BERLIN) -> Span:
    return open_spans(parse_hours(text), zone, now)[0]


@pytest.mark.parametrize(
    ("text", "now", "opens", "closes"),
    [
        (
            "Sat 22:00-04:00",
            AUTUMN,
            "2026-10-24T20:00",
            "2026-10-25T03:00",
        ),  # an hour more
        ("Sat 22:00-02:30", AUTUMN, "2026-10-24T20:00", "2026-10-25T00:30"),  # the first half past two: nobody is late
        ("Sun 02:30-05:00", AUTUMN, "2026-10-25T01:30", "2026-10-25T04:00"),  # the second: nobody is early
        ("Sun 02:15-02:45", AUTUMN, "2026-10-25T00:15", "2026-10-25T00:45"),  # wholly inside the doubled hour
        ("Sat 22:00-04:00", SPRING, "2026-03-28T21:00", "2026-03-29T02:00"),  # an hour is missing
        ("Sat 22:00-02:30", SPRING, "2026-03-28T21:00", "2026-03-29T01:00"),  # half past two does not exist
        ("Sun 02:30-05:00", SPRING, "2026-03-29T01:00", "2026-03-29T03:00"),
    ],
)
def test_hours_on_the_night_of_a_clock_change(text: str, now: datetime, opens: str, closes: str) -> None:
    found = span_of(text, now)
    assert found == Span(*(datetime.fromisoformat(f"{at}:00+00:00") for at in (opens, closes)))


def test_the_same_local_hours_are_other_instants_in_summer_and_in_winter() -> None:
    vancouver = "America/Los_Angeles"
    summer = span_of("Mon 22:00-23:00", datetime(2026, 7, 6, 12, tzinfo=UTC), vancouver)
    winter = span_of("Mon 22:00-23:00", datetime(2026, 12, 7, 12, tzinfo=UTC), vancouver)
    assert (summer.starts_at.hour, winter.starts_at.hour) == (5, 6)


def test_all_days_all_day_is_always_open() -> None:
    always = parse_hours("daily 00:00-24:00")
    (span,) = open_spans(always, BERLIN, AUTUMN)
    assert span.holds(AUTUMN)
    assert span.ends_at - AUTUMN > timedelta(days=7)


def test_a_blackout_at_a_clock_change_is_as_long_as_it_can_be_meant() -> None:
    night = local_span(*map(datetime.fromisoformat, ("2026-10-25 02:30", "2026-10-25 02:45")), BERLIN)
    assert night == Span(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 45, tzinfo=UTC))


def test_a_blackout_without_an_end_this_year_never_opens() -> None:
    closed = Span(AUTUMN - timedelta(days=1), AUTUMN + timedelta(days=400))
    assert first_open(parse_hours("daily 08:00-09:00"), [closed], BERLIN, AUTUMN) is None


@given(hours, moments, st.sampled_from([BERLIN, "Australia/Lord_Howe"]))
def test_whatever_the_hours_the_wall_clock_agrees_away_from_changes(
    week: tuple[WeekSpan, ...], moment: datetime, zone: str
) -> None:
    now = moment.replace(tzinfo=UTC, second=0, microsecond=0)
    local = now.astimezone(ZoneInfo(zone))
    if {(local + timedelta(hours=step)).utcoffset() for step in (0,)} != {
        (now + timedelta(hours=step)).astimezone(ZoneInfo(zone)).utcoffset() for step in range(-30, 31, 3)
    }:
        return  # within a day of a change; those are tested above
    spans = open_spans(week, zone, now)
    assert any(span.holds(now) for span in spans) is any(_on_the_wall(span, local) for span in week)
    opens = first_open(week, (), zone, now)
    assert opens is not None
    assert opens >= now
    assert (opens == now) is any(span.holds(now) for span in spans)


def _on_the_wall(span: WeekSpan, local: datetime) -> bool:
    at = local.time()
    if not span.past_midnight:
        return local.weekday() == span.weekday and span.opens <= at < span.closes
    return (local.weekday() == span.weekday and at >= span.opens) or (
        local.weekday() == (span.weekday + 1) % 7 and at < span.closes
    )


@given(hours)
def test_hours_are_read_as_they_are_written(week: tuple[WeekSpan, ...]) -> None:
    assert parse_hours(hours_text(week)) == week


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no days and times"),
        ("22:00-04:00", "cannot be read"),
        ("Mo-Fr 22-25", "no time of day"),
        ("Funday 08:00-09:00", "names no day"),
        ("T 08:00-09:00", "names no day"),
        ("Mon 08:00", "cannot be read"),
    ],
)
def test_what_is_no_hours_is_refused_at_its_word(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_hours(text)


def test_an_instant_is_told_in_local_words() -> None:
    assert told(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), BERLIN) == "Sun 25 Oct 02:30 CET"
