"""``muster waves``: what a run would do, and by which rules, before anything starts."""

from collections.abc import Sequence
from typing import Annotated

import typer

from flows.ahead import Ahead, rules
from flows.turns import HeldGroup
from muster.cli.campaigns import CampaignOption, JsonOption, campaign_to_push
from muster.cli.output import say, say_json, table
from muster.cli.workspace import opened
from muster.records import WaveState
from muster.words import count

SHOWN_WAVES = 12


def waves(
    context: typer.Context,
    campaign: CampaignOption = None,
    ahead: Annotated[bool, typer.Option("--ahead", help="Also hosts whose visit is not due yet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Explain what muster run would do: hosts, waves, rules, and whom gates hold. Nobody is touched or asked.

    Example: muster waves --ahead
    """
    with opened(context) as workspace:
        meant = campaign_to_push(workspace, campaign, quiet=as_json)
        found = _Page(Ahead(workspace.services, meant, ahead=ahead))
        if as_json:
            say_json(found.document())
        else:
            found.say()


class _Page:
    """What is told, for people and for scripts."""

    def __init__(self, found: Ahead) -> None:
        self.found = found

    def say(self) -> None:
        """The page for people."""
        if self.found.stop:
            say(f"STOPPED by {self.found.stop.by}: {self.found.stop.reason}", style="bold red")
            say("  nothing starts until somebody lets it go on: muster resume")
        say("Rules", style="bold")
        for line in rules(self.found.campaign, self.found.scene):
            say(f"  {line}")
        self._say_budgets()
        self._say_so_far()
        self._say_next()
        self._say_held()

    def _say_budgets(self) -> None:
        for one in self.found.accounts:
            if one.lost:
                say(f"  of the budget of {one.whose}: {len(one.lost)} of {one.touched} lost", style="yellow")

    def _say_so_far(self) -> None:
        if self.found.so_far:
            say("\nSo far", style="bold")
            rows = [
                (str(one.number), str(len(one.host_ids)), one.state.value, one.verdict)
                for one in self.found.so_far[-SHOWN_WAVES:]
            ]
            table(("wave", "hosts", "", "verdict"), rows, right=(0, 1))

    def _say_next(self) -> None:
        say("\nIf it went on now and all went well", style="bold")
        if not self.found.planned:
            say("  no plan is dispatched yet: as if every host that needs the fix, or was not asked yet, were due")
        if self.found.so_far and self.found.so_far[-1].state is WaveState.OPEN:
            say(f"  wave {self.found.so_far[-1].number} is open: a run carries on with it first")
        if not self.found.next:
            say("  would touch nobody")
        else:
            sizes = [str(len(one)) for one in self.found.next]
            shown = sizes if len(sizes) <= SHOWN_WAVES else [*sizes[:SHOWN_WAVES], "..."]
            total = sum(map(len, self.found.next))
            waves_ = count(len(sizes), "wave")
            say(f"  would touch {', then '.join(shown)}: {count(total, 'host')} in {waves_}")
        if self.found.later:
            say(f"  {count(self.found.later, 'host')} not due yet by the plan (--ahead takes them in)")
        if self.found.over_limit:
            say(f"  {count(self.found.over_limit, 'host')} left for another run: gates.max_hosts_per_run")
        if self.found.next:
            title = "The first wave, by kind" if not self.found.so_far else "The next wave, by kind"
            say(f"\n{title}", style="bold")
            table(
                (
                    "kind",
                    "hosts",
                    "",
                ),
                [
                    (kind or "(no kind)", str(len(hosts)), ", ".join(hosts[:4]) + (" ..." if len(hosts) > 4 else ""))
                    for kind, hosts in self.found.kinds()
                ],
                right=(1,),
            )

    def _say_held(self) -> None:
        if self.found.held:
            say("\nHeld by gates", style="bold")
            for group in self.found.held:
                for line in group.lines():
                    say(f"  {line}")

    def document(self) -> dict[str, object]:
        """The same for scripts."""
        return {
            "campaign": self.found.campaign.id,
            "now": self.found.scene.now.isoformat(),
            "stopped": {"by": self.found.stop.by, "reason": self.found.stop.reason} if self.found.stop else None,
            "plan_dispatched": self.found.planned,
            "rules": list(rules(self.found.campaign, self.found.scene)),
            "budgets": [
                {"whose": one.whose, "lost": one.lost, "touched": one.touched, "breach": one.breach()}
                for one in self.found.accounts
            ],
            "so_far": [
                {"wave": one.number, "hosts": len(one.host_ids), "state": one.state.value, "verdict": one.verdict}
                for one in self.found.so_far
            ],
            "next": [list(one) for one in self.found.next],
            "next_by_kind": {kind: list(hosts) for kind, hosts in self.found.kinds()},
            "not_due": self.found.later,
            "over_limit": self.found.over_limit,
            "held": held_document(self.found.held),
        }


def held_document(groups: Sequence[HeldGroup]) -> list[dict[str, object]]:
    """Held hosts for scripts."""
    return [
        {
            "gate": group.held.gate,
            "reason": group.held.reason,
            "until": group.held.until.isoformat() if group.held.until else None,
            "what_to_do": group.held.hint,
            "hosts": list(group.host_ids),
        }
        for group in groups
    ]
