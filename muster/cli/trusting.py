"""First contact: show what keys hosts offer, ask, and write down what was decided."""

from collections.abc import Sequence

import typer

from muster.cli.output import console, say, say_json, table
from muster.cli.workspace import Workspace
from muster.errors import InputError, NotFound
from muster.fleet import Fleet, Host, TransportName
from muster.ids import HostId
from muster.words import count
from push.by_transport import remember_refusals
from push.known_hosts import KnownHosts
from push.orders import Defaults, target_of
from push.trust import Offer, Standing, Trusted, jump_targets, scan, trust

SHOWN = 40
JUMP = "jump "
"""How jump hosts are named among the hosts; they come with whichever hosts are behind them."""
ORDER = (Standing.CHANGED, Standing.NO_KEY, Standing.NEW, Standing.SAME)


class _NeverStops:
    def is_set(self) -> bool:
        return False


def trust_hosts(
    workspace: Workspace, names: Sequence[str], *, yes: bool, replace: Sequence[str], as_json: bool
) -> None:
    """Ask the hosts for their keys and trust the new ones after a yes; changed ones only by name.

    Raises:
        NotFound: a name is no host of the fleet.
        InputError: the keys cannot be written, or nobody can be asked and ``--yes`` is missing.
    """
    offers = scan_hosts(workspace, _hosts(workspace, [*names, *replace]))
    new = [offer for offer in offers if offer.standing is Standing.NEW]
    wanted = {HostId(name) for name in replace}
    if not as_json:
        _show(offers)
    path = workspace.settings.path(workspace.settings.known_hosts)
    agreed = (
        trust(path, [one for one in offers if _taken(one, wanted)], replace_hosts=wanted)
        if (new or wanted) and (yes or _asked(len(new), as_json=as_json, only_named=not new))
        else Trusted((), (), ())
    )
    changed = [offer for offer in offers if offer.standing is Standing.CHANGED and offer.target.host_id not in wanted]
    _say_result(offers, agreed, changed, as_json=as_json)
    if changed:
        raise typer.Exit(1)


def _taken(offer: Offer, wanted: set[HostId]) -> bool:
    return offer.standing is Standing.NEW or offer.target.host_id in wanted


def _hosts(workspace: Workspace, names: Sequence[str]) -> list[Host]:
    fleet = workspace.ledger.fleet()
    names = [name for name in names if not name.startswith(JUMP)]
    for name in names:
        if HostId(name) not in fleet.host:
            raise NotFound(f"the fleet has no host {name!r}", hint="muster import it first")
    chosen = [fleet.host[HostId(name)] for name in names] if names else list(fleet.hosts)
    return [host for host in chosen if host.transport is TransportName.SSH or _is_behind_jump(host, fleet)]


def _is_behind_jump(host: Host, fleet: Fleet) -> bool:
    """A Windows host has no SSH key, but the jump host on the way to it has."""
    return host.transport is TransportName.WINRM and bool(fleet.site[host.site_id].jump)


def scan_hosts(workspace: Workspace, hosts: Sequence[Host]) -> list[Offer]:
    """What these hosts show as their keys, and how that compares; what needs a person first."""
    settings, fleet = workspace.settings, workspace.ledger.fleet()
    defaults = Defaults(settings.default_user, settings.default_credential, settings.host_deadline_s)
    targets = [target_of(host, fleet, defaults) for host in hosts]
    targets = [*jump_targets(targets), *(each for each in targets if each.transport is TransportName.SSH)]
    known = KnownHosts.read(settings.path(settings.known_hosts))
    credentials = workspace.services.credentials
    remember_refusals(settings)  # jump hosts on the way are logged in to
    with console.status(f"asking {count(len(targets), 'host')} for their keys"):
        offers = list(scan(targets, settings, known_hosts=known, stop=_NeverStops(), credentials=credentials))
    return sorted(offers, key=lambda offer: (ORDER.index(offer.standing), offer.target.host_id))


def _show(offers: Sequence[Offer]) -> None:
    worth_showing = [offer for offer in offers if offer.standing is not Standing.SAME]
    if not worth_showing:
        return
    table(
        ("host", "address", "key", "fingerprint"),
        [
            (
                str(offer.target.host_id),
                f"{offer.target.address}:{offer.target.port or 22}",
                offer.standing.value,
                f"{offer.key_type} {offer.fingerprint}" if offer.blob and not offer.cause else offer.cause,
            )
            for offer in worth_showing[:SHOWN]
        ],
    )
    if len(worth_showing) > SHOWN:
        say(f"and {count(len(worth_showing) - SHOWN, 'host')} more")


def _asked(new: int, *, as_json: bool, only_named: bool) -> bool:
    if only_named:
        return True  # every host with a changed key was named on the command line: that is the answer
    if as_json or not console.is_terminal:
        raise InputError("nobody can be asked here", hint="compare the fingerprints, then: muster hosts trust --yes")
    say("\ncompare the fingerprints with the machines' own: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
    return typer.confirm(f"trust {count(new, 'new key')}?")


def _say_result(offers: Sequence[Offer], agreed: Trusted, changed: Sequence[Offer], *, as_json: bool) -> None:
    same = sum(offer.standing is Standing.SAME for offer in offers)
    silent = sum(offer.standing is Standing.NO_KEY for offer in offers)
    if as_json:
        say_json(
            {
                "trusted_before": same,
                "added": list(agreed.added),
                "replaced": list(agreed.replaced),
                "changed": [{"host": offer.target.host_id, "cause": offer.cause} for offer in changed],
                "no_answer": [
                    {"host": offer.target.host_id, "cause": offer.cause}
                    for offer in offers
                    if offer.standing is Standing.NO_KEY
                ],
            }
        )
        return
    parts = [f"{count(len(agreed.added), 'key')} added", f"{same} trusted before"]
    parts += [f"{len(agreed.replaced)} replaced"] if agreed.replaced else []
    parts += [f"{silent} without an answer"] if silent else []
    say(", ".join(parts), style="bold")
    if changed:
        say(f"{count(len(changed), 'host')} with a changed key: not trusted, and not pushed", style="bold red")
        say("find out why first; then take the new key of one host by name: muster hosts trust --replace HOST")
