"""Every format reads back what it wrote, and refuses what it should with something to do about it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.formats import BadValue
from inventory.formats.addresses import parse_address
from inventory.formats.credentials import names_secret, parse_credential
from inventory.formats.days import format_absences, parse_absences, parse_date
from inventory.formats.numbers import (
    format_decimal,
    format_hours,
    format_money,
    parse_hours,
    parse_latitude,
    parse_money,
    parse_port,
)
from inventory.formats.systems import SystemName, parse_system
from inventory.formats.texts import (
    format_labels,
    format_words,
    format_yes,
    parse_email,
    parse_id,
    parse_labels,
    parse_words,
    parse_yes,
)
from inventory.formats.weekly import WeeklySpan, format_weekly, parse_weekly
from inventory.formats.zones import parse_zone
from muster.crew import Absence
from muster.fleet import OsFamily
from tests.inventory.fleets import ZONES, absences, weekly

VANCOUVER = ZoneInfo("America/Vancouver")


@given(weekly().filter(bool).map(lambda spans: tuple(WeeklySpan(*span) for span in spans)))
def test_weekly_spans_read_back_as_they_were_written(spans: tuple[WeeklySpan, ...]) -> None:
    assert parse_weekly(format_weekly(spans)) == spans


@given(st.data(), st.sampled_from(ZONES))
def test_absences_read_back_as_they_were_written(data: st.DataObject, zone: str) -> None:
    wanted = data.draw(absences(zone).filter(bool))
    assert parse_absences(format_absences(wanted, ZoneInfo(zone)), ZoneInfo(zone)) == wanted


@given(st.integers(0, 10**9))
def test_money_reads_back_as_it_was_written(cents: int) -> None:
    assert parse_money(format_money(cents)) == cents


@given(st.integers(0, 10**6))
def test_hours_read_back_as_they_were_written(minutes: int) -> None:
    assert parse_hours(format_hours(minutes)) == minutes


@given(st.floats(-90, 90))
def test_degrees_read_back_as_they_were_written(degrees: float) -> None:
    assert parse_latitude(format_decimal(degrees)) == degrees


@given(st.sets(st.text("abcß-9", min_size=1).map(str.lower), min_size=1))
def test_skills_read_back_as_they_were_written(words: set[str]) -> None:
    assert parse_words(format_words(words)) == words


@given(st.lists(st.text("ab c", min_size=1).map(lambda t: " ".join(t.split())).filter(bool), min_size=1, unique=True))
def test_tags_read_back_as_they_were_written(labels: list[str]) -> None:
    assert parse_labels(format_labels(labels)) == tuple(labels)


@given(st.booleans())
def test_yes_and_no_read_back_as_they_were_written(value: bool) -> None:  # noqa: FBT001 - hypothesis hands it in
    assert parse_yes(format_yes(value=value)) is value


@given(st.text(min_size=1).map(str.strip).filter(bool))
def test_no_text_whatever_breaks_a_parser(text: str) -> None:
    parsers: tuple[Callable[[str], object], ...] = (
        parse_weekly, parse_zone, parse_date, parse_money, parse_hours, parse_latitude, parse_port, parse_address,
        parse_system, parse_email, parse_id, parse_words, parse_labels, parse_yes, parse_credential,
        lambda words: parse_absences(words, VANCOUVER),
    )  # fmt: skip
    for parse in parsers:
        refusal: BadValue | None = None
        try:
            parse(text)
        except BadValue as error:
            refusal = error
        assert refusal is None or (refusal.wrong and refusal.right)


@pytest.mark.parametrize(
    ("text", "count", "first"),
    [
        ("Mon-Fri 08:00-17:00; Sat 09:00-12:00", 6, WeeklySpan(0, time(8), time(17))),
        ("mo,we 8-12, 13-17", 4, WeeklySpan(0, time(8), time(12))),
        ("Fri-Mon 10:00\N{EN DASH}11:00", 4, WeeklySpan(0, time(10), time(11))),
        ("daily 00:00-24:00", 7, WeeklySpan(0, time(0), time(23, 59))),
        ("Wednesday 8.30-9", 1, WeeklySpan(2, time(8, 30), time(9))),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, count: int, first: WeeklySpan) -> None:
    spans = parse_weekly(text)
    assert (len(spans), spans[0]) == (count, first)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Mon 22:00-06:00", "does not end after it starts"),
        ("Mon 08:00-12:00; Mon 11:00-13:00", "overlap on Mon"),
        ("T 08:00-12:00", "names no day with 'T'"),
        ("Mon 25:00-26:00", "no time of day at '25:00'"),
        ("8am to 5pm", "cannot be read"),
        (";", "holds no days"),
    ],
)
def test_hours_that_make_no_sense_are_refused_in_words(text: str, wrong: str) -> None:
    with pytest.raises(BadValue, match=wrong):
        parse_weekly(text)


def test_zones_are_spelled_as_the_database_has_them() -> None:
    assert parse_zone("america/vancouver") == "America/Vancouver"
    assert parse_zone("America/New York") == "America/New_York"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Vancouver", "America/Vancouver"),
        ("America/Vancover", "America/Vancouver"),
        ("Canada/Vancouver", "America/Vancouver"),
        ("EST", "place"),
        ("Pacific Standard Time", "place"),
    ],
)
def test_a_zone_that_is_not_there_is_refused_with_a_near_one(text: str, right: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_zone(text)
    assert right in caught.value.right


def test_a_day_off_begins_and_ends_at_the_persons_own_midnight_also_across_a_clock_change() -> None:
    (off,) = parse_absences("2025-11-02 clocks", VANCOUVER)
    assert off == Absence(datetime(2025, 11, 2, 7, tzinfo=UTC), datetime(2025, 11, 3, 8, tzinfo=UTC), "clocks")


def test_days_in_turn_are_inclusive() -> None:
    (off,) = parse_absences("2026-10-26..2026-10-30", ZoneInfo("Europe/Berlin"))
    assert off.ends_at - off.starts_at == datetime(2026, 10, 31) - datetime(2026, 10, 26)  # noqa: DTZ001 - a length


@pytest.mark.parametrize("text", ["2026-10-30..2026-10-26", "2026-02-30", "next week", "26/10/2026"])
def test_absences_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_absences(text, VANCOUVER)


def test_dates_with_points_are_day_month_year_and_slashes_are_refused() -> None:
    assert parse_date("3.10.2026") == date(2026, 10, 3)
    with pytest.raises(BadValue, match="year-month-day"):
        parse_date("10/03/2026")


@pytest.mark.parametrize(("text", "cents"), [("62.50", 6250), ("62,5", 6250), ("62", 6200), ("€ 62.50", 6250)])
def test_money_is_read_in_both_spellings(text: str, cents: int) -> None:
    assert parse_money(text) == cents


@pytest.mark.parametrize("text", ["1,250", "1.250,00", "-5", "62.505", "sixty"])
def test_money_that_is_ambiguous_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_money(text)


@pytest.mark.parametrize(
    ("text", "family", "version"),
    [
        ("Microsoft Windows Server 2022", OsFamily.WINDOWS, "Microsoft Windows Server 2022"),
        ("Ubuntu 22.04", OsFamily.LINUX, "Ubuntu 22.04"),
        ("WINDOWS_SERVER", OsFamily.WINDOWS, "WINDOWS_SERVER"),
        ("darwin", OsFamily.OTHER, "darwin"),
        ("VMware ESXi 8.0", OsFamily.OTHER, "VMware ESXi 8.0"),
        ("Linux", OsFamily.LINUX, ""),
        ("WINDOWS", OsFamily.WINDOWS, ""),
        ("Red Hat Enterprise Linux 9", OsFamily.LINUX, "Red Hat Enterprise Linux 9"),
    ],
)
def test_the_family_is_read_from_a_systems_name(text: str, family: OsFamily, version: str) -> None:
    assert parse_system(text) == SystemName(family, version)


def test_a_family_is_never_guessed() -> None:
    with pytest.raises(BadValue):
        parse_system("TempleOS")


@pytest.mark.parametrize("text", ["10.0.0.1", "fe80::1", "web01.example.com", "WIN_DC1", "a.b."])
def test_addresses_are_taken_as_they_stand(text: str) -> None:
    assert parse_address(text) == text


def test_of_a_list_of_addresses_the_first_is_taken() -> None:
    assert parse_address("192.168.1.5, fe80::1") == "192.168.1.5"
    with pytest.raises(BadValue):
        parse_address("not an address")
    assert parse_address("[2001:db8::1]") == "2001:db8::1"


@pytest.mark.parametrize("text", ["10.0.0.256", "1.2.3", "http://x", "-a", "a..b", "=cmd|' /C calc'!A0"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_address(text)


def test_a_name_with_accents_is_refused_with_the_name_dns_has() -> None:
    with pytest.raises(BadValue) as caught:
        parse_address("münchen.example")
    assert "xn--mnchen-3ya.example" in caught.value.right


@pytest.mark.parametrize(
    "text",
    [
        "key:~/.ssh/id_ed25519", "env:ACME_PASSWORD", "agent:", "command:pass show acme/root", "prefect:acme-root",
        "vault:secrets.yml#acme.password", "ca:~/.ssh/ca?principal=muster", "key:~/.ssh/acme?passphrase=env:ACME",
    ],
)  # fmt: skip
def test_references_are_credentials(text: str) -> None:
    assert parse_credential(text) == text


@pytest.mark.parametrize(
    "text", ["hunter2", "password:hunter2", "env:not a name", "agent: x", "vault:file", "command:"]
)
def test_what_may_be_a_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadValue) as caught:
        parse_credential(text)
    assert text not in str(caught.value)


def test_columns_of_secrets_are_known_by_their_names() -> None:
    secret = ["password", "ansible_become_pass", "ansible_ssh_pass", "API_Key", "ansible_winrm_password"]
    assert all(names_secret(name) for name in secret)
    assert not any(names_secret(name) for name in ("ansible_ssh_private_key_file", "credential", "passed"))


@pytest.mark.parametrize(("text", "id_"), [("12.0", "12"), ("12.5", "12.5"), ("v1.0", "v1.0"), ("acme", "acme")])
def test_an_id_that_a_spreadsheet_took_for_a_number_is_itself_again(text: str, id_: str) -> None:
    assert parse_id(text) == id_


@pytest.mark.parametrize("text", ["kim", "kim@host", "kim@ex..com", "a@b.com; c@d.com", "Kim <kim@example.com>"])
def test_what_is_not_one_email_address_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_email(text)
