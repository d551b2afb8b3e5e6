"""Every gate twice: a host that it lets through, and one that it holds."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from muster.fleet import Client, Fleet, Host, OsFamily, Site
from muster.hours import parse_hours
from muster.ids import ClientId, HostId, SiteId
from muster.outcomes import HostStatus, Stage
from muster.records import HostState
from muster.safety import BackupRule, Blackout, GatePolicy, Hold, HostMatch, OrderRule, Readiness, WindowRule, Within
from muster.steps import read_output
from push.gates import (
    Held,
    Scene,
    blackout,
    first_held,
    known_cause,
    known_issue,
    maintenance_window,
    order_of_roles,
)
from push.gates_ready import answers_of, backup_present, free_disk, not_ready, pending_reboot

VANCOUVER = ZoneInfo("America/Vancouver")
NOON = datetime(2026, 10, 19, 12, 0, tzinfo=VANCOUVER)  # a Monday
NIGHT = datetime(2026, 10, 19, 23, 0, tzinfo=VANCOUVER)
LINUX = OsFamily.LINUX


def machine(name: str, role: str = "kiosk", site: str = "hq", model: str = "OptiPlex 3050") -> Host:
    return Host(HostId(name), SiteId(site), name, "10.0.0.1", role=role, model=model)


def scene(
    policy: GatePolicy,
    *hosts: Host,
    now: datetime = NOON,
    standing: dict[str, HostStatus] | None = None,
    failures: int = 0,
    site_hours: str = "",
) -> Scene:
    sites: tuple[Site, ...] = (
        Site(SiteId("hq"), ClientId("acme"), "HQ", "America/Vancouver", kind="office"),
        Site(SiteId("lab"), ClientId("acme"), "Lab", "Europe/Berlin", kind="lab"),
        Site(SiteId("far"), ClientId("other"), "Far", "America/Vancouver"),
    )
    if site_hours:
        sites = tuple(replace(site, maintenance=parse_hours(site_hours)) for site in sites)
    fleet = Fleet((Client(ClientId("acme"), "Acme"), Client(ClientId("other"), "Other")), sites, hosts)
    statuses = standing or {}
    states = {
        host.id: HostState(
            host.id,
            statuses.get(host.id, HostStatus.STALE),
            Stage.FINISHED,
            "",
            "",
            failures,
            failures,
            1,
            None,
            None,
            None,
            None,
            None,
            NOON,
        )
        for host in hosts
    }
    return Scene(policy, fleet, states, now.astimezone(UTC))


def held(found: Held | None) -> Held:
    assert found is not None
    return found


def nights(**hosts: tuple[str, ...]) -> GatePolicy:
    return GatePolicy(windows=(WindowRule(parse_hours("daily 22:00-04:00"), HostMatch(**hosts)),))


def test_a_host_inside_its_hours_may_be_touched() -> None:
    host = machine("a")
    assert maintenance_window(host, scene(nights(), host, now=NIGHT)) is None


def test_a_host_outside_its_hours_waits_for_them_in_its_sites_local_time() -> None:
    host, abroad = machine("a"), machine("b", site="lab")
    there = scene(nights(), host, abroad)
    assert held(maintenance_window(host, there)).until == datetime(2026, 10, 19, 22, tzinfo=VANCOUVER)
    berlin = datetime(2026, 10, 19, 22, tzinfo=ZoneInfo("Europe/Berlin"))
    assert held(first_held(host, there)).opens == "Mon 19 Oct 22:00 PDT"
    assert held(first_held(abroad, scene(nights(), abroad, now=datetime(2026, 10, 19, 19, tzinfo=UTC)))).until == berlin


def test_a_rule_about_other_hosts_leaves_a_host_its_sites_own_hours_and_the_first_rule_about_it_decides() -> None:
    host = machine("a")
    other = nights(roles=("server",))
    assert maintenance_window(host, scene(other, host)) is None
    assert maintenance_window(host, scene(other, host, site_hours="Sat 08:00-12:00")) is not None
    assert maintenance_window(host, scene(nights(), host, now=NIGHT, site_hours="Sat 08:00-12:00")) is None


def test_hours_past_midnight_hold_in_the_morning_after() -> None:
    host = machine("a")
    policy = GatePolicy(windows=(WindowRule(parse_hours("Mon 22:00-04:00")),))
    early = datetime(2026, 10, 20, 3, 59, tzinfo=VANCOUVER)
    assert maintenance_window(host, scene(policy, host, now=early)) is None
    late = datetime(2026, 10, 20, 4, 0, tzinfo=VANCOUVER)
    assert held(maintenance_window(host, scene(policy, host, now=late))).until == datetime(
        2026, 10, 26, 22, tzinfo=VANCOUVER
    )


BEGINS, ENDS = (datetime.fromisoformat(day) for day in ("2026-10-19", "2026-10-21"))
MONTH_END = Blackout(BEGINS, ENDS, "month end", HostMatch(clients=("acme",)))


def test_a_host_of_another_client_is_not_in_the_blackout() -> None:
    host = machine("a", site="far")
    assert blackout(host, scene(GatePolicy(blackouts=(MONTH_END,)), host)) is None


def test_a_host_in_a_blackout_waits_for_its_end_by_its_own_clock() -> None:
    host, abroad = machine("a"), machine("b", site="lab")
    there = scene(GatePolicy(blackouts=(MONTH_END,)), host, abroad)
    found = held(blackout(host, there))
    assert found.until == datetime(2026, 10, 21, tzinfo=VANCOUVER)
    assert "month end" in found.reason
    assert held(blackout(abroad, there)).until == datetime(2026, 10, 21, tzinfo=ZoneInfo("Europe/Berlin"))


def test_hours_that_open_inside_a_blackout_do_not_count() -> None:
    host = machine("a")
    policy = replace(nights(), blackouts=(MONTH_END,))
    assert held(first_held(host, scene(policy, host))).until == datetime(2026, 10, 21, 0, tzinfo=VANCOUVER)
    evening = replace(policy, windows=(WindowRule(parse_hours("daily 20:00-22:00")),))
    assert held(first_held(host, scene(evening, host))).until == datetime(2026, 10, 21, 20, tzinfo=VANCOUVER)


SERVERS_FIRST = OrderRule(HostMatch(roles=("server",)), HostMatch(roles=("kiosk",)))


def test_a_kiosk_may_be_touched_when_the_servers_are_through() -> None:
    server, kiosk = machine("s", "server"), machine("k")
    policy = GatePolicy(order=(SERVERS_FIRST,))
    for through in (HostStatus.VERIFIED, HostStatus.RIGHT, HostStatus.UNSUPPORTED):
        assert order_of_roles(kiosk, scene(policy, server, kiosk, standing={"s": through})) is None
    assert order_of_roles(server, scene(policy, server, kiosk)) is None, "who is first waits for nobody"


@pytest.mark.parametrize("status", [HostStatus.STALE, HostStatus.FAILED, HostStatus.UNREACHABLE, HostStatus.CLAIMED])
def test_a_kiosk_waits_for_a_server_of_its_client_that_is_not_through(status: HostStatus) -> None:
    server, kiosk = machine("s", "server", site="lab"), machine("k")
    found = held(
        order_of_roles(kiosk, scene(GatePolicy(order=(SERVERS_FIRST,)), server, kiosk, standing={"s": status}))
    )
    assert "waits for s" in found.reason
    assert found.until is None


@pytest.mark.parametrize(("within", "waits"), [(Within.SITE, False), (Within.CLIENT, True), (Within.CAMPAIGN, True)])
def test_an_order_rule_holds_within_its_place(within: Within, waits: bool) -> None:  # noqa: FBT001
    server, kiosk = machine("s", "server", site="lab"), machine("k")
    policy = GatePolicy(order=(replace(SERVERS_FIRST, within=within),))
    assert (order_of_roles(kiosk, scene(policy, server, kiosk)) is not None) is waits


def test_a_server_of_another_client_holds_nobody_up() -> None:
    server, kiosk = machine("s", "server", site="far"), machine("k")
    assert order_of_roles(kiosk, scene(GatePolicy(order=(SERVERS_FIRST,)), server, kiosk)) is None


NIC = Hold("the driver loses its link", HostMatch(models=("optiplex 30*",)))


def test_a_host_of_another_model_is_not_held_by_a_known_issue() -> None:
    host = machine("a", model="Latitude 5400")
    assert known_issue(host, scene(GatePolicy(holds=(NIC,)), host)) is None


def test_a_host_of_the_model_waits_and_the_reason_is_told() -> None:
    host = machine("a")
    found = held(first_held(host, scene(GatePolicy(holds=(NIC,)), host)))
    assert "the driver loses its link" in found.reason
    assert found.until is None
    assert "campaign.yml" in found.hint


def test_a_hold_with_a_day_ends_by_itself() -> None:
    host = machine("a")
    policy = GatePolicy(holds=(replace(NIC, until=datetime.fromisoformat("2026-10-20 06:00")),))
    assert held(first_held(host, scene(policy, host))).until == datetime(2026, 10, 20, 6, tzinfo=VANCOUVER)
    assert known_issue(host, scene(policy, host, now=datetime(2026, 10, 20, 6, tzinfo=VANCOUVER))) is None


def test_a_host_that_failed_twice_may_be_tried_again() -> None:
    host = machine("a")
    assert known_cause(host, scene(GatePolicy(), host, standing={"a": HostStatus.FAILED}, failures=2)) is None


def test_a_third_failure_asks_for_a_cause() -> None:
    host = machine("a")
    found = held(first_held(host, scene(GatePolicy(), host, standing={"a": HostStatus.FAILED}, failures=3)))
    assert "failed 3 times in a row" in found.reason
    assert "muster retry a --cause" in found.hint


READY = {"disk_free_bytes": str(600 * 1024 * 1024), "reboot_pending": "no", "backup_age_s": "3600"}
WANTED = Readiness(500, pending_reboot_holds=True, backup=BackupRule(24, linux="/var/backups/*"))


def test_a_host_that_is_ready_is_let_through() -> None:
    for gate in (free_disk, pending_reboot, backup_present):
        assert gate(READY, WANTED, LINUX) is None
    assert not_ready(read_output("".join(f"fact\tgate\t{k}\t{v}\n" for k, v in READY.items())), WANTED, LINUX) is None


def test_nothing_is_held_that_nobody_asks_for() -> None:
    assert not Readiness().asks
    for gate in (free_disk, pending_reboot, backup_present):
        assert gate({}, Readiness(), LINUX) is None
    assert backup_present({}, WANTED, OsFamily.WINDOWS) is None, "no path is given for Windows"


@pytest.mark.parametrize(
    ("said", "gate", "words"),
    [
        ({**READY, "disk_free_bytes": str(100 * 1024 * 1024)}, "free disk", "100 MiB free, 500 are needed"),
        ({**READY, "disk_free_bytes": "much"}, "free disk", "does not say"),
        ({**READY, "reboot_pending": "yes: /run/reboot-required"}, "pending reboot", "/run/reboot-required"),
        ({**READY, "reboot_pending": ""}, "pending reboot", "does not say"),
        ({**READY, "backup_age_s": "none"}, "backup", "there is no backup at /var/backups/*"),
        ({**READY, "backup_age_s": str(25 * 3600)}, "backup", "25 h old, at most 24 h"),
        ({key: READY[key] for key in ("disk_free_bytes", "reboot_pending")}, "backup", "does not say"),
    ],
)
def test_a_host_that_is_not_ready_is_held_with_what_is_missing(said: dict[str, str], gate: str, words: str) -> None:
    output = read_output("".join(f"fact\tgate\t{key}\t{value}\n" for key, value in said.items()))
    assert answers_of(output) == said
    found = held(not_ready(output, WANTED, LINUX))
    assert found.gate == gate
    assert words in found.reason


def test_midnight_as_the_end_of_a_day_is_the_midnight_after_it() -> None:
    (span,) = parse_hours("Sat 00:00-24:00")
    assert (span.opens, span.closes, span.past_midnight) == (time(0), time(0), True)
