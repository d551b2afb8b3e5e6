"""Say what a dry run found: equal answers together, each with what would be changed and its diff."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from rich.text import Text

from muster.campaign import Campaign
from muster.cli.output import console, say, say_json
from muster.cli.workspace import Workspace
from muster.ids import HostId
from muster.words import count
from push.checking import CHECKED
from reports.folding import fold

PAGE = 1000
COLOURS = {"+": "green", "-": "red", "@": "cyan"}
SHOWN_DIFF = 60


@dataclass(frozen=True, slots=True)
class Checked:
    """What a host says that apply would change."""

    found: str
    would: tuple[str, ...]
    diff: tuple[str, ...]
    notes: tuple[str, ...]
    cause: str
    what_to_do: str


def say_checked(
    workspace: Workspace, campaign: Campaign, asked: Sequence[HostId], *, after: int, as_json: bool
) -> None:
    """Say what the dry run that began after this revision found."""
    answers = _answers(workspace, campaign, set(asked), after)
    if as_json:
        hosts = {host_id: _plain(answers[host_id]) for host_id in asked if host_id in answers}
        say_json({"campaign": campaign.id, "asked": len(asked), "hosts": hosts})
        return
    groups: dict[Checked, list[HostId]] = {}
    for host_id in asked:
        if host_id in answers:
            groups.setdefault(answers[host_id], []).append(host_id)
    for answer, host_ids in sorted(groups.items(), key=lambda group: -len(group[1])):
        _say_group(answer, host_ids)
    silent = len(asked) - len(answers)
    if silent:
        say(f"{count(silent, 'host')} not asked (stopped before it was their turn)")
    say("a dry run: nothing was changed", style="bold")


def _say_group(answer: Checked, host_ids: Sequence[HostId]) -> None:
    say(f"\n{count(len(host_ids), 'host')}: {fold(host_ids)}", style="bold")
    if answer.cause:
        say(f"  could not be asked: {answer.cause}", style="red")
        if answer.what_to_do:
            say(f"  what to do: {answer.what_to_do}")
        return
    if answer.found:
        say(f"  found: {answer.found}")
    for words in answer.would:
        say(f"  would {words}")
    if not answer.would:
        say("  nothing would be changed")
    for line in answer.diff[:SHOWN_DIFF]:
        console.print(Text(f"    {line}", style=COLOURS.get(line[:1], "")))
    if len(answer.diff) > SHOWN_DIFF:
        say(f"    and {len(answer.diff) - SHOWN_DIFF} lines more (--json has all)")
    for words in answer.notes:
        say(f"  {words}")


def _answers(workspace: Workspace, campaign: Campaign, asked: set[HostId], after: int) -> dict[HostId, Checked]:
    found: dict[HostId, Checked] = {}
    while events := workspace.ledger.events(campaign_id=campaign.id, after=after, limit=PAGE):
        for event in events:
            if event.kind == CHECKED and event.host_id in asked and event.host_id is not None:
                found[event.host_id] = _read(event.data)
        after = events[-1].revision
    return found


def _read(data: object) -> Checked:
    said = cast("dict[str, object]", data)
    lists = {
        key: tuple(str(one) for one in cast("list[object]", said.get(key, []))) for key in ("would", "diff", "notes")
    }
    texts = {key: str(said.get(key, "")) for key in ("found", "cause", "what_to_do")}
    return Checked(texts["found"], lists["would"], lists["diff"], lists["notes"], texts["cause"], texts["what_to_do"])


def _plain(answer: Checked) -> dict[str, object]:
    return {
        "found": answer.found,
        "would": list(answer.would),
        "diff": list(answer.diff),
        "notes": list(answer.notes),
        "cause": answer.cause,
        "what_to_do": answer.what_to_do,
    }
