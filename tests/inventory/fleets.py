"""Strategies for fleets and crews as files can hold them."""

import string
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from inventory.formats.texts import parse_text
from muster.crew import Absence, Agreement, Crew, Engineer, Partner, Shift, Vetting
from muster.fleet import AccessWindow, Become, Client, Fleet, Host, Jump, OsFamily, Place, Site, TransportName
from muster.hours import WeekSpan
from muster.ids import ClientId, HostId, PartnerId, PersonId, SiteId

ZONES = ("America/Vancouver", "America/Havana", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")

texts = (
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=12)
    .map(parse_text)
    .filter(lambda text: not text.startswith("#"))
)
names = texts.filter(bool)
ids = st.text(string.ascii_lowercase + string.digits + "-_/.=+@", min_size=1, max_size=8).filter(
    lambda text: not text.endswith(".0")
)
emails = st.sampled_from(["", "kim@example.com", "o'neil+x@sub.example.org"])
minutes_of_day = st.integers(0, 24 * 60 - 1)
places = st.none() | st.builds(
    Place, st.floats(-90, 90, allow_nan=False).map(_plain := lambda x: x + 0.0), st.floats(-180, 180).map(_plain)
)
people = st.lists(ids, max_size=2, unique=True).map(lambda found: tuple(PersonId(id_) for id_ in found))
limits = st.none() | st.integers(0, 1440)
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))


def _clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


week_spans = st.sets(
    st.builds(WeekSpan, st.integers(0, 6), minutes_of_day.map(_clock), minutes_of_day.map(_clock)), max_size=4
).map(lambda spans: tuple(sorted(spans)))


ways = st.lists(
    st.builds(
        Jump,
        st.sampled_from(["gate.acme.example", "10.0.0.1", "fd00::1", "fe80::1%eth0"]),
        st.sampled_from([0, 22, 2222]),
        st.sampled_from(["", "ops", r"CORP\ann"]),
        st.sampled_from(["", "agent:", "vault:secrets.yml#gate", "ca:~/ca?principal=ops&source=10.0.0.0/8"]),
    ),
    max_size=3,
).map(tuple)


@st.composite
def weekly(draw: st.DrawFn) -> tuple[tuple[int, time, time], ...]:
    """Spans that do not overlap, sorted."""
    spans: list[tuple[int, time, time]] = []
    for weekday in sorted(draw(st.sets(st.integers(0, 6)))):
        edges = sorted(draw(st.sets(minutes_of_day, min_size=2, max_size=4)))
        pairs = zip(edges[::2], edges[1::2], strict=False)
        spans += [(weekday, _clock(starts), _clock(ends)) for starts, ends in pairs]
    return tuple(spans)


access = weekly().map(lambda spans: tuple(AccessWindow(*span) for span in spans))
shifts = weekly().filter(bool).map(lambda spans: tuple(Shift(*span) for span in spans))


@st.composite
def absences(draw: st.DrawFn, zone: str) -> tuple[Absence, ...]:
    """Whole days in the zone, or spans to the minute."""
    found: list[Absence] = []
    reasons = texts.filter(lambda text: ";" not in text)
    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            first = draw(days)
            ends = first + timedelta(days=draw(st.integers(1, 9)))
            span = [datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC) for day in (first, ends)]
        else:
            starts_at = datetime.combine(draw(days), _clock(draw(minutes_of_day)), tzinfo=UTC)
            span = [starts_at, starts_at + timedelta(minutes=draw(st.integers(1, 4000)))]
        found.append(Absence(span[0], span[1], draw(reasons)))
    return tuple(sorted(found, key=lambda a: (a.starts_at, a.ends_at, a.reason)))


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Some clients, sites and hosts that refer to each other."""
    clients = [
        Client(
            ClientId(id_),
            draw(names),
            draw(emails),
            draw(st.integers(1, 5)),
            draw(st.booleans()),
            draw(people),
            draw(people),
            draw(st.integers(0, 9_999)),
        )
        for id_ in sorted(draw(st.sets(ids, min_size=1, max_size=3)))
    ]
    sites = [
        Site(
            SiteId(id_),
            draw(st.sampled_from(clients)).id,
            draw(names),
            draw(st.sampled_from(ZONES)),
            draw(texts),
            draw(texts),
            draw(places),
            draw(access),
            draw(texts),
            draw(st.sampled_from(["", "fr"])),
            draw(st.integers(1, 3)),
            draw(st.none() | days),
            draw(st.none() | days),
            draw(ways),
            draw(st.integers(0, 50)),
            draw(st.sampled_from([0, 1, 250_000])),
            draw(week_spans),
        )
        for id_ in sorted(draw(st.sets(ids, min_size=1, max_size=3)))
    ]
    hosts = [_host(draw, id_, draw(st.sampled_from(sites)).id) for id_ in sorted(draw(st.sets(ids, max_size=4)))]
    return Fleet(tuple(clients), tuple(sites), tuple(hosts))


def _host(draw: st.DrawFn, id_: str, site: SiteId) -> Host:
    transport = draw(st.sampled_from(list(TransportName)))
    some_address = st.sampled_from(["10.0.0.1", "fe80::1", "web01.example.com", "WIN_1"])
    labels = st.lists(names.filter(lambda text: not set(text) & set(";,")), max_size=3, unique=True)
    return Host(
        HostId(id_),
        site,
        draw(names),
        draw(some_address if transport is not TransportName.NONE else st.just("") | some_address),
        draw(st.just(0) | st.integers(1, 65535)),
        draw(st.sampled_from(list(OsFamily))),
        draw(texts),
        draw(texts),
        draw(texts),
        transport,
        draw(texts),
        draw(st.sampled_from(["", "agent:", "env:ACME_KEY", "key:~/.ssh/id ed25519"])),
        draw(st.just("") | st.sampled_from(ZONES)),
        tuple(draw(labels)),
        draw(st.sampled_from(list(Become))),
        draw(st.sampled_from(["", "env:ACME_SUDO", "command:pass show 'acme sudo'"])),
    )


@st.composite
def crews(draw: st.DrawFn, clients: tuple[ClientId, ...]) -> Crew:
    """Some partners and people that refer to each other and to the clients."""
    covered = st.lists(st.sampled_from(clients), max_size=2, unique=True).map(tuple)
    vettings = st.none() | st.builds(Vetting, st.booleans(), names, days, st.just(date(2036, 1, 1)), texts)
    agreements = st.none() | st.builds(
        Agreement, days, st.just(date(2036, 1, 1)), st.none() | st.integers(0, 10_000), covered, st.booleans()
    )
    partners = [
        Partner(PartnerId(id_), draw(names), draw(emails), draw(texts), draw(vettings), draw(agreements))
        for id_ in sorted(draw(st.sets(ids, max_size=3)))
    ]
    people = [_person(draw, id_, partners) for id_ in sorted(draw(st.sets(ids, max_size=3)))]
    return Crew(tuple(people), tuple(partners))


def _person(draw: st.DrawFn, id_: str, partners: list[Partner]) -> Engineer:
    zone = draw(st.sampled_from(ZONES))
    words = st.sets(st.sampled_from(["linux", "windows", "exchange", "voip"])).map(frozenset)
    return Engineer(
        PersonId(id_),
        draw(names),
        zone,
        draw(shifts),
        draw(words),
        draw(st.sampled_from([None, *(partner.id for partner in partners)])),
        draw(emails),
        draw(places),
        draw(texts),
        draw(st.integers(0, 50_000)),
        draw(st.integers(0, 600)),
        draw(st.sampled_from([1.0, 1.25, 1.5, 2.0])),
        draw(absences(zone)),
        draw(st.frozensets(st.sampled_from(["en", "fr", "zh-hant"]))),
        draw(places),
        draw(limits),
        draw(limits),
        draw(limits),
        draw(limits),
    )
