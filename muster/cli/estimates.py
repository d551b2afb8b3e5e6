"""The command ``muster estimate``: how long hosts and visits take, and from what that is known."""

from collections.abc import Iterable, Sequence

import typer

from muster.cli.campaigns import CampaignOption, JsonOption
from muster.cli.output import say, say_json, table
from muster.cli.workspace import opened
from muster.fleet import OsFamily
from muster.plan import VisitMode
from muster.words import count
from scheduler.estimate import EffortModel, PerHost
from scheduler.kinds import HostKind, kinds_of

SHARES = (0.5, 0.8, 0.95)
SHOWN_KINDS = 20


def estimate(context: typer.Context, campaign: CampaignOption = None, as_json: JsonOption = False) -> None:
    """Say how long hosts take: the campaign's guess, moved by every push and every finished visit; and from how many.

    Example: muster estimate
    """
    from flows.measured import effort_of, learned_ratio, travel_of

    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        model = effort_of(workspace.services, meant.id)
        travel = travel_of(workspace.services, meant.id)
        hosts = workspace.ledger.fleet().hosts
        families = [family for family in OsFamily if any(host.os is family for host in hosts)]
        kinds = sorted(kinds_of(hosts))
        if as_json:
            document: dict[str, object] = {
                "campaign": meant.id,
                "shares": SHARES,
                "estimates": _estimates(model, families),
                "kinds": _kinds(model, kinds),
                "setup": _setups(model),
                "travel": {"median_of_planned": travel.ratio, "trips": travel.trips} if travel else None,
            }
            say_json(document)
            return
        _say_families(model, families)
        _say_kinds(model, kinds)
        _say_setups(model)
        if travel:
            trips = count(travel.trips, "trip")
            used = learned_ratio(workspace.services, meant.id)
            how = f"plans count with {used:g} times" if used != 1 else "plans do not use it yet"
            say(f"travel: {travel.ratio:.2f} times what was planned, from {trips}; {how}")
        say("\na push is a machine's time; a person's is known from muster visit finish, and then pushes do not count")


def prior_of(model: EffortModel, mode: VisitMode) -> float:
    """The campaign's guess, minutes a host."""
    policy = model.policy
    return policy.remote_minutes_per_host if mode is VisitMode.REMOTE else policy.onsite_minutes_per_host


def source_of(model: EffortModel, mode: VisitMode, family: OsFamily, known: PerHost) -> str:
    """What a kind's measurements are."""
    if not known.measured:
        return "the guess and other kinds" if _anything(model, mode) else "the guess"
    if family in model.by_people[mode]:
        return count(known.measured, "visit")
    return count(known.measured, "host pushed", "hosts pushed")


def _anything(model: EffortModel, mode: VisitMode) -> bool:
    return any(model.per_host[mode, family].measured for family in OsFamily)


def _say_families(model: EffortModel, families: Sequence[OsFamily]) -> None:
    table(
        ("mode", "family", "a host: P50", "P80", "prior", "from", "10 hosts: P50", "P80", "P95"),
        [
            (
                mode.value,
                family.value,
                *(_minutes(known.one.at(share)) for share in SHARES[:2]),
                _minutes(prior_of(model, mode)),
                source_of(model, mode, family, known),
                *(_minutes(model.visit(mode, {family: 10}).at(share)) for share in SHARES),
            )
            for mode in VisitMode
            for family in families
            for known in [model.per_host[mode, family]]
        ],
        right=(2, 3, 4, 6, 7, 8),
    )


def _say_kinds(model: EffortModel, kinds: Iterable[HostKind]) -> None:
    """Only kinds of which something was measured: the others are what their family's line says, less surely."""
    found = [
        (mode, kind, model.of(mode, kind)) for mode in VisitMode for kind in kinds if model.of(mode, kind).measured
    ]
    if len(found) < 2:
        return
    say()
    for mode, kind, known in sorted(found, key=lambda one: -one[2].measured)[:SHOWN_KINDS]:
        p50, p80 = (_minutes(known.one.at(share)) for share in SHARES[:2])
        source = source_of(model, mode, kind.family, known)
        prior = _minutes(prior_of(model, mode))
        say(f"{mode.value}, {kind.words}: P50 {p50}, P80 {p80}, from {source}; prior was {prior}")
    if len(found) > SHOWN_KINDS:
        say(f"and {len(found) - SHOWN_KINDS} more kinds (--json has all)")


def _say_setups(model: EffortModel) -> None:
    say()
    for mode, setup in model.setup.items():
        prior = f"; prior was {model.policy.setup_minutes:g}"
        source = count(setup.measured, "visit") + prior if setup.measured else "the guess"
        say(f"each {mode.value} visit on top: {setup.mean:.1f} min, give or take {setup.deviation:.1f}, from {source}")


def _minutes(minutes: float) -> str:
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    return f"{minutes:.0f} min" if minutes >= 10 else f"{minutes:.1f} min"


def _estimates(model: EffortModel, families: Iterable[OsFamily]) -> list[dict[str, object]]:
    return [
        {
            "mode": mode.value,
            "family": family.value,
            **_of(model, mode, family, model.per_host[mode, family]),
            "minutes_of_10_hosts": [model.visit(mode, {family: 10}).at(share) for share in SHARES],
        }
        for mode in VisitMode
        for family in families
    ]


def _kinds(model: EffortModel, kinds: Iterable[HostKind]) -> list[dict[str, object]]:
    return [
        {
            "mode": mode.value,
            "family": kind.family.value,
            "role": kind.role,
            "version": kind.version,
            **_of(model, mode, kind.family, model.of(mode, kind)),
        }
        for mode in VisitMode
        for kind in kinds
    ]


def _of(model: EffortModel, mode: VisitMode, family: OsFamily, known: PerHost) -> dict[str, object]:
    return {
        "minutes_per_host": known.mean,
        "minutes_of_1_host": [known.one.at(share) for share in SHARES],
        "prior_minutes_per_host": prior_of(model, mode),
        "measured_hosts": known.measured,
        "measured_by": "visits" if family in model.by_people[mode] else "pushes",
        "worth_of_hosts": known.weight,
    }


def _setups(model: EffortModel) -> list[dict[str, object]]:
    return [
        {
            "mode": mode.value,
            "minutes": setup.mean,
            "deviation_minutes": setup.deviation,
            "prior_minutes": model.policy.setup_minutes,
            "finished_visits": setup.measured,
        }
        for mode, setup in model.setup.items()
    ]
