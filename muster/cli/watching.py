"""Commands that look: status, report."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from flows.turns import held_now
from muster.cli.campaigns import CampaignOption, JsonOption, counts_of
from muster.cli.output import console, say, say_json, table
from muster.cli.standing import LARGE, page_of
from muster.cli.waves import held_document
from muster.cli.workspace import Workspace, opened
from muster.errors import InputError
from muster.ids import CampaignId, HostId
from muster.outcomes import HostStatus
from muster.records import HostState, WaveState
from muster.words import count
from reports.grouping import HostGroup, group_hosts, what_next
from reports.record import CampaignRecord, read_record

WATCH_SECONDS = 2.0
SHOWN_NAMES = 400
COLOURS = {
    HostStatus.FAILED: "red",
    HostStatus.UNKNOWN: "red",
    HostStatus.UNTRUSTED: "red",
    HostStatus.UNREACHABLE: "red",
    HostStatus.UNSUPPORTED: "yellow",
    HostStatus.ROLLED_BACK: "yellow",
    HostStatus.STALE: "yellow",
    HostStatus.CLAIMED: "cyan",
    HostStatus.PENDING: "yellow",
    HostStatus.VERIFIED: "green",
    HostStatus.RIGHT: "green",
}


def status(
    context: typer.Context,
    campaign: CampaignOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")] = False,
    everybody: Annotated[bool, typer.Option("--all", help="A line for every host.")] = False,
    sums: Annotated[
        bool, typer.Option("--sums", help="Only sums, at once; the default where there are 5,000 hosts or more.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say how the campaign stands: equal results together, failures first, each with its cause and what to do.

    Example: muster status --watch
    """
    if watch and as_json:
        raise InputError("--watch and --json do not go together", hint="ask again and again: muster status --json")
    with opened(context) as workspace:
        campaign_id = workspace.campaign(campaign).id
        if as_json:
            say_json(_document(_record(workspace, campaign_id)))
        elif watch:
            _watch(partial(_page_now, workspace, campaign_id, sums=sums))
        elif everybody:
            _every_host(_record(workspace, campaign_id))
        else:
            console.print(_page_now(workspace, campaign_id, sums=sums))


def report(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="Where the files go; by default reports/ of the workspace.")
    ] = None,
    campaign: CampaignOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the evidence of every host (CSV, XLSX) and a one-page summary with a burn-down (HTML).

    Example: muster report --folder /srv/share/vancouver
    """
    with opened(context) as workspace:
        record = _record(workspace, workspace.campaign(campaign).id)
        written = _written(record, folder or workspace.folder / "reports")
        if as_json:
            say_json(
                {"campaign": record.campaign.id, "hosts": len(record.hosts), "files": [str(one) for one in written]}
            )
            return
        say(f"{record.protected:,} of {count(len(record.hosts), 'host')} protected", style="bold")
        what = ("one page for the manager", "the evidence of every host", "the same as a workbook")
        table(("file", "what it is"), [(str(path), words) for path, words in zip(written, what, strict=True)])


def _written(record: CampaignRecord, folder: Path) -> tuple[Path, ...]:
    from reports.files import write_reports  # brings xlsxwriter and a template engine, which nobody else needs

    try:
        return write_reports(record, folder)
    except OSError as error:
        where = error.filename or folder
        raise InputError(
            f"the reports cannot be written: {where}: {error.strerror or error}", hint="muster report --folder ANOTHER"
        ) from None


def _record(workspace: Workspace, campaign_id: CampaignId) -> CampaignRecord:
    return read_record(workspace.ledger, campaign_id, now=workspace.services.clock.now())


def _page_now(workspace: Workspace, campaign_id: CampaignId, *, sums: bool) -> Group:
    """The campaign as it is now; where it is large, or only sums are asked for, without reading its hosts."""
    standing = workspace.ledger.standing(campaign_id)
    if sums or standing.hosts >= LARGE:
        campaign = workspace.ledger.campaign(campaign_id)
        return page_of(campaign, standing, now=workspace.services.clock.now())
    return page(_record(workspace, campaign_id))


def page(record: CampaignRecord) -> Group:
    """The whole campaign on one screen."""
    lines: list[RenderableType] = [_headline(record), *_stop_lines(record), *_wave_lines(record), Text()]
    for group in group_hosts(record.hosts, record.fleet):
        lines += _group_lines(group)
    lines += _held_lines(record)
    lines += _plan_lines(record)
    return Group(*lines)


def _headline(record: CampaignRecord) -> Text:
    left = record.campaign.deadline - record.now
    days = f"{left.days} days" if left.days > 1 else f"{max(0, int(left.total_seconds() // 3600))} hours"
    when = "the deadline has passed" if left.total_seconds() <= 0 else f"{days} to the deadline"
    text = Text(f"{record.campaign.name}: ", style="bold")
    text.append(f"{record.protected:,} of {count(len(record.hosts), 'host')} protected", style="bold")
    return text.append(f", {when} ({_local(record)})")


def _local(record: CampaignRecord) -> str:
    return f"{record.campaign.deadline.astimezone(ZoneInfo(record.campaign.timezone)):%a %d %b %Y %H:%M %Z}"


def _stop_lines(record: CampaignRecord) -> list[Text]:
    if record.stop is None:
        return []
    return [
        Text(f"STOPPED by {record.stop.by}: {record.stop.reason}", style="bold red"),
        Text("  nothing starts until a person lets it go on: muster resume --by NAME"),
    ]


def _wave_lines(record: CampaignRecord) -> list[Text]:
    if not record.waves:
        return []
    last = record.waves[-1]
    said = {WaveState.OPEN: "under way", WaveState.PASSED: "passed", WaveState.HALTED: "halted"}[last.state]
    verdict = f": {last.verdict}" if last.verdict else ""
    return [Text(f"wave {last.number} ({count(len(last.host_ids), 'host')}) {said}{verdict}")]


def _group_lines(group: HostGroup) -> list[RenderableType]:
    line = Text(f"{len(group):>7,}  ")
    line.append(group.status.value, style=f"bold {COLOURS[group.status]}")
    lines: list[RenderableType] = [line]
    if not group.status.protected:
        names = group.names if len(group.names) <= SHOWN_NAMES else f"{group.names[:SHOWN_NAMES]}…"
        lines += [_indented(words) for words in (group.cause, names) if words]
        if group.hint:
            lines.append(_indented(f"what to do: {group.hint}"))
    return lines


def _indented(words: str) -> RenderableType:
    """Under the status, also where a narrow terminal breaks the line."""
    return Padding(Text(words), (0, 0, 0, 9), expand=False)


def _held_lines(record: CampaignRecord) -> list[RenderableType]:
    """The hosts that a run would leave alone now, and when or by what they come free."""
    held = held_now(record.hosts, record.campaign, record.fleet, record.now)
    lines: list[RenderableType] = [Text("\nheld by gates", style="bold")] if held else []
    for group in held:
        lines += [Padding(Text(line), (0, 0, 0, 2), expand=False) for line in group.lines()]
    return lines


def _plan_lines(record: CampaignRecord) -> list[Text]:
    if record.dispatched is None:
        return []
    without = count(len(hosts_outside_plan(record)), "host")
    line = f"\n{without} in no visit of the plan that binds: muster plan, then muster dispatch"
    return [Text(line, style="yellow")] if hosts_outside_plan(record) else []


def hosts_outside_plan(record: CampaignRecord) -> tuple[HostId, ...]:
    """The hosts that are not protected and that nobody will see to, as the plan that binds stands."""
    plan = record.plan
    planned = {host_id for one in plan.assignments for host_id in plan.visit[one.visit_id].host_ids} if plan else set()
    return tuple(one.host_id for one in record.hosts if not one.status.protected and one.host_id not in planned)


def _every_host(record: CampaignRecord) -> None:
    table(
        ("host", "status", "tries", "cause", "what to do"),
        [
            (str(one.host_id), one.status.value, str(one.attempts or ""), _cause(one), what_next(one))
            for one in record.hosts
        ],
        right=(2,),
    )


def _cause(state: HostState) -> str:
    """The cause, with what a person has said about it."""
    return "; ".join(words for words in (state.cause, state.explanation) if words)


def _watch(look: Callable[[], Group]) -> None:
    try:
        with Live(look(), console=console, auto_refresh=False, screen=False) as live:
            while True:
                time.sleep(WATCH_SECONDS)
                live.update(look(), refresh=True)
    except KeyboardInterrupt:
        return  # how a watch is ended


def _document(record: CampaignRecord) -> dict[str, object]:
    return {
        "campaign": record.campaign.id,
        "deadline": record.campaign.deadline.isoformat(),
        "now": record.now.isoformat(),
        "hosts": len(record.hosts),
        "protected": record.protected,
        "by_status": counts_of(record.hosts),
        "stopped": {"by": record.stop.by, "reason": record.stop.reason} if record.stop else None,
        "groups": [
            {
                "status": group.status.value,
                "stage": group.stage.value,
                "cause": group.cause,
                "what_to_do": group.hint,
                "hosts": list(group.host_ids),
            }
            for group in group_hosts(record.hosts, record.fleet)
        ],
        "explanations": {one.host_id: one.explanation for one in record.hosts if one.explanation},
        "held": held_document(held_now(record.hosts, record.campaign, record.fleet, record.now)),
    }
