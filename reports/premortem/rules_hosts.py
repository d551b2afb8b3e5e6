"""Rules about machines: whether there is a way back, and whether anybody has seen their kind before."""

from collections import Counter

from muster.fleet import Host, OsFamily
from muster.ids import SiteId
from muster.outcomes import HostStatus
from reports.premortem.case import Case, Kind, kind_name
from reports.premortem.worry import Severity, Worry, worry

REACHABLE = frozenset({HostStatus.PENDING, HostStatus.STALE, HostStatus.FAILED, HostStatus.ROLLED_BACK})


def no_backup(case: Case) -> Worry | None:
    """Machines would be changed without anybody asking whether they have a backup that is young enough.

    Cure: name the backup's file in the campaign file: gates: {backup: {max_age_hours: 24, linux: /var/backups/*}}.
    """
    rule = case.campaign.gates.readiness.backup
    asked = {OsFamily.LINUX: bool(rule and rule.linux), OsFamily.WINDOWS: bool(rule and rule.windows)}
    names = (host.name for host in case.todo if not asked.get(host.os, False))
    return worry("no-backup", Severity.WARNING, "hosts are not asked for their backup", "hosts", names)


def no_rollback(case: Case) -> Worry | None:
    """The fix cannot be taken back on these machines: what it breaks stays broken until somebody comes.

    Cure: give the fix a rollback for this family (docs/fixes.md), or make sure of a backup.
    """
    names = (host.name for host in case.todo if host.os is not OsFamily.OTHER and host.os not in case.rollback)
    return worry("no-rollback", Severity.SEVERE, "hosts have no way back", "hosts", names)


def canary_misses_kind(case: Case) -> Worry | None:
    """No machine of these kinds can be in the canary, so the first one that is touched is somebody's real one.

    Cure: add a site with such a machine to planning.canary_sites, or get one of them reachable.
    """
    sites = set(case.campaign.planning.canary_sites)
    chosen = {case.kind(host) for host in case.todo if _can_be_canary(case, host, sites)}
    missed = Counter(case.kind(host) for host in case.todo if case.kind(host) not in chosen)
    text = "kinds of hosts are not in the canary"
    return worry("canary-misses-kind", Severity.WARNING, text, "kinds", _named(missed))


def never_tried(case: Case) -> Worry | None:
    """The fix was never verified on a machine of these kinds: how long it takes, and whether it works, is a guess.

    Cure: push one of each first: muster run with a canary, or a pilot of a few visits.
    """
    kinds = Counter(case.kind(host) for host in case.todo if case.kind(host) not in case.tried)
    text = "kinds of hosts have never been fixed with it"
    return worry("never-tried", Severity.WARNING, text, "kinds", _named(kinds))


def _can_be_canary(case: Case, host: Host, sites: set[SiteId]) -> bool:
    return case.status[host.id] in REACHABLE and (not sites or host.site_id in sites)


def _named(kinds: Counter[Kind]) -> list[str]:
    return [f"{kind_name(kind)} ({hosts:,})" for kind, hosts in kinds.most_common()]
