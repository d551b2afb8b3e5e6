"""Commands that touch hosts (probe, run, retry, rollback), and those that stop them and let them go on."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from flows.approvals import ask_to_roll_back
from flows.causes import explain
from flows.engine import CarryOut, Parameter, engine
from flows.server import check_configured_server
from flows.turns import Turn, whose_turn
from muster.campaign import Campaign
from muster.cli.answers import say_unanswered, unanswered
from muster.cli.campaigns import (
    ByOption,
    CampaignOption,
    JsonOption,
    campaign_to_ask,
    campaign_to_push,
    chosen_hosts,
    say_standing,
)
from muster.cli.checking import say_checked
from muster.cli.output import errors, say
from muster.cli.progress import Done, watching
from muster.cli.workspace import Workspace, me, opened
from muster.errors import InputError, NotFound
from muster.ids import HostId
from muster.outcomes import HostStatus
from muster.records import HostState
from muster.words import count
from push.ramp import counted_waves
from push.release import RUN, refuse_stopped
from push.stop import STOP_FILE
from push.waves import forecast, kinds_seen, site_kinds

NO_GOOD_END = frozenset({HostStatus.FAILED, HostStatus.UNKNOWN, HostStatus.UNREACHABLE, HostStatus.UNTRUSTED})
SOME_FAILED = 4
"""The exit code of a push that came to its end, and hosts whose turn it was did not: for scripts."""
NOT_ASKED_AGAIN = frozenset({HostStatus.VERIFIED, HostStatus.RIGHT, HostStatus.CLAIMED, HostStatus.ROLLED_BACK})


def probe(
    context: typer.Context,
    hosts: Annotated[list[str] | None, typer.Argument(help="Only these hosts.")] = None,
    campaign: CampaignOption = None,
    everybody: Annotated[bool, typer.Option("--all", help="Ask those that are known to be right, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask hosts how they stand, and write their answers down. Opens the campaign of campaign.yml.

    Example: muster probe --all
    """
    with opened(context) as workspace:
        meant = campaign_to_ask(workspace, campaign, quiet=as_json)
        states = workspace.ledger.hosts(meant.id)
        if hosts:
            asked: Sequence[HostId] = chosen_hosts(hosts, states)
        else:
            asked = [one.host_id for one in states if everybody or one.status not in NOT_ASKED_AGAIN]
        before = workspace.ledger.revision()
        if asked:
            ask_hosts(workspace, meant, asked)
        elif not as_json:
            say("nobody to ask: all are right, rolled back or being pushed (muster probe --all asks all the same)")
        silent = unanswered(workspace, meant.id, after=before)
        if silent and not as_json:
            say_unanswered(silent)
        say_standing(workspace, meant.id, as_json=as_json, unanswered=silent)


def run(
    context: typer.Context,
    campaign: CampaignOption = None,
    ahead: Annotated[bool, typer.Option("--ahead", help="Also hosts whose visit is not due yet.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="A dry run: say what would be changed, host by host; change nothing.")
    ] = False,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Stay until the deadline: for hours that open, and hosts that come on line."),
    ] = False,
    most: Annotated[int, typer.Option("--most", min=0, help="At most so many hosts; 0: as campaign.yml says.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Push the fix to the hosts whose visit is due, wave after wave; carry on where a run was cut off.

    Ends with 4 where hosts whose turn it was came to no good end (failed, unknown, unreachable, untrusted).

    Example: muster run --ahead
    """
    if check and wait:
        raise InputError("--check and --wait do not go together", hint="muster run --check, then muster run --wait")
    with opened(context) as workspace:
        meant = campaign_to_push(workspace, campaign, quiet=as_json)
        if check:
            check_waves(workspace, meant, ahead=ahead, most=most, as_json=as_json)
            return
        turn = push_waves(workspace, meant, ahead=ahead, retry_lost=False, quiet=as_json, most=most, wait=wait)
        say_standing(workspace, meant.id, as_json=as_json)
        _end_by(workspace, meant, turn, quiet=as_json)


def retry(
    context: typer.Context,
    hosts: Annotated[list[str] | None, typer.Argument(help="Only these hosts.")] = None,
    campaign: CampaignOption = None,
    cause: Annotated[
        str, typer.Option("--cause", help="Why these hosts kept failing; needed after the third failure in a row.")
    ] = "",
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Push again where it failed or is unknown, and nowhere else; each host is asked first.

    Ends with 4 where that did not help everywhere.

    Example: muster retry web-03
    """
    with opened(context) as workspace:
        meant = campaign_to_push(workspace, campaign, quiet=as_json)
        only = chosen_hosts(hosts, workspace.ledger.hosts(meant.id)) if hosts else None
        explain(workspace.services, meant, only, cause=cause, by=by or me())
        turn = push_waves(workspace, meant, ahead=True, retry_lost=True, only=only, quiet=as_json)
        say_standing(workspace, meant.id, as_json=as_json)
        _end_by(workspace, meant, turn, quiet=as_json)


def rollback(
    context: typer.Context,
    hosts: Annotated[list[str] | None, typer.Argument(help="These hosts.")] = None,
    campaign: CampaignOption = None,
    wave: Annotated[int | None, typer.Option(help="Every host of this wave.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every host that was pushed.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put hosts back to what the fix found there, from the backups, and ask them afterwards.

    Where the campaign says so, a whole wave is rolled back only when somebody has approved it (muster approvals).

    Example: muster rollback --wave 1
    """
    if sum((bool(hosts), wave is not None, everybody)) != 1:
        raise InputError("name hosts, a wave or --all, one of the three", hint="muster rollback --wave 1")
    with opened(context) as workspace:
        meant = campaign_to_push(workspace, campaign, quiet=as_json)  # its approvals may have changed
        states = workspace.ledger.hosts(meant.id)
        if hosts:
            named = set(chosen_hosts(hosts, states))
        elif wave is not None:
            named = set(hosts_of_wave(workspace, meant, wave))
        else:
            named = {one.host_id for one in states}
        chosen = [one.host_id for one in states if one.attempts and one.host_id in named]
        if not chosen:
            if as_json:
                say_standing(workspace, meant.id, as_json=True)
            else:
                say("nothing to roll back: none of these hosts was pushed by this campaign")
            return
        ask_to_roll_back(workspace.services, meant.id, chosen, by=me())  # before Prefect is started for nothing
        with at_hosts(workspace, meant, "roll back", len(chosen), _counter(chosen, {HostStatus.ROLLED_BACK})) as act:
            act("roll back", {"host_ids": [str(host_id) for host_id in chosen], "by": me()})
        say_standing(workspace, meant.id, as_json=as_json)


def stop(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for everybody who looks.")] = "stopped by hand",
    campaign: CampaignOption = None,
) -> None:
    """Stop every push of a campaign, wherever it runs. Nothing goes on by itself.

    Example: muster stop --reason "Exchange first, says the vendor"
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        before = workspace.ledger.stopped(meant.id)
        workspace.ledger.stop(meant.id, by=me(), reason=reason)
        say(f"stopped {meant.id}: {reason}", style="bold")
        if before is not None:
            say(f"it was stopped already, by {before.by}, and that stays what is shown: {before.reason}")
        say("what is being written at a host is let come to its end; nothing new starts. muster resume lets it go on")


def resume(
    context: typer.Context,
    campaign: CampaignOption = None,
    by: ByOption = None,
    reason: Annotated[str, typer.Option(help="Why it may go on, for everybody who looks.")] = "",
) -> None:
    """Lift a stop: yours, a halted wave's, or a spent error budget's. Starts nothing: muster run does.

    Example: muster resume --by "Kim Lee" --reason "the disk was full of logs"
    """
    with opened(context) as workspace:
        meant = workspace.campaign(campaign)
        file = workspace.settings.workspace / STOP_FILE
        if file.exists():
            raise InputError(f"the stop file {file} is there", hint="remove it first; it would stop the campaign again")
        stop = workspace.ledger.stopped(meant.id)
        if stop is None:
            say(f"{meant.id} is not stopped: muster run")
            return
        workspace.ledger.resume(meant.id, by=by or me(), reason=reason)
        say(f"{meant.id} may go on, says {by or me()}; it was stopped by {stop.by}: {stop.reason}")
        say("nothing has started: muster waves shows what would, muster run starts it")


def hosts_of_wave(workspace: Workspace, campaign: Campaign, number: int) -> tuple[HostId, ...]:
    """The hosts of one wave.

    Raises:
        NotFound: there was no such wave.
    """
    waves = workspace.ledger.waves(campaign.id)
    found = next((wave for wave in waves if wave.number == number), None)
    if found is None:
        raise NotFound(
            f"there is no wave {number}; there {'was 1' if len(waves) == 1 else f'were {len(waves)}'}",
            hint="muster waves lists them",
        )
    return found.host_ids


def check_waves(workspace: Workspace, campaign: Campaign, *, ahead: bool, most: int, as_json: bool) -> None:
    """A dry run of a run: ask the hosts whose turn it is what would be changed, and say it."""
    found = whose_turn(workspace.services, campaign, ahead=ahead, retry_lost=False, only=None, most=most)
    if not as_json:
        _say_turn(workspace, campaign, found)
    before = workspace.ledger.revision()
    if found.hosts:
        with at_hosts(workspace, campaign, "check", len(found.hosts), lambda _: 0) as act:
            act("check", {"host_ids": [str(host_id) for host_id in found.hosts]})
    say_checked(workspace, campaign, found.hosts, after=before, as_json=as_json)


def ask_hosts(workspace: Workspace, campaign: Campaign, host_ids: Sequence[HostId]) -> None:
    """Probe these hosts, with a bar."""
    wanted = set(host_ids)
    changed = {one.host_id: one.changed_at for one in workspace.ledger.hosts(campaign.id)}

    def answered(states: Sequence[HostState]) -> int:
        return sum(one.host_id in wanted and one.changed_at != changed[one.host_id] for one in states)

    with at_hosts(workspace, campaign, "probe", len(host_ids), answered) as act:
        act("probe", {"host_ids": [str(host_id) for host_id in host_ids]})


def push_waves(
    workspace: Workspace,
    campaign: Campaign,
    *,
    ahead: bool,
    retry_lost: bool,
    only: Sequence[HostId] | None = None,
    quiet: bool = False,
    most: int = 0,
    wait: bool = False,
) -> Sequence[HostId]:
    """Push the hosts whose turn it is, with a bar; say before what will be touched. Gives whose turn it was.

    Raises:
        NothingToPlan: no plan is dispatched.
        CampaignStopped: a stop is in force, or a wave did not pass its gate.
    """
    refuse_stopped(workspace.ledger.stopped(campaign.id))
    found = whose_turn(workspace.services, campaign, ahead=ahead, retry_lost=retry_lost, only=only, most=most)
    turn = found.hosts
    if not quiet:
        _say_turn(workspace, campaign, found)
        if wait:
            say("waits until the deadline for hours that open and for hosts that come on line (Ctrl-C ends it safely)")
    if wait:  # everybody may yet have a turn
        turn = tuple(one.host_id for one in workspace.ledger.hosts(campaign.id) if one.status in RUN)
    ended = set(HostStatus) - {HostStatus.STALE, HostStatus.CLAIMED}
    with at_hosts(workspace, campaign, "push", len(turn), _counter(turn, ended)) as act:
        act(
            "waves",
            {
                "by": me(),
                "ahead": ahead,
                "retry": retry_lost,
                "only": [str(host_id) for host_id in only] if only is not None else None,
                "most": most,
                "wait": wait,
            },
        )
    return turn


def _end_by(workspace: Workspace, campaign: Campaign, turn: Sequence[HostId], *, quiet: bool) -> None:
    """End with ``SOME_FAILED`` where a host whose turn it was came to no good end.

    Raises:
        Exit: so.
    """
    states = workspace.ledger.hosts(campaign.id)
    lost = {one.host_id for one in states if one.status in NO_GOOD_END} & set(turn)
    if lost and not quiet:
        say(f"{count(len(lost), 'host')} of this run came to no good end: muster status says why, and what to do")
    if lost:
        raise typer.Exit(SOME_FAILED)


def _say_turn(workspace: Workspace, campaign: Campaign, found: Turn) -> None:
    for remark in found.remarks():
        say(remark)
    fleet, so_far = workspace.ledger.fleet(), counted_waves(workspace.ledger, campaign.id)
    hosts = [fleet.host[host_id] for host_id in found.hosts]
    coming = forecast(campaign.waves, hosts, so_far, sites=site_kinds(fleet), seen=kinds_seen(so_far, fleet))
    sizes = [len(wave) for wave in coming]
    if sizes:
        waves = f"{count(len(sizes), 'wave')}: {', then '.join(map(str, sizes))}"
        say(f"would touch {count(len(found.hosts), 'host')} in {waves}")


@contextmanager
def at_hosts(workspace: Workspace, campaign: Campaign, what: str, total: int, done: Done) -> Iterator[CarryOut]:
    """An engine, a bar, and an interrupt that ends pushes safely; for the length of the block."""
    settings = workspace.settings
    workspace.ledger.revision()  # the ledger's troubles are told before Prefect is started
    check_configured_server()
    home, idle_s = settings.path(settings.prefect_home), settings.prefect_idle_s
    with engine(settings.engine, prefect_home=home, idle_s=idle_s, work_pool=settings.work_pool) as act:

        def act_here(flow: str, parameters: Mapping[str, Parameter]) -> None:
            act(flow, {"workspace": str(settings.workspace), "campaign_id": str(campaign.id), **parameters})

        with _gentle_interrupt(workspace), watching(workspace.ledger, campaign.id, what, total, done):
            yield act_here


@contextmanager
def _gentle_interrupt(workspace: Workspace) -> Iterator[None]:
    """The first Ctrl-C, and SIGTERM, let what is under way come to its end; a second one ends the process."""

    def interrupted(number: int, frame: FrameType | None) -> None:
        del number, frame
        errors.print("\n[yellow]ending safely; once more Ctrl-C ends at once (muster run carries on either way)[/]")
        workspace.services.interrupt()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _counter(host_ids: Sequence[HostId], ended: set[HostStatus]) -> Done:
    wanted = set(host_ids)
    return lambda states: sum(one.host_id in wanted and one.status in ended for one in states)
